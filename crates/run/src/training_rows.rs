//! The epochs of a fold that may be learnt from: rows of the file of epochs, which stays on disk.

use std::collections::{BTreeMap, HashSet};

use twinprint_closed::Labels;
use twinprint_encoder::TrainingEpochs;
use twinprint_protocol::{Fold, Split};
use twinprint_signal::{ChannelName, EpochInfo, EpochRow, RecordingKey, SubjectId, counted};
use twinprint_store::epochs::EpochFile;

use crate::RunError;
use crate::weights::Weights;

/// The epochs one encoder learns from, and the person of each.
pub(crate) struct TrainingRows {
    rows: Vec<EpochRow>,
    subject: Vec<u32>,
    recording: Vec<u32>,
    /// How much each counts; empty where all count alike.
    weight: Vec<f32>,
    /// The cohort of each; empty where all are of one.
    cohort: Vec<u32>,
    /// Those that overlap no other, by their place among the rows.
    apart: Vec<usize>,
    subjects: Vec<SubjectId>,
    rate: f64,
    channels: Vec<ChannelName>,
}

impl TrainingRows {
    /// Finds the epochs of the fold's training recordings, overlapping ones included.
    pub(crate) fn of(fold: &Fold, file: &EpochFile, weights: &Weights) -> Result<Self, RunError> {
        Self::among(&format!("fold {}", fold.index), &fold.recordings.train, file, weights)
    }

    /// Finds the epochs of everybody who may be learnt from, overlapping ones included.
    pub(crate) fn of_everybody(split: &Split, file: &EpochFile, weights: &Weights) -> Result<Self, RunError> {
        Self::among("the final model", &split.learnable, file, weights)
    }

    fn among(
        what: &str,
        recordings: &[RecordingKey],
        file: &EpochFile,
        weights: &Weights,
    ) -> Result<Self, RunError> {
        let infos = file.infos();
        let allowed: HashSet<&RecordingKey> = recordings.iter().collect();
        let rows = rows_with(infos, |info| allowed.contains(&*info.key));
        let weight = weights.of_each(rows.iter().map(|row| &infos[row.0].key.subject));
        let cohort = weights.cohort_of_each(rows.iter().map(|row| &infos[row.0].key.subject));
        let (subject, subjects) = numbered(&rows, |row| &infos[row.0].key.subject);
        let (recording, _) = numbered(&rows, |row| &infos[row.0].key);
        if subjects.len() < 2 {
            return Err(RunError::in_stage(
                "train",
                format!(
                    "{what} has clean epochs of {}, but learning needs 2 or more: loosen preprocess.reject",
                    counted(subjects.len(), "training subject")
                ),
            ));
        }
        let clean = without_overlap(infos, epoch_seconds(file));
        let mut apart: Vec<usize> =
            (0..rows.len()).filter(|&place| clean.binary_search(&rows[place]).is_ok()).collect();
        let time = |place: usize| infos[rows[place].0].start.get();
        apart.sort_by(|&a, &b| recording[a].cmp(&recording[b]).then(time(a).total_cmp(&time(b))));
        tracing::debug!(what, epochs = rows.len(), subjects = subjects.len(), "to learn from");
        Ok(Self {
            rows,
            subject,
            recording,
            weight,
            cohort,
            apart,
            subjects,
            rate: file.rate().get(),
            channels: file.channels().to_vec(),
        })
    }

    /// All epochs that any encoder learns from, in the order of the file.
    pub(crate) fn of_any(split: &Split, file: &EpochFile) -> Vec<EpochRow> {
        let of_folds = split.folds.iter().flat_map(|fold| &fold.recordings.train);
        let allowed: HashSet<&RecordingKey> = of_folds.chain(&split.learnable).collect();
        rows_with(file.infos(), |info| allowed.contains(&*info.key))
    }

    /// The epochs of `file`, which these rows were found in, as the encoder takes them.
    pub(crate) fn epochs<'a>(&'a self, file: &'a EpochFile) -> TrainingEpochs<'a> {
        TrainingEpochs {
            samples: file.samples(),
            rows: Some(&self.rows),
            subject: &self.subject,
            recording: &self.recording,
            weight: &self.weight,
            cohort: &self.cohort,
            apart: Some(&self.apart),
            rate: self.rate,
            channels: &self.channels,
        }
    }

    /// The rows of the file of epochs that are learnt from.
    pub(crate) fn rows(&self) -> &[EpochRow] {
        &self.rows
    }

    /// The person of each of them, as a number, and how much each counts; recordings are not told apart.
    pub(crate) fn labels(&self) -> Labels<'_> {
        Labels { subject: &self.subject, recording: &[], weight: &self.weight }
    }

    /// The people learnt from.
    pub(crate) fn subjects(&self) -> &[SubjectId] {
        &self.subjects
    }
}

/// Some epochs of the file as the encoder takes them where it does not matter whose they are.
pub(crate) fn unlabelled<'a>(file: &'a EpochFile, rows: &'a [EpochRow]) -> TrainingEpochs<'a> {
    let all = TrainingEpochs::new(file.samples(), &[], &[], file.rate().get(), file.channels());
    TrainingEpochs { rows: Some(rows), ..all }
}

/// The rows of the epochs that are wanted.
pub(crate) fn rows_with(infos: &[EpochInfo], wanted: impl Fn(&EpochInfo) -> bool) -> Vec<EpochRow> {
    (0..infos.len()).map(EpochRow).filter(|row| wanted(&infos[row.0])).collect()
}

/// A number for each row's name, and the names in the order of their numbers.
pub(crate) fn numbered<'a, K: Ord + Clone + 'a>(
    rows: &[EpochRow],
    name: impl Fn(EpochRow) -> &'a K,
) -> (Vec<u32>, Vec<K>) {
    let mut known: BTreeMap<&K, u32> = rows.iter().map(|&row| (name(row), 0)).collect();
    for (number, slot) in known.values_mut().enumerate() {
        *slot = number as u32;
    }
    let numbers = rows.iter().map(|&row| known[name(row)]).collect();
    (numbers, known.into_keys().cloned().collect())
}

/// The length of every epoch of the file.
pub(crate) fn epoch_seconds(file: &EpochFile) -> f64 {
    file.samples().dim().2 as f64 / file.rate().get()
}

/// The rows whose epochs do not overlap an earlier one of their recording: those that are scored and exported.
pub(crate) fn without_overlap(infos: &[EpochInfo], epoch_seconds: f64) -> Vec<EpochRow> {
    let mut order: Vec<usize> = (0..infos.len()).collect();
    order.sort_by(|&a, &b| {
        infos[a]
            .key
            .cmp(&infos[b].key)
            .then(infos[a].start.get().total_cmp(&infos[b].start.get()))
            .then(a.cmp(&b))
    });
    let mut kept = Vec::new();
    let mut free_from: Option<(usize, f64)> = None;
    for row in order {
        let start = infos[row].start.get();
        let overlaps =
            free_from.is_some_and(|(last, end)| infos[last].key == infos[row].key && start < end - 1e-6);
        if !overlaps {
            kept.push(EpochRow(row));
            free_from = Some((row, start + epoch_seconds));
        }
    }
    kept.sort_unstable();
    kept
}
