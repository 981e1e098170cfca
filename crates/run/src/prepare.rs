//! Everything about a plan that can be known without reading a sample: what `twinprint check` looks at.

use std::collections::BTreeSet;
use std::path::PathBuf;

use twinprint_encoder::{Attention, Compute};
use twinprint_protocol::{Leak, Split};
use twinprint_signal::counted;

use crate::cohort;
use crate::context::Survey;
use crate::deal::dealt;
use crate::pooling;
use crate::{Plan, RunError, leaks};

/// Everything about a plan that can be known without reading a sample.
pub struct Prepared {
    pub(crate) survey: Survey,
    /// Where the recordings are, a folder for each cohort.
    roots: Vec<PathBuf>,
    pub(crate) split: Split,
    /// Of leaks that are allowed and not there.
    unused: Vec<String>,
    pub(crate) device: Compute,
}

/// Opens every header, deals the folds, and looks for leaks: all that `twinprint check` does.
///
/// # Errors
/// When a recording is refused, the cohort is too small for the plan, or the protocol leaks.
pub fn prepare(plan: &Plan) -> Result<Prepared, RunError> {
    let cohort = cohort::survey(plan)?;
    let facts = cohort.facts();
    let protocol = &plan.config().protocol;
    let split = dealt(plan, &cohort)?;
    pooling::roads(plan, &cohort)?;
    let mut notices = twinprint_protocol::check(&facts, &split, protocol)
        .map_err(|leaks| RunError::Leaks(leaks.iter().map(ToString::to_string).collect()))?;
    notices.extend(leaks::of_carried(plan, &facts, &split)?);
    check_attention(plan, &split)?;
    let found = |leak: &Leak| notices.iter().any(|notice| notice.leak == Some(*leak));
    let unused = protocol.allow_leak.iter().filter(|leak| !found(leak)).map(|leak| {
        format!("{leak} is allowed, but before the run nothing of the kind is found: it changes no number unless a later check finds it")
    });
    let (unused, device, roots) = (unused.collect(), device(plan)?, plan.roots()?);
    Ok(Prepared { survey: Survey { cohort, notices }, roots, split, unused, device })
}

/// Refuses attention where a fold has too few people to learn it from, which training would refuse later.
fn check_attention(plan: &Plan, split: &Split) -> Result<(), RunError> {
    if plan.config().encoder.attention.is_none() || plan.carried().is_some() {
        return Ok(());
    }
    for fold in &split.folds {
        let people: BTreeSet<_> = fold.recordings.train.iter().map(|key| &key.subject).collect();
        if people.len() < Attention::PEOPLE {
            let reason = format!(
                "encoder.attention: fold {} learns from {}, and attention needs {}, two of them left out in turn: leave [encoder.attention] out, or raise protocol.folds or protocol.train.subjects",
                fold.index,
                counted(people.len(), "person"),
                Attention::PEOPLE
            );
            return Err(plan.invalid("encoder.attention", reason));
        }
    }
    Ok(())
}

impl Prepared {
    /// Who trains and who is tested, fold by fold.
    pub fn split(&self) -> &Split {
        &self.split
    }

    /// The number of recordings.
    pub fn recordings(&self) -> usize {
        self.survey.cohort.members.len()
    }

    /// The folders the recordings are in, one a cohort.
    pub fn roots(&self) -> &[PathBuf] {
        &self.roots
    }

    /// Everything the user should know before the run.
    pub fn notices(&self) -> Vec<String> {
        let protocol = self.survey.notices.iter().map(|notice| notice.text.clone());
        self.survey.cohort.notices.iter().cloned().chain(protocol).chain(self.unused.clone()).collect()
    }

    /// The leaks that run on purpose, each named once.
    pub fn leaks(&self) -> Vec<Leak> {
        let mut leaks: Vec<Leak> = self.survey.notices.iter().filter_map(|notice| notice.leak).collect();
        leaks.sort_unstable();
        leaks.dedup();
        leaks
    }
}

/// The device the plan names.
pub(crate) fn device(plan: &Plan) -> Result<Compute, RunError> {
    Compute::named(&plan.config().device).map_err(|error| plan.invalid("device", error))
}
