//! What was fitted on whom, and what was done to the signal in which order.

use serde::{Deserialize, Serialize};
use twinprint_signal::{FoldIndex, SubjectId, counted};

use crate::leak::judge;
use crate::{Fold, Leak, LeakError, Notice, Plan, Row, Split, Variant};

/// Something that was fitted and the people it was fitted on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FitRecord {
    /// What: `encoder weights`, `whitening`, `scaler of log_psd_cosine`, `threshold`.
    pub what: String,
    /// The fold it serves; none when it serves every fold.
    pub fold: Option<FoldIndex>,
    /// Everybody it was fitted on.
    pub subjects: Vec<SubjectId>,
}

/// An operation that was carried out on the signal, as preprocessing reports it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Operation {
    /// One by which a sample depends on its neighbours in time, by name: band-pass, notch, resampling.
    Filter(String),
    /// The signal is cut into epochs; what works on neighbouring samples must come before.
    Epoching,
    /// One that carries nothing from sample to sample, by name: reference, rejection, scale.
    Pointwise(String),
}

/// Everything that happened on the way to the scores.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Provenance {
    /// What was fitted, and on whom.
    pub fits: Vec<FitRecord>,
    /// The operations from raw samples to epochs in the order they were carried out: every order that a recording of the
    /// cohort went through, once.
    pub operations: Vec<Vec<Operation>>,
}

/// Looks over what happened: fits on test subjects, filters after epoching.
///
/// Under `seen-subjects`, and for subjects in two roles on purpose, a fit on a test subject whom the split trains on is no
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
    found.extend(provenance.operations.iter().filter_map(|operations| filter_after_epoching(operations)));
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
        what: format!("{} was fitted on {} tested there", fit.what, counted(shared.len(), "subject")),
        rows: [Row::new("fitted", first, fit.what.clone()), Row::new("test", first, "")],
    })
}

fn filter_after_epoching(operations: &[Operation]) -> Option<LeakError> {
    let cut = operations.iter().position(|operation| *operation == Operation::Epoching)?;
    let late = operations.iter().enumerate().skip(cut).find_map(|(place, operation)| match operation {
        Operation::Filter(name) => Some((place, name)),
        Operation::Epoching | Operation::Pointwise(_) => None,
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
