//! A TOML file becomes a checked plan, the plan becomes stages, the stages fill a run folder.
//!
//! The road: [`Source`] is a pipeline file as written, [`Plan`] one that passed every check, and [`run`] brings a plan's run
//! folder to completion, stage by stage. Every arrow between stages is a file.

mod baselines;
mod channels;
mod cohort;
mod cohort_epochs;
mod cohort_plan;
mod compare;
mod config;
mod content;
mod context;
mod describe;
mod directionless;
pub mod error;
mod evaluation_plan;
mod finished;
pub mod folder;
mod in_order;
mod inspect;
mod leaks;
mod map;
mod optimism;
mod plan;
mod pooling;
mod progress;
mod record;
mod recordings;
mod results;
mod run;
mod scoring;
mod seed;
mod shortcut;
mod stage;
mod stages;
mod sweep;
mod system;
mod tables;
mod training_rows;
mod trials;
mod weights;

pub use cohort::InputFile;
pub use cohort_epochs::{CohortEpochs, epochs_of_own_montages};
pub use cohort_plan::{CohortChannels, CohortPlan, Recordings};
pub use compare::compare;
pub use config::{Config, Source, SweepAxis};
pub use content::samples_hash;
pub use describe::describe;
pub use error::RunError;
pub use evaluation_plan::EvaluationPlan;
pub use finished::{FinishedRun, TrainedEncoder, embedding_space};
pub use folder::RunFolder;
pub use inspect::{Inspection, LabelCount, PatientText, SignalFacts, inspect};
pub use plan::{Plan, Surroundings};
pub use progress::{Progress, Silent};
pub use record::{Host, RunRecord};
pub use recordings::KnownRecording;
pub use results::{TARGETS, carried, intervals, rates};
pub use run::{Options, Outcome, Prepared, prepare, run};
pub use seed::derive;
pub use shortcut::{Audit, Shortcut};
pub use stage::Stage;
pub use stages::preprocess::read as read_signals;
pub use stages::write_report;
pub use sweep::{SweepOutcome, SweepRow, sweep, sweep_table};
pub use system::System;
