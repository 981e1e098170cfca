//! What the encoders of several folds share.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use common::{Cohort, SMALL, cohort};
use ndarray::{ArrayView3, s};
use twinprint_encoder::{
    Compute, JoinedFeatures, Known, Model, Plan, Recipe, SharedFeatures, Silent, TrainingEpochs, train,
};
use twinprint_signal::EpochRow;

/// The epochs of the first people of a cohort, as a fold learns from them.
fn some<'a>(cohort: &'a Cohort, rows: &'a [EpochRow]) -> TrainingEpochs<'a> {
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
        let fold: Vec<EpochRow> = (0..480).map(EpochRow).collect();
        let data = some(&people, &fold);
        let alone = Recipe { plan: &plan, joined: &joined, shared: None };
        let shared = SharedFeatures::compute(alone, &people.epochs()).unwrap().expect("they are small");
        let fit = |recipe: Recipe| train(recipe, &data, &Compute::cpu(), &mut Silent).unwrap();
        let (own, of_shared) = (fit(alone), fit(Recipe { shared: Some(&shared), ..alone }));
        let prints = own.embed(people.samples.view()).unwrap();
        assert_eq!(prints, of_shared.embed(people.samples.view()).unwrap());
        let rows: Vec<EpochRow> = (0..people.samples.dim().0).map(EpochRow).collect();
        let known = |features: &SharedFeatures, samples: ArrayView3<f32>| {
            own.embed_known(samples, Some(Known { features, rows: &rows })).unwrap()
        };
        let of_model = own.shared_features(&people.epochs()).unwrap().expect("they are small");
        assert_eq!(prints, known(&of_model, people.samples.view()));
        // That they are read is seen from epochs that are not theirs.
        assert_eq!(prints, known(&of_model, people.samples.mapv(|x| 3.0 - x).view()));
    }
}

#[test]
fn features_of_another_front_end_are_not_taken() {
    let plan = |count: usize| -> Plan {
        toml::from_str(&SMALL.replace("count = 4", &format!("count = {count}"))).unwrap()
    };
    let people = cohort(3, 2, 8);
    let model =
        |plan: Plan| Model::whitened(&plan.check().unwrap(), &people.epochs(), &Compute::cpu()).unwrap();
    let (four, other) = (model(plan(4)), model(plan(5)));
    let features = other.shared_features(&people.epochs()).unwrap().expect("they are small");
    let rows: Vec<EpochRow> = (0..people.samples.dim().0).map(EpochRow).collect();
    let known = Some(Known { features: &features, rows: &rows });
    let samples = people.samples.view();
    assert_eq!(four.embed(samples).unwrap(), four.embed_known(samples, known).unwrap());
    assert!(four.embed_known(samples.slice(s![..3, .., ..]), known).is_err(), "a row an epoch");
}
