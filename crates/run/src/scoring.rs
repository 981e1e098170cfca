//! Prints of one fold and role to all its trials.

use std::collections::BTreeMap;
use std::ops::Range;

use ndarray::Array2;
use twinprint_comparison::{Comparer, Pooled};
use twinprint_encoder::Embed;
use twinprint_evaluation::{Blocks, Sides};
use twinprint_protocol::{Fold, FoldTrials, Pool, Role};
use twinprint_signal::{EmbeddingSpace, EpochInfo, EpochRow, LengthMeaning, Prints, RecordingKey, SubjectId};
use twinprint_store::epochs::EpochFile;

use crate::error::Placed;
use crate::system::System;
use crate::training_rows::{epoch_seconds, without_overlap};
use crate::trials::Places;
use crate::{Plan, RunError, trials};

/// The prints of one system, fold by fold.
pub(crate) struct SystemSides {
    /// The system.
    pub(crate) system: System,
    /// The people tested, one entry a fold.
    pub(crate) test: Vec<Prints<'static>>,
    /// The people set aside for thresholds, one entry a fold; empty where the plan sets nobody aside.
    pub(crate) dev: Vec<Prints<'static>>,
    /// The people learnt from, one entry a fold; for systems whose prints of them are kept.
    pub(crate) train: Vec<Prints<'static>>,
}

/// What is to be scored of a fold.
pub(crate) struct Asked<'a> {
    /// Whose prints they are.
    pub(crate) role: Role,
    /// The length of an epoch.
    pub(crate) epoch_seconds: f64,
    /// Clean seconds a probe.
    pub(crate) probe_seconds: f64,
    /// Prints to normalise scores against, where the plan does.
    pub(crate) cohort: Option<&'a Pooled>,
    /// Epochs that some system could give no direction.
    pub(crate) directionless: &'a Places,
}

/// The trials of a fold; their scores are computed when they are asked for.
pub(crate) struct FoldComparisons {
    /// Templates and probes.
    pub(crate) trials: FoldTrials,
    /// Their prints: cosine similarity, normalised where the plan says so.
    comparer: Comparer,
    /// The subjects of the templates, as numbers that hold for the whole run.
    template_subjects: Vec<u32>,
    /// The subjects of the probes, likewise.
    pub(crate) probe_subjects: Vec<u32>,
}

/// The trials of all folds, for one system at one probe length.
pub(crate) struct SystemTrials(pub(crate) Vec<FoldComparisons>);

impl Blocks for SystemTrials {
    fn folds(&self) -> usize {
        self.0.len()
    }

    fn sides(&self, fold: usize) -> Sides<'_> {
        let fold = &self.0[fold];
        Sides { templates: &fold.template_subjects, probes: &fold.probe_subjects }
    }

    fn scores(&self, fold: usize, templates: Range<usize>, probes: Range<usize>) -> Array2<f64> {
        self.0[fold].comparer.scores(templates, probes).mapv(f64::from)
    }
}

/// Numbers for the people of a run, the same in every fold.
#[derive(Debug, Clone)]
pub(crate) struct People(BTreeMap<SubjectId, u32>);

impl People {
    /// Numbers the people in the order of their names.
    pub(crate) fn of<'a>(infos: impl IntoIterator<Item = &'a EpochInfo>) -> Self {
        let mut numbers: BTreeMap<SubjectId, u32> =
            infos.into_iter().map(|info| (info.key.subject.clone(), 0)).collect();
        for (number, slot) in numbers.values_mut().enumerate() {
            *slot = number as u32;
        }
        Self(numbers)
    }

    /// Some prints as classifiers take them, with the number of the person behind each.
    pub(crate) fn labelled(&self, prints: &Prints, rows: &[usize]) -> (Array2<f32>, Vec<u32>) {
        let people = rows.iter().map(|&row| self.number(&prints.infos()[row].key.subject)).collect();
        (prints.select(rows).features(), people)
    }

    /// The people by their numbers.
    pub(crate) fn names(&self) -> BTreeMap<u32, String> {
        self.0.iter().map(|(name, number)| (*number, name.to_string())).collect()
    }

    /// A person's number; people without a clean epoch have none and are never asked for.
    pub(crate) fn number(&self, subject: &SubjectId) -> u32 {
        self.0.get(subject).copied().unwrap_or(u32::MAX)
    }
}

/// Embeds the epochs, none overlapping another, of a fold's people in a role; their lengths mean nothing yet.
pub(crate) fn embed_role(
    fold: &Fold,
    role: Role,
    file: &EpochFile,
    embed: &Embed,
) -> Result<Prints<'static>, RunError> {
    let rows = rows_of(fold, role, file);
    let values = embed(EpochRow::select(file.samples(), &rows).view()).in_stage("embed")?;
    let infos: Vec<EpochInfo> = rows.iter().map(|row| file.infos()[row.0].clone()).collect();
    let space = EmbeddingSpace { model: "in training".to_owned(), fold: Some(fold.index) };
    Prints::new(values, infos, space, LengthMeaning::Nothing).in_stage("embed")
}

/// The epochs of a fold's people in a role, none overlapping another: rows of the file of epochs.
fn rows_of(fold: &Fold, role: Role, file: &EpochFile) -> Vec<EpochRow> {
    let infos = file.infos();
    let people = fold.subjects(role);
    without_overlap(infos, epoch_seconds(file))
        .into_iter()
        .filter(|row| people.contains(&infos[row.0].key.subject))
        .collect()
}

/// The prints that scores are normalised against: one for each recording that was learnt from, pooled like a template.
pub(crate) fn cohort(plan: &Plan, train: &Prints, directionless: &Places) -> Result<Pooled, RunError> {
    let mut recordings: BTreeMap<&RecordingKey, Vec<usize>> = BTreeMap::new();
    for (row, info) in train.infos().iter().enumerate().filter(|(row, _)| !directionless.contains(row)) {
        recordings.entry(&info.key).or_default().push(row);
    }
    let groups = recordings.iter().map(|(key, rows)| (key.recording.as_str(), rows.as_slice()));
    Pooled::of(train, groups, plan.config().evaluation.template).in_stage("evaluate: score normalisation")
}

/// Every template of a fold against every probe, but for those with an epoch that has no direction; with a `cohort`, normalised as
/// the plan says.
pub(crate) fn comparisons_of_fold(
    plan: &Plan,
    fold: &Fold,
    prints: &Prints,
    people: &People,
    asked: &Asked,
) -> Result<FoldComparisons, RunError> {
    let Asked { role, epoch_seconds, probe_seconds, cohort, directionless } = *asked;
    let evaluation = &plan.config().evaluation;
    let mut trials = trials::of_fold(plan, fold, role, prints.infos(), epoch_seconds, probe_seconds)?;
    trials::leave_out(&mut trials, directionless);
    let stage = format!("evaluate: fold {}", fold.index);
    fn groups(pools: &[Pool]) -> impl ExactSizeIterator<Item = (&str, &[usize])> {
        pools.iter().map(|pool| (pool.id.as_str(), pool.epochs.as_slice()))
    }
    let templates =
        Pooled::of_recordings(prints, groups(&trials.templates), evaluation.template).in_stage(&stage)?;
    let probes = Pooled::of(prints, groups(&trials.probes), evaluation.probe).in_stage(&stage)?;
    let comparer = match cohort {
        None => Comparer::new(&templates, &probes),
        Some(cohort) => Comparer::normalised(&templates, &probes, cohort, evaluation.normalisation),
    }
    .in_stage(&stage)?;
    let numbers =
        |pools: &[Pool]| -> Vec<u32> { pools.iter().map(|pool| people.number(&pool.subject)).collect() };
    let (template_subjects, probe_subjects) = (numbers(&trials.templates), numbers(&trials.probes));
    Ok(FoldComparisons { trials, comparer, template_subjects, probe_subjects })
}
