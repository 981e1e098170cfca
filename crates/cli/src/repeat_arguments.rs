//! Arguments of `reproduce`, `bundle`, `runs` and `diff`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// Arguments of `reproduce`.
#[derive(Debug, Args)]
pub(crate) struct ReproduceArguments {
    /// The folder of a complete run.
    pub(crate) run: PathBuf,
    /// Where the run that is made again goes; by default RUN-reproduced, beside it.
    #[arg(long, value_name = "DIR")]
    pub(crate) to: Option<PathBuf>,
    /// Where the recordings are now; of several cohorts NAME=DIR, once for each that has moved.
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Vec<String>,
    /// Where the encoder runs, in place of the plan's `device`.
    #[arg(long)]
    pub(crate) device: Option<String>,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Arguments of `bundle`.
#[derive(Debug, Args)]
pub(crate) struct BundleArguments {
    /// The folder of a complete run.
    pub(crate) run: PathBuf,
    /// The archive to write: .tar or .tar.gz.
    #[arg(long, value_name = "FILE")]
    pub(crate) to: PathBuf,
}

/// Arguments of `runs`.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct RunsArguments {
    #[command(subcommand)]
    pub(crate) command: Option<RunsCommand>,
    /// The folder with the run folders.
    #[arg(default_value = "reports")]
    pub(crate) folder: PathBuf,
    /// Only runs for which this holds: a column, a comparison and a value; several joined by "and".
    #[arg(long = "where", value_name = "CONDITION")]
    pub(crate) condition: Option<String>,
    /// In the order of a column; -COLUMN for the greatest first.
    #[arg(long, value_name = "COLUMN", allow_hyphen_values = true)]
    pub(crate) sort: Option<String>,
    /// A key of the plan as a column more, such as encoder.loss.name. May be given several times.
    #[arg(long = "with", value_name = "KEY")]
    pub(crate) keys: Vec<String>,
    /// Every column, not only those that fit a terminal.
    #[arg(long)]
    pub(crate) all: bool,
    /// Print all columns as CSV.
    #[arg(long, conflicts_with = "json")]
    pub(crate) csv: bool,
    /// Print all columns as JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

/// What else to do with runs.
#[derive(Debug, Subcommand)]
pub(crate) enum RunsCommand {
    /// Remove from complete runs what can be made again: epochs, and the prints of every system but the encoder.
    #[command(after_help = "Example:\n  twinprint runs prune reports/eegmat-1a2b3c4d --dry-run")]
    Prune {
        /// Run folders.
        #[arg(required = true)]
        runs: Vec<PathBuf>,
        /// Say what would go and remove nothing.
        #[arg(long)]
        dry_run: bool,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
}

/// Arguments of `diff`.
#[derive(Debug, Args)]
pub(crate) struct DiffArguments {
    /// A run folder.
    pub(crate) first: PathBuf,
    /// Another.
    pub(crate) second: PathBuf,
    /// Every number, not only error rates and accuracies.
    #[arg(long)]
    pub(crate) all: bool,
    /// Print everything as JSON.
    #[arg(long)]
    pub(crate) json: bool,
}
