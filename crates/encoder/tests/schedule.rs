//! The learning rate over the steps.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use proptest::prelude::*;
use twinprint_encoder::{Optimiser, Schedule};

fn optimiser(schedule: Schedule, steps: usize, warmup: usize) -> Optimiser {
    Optimiser { schedule, steps: Some(steps), warmup, learning_rate: 0.5, ..Optimiser::default() }
}

fn rates(schedule: Schedule, steps: usize, warmup: usize) -> Vec<f64> {
    let plan = optimiser(schedule, steps, warmup);
    (0..steps).map(|step| plan.rate(step)).collect()
}

fn assert_rates(found: &[f64], expected: &[f64]) {
    assert_eq!(found.len(), expected.len());
    for (found, expected) in found.iter().zip(expected) {
        assert!((found - expected).abs() < 1e-12, "{found} is not {expected}");
    }
}

/// `torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 8)` from 0.5, PyTorch 2.9.
const COSINE: [f64; 8] = [
    0.5,
    0.480_969_883_127_821_7,
    0.426_776_695_296_636_9,
    0.345_670_858_091_272_4,
    0.25,
    0.154_329_141_908_727_5,
    0.073_223_304_703_363_05,
    0.019_030_116_872_178_287,
];

#[test]
fn the_cosine_is_that_of_pytorch() {
    assert_rates(&rates(Schedule::Cosine, 8, 0), &COSINE);
}

#[test]
fn warm_up_ends_at_the_full_rate_and_the_schedule_begins_there() {
    let warm = [0.125, 0.25, 0.375, 0.5];
    assert_rates(&rates(Schedule::Cosine, 12, 4), &[&warm[..], &COSINE].concat());
    assert_rates(&rates(Schedule::Linear, 8, 4), &[&warm[..], &[0.5, 0.375, 0.25, 0.125]].concat());
    assert_rates(&rates(Schedule::Constant, 6, 4), &[&warm[..], &[0.5, 0.5]].concat());
}

#[test]
fn a_warm_up_longer_than_the_run_never_reaches_the_full_rate() {
    assert_rates(&rates(Schedule::Cosine, 3, 10), &[0.05, 0.1, 0.15]);
}

proptest! {
    #[test]
    fn the_rate_rises_to_its_highest_and_never_rises_again(
        schedule in prop_oneof![Just(Schedule::Cosine), Just(Schedule::Linear), Just(Schedule::Constant)],
        steps in 0usize..400,
        warmup in 0usize..400,
        beyond in 0usize..1000,
    ) {
        let rates = rates(schedule, steps, warmup);
        prop_assert!(rates.iter().all(|rate| (0.0..=0.5).contains(rate) && *rate > 0.0));
        let (rise, fall) = rates.split_at(warmup.min(steps));
        prop_assert!(rise.is_sorted_by(|a, b| a < b));
        prop_assert!(fall.is_sorted_by(|a, b| a >= b));
        prop_assert!(fall.first().is_none_or(|&first| first == 0.5));
        let after = optimiser(schedule, steps, warmup).rate(steps.max(warmup) + beyond);
        let lowest = if schedule == Schedule::Constant { 0.5 } else { 0.0 };
        prop_assert!((lowest..=0.5).contains(&after));
    }
}
