//! Learnt features that are joined to the front end: what they see, who may be learnt from, and that they repeat.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use common::{Cohort, SMALL, cohort, tiny_conv};
use ndarray::{Array2, s};
use twinprint_encoder::{
    Compute, EncoderError, JoinedFeatures, Model, Plan, Recipe, Silent, TrainingEpochs, train,
};

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
    train(Recipe { plan: &plan, joined }, &cohort.epochs(), &Compute::cpu(), &mut Silent).unwrap()
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
    let fit = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| fit(&plan, &learn(&plan, &[nine.epochs(), four.epochs()]).unwrap(), &four))
    };
    let model = fit(1);
    let hash = model.content_hash().unwrap();
    assert!([2, 4].iter().all(|&threads| fit(threads).content_hash().unwrap() == hash));
    let folder = tempfile::tempdir().unwrap();
    model.save(folder.path()).unwrap();
    let back = Model::load(folder.path(), &Compute::cpu()).unwrap();
    assert_eq!(back.embed(four.samples.view()).unwrap(), model.embed(four.samples.view()).unwrap());
    assert_eq!(back.content_hash().unwrap(), hash);
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
            samples: everybody.samples.select(ndarray::Axis(0), &rows),
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
    let mean = rows.mean_axis(ndarray::Axis(0)).unwrap();
    let deviation = rows.std_axis(ndarray::Axis(0), 0.0).mapv(|x| x.max(1e-6));
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
