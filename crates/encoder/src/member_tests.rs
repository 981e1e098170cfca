//! Fitting from a view of a few rows, kept or not, against fitting from a copy.

use ndarray::Array3;
use rand::RngExt;
use twinprint_signal::ChannelName;

use super::*;
use crate::architecture::{Bands, Conv, Filterbank};

fn noise(epochs: usize) -> Array3<f32> {
    let mut rng = stream(2, "noise");
    Array3::from_shape_simple_fn((epochs, 9, 128), || rng.random_range(-40.0f32..40.0))
}

fn plans() -> [Plan; 2] {
    let bands = Bands { count: 3, ..Bands::default() };
    let bank = Filterbank { bands, pairs: 5, ..Filterbank::default() };
    [Architecture::Filterbank(bank), Architecture::Conv(Conv::default())]
        .map(|architecture| Plan { architecture, ..Plan::default() }.resolved())
}

#[test]
fn rows_of_a_larger_file_fit_as_a_copy_of_them_does_whether_features_are_kept_or_not() {
    let file = noise(900);
    let rows: Vec<usize> = (0..900).rev().filter(|row| row % 3 != 1).collect();
    let copy = file.select(Axis(0), &rows);
    let owner: Vec<u32> = (0..rows.len()).map(|index| (index % 5) as u32).collect();
    let channels: Vec<ChannelName> = (0..9).map(|c| ChannelName::new(format!("X{c}"))).collect();
    let whole = TrainingEpochs {
        samples: copy.view(),
        rows: None,
        subject: &owner,
        recording: &owner,
        apart: None,
        rate: 128.0,
        channels: &channels,
    };
    let part = TrainingEpochs { samples: file.view(), rows: Some(&rows), ..whole.clone() };
    part.check().unwrap();
    for plan in plans() {
        let fit = |data: &TrainingEpochs, keep| Member::initial(&plan, data, 7, false, keep).unwrap();
        let (expected, kept) = fit(&whole, KEEP);
        let filterbank = matches!(plan.architecture, Architecture::Filterbank(_));
        assert_eq!(kept.is_some(), filterbank);
        for (member, kept) in [fit(&part, KEEP), fit(&part, 0)] {
            assert_eq!(member.front.standardise(), expected.front.standardise());
            assert_eq!(member.parameters, expected.parameters);
            if let Some(kept) = kept {
                assert_eq!(kept, member.front.rows(copy.view()));
            }
        }
        assert!(fit(&part, 0).1.is_none());
    }
}

#[test]
fn channels_are_standardised_by_their_mean_and_deviation_over_everything() {
    let file = noise(600) + 3.0;
    let standardise = {
        let owner: Vec<u32> = (0..600).map(|index| index % 2).collect();
        let channels: Vec<ChannelName> = (0..9).map(|c| ChannelName::new(format!("X{c}"))).collect();
        let (subject, recording) = (owner.as_slice(), owner.as_slice());
        let samples = file.view();
        fit_channels(&TrainingEpochs {
            samples,
            rows: None,
            subject,
            recording,
            apart: None,
            rate: 128.0,
            channels: &channels,
        })
    }
    .unwrap();
    for (c, (mean, deviation)) in standardise.mean().iter().zip(standardise.deviation()).enumerate() {
        let values: Vec<f64> = file.slice(s![.., c, ..]).iter().map(|&x| f64::from(x)).collect();
        let expected = values.iter().sum::<f64>() / values.len() as f64;
        let square = values.iter().map(|x| (x - expected).powi(2)).sum::<f64>() / values.len() as f64;
        assert!(
            (f64::from(*mean) - expected).abs() < 1e-5
                && (f64::from(*deviation) - square.sqrt()).abs() < 1e-4
        );
    }
}
