//! Laws that features obey whatever the signal, and refusals of what is no signal.

use std::f64::consts::TAU;

use approx::assert_abs_diff_eq;
use ndarray::{Array1, Array2, Array3, Axis, s};
use proptest::prelude::*;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};
use twinprint_features::*;

const RATE: f64 = 128.0;

fn noise(seed: u64, shape: (usize, usize, usize)) -> Array3<f32> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    Array3::from_shape_simple_fn(shape, || {
        let value: f32 = StandardNormal.sample(&mut random);
        value * 12.0
    })
}

fn view(samples: &Array3<f32>) -> View<'_> {
    View { samples: samples.view(), rate: RATE }
}

type Compute = fn(View<'_>) -> Result<Array2<f32>, FeatureError>;

const EVERY_FEATURE: [(&str, Compute); 10] = [
    ("log_psd", |view| log_psd(view, 1.0, 40.0)),
    ("band_powers", |view| band_powers(view, &DEFAULT_BANDS)),
    ("tangent", |view| tangent(view, &DEFAULT_BANDS)),
    ("amplitude_scale", confound::amplitude_scale),
    ("line_noise_bin", |view| confound::line_noise_bin(view, 50.0)),
    ("per_channel_gain", |view| Ok(LogSpectra::of(view, 1.0, 40.0)?.gain())),
    ("spectral_shape", |view| Ok(LogSpectra::of(view, 1.0, 40.0)?.shape())),
    ("aperiodic", |view| LogSpectra::of(view, 1.0, 40.0)?.aperiodic()),
    ("alpha_aligned", |view| LogSpectra::of(view, 1.0, 40.0)?.alpha_aligned()),
    ("without_aperiodic", |view| LogSpectra::of(view, 1.0, 40.0)?.without_aperiodic()),
];

fn named_features() -> [Feature; 2] {
    [Feature::LogPsd { l_freq: 1.0, h_freq: 40.0 }, Feature::BandPowers { bands: DEFAULT_BANDS.to_vec() }]
}

fn close(left: &Array2<f32>, right: &Array2<f32>, tolerance: f32) -> bool {
    left.dim() == right.dim()
        && left.iter().zip(right).all(|(a, b)| (a - b).abs() <= tolerance * b.abs().max(1.0))
}

#[test]
fn there_is_one_name_a_column_and_no_two_are_equal() {
    let samples = noise(1, (2, 4, 256));
    let channels = ["Fp1", "Cz", "O1", "T7"];
    for feature in named_features() {
        let mut names = names(&feature, view(&samples), &channels).unwrap();
        assert_eq!(names.len(), feature.compute(view(&samples)).unwrap().ncols(), "{feature:?}");
        names.sort();
        names.dedup();
        assert_eq!(names.len(), feature.compute(view(&samples)).unwrap().ncols(), "{feature:?}");
        assert!(matches!(
            twinprint_features::names(&feature, view(&samples), &channels[..3]),
            Err(FeatureError::ChannelNames { names: 3, channels: 4 })
        ));
    }
    let psd = names(&named_features()[0], view(&samples), &channels).unwrap();
    assert_eq!((&psd[0][..], &psd[40][..]), ("log_psd:Fp1:1Hz", "log_psd:Cz:1Hz"));
    let bands = names(&named_features()[1], view(&samples), &channels).unwrap();
    assert_eq!((&bands[1][..], &bands[6][..]), ("band_power:Fp1:4-8Hz", "band_power:Cz:1-4Hz"));
}

#[test]
fn the_column_named_10_hz_is_the_one_where_a_10_hz_wave_shows() {
    let wave = Array1::from_shape_fn(256, |t| (TAU * 10.0 * t as f64 / RATE).sin() as f32);
    let mut samples = noise(2, (1, 2, 256)) * 0.01;
    samples.slice_mut(s![0, 1, ..]).zip_mut_with(&wave, |x, w| *x += 30.0 * w);
    let psd = log_psd(view(&samples), 1.0, 40.0).unwrap();
    let names = names(&named_features()[0], view(&samples), &["a", "b"]).unwrap();
    let (largest, _) = psd.row(0).iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1)).unwrap();
    assert_eq!(names[largest], "log_psd:b:10Hz");
}

#[test]
fn the_density_of_white_noise_integrates_to_its_variance() {
    let samples = noise(3, (400, 1, 256));
    let density = log_psd(view(&samples), 0.0, 64.0).unwrap().mapv(f32::exp);
    // Hann segments lose their mean, which lives in the lowest two bins.
    let mean = density.slice(s![.., 2..64]).mean().unwrap();
    assert_abs_diff_eq!(mean * 64.0, 144.0, epsilon = 2.0);
}

#[test]
fn the_confounds_see_what_they_are_named_after() {
    let samples = noise(4, (1, 1, 256));
    let louder = &samples * std::f32::consts::E;
    let rms = |s| confound::amplitude_scale(view(s)).unwrap()[[0, 0]];
    assert_abs_diff_eq!(rms(&louder) - rms(&samples), 1.0, epsilon = 1e-5);
    let gain = |s| LogSpectra::of(view(s), 1.0, 40.0).unwrap().gain()[[0, 0]];
    assert_abs_diff_eq!(gain(&louder) - gain(&samples), 2.0, epsilon = 1e-4);
    let shape = |s| LogSpectra::of(view(s), 1.0, 40.0).unwrap().shape();
    assert!(close(&shape(&louder), &shape(&samples), 1e-4));
    let mut hum = samples.clone();
    let wave = Array1::from_shape_fn(256, |t| 50.0 * (TAU * 50.0 * t as f64 / RATE).sin() as f32);
    hum.slice_mut(s![0, 0, ..]).zip_mut_with(&wave, |x, w| *x += w);
    let line = |s| confound::line_noise_bin(view(s), 50.0).unwrap()[[0, 0]];
    assert!(line(&hum) > line(&samples) + 3.0, "{} and {}", line(&hum), line(&samples));
    assert_abs_diff_eq!(line(&louder), line(&samples), epsilon = 1e-4);
    let spectra = LogSpectra::of(view(&samples), 1.0, 40.0).unwrap();
    assert_eq!(spectra.band(30.0, 40.0).unwrap().ncols(), 11);
    let alpha = spectra.band(8.0, 13.0).unwrap();
    assert_eq!(alpha, log_psd(view(&samples), 1.0, 40.0).unwrap().slice(s![.., 7..13]));
    for (low, high) in [(0.0, 4.0), (30.0, 41.0), (30.0, 1000.0)] {
        assert!(matches!(spectra.band(low, high), Err(FeatureError::Range { .. })), "{low} to {high} Hz");
    }
}

#[test]
fn the_aperiodic_part_takes_gain_and_slope_and_leaves_the_peaks() {
    let samples = noise(7, (40, 1, 256));
    let line = |s: &Array3<f32>| LogSpectra::of(view(s), 1.0, 40.0).unwrap().aperiodic().unwrap();
    let rest = |s| LogSpectra::of(view(s), 1.0, 40.0).unwrap().without_aperiodic().unwrap();
    // White noise has no slope; its running sum has that of power over the square of frequency.
    let slope = |s: &Array3<f32>| line(s).column(1).mean().unwrap();
    assert_abs_diff_eq!(slope(&samples), 0.0, epsilon = 0.15);
    let mut brown = samples.clone();
    brown.accumulate_axis_inplace(Axis(2), |&before, x| *x += before);
    assert_abs_diff_eq!(slope(&brown), -2.0, epsilon = 0.25);
    let louder = &samples * std::f32::consts::E;
    let (before, after) = (line(&samples), line(&louder));
    assert!(before.column(0).iter().zip(after.column(0)).all(|(a, b)| (b - a - 2.0).abs() < 1e-3));
    assert!(close(&rest(&louder), &rest(&samples), 1e-3));
    // A rhythm stands in what is left, and moves the slope little.
    let mut alpha = brown.clone();
    for mut epoch in alpha.outer_iter_mut() {
        epoch
            .row_mut(0)
            .indexed_iter_mut()
            .for_each(|(t, x)| *x += (TAU * 10.0 * t as f64 / RATE).sin() as f32 * 60.0);
    }
    assert_abs_diff_eq!(slope(&alpha), slope(&brown), epsilon = 0.4);
    let peak = rest(&alpha).column(9).mean().unwrap();
    assert!(peak > rest(&brown).column(9).mean().unwrap() + 2.0, "{peak}");
    assert!(matches!(
        LogSpectra::of(view(&samples), 8.0, 9.0).unwrap().aperiodic(),
        Err(FeatureError::FewFrequencies { found: 2, .. })
    ));
}

#[test]
fn spectra_of_parts_put_together_are_those_of_the_whole() {
    let samples = noise(9, (7, 3, 256));
    let part = |from: usize, to: usize| samples.slice(s![from..to, .., ..]).to_owned();
    let whole = LogSpectra::of(view(&samples), 1.0, 40.0).unwrap();
    let mut joined = LogSpectra::of(view(&part(0, 3)), 1.0, 40.0).unwrap();
    joined.append(view(&part(3, 7))).unwrap();
    assert_eq!(joined.all(), whole.all());
    assert_eq!(joined.without_aperiodic().unwrap(), whole.without_aperiodic().unwrap());
    assert!(joined.append(view(&noise(9, (1, 2, 256)))).is_err());
}

#[test]
fn flat_channels_give_finite_features() {
    let mut samples = noise(5, (2, 3, 256));
    samples.slice_mut(s![0, .., ..]).fill(7.0);
    samples.slice_mut(s![1, 2, ..]).fill(0.0);
    for (feature, compute) in EVERY_FEATURE {
        assert!(compute(view(&samples)).unwrap().iter().all(|x| x.is_finite()), "{feature}");
    }
}

#[test]
fn the_average_reference_leaves_no_common_signal_and_changes_nothing_twice() {
    let mut samples = noise(6, (3, 5, 64)) + 1000.0;
    average_reference(samples.view_mut()).unwrap();
    assert!(samples.mean_axis(Axis(1)).unwrap().iter().all(|x| x.abs() < 1e-4));
    let once = samples.clone();
    average_reference(samples.view_mut()).unwrap();
    assert!((&samples - &once).iter().all(|x| x.abs() < 1e-4));
    let mut single = noise(6, (3, 1, 64));
    assert!(matches!(average_reference(single.view_mut()), Err(FeatureError::TooFewChannels(1))));
}

#[test]
fn what_is_no_signal_is_refused_with_its_place() {
    let mut samples = noise(7, (4, 3, 256));
    for bad in [f32::NAN, f32::INFINITY] {
        for at in [0, 255] {
            samples[[2, 1, at]] = bad;
            for (feature, compute) in EVERY_FEATURE {
                let error = compute(view(&samples)).unwrap_err();
                assert!(matches!(error, FeatureError::NotFinite { epoch: 2, channel: 1 }), "{feature}");
            }
            samples[[2, 1, at]] = 0.0;
        }
    }
    for rate in [0.0, -1.0, f64::NAN] {
        for (_, compute) in EVERY_FEATURE.into_iter().take(3) {
            assert!(matches!(compute(View { samples: samples.view(), rate }), Err(FeatureError::Rate(_))));
        }
    }
    for range in [(5.0, 5.0), (9.0, 4.0), (-1.0, 4.0), (1.0, 64.5), (f64::NAN, 4.0)] {
        assert!(
            matches!(log_psd(view(&samples), range.0, range.1), Err(FeatureError::Range { .. })),
            "{range:?}"
        );
        assert!(matches!(tangent(view(&samples), &[range]), Err(FeatureError::Range { .. })), "{range:?}");
    }
    let error = log_psd(view(&samples), 10.2, 10.7).unwrap_err().to_string();
    assert!(error.contains("1 Hz apart"), "{error}");
    assert!(matches!(band_powers(view(&samples), &[]), Err(FeatureError::NoBands)));
    let with = |shrinkage, taper| tangent_with(view(&samples), &DEFAULT_BANDS, shrinkage, taper);
    assert!(matches!(with(0.0, Taper::Hann), Err(FeatureError::Shrinkage(0.0))));
    for count in [0, 65] {
        let error = with(0.05, Taper::Sine(count)).unwrap_err();
        assert!(matches!(error, FeatureError::Tapers { count: found, most: 64 } if found == count));
    }
    for line_freq in [4.0, 63.5, 64.0, f64::NAN] {
        let error = confound::line_noise_bin(view(&samples), line_freq);
        assert!(matches!(error, Err(FeatureError::LineFrequency { .. })), "{line_freq}");
    }
    for shape in [(2, 0, 256), (2, 3, 3), (2, 3, 0)] {
        let empty = Array3::zeros(shape);
        assert!(matches!(log_psd(view(&empty), 1.0, 40.0), Err(FeatureError::Empty { .. })));
        assert!(matches!(tangent(view(&empty), &DEFAULT_BANDS), Err(FeatureError::Empty { .. })));
    }
}

#[test]
fn no_epochs_give_a_table_without_rows() {
    let none = Array3::zeros((0, 2, 256));
    assert_eq!(tangent(view(&none), &DEFAULT_BANDS).unwrap().dim(), (0, 18));
    assert_eq!(log_psd(view(&none), 1.0, 40.0).unwrap().dim(), (0, 80));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn an_epochs_row_is_its_own_whatever_stands_beside_it(seed: u64, epochs in 1usize..30, pick: prop::sample::Index) {
        let samples = noise(seed, (epochs, 3, 128));
        let one = pick.index(epochs);
        let alone = samples.slice(s![one..=one, .., ..]).to_owned();
        for (feature, compute) in EVERY_FEATURE {
            let all = compute(view(&samples)).unwrap();
            let single = compute(view(&alone)).unwrap();
            prop_assert_eq!(all.row(one), single.row(0), "{}", feature);
        }
    }

    #[test]
    fn memory_layout_does_not_matter(seed: u64) {
        let samples = noise(seed, (3, 128, 4));
        let turned = samples.view().permuted_axes([0, 2, 1]);
        let copied = turned.as_standard_layout().to_owned();
        for (_, compute) in EVERY_FEATURE {
            let found = compute(View { samples: turned, rate: RATE }).unwrap();
            prop_assert_eq!(found, compute(view(&copied)).unwrap());
        }
    }

    /// Scaling by e adds 2 to every log power and 2·I to every log-covariance; an offset changes nothing.
    #[test]
    fn gain_adds_to_the_diagonal_and_an_offset_to_nothing(seed: u64, offset in -500.0f32..500.0) {
        let samples = noise(seed, (2, 3, 256));
        let louder = samples.mapv(|x| x * std::f32::consts::E + offset);
        let (before, after) = (log_psd(view(&samples), 2.0, 40.0).unwrap(), log_psd(view(&louder), 2.0, 40.0).unwrap());
        prop_assert!(close(&after, &(before + 2.0), 2e-3));
        let before = tangent(view(&samples), &DEFAULT_BANDS).unwrap();
        let diagonal = Array1::from_shape_fn(36, |k| if [0, 3, 5].contains(&(k % 6)) { 2.0 } else { 0.0 });
        prop_assert!(close(&tangent(view(&louder), &DEFAULT_BANDS).unwrap(), &(before + diagonal), 2e-3));
    }

    /// Permuting channels permutes rows and columns of the matrices, so the vectors keep their distances.
    #[test]
    fn distances_of_tangent_vectors_ignore_the_order_of_channels(seed: u64) {
        let samples = noise(seed, (2, 4, 256));
        let shuffled = samples.select(Axis(1), &[2, 0, 3, 1]);
        let distance = |s: &Array3<f32>| {
            let t = tangent(view(s), &DEFAULT_BANDS).unwrap();
            (&t.row(0) - &t.row(1)).mapv(|x| x * x).sum().sqrt()
        };
        prop_assert!((distance(&samples) - distance(&shuffled)).abs() < 1e-3);
    }
}

#[test]
fn two_people_who_differ_in_nothing_but_the_place_of_alpha_are_alike_once_it_is_moved() {
    // A bump of alpha on flat noise, by tones a quarter of a hertz apart.
    let person = |alpha: f64| {
        Array3::from_shape_fn((1, 2, 512), |(_, _, t)| {
            let time = t as f64 / RATE;
            let tone = |k: i32| {
                let f = 0.25 * f64::from(k);
                let size = 1.0 + 12.0 * (-(f - alpha).powi(2) / 2.0).exp();
                size * (TAU * f * time + f64::from(k * k)).cos()
            };
            (4..160).map(tone).sum::<f64>() as f32
        })
    };
    let aligned =
        |samples: &Array3<f32>| LogSpectra::of(view(samples), 2.0, 30.0).unwrap().alpha_aligned().unwrap();
    let (slow, fast) = (aligned(&person(9.0)), aligned(&person(11.0)));
    let last = slow.ncols() - 1;
    assert!((slow[[0, last]] - 9.0).abs() < 0.4 && (fast[[0, last]] - 11.0).abs() < 0.4, "{slow} {fast}");
    let plain = |samples: &Array3<f32>| log_psd(view(samples), 2.0, 30.0).unwrap();
    let distance = |a: &Array2<f32>, b: &Array2<f32>, columns: usize| {
        (0..columns).map(|at| (a[[0, at]] - b[[0, at]]).powi(2)).sum::<f32>().sqrt()
    };
    let (before, after) =
        (distance(&plain(&person(9.0)), &plain(&person(11.0)), last), distance(&slow, &fast, last));
    assert!(after < 0.5 * before, "{after} of {before}");
}
