//! Folds over the people of all cohorts.

use twinprint_protocol::{CohortPart, Split};

use crate::cohort::Cohort;
use crate::{Plan, RunError};

/// Deals the people of all cohorts into folds.
pub(crate) fn dealt(plan: &Plan, cohort: &Cohort) -> Result<Split, RunError> {
    let protocol = &plan.config().protocol;
    let facts_of = |index| cohort.of(index).map(|member| member.facts.clone()).collect::<Vec<_>>();
    let facts: Vec<_> = (0..plan.cohorts().len()).map(facts_of).collect();
    let parts: Vec<CohortPart> = plan
        .cohorts()
        .iter()
        .zip(&facts)
        .map(|(settings, recordings)| CohortPart {
            name: settings.name.as_deref(),
            role: settings.role,
            learn_from: settings.learn_from,
            recordings,
            plan: settings.protocol(protocol),
        })
        .collect();
    twinprint_protocol::split_cohorts(&parts, protocol).map_err(|error| plan.invalid(&error.key(), error))
}
