//! Fitting from a view of a few rows, kept or not, against fitting from a copy.

use ndarray::Array3;
use rand::RngExt;
use twinprint_signal::{ChannelName, EpochRow};

use super::*;
use crate::front::KEEP;
use crate::net::Conv;
use crate::plan::{Bands, Filterbank, Plan};

fn noise(epochs: usize) -> Array3<f32> {
    let mut rng = stream(2, "noise");
    Array3::from_shape_simple_fn((epochs, 9, 128), || rng.random_range(-40.0f32..40.0))
}

fn plans() -> [CheckedPlan; 2] {
    let bands = Bands { count: 3, ..Bands::default() };
    let bank = Filterbank { bands, pairs: 5, ..Filterbank::default() };
    [Architecture::Filterbank(bank), Architecture::Conv(Conv::default())]
        .map(|architecture| Plan { architecture, ..Plan::default() }.check().unwrap())
}

#[test]
fn rows_of_a_larger_file_fit_as_a_copy_of_them_does_whether_features_are_kept_or_not() {
    let file = noise(900);
    let rows: Vec<EpochRow> = (0..900).rev().filter(|row| row % 3 != 1).map(EpochRow).collect();
    let copy = EpochRow::select(file.view(), &rows);
    let owner: Vec<u32> = (0..rows.len()).map(|index| (index % 5) as u32).collect();
    let channels: Vec<ChannelName> = (0..9).map(|c| ChannelName::new(format!("X{c}"))).collect();
    let whole = TrainingEpochs::new(copy.view(), &owner, &owner, 128.0, &channels);
    let part = TrainingEpochs { samples: file.view(), rows: Some(&rows), ..whole.clone() };
    part.check().unwrap();
    for plan in plans() {
        let fit = |data: &TrainingEpochs, keep| {
            Member::initial((&plan).into(), data, 7, Start::Planned, keep).unwrap()
        };
        let (expected, kept) = fit(&whole, KEEP);
        let filterbank = matches!(plan.architecture, Architecture::Filterbank(_));
        assert_eq!(kept.is_some(), filterbank);
        for (member, kept) in [fit(&part, KEEP), fit(&part, 0)] {
            assert_eq!(member.front.standardise(), expected.front.standardise());
            assert_eq!(member.parameters, expected.parameters);
            if let Some(kept) = kept {
                assert_eq!(kept, member.front.rows(copy.view()).unwrap());
            }
        }
        assert!(fit(&part, 0).1.is_none());
    }
}
