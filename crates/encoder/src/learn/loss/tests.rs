//! Losses against PyTorch: values and gradients.

use burn::tensor::Device;
use serde_json::Value;

use super::*;
use crate::plan::{Contrastive, Distance};
use crate::weights::{matrix, read};

const GOLDEN: &str = include_str!("../../../../../tests/golden/encoder/losses.json");

fn numbers(value: &Value) -> Vec<f32> {
    value.as_array().unwrap().iter().map(|x| x.as_f64().unwrap() as f32).collect()
}

pub(super) fn loss_called(name: &str) -> Loss {
    let contrastive = |distance| Loss::Contrastive(Contrastive { distance, ..Contrastive::default() });
    match name {
        "contrastive_l2" => contrastive(Distance::L2),
        "contrastive_l1" => contrastive(Distance::L1),
        "contrastive_cosine" => contrastive(Distance::Cosine),
        plain => serde_json::from_value(serde_json::json!({ "name": plain })).unwrap(),
    }
}

fn assert_close(what: &str, ours: &[f32], golden: &[f32]) {
    assert_eq!(ours.len(), golden.len(), "{what}");
    let scale = golden.iter().fold(1.0f32, |m, x| m.max(x.abs()));
    for (a, b) in ours.iter().zip(golden) {
        assert!((a - b).abs() <= 1e-5 * scale, "{what}: {a} is not {b}");
    }
}

pub(super) struct Evaluated {
    pub(super) value: f32,
    pub(super) gradient: Vec<f32>,
    parameters: Vec<(String, Vec<f32>)>,
}

pub(super) fn evaluate(
    loss: &Loss,
    x: &[f32],
    class: &[usize],
    parameters: &[Parameter],
    pairs: Option<&[(usize, usize)]>,
) -> Evaluated {
    let device = Device::flex().autodiff();
    let x = matrix(x.to_vec(), class.len(), x.len() / class.len(), &device).require_grad();
    let leaves: Vec<_> = parameters.iter().map(|p| p.tensor(&device).require_grad()).collect();
    let twins = Twins { prints: unit_rows(x.clone()), class, pairs, rivals: None };
    let value = loss.value("", &twins, &Bound::new(parameters, &leaves)).unwrap();
    let mut gradients = value.backward();
    let gradient = read(x.grad_remove(&mut gradients).unwrap()).unwrap();
    let of =
        |(p, leaf): (&Parameter, &Tensor<1>)| (p.name.clone(), read(leaf.grad(&gradients).unwrap()).unwrap());
    let parameters = parameters.iter().zip(&leaves).map(of).collect();
    Evaluated { value: read(value.inner()).unwrap()[0], gradient, parameters }
}

fn golden_parameters(entry: &Value) -> Vec<Parameter> {
    let all = entry["parameters"].as_object().unwrap();
    let one = |(name, p): (&String, &Value)| {
        let shape: Vec<usize> =
            p["shape"].as_array().unwrap().iter().map(|n| n.as_u64().unwrap() as usize).collect();
        Parameter::new(name.clone(), &shape, numbers(&p["value"]))
    };
    all.iter().map(one).collect()
}

#[test]
fn every_loss_and_its_gradient_equal_those_of_pytorch() {
    let golden: Value = serde_json::from_str(GOLDEN).unwrap();
    let x = numbers(&golden["x"]);
    let class: Vec<usize> = numbers(&golden["class"]).iter().map(|&c| c as usize).collect();
    let losses = golden["losses"].as_object().unwrap();
    assert_eq!(losses.len(), 10);
    for (name, entry) in losses {
        let parameters = golden_parameters(entry);
        let ours = evaluate(&loss_called(name), &x, &class, &parameters, None);
        assert_close(name, &[ours.value], &[entry["value"].as_f64().unwrap() as f32]);
        assert_close(name, &ours.gradient, &numbers(&entry["gradient"]));
        for (parameter, gradient) in &ours.parameters {
            assert_close(name, gradient, &numbers(&entry["parameters"][parameter]["gradient"]));
        }
    }
}

#[test]
fn listing_every_pair_is_the_same_as_listing_none() {
    let golden: Value = serde_json::from_str(GOLDEN).unwrap();
    let x = numbers(&golden["x"]);
    let class: Vec<usize> = numbers(&golden["class"]).iter().map(|&c| c as usize).collect();
    let pairs = distance::all_pairs(class.len());
    for name in ["contrastive_l2", "contrastive_l1", "contrastive_cosine", "koch"] {
        let parameters = golden_parameters(&golden["losses"][name]);
        let loss = loss_called(name);
        let all = evaluate(&loss, &x, &class, &parameters, None);
        let listed = evaluate(&loss, &x, &class, &parameters, Some(&pairs));
        assert_close(name, &[all.value], &[listed.value]);
        assert_close(name, &all.gradient, &listed.gradient);
    }
}

#[test]
fn a_margin_of_one_leaves_random_negatives_inactive_and_the_default_does_not() {
    let rng = &mut crate::seed::stream(3, "test");
    let x: Vec<f32> = Parameter::uniform("x", &[40, 64], 1, rng).values;
    let class: Vec<usize> = (0..40).collect();
    let gradient = |margin| {
        let loss = Loss::Contrastive(Contrastive { distance: Distance::L2, margin });
        let size: f32 = evaluate(&loss, &x, &class, &[], None).gradient.iter().map(|g| g * g).sum();
        size.sqrt()
    };
    assert_eq!(gradient(1.0), 0.0);
    assert!(gradient(1.4) > 1e-4);
}

#[test]
fn the_default_margin_pushes_strangers_apart_by_every_distance() {
    let rng = &mut crate::seed::stream(6, "test");
    let x: Vec<f32> = Parameter::uniform("x", &[40, 64], 1, rng).values;
    let class: Vec<usize> = (0..40).collect();
    for name in ["contrastive_l2", "contrastive_l1", "contrastive_cosine"] {
        let gradient = evaluate(&loss_called(name), &x, &class, &[], None).gradient;
        let moved = gradient.chunks(64).filter(|row| row.iter().any(|g| g.abs() > 1e-6)).count();
        assert_eq!(moved, 40, "{name} moves every epoch");
    }
}

#[test]
fn losses_without_a_positive_pair_are_finite() {
    let rng = &mut crate::seed::stream(4, "test");
    let x: Vec<f32> = Parameter::uniform("x", &[6, 5], 1, rng).values;
    for name in ["sup_con", "contrastive_l2", "contrastive_l1", "triplet", "n_pair", "prototypical"] {
        let ours = evaluate(&loss_called(name), &x, &[0, 1, 2, 3, 4, 5], &[], None);
        assert!(ours.value.is_finite() && ours.gradient.iter().all(|g| g.is_finite()), "{name}");
    }
}

#[test]
fn a_class_that_is_no_rival_takes_no_part_in_the_cross_entropy() {
    let device = Device::flex();
    let logits = |columns: usize| {
        let values =
            (0..3 * columns).map(|at| ((at % columns) as f32 - 0.3 * (at / columns) as f32).sin()).collect();
        matrix(values, 3, columns, &device)
    };
    let value = |loss: Tensor<1>| read(loss).unwrap()[0];
    let class = [0, 1, 1];
    let among = among_rivals(logits(4), Some(&[true, true, false, false]));
    let alone = value(cross_entropy(logits(4).narrow(1, 0, 2), &class));
    assert!((value(cross_entropy(among, &class)) - alone).abs() < 1e-6);
    assert!((value(cross_entropy(among_rivals(logits(4), None), &class)) - alone).abs() > 1e-3);
}
