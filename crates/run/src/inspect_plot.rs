//! A recording as it is and as the default preprocessing leaves it: for `twinprint inspect --plot`.

use std::path::Path;

use ndarray::Axis;
use twinprint_features::{View, log_psd};
use twinprint_preprocess::{Filter, Plan, Preprocessed, Preprocessor, Reference, Reject, Resample};
use twinprint_recordings::{Kind, RecordingReader, Strictness};
use twinprint_report::{SignalPage, SignalSide, signal_page};
use twinprint_signal::Hertz;

use crate::error::Placed;
use crate::folder::write_text;
use crate::{Inspection, RunError, inspect};

/// The rate that signals are drawn at: more than a screen shows of ten seconds.
const DRAWN: f64 = 128.0;
/// The longest stretch that is drawn, seconds: a page of an hour would be larger than a browser likes.
const LONGEST: f64 = 600.0;
/// The share of flat seconds, and of saturated samples, from which a channel is marked.
const FLAT: f64 = 0.05;
const SATURATED: f64 = 0.001;

/// Writes a page that shows a recording to `to`: signals, spectra, annotations, quality.
///
/// # Errors
/// When the file is refused or has no channel of EEG whose samples can be read as microvolts, or the page cannot be written.
pub fn inspect_plot(path: &Path, lenient: bool, to: &Path) -> Result<(), RunError> {
    write_text(to, &signal_page(&page_of(path, lenient)?))
}

fn page_of(path: &Path, lenient: bool) -> Result<SignalPage, RunError> {
    let facts = inspect(path, lenient, false)?;
    let strictness = if lenient { Strictness::Lenient } else { Strictness::Strict };
    let unread = |error| RunError::unread(path, error);
    let refuse = |error| RunError::recording(path, error);
    let reader = RecordingReader::open(path, strictness).map_err(unread)?;
    let eeg: Vec<usize> =
        (0..reader.channels().len()).filter(|&at| reader.channels()[at].kind == Kind::Eeg).collect();
    let rates = || eeg.iter().map(|&at| reader.channels()[at].rate.get());
    let rate = rates().fold(0.0, f64::max);
    // Channels of another rate would need resampling before they can be read together.
    let chosen: Vec<usize> =
        eeg.iter().copied().filter(|&at| reader.channels()[at].rate.get() == rate).collect();
    if chosen.is_empty() {
        return Err(RunError::recording(
            path,
            "it has no channel of EEG to draw: see `twinprint inspect` without --plot",
        ));
    }
    let resample = (rate > DRAWN).then(|| Hertz::new(DRAWN)).transpose().in_stage("inspect")?;
    let resample = resample.map(|sfreq| Resample { sfreq, ..Resample::default() });
    let highest = 40.0_f64.min(0.42 * rate.min(DRAWN));
    let h_freq = Hertz::new(highest).in_stage("inspect")?;
    let kept = Reject { constant: false, by_annotation: false, ..Reject::default() };
    let as_it_is = Plan {
        reference: Reference::None,
        filter: None,
        resample: resample.clone(),
        reject: kept,
        ..Plan::default()
    };
    let filter = Filter { h_freq: Some(h_freq), ..Filter::default() };
    let prepared = Plan {
        filter: Some(filter),
        resample,
        reject: Reject { constant: false, by_annotation: false, ..Reject::default() },
        ..Plan::default()
    };
    let side = |plan: Plan| -> Result<SignalSide, RunError> {
        let checked = plan.checked().map_err(|error| refuse(error.into()))?;
        let recording = reader.recording(&chosen).map_err(unread)?;
        let cut = Preprocessor::new(checked).run(recording, &[], None).map_err(refuse)?;
        drawn(&cut, highest)
    };
    let (before, after) = (side(as_it_is)?, side(prepared)?);
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    Ok(SignalPage {
        name,
        facts: said(&facts),
        channels: chosen.iter().map(|&at| reader.channels()[at].name.to_string()).collect(),
        flags: chosen.iter().map(|&at| flags(&facts, at)).collect(),
        annotations: reader
            .annotations()
            .iter()
            .filter(|annotation| annotation.onset.get() <= LONGEST)
            .map(|annotation| (annotation.onset.get(), annotation.label.clone()))
            .collect(),
        preparation: format!("average reference, 1 to {highest:.0} Hz"),
        before,
        after,
    })
}

/// The epochs of a recording, end to end, and the mean of their spectra.
fn drawn(cut: &Preprocessed, highest: f64) -> Result<SignalSide, RunError> {
    let (epochs, channels, length) = cut.samples.dim();
    let rate = cut.rate.get();
    let shown = epochs.min((LONGEST * rate / length.max(1) as f64) as usize);
    let signals = (0..channels)
        .map(|channel| {
            (0..shown).flat_map(|epoch| cut.samples.slice(ndarray::s![epoch, channel, ..]).to_vec()).collect()
        })
        .collect();
    let starts = cut.starts.iter().take(shown).map(|start| start.get()).collect();
    let view = View { samples: cut.samples.view(), rate };
    let power = log_psd(view, 1.0, highest).in_stage("inspect")?;
    let mean = power.mean_axis(Axis(0)).map(|mean| mean.to_vec()).unwrap_or_default();
    let bins = mean.len() / channels.max(1);
    // Welch's segments of one second have a bin for each hertz.
    let spectra = mean
        .chunks(bins.max(1))
        .map(|channel| {
            let decibels = |log: &f32| f64::from(*log) * 10.0 / std::f64::consts::LN_10;
            channel.iter().enumerate().map(|(bin, log)| (1.0 + bin as f64, decibels(log))).collect()
        })
        .collect();
    Ok(SignalSide { rate, epoch: length as f64 / rate, starts, signals, spectra })
}

fn flags(facts: &Inspection, at: usize) -> Vec<String> {
    let Some(signal) = facts.signals.get(at) else { return Vec::new() };
    let flat = (signal.flat_share >= FLAT)
        .then(|| format!("flat in {:.0} % of the seconds", 100.0 * signal.flat_share));
    let saturated = (signal.saturated_share >= SATURATED).then(|| {
        format!("at the end of its range in {:.1} % of the samples", 100.0 * signal.saturated_share)
    });
    flat.into_iter().chain(saturated).collect()
}

/// What the header says, in a line each.
fn said(facts: &Inspection) -> Vec<(String, String)> {
    let mut lines = vec![
        ("Format".to_owned(), facts.format.clone()),
        (
            "Length".to_owned(),
            format!("{:.1} s in {} stretches without a gap", facts.seconds, facts.segments),
        ),
    ];
    let aside: Vec<String> = facts
        .signals
        .iter()
        .filter_map(|signal| Some(format!("{} ({})", signal.label, signal.set_aside.as_ref()?)))
        .collect();
    if !aside.is_empty() {
        lines.push(("No EEG".to_owned(), aside.join(", ")));
    }
    lines.extend(facts.notices.iter().map(|notice| ("Note".to_owned(), notice.clone())));
    if facts.seconds > LONGEST {
        lines.push(("Drawn".to_owned(), format!("the first {LONGEST} s")));
    }
    lines
}
