//! Epochs of the training subjects to one encoder a fold: `fold-K/model.*`, `fold-K/training.csv`. While the stage runs, each
//! fold has a checkpoint, so that a run that was killed goes on at the step it had come to.

use std::ops::ControlFlow;

use twinprint_encoder::{Embed, Monitor, StepReport, train_resumable};
use twinprint_protocol::{Fold, Role, Split};
use twinprint_store::epochs::EpochFile;

use crate::context::Context;
use crate::directionless;
use crate::error::Placed;
use crate::folder::{EPOCHS, RunFolder, TRAINING, create_folder, write_csv};
use crate::scoring::{Asked, People, embed_role, scores_of_fold};
use crate::training_rows::{TrainingRows, epoch_seconds};
use crate::{Plan, Progress, RunError};

/// The columns of a fold's log of training.
const COLUMNS: [&str; 6] = ["member", "step", "loss", "learning_rate", "gradient_norm", "dev_eer"];
/// The folder of a fold's checkpoint.
const CHECKPOINT: &str = "checkpoint";

/// How many steps one fold's training reports.
pub(crate) fn steps_of_fold(plan: &Plan) -> u64 {
    let encoder = &plan.config().encoder;
    let attention = encoder.attention.as_ref().map_or(0, |attention| attention.steps);
    (encoder.ensemble * encoder.optimiser.steps + attention) as u64
}

/// Trains the encoder of every fold on that fold's training recordings.
pub(crate) fn run(context: &Context) -> Result<String, RunError> {
    let Context { plan, split, folder, device, progress, .. } = context;
    let (file, encoder) = (open_epochs(context)?, plan.encoder()?);
    let mut last = Vec::with_capacity(split.folds.len());
    for fold in &split.folds {
        let rows = TrainingRows::of(fold, &file)?;
        let mut log = Log {
            fold,
            folds: split.folds.len(),
            plan,
            file: &file,
            people: People::of(file.infos()),
            progress: *progress,
            rows: Vec::new(),
            loss: f64::NAN,
            failed: None,
        };
        let place = folder.fold(fold.index);
        let checkpoints = place.join(CHECKPOINT);
        create_folder(&place)?;
        let data = rows.epochs(&file);
        let trained = train_resumable(&encoder, &data, device, &mut log, &checkpoints);
        if let Some(error) = log.failed {
            return Err(error);
        }
        let model = trained.in_stage("train")?;
        model.save(&place).in_stage("train")?;
        write_csv(&place.join(TRAINING), COLUMNS, &log.rows)?;
        last.push(log.loss);
    }
    forget_checkpoints(folder, split)?;
    if steps_of_fold(plan) == 0 {
        return Ok(format!("{} encoders in closed form, no step", last.len()));
    }
    let losses: Vec<String> = last.iter().map(|loss| format!("{loss:.3}")).collect();
    Ok(format!("{} encoders, last loss {}", last.len(), losses.join(" ")))
}

/// Removes what a stopped training left to go on from.
pub(crate) fn forget_checkpoints(folder: &RunFolder, split: &Split) -> Result<(), RunError> {
    for fold in &split.folds {
        let path = folder.fold(fold.index).join(CHECKPOINT);
        if path.exists() {
            std::fs::remove_dir_all(&path).map_err(|source| RunError::Write { path, source })?;
        }
    }
    Ok(())
}

/// The epochs a run's first stage wrote.
pub(crate) fn open_epochs(context: &Context) -> Result<EpochFile, RunError> {
    EpochFile::open(&context.folder.path(EPOCHS))
        .in_folder(context.folder.path(EPOCHS), "run `twinprint preprocess` again")
}

/// Writes training.csv, draws the live line, and scores dev subjects when asked.
struct Log<'a> {
    fold: &'a Fold,
    folds: usize,
    plan: &'a Plan,
    file: &'a EpochFile,
    people: People,
    progress: &'a dyn Progress,
    rows: Vec<[String; 6]>,
    loss: f64,
    failed: Option<RunError>,
}

impl Monitor for Log<'_> {
    fn step(&mut self, report: &StepReport) -> ControlFlow<()> {
        self.loss = report.loss;
        let dev = report.dev_score.map(|eer| eer.to_string()).unwrap_or_default();
        let (member, step) = (report.member.to_string(), report.step.to_string());
        let [loss, rate, norm] =
            [report.loss, report.learning_rate, report.gradient_norm].map(|number| number.to_string());
        self.rows.push([member, step, loss, rate, norm, dev]);
        let shown = report.dev_score.map(|eer| format!(", dev EER {:.1} %", 100.0 * eer)).unwrap_or_default();
        self.progress.step(&format!(
            "fold {}/{} step {}/{} loss {:.4}{shown}",
            self.fold.index + 1,
            self.folds,
            report.step,
            report.steps,
            report.loss
        ));
        if self.failed.is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    fn dev_score(&mut self, embed: &Embed) -> Option<f64> {
        if self.fold.dev.is_empty() {
            return None;
        }
        let scored = embed_role(self.fold, Role::Dev, self.file, embed).and_then(|side| {
            let seconds = self.shortest_probe();
            let without = directionless::of(&side);
            let asked = Asked {
                role: Role::Dev,
                epoch_seconds: epoch_seconds(self.file),
                probe_seconds: seconds,
                cohort: None,
                directionless: &without,
            };
            scores_of_fold(self.plan, self.fold, &side, &self.people, &asked)
        });
        match scored {
            Ok(scored) => Some(twinprint_evaluation::eer(&scored.scores).value),
            Err(error) => {
                self.failed = Some(error);
                None
            }
        }
    }
}

impl Log<'_> {
    fn shortest_probe(&self) -> f64 {
        let seconds = &self.plan.config().protocol.probe.seconds;
        seconds.iter().copied().min_by(f64::total_cmp).unwrap_or_default()
    }
}
