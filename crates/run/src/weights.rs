//! How much the people of each cohort count where something is fitted in closed form.

use std::collections::BTreeMap;

use twinprint_protocol::Split;
use twinprint_signal::SubjectId;

use crate::Plan;

/// The weight of everybody's epochs; empty where all count alike.
#[derive(Debug, Clone, Default)]
pub(crate) struct Weights(BTreeMap<SubjectId, f32>);

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
        if known.windows(2).all(|pair| pair[0].0 == pair[1].0) {
            return Self::default();
        }
        let each = known.iter().flat_map(|(weight, people)| people.iter().map(|who| (who.clone(), *weight)));
        Self(each.collect())
    }

    /// The weight of each of some people's epochs; none where all count alike.
    pub(crate) fn of_each<'a>(&self, people: impl Iterator<Item = &'a SubjectId>) -> Vec<f32> {
        if self.0.is_empty() {
            return Vec::new();
        }
        people.map(|who| self.0.get(who).copied().unwrap_or(1.0)).collect()
    }
}
