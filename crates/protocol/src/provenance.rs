//! What was fitted on whom, in which order the signal was worked on, and which columns became features.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use twinprint_signal::{RecordingKey, SubjectId};

use crate::leak::judge;
use crate::{Fold, Leak, LeakError, Notice, Plan, Row, Split, Variant};

/// Something that was fitted and the people it was fitted on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FitRecord {
    /// What: `encoder weights`, `whitening`, `scaler of log_psd_cosine`, `threshold`.
    pub what: String,
    /// The fold it serves; none when it serves every fold.
    pub fold: Option<usize>,
    /// Everybody it was fitted on.
    pub subjects: Vec<SubjectId>,
}

/// One step from raw samples to epochs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stage {
    /// A step by which a sample depends on its neighbours in time, by name: band-pass, notch, resampling.
    Filter(String),
    /// Cutting into epochs.
    Epoch,
    /// Any step that leaves every sample to itself, by name: reference, scale, rejection.
    Pointwise(String),
}

/// The steps in the order they ran.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct StageOrder(pub Vec<Stage>);

/// A metadata column that became a feature, with its value for every recording.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FeatureColumn {
    /// The column's name.
    pub name: String,
    /// Its value for every recording it is known for.
    pub values: Vec<(RecordingKey, String)>,
}

/// The metadata columns among the features; none for a system that sees samples only.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct FeatureColumns(pub Vec<FeatureColumn>);

/// Everything that happened on the way to the scores.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Provenance {
    /// What was fitted, and on whom.
    pub fits: Vec<FitRecord>,
    /// The steps from raw samples to epochs.
    pub stages: StageOrder,
    /// The metadata columns among the features.
    pub columns: FeatureColumns,
}

/// Looks over what happened: fits on test subjects, filters after epoching, name tags among the features.
///
/// A column is a name tag when one of its values is held by one subject only while others hold another. Under
/// `seen-subjects`, and for subjects in two roles on purpose, a fit on a test subject whom the split trains on is no
/// further leak.
///
/// # Errors
/// Every leak that the plan does not allow by name, each with its two offending rows.
pub fn check_provenance(
    provenance: &Provenance,
    split: &Split,
    plan: &Plan,
) -> Result<Vec<Notice>, Vec<LeakError>> {
    let mut found = Vec::new();
    for fit in &provenance.fits {
        for fold in split.folds.iter().filter(|fold| fit.fold.is_none_or(|index| index == fold.index)) {
            found.extend(fitted_on_test(fit, fold, split.variant, plan));
        }
    }
    found.extend(filter_after_epoching(&provenance.stages));
    found.extend(provenance.columns.0.iter().filter_map(identity_in(split)));
    judge(found, &plan.allow_leak, Vec::new())
}

fn fitted_on_test(fit: &FitRecord, fold: &Fold, variant: Variant, plan: &Plan) -> Option<LeakError> {
    let on_purpose = variant == Variant::SeenSubjects || plan.allows(Leak::SubjectInTwoRoles);
    let learnt_from = fold.learnt_from();
    let fine = |who: &SubjectId| on_purpose && fit.fold.is_some() && learnt_from.contains(who);
    let shared: Vec<&SubjectId> =
        fit.subjects.iter().filter(|who| fold.test.contains(who) && !fine(who)).collect();
    let first = *shared.first()?;
    Some(LeakError {
        leak: Leak::FittedOnTest,
        fold: Some(fold.index),
        what: format!("{} was fitted on {} subjects who are tested there", fit.what, shared.len()),
        rows: [Row::new("fitted", first, fit.what.clone()), Row::new("test", first, "")],
    })
}

fn filter_after_epoching(stages: &StageOrder) -> Option<LeakError> {
    let cut = stages.0.iter().position(|stage| *stage == Stage::Epoch)?;
    let late = stages.0.iter().enumerate().skip(cut).find_map(|(place, stage)| match stage {
        Stage::Filter(name) => Some((place, name)),
        Stage::Epoch | Stage::Pointwise(_) => None,
    });
    let (place, name) = late?;
    Some(LeakError {
        leak: Leak::FilterAfterEpoching,
        fold: None,
        what: format!("{name} runs after the epochs are cut"),
        rows: [
            Row::new(format!("step {}", cut + 1), "epoch", "cuts the recording"),
            Row::new(format!("step {}", place + 1), name, "mixes neighbouring samples"),
        ],
    })
}

fn identity_in(split: &Split) -> impl Fn(&FeatureColumn) -> Option<LeakError> {
    let known: BTreeSet<SubjectId> = split
        .folds
        .iter()
        .flat_map(|fold| fold.train.iter().chain(&fold.dev).chain(&fold.test))
        .cloned()
        .collect();
    move |column| {
        let mut holders: BTreeMap<&str, BTreeMap<&SubjectId, &RecordingKey>> = BTreeMap::new();
        for (key, value) in column.values.iter().filter(|(key, _)| known.contains(&key.subject)) {
            holders.entry(value).or_default().entry(&key.subject).or_insert(key);
        }
        let (value, key) = holders.iter().find_map(|(value, people)| {
            people.values().next().filter(|_| people.len() == 1).map(|key| (*value, *key))
        })?;
        let (other_value, other) = holders.iter().find_map(|(other_value, people)| {
            let other = people.values().find(|other| other.subject != key.subject)?;
            Some((*other_value, *other))
        })?;
        let value_of = |value: &str| format!("{} = {value:?}", column.name);
        Some(LeakError {
            leak: Leak::IdentityInFeatures,
            fold: None,
            what: format!("column {} has a value that only subject {} holds", column.name, key.subject),
            rows: [
                Row::new("feature", key, value_of(value)),
                Row::new("feature", other, value_of(other_value)),
            ],
        })
    }
}
