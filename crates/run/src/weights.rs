//! Which cohort everybody is of, and how much its people count where something is fitted.

use std::collections::BTreeMap;

use twinprint_protocol::Split;
use twinprint_signal::SubjectId;

use crate::Plan;

/// The cohort and the weight of everybody's epochs.
#[derive(Debug, Clone, Default)]
pub(crate) struct Weights {
    /// Empty where all count alike.
    weight: BTreeMap<SubjectId, f32>,
    /// Empty where all are of one cohort.
    cohort: BTreeMap<SubjectId, u32>,
}

impl Weights {
    /// As the plan says, of the cohorts whose epochs lie together.
    pub(crate) fn of(plan: &Plan, split: &Split) -> Self {
        let weight = |name: &str| {
            let own = plan.cohorts().iter().find(|settings| settings.name.as_deref() == Some(name));
            own.filter(|settings| settings.is_pooled()).map(|settings| settings.weight as f32)
        };
        let known: Vec<(f32, &[SubjectId])> = split
            .cohorts
            .iter()
            .filter_map(|cohort| Some((weight(&cohort.name)?, cohort.subjects.as_slice())))
            .collect();
        let mut all = Self::default();
        if known.windows(2).any(|pair| pair[0].0 != pair[1].0) {
            let each =
                known.iter().flat_map(|(weight, people)| people.iter().map(|who| (who.clone(), *weight)));
            all.weight = each.collect();
        }
        if known.len() > 1 {
            let each = known
                .iter()
                .zip(0..)
                .flat_map(|((_, people), cohort)| people.iter().map(move |who| (who.clone(), cohort)));
            all.cohort = each.collect();
        }
        all
    }

    /// The weight of each of some people's epochs; none where all count alike.
    pub(crate) fn of_each<'a>(&self, people: impl Iterator<Item = &'a SubjectId>) -> Vec<f32> {
        if self.weight.is_empty() {
            return Vec::new();
        }
        people.map(|who| self.weight.get(who).copied().unwrap_or(1.0)).collect()
    }

    /// The cohort of each of some people's epochs, as a number; none where all are of one.
    pub(crate) fn cohort_of_each<'a>(&self, people: impl Iterator<Item = &'a SubjectId>) -> Vec<u32> {
        if self.cohort.is_empty() {
            return Vec::new();
        }
        people.map(|who| self.cohort.get(who).copied().unwrap_or(u32::MAX)).collect()
    }
}
