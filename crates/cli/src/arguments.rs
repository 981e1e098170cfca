//! The command's arguments.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use twinprint_dataset::synth::Cohort;

use crate::cache_arguments::CacheCommand;
use crate::convert_arguments::ConvertArguments;
use crate::evaluate_arguments::EvaluateArguments;
use crate::gallery_arguments::{
    EnrolArguments, ExportArguments, GalleryCommand, IdentifyArguments, VerifyArguments,
};
use crate::model_arguments::ModelCommand;
use crate::number::{number, whole};
use crate::repeat_arguments::{BundleArguments, DiffArguments, ReproduceArguments, RunsArguments};
use crate::run_arguments::{CheckArguments, RunArguments, StageArguments};
use crate::sweep_arguments::{JobArguments, SweepArguments};

/// EEG biometrics, from recordings to an equal error rate you can defend.
#[derive(Debug, Parser)]
#[command(name = "twinprint", version, max_term_width = 110, arg_required_else_help = true)]
pub(crate) struct Arguments {
    /// Say nothing but results, notices and errors.
    #[arg(long, short, global = true)]
    pub(crate) quiet: bool,
    /// Say what happens inside (TWINPRINT_LOG sets finer levels).
    #[arg(long, short, global = true)]
    pub(crate) verbose: bool,
    /// Worker threads; all cores by default. Results do not depend on it.
    #[arg(value_parser = whole::<usize>, long, global = true, value_name = "N")]
    pub(crate) threads: Option<usize>,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run a pipeline: recordings to results, every stage a file in the run folder.
    #[command(
        after_help = "Example:\n  twinprint run pipelines/eegmat.toml --set encoder.optimiser.steps=100"
    )]
    Run(RunArguments),
    /// Resolve and validate a pipeline, look for leaks, print the plan; run nothing.
    #[command(after_help = "Example:\n  twinprint check pipelines/eegmat.toml")]
    Check(CheckArguments),
    /// Cut recordings into epochs: the first stage of a run.
    #[command(after_help = "Example:\n  twinprint preprocess pipelines/eegmat.toml")]
    Preprocess(StageArguments),
    /// Train the encoder of every fold: needs `preprocess`.
    #[command(after_help = "Example:\n  twinprint train pipelines/eegmat.toml")]
    Train(StageArguments),
    /// Turn epochs into prints: needs `train`.
    #[command(after_help = "Example:\n  twinprint embed pipelines/eegmat.toml")]
    Embed(StageArguments),
    /// Score all trials and compute the results: needs `embed`. Or evaluate anybody's scores or features, or attack a run.
    #[command(
        after_help = "Examples:\n  twinprint evaluate pipelines/eegmat.toml\n  twinprint evaluate --scores scores.csv\n  twinprint evaluate --features features.h5 --enrol session=ses-1 --probe session=ses-2\n  twinprint evaluate reports/eegmat-1a2b3c4d --attacks"
    )]
    Evaluate(EvaluateArguments),
    /// Run every point of a pipeline's [[sweep]] tables, here or on a cluster: curves of the EER with a table and a plot. Exit code 1
    /// where a point failed.
    #[command(
        after_help = "Examples:\n  twinprint sweep pipelines/eegmat-curves.toml --jobs 2\n  twinprint sweep pipelines/eegmat-curves.toml --executor slurm --detach\n  twinprint sweep pipelines/eegmat-curves.toml --status"
    )]
    Sweep(SweepArguments),
    /// Look after what runs share: list it, check it, make room.
    #[command(subcommand, after_help = "Example:\n  twinprint cache gc --unused 30 --to-size 20GB")]
    Cache(CacheCommand),
    /// Compute one part of a sweep: what its processes and jobs run.
    #[command(hide = true)]
    Job(JobArguments),
    /// Write report.html of a run again.
    #[command(after_help = "Example:\n  twinprint report reports/eegmat-1a2b3c4d")]
    Report(ReportArguments),
    /// Make a complete run again from its recordings, and hold every file of both side by side. Exit code 1 where one differs.
    #[command(
        after_help = "Example:\n  twinprint reproduce reports/eegmat-1a2b3c4d --to elsewhere --threads 1"
    )]
    Reproduce(ReproduceArguments),
    /// Pack plan, versions, splits, trials, scores and results of a run for a paper's supplement; no recording.
    #[command(after_help = "Example:\n  twinprint bundle reports/eegmat-1a2b3c4d --to supplement.tar.gz")]
    Bundle(BundleArguments),
    /// Many runs in one table; or make complete runs thin.
    #[command(
        after_help = "Examples:\n  twinprint runs reports --where \"eer_2s < 0.05\" --sort eer_2s --with encoder.loss.name\n  twinprint runs prune reports/eegmat-1a2b3c4d"
    )]
    Runs(RunsArguments),
    /// The keys of the plan and the numbers in which two runs differ.
    #[command(after_help = "Example:\n  twinprint diff reports/eegmat-1a2b3c4d reports/koch-5e6f7a8b")]
    Diff(DiffArguments),
    /// Set finished runs side by side, with the paired interval on every difference.
    #[command(after_help = "Example:\n  twinprint compare reports/eegmat-1a2b3c4d reports/koch-5e6f7a8b")]
    Compare(CompareArguments),
    /// Write a synthetic cohort as BIDS-EEG, for learning and testing.
    #[command(after_help = "Example:\n  twinprint synth data/quickstart --subjects 20 --sessions 2")]
    Synth(SynthArguments),
    /// Download a dataset named in data/.
    #[command(after_help = "Example:\n  twinprint fetch eegmat --to data/eegmat")]
    Fetch(FetchArguments),
    /// Look at a folder of recordings and write a pipeline for it, with comments on every guess.
    #[command(after_help = "Example:\n  twinprint init recordings --to own.toml")]
    Init(InitArguments),
    /// Say what this build and this machine have: libhdf5, devices, threads, disk, data.
    #[command(after_help = "Example:\n  twinprint doctor")]
    Doctor,
    /// Print the completion script of a shell.
    #[command(
        after_help = "Example:\n  twinprint completions bash > ~/.local/share/bash-completion/completions/twinprint"
    )]
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
    /// Write manual pages, one a command.
    #[command(after_help = "Example:\n  twinprint man ~/.local/share/man/man1")]
    Man {
        /// The folder to write them into.
        #[arg(value_name = "DIR")]
        folder: PathBuf,
    },
    /// Print every command with its options as Markdown.
    #[command(hide = true)]
    Reference,
    /// Print the JSON Schema of pipelines, by which editors complete and check keys.
    #[command(after_help = "Example:\n  twinprint schema > pipelines/schema.json")]
    Schema {
        /// Print a page of every key, its default, range and purpose instead, as Markdown.
        #[arg(long)]
        page: bool,
    },
    /// Show a recording's header, channels, annotations and quality.
    #[command(after_help = "Example:\n  twinprint inspect ../shared/data/eegmat/Subject00_1.edf")]
    Inspect(InspectArguments),
    /// Write recordings of any format as EDF+ in BIDS layout, naming nobody; or take the person out of an EDF header.
    #[command(
        after_help = "Examples:\n  twinprint convert pipelines/mine.toml --to bids\n  twinprint convert rest.vhdr --to bids --subject 01 --task rest\n  twinprint convert --in-place rest.edf"
    )]
    Convert(Box<ConvertArguments>),
    /// Enrol a person into a gallery from their recordings; makes the gallery where it is missing.
    #[command(
        name = "enroll",
        visible_alias = "enrol",
        after_help = "Example:\n  twinprint enroll --gallery staff.gallery --model reports/eegmat-1a2b3c4d --subject ann ann_rest.edf"
    )]
    Enrol(Box<EnrolArguments>),
    /// Compare a recording with one person's template. Exit code 0 match, 1 no match, 2 error.
    #[command(after_help = "Example:\n  twinprint verify --gallery staff.gallery --subject ann today.edf")]
    Verify(VerifyArguments),
    /// Compare a recording with everybody's template. Exit code 0 somebody matches, 1 nobody does, 2 error.
    #[command(after_help = "Example:\n  twinprint identify --gallery staff.gallery today.edf --top 3")]
    Identify(IdentifyArguments),
    /// Look after a gallery: list, show, revoke, check, reissue.
    #[command(subcommand, after_help = "Example:\n  twinprint gallery list --gallery staff.gallery")]
    Gallery(GalleryCommand),
    /// An encoder in one file, to be carried elsewhere: pack, show, check.
    #[command(
        subcommand,
        after_help = "Example:\n  twinprint model pack reports/eegmat-1a2b3c4d --to eegmat.twinprint"
    )]
    Model(ModelCommand),
    /// Write a run's prints, features and epochs, or its encoder's weights, for other programs.
    #[command(
        after_help = "Example:\n  twinprint export reports/eegmat-1a2b3c4d --to features.h5 --with band-powers,epochs"
    )]
    Export(ExportArguments),
    /// Read somebody's HDF5 or parquet and say nothing: what the command has a second process do before it does itself.
    #[command(name = crate::second_process::NAME, hide = true)]
    ReadForeign {
        /// The file.
        path: PathBuf,
    },
}

/// Arguments of `report`.
#[derive(Debug, Args)]
pub(crate) struct ReportArguments {
    /// The run folder.
    pub(crate) run: PathBuf,
    /// Print results.json instead of the table.
    #[arg(long)]
    pub(crate) json: bool,
    /// Print the table as Markdown.
    #[arg(long, conflicts_with = "json")]
    pub(crate) markdown: bool,
    /// Also write the page's plots into this folder, each as SVG and as PNG.
    #[arg(long, value_name = "DIR")]
    pub(crate) figures: Option<PathBuf>,
    /// Also write the numbers into this folder, each table as CSV and as LaTeX.
    #[arg(long, value_name = "DIR")]
    pub(crate) tables: Option<PathBuf>,
}

/// Arguments of `compare`.
#[derive(Debug, Args)]
pub(crate) struct CompareArguments {
    /// Run folders; the first one's baselines are shown as well.
    #[arg(required = true)]
    pub(crate) runs: Vec<PathBuf>,
    /// The system of the first run that all others are held against.
    #[arg(long, default_value = "encoder", value_name = "SYSTEM")]
    pub(crate) against: String,
    /// Average runs of one plan under several seeds: for each system the mean over them, with intervals over people.
    #[arg(long)]
    pub(crate) pooled: bool,
    /// Print a Markdown table.
    #[arg(long, conflicts_with = "json")]
    pub(crate) markdown: bool,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Arguments of `synth`.
#[derive(Debug, Args)]
pub(crate) struct SynthArguments {
    /// A folder that does not exist yet or is empty.
    pub(crate) out: PathBuf,
    /// People.
    #[arg(value_parser = whole::<usize>, long, default_value_t = Cohort::default().subjects)]
    pub(crate) subjects: usize,
    /// Visits a person.
    #[arg(value_parser = whole::<usize>, long, default_value_t = Cohort::default().sessions)]
    pub(crate) sessions: usize,
    /// Seconds a recording.
    #[arg(value_parser = number, long, default_value_t = Cohort::default().seconds)]
    pub(crate) seconds: f64,
    /// Channels, named by the 10-10 system.
    #[arg(value_parser = whole::<usize>, long, default_value_t = Cohort::default().channels)]
    pub(crate) channels: usize,
    /// Sampling rate in hertz.
    #[arg(value_parser = number, long, default_value_t = Cohort::default().rate)]
    pub(crate) rate: f64,
    /// The seed of every random choice.
    #[arg(value_parser = whole::<u64>, long, default_value_t = Cohort::default().seed)]
    pub(crate) seed: u64,
    /// How far people differ; 0 makes everyone the same.
    #[arg(value_parser = number, long, default_value_t = Cohort::default().identity_strength)]
    pub(crate) identity: f64,
    /// How far a person's traits move between sessions.
    #[arg(value_parser = number, long, default_value_t = Cohort::default().session_drift)]
    pub(crate) drift: f64,
}

/// Arguments of `fetch`.
#[derive(Debug, Args)]
pub(crate) struct FetchArguments {
    /// A dataset named in data/: eegmat, eegmmidb, muse-cueing; or the path of a manifest ending in .toml.
    pub(crate) dataset: String,
    /// The folder to fill.
    #[arg(long, value_name = "DIR")]
    pub(crate) to: Option<PathBuf>,
    /// Another place with the same files: http(s):// or file://.
    #[arg(long, value_name = "URL")]
    pub(crate) mirror: Option<String>,
    /// Only files whose path begins with this. May be given several times.
    #[arg(long, value_name = "PATH")]
    pub(crate) only: Vec<String>,
    /// Files received at a time.
    #[arg(value_parser = whole::<usize>, long, default_value_t = 4)]
    pub(crate) parallel: usize,
    /// Further attempts after a failed one, with growing pauses.
    #[arg(value_parser = whole::<u32>, long, default_value_t = 5)]
    pub(crate) retries: u32,
    /// Download files anew that are there with another content.
    #[arg(long)]
    pub(crate) replace: bool,
    /// Print what was downloaded, its licence and whom to cite as JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Arguments of `init`.
#[derive(Debug, Args)]
pub(crate) struct InitArguments {
    /// The folder that holds the recordings.
    #[arg(value_name = "DIR")]
    pub(crate) folder: PathBuf,
    /// The pipeline to write; by default the folder's name with .toml, here.
    #[arg(long, value_name = "FILE")]
    pub(crate) to: Option<PathBuf>,
    /// Replace a pipeline that is there.
    #[arg(long)]
    pub(crate) force: bool,
}

/// Arguments of `inspect`.
#[derive(Debug, Args)]
pub(crate) struct InspectArguments {
    /// A recording: EDF, BDF, BrainVision (.vhdr), EEGLAB (.set), or text of OpenBCI, Muse or EmotivPRO (.csv, .txt).
    pub(crate) file: PathBuf,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
    /// Also show the patient and recording fields of the header.
    #[arg(long)]
    pub(crate) show_patient: bool,
    /// Read what is certain of a damaged file and list what was done.
    #[arg(long)]
    pub(crate) lenient: bool,
    /// Also write a page to look at: signals, spectra, annotations, before and after preprocessing.
    #[arg(long, value_name = "PAGE.html")]
    pub(crate) plot: Option<PathBuf>,
}
