//! Several cohorts in one protocol: what the people of each are for.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use twinprint_signal::{RecordingKey, SubjectId};

use crate::{Fold, FoldRecordings, Plan, RecordingMetadata, Split};

/// What the people of a cohort are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum CohortRole {
    /// Learnt from in every fold, never tested and never set aside for thresholds.
    Learn,
    /// Dealt over the folds: tested in one, learnt from or set aside in the others.
    #[default]
    LearnAndTest,
    /// Dealt over the folds and tested in one, never learnt from.
    Test,
}

impl CohortRole {
    /// Whether anything may be fitted on these people.
    pub fn learns(self) -> bool {
        self != Self::Test
    }

    /// Whether these people are tested.
    pub fn is_tested(self) -> bool {
        self != Self::Learn
    }
}

/// A cohort on its way into a split.
#[derive(Debug, Clone)]
pub struct CohortPart<'a> {
    /// Its name; none where the plan has a single data set.
    pub name: Option<&'a str>,
    /// What its people are for.
    pub role: CohortRole,
    /// At most so many of its people are learnt from, a smaller number a subset of a larger one; all where absent. Heeded of a
    /// cohort that is only learnt from.
    pub learn_from: Option<usize>,
    /// Its recordings. No person is in two cohorts.
    pub recordings: &'a [RecordingMetadata],
    /// The plan with what this cohort enrols, probes and learns from.
    pub plan: Plan,
}

/// A cohort of a split and its people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SplitCohort {
    /// The name of the cohort in the plan.
    pub name: String,
    /// What its people are for.
    pub role: CohortRole,
    /// Its people, sorted.
    pub subjects: Vec<SubjectId>,
}

impl Split {
    /// The split as each tested cohort sees it, in the order of the plan, so that the first is the main one: people are compared
    /// within their cohort only, since across cohorts the amplifier would tell them apart.
    ///
    /// The lists of dev and test hold the cohort's people alone; dev is empty in every fold where one fold has nobody of the
    /// cohort for it. Those learnt from are the cohort's own, or everybody where none of them is. A split without cohorts
    /// is seen whole, under no name.
    pub fn by_tested_cohort(&self) -> Vec<(Option<&str>, Self)> {
        if self.cohorts.is_empty() {
            return vec![(None, self.clone())];
        }
        let tested = self.cohorts.iter().filter(|cohort| cohort.role.is_tested());
        tested.map(|cohort| (Some(cohort.name.as_str()), self.within(cohort))).collect()
    }

    fn within(&self, cohort: &SplitCohort) -> Self {
        let mut folds: Vec<Fold> = self.folds.iter().map(|fold| fold_within(fold, cohort)).collect();
        if folds.iter().any(|fold| fold.dev.is_empty()) {
            for fold in &mut folds {
                fold.dev.clear();
                fold.recordings.dev_enrol.clear();
                fold.recordings.dev_probe.clear();
            }
        }
        let train_only = self.train_only.iter().filter(|who| cohort.holds(who)).cloned().collect();
        Self { folds, train_only, ..self.clone() }
    }
}

impl SplitCohort {
    fn holds(&self, subject: &SubjectId) -> bool {
        self.subjects.binary_search(subject).is_ok()
    }
}

fn fold_within(fold: &Fold, cohort: &SplitCohort) -> Fold {
    let people = |all: &[SubjectId]| -> Vec<SubjectId> {
        all.iter().filter(|who| cohort.holds(who)).cloned().collect()
    };
    let keys = |all: &[RecordingKey]| -> Vec<RecordingKey> {
        all.iter().filter(|key| cohort.holds(&key.subject)).cloned().collect()
    };
    let own = people(&fold.train);
    let recordings = &fold.recordings;
    Fold {
        index: fold.index,
        train: if own.is_empty() { fold.train.clone() } else { own },
        dev: people(&fold.dev),
        test: people(&fold.test),
        recordings: FoldRecordings {
            train: recordings.train.clone(),
            dev_enrol: keys(&recordings.dev_enrol),
            dev_probe: keys(&recordings.dev_probe),
            test_enrol: keys(&recordings.test_enrol),
            test_probe: keys(&recordings.test_probe),
        },
    }
}
