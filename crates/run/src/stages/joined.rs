//! The learnt features that the plan joins to its encoders: learnt once for all folds, from cohorts whose people are never tested.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use twinprint_encoder::{CheckedPlan, JoinedFeatures, Monitor, StepReport, TrainingEpochs};
use twinprint_protocol::Fold;
use twinprint_signal::{EpochRow, SubjectId};

use crate::cohort_epochs::{CohortEpochs, epochs_of_own_montages};
use crate::context::Context;
use crate::error::Placed;
use crate::folder::{CHECKPOINT, JOINED, TRAINING, create_folder, remove, write_csv};
use crate::training_rows::{numbered, rows_with};
use crate::{Progress, RunError};

/// The columns of the log of its training.
const COLUMNS: [&str; 5] = ["network", "step", "loss", "learning_rate", "gradient_norm"];

/// Learns the plan's joined features, or takes what a stopped training of this run learnt before.
pub(crate) fn learn(context: &Context, encoder: &CheckedPlan) -> Result<JoinedFeatures, RunError> {
    if encoder.joined.is_empty() {
        return Ok(JoinedFeatures::none());
    }
    let place = context.folder.path(JOINED);
    // The log is written last, so where it is, all is there.
    if place.join(TRAINING).is_file() {
        return JoinedFeatures::load(&place, encoder, context.device).in_stage("train");
    }
    create_folder(&place)?;
    let cohorts = cohorts(context)?;
    let epochs: Vec<TrainingEpochs> = cohorts.iter().map(Cohort::epochs).collect();
    let mut log = Log { progress: context.progress, rows: Vec::new() };
    let checkpoints = place.join(CHECKPOINT);
    let learnt = JoinedFeatures::learn_resumable(encoder, &epochs, context.device, &mut log, &checkpoints)
        .in_stage("train")?;
    learnt.save(&place).in_stage("train")?;
    write_csv(&place.join(TRAINING), COLUMNS, &log.rows)?;
    remove(checkpoints)?;
    Ok(learnt)
}

/// The people whom the plan's joined features are learnt from, in every fold; nobody where there are none.
pub(crate) fn subjects(context: &Context, encoder: &CheckedPlan) -> Result<Vec<SubjectId>, RunError> {
    if encoder.joined.is_empty() {
        return Ok(Vec::new());
    }
    let mut people = BTreeSet::new();
    for cohort in cohorts(context)? {
        let infos = cohort.epochs.file.infos();
        people.extend(cohort.rows.iter().map(|row| infos[row.0].key.subject.clone()));
    }
    Ok(people.into_iter().collect())
}

/// The cohorts that they are learnt from: people who are never tested are learnt from in all folds or in none.
fn cohorts(context: &Context) -> Result<Vec<Cohort>, RunError> {
    let files = epochs_of_own_montages(context.plan, context.folder)?.into_iter();
    let fold = context.split.folds.first();
    Ok(fold.map(|fold| files.map(|epochs| Cohort::of(epochs, fold)).collect()).unwrap_or_default())
}

/// The steps that learning them reports.
pub(crate) fn steps(encoder: &twinprint_encoder::Plan) -> u64 {
    encoder.joined.iter().map(|joined| joined.steps() as u64).sum()
}

/// A cohort of its own montage, and whose the epochs are that are learnt from.
struct Cohort {
    epochs: CohortEpochs,
    rows: Vec<EpochRow>,
    subject: Vec<u32>,
    recording: Vec<u32>,
    weight: Vec<f32>,
}

impl Cohort {
    /// Those of its epochs that a fold learns from.
    fn of(epochs: CohortEpochs, fold: &Fold) -> Self {
        let infos = epochs.file.infos();
        let rows = rows_with(infos, |info| fold.trains_on(&info.key));
        let (subject, _) = numbered(&rows, |row| &infos[row.0].key.subject);
        let (recording, _) = numbered(&rows, |row| &infos[row.0].key);
        let weight = vec![epochs.weight as f32; rows.len()];
        Self { epochs, rows, subject, recording, weight }
    }

    fn epochs(&self) -> TrainingEpochs<'_> {
        let file = &self.epochs.file;
        let (rate, channels) = (file.rate().get(), file.channels());
        let all = TrainingEpochs::new(file.samples(), &self.subject, &self.recording, rate, channels);
        TrainingEpochs { rows: Some(&self.rows), weight: &self.weight, ..all }
    }
}

/// Takes down the steps and draws the live line.
struct Log<'a> {
    progress: &'a dyn Progress,
    rows: Vec<[String; 5]>,
}

impl Monitor for Log<'_> {
    fn step(&mut self, report: &StepReport) -> ControlFlow<()> {
        let StepReport { member, step, steps, loss, learning_rate, gradient_norm, .. } = *report;
        self.rows.push([
            member.to_string(),
            step.to_string(),
            loss.to_string(),
            learning_rate.to_string(),
            gradient_norm.to_string(),
        ]);
        self.progress.step(&format!("joined features step {step}/{steps} loss {loss:.4}"));
        ControlFlow::Continue(())
    }
}
