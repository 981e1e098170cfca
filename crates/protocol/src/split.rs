//! Folds by subject, with the recordings of every role.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use serde::{Deserialize, Serialize};
use twinprint_signal::{EpochInfo, RecordingKey, SubjectId};

use crate::choose::{Choice, Cohort, choose, cohort};
use crate::deal::{self, Strata};
use crate::lengths::long_enough;
use crate::{Leak, OnShort, Plan, ProtocolError, RecordingMetadata, Variant};

/// What a person is for inside a fold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Their recordings are learnt from.
    Train,
    /// Compared to stop early and to set thresholds.
    Dev,
    /// Compared to be reported.
    Test,
}

impl Role {
    /// `train`, `dev` or `test`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Train => "train",
            Self::Dev => "dev",
            Self::Test => "test",
        }
    }
}

/// Who is for what in one fold. The lists are sorted and share nobody.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fold {
    /// The fold's number, from 0.
    pub index: usize,
    /// People learnt from with all recordings the plan gives to training.
    pub train: Vec<SubjectId>,
    /// People compared to stop early and to set thresholds.
    pub dev: Vec<SubjectId>,
    /// People compared to be reported.
    pub test: Vec<SubjectId>,
    /// The recordings of every role.
    pub recordings: FoldRecordings,
}

/// The recordings of every role in one fold. A person's stand in the order they were most likely made.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FoldRecordings {
    /// All that may be learnt from; the authority over what training reads. Under `seen-subjects` the enrolment
    /// recordings of the test subjects are among them.
    pub train: Vec<RecordingKey>,
    /// Templates of the dev subjects.
    pub dev_enrol: Vec<RecordingKey>,
    /// Probes of the dev subjects.
    pub dev_probe: Vec<RecordingKey>,
    /// Templates of the test subjects.
    pub test_enrol: Vec<RecordingKey>,
    /// Probes of the test subjects.
    pub test_probe: Vec<RecordingKey>,
}

impl Fold {
    /// The people who have a role.
    pub fn subjects(&self, role: Role) -> &[SubjectId] {
        match role {
            Role::Train => &self.train,
            Role::Dev => &self.dev,
            Role::Test => &self.test,
        }
    }

    /// Whether training may read a recording.
    pub fn trains_on(&self, key: &RecordingKey) -> bool {
        self.recordings.train.contains(key)
    }

    /// Positions of the epochs training may read, in the order given.
    pub fn training_epochs(&self, epochs: &[EpochInfo]) -> Vec<usize> {
        let allowed: HashSet<&RecordingKey> = self.recordings.train.iter().collect();
        epochs
            .iter()
            .enumerate()
            .filter(|(_, info)| allowed.contains(&*info.key))
            .map(|(index, _)| index)
            .collect()
    }

    /// Everybody a recording of whom is learnt from; under `seen-subjects` more than [`Fold::train`].
    pub fn learnt_from(&self) -> BTreeSet<&SubjectId> {
        self.recordings.train.iter().map(|key| &key.subject).collect()
    }

    /// The enrolment and the probe recordings of a role; nothing for training.
    pub fn compared(&self, role: Role) -> (&[RecordingKey], &[RecordingKey]) {
        match role {
            Role::Train => (&[], &[]),
            Role::Dev => (&self.recordings.dev_enrol, &self.recordings.dev_probe),
            Role::Test => (&self.recordings.test_enrol, &self.recordings.test_probe),
        }
    }
}

/// All folds: the content of `split.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Split {
    /// The variant it was made under.
    pub variant: Variant,
    /// The seed it was dealt with.
    pub seed: u64,
    /// Every fold; each subject who can be tested is tested in exactly one.
    pub folds: Vec<Fold>,
    /// People without a recording to enrol or to probe with, who only train; none unless the plan drops short ones.
    pub train_only: Vec<SubjectId>,
    /// Every recording that may be learnt from, of everybody: what an encoder for people outside the run learns from, once
    /// the folds have said how good such encoders are. Empty in files of earlier versions.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub learnable: Vec<RecordingKey>,
}

/// Deals people into folds and settles which of their recordings are for what.
///
/// The order of `recordings` does not matter. The same seed gives the same split on every machine.
///
/// # Errors
/// When a setting is out of range, a selector names nothing, a person has nothing or recordings too short to enrol or
/// probe with (unless the plan drops them), the stratifying label is absent or changes within a person, or a fold would have fewer than two
/// people to test or to train on.
pub fn split(recordings: &[RecordingMetadata], plan: &Plan) -> Result<Split, ProtocolError> {
    plan.validate()?;
    let cohort = cohort(recordings)?;
    let choices = choose(&cohort, plan)?;
    if plan.on_short == OnShort::Error {
        long_enough(recordings, &choices, plan)?;
    }
    let tested: Vec<&SubjectId> = choices.iter().filter(|(_, c)| c.can_be_tested()).map(|(s, _)| s).collect();
    let train_only: Vec<SubjectId> =
        choices.iter().filter(|(_, c)| !c.can_be_tested()).map(|(s, _)| s.clone()).collect();
    if tested.len() < 2 * plan.folds {
        let (folds, subjects) = (plan.folds, tested.len());
        return Err(ProtocolError::TooFewSubjects { folds, subjects, most: (subjects / 2).max(2) });
    }
    let dealt = deal::folds(&strata(&cohort, tested.iter().copied(), plan)?, plan.folds, plan.seed);
    let mut folds = Vec::with_capacity(dealt.len());
    for (index, test) in dealt.into_iter().enumerate() {
        let others = strata(&cohort, choices.keys().filter(|who| !test.contains(who)), plan)?;
        let (train, dev) = train_and_dev(&others, &choices, index, test.len(), plan)?;
        folds.push(fold(index, train, dev, test, &choices, plan));
    }
    let learnable = choices.values().flat_map(|choice| choice.train.clone()).collect();
    Ok(Split { variant: plan.variant, seed: plan.seed, folds, train_only, learnable })
}

/// Groups people by the stratifying label.
fn strata<'a>(
    cohort: &Cohort,
    people: impl Iterator<Item = &'a SubjectId>,
    plan: &Plan,
) -> Result<Strata, ProtocolError> {
    let mut strata = Strata::new();
    for subject in people {
        let list = cohort.get(subject).map(Vec::as_slice).unwrap_or_default();
        let stratum = match &plan.stratify {
            Some(label) => label_of(list, label)?,
            None => String::new(),
        };
        strata.entry(stratum).or_default().push(subject.clone());
    }
    Ok(strata)
}

/// The one value a label has in all recordings of a person.
fn label_of(list: &[&RecordingMetadata], label: &str) -> Result<String, ProtocolError> {
    let mut value: Option<(&RecordingMetadata, &String)> = None;
    for facts in list {
        let here = facts.labels.get(label).ok_or_else(|| ProtocolError::NoLabel {
            label: label.to_owned(),
            key: Box::new(facts.key.clone()),
            known: match facts.labels.keys().cloned().collect::<Vec<_>>() {
                none if none.is_empty() => "no labels".to_owned(),
                some => some.join(", "),
            },
        })?;
        if let Some((first, there)) = value
            && there != here
        {
            return Err(ProtocolError::LabelChanges {
                label: label.to_owned(),
                first_key: Box::new(first.key.clone()),
                first: there.clone(),
                second_key: Box::new(facts.key.clone()),
                second: here.clone(),
            });
        }
        value = Some((facts, here));
    }
    Ok(value.map(|(_, value)| value.clone()).unwrap_or_default())
}

type Choices = BTreeMap<SubjectId, Choice>;

/// Sets dev subjects aside from those not tested, and limits the rest where the plan does.
fn train_and_dev(
    others: &Strata,
    choices: &Choices,
    fold: usize,
    test: usize,
    plan: &Plan,
) -> Result<(Vec<SubjectId>, Vec<SubjectId>), ProtocolError> {
    let order = deal::mixed_order(others, fold, plan.seed);
    let can = |who: &SubjectId| choices.get(who).is_some_and(Choice::can_be_tested);
    let wanted = plan.dev_subjects.of(order.len());
    let mut dev: Vec<SubjectId> = order.iter().filter(|who| can(who)).take(wanted).cloned().collect();
    let learnable = |who: &&SubjectId| choices.get(who).is_some_and(|c| !c.train.is_empty());
    let limit = if plan.train.subjects == 0 { usize::MAX } else { plan.train.subjects };
    let mut train: Vec<SubjectId> =
        order.iter().filter(|who| !dev.contains(who)).filter(learnable).take(limit).cloned().collect();
    if train.len() < 2 || dev.len() < wanted {
        return Err(ProtocolError::NoTraining { fold, left: train.len(), dev: wanted, test });
    }
    train.sort();
    dev.sort();
    Ok((train, dev))
}

fn fold(
    index: usize,
    mut train: Vec<SubjectId>,
    dev: Vec<SubjectId>,
    test: Vec<SubjectId>,
    choices: &Choices,
    plan: &Plan,
) -> Fold {
    let gather = |people: &[SubjectId], of: fn(&Choice) -> &Vec<RecordingKey>| -> Vec<RecordingKey> {
        people.iter().filter_map(|who| choices.get(who)).flat_map(|choice| of(choice).clone()).collect()
    };
    if plan.allows(Leak::SubjectInTwoRoles) {
        train.extend(test.iter().cloned());
        train.sort();
    }
    let mut recordings = FoldRecordings {
        train: gather(&train, |choice| &choice.train),
        dev_enrol: gather(&dev, |choice| &choice.enrol),
        dev_probe: gather(&dev, |choice| &choice.probe),
        test_enrol: gather(&test, |choice| &choice.enrol),
        test_probe: gather(&test, |choice| &choice.probe),
    };
    if plan.variant == Variant::SeenSubjects {
        let seen: Vec<_> =
            recordings.test_enrol.iter().filter(|key| !recordings.train.contains(key)).cloned().collect();
        recordings.train.extend(seen);
    }
    Fold { index, train, dev, test, recordings }
}
