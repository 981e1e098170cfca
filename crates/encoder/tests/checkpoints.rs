//! Training that was stopped, and taken up again from its checkpoint.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test fails by panicking and says what it skips"
)]

mod common;

use std::ops::ControlFlow;
use std::path::Path;

use common::{Cohort, cohort, small, tiny_conv};
use twinprint_encoder::{
    Compute, Embed, EncoderError, Monitor, Plan, Sampler, StepReport, train, train_resumable,
};

/// Hears of steps, scores dev subjects by a made-up rule, and stops training after `stop` steps it is told of.
#[derive(Default)]
struct Witness {
    heard: Vec<StepReport>,
    stop: Option<usize>,
    looks: usize,
}

impl Monitor for Witness {
    fn step(&mut self, step: &StepReport) -> ControlFlow<()> {
        self.heard.push(*step);
        if self.stop == Some(self.heard.len()) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    fn dev_score(&mut self, embed: &Embed) -> Option<f64> {
        self.looks += 1;
        let prints = embed(ndarray::Array3::from_elem((1, 9, common::SAMPLES), 1.0).view()).unwrap();
        Some(f64::from(prints[[0, 0]].abs()))
    }
}

fn plans() -> Vec<Plan> {
    let mut base = small("checkpoint_every = 4");
    base.optimiser.steps = Some(11);
    let mut variants = vec![base.clone(); 7];
    variants[1].architecture = tiny_conv();
    variants[1].initialise.whitening = Some(false);
    variants[1].batch.virtual_subjects = Some(0.0);
    variants[2].batch.sampler = Sampler::HardNegatives;
    variants[2].optimiser.average = 0.9;
    variants[3].ensemble = 2;
    variants[3].optimiser.clip = 0.01;
    variants[4].loss = toml::from_str::<Plan>("loss = { name = 'arc_face' }").unwrap().loss;
    variants[4].batch.virtual_subjects = Some(0.0);
    variants[5].early_stopping.every = 2;
    variants[5].early_stopping.patience = 2;
    variants[6].attention = small("[attention]\nsteps = 7\nfolds = 2").attention;
    variants
}

fn stopped(plan: &Plan, cohort: &Cohort, folder: &Path, after: usize) {
    let mut witness = Witness { stop: Some(after), ..Witness::default() };
    let result =
        train_resumable(&plan.check().unwrap(), &cohort.epochs(), &Compute::cpu(), &mut witness, folder);
    assert!(matches!(result, Err(EncoderError::Stopped { .. })));
}

#[test]
fn a_run_stopped_anywhere_ends_in_the_same_bits_and_the_same_reports() {
    let cohort = cohort(4, 9, 4);
    for (which, plan) in plans().iter().enumerate() {
        let mut whole = Witness::default();
        let expected = train(&plan.check().unwrap(), &cohort.epochs(), &Compute::cpu(), &mut whole).unwrap();
        let last = whole.heard.len();
        for stops in [vec![2], vec![4], vec![6, 9], vec![3, 14], vec![last]] {
            let folder = tempfile::tempdir().unwrap();
            for after in stops {
                stopped(plan, &cohort, folder.path(), after.min(last));
            }
            let mut witness = Witness::default();
            let model = train_resumable(
                &plan.check().unwrap(),
                &cohort.epochs(),
                &Compute::cpu(),
                &mut witness,
                folder.path(),
            )
            .unwrap();
            assert_eq!(model.content_hash().unwrap(), expected.content_hash().unwrap(), "plan {which}");
            assert_eq!(witness.heard, whole.heard, "plan {which}");
        }
    }
}

#[test]
fn what_was_done_is_not_done_again() {
    let cohort = cohort(4, 9, 4);
    let plan = &plans()[5];
    let folder = tempfile::tempdir().unwrap();
    let run = || {
        let mut witness = Witness::default();
        train_resumable(
            &plan.check().unwrap(),
            &cohort.epochs(),
            &Compute::cpu(),
            &mut witness,
            folder.path(),
        )
        .unwrap();
        witness
    };
    let first = run();
    let again = run();
    assert!(first.looks > 0 && again.looks == 0);
    assert_eq!(first.heard, again.heard);
}

#[test]
fn a_checkpoint_is_one_file_and_none_is_written_where_none_is_wanted() {
    let cohort = cohort(4, 9, 4);
    let folder = tempfile::tempdir().unwrap();
    let names = || -> Vec<_> {
        std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect()
    };
    let never = Plan { checkpoint_every: 0, ..plans()[0].clone() };
    train_resumable(
        &never.check().unwrap(),
        &cohort.epochs(),
        &Compute::cpu(),
        &mut Witness::default(),
        folder.path(),
    )
    .unwrap();
    assert!(names().is_empty());
    stopped(&plans()[0], &cohort, folder.path(), 5);
    assert_eq!(names(), ["checkpoint.safetensors"]);
}

#[test]
fn a_checkpoint_of_another_plan_or_other_epochs_or_a_damaged_one_is_refused() {
    let cohort = cohort(4, 9, 4);
    let plan = &plans()[0];
    let folder = tempfile::tempdir().unwrap();
    stopped(plan, &cohort, folder.path(), 5);
    let refuse = |plan: &Plan, cohort: &Cohort| {
        train_resumable(
            &plan.check().unwrap(),
            &cohort.epochs(),
            &Compute::cpu(),
            &mut Witness::default(),
            folder.path(),
        )
        .unwrap_err()
        .to_string()
    };
    let mut other = plan.clone();
    other.optimiser.learning_rate = 0.5;
    let said = refuse(&other, &cohort);
    assert!(said.contains("optimiser") && said.contains("delete it to start again"), "{said}");
    let said = refuse(plan, &common::cohort(4, 9, 5));
    assert!(said.contains("was made from other epochs"), "{said}");
    let path = folder.path().join("checkpoint.safetensors");
    let bytes = std::fs::read(&path).unwrap();
    for damaged in [&bytes[..bytes.len() - 1], &bytes[..7], b"not a checkpoint at all"] {
        std::fs::write(&path, damaged).unwrap();
        let said = refuse(plan, &cohort);
        assert!(said.contains("checkpoint.safetensors") && said.contains("delete it"), "{said}");
    }
}
