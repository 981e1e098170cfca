//! The trial list: one score per comparison, with the subjects on both sides.

use ndarray::ArrayView2;

use crate::ScoreError;

/// Similarities of comparisons, each with the subject enrolled and the subject probed.
///
/// A comparison is *mated* when both are the same subject (ISO/IEC 19795-1). All scores are finite and there is at
/// least one mated and one non-mated comparison. Sixteen bytes per trial.
#[derive(Debug, Clone, PartialEq)]
pub struct Scores {
    similarity: Vec<f64>,
    enrol_subject: Vec<u32>,
    probe_subject: Vec<u32>,
    mated: usize,
}

impl Scores {
    /// A checked trial list from `similarity[trial]`, `enrol_subject[trial]` and `probe_subject[trial]`.
    ///
    /// Trials of several folds may follow one another: one threshold then serves them all, and folds stay apart because
    /// no trial joins them.
    pub fn new(
        mut similarity: Vec<f64>,
        enrol_subject: Vec<u32>,
        probe_subject: Vec<u32>,
    ) -> Result<Self, ScoreError> {
        let trials = similarity.len();
        if enrol_subject.len() != trials || probe_subject.len() != trials {
            return Err(ScoreError::Lengths {
                scores: trials,
                enrol: enrol_subject.len(),
                probe: probe_subject.len(),
            });
        }
        if trials > u32::MAX as usize {
            return Err(ScoreError::TrialCount { trials });
        }
        for (index, value) in similarity.iter_mut().enumerate() {
            if !value.is_finite() {
                return Err(ScoreError::NotFinite { index, value: *value });
            }
            // Minus zero equals zero; from here on equal scores have equal bits.
            *value += 0.0;
        }
        let mated = enrol_subject.iter().zip(&probe_subject).filter(|(enrol, probe)| enrol == probe).count();
        if mated == 0 {
            return Err(ScoreError::NoMated { non_mated: trials });
        }
        if mated == trials {
            return Err(ScoreError::NoNonMated { mated });
        }
        Ok(Self { similarity, enrol_subject, probe_subject, mated })
    }

    /// All trials of a score matrix `[templates, probes]`, row by row.
    pub fn from_matrix(
        similarity: ArrayView2<f32>,
        template_subject: &[u32],
        probe_subject: &[u32],
    ) -> Result<Self, ScoreError> {
        let (templates, probes) = similarity.dim();
        if template_subject.len() != templates || probe_subject.len() != probes {
            return Err(ScoreError::Lengths {
                scores: templates * probes,
                enrol: template_subject.len() * probes,
                probe: probe_subject.len() * templates,
            });
        }
        let scores = similarity.iter().map(|&value| f64::from(value)).collect();
        let enrol =
            template_subject.iter().flat_map(|&subject| std::iter::repeat_n(subject, probes)).collect();
        let probe = probe_subject.repeat(templates);
        Self::new(scores, enrol, probe)
    }

    /// The trials of several lists (folds) one after the other.
    pub fn concat(parts: &[Scores]) -> Result<Self, ScoreError> {
        Self::new(
            parts.iter().flat_map(|part| part.similarity.iter().copied()).collect(),
            parts.iter().flat_map(|part| part.enrol_subject.iter().copied()).collect(),
            parts.iter().flat_map(|part| part.probe_subject.iter().copied()).collect(),
        )
    }

    /// Similarity of each trial, in the order given.
    pub fn similarity(&self) -> &[f64] {
        &self.similarity
    }

    /// Subject enrolled in each trial.
    pub fn enrol_subject(&self) -> &[u32] {
        &self.enrol_subject
    }

    /// Subject probed in each trial.
    pub fn probe_subject(&self) -> &[u32] {
        &self.probe_subject
    }

    /// Number of trials.
    pub fn len(&self) -> usize {
        self.similarity.len()
    }

    /// Always false: a trial list holds at least one mated and one non-mated comparison.
    pub fn is_empty(&self) -> bool {
        self.similarity.is_empty()
    }

    /// Number of mated comparisons, at least 1.
    pub fn mated(&self) -> usize {
        self.mated
    }

    /// Number of non-mated comparisons, at least 1.
    pub fn non_mated(&self) -> usize {
        self.len() - self.mated
    }

    /// Every subject enrolled or probed, ascending.
    pub(crate) fn subjects(&self) -> Vec<u32> {
        let mut subjects: Vec<u32> = Vec::new();
        for column in [&self.enrol_subject, &self.probe_subject] {
            let mut previous = None;
            for &subject in column {
                if previous != Some(subject) {
                    subjects.push(subject);
                    previous = Some(subject);
                    if subjects.len() >= 1 << 20 {
                        subjects.sort_unstable();
                        subjects.dedup();
                    }
                }
            }
        }
        subjects.sort_unstable();
        subjects.dedup();
        subjects
    }

    /// Whether a trial compares a subject with the same subject.
    pub(crate) fn is_mated(&self, trial: usize) -> bool {
        self.enrol_subject[trial] == self.probe_subject[trial]
    }

    /// The same trials with other scores, which must be finite.
    pub(crate) fn with_similarity(&self, similarity: Vec<f64>) -> Result<Self, ScoreError> {
        Self::new(similarity, self.enrol_subject.clone(), self.probe_subject.clone())
    }

    /// Position of the first trial whose subjects differ from another list's; `None` for the same trials.
    pub(crate) fn first_difference(&self, other: &Scores) -> Option<usize> {
        let shorter = self.len().min(other.len());
        (0..shorter)
            .find(|&trial| {
                self.enrol_subject[trial] != other.enrol_subject[trial]
                    || self.probe_subject[trial] != other.probe_subject[trial]
            })
            .or((self.len() != other.len()).then_some(shorter))
    }
}
