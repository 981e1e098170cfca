//! A new recording to clean prints: the run's own preprocessing, what is refused, and what is left out and why.

use std::collections::BTreeMap;
use std::path::Path;

use ndarray::{Array2, Axis};
use twinprint_gallery::{Acquisition, Source};
use twinprint_preprocess::{CheckedPlan, OnMissing, Preprocessed, Preprocessor, Reference, unlike_eeg};
use twinprint_protocol::shares;
use twinprint_recordings::{Kind, ReadError, RecordingReader, Strictness};
use twinprint_signal::{ChannelName, Hertz};

use crate::DeskError;
use crate::open_encoder::Encoder;
use twinprint_run::RunError;
use twinprint_run::error::Problem;
use twinprint_run::{read_signals, samples_hash};

/// Prints of one or more recordings, in order of time, none of overlapping epochs.
pub(crate) struct Acquired {
    /// `[epochs, dim]`, of clean epochs.
    pub(crate) prints: Array2<f32>,
    /// How many of them, in order, come from each recording.
    pub(crate) recordings: Vec<usize>,
    /// What became of all epochs.
    pub(crate) acquisition: Acquisition,
    /// The recordings they come from, by name and by a hash of their samples.
    pub(crate) sources: Vec<Source>,
    /// What the user should know.
    pub(crate) notices: Vec<String>,
}

/// The epochs that a template is made of, and how many are of each recording: as the protocol takes a template of several recordings,
/// as evenly as they allow, the first epochs of each.
pub(crate) fn template_epochs(
    prints: &Array2<f32>,
    recordings: &[usize],
    used: usize,
) -> (Array2<f32>, Vec<usize>) {
    let shared = shares(recordings, used).unwrap_or_default();
    let starts = recordings.iter().scan(0, |next, &count| {
        *next += count;
        Some(*next - count)
    });
    let rows: Vec<usize> = starts.zip(&shared).flat_map(|(start, &share)| start..start + share).collect();
    (prints.select(Axis(0), &rows), shared.into_iter().filter(|&share| share > 0).collect())
}

/// Above this share of its samples at either end of the recorder's range an electrode is saturated in an epoch.
const SATURATED: f64 = 0.01;

/// Reads a recording the way the run read its own, and embeds its clean epochs.
///
/// # Errors
/// When the file is refused or holds no EEG; [`DeskError::Unmappable`] with every difference between its channels, units or rate and
/// what the encoder takes.
fn acquire(encoder: &Encoder, path: &Path, lenient: bool) -> Result<Acquired, DeskError> {
    let refuse = |error: Problem| RunError::recording(path, error);
    let strictness = if lenient { Strictness::Lenient } else { Strictness::Strict };
    let remedy = "--lenient reads what is certain of a damaged file";
    let mut reader = RecordingReader::open(path, strictness)
        .map_err(|error| RunError::unreadable(path, error, lenient, remedy))?;
    let plan = &encoder.preprocess;
    if let Some(unit) = &plan.channels.unit {
        reader = reader.with_empty_units(unit);
    }
    let signals = choose(encoder, plan, &reader, path)?;
    let recording = read_signals(plan, &reader, &signals, path)?;
    if let Some(found) = unlike_eeg(&recording) {
        return Err(DeskError::NoEeg { path: path.to_owned(), found });
    }
    let cut =
        Preprocessor::new(plan.clone()).run(recording, &[], None).map_err(|error| refuse(error.into()))?;
    check(encoder, &cut, path)?;
    let mut acquisition = counts(&cut);
    let replaced = &cut.quality.interpolated;
    let clean = look_at(&reader, &signals, replaced, &cut, encoder.identity.epoch_seconds, &mut acquisition)
        .map_err(|error| RunError::unread(path, error))?;
    let samples = cut.samples.select(Axis(0), &clean);
    let prints = encoder.model.embed(samples.view()).map_err(|error| refuse(error.into()))?;
    let mut notices: Vec<String> =
        reader.notices().iter().map(|notice| format!("{}: {notice}", path.display())).collect();
    if !replaced.is_empty() {
        let names: Vec<&str> = replaced.iter().map(ChannelName::as_str).collect();
        notices.push(format!("{}: estimated from other channels: {}", path.display(), names.join(", ")));
    }
    let source = source_of(path, &reader)?;
    let recordings = vec![prints.nrows()];
    Ok(Acquired { prints, recordings, acquisition, sources: vec![source], notices })
}

/// Reads the recordings one after the other.
pub(crate) fn gather<P: AsRef<Path>>(
    encoder: &Encoder,
    files: &[P],
    lenient: bool,
) -> Result<Acquired, DeskError> {
    let mut parts = files.iter().map(|path| acquire(encoder, path.as_ref(), lenient));
    let first = parts.next().ok_or_else(|| DeskError::Request("no recording was given".to_owned()))??;
    parts.try_fold(first, |all, part| all.join(part?))
}

impl Acquired {
    /// Adds another recording behind this one.
    fn join(self, other: Self) -> Result<Self, DeskError> {
        let prints = ndarray::concatenate(Axis(0), &[self.prints.view(), other.prints.view()])
            .map_err(|error| DeskError::Request(error.to_string()))?;
        let mut acquisition = self.acquisition;
        acquisition.add(&other.acquisition);
        let sources = self.sources.into_iter().chain(other.sources).collect();
        let notices = self.notices.into_iter().chain(other.notices).collect();
        let recordings = [self.recordings, other.recordings].concat();
        Ok(Self { prints, recordings, acquisition, sources, notices })
    }
}

/// The file's signals to read, or everything that is in the way.
fn choose(
    encoder: &Encoder,
    plan: &CheckedPlan,
    reader: &RecordingReader,
    path: &Path,
) -> Result<Vec<usize>, DeskError> {
    let mut differences = Vec::new();
    let signals = signals_named(plan, reader, &mut differences);
    for signal in signals.iter().map(|&at| &reader.channels()[at]) {
        if signal.microvolts_per_unit.is_none() {
            let unit = &signal.unit;
            differences.push(format!(
                "  unit of {}: {unit:?} is no voltage; the encoder takes microvolts",
                signal.name
            ));
        }
    }
    let mut rates: Vec<Hertz> = signals.iter().map(|&at| reader.channels()[at].rate).collect();
    rates.sort_by(|a, b| a.get().total_cmp(&b.get()));
    rates.dedup_by(|a, b| a.get() == b.get());
    for rate in &rates {
        if let Err(error) = plan.fits(*rate) {
            differences.push(format!("  rate: {rate} is too low for the encoder's signal ({error})"));
        }
        if plan.resample.is_none() && rate.get() != encoder.identity.rate {
            differences.push(format!(
                "  rate: the file has {rate}, the encoder takes {} Hz and its plan resamples nothing",
                encoder.identity.rate
            ));
        }
    }
    if differences.is_empty() && !signals.is_empty() {
        return Ok(signals);
    }
    Err(DeskError::Unmappable { path: path.to_owned(), differences })
}

/// The signals that carry the names the plan picks or refers to, and all others of EEG where one is to be estimated; notes names that no signal carries, or several.
fn signals_named(plan: &CheckedPlan, reader: &RecordingReader, differences: &mut Vec<String>) -> Vec<usize> {
    let mut names: Vec<&ChannelName> = plan.channels.pick.iter().collect();
    if let Reference::Channels(reference) = &plan.reference {
        let extra: Vec<&ChannelName> = reference.iter().filter(|name| !names.contains(name)).collect();
        names.extend(extra);
    }
    let (mut signals, mut missing) = (Vec::new(), Vec::new());
    for name in names {
        let found: Vec<usize> =
            (0..reader.channels().len()).filter(|&at| reader.channels()[at].name == *name).collect();
        match found[..] {
            [] => missing.push(name.as_str()),
            [at] => signals.push(at),
            _ => differences.push(format!("  channel {name}: {} signals carry that name", found.len())),
        }
    }
    if !missing.is_empty() && plan.channels.on_missing == OnMissing::Interpolate {
        signals.extend(others(plan, reader, &signals));
    }
    if !missing.is_empty() && plan.channels.on_missing == OnMissing::Error {
        let there: Vec<&str> = reader.channels().iter().map(|channel| channel.name.as_str()).collect();
        differences.push(format!(
            "  missing channels: {}; the file has {}",
            missing.join(", "),
            there.join(", ")
        ));
    }
    signals
}

/// The other channels of EEG, from which one that is missing is estimated: those of the rate of the first of all.
fn others(plan: &CheckedPlan, reader: &RecordingReader, taken: &[usize]) -> Vec<usize> {
    let all = reader.channels();
    let is_eeg = |at: &usize| {
        let channel = &all[*at];
        let twice = all.iter().filter(|other| other.name == channel.name).count() > 1;
        let kept = !plan.channels.drop.contains(&channel.name) && !taken.contains(at);
        kept && !twice && !matches!(channel.kind, Kind::Other(_)) && channel.microvolts_per_unit.is_some()
    };
    let found: Vec<usize> = (0..all.len()).filter(is_eeg).collect();
    let rate = taken.first().or(found.first()).map(|&at| all[at].rate);
    let one_rate = |at: &usize| plan.resample.is_some() || Some(all[*at].rate) == rate;
    found.into_iter().filter(one_rate).collect()
}

/// Refuses what preprocessing made of the recording unless it is exactly what the encoder takes.
fn check(encoder: &Encoder, cut: &Preprocessed, path: &Path) -> Result<(), DeskError> {
    let mut differences = Vec::new();
    let names =
        |channels: &[ChannelName]| channels.iter().map(ChannelName::key).collect::<Vec<_>>().join(" ");
    let (given, wanted) = (names(&cut.channels), names(encoder.model.channels()));
    if given != wanted {
        differences.push(format!("  channels: the encoder takes {wanted}, preprocessing left {given}"));
    }
    if cut.rate.get() != encoder.model.rate() {
        differences.push(format!(
            "  rate: the encoder takes {} Hz, preprocessing gave {}",
            encoder.model.rate(),
            cut.rate
        ));
    }
    let length = cut.samples.dim().2;
    if length != encoder.model.samples() {
        differences.push(format!(
            "  epoch: the encoder takes {} samples, preprocessing cut {length}",
            encoder.model.samples()
        ));
    }
    if differences.is_empty() {
        return Ok(());
    }
    Err(DeskError::Unmappable { path: path.to_owned(), differences })
}

fn counts(cut: &Preprocessed) -> Acquisition {
    let rejected = &cut.quality.rejected;
    let reasons = [
        ("annotated as bad", rejected.annotation),
        ("swinging too far", rejected.peak_to_peak),
        ("hardly moving", rejected.flat),
        ("unlike the rest", rejected.deviation),
    ];
    let rejected: BTreeMap<String, usize> = reasons
        .into_iter()
        .filter(|(_, count)| *count > 0)
        .map(|(why, count)| (why.to_owned(), count))
        .collect();
    Acquisition { epochs: cut.quality.epochs_cut, rejected, used: 0 }
}

/// The epochs, none overlapping another, in which every electrode was alive: looked at in the raw signal, since
/// referencing hides a flat electrode behind the others and filtering rounds a saturated one.
fn look_at(
    reader: &RecordingReader,
    signals: &[usize],
    replaced: &[ChannelName],
    cut: &Preprocessed,
    seconds: f64,
    acquisition: &mut Acquisition,
) -> Result<Vec<usize>, ReadError> {
    let mut clean = Vec::with_capacity(cut.starts.len());
    let mut free_from = f64::NEG_INFINITY;
    for (epoch, start) in cut.starts.iter().map(|start| start.get()).enumerate() {
        if start < free_from - 1e-6 {
            continue;
        }
        let mut why = None;
        for &at in signals.iter().filter(|&&at| !replaced.contains(&reader.channels()[at].name)) {
            why = fault(reader, at, start, seconds)?;
            if why.is_some() {
                break;
            }
        }
        match why {
            Some(why) => *acquisition.rejected.entry(why.to_owned()).or_default() += 1,
            None => {
                clean.push(epoch);
                free_from = start + seconds;
            }
        }
    }
    Ok(clean)
}

/// What is wrong with one signal in one window.
fn fault(
    reader: &RecordingReader,
    at: usize,
    start: f64,
    seconds: f64,
) -> Result<Option<&'static str>, ReadError> {
    let signal = &reader.channels()[at];
    let rate = signal.rate.get();
    let segments = reader.segments(at);
    let Some(segment) = segments.iter().rev().find(|segment| segment.onset.get() <= start + 0.5 / rate)
    else {
        return Ok(None);
    };
    let end = segment.first.0 + segment.len as u64;
    let first = segment.first.0 + ((start - segment.onset.get()) * rate).round().max(0.0) as u64;
    let window = first.min(end)..(first + (seconds * rate).round() as u64).min(end);
    let mut samples = vec![0.0; (window.end - window.start) as usize];
    if samples.len() < 2 {
        return Ok(None);
    }
    reader.read(at, window, &mut samples)?;
    if samples.iter().all(|&x| x == samples[0]) {
        return Ok(Some("with a flat electrode"));
    }
    let Some([low, high]) = signal.range.map(|ends| ends.map(|end| end as f32)) else { return Ok(None) };
    let at_rail = samples.iter().filter(|&&x| x <= low || x >= high).count();
    Ok((at_rail as f64 > SATURATED * samples.len() as f64).then_some("with a saturated electrode"))
}

fn source_of(path: &Path, reader: &RecordingReader) -> Result<Source, DeskError> {
    Ok(Source {
        name: path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default(),
        samples: samples_hash(reader)?,
    })
}
