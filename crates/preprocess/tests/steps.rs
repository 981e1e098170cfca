//! What each step does to small recordings whose outcome can be told beforehand.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "tests may stop and speak"
)]

mod support;

use std::f64::consts::TAU;

use ndarray::{Array2, array, s};
use proptest::prelude::*;
use support::{preprocess, recording};
use twinprint_preprocess::*;
use twinprint_signal::{Annotation, ChannelName, Hertz, Recording, SampleIndex, Seconds, Segment};

const NAMES: [&str; 8] = ["Fp1", "Fp2", "C3", "C4", "O1", "O2", "T7", "T8"];

/// Nothing but cutting, in microvolts.
fn bare() -> Plan {
    toml::from_str(
        "reference = \"none\"\nfilter = false\nresample = false\nscale = { method = \"microvolts\", divisor = 1 }\nepochs = { duration = 1 }",
    )
    .unwrap()
}

/// Sums of sines that differ between channels.
fn waves(channels: usize, samples: usize) -> Array2<f32> {
    Array2::from_shape_fn((channels, samples), |(c, i)| {
        let t = i as f64 / 100.0;
        let common = 10.0 * (TAU * 7.3 * t).sin();
        (common + (3.0 + c as f64) * (TAU * (5.0 + c as f64) * t + c as f64).sin()) as f32
    })
}

fn gapped(samples: Array2<f32>, at: usize, gap: f64) -> Recording {
    let len = samples.ncols();
    let onset = Seconds::new(at as f64 / 100.0 + gap).unwrap();
    let segments = vec![
        Segment { first: SampleIndex(0), len: at, onset: Seconds::default() },
        Segment { first: SampleIndex(at as u64), len: len - at, onset },
    ];
    let names = NAMES[..samples.nrows()].iter().map(ChannelName::new).collect();
    Recording::new(Hertz::new(100.0).unwrap(), names, samples, segments, vec![]).unwrap()
}

fn whole(samples: Array2<f32>) -> Recording {
    let names = &NAMES[..samples.nrows()];
    recording(100.0, names.iter().copied(), samples, vec![])
}

fn note(onset: f64, duration: Option<f64>, label: &str) -> Annotation {
    Annotation {
        onset: Seconds::new(onset).unwrap(),
        duration: duration.map(|d| Seconds::new(d).unwrap()),
        label: label.to_owned(),
    }
}

fn starts(result: &Preprocessed) -> Vec<f64> {
    result.starts.iter().map(|s| s.get()).collect()
}

#[test]
fn no_epoch_spans_a_gap_and_starts_are_in_recording_time() {
    let samples = waves(2, 470);
    let result = preprocess(gapped(samples.clone(), 250, 30.0), &[], None, &bare()).unwrap();
    assert_eq!(starts(&result), [0.0, 1.0, 32.5, 33.5]);
    assert_eq!(result.samples.slice(s![2, .., ..]), samples.slice(s![.., 250..350]));
    assert_eq!(result.quality.used_seconds.get(), 4.0);
    assert_eq!(result.quality.segments_used, 2);
}

#[test]
fn a_segment_is_filtered_as_if_it_were_alone() {
    let samples = waves(2, 1500);
    let plan = Plan { filter: Some(Filter::default()), ..bare() };
    let together = preprocess(gapped(samples.clone(), 700, 5.0), &[], None, &plan).unwrap();
    let alone = preprocess(whole(samples.slice(s![.., 700..]).to_owned()), &[], None, &plan).unwrap();
    assert_eq!(together.samples.slice(s![7.., .., ..]), alone.samples);
}

#[test]
fn a_segment_too_short_for_the_filter_is_left_out_and_counted() {
    // 3.3 / 1 Hz at 100 Hz makes 331 taps.
    let plan = Plan { filter: Some(Filter::default()), ..bare() };
    let result = preprocess(gapped(waves(2, 1030), 330, 5.0), &[], None, &plan).unwrap();
    assert_eq!((result.quality.segments_used, result.quality.segments_too_short), (1, 1));
    assert_eq!(result.samples.dim().0, 7);
    let error = preprocess(whole(waves(2, 330)), &[], None, &plan).unwrap_err().to_string();
    assert!(error.contains("330 samples") && error.contains("331") && error.contains("100 Hz"), "{error}");
    assert!(preprocess(whole(waves(2, 331)), &[], None, &plan).is_ok());
}

#[test]
fn a_filter_longer_than_the_recording_is_refused_before_it_is_computed() {
    // 3.3 / 1 Hz at 100 MHz would be 330 million taps of 8 bytes, and at 10 EHz more than there is memory.
    let plan = Plan { filter: Some(Filter::default()), ..bare() };
    for rate in [1e8, 1e19] {
        let names = NAMES[..2].iter().map(ChannelName::new).collect();
        let fast = Recording::continuous(Hertz::new(rate).unwrap(), names, waves(2, 1000), vec![]).unwrap();
        let error = preprocess(fast, &[], None, &plan).unwrap_err().to_string();
        assert!(error.contains("1000 samples, and the band filter needs"), "{error}");
    }
    let names = NAMES[..2].iter().map(ChannelName::new).collect();
    let slow = Recording::continuous(Hertz::new(0.001).unwrap(), names, waves(2, 1000), vec![]).unwrap();
    let plan = Plan { resample: Some(Resample::default()), ..bare() };
    let error = preprocess(slow, &[], None, &plan).unwrap_err().to_string();
    assert!(error.contains("at most 1000 times the recording's rate"), "{error}");
}

#[test]
fn a_recording_shorter_than_one_epoch_is_refused() {
    let error = preprocess(whole(waves(2, 99)), &[], None, &bare()).unwrap_err().to_string();
    assert!(error.contains("one epoch needs 100"), "{error}");
    let error = preprocess(whole(Array2::zeros((2, 0))), &[], None, &bare()).unwrap_err();
    assert!(matches!(error, PreprocessError::TooShort { longest: 0, .. }));
}

#[test]
fn samples_that_are_not_finite_are_refused_by_channel_and_time_unless_dropped() {
    for value in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        let mut samples = waves(3, 300);
        samples[[1, 250]] = value;
        let error = preprocess(whole(samples.clone()), &[], None, &bare()).unwrap_err().to_string();
        assert!(error.contains("channel Fp2") && error.contains("sample 250 (2.5 s)"), "{error}");
        let mut plan = bare();
        plan.channels.drop = vec![ChannelName::new("FP2")];
        assert_eq!(preprocess(whole(samples), &[], None, &plan).unwrap().channels.len(), 2);
    }
}

#[test]
fn channels_are_picked_by_electrode_in_the_plans_order() {
    let samples = waves(8, 200);
    let mut plan = bare();
    plan.channels.pick = ["T4", "eeg fp1"].map(ChannelName::new).to_vec();
    let result = preprocess(whole(samples.clone()), &[], None, &plan).unwrap();
    assert_eq!(result.channels, ["T8", "Fp1"].map(ChannelName::new));
    assert_eq!(result.samples.slice(s![1, 0, ..]), samples.slice(s![7, 100..]));
    plan.channels.pick.push(ChannelName::new("Pz"));
    let error = preprocess(whole(samples), &[], None, &plan).unwrap_err().to_string();
    assert!(error.contains("channels Pz are picked") && error.contains("on_missing"), "{error}");
}

#[test]
fn the_average_reference_sums_to_zero_and_a_named_one_is_subtracted() {
    let samples = waves(4, 200);
    let plan = Plan { reference: Reference::Average, ..bare() };
    let result = preprocess(whole(samples.clone()), &[], None, &plan).unwrap();
    assert!(result.samples.sum_axis(ndarray::Axis(1)).iter().all(|v| v.abs() < 1e-4));

    let reference = Reference::Channels(["C3", "C4"].map(ChannelName::new).to_vec());
    let mut plan = Plan { reference, ..bare() };
    plan.channels.pick = vec![ChannelName::new("Fp1")];
    let result = preprocess(whole(samples.clone()), &[], None, &plan).unwrap();
    assert_eq!(result.channels.len(), 1);
    let expected = samples[[0, 5]] - (samples[[2, 5]] + samples[[3, 5]]) / 2.0;
    assert!((result.samples[[0, 0, 5]] - expected).abs() < 1e-5);

    let bad = [ChannelName::new("C4")];
    let error = preprocess(whole(samples.clone()), &bad, None, &plan).unwrap_err().to_string();
    assert!(error.contains("reference channel C4 is bad"), "{error}");
    plan.reference = Reference::Channels(vec![ChannelName::new("M1")]);
    let error = preprocess(whole(samples.clone()), &[], None, &plan).unwrap_err().to_string();
    assert!(error.contains("reference channels M1 are not in"), "{error}");
    // The average of one channel is the channel, and every sample would be zero.
    plan.reference = Reference::Average;
    let error = preprocess(whole(samples), &[], None, &plan).unwrap_err().to_string();
    assert!(error.contains("the one channel Fp1") && error.contains("reference = \"none\""), "{error}");
}

#[test]
fn bad_channels_are_dropped_interpolated_or_ignored_as_the_plan_says() {
    let mut samples = waves(8, 300);
    samples.row_mut(2).mapv_inplace(|v| v * 100.0);
    let bad = [ChannelName::new("C3"), ChannelName::new("Cz")];
    let mut plan = Plan { reference: Reference::Average, ..bare() };
    plan.bad_channels.action = BadAction::Drop;
    let result = preprocess(whole(samples.clone()), &bad, None, &plan).unwrap();
    assert_eq!(result.channels.len(), 7);
    assert_eq!(result.quality.dropped, [ChannelName::new("C3")]);
    assert_eq!(result.quality.bad_from_dataset, [ChannelName::new("C3")]);

    plan.bad_channels.action = BadAction::Interpolate;
    let result = preprocess(whole(samples.clone()), &bad, None, &plan).unwrap();
    assert_eq!(result.channels.len(), 8);
    assert_eq!(result.quality.interpolated, [ChannelName::new("C3")]);
    assert!(result.samples.iter().all(|v| v.abs() < 100.0));

    plan.bad_channels.from_dataset = false;
    let result = preprocess(whole(samples), &bad, None, &plan).unwrap();
    assert!(result.quality.bad_from_dataset.is_empty());
    assert!(result.samples.iter().any(|v| v.abs() > 500.0));
}

#[test]
fn a_missing_channel_is_interpolated_from_those_there() {
    // A constant over the head is a constant everywhere.
    let mut plan = bare();
    plan.channels.pick = ["Fp1", "Cz", "O2", "T7", "C3", "C4"].map(ChannelName::new).to_vec();
    plan.channels.on_missing = OnMissing::Interpolate;
    let samples = Array2::from_shape_fn((8, 200), |(_, i)| i as f32);
    let result = preprocess(whole(samples), &[], None, &plan).unwrap();
    assert_eq!(result.quality.interpolated, [ChannelName::new("Cz")]);
    for i in 0..100 {
        assert!((result.samples[[1, 1, i]] - (100 + i) as f32).abs() < 1e-3);
    }
    plan.channels.pick.push(ChannelName::new("ECG"));
    let error = preprocess(whole(waves(8, 200)), &[], None, &plan).unwrap_err().to_string();
    assert!(error.contains("ECG have no position"), "{error}");
    plan.channels.pick = ["Fp1", "Fp2", "C3", "Cz"].map(ChannelName::new).to_vec();
    // The five channels that are there and not picked help, unless they are dropped.
    let result = preprocess(whole(waves(8, 200)), &[], None, &plan).unwrap();
    assert_eq!(result.channels, plan.channels.pick);
    plan.channels.drop = ["C4", "O1", "O2", "T7", "T8"].map(ChannelName::new).to_vec();
    let error = preprocess(whole(waves(8, 200)), &[], None, &plan).unwrap_err().to_string();
    assert!(error.contains("3 good channels are too few"), "{error}");
}

#[test]
fn flat_noisy_and_uncorrelated_channels_are_found() {
    let mut samples = Array2::from_shape_fn((8, 2000), |(c, i)| {
        let t = i as f64 / 100.0;
        (20.0 * (TAU * 6.1 * t).sin() + (2.0 + 0.1 * c as f64) * (TAU * (9.0 + c as f64) * t).sin()) as f32
    });
    samples.row_mut(1).fill(3.0);
    samples.row_mut(4).mapv_inplace(|v| v * 40.0);
    for (i, value) in samples.row_mut(6).iter_mut().enumerate() {
        *value = (20.0 * (TAU * 17.7 * i as f64 / 100.0).cos()) as f32;
    }
    let mut plan = bare();
    plan.bad_channels.detect = Some(Detect::default());
    plan.bad_channels.action = BadAction::Drop;
    let quality = preprocess(whole(samples.clone()), &[], None, &plan).unwrap().quality;
    assert_eq!(quality.bad_flat, [ChannelName::new("Fp2")]);
    assert_eq!(quality.bad_noisy, [ChannelName::new("O1")]);
    assert_eq!(quality.bad_uncorrelated, [ChannelName::new("T7")]);
    assert_eq!(quality.dropped.len(), 3);
    plan.bad_channels.detect = Some(Detect { flat: None, noisy: None, uncorrelated: None });
    assert!(preprocess(whole(samples), &[], None, &plan).unwrap().quality.dropped.is_empty());
}

#[test]
fn epochs_around_events_hold_both_ends_and_lose_their_baseline() {
    let samples = Array2::from_shape_fn((1, 1000), |(_, i)| i as f32);
    let mut plan = bare();
    plan.epochs = toml::from_str::<Plan>(
        "epochs = { events = [\"T1\", \"T2\"], tmin = -0.1, tmax = 0.2, baseline = [-0.1, 0] }",
    )
    .unwrap()
    .epochs;
    let events = [
        note(5.0, None, "T2"),
        note(2.004, None, "T1"),
        note(3.0, None, "T0"),
        note(0.05, None, "T1"),
        note(9.9, None, "T1"),
    ];
    let result = preprocess(whole(samples), &[], Some(&events), &plan).unwrap();
    assert_eq!(result.samples.dim(), (2, 1, 31));
    assert_eq!(starts(&result), [1.9, 4.9]);
    assert_eq!(result.event_labels, [Some("T1".to_owned()), Some("T2".to_owned())]);
    assert_eq!(result.quality.events_outside, 2);
    // A ramp minus its mean over the first 11 samples.
    assert_eq!(result.samples[[0, 0, 0]], -5.0);
    assert_eq!(result.samples[[1, 0, 30]], 25.0);
}

#[test]
fn each_rejected_epoch_is_counted_under_one_reason() {
    let mut samples = waves(2, 1000);
    samples[[0, 150]] = 900.0;
    samples.slice_mut(s![1, 300..400]).fill(1.0);
    samples.slice_mut(s![0, 500..600]).mapv_inplace(|v| v * 4.0);
    let mut plan = bare();
    let count = |plan: &Plan, notes: &[Annotation]| {
        let result = preprocess(whole(samples.clone()), &[], Some(notes), plan).unwrap();
        assert_eq!(result.quality.epochs_cut, 10);
        assert_eq!(result.quality.epochs_kept, result.starts.len());
        assert_eq!(result.quality.epochs_kept + result.quality.rejected.total(), 10);
        (result.quality.rejected, starts(&result))
    };
    assert_eq!(count(&plan, &[]).0, Rejected::default());
    plan.reject =
        toml::from_str::<Plan>("reject = { peak_to_peak = 500, flat = 0.1, deviation = 6 }").unwrap().reject;
    let notes = [note(7.5, Some(1.0), "bad_blink"), note(9.99, None, "BAD"), note(2.5, Some(0.1), "blink")];
    let (rejected, kept) = count(&plan, &notes);
    assert_eq!(rejected, Rejected { annotation: 3, peak_to_peak: 1, flat: 1, deviation: 1 });
    assert_eq!(kept, [0.0, 2.0, 4.0, 6.0]);
    plan.reject.by_annotation = false;
    assert_eq!(count(&plan, &notes).0.annotation, 0);
}

#[test]
fn an_epoch_without_any_signal_is_left_out_and_counted_as_flat() {
    let mut samples = waves(4, 4000);
    // Filters ring into this stretch and the reference would spread one live channel over it.
    samples.slice_mut(s![.., 1000..1500]).fill(187.5);
    samples.slice_mut(s![..3, 2000..2500]).fill(-3.0);
    let mut plan = Plan { epochs: bare().epochs, ..Plan::default() };
    let flat = |plan: &Plan, samples: &Array2<f32>| {
        let result = preprocess(whole(samples.clone()), &[], None, plan).unwrap();
        (result.quality.rejected.flat, starts(&result))
    };
    let (count, kept) = flat(&plan, &samples);
    assert_eq!(count, 5);
    assert!(!kept.iter().any(|start| (10.0..15.0).contains(start)), "{kept:?}");
    assert_eq!(kept.iter().filter(|start| (20.0..25.0).contains(*start)).count(), 5, "one channel is alive");
    // Channels that are all alike cancel in their average.
    samples.slice_mut(s![.., 3000..3500]).assign(&waves(1, 500));
    assert_eq!(flat(&Plan { filter: None, resample: None, ..plan.clone() }, &samples).0, 10);
    plan.reject.constant = false;
    assert_eq!(flat(&plan, &samples).0, 0);
}

#[test]
fn an_epoch_in_which_the_recorder_stood_still_for_a_tenth_of_a_second_is_left_out() {
    // Epochs of 1 s at 100 Hz, as recorded and filtered.
    let still_for = |steps: usize, channels: usize| {
        let mut samples = waves(4, 4000);
        let at = 1040;
        let held = samples.column(at).to_owned();
        for row in 0..channels {
            samples.slice_mut(s![row, at..=at + steps]).fill(held[row]);
        }
        let plan = Plan { epochs: bare().epochs, ..Plan::default() };
        let result = preprocess(whole(samples), &[], None, &plan).unwrap();
        (result.quality.rejected.flat, starts(&result).contains(&10.0))
    };
    assert_eq!(still_for(10, 4), (1, false));
    assert_eq!(still_for(9, 4), (0, true), "a few repeated samples are no stop");
    assert_eq!(still_for(40, 3), (0, true), "one channel is alive");
}

#[test]
fn what_was_done_is_reported_in_the_order_it_was_done() {
    let done = |plan: &str, recording| {
        let plan = toml::from_str(plan).unwrap();
        preprocess(recording, &[], None, &plan).unwrap().quality.operations
    };
    use Operation::{Epoching, Filter, Pointwise};
    let end = [Pointwise("rejection"), Pointwise("scale")];
    let plain = [Filter("band filter"), Filter("resampling"), Pointwise("reference"), Epoching];
    assert_eq!(done("resample = { sfreq = 90 }", whole(waves(2, 900))), [&plain[..], &end].concat());
    let bare = "reference = \"none\"\nfilter = false\nresample = false";
    assert_eq!(done(bare, whole(waves(2, 900))), [&[Epoching][..], &end].concat());
}

#[test]
fn a_recording_whose_epochs_are_all_rejected_gives_none_and_says_so() {
    let mut plan = bare();
    plan.reject = toml::from_str::<Plan>("reject = { peak_to_peak = 0.001 }").unwrap().reject;
    let result = preprocess(whole(waves(2, 300)), &[], None, &plan).unwrap();
    assert_eq!(result.samples.dim(), (0, 2, 100));
    assert_eq!((result.quality.rejected.peak_to_peak, result.quality.peak_to_peak_uv), (3, None));
    assert_eq!(result.quality.used_seconds.get(), 0.0);
}

#[test]
fn scaling_divides_standardises_the_recording_or_each_epoch() {
    let samples = waves(2, 400) * 3.0 + 50.0;
    let run = |scale| preprocess(whole(samples.clone()), &[], None, &Plan { scale, ..bare() }).unwrap();
    let tenth = run(Scale::Microvolts { divisor: 10.0 });
    assert!((tenth.samples[[0, 0, 7]] - samples[[0, 7]] / 10.0).abs() < 1e-5);
    // Quality stays in microvolts.
    assert_eq!(tenth.quality, run(Scale::EpochZ {}).quality);
    for row in run(Scale::EpochZ {})
        .samples
        .outer_iter()
        .flat_map(|e| e.outer_iter().map(|r| r.to_vec()).collect::<Vec<_>>())
    {
        let mean = row.iter().sum::<f32>() / 100.0;
        let variance = row.iter().map(|v| (v - mean).powi(2)).sum::<f32>() / 100.0;
        assert!(mean.abs() < 1e-5 && (variance - 1.0).abs() < 1e-4);
    }
    let robust = run(Scale::RecordingRobust {});
    let mut all = robust.samples.slice(s![.., 1, ..]).iter().copied().collect::<Vec<f32>>();
    all.sort_by(f32::total_cmp);
    assert!(((all[199] + all[200]) / 2.0).abs() < 1e-4);
    assert!((all[300] - all[100] - 1.0 / 0.7413).abs() < 0.05, "{}", all[300] - all[100]);
    let mut plan = Plan { scale: Scale::EpochZ {}, ..bare() };
    plan.reject.constant = false;
    let flat = preprocess(whole(Array2::ones((1, 100))), &[], None, &plan).unwrap();
    assert!(flat.samples.iter().all(|&v| v == 0.0));
}

#[test]
fn mains_hum_shows_in_its_ratio() {
    let noise = |i: usize| ((i as f64 * 12.9898).sin() * 43_758.545_3).fract() as f32;
    let with = |hum: f32, line: f64| {
        let samples = Array2::from_shape_fn((2, 5000), |(c, i)| {
            noise(i * 2 + c) + hum * (TAU * line * i as f64 / 250.0).sin() as f32
        });
        preprocess(recording(250.0, ["C3", "C4"], samples, vec![]), &[], None, &bare()).unwrap().quality
    };
    assert!(with(0.0, 50.0).line_noise_ratio.unwrap() < 3.0);
    assert!(with(5.0, 50.0).line_noise_ratio.unwrap() > 100.0);
    assert_eq!(with(5.0, 60.0).line_frequency, Hertz::new(60.0).ok());
    let low_rate = preprocess(whole(waves(2, 300)), &[], None, &bare()).unwrap().quality;
    assert_eq!(low_rate.line_noise_ratio, None);
}

#[test]
fn drifts_and_offsets_far_above_the_signal_cost_no_digits() {
    let wave = |i: usize| 5.0 * (TAU * 10.0 * i as f64 / 100.0).sin();
    let drift = |c: usize, i: usize| 4000.0 * (1 + c) as f64 + 300.0 * (TAU * 0.02 * i as f64 / 100.0).sin();
    let plan = Plan { filter: Some(Filter::default()), ..bare() };
    let run = |f: &dyn Fn(usize, usize) -> f64| {
        let samples = Array2::from_shape_fn((2, 6000), |(c, i)| f(c, i) as f32);
        preprocess(whole(samples), &[], None, &plan).unwrap().samples
    };
    let (clean, alone) = (run(&|_, i| wave(i)), run(&drift));
    let both = run(&|c, i| wave(i) + drift(c, i));
    // In 32 bits, 8000 µV come in steps of 0.5 nV.
    let worst = (&both - &alone - &clean).iter().map(|v| v.abs()).fold(0.0, f32::max);
    assert!(worst < 0.002, "{worst}");
}

#[test]
fn a_filter_or_rate_beyond_the_recording_is_refused() {
    let plan = Plan { resample: None, ..toml::from_str("filter = { h_freq = 60 }").unwrap() };
    let error = preprocess(whole(waves(2, 900)), &[], None, &plan).unwrap_err().to_string();
    assert!(error.contains("filter.h_freq = 60 Hz") && error.contains("(50 Hz)"), "{error}");
    let plan =
        toml::from_str("filter = false\nresample = { sfreq = 31.4159265, method = \"polyphase\" }").unwrap();
    let error = preprocess(whole(waves(2, 900)), &[], None, &plan).unwrap_err().to_string();
    assert!(error.contains("resample.method = \"fft\""), "{error}");
}

#[test]
fn recordings_of_two_rates_become_one_at_the_wanted_rate() {
    let wave = |rate: f64, len: usize| {
        Array2::from_shape_fn((1, len), |(_, i)| (TAU * 6.0 * i as f64 / rate).sin() as f32)
    };
    let slow = recording(100.0, ["C3"], wave(100.0, 1000), vec![note(1.0, None, "a")]);
    let fast = recording(256.0, ["C4"], wave(256.0, 2560), vec![]);
    let merged = merge_rates(vec![slow.clone(), fast], Hertz::new(128.0).unwrap()).unwrap();
    assert_eq!(merged.samples().dim(), (2, 1280));
    assert_eq!(merged.annotations().len(), 1);
    for i in 200..1000 {
        assert!((merged.samples()[[0, i]] - merged.samples()[[1, i]]).abs() < 0.02, "{i}");
    }
    let short = recording(50.0, ["O1"], wave(50.0, 100), vec![]);
    let error = merge_rates(vec![slow.clone(), short], Hertz::new(128.0).unwrap()).unwrap_err().to_string();
    assert!(error.contains("not of one file"), "{error}");
    assert!(matches!(
        merge_rates(vec![slow.clone(), slow], Hertz::new(50.0).unwrap()),
        Err(PreprocessError::Recording(_))
    ));
    assert!(merge_rates(vec![], Hertz::new(50.0).unwrap()).is_err());
}

#[test]
fn common_channels_keep_the_first_lists_order() {
    let list = |names: &[&str]| names.iter().map(ChannelName::new).collect::<Vec<_>>();
    let lists = [list(&["Cz", "T3", "O1"]), list(&["o1", "T7", "Fp1"]), list(&["T7", "O1.."])];
    assert_eq!(common_channels(&lists), list(&["T7", "O1"]));
    assert_eq!(common_channels::<Vec<ChannelName>>(&[]), []);
}

#[test]
fn one_preprocessor_serves_many_threads_with_equal_results() {
    use rayon::prelude::*;
    let preprocessor =
        Preprocessor::new(toml::from_str::<Plan>("resample = { sfreq = 90 }").unwrap().checked().unwrap());
    let run = |k: usize| preprocessor.run(whole(waves(3, 5000 + k % 3)), &[], None).unwrap();
    let alone: Vec<Preprocessed> = (0..6).map(run).collect();
    let together: Vec<Preprocessed> = (0..6).into_par_iter().map(run).collect();
    assert_eq!(alone, together);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn fixed_epochs_cover_a_recording_end_to_end(samples in 16_usize..900, length in 2_usize..80, shared in 0.0..0.95_f64) {
        let shared = (shared * length as f64) as usize;
        let time = |n: usize| Seconds::new(n as f64 / 100.0).unwrap();
        let plan = Plan { epochs: EpochPlan::Fixed { duration: time(length), overlap: time(shared) }, ..bare() };
        let signal = Array2::from_shape_fn((1, samples), |(_, i)| i as f32);
        match preprocess(whole(signal), &[], None, &plan) {
            Ok(result) => {
                prop_assert_eq!(result.samples.dim(), ((samples - length) / (length - shared) + 1, 1, length));
                for (epoch, start) in result.samples.outer_iter().zip(starts(&result)) {
                    prop_assert_eq!(epoch[[0, 0]], (start * 100.0).round() as f32);
                    prop_assert_eq!(epoch[[0, length - 1]] - epoch[[0, 0]], (length - 1) as f32);
                }
            }
            Err(_) => prop_assert!(samples < length),
        }
    }

    #[test]
    fn linear_steps_are_linear(gain in -3.0..3.0_f32, length in 600_usize..1400) {
        let plan = Plan { filter: Some(Filter::default()), reference: Reference::Average, ..bare() };
        let (a, b) = (waves(4, length), waves(4, length).mapv(|v| (v * 0.3).sin()));
        let run = |x: Array2<f32>| preprocess(whole(x), &[], None, &plan).unwrap().samples;
        let together = run(&a + &(&b * gain));
        let apart = run(a) + run(b) * gain;
        for (x, y) in together.iter().zip(&apart) {
            prop_assert!((x - y).abs() < 1e-4, "{x} {y}");
        }
    }
}

#[test]
fn quantities_of_a_small_matrix_are_exact() {
    let samples =
        array![[0.0_f32, 4.0, 0.0, 4.0, 1.0, 3.0, 1.0, 3.0, 0.0, 4.0, 0.0, 4.0, 1.0, 3.0, 1.0, 3.0]];
    let time = Seconds::new(0.04).unwrap();
    let plan = Plan { epochs: EpochPlan::Fixed { duration: time, overlap: Seconds::default() }, ..bare() };
    let quality = preprocess(whole(samples), &[], None, &plan).unwrap().quality;
    assert_eq!((quality.peak_to_peak_uv, quality.deviation_uv), (Some(3.0), Some(1.5)));
}
