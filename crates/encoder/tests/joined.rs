//! Learnt features that are joined to the front end: what they see, who may be learnt from, and that they repeat.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::ops::ControlFlow;

use common::{Cohort, SMALL, cohort, repeats_and_survives, tiny_conv};
use ndarray::{Array2, Axis, s};
use twinprint_encoder::{
    Compute, EncoderError, Joined, JoinedFeatures, Model, Monitor, Plan, Recipe, Silent, StepReport,
    TrainingEpochs, train,
};
use twinprint_signal::ChannelName;

fn plan(steps: usize) -> Plan {
    let text = format!(
        "seed = 5\n[optimiser]\nsteps = 0\n{SMALL}\n[[joined]]\nname = \"shared_conv\"\nwidths = [6, 6]\nkernels = [9, 5]\ndim = 4\nhead = 16\npeople = 8\nsteps = {steps}\n"
    );
    toml::from_str(&text).unwrap()
}

fn learn(plan: &Plan, cohorts: &[TrainingEpochs]) -> Result<JoinedFeatures, EncoderError> {
    JoinedFeatures::learn(&plan.check().unwrap(), cohorts, &Compute::cpu(), &mut Silent)
}

fn fit(plan: &Plan, joined: &JoinedFeatures, cohort: &Cohort) -> Model {
    let plan = plan.check().unwrap();
    train(Recipe { plan: &plan, joined, shared: None }, &cohort.epochs(), &Compute::cpu(), &mut Silent)
        .unwrap()
}

fn numbers(cohort: &Cohort) -> usize {
    let alone = Plan { joined: Vec::new(), ..plan(0) };
    fit(&alone, &JoinedFeatures::none(), cohort).dim()
}

#[test]
fn a_network_learnt_on_one_montage_joins_an_encoder_of_another() {
    let (nine, four) = (cohort(6, 9, 8), cohort(4, 4, 8));
    let plan = plan(3);
    let joined = learn(&plan, &[nine.epochs()]).unwrap();
    let model = fit(&plan, &joined, &four);
    // Four numbers for each of four channels, and of nine.
    assert_eq!(model.dim(), numbers(&four) + 4 * 4);
    assert_eq!(fit(&plan, &joined, &nine).dim(), numbers(&nine) + 4 * 9);
    let baseline = Model::whitened(&plan.check().unwrap(), &four.epochs(), &Compute::cpu()).unwrap();
    assert_eq!(baseline.dim(), numbers(&four), "the closed form alone is what it must beat");
}

#[test]
fn an_epoch_has_the_same_print_alone_and_among_others_and_people_lie_together() {
    let nine = cohort(6, 9, 8);
    let plan = plan(3);
    let model = fit(&plan, &learn(&plan, &[nine.epochs()]).unwrap(), &nine);
    let all = model.embed(nine.samples.view()).unwrap();
    for epoch in [0, 17, 95] {
        let alone = model.embed(nine.samples.slice(s![epoch..=epoch, .., ..])).unwrap();
        let close = alone.row(0).iter().zip(all.row(epoch)).all(|(a, b)| (a - b).abs() < 1e-4);
        assert!(close, "epoch {epoch}");
    }
    assert!(right(&all, &nine.subject) > 0.9, "{}", right(&all, &nine.subject));
}

#[test]
fn cohorts_of_several_montages_teach_one_network_and_it_repeats_with_any_number_of_threads() {
    let (nine, four) = (cohort(6, 9, 8), cohort(4, 4, 8));
    let plan = plan(4);
    let learn = || learn(&plan, &[nine.epochs(), four.epochs()]).unwrap();
    repeats_and_survives(&four, || fit(&plan, &learn(), &four));
}

#[test]
fn what_was_learnt_survives_on_disk() {
    let nine = cohort(6, 9, 8);
    let plan = plan(3);
    let joined = learn(&plan, &[nine.epochs()]).unwrap();
    let folder = tempfile::tempdir().unwrap();
    joined.save(folder.path()).unwrap();
    let back = JoinedFeatures::load(folder.path(), &plan.check().unwrap(), &Compute::cpu()).unwrap();
    let hash = |joined| fit(&plan, joined, &nine).content_hash().unwrap();
    assert_eq!(hash(&back), hash(&joined));
}

#[test]
fn learning_tells_people_apart_who_were_not_learnt_from() {
    // Twelve people to learn from, six others to be told apart; a rhythm and a channel are each person's own.
    let everybody = cohort(18, 9, 12);
    let few = |wanted: fn(u32) -> bool| {
        let rows: Vec<usize> =
            (0..everybody.subject.len()).filter(|&row| wanted(everybody.subject[row])).collect();
        let labels = |all: &[u32]| rows.iter().map(|&row| all[row]).collect::<Vec<_>>();
        Cohort {
            samples: everybody.samples.select(Axis(0), &rows),
            subject: labels(&everybody.subject),
            recording: labels(&everybody.recording),
            channels: everybody.channels.clone(),
        }
    };
    let (known, unknown) = (few(|person| person % 3 != 0), few(|person| person % 3 == 0));
    let learnt = |steps| learnt_numbers(&plan(steps), &known, &unknown);
    let (random, trained) = (right(&learnt(0), &unknown.subject), right(&learnt(150), &unknown.subject));
    assert!(trained > random + 0.1, "nearest epochs of the same person: {random} before, {trained} after");
}

/// The learnt numbers alone, standardised, of people who were not learnt from.
fn learnt_numbers(plan: &Plan, known: &Cohort, unknown: &Cohort) -> Array2<f32> {
    let joined = learn(plan, &[known.epochs()]).unwrap();
    let rows = joined.features(unknown.samples.view()).unwrap();
    let mean = rows.mean_axis(Axis(0)).unwrap();
    let deviation = rows.std_axis(Axis(0), 0.0).mapv(|x| x.max(1e-6));
    (rows - mean) / deviation
}

/// The share of epochs whose nearest other epoch is of the same person.
fn right(rows: &Array2<f32>, person: &[u32]) -> f64 {
    let nearest = |row: usize| {
        let distance =
            |other: usize| (&rows.slice(s![row, ..]) - &rows.slice(s![other, ..])).mapv(|x| x * x).sum();
        (0..person.len()).filter(|&other| other != row).min_by(|&a, &b| distance(a).total_cmp(&distance(b)))
    };
    let found = (0..person.len()).filter(|&row| nearest(row).is_some_and(|near| person[near] == person[row]));
    found.count() as f64 / person.len() as f64
}

#[test]
fn gain_and_offset_of_a_channel_are_not_seen() {
    let nine = cohort(6, 9, 8);
    let joined = learn(&plan(2), &[nine.epochs()]).unwrap();
    let louder = nine.samples.mapv(|x| 4.0 * x + 7.0);
    let (before, after) = (joined.features(nine.samples.view()), joined.features(louder.view()));
    let (before, after) = (before.unwrap(), after.unwrap());
    assert!(before.iter().zip(&after).all(|(a, b)| (a - b).abs() < 1e-3));
    let mut flat = nine.samples.clone();
    flat.slice_mut(s![0, 0, ..]).fill(3.0);
    assert!(joined.features(flat.view()).unwrap().iter().all(|x| x.is_finite()));
}

#[test]
fn what_cannot_be_learnt_from_is_refused_with_the_way_out() {
    let nine = cohort(6, 9, 8);
    let said = |cohorts: &[TrainingEpochs]| learn(&plan(2), cohorts).unwrap_err().to_string();
    let other_rate = TrainingEpochs { rate: 256.0, ..nine.epochs() };
    let rates = said(&[nine.epochs(), other_rate]);
    assert!(rates.contains("128 Hz and at 256 Hz") && rates.contains("preprocess.resample"), "{rates}");
    assert!(said(&[]).contains("two people or more"), "{}", said(&[]));
    let short = Cohort { samples: nine.samples.slice(s![.., .., ..4]).to_owned(), ..cohort(6, 9, 8) };
    assert!(said(&[short.epochs()]).contains("4 samples are too short"));

    let plan = plan(2);
    let checked = plan.check().unwrap();
    let without = train(&checked, &nine.epochs(), &Compute::cpu(), &mut Silent).unwrap_err().to_string();
    assert!(without.contains("joins 1 learnt networks and 0 were given"), "{without}");
    let conv = Plan { architecture: tiny_conv(), ..plan }.check().unwrap_err().to_string();
    assert!(conv.contains("leave encoder.joined out"), "{conv}");
}

/// Electrodes of a cap of 64.
const CAP: &str = "Fp1 AF7 AF3 F1 F3 F5 F7 FT7 FC5 FC3 FC1 C1 C3 C5 T7 TP7 CP5 CP3 CP1 P1 P3 P5 P7 P9 PO7 PO3 O1 Iz Oz POz Pz CPz Fpz Fp2 AF8 AF4 AFz Fz F2 F4 F6 F8 FT8 FC6 FC4 FC2 FCz Cz C2 C4 C6 T8 TP8 CP6 CP4 CP2 P2 P4 P6 P8 P10 PO8 PO4 O2";

/// People whose channels lie somewhere on the head.
fn placed(people: u32, channels: usize) -> Cohort {
    let all: Vec<ChannelName> = CAP.split(' ').map(ChannelName::new).collect();
    // Spread over the cap.
    let names = (0..channels).map(|at| all[at * all.len() / channels].clone()).collect();
    Cohort { channels: names, ..cohort(people, channels, 5) }
}

/// The small plan with further settings of the network.
fn with(steps: usize, settings: &str) -> Plan {
    let mut plan = plan(steps);
    let text = format!(
        "[[joined]]\nname = \"shared_conv\"\nwidths = [6, 6]\nkernels = [9, 5]\ndim = 4\nhead = 16\npeople = 8\nsteps = {steps}\n{settings}\n"
    );
    plan.joined = toml::from_str::<Plan>(&text).unwrap().joined;
    plan
}

const EVERYTHING: &str = "initialise = \"gabor\"\npositions = true\nmixing = 2\naugment = [{ name = \"gain\", decibels = 3.0 }, { name = \"spectral_tilt\", exponent = 0.3 }]";

#[test]
fn every_option_serves_2_to_64_channels() {
    for channels in [2, 4, 14, 19, 64] {
        let home = placed(3, channels);
        let moved = "augment = [{ name = \"move_electrodes\", degrees = 8.0 }]";
        let mut settings = vec![
            "initialise = \"gabor\"",
            "positions = true",
            "mixing = 2",
            "dropout = 0.9\nmixing = 4",
            EVERYTHING,
        ];
        settings.extend((channels >= 4).then_some(moved));
        for settings in settings {
            let plan = with(2, settings);
            let joined = learn(&plan, &[home.epochs()]).unwrap().on(&home.channels).unwrap();
            let features = joined.features(home.samples.view()).unwrap();
            assert_eq!(features.dim(), (home.subject.len(), 4 * channels), "{settings}");
            assert!(features.iter().all(|x| x.is_finite()), "{channels} {settings}");
            let plain = learn(&with(2, ""), &[home.epochs()]).unwrap().features(home.samples.view()).unwrap();
            assert_ne!(features, plain, "{settings} makes a difference");
        }
    }
}

#[test]
fn the_order_of_channels_makes_no_difference_but_to_the_order_of_their_features() {
    let home = placed(3, 14);
    let joined = learn(&with(3, EVERYTHING), &[home.epochs()]).unwrap();
    let order: Vec<usize> = (0..14).map(|at| (5 * at + 3) % 14).collect();
    let names: Vec<ChannelName> = order.iter().map(|&at| home.channels[at].clone()).collect();
    let plain = joined.on(&home.channels).unwrap().features(home.samples.view()).unwrap();
    let turned = joined.on(&names).unwrap().features(home.samples.select(Axis(1), &order).view()).unwrap();
    for (at, &from) in order.iter().enumerate() {
        for number in 0..4 {
            let (one, other) = (turned.column(4 * at + number), plain.column(4 * from + number));
            assert!(one.iter().zip(other).all(|(a, b)| (a - b).abs() < 1e-4), "channel {from}");
        }
    }
}

#[test]
fn every_option_repeats_with_any_number_of_threads_and_survives_on_disk() {
    let (nineteen, four) = (placed(6, 19), placed(4, 4));
    let plan = with(
        4,
        &EVERYTHING.replace("augment = [", "augment = [{ name = \"move_electrodes\", degrees = 5.0 }, "),
    );
    let learn = || learn(&plan, &[nineteen.epochs(), four.epochs()]).unwrap();
    repeats_and_survives(&four, || fit(&plan, &learn(), &four));
}

#[test]
fn electrodes_that_are_nowhere_and_heads_that_do_not_divide_are_refused() {
    let nine = cohort(6, 9, 8);
    let said = |settings: &str| learn(&with(2, settings), &[nine.epochs()]).unwrap_err().to_string();
    assert!(said("positions = true").contains("X0") && said("positions = true").contains("joined.positions"));
    let moved = said("augment = [{ name = \"move_electrodes\", degrees = 5.0 }]");
    assert!(moved.contains("joined.augment") && moved.contains("X0"), "{moved}");
    let two = placed(3, 2);
    let few = learn(&with(2, "augment = [{ name = \"move_electrodes\", degrees = 5.0 }]"), &[two.epochs()]);
    assert!(few.unwrap_err().to_string().contains("needs 4 electrodes"));
    let heads = with(2, "mixing = 3").check().unwrap_err().to_string();
    assert!(heads.contains("joined.mixing = 3") && heads.contains("joined.dim = 4"), "{heads}");
}

/// Stops after so many steps that it hears of.
struct Until(usize, Vec<StepReport>);

impl Monitor for Until {
    fn step(&mut self, step: &StepReport) -> ControlFlow<()> {
        self.1.push(*step);
        if self.1.len() == self.0 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }
}

#[test]
fn learning_that_was_stopped_goes_on_and_ends_in_the_same_bytes() {
    let nine = cohort(6, 9, 8);
    // Two networks, so that the second is stopped when the first is done.
    let mut plan = with(7, "");
    plan.joined.extend(with(9, "mixing = 2").joined);
    plan.checkpoint_every = 2;
    let plan = plan.check().unwrap();
    let learnt = |monitor: &mut Until, folder: &std::path::Path| {
        JoinedFeatures::learn_resumable(&plan, &[nine.epochs()], &Compute::cpu(), monitor, folder)
    };
    let bytes = |joined: &JoinedFeatures| {
        let folder = tempfile::tempdir().unwrap();
        joined.save(folder.path()).unwrap();
        std::fs::read(folder.path().join("joined.safetensors")).unwrap()
    };
    let mut whole = Until(0, Vec::new());
    let joined = JoinedFeatures::learn(&plan, &[nine.epochs()], &Compute::cpu(), &mut whole).unwrap();
    assert_eq!(whole.1.len(), 16);
    for stop in [1, 5, 7, 8, 12, 15] {
        let folder = tempfile::tempdir().unwrap();
        let stopped = learnt(&mut Until(stop, Vec::new()), folder.path());
        assert!(matches!(stopped, Err(EncoderError::Stopped { .. })), "after {stop}");
        let mut rest = Until(0, Vec::new());
        let again = learnt(&mut rest, folder.path()).unwrap();
        assert!(bytes(&again) == bytes(&joined), "stopped after {stop}");
        assert_eq!(rest.1, whole.1, "the monitor hears of the same steps");
    }
    // What is left of one cohort is not gone on from with another.
    let folder = tempfile::tempdir().unwrap();
    let _ = learnt(&mut Until(5, Vec::new()), folder.path());
    let others = cohort(5, 9, 8);
    let refused = JoinedFeatures::learn_resumable(
        &plan,
        &[others.epochs()],
        &Compute::cpu(),
        &mut Silent,
        folder.path(),
    );
    assert!(refused.unwrap_err().to_string().contains("made from other epochs"));
}

#[test]
fn kernels_that_start_as_a_bank_pass_rising_frequencies() {
    let home = placed(3, 4);
    // No step: what the first layer starts as.
    let plan = with(0, "initialise = \"gabor\"");
    let Joined::SharedConv(settings) = &plan.joined[0];
    assert_eq!(settings.widths[0], 6);
    let folder = tempfile::tempdir().unwrap();
    learn(&plan, &[home.epochs()]).unwrap().save(folder.path()).unwrap();
    let bytes = std::fs::read(folder.path().join("joined.safetensors")).unwrap();
    let tensors = safetensors::SafeTensors::deserialize(&bytes).unwrap();
    let first = tensors.tensor("joined.0.conv0.weight").unwrap();
    let values: Vec<f64> = first
        .data()
        .chunks_exact(4)
        .map(|b| f64::from(f32::from_le_bytes([b[0], b[1], b[2], b[3]])))
        .collect();
    let response = |kernel: &[f64], f: f64| {
        let angle = |at: usize| std::f64::consts::TAU * f * at as f64 / 128.0;
        let part =
            |wave: fn(f64) -> f64| kernel.iter().enumerate().map(|(at, k)| k * wave(angle(at))).sum::<f64>();
        part(f64::cos).hypot(part(f64::sin))
    };
    let best = |kernel: &[f64]| {
        (1..60)
            .max_by(|&a, &b| response(kernel, f64::from(a)).total_cmp(&response(kernel, f64::from(b))))
            .unwrap()
    };
    let peaks: Vec<i32> = values.chunks(9).map(best).collect();
    assert!(peaks.windows(2).all(|pair| pair[0] <= pair[1]) && peaks[5] > 30, "{peaks:?}");
}
