//! The network that the guide writes, `channel_power`, learns like every other.

use ndarray::{Array3, Axis};
use rand::RngExt;
use twinprint_signal::ChannelName;

use crate::seed::stream;
use crate::{Compute, Plan, Silent, TrainingEpochs, train};

const PEOPLE: usize = 10;
const CHANNELS: usize = 6;
const EPOCHS: usize = 24;
/// Channels whose loudness says nothing.
const RESTLESS: usize = 2;

/// Noise. How loud it is in the last channels is a person's own; how loud it is in the first ones, and in all together, changes
/// from epoch to epoch: a network has to learn to overlook that.
fn people(seed: u64) -> (Array3<f32>, Vec<u32>) {
    let mut rng = stream(seed, "people");
    let own: Vec<f32> = (0..PEOPLE * CHANNELS).map(|_| rng.random_range(-0.5f32..0.5)).collect();
    let owner: Vec<u32> = (0..PEOPLE * EPOCHS).map(|row| (row % PEOPLE) as u32).collect();
    let mut samples = Array3::zeros((owner.len(), CHANNELS, 64));
    for (mut epoch, &person) in samples.outer_iter_mut().zip(&owner) {
        let today = rng.random_range(-1.0f32..1.0);
        for (channel, mut row) in epoch.axis_iter_mut(Axis(0)).enumerate() {
            let chance = if channel < RESTLESS { rng.random_range(-3.0f32..3.0) } else { 0.0 };
            let loud = (own[person as usize * CHANNELS + channel] + today + chance).exp();
            row.iter_mut().for_each(|x| *x = loud * rng.random_range(-10.0f32..10.0));
        }
    }
    (samples, owner)
}

/// The share of epochs whose nearest other epoch is of the same person.
fn nearest_is_right(plan: &Plan, steps: usize) -> f64 {
    let mut plan = plan.clone();
    plan.optimiser.steps = Some(steps);
    let (samples, owner) = people(1);
    let channels: Vec<ChannelName> = (0..CHANNELS).map(|c| ChannelName::new(format!("X{c}"))).collect();
    let data = TrainingEpochs::new(samples.view(), &owner, &owner, 128.0, &channels);
    let model = train(&plan.check().unwrap(), &data, &Compute::cpu(), &mut Silent).unwrap();
    let (new, owner) = people(2);
    let prints = model.embed(new.view()).unwrap();
    assert_eq!(prints.ncols(), 8);
    let cosines = prints.dot(&prints.t());
    let right = |row: usize| {
        let others = (0..owner.len()).filter(|&other| other != row);
        let nearest = others.max_by(|&a, &b| cosines[[row, a]].total_cmp(&cosines[[row, b]]));
        nearest.is_some_and(|nearest| owner[nearest] == owner[row])
    };
    (0..owner.len()).filter(|&row| right(row)).count() as f64 / owner.len() as f64
}

#[test]
fn a_network_of_one_file_and_one_entry_trains_and_tells_people_apart_whom_it_has_not_seen() {
    let plan = "architecture = { name = \"channel_power\", dim = 8 }\n\
                [batch]\nsubjects = 8\nepochs = 4\n[optimiser]\nlearning_rate = 0.02\n";
    let plan: Plan = toml::from_str(plan).unwrap();
    assert_eq!(plan.architecture.name(), "channel_power");
    let (before, after) = (nearest_is_right(&plan, 1), nearest_is_right(&plan, 150));
    assert!(after > before + 0.2 && after > 5.0 / PEOPLE as f64, "{before} before, {after} after training");
}

#[test]
fn its_settings_are_checked_as_those_of_the_others_are() {
    let refused = |text: &str| toml::from_str::<Plan>(text).map(|plan| plan.check().map(|_| ()));
    let none = refused("architecture = { name = \"channel_power\", dim = 0 }").unwrap().unwrap_err();
    assert!(none.to_string().contains("architecture.dim"), "{none}");
    assert!(refused("architecture = { name = \"channel_power\", dims = 8 }").is_err());
}
