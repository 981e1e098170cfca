//! What the encoders of several folds share.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use common::{Cohort, SMALL, cohort, small};
use twinprint_encoder::{
    Compute, JoinedFeatures, Model, Plan, Recipe, SharedFeatures, Silent, TrainingEpochs, train,
};

/// The epochs of the first people of a cohort, as a fold learns from them.
fn some<'a>(cohort: &'a Cohort, rows: &'a [usize]) -> TrainingEpochs<'a> {
    let labels = 0..rows.len();
    TrainingEpochs {
        rows: Some(rows),
        subject: &cohort.subject[labels.clone()],
        recording: &cohort.recording[labels],
        ..cohort.epochs()
    }
}

#[test]
fn an_encoder_is_the_same_to_the_bit_whether_its_features_are_shared_or_its_own() {
    for covariances in [false, true] {
        let text = format!("seed = 5\n[optimiser]\nsteps = 0\n{SMALL}covariances = {covariances}\n");
        let plan: Plan = toml::from_str(&text).unwrap();
        let (plan, joined) = (plan.check().unwrap(), JoinedFeatures::none());
        let people = cohort(9, 4, 40);
        let fold: Vec<usize> = (0..480).collect();
        let data = some(&people, &fold);
        let alone = Recipe { plan: &plan, joined: &joined, shared: None };
        let shared = SharedFeatures::compute(alone, &people.epochs()).unwrap().expect("they are small");
        let fit = |recipe: Recipe| train(recipe, &data, &Compute::cpu(), &mut Silent).unwrap();
        let prints = |model: Model| model.embed(people.samples.view()).unwrap();
        assert_eq!(prints(fit(alone)), prints(fit(Recipe { shared: Some(&shared), ..alone })));
    }
}

#[test]
fn encoders_that_take_steps_share_nothing() {
    let plan = small("").check().unwrap();
    let (people, joined) = (cohort(3, 2, 8), JoinedFeatures::none());
    let recipe = Recipe { plan: &plan, joined: &joined, shared: None };
    assert!(SharedFeatures::compute(recipe, &people.epochs()).unwrap().is_none());
}
