//! Attention over epochs on made-up people, some of whose epochs are spoilt.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use common::{Cohort, cohort, repeats_and_survives, small, tiny_conv};
use ndarray::{Array1, Array2, Axis};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use twinprint_encoder::{Attention, Compute, EncoderError, Model, Plan, Silent, train};
use twinprint_signal::EpochRow;

fn plan() -> Plan {
    let mut plan = small("[attention]\nsteps = 150\nfolds = 3");
    plan.optimiser.steps = Some(0);
    plan
}

/// People who differ in how strong each channel is, with every third epoch spoilt: noise of another strength in each channel.
fn spoilt(people: u32) -> (Cohort, Vec<bool>) {
    const CHANNELS: usize = 6;
    let mut cohort = cohort(people, CHANNELS, 18);
    let mut rng = ChaCha8Rng::seed_from_u64(2);
    let mut strengths = |spread: f32| [(); CHANNELS].map(|()| rng.random_range(-spread..spread).exp());
    let own: Vec<[f32; CHANNELS]> = (0..people).map(|_| strengths(0.7)).collect();
    let bad: Vec<bool> = (0..cohort.subject.len()).map(|index| index % 3 == 1).collect();
    let added: Vec<[f32; CHANNELS]> =
        bad.iter().map(|&bad| if bad { strengths(3.0) } else { [0.0; CHANNELS] }).collect();
    for (at, mut epoch) in cohort.samples.outer_iter_mut().enumerate() {
        for (c, mut channel) in epoch.outer_iter_mut().enumerate() {
            let strength = 10.0 * (own[cohort.subject[at] as usize][c] + added[at][c]);
            channel.mapv_inplace(|_| rng.random_range(-strength..strength));
        }
    }
    (cohort, bad)
}

fn lengths(prints: &Array2<f32>) -> Array1<f32> {
    prints.map_axis(Axis(1), |print| print.dot(&print).sqrt())
}

/// How much nearer people's recordings are to their own other one than to the nearest of somebody else, where prints count by
/// their length.
fn margin(prints: &Array2<f32>, cohort: &Cohort, people: &[u32]) -> f32 {
    let template = |recording: u32| {
        let rows: Vec<usize> =
            (0..cohort.recording.len()).filter(|&row| cohort.recording[row] == recording).collect();
        let sum = prints.select(Axis(0), &rows).sum_axis(Axis(0));
        let length = sum.dot(&sum).sqrt();
        sum / length
    };
    let count = people.len() as f32;
    let of = |person: u32| {
        let (own, first) = (template(2 * person + 1), template(2 * person));
        let others = people.iter().copied().filter(|&other| other != person);
        let nearest = others.map(|other| own.dot(&template(2 * other))).fold(-1.0, f32::max);
        own.dot(&first) - nearest
    };
    people.iter().copied().map(of).sum::<f32>() / count
}

#[test]
fn spoilt_epochs_count_less_and_people_never_seen_are_told_apart_better() {
    let (cohort, bad) = spoilt(30);
    // Every third person stays unseen.
    let seen = (0..cohort.subject.len()).filter(|&row| cohort.subject[row] % 3 != 0);
    let rows: Vec<EpochRow> = seen.map(EpochRow).collect();
    let labels = |all: &[u32]| rows.iter().map(|row| all[row.0]).collect::<Vec<_>>();
    let (subject, recording) = (labels(&cohort.subject), labels(&cohort.recording));
    let mut data = cohort.epochs();
    (data.rows, data.subject, data.recording) = (Some(rows.as_slice()), &subject, &recording);
    let model = train(&plan().check().unwrap(), &data, &Compute::cpu(), &mut Silent).unwrap();
    let prints = model.embed(cohort.samples.view()).unwrap();
    let lengths = lengths(&prints);
    assert!(lengths.iter().all(|&length| length > 0.0 && length < 1.0 + 1e-5));
    let mean = |wanted: bool| {
        let unseen = (0..bad.len()).filter(|&row| cohort.subject[row] % 3 == 0 && bad[row] == wanted);
        let (sum, count) = unseen.fold((0.0, 0.0), |(sum, count), row| (sum + lengths[row], count + 1.0));
        sum / count
    };
    assert!(mean(true) < 0.8 * mean(false), "{} {}", mean(true), mean(false));
    let alike = &prints / &lengths.insert_axis(Axis(1));
    let unseen: Vec<u32> = (0..30).step_by(3).collect();
    let (with, without) = (margin(&prints, &cohort, &unseen), margin(&alike, &cohort, &unseen));
    assert!(with > without + 0.02, "{with} {without}");
}

#[test]
fn attention_changes_lengths_and_no_direction_and_baselines_have_none() {
    let (cohort, _) = spoilt(6);
    let data = cohort.epochs();
    let with = train(&plan().check().unwrap(), &data, &Compute::cpu(), &mut Silent).unwrap();
    let without = Model::whitened(&plan().check().unwrap(), &data, &Compute::cpu()).unwrap();
    let (with, without) =
        (with.embed(cohort.samples.view()).unwrap(), without.embed(cohort.samples.view()).unwrap());
    let directions = &with / &lengths(&with).insert_axis(Axis(1));
    assert!(directions.iter().zip(&without).all(|(a, b)| (a - b).abs() < 1e-5));
}

#[test]
fn the_same_plan_learns_the_same_attention_with_1_2_and_4_threads_and_it_survives_on_disk() {
    let (cohort, _) = spoilt(6);
    repeats_and_survives(&cohort, || {
        train(&plan().check().unwrap(), &cohort.epochs(), &Compute::cpu(), &mut Silent).unwrap()
    });
}

#[test]
fn what_attention_cannot_be_learnt_from_is_refused_with_the_way_out() {
    let refusal = |plan: &Plan, cohort: &Cohort| -> EncoderError {
        train(&plan.check().unwrap(), &cohort.epochs(), &Compute::cpu(), &mut Silent).unwrap_err()
    };
    let few = refusal(&plan(), &spoilt(3).0).to_string();
    assert!(few.contains("there are 3: leave [encoder.attention] out"), "{few}");
    let (mut single, _) = spoilt(6);
    single.recording = single.subject.clone();
    let single = refusal(&plan(), &single).to_string();
    assert!(single.contains("one each"), "{single}");
    let conv = Plan { architecture: tiny_conv(), ..plan() };
    let conv = conv.check().unwrap_err().to_string();
    assert!(conv.starts_with("architecture.name = conv: attention reads"), "{conv}");
    for (key, attention) in [
        ("folds", Attention { folds: 1, ..Attention::default() }),
        ("hidden", Attention { hidden: 0, ..Attention::default() }),
        ("steps", Attention { steps: 0, ..Attention::default() }),
        ("learning_rate", Attention { learning_rate: f64::NAN, ..Attention::default() }),
        ("weight_decay", Attention { weight_decay: -1.0, ..Attention::default() }),
        ("dropout", Attention { dropout: 0.95, ..Attention::default() }),
    ] {
        let error = Plan { attention: Some(attention), ..plan() }.check().unwrap_err().to_string();
        assert!(error.starts_with(&format!("attention.{key} = ")), "{error}");
    }
}
