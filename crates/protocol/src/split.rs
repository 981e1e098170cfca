//! Folds by subject, with the recordings of every role.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use serde::{Deserialize, Serialize};
use twinprint_signal::{EpochInfo, FoldIndex, RecordingKey, SubjectId};

use crate::choose::{Choice, Cohort, choose, choose_to_learn, cohort};
use crate::deal::{self, Strata};
use crate::lengths::long_enough;
use crate::{
    CohortPart, CohortRole, Leak, OnShort, Plan, ProtocolError, RecordingMetadata, SplitCohort, Variant,
};

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
    pub index: FoldIndex,
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

    /// The epochs that training may read, in the order given.
    pub fn training_epochs<'a>(&self, epochs: &'a [EpochInfo]) -> impl Iterator<Item = &'a EpochInfo> {
        let allowed: HashSet<&RecordingKey> = self.recordings.train.iter().collect();
        epochs.iter().filter(move |info| allowed.contains(&*info.key))
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
    /// The cohorts of the plan, in its order; none where it has a single data set.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cohorts: Vec<SplitCohort>,
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
    let (role, plan_of_all) = (CohortRole::LearnAndTest, plan.clone());
    let whole = CohortPart { name: None, role, learn_from: None, recordings, plan: plan_of_all };
    split_cohorts(&[whole], plan)
}

/// [`split`] of several cohorts: folds are dealt over the people of those that are tested, cohort by cohort, so that every fold has
/// its share of each; dev people come from those that are learnt from and tested. `protocol.train.subjects` limits the people of
/// these, not of cohorts that are only learnt from. A single cohort is dealt as [`split`] deals it.
///
/// # Errors
/// As [`split`], with the cohort that it is about.
pub fn split_cohorts(parts: &[CohortPart], plan: &Plan) -> Result<Split, ProtocolError> {
    plan.validate()?;
    let mut everybody = Everybody::default();
    for (index, part) in parts.iter().enumerate() {
        everybody.add(index, part).map_err(|error| error.of_cohort(part.name))?;
    }
    let dealt = deal::folds(&everybody.strata(|who| everybody.tested.contains(who)), plan.folds, plan.seed);
    let mut folds = Vec::with_capacity(dealt.len());
    for (index, test) in dealt.into_iter().enumerate() {
        let (train, dev) = everybody.train_and_dev(index, &test, plan)?;
        folds.push(everybody.fold(index, train, dev, test, plan));
    }
    let Everybody { choices, cohorts, train_only, .. } = everybody;
    let learnable = choices.into_values().flat_map(|choice| choice.train).collect();
    Ok(Split { variant: plan.variant, seed: plan.seed, folds, train_only, learnable, cohorts })
}

/// What is known of the people of all cohorts before they are dealt.
#[derive(Default)]
struct Everybody {
    choices: BTreeMap<SubjectId, Choice>,
    /// The stratum of everybody who may be dealt into a role.
    stratum: BTreeMap<SubjectId, String>,
    /// Those who are tested.
    tested: BTreeSet<SubjectId>,
    /// Those whom nothing may be fitted on.
    never_learnt: BTreeSet<SubjectId>,
    /// Those who are learnt from in every fold.
    always_learnt: Vec<SubjectId>,
    train_only: Vec<SubjectId>,
    cohorts: Vec<SplitCohort>,
}

impl Everybody {
    /// Settles what the recordings of a cohort are for.
    fn add(&mut self, index: usize, part: &CohortPart) -> Result<(), ProtocolError> {
        let cohort = cohort(part.recordings)?;
        let subjects: Vec<SubjectId> = cohort.keys().map(|who| (*who).clone()).collect();
        if part.role.is_tested() {
            self.add_tested(index, part, &cohort)?;
        } else {
            let mut people = Strata::from([(String::new(), subjects.clone())]);
            people.retain(|_, people| !people.is_empty());
            let order = deal::mixed_order(&people, LEARNT_ONLY + index, part.plan.seed);
            let mut choices = choose_to_learn(&cohort, &part.plan)?;
            for left_out in order.iter().skip(part.learn_from.unwrap_or(usize::MAX)) {
                choices.remove(left_out);
            }
            self.always_learnt.extend(choices.keys().cloned());
            self.choices.extend(choices);
        }
        if let Some(name) = part.name {
            self.cohorts.push(SplitCohort { name: name.to_owned(), role: part.role, subjects });
        }
        Ok(())
    }

    fn add_tested(&mut self, index: usize, part: &CohortPart, cohort: &Cohort) -> Result<(), ProtocolError> {
        let plan = &part.plan;
        let mut choices = choose(cohort, plan)?;
        if plan.on_short == OnShort::Error {
            long_enough(part.recordings, &choices, plan)?;
        }
        let (tested, others): (Vec<_>, Vec<_>) =
            choices.iter().partition(|(_, choice)| choice.can_be_tested());
        if tested.len() < 2 * plan.folds {
            let (folds, subjects) = (plan.folds, tested.len());
            return Err(ProtocolError::TooFewSubjects { folds, subjects });
        }
        self.tested.extend(tested.into_iter().map(|(who, _)| who.clone()));
        self.train_only.extend(others.into_iter().map(|(who, _)| who.clone()));
        for who in choices.keys() {
            let list = cohort.get(who).map(Vec::as_slice).unwrap_or_default();
            let label = plan.stratify.as_ref().map(|label| label_of(list, label)).transpose()?;
            // Cohorts stand in the order of the plan.
            self.stratum.insert(who.clone(), format!("{index:04}/{}", label.unwrap_or_default()));
        }
        if !part.role.learns() {
            self.never_learnt.extend(choices.keys().cloned());
            choices.values_mut().for_each(|choice| choice.train.clear());
        }
        self.choices.extend(choices);
        Ok(())
    }

    /// Groups those `taken` of all who may be dealt into a role by cohort and the stratifying label.
    fn strata(&self, taken: impl Fn(&SubjectId) -> bool) -> Strata {
        let mut strata = Strata::new();
        for (subject, stratum) in self.stratum.iter().filter(|(who, _)| taken(who)) {
            strata.entry(stratum.clone()).or_default().push(subject.clone());
        }
        strata
    }

    /// Sets dev subjects aside from those not tested, and limits the rest where the plan does.
    fn train_and_dev(
        &self,
        fold: usize,
        test: &[SubjectId],
        plan: &Plan,
    ) -> Result<(Vec<SubjectId>, Vec<SubjectId>), ProtocolError> {
        let others = self.strata(|who| !test.contains(who) && !self.never_learnt.contains(who));
        let order = deal::mixed_order(&others, fold, plan.seed);
        let wanted = plan.dev_subjects.of(order.len());
        let mut dev: Vec<SubjectId> =
            order.iter().filter(|who| self.tested.contains(who)).take(wanted).cloned().collect();
        let learnable = |who: &&SubjectId| self.choices.get(who).is_some_and(|c| !c.train.is_empty());
        let limit = if plan.train.subjects == 0 { usize::MAX } else { plan.train.subjects };
        let mut train: Vec<SubjectId> =
            order.iter().filter(|who| !dev.contains(who)).filter(learnable).take(limit).cloned().collect();
        train.extend(self.always_learnt.iter().filter(learnable).cloned());
        if train.len() < 2 || dev.len() < wanted {
            return Err(ProtocolError::NoTraining { fold, left: train.len(), dev: wanted, test: test.len() });
        }
        train.sort();
        dev.sort();
        Ok((train, dev))
    }

    fn fold(
        &self,
        place: usize,
        mut train: Vec<SubjectId>,
        dev: Vec<SubjectId>,
        test: Vec<SubjectId>,
        plan: &Plan,
    ) -> Fold {
        let gather = |people: &[SubjectId], of: fn(&Choice) -> &Vec<RecordingKey>| -> Vec<RecordingKey> {
            let choices = people.iter().filter_map(|who| self.choices.get(who));
            choices.flat_map(|choice| of(choice).clone()).collect()
        };
        if plan.allows(Leak::SubjectInTwoRoles) {
            train.extend(test.iter().filter(|who| !self.never_learnt.contains(who)).cloned());
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
            let new = |key: &&RecordingKey| {
                !recordings.train.contains(key) && !self.never_learnt.contains(&key.subject)
            };
            let seen: Vec<_> = recordings.test_enrol.iter().filter(new).cloned().collect();
            recordings.train.extend(seen);
        }
        Fold { index: FoldIndex::of_place(place), train, dev, test, recordings }
    }
}

/// Streams of draws from here on put the people of a cohort that is only learnt from in an order.
const LEARNT_ONLY: usize = 1 << 20;

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
