//! Prints of one fold and role to the scores of all its trials.

use std::collections::BTreeMap;

use ndarray::Array2;
use twinprint_comparison::{Pooled, cosine, normalised};
use twinprint_encoder::Embed;
use twinprint_evaluation::Scores;
use twinprint_protocol::{Fold, FoldTrials, Pool, Role};
use twinprint_signal::{EmbeddingSpace, EpochInfo, LengthMeaning, Prints, RecordingKey, SubjectId};
use twinprint_store::epochs::EpochFile;

use crate::error::Placed;
use crate::system::System;
use crate::training_rows::{epoch_seconds, gather, without_overlap};
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

/// The scores of a fold's trials.
#[derive(Debug, Clone)]
pub(crate) struct FoldScores {
    /// Templates and probes.
    pub(crate) trials: FoldTrials,
    /// Cosine similarity, normalised where the plan says so, `[templates, probes]`.
    pub(crate) matrix: Array2<f32>,
    /// The subjects of the templates, as numbers that hold for the whole run.
    pub(crate) template_subjects: Vec<u32>,
    /// The subjects of the probes, likewise.
    pub(crate) probe_subjects: Vec<u32>,
    /// The same as a list of trials.
    pub(crate) scores: Scores,
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
    let values = embed(gather(file.samples(), &rows).view()).in_stage("embed")?;
    let infos: Vec<EpochInfo> = rows.iter().map(|&row| file.infos()[row].clone()).collect();
    let space = EmbeddingSpace { model: "in training".to_owned(), fold: Some(fold.index as u32) };
    Prints::new(values, infos, space, LengthMeaning::Nothing).in_stage("embed")
}

/// The epochs of a fold's people in a role, none overlapping another: rows of the file of epochs.
fn rows_of(fold: &Fold, role: Role, file: &EpochFile) -> Vec<usize> {
    let infos = file.infos();
    let people = fold.subjects(role);
    without_overlap(infos, epoch_seconds(file))
        .into_iter()
        .filter(|&row| people.contains(&infos[row].key.subject))
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

/// Scores every template of a fold against every probe, but for those with an epoch that has no direction; with a `cohort`,
/// normalised as the plan says.
pub(crate) fn scores_of_fold(
    plan: &Plan,
    fold: &Fold,
    prints: &Prints,
    people: &People,
    asked: &Asked,
) -> Result<FoldScores, RunError> {
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
    let matrix = match cohort {
        None => cosine(&templates, &probes),
        Some(cohort) => normalised(&templates, &probes, cohort, evaluation.normalisation),
    }
    .in_stage(&stage)?;
    let numbers =
        |pools: &[Pool]| -> Vec<u32> { pools.iter().map(|pool| people.number(&pool.subject)).collect() };
    let (template_subjects, probe_subjects) = (numbers(&trials.templates), numbers(&trials.probes));
    let scores = Scores::from_matrix(matrix.view(), &template_subjects, &probe_subjects).in_stage(&stage)?;
    Ok(FoldScores { trials, matrix, template_subjects, probe_subjects, scores })
}
