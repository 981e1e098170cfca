//! A TOML file becomes a checked plan, the plan becomes stages, the stages fill a run folder.
//!
//! The road: [`Source`] is a pipeline file as written, [`Plan`] one that passed every check, and [`run`] brings a plan's run
//! folder to completion, stage by stage. Every arrow between stages is a file.

mod baselines;
mod cohort;
mod compare;
mod config;
mod describe;
mod error;
mod evaluation_plan;
mod exchange;
mod folder;
pub mod gallery;
mod in_order;
mod inspect;
mod leaks;
mod learning;
mod map;
mod plan;
mod progress;
mod record;
mod results;
mod run;
mod score_file;
mod scoring;
mod seed;
mod shortcut;
mod stage;
mod sweep;
mod system;
mod tables;
mod trials;

pub use cohort::InputFile;
pub use compare::compare;
pub use config::{Config, Source};
pub use describe::describe;
pub use error::PipelineError;
pub use evaluation_plan::EvaluationPlan;
pub use exchange::{
    Content, ExportOptions, Exported, FeatureTable, Filter, Format, export, export_weights, read_features,
};
pub use folder::RunFolder;
pub use inspect::{Inspection, LabelCount, PatientText, SignalFacts, inspect};
pub use plan::{Plan, Surroundings};
pub use progress::{Progress, Silent};
pub use record::{Host, RunRecord};
pub use run::{Options, Outcome, Prepared, prepare, run};
pub use score_file::{
    FeatureOptions, Metric, Role, SCORES_SCHEMA, ScoreIdentification, ScoreOptions, ScoreReport,
    ScoreSummary, evaluate_features, evaluate_scores, score_table,
};
pub use seed::derive;
pub use shortcut::{Audit, Shortcut};
pub use stage::{Stage, write_report};
pub use sweep::{SweepAxis, SweepOutcome, SweepRow, sweep, sweep_table};
pub use system::System;
