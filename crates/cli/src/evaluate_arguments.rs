//! Arguments of `evaluate`: a pipeline, somebody's scores or features, or a run to attack.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::number::whole;
use crate::plan_arguments::ChangeArguments;

/// Arguments of `evaluate`.
#[derive(Debug, Args)]
#[command(group(clap::ArgGroup::new("what").required(true).args(["pipeline", "scores", "features"])))]
#[command(group(clap::ArgGroup::new("file").args(["scores", "features"])))]
pub(crate) struct EvaluateArguments {
    /// The pipeline file; with --attacks the run folder.
    #[arg(value_name = "PIPELINE.toml|RUN")]
    pub(crate) pipeline: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) change: ChangeArguments,
    /// Attack the encoders of a finished run: replays, noise, hill climbing, morphs, stolen galleries, membership. Writes attacks.json
    /// into the run folder, and its page again.
    #[arg(long, requires = "pipeline", conflicts_with_all = ["out", "overrides", "device", "allow_leak", "verify", "cache", "no_cache"])]
    pub(crate) attacks: bool,
    /// Scores that a climb with prints may ask for; one with signals asks for a quarter.
    #[arg(value_parser = whole::<usize>, long, value_name = "N", default_value_t = 1000, requires = "attacks")]
    pub(crate) queries: usize,
    /// A score file of any tool instead: parquet or CSV with enrol_subject, probe_subject, score and perhaps probe, or text
    /// in four columns (claimed subject, real subject, label, score).
    #[arg(long, value_name = "FILE", conflicts_with_all = ["out", "overrides", "device", "allow_leak"])]
    pub(crate) scores: Option<PathBuf>,
    /// Features of any tool instead, compared as --enrol and --probe say: HDF5, parquet or CSV with a subject a row.
    #[arg(
        long,
        value_name = "FILE",
        requires_all = ["enrol", "probe"],
        conflicts_with_all = ["out", "overrides", "device", "allow_leak"]
    )]
    pub(crate) features: Option<PathBuf>,
    /// Rows that templates are made of, one of each subject and fold: subject, session, recording, fold, role or a label.
    /// Given several times, all must hold.
    #[arg(long, value_name = "KEY=VALUE", requires = "features")]
    pub(crate) enrol: Vec<String>,
    /// Rows that probes are made of, likewise.
    #[arg(long, value_name = "KEY=VALUE", requires = "features")]
    pub(crate) probe: Vec<String>,
    /// Consecutive rows of a recording that make a probe.
    #[arg(value_parser = whole::<usize>, long, value_name = "N", default_value_t = 1, requires = "features")]
    pub(crate) pool: usize,
    /// How templates and probes are compared: the angle between means of unit rows, or the distance between means of rows.
    #[arg(long, value_enum, default_value_t = Metric::Cosine, requires = "features")]
    pub(crate) metric: Metric,
    /// A column under another name: score=similarity. May be given several times.
    #[arg(long = "column", value_name = "ROLE=NAME", requires = "scores")]
    pub(crate) columns: Vec<String>,
    /// Evaluate each value of a column on its own; by default those of system and probe_seconds. May be given several
    /// times.
    #[arg(long, value_name = "COLUMN", requires = "scores")]
    pub(crate) by: Vec<String>,
    /// Lower scores mean more alike.
    #[arg(long, requires = "scores")]
    pub(crate) distance: bool,
    /// Scores (or features) of other people to calibrate and to choose thresholds on.
    #[arg(long, value_name = "FILE", requires = "file")]
    pub(crate) dev: Option<PathBuf>,
    /// Bootstrap replicates behind every interval.
    #[arg(value_parser = whole::<usize>, long, value_name = "N", default_value_t = 1000, requires = "file")]
    pub(crate) bootstrap: usize,
    /// Print JSON instead of the table.
    #[arg(long)]
    pub(crate) json: bool,
}

/// How features are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Metric {
    /// Cosine of the angle.
    Cosine,
    /// Euclidean distance.
    Euclidean,
}
