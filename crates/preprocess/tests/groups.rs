//! Channels that come some at a time give the epochs of the whole recording.
#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "tests may stop and speak")]

mod support;

use ndarray::{Array2, Axis};
use proptest::prelude::*;
use twinprint_preprocess::*;
use twinprint_signal::{Annotation, ChannelName, Hertz, Recording, SampleIndex, Seconds, Segment};

const NAMES: [&str; 9] = ["Fp1", "Fp2", "C3", "C4", "O1", "O2", "T7", "T8", "Pz"];

/// Steps of filters in 32 and in 64 bits, of both resamplers, of references, and of channels lost, picked and found bad.
const PLANS: [&str; 7] = [
    "resample = { sfreq = 100 }",
    "reference = \"none\"\nfilter = false\nresample = false",
    "reference = { channels = [\"Pz\", \"C3\"] }\nresample = { sfreq = 96, method = \"polyphase\" }\nchannels = { pick = [\"O2\", \"C4\", \"Fp1\"] }",
    "filter = { l_freq = 1, h_freq = 30, method = \"butterworth\" }\nresample = false\nchannels = { drop = [\"Fp1\", \"T8\"] }",
    "channels = { pick = [\"Fp1\", \"C3\", \"Cz\"], on_missing = \"interpolate\" }\nresample = { sfreq = 100 }",
    "bad_channels = { detect = { uncorrelated = false }, action = \"drop\" }\nresample = { sfreq = 100 }\nreject = { deviation = 2 }",
    "notch = { freq = 50 }\nreject = { peak_to_peak = 60 }\nepochs = { events = [\"go\"], tmin = -0.2, tmax = 0.8, baseline = [-0.2, 0] }",
];

/// Two stretches of noisy waves on offsets, where every channel stands still for half a second and events come every 1.7 s.
fn made(channels: usize, samples: usize, cut: usize, seed: u64) -> Recording {
    let wave = |(channel, at): (usize, usize)| {
        let at = if (samples / 3..samples / 3 + 60).contains(&at) { samples / 3 } else { at };
        let noise = ((at as u64 + 1) * (channel as u64 + 3))
            .wrapping_mul(seed | 1)
            .wrapping_mul(0x9E37_79B9_7F4A_7C15)
            >> 40;
        let slow = 200.0 * channel as f32 + 20.0 * (at as f32 * 0.05 * (1 + channel) as f32).sin();
        slow + (channel + 1) as f32 * noise as f32 / 2e6
    };
    let onset = Seconds::new(cut as f64 / 128.0 + 7.0).unwrap();
    let segments = vec![
        Segment { first: SampleIndex(0), len: cut, onset: Seconds::default() },
        Segment { first: SampleIndex(cut as u64), len: samples - cut, onset },
    ];
    let event = |at: usize| Annotation {
        onset: Seconds::new(1.7 * at as f64).unwrap(),
        duration: None,
        label: "go".to_owned(),
    };
    let names = NAMES[..channels].iter().map(ChannelName::new).collect();
    let samples = Array2::from_shape_fn((channels, samples), wave);
    Recording::new(Hertz::new(128.0).unwrap(), names, samples, segments, (0..60).map(event).collect())
        .unwrap()
}

/// Some channels of a recording, as a reader gives them.
fn part(recording: &Recording, places: &[usize]) -> Recording {
    let names = places.iter().map(|&place| recording.channels()[place].clone()).collect();
    let samples = recording.samples().select(Axis(0), places);
    let (segments, notes) = (recording.segments().to_vec(), recording.annotations().to_vec());
    Recording::new(recording.rate(), names, samples, segments, notes).unwrap()
}

fn in_groups(recording: &Recording, most: usize, plan: &Plan) -> Result<Preprocessed, PreprocessError> {
    let preprocessor = Preprocessor::new(plan.clone().checked()?);
    let mut gathering = preprocessor.begin(recording.rate(), recording.channels())?;
    for places in gathering.groups(most) {
        assert!(places.len() <= most.max(2));
        gathering.add(part(recording, &places))?;
    }
    gathering.finish(&[], None)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn groups_of_any_size_give_the_epochs_of_the_whole(
        plan in prop::sample::select(&PLANS[..]),
        channels in 4_usize..10,
        samples in 1500_usize..9000,
        share in 0.0..1.0_f64,
        most in 0_usize..12,
        seed in any::<u64>(),
    ) {
        let plan: Plan = toml::from_str(plan).unwrap();
        let recording = made(channels, samples, 60 + ((samples - 120) as f64 * share) as usize, seed);
        let whole = support::preprocess(recording.clone(), &[], None, &plan);
        prop_assert_eq!(in_groups(&recording, most, &plan), whole);
    }
}

#[test]
fn every_plan_gives_epochs() {
    for plan in PLANS {
        let cut = in_groups(&made(9, 6000, 2500, 5), 2, &toml::from_str(plan).unwrap()).unwrap();
        assert!(cut.quality.epochs_cut > 10, "{plan}: {:?}", cut.quality);
    }
}

#[test]
fn groups_out_of_order_of_another_recording_or_left_out_are_refused() {
    let (recording, other) = (made(5, 3000, 1500, 1), made(5, 3000, 1600, 1));
    let preprocessor = Preprocessor::new(Plan::default().checked().unwrap());
    let begin = || preprocessor.begin(recording.rate(), recording.channels()).unwrap();
    let refused = |result: Result<(), PreprocessError>| matches!(result, Err(PreprocessError::Group(_)));
    assert!(refused(begin().add(part(&recording, &[2, 3]))));
    let mut gathering = begin();
    gathering.add(part(&recording, &[0, 1])).unwrap();
    assert!(refused(gathering.add(part(&recording, &[0, 1]))));
    assert!(refused(gathering.add(part(&other, &[2, 3]))));
    let error = gathering.finish(&[], None).unwrap_err().to_string();
    assert!(error.contains("2 of 5 channels were added"), "{error}");
    let twice = [ChannelName::new("T3"), ChannelName::new("T7")];
    assert!(matches!(preprocessor.begin(recording.rate(), &twice), Err(PreprocessError::Recording(_))));
}
