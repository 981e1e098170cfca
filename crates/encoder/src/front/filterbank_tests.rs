//! The fast features against the network they are written as: two convolutions of burn, mean of squares, logarithm.

use burn::tensor::module::conv1d;
use burn::tensor::ops::ConvOptions;
use burn::tensor::{Device, Tensor, TensorData};
use ndarray::Array3;
use proptest::prelude::*;
use rand::RngExt;

use super::*;
use crate::plan::Bands;
use crate::weights::read;

fn noise(epochs: usize, channels: usize, samples: usize, seed: u64) -> Array3<f32> {
    let mut rng = stream(seed, "noise");
    Array3::from_shape_simple_fn((epochs, channels, samples), || rng.random_range(-50.0f32..50.0))
}

fn as_a_network(bank: &Filterbank, epochs: &Array3<f32>, rate: f64, seed: u64) -> Vec<f32> {
    let (count, channels, samples) = epochs.dim();
    let features = bank.features(channels, samples, rate, seed).unwrap();
    let mut input = epochs.clone() * bank.scale as f32;
    if features.settings.reference {
        let mean = input.mean_axis(ndarray::Axis(1)).unwrap().insert_axis(ndarray::Axis(1));
        input -= &mean;
    }
    let device = Device::flex();
    let tensor = |values: Vec<f32>, shape: [usize; 3]| -> Tensor<3> {
        Tensor::from_data(TensorData::new(values, shape), &device)
    };
    let x = tensor(input.into_raw_vec_and_offset().0, [count * channels, 1, samples]);
    let kernels: Vec<f32> = bank.bands.kernels(rate).concat().iter().map(|&k| k as f32).collect();
    let taps = bank.bands.taps(rate);
    let temporal = tensor(kernels, [features.settings.kernels.len(), 1, taps]);
    let x = conv1d(x, temporal, None, ConvOptions::new([bank.bands.stride(rate)], [0], [1], 1));
    let frames = x.dims()[2];
    let x = x.reshape([count, channels, features.settings.kernels.len(), frames]).swap_dims(1, 2);
    let x: Tensor<3> = x.reshape([count, features.settings.kernels.len() * channels, frames]);
    let sites = features.settings.sites[0].len();
    let mut spatial = vec![0.0f32; features.len() * channels];
    for (row, site) in features.settings.sites.iter().flatten().enumerate() {
        match *site {
            Site::Channel(a) => spatial[row * channels + a] = 1.0,
            Site::Pair(a, b) => {
                spatial[row * channels + a] = std::f32::consts::FRAC_1_SQRT_2;
                spatial[row * channels + b] = -std::f32::consts::FRAC_1_SQRT_2;
            }
        }
    }
    let spatial = tensor(spatial, [features.settings.kernels.len() * sites, channels, 1]);
    let x = conv1d(x, spatial, None, ConvOptions::new([1], [0], [1], features.settings.kernels.len()));
    read((x.square().mean_dim(2) + bank.floor).log()).unwrap()
}

fn assert_equal(bank: &Filterbank, epochs: &Array3<f32>, rate: f64) {
    let (_, channels, samples) = epochs.dim();
    let fast = bank.features(channels, samples, rate, 9).unwrap().compute(epochs.view());
    let slow = as_a_network(bank, epochs, rate, 9);
    assert_eq!(fast.len(), slow.len());
    for (a, b) in fast.iter().zip(&slow) {
        assert!((a - b).abs() <= 1e-5 * b.abs().max(1.0), "{a} is not {b}");
    }
}

/// The default filterbank without covariances, which are no convolution.
fn powers_alone() -> Filterbank {
    Filterbank { covariances: false, ..Filterbank::default() }
}

#[test]
fn the_default_powers_equal_those_of_burns_convolutions() {
    let bank = powers_alone();
    assert_eq!(bank.features(19, 256, 128.0, 0).unwrap().len(), 512);
    assert_equal(&bank, &noise(3, 19, 256, 1), 128.0);
}

#[test]
fn four_channels_give_channels_and_all_pairs_without_average_reference() {
    let features = powers_alone().features(4, 256, 128.0, 0).unwrap();
    assert_eq!((features.len(), features.settings.reference), (16 * 10, false));
    assert_equal(&powers_alone(), &noise(2, 4, 256, 2), 128.0);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn features_equal_convolutions_for_any_shape(
        channels in 1usize..12,
        samples in 130usize..300,
        rate in prop::sample::select(vec![100.0, 128.0, 160.0, 250.0]),
        bands in 1usize..6,
        pairs in 1usize..9,
        spatial in prop::sample::select(vec![Spatial::Auto, Spatial::RandomPairs, Spatial::AllPairs, Spatial::ChannelsAndPairs]),
        average in any::<bool>(),
    ) {
        let average_reference = if average { AverageReference::Always } else { AverageReference::Never };
        let bands = Bands { count: bands, ..Bands::default() };
        let bank = Filterbank { bands, pairs, spatial, average_reference, ..powers_alone() };
        // With an average reference of one channel nothing is left but rounding: the floor alone decides.
        assert_equal(&bank, &noise(2, channels, samples, 3), rate);
    }
}

#[test]
fn every_instruction_set_of_this_machine_gives_the_same_features() {
    let epochs = noise(3, 19, 256, 4);
    let features = powers_alone().features(19, 256, 128.0, 0).unwrap();
    let best = features.compute(epochs.view());
    let mut sets = vec![pulp::Arch::Scalar];
    #[cfg(target_arch = "x86_64")]
    {
        sets.extend(pulp::x86::V3::try_new().map(pulp::Arch::V3));
        sets.extend(pulp::x86::V4::try_new().map(pulp::Arch::V4));
    }
    for set in sets {
        let other = features.compute_with(set, epochs.view());
        assert!(best.iter().zip(&other).all(|(a, b)| (a - b).abs() <= 1e-5 * b.abs().max(1.0)), "{set:?}");
    }
}

#[test]
fn epochs_that_do_not_lie_in_a_row_give_the_same_features_to_the_bit() {
    let epochs = noise(4, 9, 200, 5);
    let features = powers_alone().features(9, 200, 128.0, 0).unwrap();
    let turned = epochs.view().permuted_axes([2, 1, 0]).as_standard_layout().into_owned();
    let strided = turned.view().permuted_axes([2, 1, 0]);
    assert!(strided.as_slice().is_none());
    assert_eq!(features.compute(epochs.view()), features.compute(strided));
}

#[test]
fn an_epoch_shorter_than_a_kernel_and_a_band_beyond_nyquist_are_refused() {
    let bank = powers_alone();
    assert!(bank.features(19, 64, 128.0, 0).unwrap_err().to_string().contains("longer than an epoch of 64"));
    assert!(
        bank.features(19, 256, 64.0, 0).unwrap_err().to_string().contains("below half the rate of 64 Hz")
    );
}
