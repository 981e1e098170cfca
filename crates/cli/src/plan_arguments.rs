//! Which pipeline a command is about, where its runs go, and what is changed in it.

use std::path::PathBuf;

use clap::Args;

/// Which pipeline, and what to change in it.
#[derive(Debug, Args)]
pub(crate) struct PlanArguments {
    /// The pipeline file.
    #[arg(value_name = "PIPELINE.toml")]
    pub(crate) pipeline: PathBuf,
    #[command(flatten)]
    pub(crate) change: ChangeArguments,
}

/// Where runs go, and what to change in a pipeline.
#[derive(Debug, Args)]
pub(crate) struct ChangeArguments {
    /// Where run folders go.
    #[arg(long, default_value = "reports", value_name = "DIR")]
    pub(crate) out: PathBuf,
    /// Change a key of the pipeline: key.path=value. May be given several times.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub(crate) overrides: Vec<String>,
    /// Where the encoder runs, as in the plan's `device`.
    #[arg(long)]
    pub(crate) device: Option<String>,
    /// Read every byte of the recordings again, even where their sizes and times are as they were.
    #[arg(long)]
    pub(crate) verify: bool,
    #[command(flatten)]
    pub(crate) cache: CacheArguments,
    /// Run with a leak on purpose; every number is then marked leaky. May be given several times.
    #[arg(long = "allow-leak", value_name = "NAME")]
    pub(crate) allow_leak: Vec<String>,
}

/// Where the epochs, encoders and prints are that runs share.
#[derive(Debug, Args)]
pub(crate) struct CacheArguments {
    /// The folder of what runs share; TWINPRINT_CACHE names it as well. By default .cache beside the run folders.
    #[arg(long, value_name = "DIR")]
    pub(crate) cache: Option<PathBuf>,
    /// Share nothing with other runs.
    #[arg(long, conflicts_with = "cache")]
    pub(crate) no_cache: bool,
}
