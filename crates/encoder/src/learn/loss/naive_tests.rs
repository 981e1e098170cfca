//! Losses against themselves written as double loops over a batch in double precision, on random batches, all pairs and
//! sampled ones; gradients against differences of those loops.

use proptest::prelude::*;
use rand::RngExt;

use super::tests::{evaluate, loss_called};
use super::*;
use crate::seed::stream;

const DIM: usize = 5;

/// Rows at unit length.
fn unit(x: &[f64]) -> Vec<Vec<f64>> {
    let norm = |row: &[f64]| row.iter().map(|v| v * v).sum::<f64>().sqrt();
    x.chunks(DIM).map(|row| row.iter().map(|v| v / norm(row)).collect()).collect()
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}

fn squared(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(x, y)| (x - y) * (x - y)).sum()
}

fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let values: Vec<f64> = values.collect();
    values.iter().sum::<f64>() / values.len().max(1) as f64
}

fn softplus(x: f64) -> f64 {
    x.max(0.0) + (-x.abs()).exp().ln_1p()
}

/// −log of the share of `target` among the exponentials.
fn cross_entropy(logits: &[f64], target: usize) -> f64 {
    let most = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    most + logits.iter().map(|l| (l - most).exp()).sum::<f64>().ln() - logits[target]
}

/// ½·mean over listed pairs of one class + ½·mean over those of two.
fn over_pairs(
    class: &[usize],
    pairs: &[(usize, usize)],
    same: impl Fn(usize, usize) -> f64,
    apart: impl Fn(usize, usize) -> f64,
) -> f64 {
    let part = |wanted: bool, cost: &dyn Fn(usize, usize) -> f64| {
        mean(pairs.iter().filter(|&&(i, j)| (class[i] == class[j]) == wanted).map(|&(i, j)| cost(i, j)))
    };
    0.5 * part(true, &same) + 0.5 * part(false, &apart)
}

/// The loss called `name` with its default settings.
fn naive(name: &str, x: &[f64], class: &[usize], parameters: &[Parameter], pairs: &[(usize, usize)]) -> f64 {
    let (z, n) = (unit(x), class.len());
    let positives = |i: usize| (0..n).filter(move |&j| j != i && class[j] == class[i]);
    let others = |i: usize| (0..n).filter(move |&j| class[j] != class[i]);
    let given = |at: usize| -> Vec<f64> { parameters[at].values.iter().map(|&v| f64::from(v)).collect() };
    let margin = 1.4;
    let contrastive = |distance: &dyn Fn(&[f64], &[f64]) -> f64| {
        let d = |i: usize, j: usize| distance(&z[i], &z[j]);
        over_pairs(class, pairs, |i, j| d(i, j).powi(2), |i, j| (margin - d(i, j)).max(0.0).powi(2))
    };
    let scale = (std::f64::consts::PI / (2 * DIM) as f64).sqrt();
    match name {
        "contrastive_l2" => contrastive(&|a, b| squared(a, b).sqrt()),
        "contrastive_l1" => {
            contrastive(&|a, b| scale * a.iter().zip(b).map(|(x, y)| (x - y).abs()).sum::<f64>())
        }
        "contrastive_cosine" => contrastive(&|a, b| 1.0 - dot(a, b)),
        "koch" => {
            let (weight, bias) = (given(0), given(1)[0]);
            let logit = |i: usize, j: usize| {
                let terms = weight.iter().zip(z[i].iter().zip(&z[j]));
                bias - terms.map(|(w, (x, y))| softplus(*w) * (x - y).abs()).sum::<f64>()
            };
            over_pairs(class, pairs, |i, j| softplus(-logit(i, j)), |i, j| softplus(logit(i, j)))
        }
        "sup_con" => mean((0..n).filter(|&i| positives(i).count() > 0).map(|i| {
            let all: f64 = (0..n).filter(|&a| a != i).map(|a| (dot(&z[i], &z[a]) / 0.1).exp()).sum();
            -mean(positives(i).map(|p| dot(&z[i], &z[p]) / 0.1 - all.ln()))
        })),
        "n_pair" => mean((0..n).flat_map(|i| positives(i).map(move |p| (i, p))).map(|(i, p)| {
            let apart = others(i).map(|o| ((dot(&z[i], &z[o]) - dot(&z[i], &z[p])) / 0.1).exp());
            apart.sum::<f64>().ln_1p()
        })),
        "triplet" => mean((0..n).flat_map(|a| positives(a).map(move |p| (a, p))).map(|(a, p)| {
            let near = squared(&z[a], &z[p]);
            let far: Vec<f64> = others(a).map(|o| squared(&z[a], &z[o])).collect();
            let semi_hard = far.iter().copied().filter(|&f| f > near).reduce(f64::min);
            (near - semi_hard.unwrap_or_else(|| far.iter().copied().fold(0.0, f64::max)) + 0.2).max(0.0)
        })),
        "prototypical" => {
            let mut classes = class.to_vec();
            classes.sort_unstable();
            classes.dedup();
            let rows = |c: usize| (0..n).filter(move |&i| class[i] == c);
            let prototype = |&c: &usize| -> Vec<f64> {
                (0..DIM).map(|k| mean(rows(c).step_by(2).map(|i| z[i][k]))).collect()
            };
            let prototypes: Vec<Vec<f64>> = classes.iter().map(prototype).collect();
            mean(classes.iter().enumerate().flat_map(|(target, &c)| {
                let prototypes = &prototypes;
                let z = &z;
                rows(c).skip(1).step_by(2).map(move |i| {
                    let logits: Vec<f64> = prototypes.iter().map(|p| -squared(&z[i], p) / 0.1).collect();
                    cross_entropy(&logits, target)
                })
            }))
        }
        "arc_face" => {
            let centres = unit(&given(0));
            mean((0..n).map(|i| {
                let turn = |c: usize, cosine: f64| {
                    let angle = cosine.acos() + 0.5;
                    match (c == class[i], angle < std::f64::consts::PI) {
                        (false, _) => cosine,
                        (true, true) => angle.cos(),
                        (true, false) => cosine - 0.5 * 0.5f64.sin(),
                    }
                };
                let logits = centres.iter().enumerate().map(|(c, centre)| 30.0 * turn(c, dot(&z[i], centre)));
                cross_entropy(&logits.collect::<Vec<_>>(), class[i])
            }))
        }
        "subject_softmax" => {
            let (weight, bias) = (given(0), given(1));
            mean((0..n).map(|i| {
                let logit = |(c, w): (usize, &[f64])| 10.0 * dot(&z[i], w) + bias[c];
                let logits: Vec<f64> = weight.chunks(DIM).enumerate().map(logit).collect();
                cross_entropy(&logits, class[i])
            }))
        }
        other => unreachable!("no naive {other}"),
    }
}

const ALL: [&str; 10] = [
    "contrastive_l2",
    "contrastive_l1",
    "contrastive_cosine",
    "koch",
    "sup_con",
    "n_pair",
    "triplet",
    "prototypical",
    "arc_face",
    "subject_softmax",
];

/// Prints, their classes, the parameters of a loss, and sampled pairs.
type Problem = (Vec<f32>, Vec<usize>, Vec<Parameter>, Vec<(usize, usize)>);

/// A batch of two or more epochs of each of `classes` people, its parameters, and some of its pairs.
fn batch(seed: u64, classes: usize, loss: &Loss) -> Problem {
    let rng = &mut stream(seed, "batch");
    let class: Vec<usize> =
        (0..classes).flat_map(|c| std::iter::repeat_n(c, rng.random_range(2..5))).collect();
    let x = (0..class.len() * DIM).map(|_| rng.random_range(-1.0f32..1.0)).collect();
    let parameters = loss.parameters("", DIM, classes, rng);
    let mut pairs = distance::all_pairs(class.len());
    pairs.retain(|_| rng.random_bool(0.6));
    (x, class, parameters, pairs)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]
    #[test]
    fn every_loss_equals_its_double_loop(seed in any::<u64>(), classes in 2usize..5) {
        for name in ALL {
            let loss = loss_called(name);
            let (x, class, parameters, sampled) = batch(seed, classes, &loss);
            let exact: Vec<f64> = x.iter().map(|&v| f64::from(v)).collect();
            let every = distance::all_pairs(class.len());
            let mut cases = vec![(None, &every)];
            cases.extend(loss.takes_pairs().then_some((Some(sampled.as_slice()), &sampled)));
            for (listed, pairs) in cases {
                let ours = evaluate(&loss, &x, &class, &parameters, listed);
                let slow = naive(name, &exact, &class, &parameters, pairs);
                prop_assert!((f64::from(ours.value) - slow).abs() <= 2e-5 * slow.abs().max(1.0), "{name}: {} is not {slow}", ours.value);
            }
        }
    }
}

#[test]
fn gradients_are_the_differences_of_the_double_loops() {
    for name in ALL {
        let loss = loss_called(name);
        let (x, class, parameters, sampled) = batch(11, 3, &loss);
        let exact: Vec<f64> = x.iter().map(|&v| f64::from(v)).collect();
        let every = distance::all_pairs(class.len());
        let (listed, pairs) =
            if loss.takes_pairs() { (Some(sampled.as_slice()), &sampled) } else { (None, &every) };
        let ours = evaluate(&loss, &x, &class, &parameters, listed);
        let step = 1e-5;
        for k in 0..x.len() {
            let moved = |by: f64| {
                let mut x = exact.clone();
                x[k] += by;
                naive(name, &x, &class, &parameters, pairs)
            };
            let slope = (moved(step) - moved(-step)) / (2.0 * step);
            let gradient = f64::from(ours.gradient[k]);
            assert!(
                (gradient - slope).abs() <= 2e-4 * slope.abs().max(1.0),
                "{name} {k}: {gradient} is not {slope}"
            );
        }
    }
}
