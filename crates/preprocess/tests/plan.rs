//! The `[preprocess]` table: defaults, switches, refusals.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "tests may stop and speak"
)]

use twinprint_preprocess::*;
use twinprint_signal::{Hertz, Seconds};

fn plan(text: &str) -> Plan {
    toml::from_str(text).unwrap()
}

fn refusal(text: &str) -> String {
    plan(text).checked().unwrap_err().to_string()
}

#[test]
fn an_empty_table_is_the_documented_default() {
    let plan = plan("");
    assert_eq!(plan, Plan::default());
    assert!(plan.clone().checked().is_ok());
    let filter = plan.filter.unwrap();
    assert_eq!((filter.method, filter.l_freq, filter.h_freq), (FilterMethod::Fir, hertz(1.0), hertz(40.0)));
    assert_eq!(plan.resample.unwrap().sfreq.get(), 128.0);
    assert_eq!(plan.reference, Reference::Average);
    assert_eq!(plan.scale, Scale::Microvolts { divisor: 1.0 });
    assert_eq!(plan.epochs.samples(Hertz::new(128.0).unwrap()), (256, 256));
}

#[test]
fn every_setting_survives_being_written_and_read() {
    for text in [
        "",
        "filter = false\nresample = false\nreference = \"none\"",
        "notch = { freq = 60, harmonics = false, notch_width = 1.5 }",
        "filter = { method = \"butterworth\", l_freq = false, h_freq = 30, order = 3 }",
        "reference = { channels = [\"M1\", \"M2\"] }\nscale = { method = \"epoch_z\" }",
        "epochs = { events = [\"T1\"], tmin = -0.5, tmax = 1, baseline = [-0.5, 0] }",
        "reject = { peak_to_peak = 150, flat = 0.5, deviation = 4, by_annotation = false }",
        "bad_channels = { from_dataset = false, action = \"drop\", detect = { noisy = false } }",
        "channels = { pick = [\"Cz\"], on_missing = \"interpolate\" }\nscale = { method = \"recording_robust\" }",
    ] {
        let read = plan(text);
        let written = toml::to_string(&read).unwrap();
        assert_eq!(plan(&written), read, "{written}");
        let json = serde_json::to_string(&read).unwrap();
        assert_eq!(serde_json::from_str::<Plan>(&json).unwrap(), read, "{json}");
    }
}

#[test]
fn a_part_of_a_table_keeps_the_other_defaults_and_false_switches_off() {
    let low_pass = plan("filter = { l_freq = false }").filter.unwrap();
    assert_eq!((low_pass.l_freq, low_pass.h_freq), (None, hertz(40.0)));
    assert_eq!(plan("filter = false").filter, None);
    assert_eq!(plan("resample = { sfreq = 250 }").resample.unwrap().method, ResampleMethod::Fft);
    assert_eq!(
        plan("epochs = { duration = 4 }").epochs,
        EpochPlan::Fixed { duration: Seconds::new(4.0).unwrap(), overlap: Seconds::default() }
    );
}

#[test]
fn unknown_keys_and_meaningless_values_are_refused_on_reading() {
    for (text, part) in [
        ("filtre = false", "filtre"),
        ("filter = { low = 1 }", "low"),
        ("filter = true", "false to switch it off"),
        ("filter = { l_freq = -1 }", "above 0"),
        ("epochs = { duration = 2, events = [\"T1\"] }", "leave out duration"),
        ("epochs = { tmin = -1 }", "add events"),
        ("epochs = { length = 2 }", "length"),
        ("scale = { method = \"epoch_z\", divisor = 3 }", "divisor"),
        ("reference = \"mastoids\"", "mastoids"),
    ] {
        let error = toml::from_str::<Plan>(text).unwrap_err().to_string();
        assert!(error.contains(part), "{text}: {error}");
    }
}

#[test]
fn settings_outside_their_limits_are_refused_with_key_value_limit_and_remedy() {
    for (text, parts) in [
        ("filter = { l_freq = 50 }", ["filter.l_freq = 50 Hz", "below h_freq (40 Hz)"]),
        ("filter = { h_freq = 64 }", ["filter.h_freq = 64 Hz", "Nyquist frequency (64 Hz)"]),
        ("filter = { l_freq = false, h_freq = false }", ["filter = neither", "filter = false"]),
        ("filter = { order = 4 }", ["filter.order = 4", "butterworth"]),
        ("filter = { method = \"butterworth\", order = 13 }", ["filter.order = 13", "1 to 12"]),
        ("filter = { method = \"butterworth\", l_trans_bandwidth = 1 }", ["l_trans_bandwidth", "remove it"]),
        ("filter = { l_freq = false, l_trans_bandwidth = 1 }", ["l_trans_bandwidth", "without l_freq"]),
        ("filter = { l_trans_bandwidth = 2 }", ["l_trans_bandwidth = 2 Hz", "at most l_freq (1 Hz)"]),
        ("notch = { freq = 0.3 }", ["notch.trans_bandwidth", "above 0 Hz"]),
        ("notch = { notch_width = 60 }", ["notch.", "narrow"]),
        ("epochs = { duration = 0 }", ["epochs.duration = 0 s", "above 0 s"]),
        ("epochs = { overlap = 2 }", ["epochs.overlap = 2 s", "below epochs.duration (2 s)"]),
        ("epochs = { duration = 0.01 }", ["epochs.duration", "at least 2 samples"]),
        ("epochs = { events = [] }", ["epochs.events", "at least one label"]),
        ("epochs = { events = [\"a\"], tmin = 1 }", ["epochs.tmin = 1 s", "below tmax (0.8 s)"]),
        ("epochs = { events = [\"a\"], baseline = [-0.5, 0] }", ["epochs.baseline", "inside tmin to tmax"]),
        ("reject = { peak_to_peak = 0 }", ["reject.peak_to_peak = 0", "above 0"]),
        ("reject = { peak_to_peak = 5, flat = 5 }", ["reject.flat = 5 µV", "below reject.peak_to_peak"]),
        ("reject = { deviation = -1 }", ["reject.deviation = -1", "above 0"]),
        ("bad_channels = { detect = { uncorrelated = 1 } }", ["uncorrelated = 1", "below 1"]),
        ("scale = { method = \"microvolts\", divisor = 0 }", ["scale.divisor = 0", "above 0"]),
        ("channels = { pick = [\"T3\", \"T7\"] }", ["channels.pick = T7", "named once"]),
        ("channels = { pick = [\"Cz\"], drop = [\"CZ\"] }", ["channels.drop = Cz", "none of channels.pick"]),
        ("reference = { channels = [] }", ["reference.channels", "at least one"]),
        ("filter = { l_freq = 1e-300 }", ["filter.l_freq", "between 0.001 and 100000 Hz"]),
        ("filter = { h_trans_bandwidth = 1e-9 }", ["filter.h_trans_bandwidth", "between 0.001 and"]),
        ("resample = { sfreq = 1e18 }", ["resample.sfreq", "between 1 and 100000 Hz"]),
        ("notch = { freq = 0.01 }", ["notch.freq", "between 0.1 and 100000 Hz"]),
        ("epochs = { duration = 1e300 }", ["epochs.duration", "at most a day"]),
        ("epochs = { events = [\"T1\"], tmax = 1e300 }", ["epochs.tmax", "at most a day"]),
    ] {
        let message = refusal(text);
        assert!(parts.iter().all(|part| message.contains(part)), "{text}: {message}");
    }
}

#[test]
fn a_cut_off_at_or_above_a_recordings_nyquist_is_refused_with_the_limit() {
    let plan = plan("filter = { h_freq = 90 }\nresample = false").checked().unwrap();
    let message = plan.fits(Hertz::new(160.0).unwrap()).unwrap_err().to_string();
    assert!(message.contains("filter.h_freq = 90 Hz") && message.contains("(80 Hz)"), "{message}");
    assert_eq!(plan.fits(Hertz::new(200.0).unwrap()), Ok(()));
}

#[test]
fn a_notch_that_does_not_fit_below_nyquist_is_refused() {
    let plan = plan("notch = { freq = 60 }").checked().unwrap();
    let message = plan.fits(Hertz::new(120.0).unwrap()).unwrap_err().to_string();
    assert!(message.contains("notch.freq = 60 Hz") && message.contains("notch = false"), "{message}");
}

fn hertz(value: f64) -> Option<Hertz> {
    Hertz::new(value).ok()
}
