//! The arguments of sweeps.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use twinprint_run::ExecutorKind;

use crate::number::whole;
use crate::plan_arguments::PlanArguments;

/// Arguments of `sweep`.
#[derive(Debug, Args)]
pub(crate) struct SweepArguments {
    #[command(flatten)]
    pub(crate) plan: PlanArguments,
    /// Where the points are computed: processes of this machine, or jobs of a cluster; as [executor] kind of the plan.
    #[arg(long, value_name = "WHERE")]
    pub(crate) executor: Option<Executor>,
    /// Points at a time; as many as memory and cores allow unless given, and with Slurm as many as it starts.
    #[arg(value_parser = whole::<usize>, long, value_name = "N")]
    pub(crate) jobs: Option<usize>,
    /// Hand the jobs to Slurm and do not wait for them.
    #[arg(long)]
    pub(crate) detach: bool,
    /// Make complete points again whose recordings have changed since; the others stay.
    #[arg(long, conflicts_with = "status")]
    pub(crate) force: bool,
    /// Run nothing: say how far the points are, and write the table of those that are complete.
    #[arg(long, conflicts_with = "detach")]
    pub(crate) status: bool,
    /// Print JSON instead of the table.
    #[arg(long)]
    pub(crate) json: bool,
    /// Print the table as Markdown.
    #[arg(long, conflicts_with = "json")]
    pub(crate) markdown: bool,
}

/// What computes the points of a sweep or the parts of a run.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Executor {
    /// Processes of this machine.
    Local,
    /// Jobs of a cluster.
    Slurm,
}

impl Executor {
    /// As a plan has it.
    pub(crate) fn kind(self) -> ExecutorKind {
        match self {
            Self::Local => ExecutorKind::Local,
            Self::Slurm => ExecutorKind::Slurm,
        }
    }
}

/// Arguments of `job`.
#[derive(Debug, Args)]
pub(crate) struct JobArguments {
    /// The folder of the sweep.
    pub(crate) folder: PathBuf,
    /// The run, counted from 0 in its sweep.json.
    #[arg(value_parser = whole::<usize>)]
    pub(crate) run: usize,
    /// The part: preprocess, recordings-0-of-4, fold-0, whole.
    #[arg(default_value = "whole")]
    pub(crate) part: String,
    /// Compute nothing: take down that it was given up, and why.
    #[arg(long, value_name = "WHY")]
    pub(crate) gave_up: Option<String>,
}
