//! Ten steps of training on every device that is here, against the processor.

#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a test fails by panicking and says what it skips"
)]

mod common;

use common::{Cohort, cohort, small, tiny_conv};
use ndarray::Array2;
use twinprint_encoder::{Architecture, Compute, Plan, Resnet1d, Silent, TwinCnn, train};

/// Of coordinates of unit prints: steps carry rounding on, and other devices sum in other orders.
const TOLERANCE: f32 = 1e-3;

fn prints(plan: &Plan, cohort: &Cohort, device: &Compute) -> Array2<f32> {
    let model = train(&plan.check().unwrap(), &cohort.epochs(), device, &mut Silent).unwrap();
    model.embed(cohort.samples.view()).unwrap()
}

fn trains_as_the_processor_does(name: &str) {
    let device = match Compute::named(name) {
        Ok(device) => device,
        Err(error) => {
            eprintln!("SKIPPED: {error}");
            return;
        }
    };
    let cohort = cohort(4, 9, 4);
    let nets = [
        tiny_conv(),
        Architecture::Resnet1d(Resnet1d { widths: vec![6, 8], dim: 10, ..Resnet1d::default() }),
        Architecture::TwinCnn(TwinCnn { widths: vec![6, 4], dim: 10, ..TwinCnn::default() }),
    ];
    let nets = nets.map(|architecture| Plan { architecture, ..small("") });
    let attentive = small("[attention]\nsteps = 10\nfolds = 2");
    for mut plan in [small(""), attentive].into_iter().chain(nets) {
        let attention = if plan.attention.is_some() { " with attention" } else { "" };
        let architecture = format!("{}{attention}", plan.architecture.name());
        plan.optimiser.steps = Some(0);
        let start = prints(&plan, &cohort, &Compute::cpu());
        plan.optimiser.steps = Some(10);
        let expected = prints(&plan, &cohort, &Compute::cpu());
        let apart = furthest(&expected, &prints(&plan, &cohort, &device));
        let moved = furthest(&expected, &start);
        eprintln!(
            "{name}, {architecture}: prints differ by {apart:.1e}; ten steps moved them by {moved:.1e}"
        );
        assert!(apart < TOLERANCE && apart < moved / 10.0, "{name}, {architecture}: {apart}, {moved}");
    }
}

fn furthest(a: &Array2<f32>, b: &Array2<f32>) -> f32 {
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}

#[test]
fn libtorch_trains_as_the_processor_does() {
    trains_as_the_processor_does("libtorch");
}

#[test]
fn cuda_trains_as_the_processor_does() {
    trains_as_the_processor_does("cuda:0");
}

#[test]
fn wgpu_trains_as_the_processor_does() {
    trains_as_the_processor_does("wgpu");
}
