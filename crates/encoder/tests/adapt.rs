//! Encoders brought to other people: what they keep of what they were.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::collections::BTreeMap;

use common::{cohort, small};
use twinprint_encoder::{Adapt, Compute, Model, Silent, train};

/// Everything a model has fitted, by name.
fn fitted(model: &Model) -> BTreeMap<String, Vec<u8>> {
    let folder = tempfile::tempdir().unwrap();
    model.save(folder.path()).unwrap();
    let bytes = std::fs::read(folder.path().join("model.safetensors")).unwrap();
    let tensors = safetensors::SafeTensors::deserialize(&bytes).unwrap();
    tensors.iter().map(|(name, tensor)| (name.to_owned(), tensor.data().to_vec())).collect()
}

#[test]
fn training_further_keeps_standardising_and_attention_and_changes_the_head() {
    let (teachers, home) = (cohort(5, 9, 8), cohort(4, 9, 7));
    let plan = small("[attention]\nsteps = 5\nfolds = 2").check().unwrap();
    let carried = train(&plan, &teachers.epochs(), &Compute::cpu(), &mut Silent).unwrap();
    let adapted = |adapt: Adapt, steps: usize| {
        let mut wanted = small("");
        wanted.optimiser.steps = Some(steps);
        let plan = carried.adapted_plan(adapt, &wanted).check().unwrap();
        let model =
            carried.adapted(adapt, &plan, &home.epochs(), (&Compute::cpu(), &mut Silent), None).unwrap();
        fitted(&model)
    };
    let own = fitted(&carried);
    let differing = |other: &BTreeMap<String, Vec<u8>>| -> Vec<String> {
        assert_eq!(own.keys().collect::<Vec<_>>(), other.keys().collect::<Vec<_>>());
        own.iter().filter(|(name, values)| other[*name] != **values).map(|(name, _)| name.clone()).collect()
    };
    assert!(own.keys().any(|name| name.starts_with("attention.")), "{:?}", own.keys());
    assert!(differing(&adapted(Adapt::None, 4)).is_empty());
    assert!(differing(&adapted(Adapt::FineTune, 0)).is_empty(), "no step changes nothing");
    assert_eq!(differing(&adapted(Adapt::FineTune, 4)), ["members.0.head.weight"]);
    let closed = differing(&adapted(Adapt::ClosedForm, 4));
    let expected = ["members.0.head.weight", "members.0.standardise.deviation", "members.0.standardise.mean"];
    assert_eq!(closed, expected, "attention is kept");
}
