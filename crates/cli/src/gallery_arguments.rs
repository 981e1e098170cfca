//! The arguments of enrolment, decisions and galleries.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use twinprint_signal::FoldIndex;

use crate::number::{number, whole};

/// Which gallery, and what opens it.
#[derive(Debug, Args)]
pub(crate) struct GalleryArguments {
    /// The gallery's file.
    #[arg(long, short, value_name = "FILE")]
    pub(crate) gallery: PathBuf,
    /// The run folder or packed model (`twinprint model pack`) whose encoder the gallery is made with; later, where it is now.
    #[arg(long, value_name = "RUN")]
    pub(crate) model: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) secret: SecretArguments,
}

/// A gallery's secret.
#[derive(Debug, Args)]
pub(crate) struct SecretArguments {
    /// The key file of a protected gallery: 32 bytes or more.
    #[arg(long, value_name = "FILE", conflicts_with = "passphrase_file")]
    pub(crate) key_file: Option<PathBuf>,
    /// A file with the passphrase of a protected gallery; `-` reads it from standard input.
    #[arg(long, value_name = "FILE")]
    pub(crate) passphrase_file: Option<PathBuf>,
}

/// Arguments of `enroll`.
#[derive(Debug, Args)]
pub(crate) struct EnrolArguments {
    #[command(flatten)]
    pub(crate) gallery: GalleryArguments,
    /// The person's name; left out, everybody in a file of prints is enrolled.
    #[arg(long, value_name = "ID")]
    pub(crate) subject: Option<String>,
    /// Recordings (EDF, BDF, BrainVision, EEGLAB) of that person, or one file of prints (.h5, .parquet, .csv).
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    /// Clean seconds the template is made from; as many as the run's own templates by default.
    #[arg(value_parser = number, long, value_name = "S")]
    pub(crate) seconds: Option<f64>,
    /// The same in epochs.
    #[arg(value_parser = whole::<usize>, long, value_name = "K")]
    pub(crate) epochs: Option<usize>,
    /// What becomes of the template of somebody who is enrolled already; refused by default.
    #[arg(long, value_enum)]
    pub(crate) update: Option<UpdatePolicy>,
    /// The share that new epochs count with --update weighted.
    #[arg(value_parser = number, long, default_value_t = 0.3, value_name = "SHARE")]
    pub(crate) weight: f64,
    /// Of a file of prints, leave out who is enrolled already: an enrolment that was stopped goes on.
    #[arg(long, conflicts_with = "update")]
    pub(crate) skip_enrolled: bool,
    /// The false match rate, in one comparison, at which two people count as one; by default one that refuses 1 in 100 new
    /// people by chance, or as few as was measured.
    #[arg(value_parser = number, long, value_name = "RATE")]
    pub(crate) fmr: Option<f64>,
    /// The score at which they do, in place of --fmr.
    #[arg(value_parser = number, long, value_name = "SCORE", conflicts_with = "fmr", allow_hyphen_values = true)]
    pub(crate) threshold: Option<f64>,
    /// Enrol in spite of a match with somebody else, a mismatch with the person's own template, or a recording seen before.
    #[arg(long)]
    pub(crate) force: bool,
    /// Rows of a file of prints: subject, session, recording, fold, role or a label. May be given several times.
    #[arg(long, value_name = "KEY=VALUE")]
    pub(crate) rows: Vec<String>,
    /// Read what is certain of a recording that breaks its format, and say what was done.
    #[arg(long)]
    pub(crate) lenient: bool,
    /// In a new gallery: the fold whose encoder makes its prints; the final model by default.
    #[arg(value_parser = whole::<FoldIndex>, long, value_name = "K")]
    pub(crate) fold: Option<FoldIndex>,
    /// In a new gallery: seal names, templates and logs under the secret.
    #[arg(long)]
    pub(crate) encrypt: bool,
    /// In a new gallery: project templates by a matrix that follows from the secret, onto DIMS dimensions or all.
    #[arg(value_parser = whole::<usize>, long, value_name = "DIMS", num_args = 0..=1, default_missing_value = "0", require_equals = true)]
    pub(crate) cancelable: Option<usize>,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

/// What becomes of a template that is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum UpdatePolicy {
    /// Old and new epochs count alike.
    Append,
    /// New epochs count --weight, old ones the rest.
    Weighted,
    /// New epochs take the place of the old ones.
    Replace,
}

/// What is compared, and from where on it is a match.
#[derive(Debug, Args)]
pub(crate) struct ProbeArguments {
    #[command(flatten)]
    pub(crate) gallery: GalleryArguments,
    /// A recording (EDF, BDF, BrainVision, EEGLAB), or a file of prints (.h5, .parquet, .csv).
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// The false match rate aimed at; by default 0.01 or the least measured above it.
    #[arg(value_parser = number, long, value_name = "RATE")]
    pub(crate) fmr: Option<f64>,
    /// A least score, -1 to 1, in place of --fmr; no error rate is known of it.
    #[arg(value_parser = number, long, value_name = "SCORE", allow_hyphen_values = true)]
    pub(crate) threshold: Option<f64>,
    /// Compare a recording that somebody was enrolled from; otherwise it is no match.
    #[arg(long)]
    pub(crate) allow_replay: bool,
    /// Show scores in full; otherwise to one decimal, so that nobody can climb by them.
    #[arg(long)]
    pub(crate) scores: bool,
    /// Use exactly so many clean seconds.
    #[arg(value_parser = number, long, value_name = "S")]
    pub(crate) seconds: Option<f64>,
    /// Rows of a file of prints: subject, session, recording, fold, role or a label. May be given several times.
    #[arg(long, value_name = "KEY=VALUE")]
    pub(crate) rows: Vec<String>,
    /// Read what is certain of a recording that breaks its format, and say what was done.
    #[arg(long)]
    pub(crate) lenient: bool,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Arguments of `verify`.
#[derive(Debug, Args)]
pub(crate) struct VerifyArguments {
    #[command(flatten)]
    pub(crate) probe: ProbeArguments,
    /// Who the person says they are.
    #[arg(long, value_name = "ID")]
    pub(crate) subject: String,
}

/// Arguments of `identify`.
#[derive(Debug, Args)]
pub(crate) struct IdentifyArguments {
    #[command(flatten)]
    pub(crate) probe: ProbeArguments,
    /// How many candidates to list.
    #[arg(value_parser = whole::<usize>, long, default_value_t = 5, value_name = "K")]
    pub(crate) top: usize,
}

/// What to do with a gallery.
#[derive(Debug, Subcommand)]
pub(crate) enum GalleryCommand {
    /// Who is enrolled.
    #[command(after_help = "Example:\n  twinprint gallery list --gallery staff.gallery")]
    List(GalleryShowArguments),
    /// The encoder the gallery belongs to, its thresholds and their error rates; or one person and their log.
    #[command(after_help = "Example:\n  twinprint gallery show --gallery staff.gallery --subject Subject07")]
    Show(GalleryShowArguments),
    /// Remove a person: name, template and log, and their bytes.
    #[command(
        after_help = "Example:\n  twinprint gallery revoke --gallery staff.gallery --subject Subject07"
    )]
    Revoke(GalleryShowArguments),
    /// Look at the file, every record and the encoder; empty the log that deletions left. Exit code 1 when something is wrong.
    #[command(after_help = "Example:\n  twinprint gallery check --gallery staff.gallery")]
    Check(GalleryShowArguments),
    /// Project and seal every template under a new secret, after the old gallery leaked.
    #[command(
        after_help = "Example:\n  twinprint gallery reissue --gallery staff.gallery --key-file old.key --new-key-file new.key"
    )]
    Reissue(ReissueArguments),
}

/// Arguments of `gallery list`, `show`, `revoke` and `check`.
#[derive(Debug, Args)]
pub(crate) struct GalleryShowArguments {
    #[command(flatten)]
    pub(crate) gallery: GalleryArguments,
    /// One person.
    #[arg(long, value_name = "ID")]
    pub(crate) subject: Option<String>,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Arguments of `gallery reissue`.
#[derive(Debug, Args)]
pub(crate) struct ReissueArguments {
    #[command(flatten)]
    pub(crate) gallery: GalleryArguments,
    /// The new key file.
    #[arg(
        long,
        value_name = "FILE",
        required_unless_present = "new_passphrase_file",
        conflicts_with = "new_passphrase_file"
    )]
    pub(crate) new_key_file: Option<PathBuf>,
    /// A file with the new passphrase.
    #[arg(long, value_name = "FILE")]
    pub(crate) new_passphrase_file: Option<PathBuf>,
}

/// Arguments of `export`.
#[derive(Debug, Args)]
pub(crate) struct ExportArguments {
    /// The run folder; for .safetensors also a packed model.
    pub(crate) run: PathBuf,
    /// The file to write: .h5, .parquet, .csv, or .safetensors for the encoder's weights.
    #[arg(long, value_name = "FILE")]
    pub(crate) to: PathBuf,
    /// hdf5, parquet or csv, where the name does not say.
    #[arg(long)]
    pub(crate) format: Option<String>,
    /// Besides the prints: band-powers, log-psd, epochs.
    #[arg(long, value_name = "WHAT", value_delimiter = ',')]
    pub(crate) with: Vec<String>,
    /// Rows of people in these roles of a fold: test, dev, train.
    #[arg(long, value_name = "ROLE", value_delimiter = ',', default_value = "test")]
    pub(crate) roles: Vec<String>,
    /// Rows of this fold only; for weights, the fold whose encoder is meant (0 by default).
    #[arg(value_parser = whole::<FoldIndex>, long, value_name = "K")]
    pub(crate) fold: Option<FoldIndex>,
    /// Make the prints anew with the weights of this file, a changed copy of the exported .safetensors of that fold.
    #[arg(long, value_name = "FILE")]
    pub(crate) weights: Option<PathBuf>,
    /// Replace a file that is there.
    #[arg(long)]
    pub(crate) force: bool,
}
