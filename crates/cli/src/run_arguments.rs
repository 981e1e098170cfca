//! The arguments of `run`, `check` and the single stages.

use clap::Args;
use twinprint_run::Stage;

use crate::plan_arguments::PlanArguments;
use crate::sweep_arguments::Executor;

/// Arguments of `run`.
#[derive(Debug, Args)]
pub(crate) struct RunArguments {
    #[command(flatten)]
    pub(crate) plan: PlanArguments,
    /// Start again from this stage (preprocess, train, embed, evaluate, report), keeping what stands before it.
    #[arg(long, value_name = "STAGE")]
    pub(crate) from: Option<Stage>,
    /// Go no further than this stage.
    #[arg(long, value_name = "STAGE")]
    pub(crate) until: Option<Stage>,
    /// Make what a stage leaves again, whatever the cache has of it; without a stage, everything.
    #[arg(long, value_name = "STAGE", num_args = 0..=1, conflicts_with = "from")]
    pub(crate) force: Option<Option<Stage>>,
    /// Divide the run: recordings, folds and the rest as processes of this machine or jobs of a cluster, as [executor] of the plan has it.
    #[arg(long, value_name = "WHERE", conflicts_with_all = ["from", "until", "force"])]
    pub(crate) executor: Option<Executor>,
    /// Hand the jobs to Slurm and do not wait for them; the same command again looks how far they are.
    #[arg(long, requires = "executor")]
    pub(crate) detach: bool,
    /// Print results.json instead of the table.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Arguments of a single stage.
#[derive(Debug, Args)]
pub(crate) struct StageArguments {
    #[command(flatten)]
    pub(crate) plan: PlanArguments,
}

/// Arguments of `check`.
#[derive(Debug, Args)]
pub(crate) struct CheckArguments {
    #[command(flatten)]
    pub(crate) plan: PlanArguments,
    /// Print the resolved plan as JSON.
    #[arg(long)]
    pub(crate) json: bool,
}
