//! What a recording holds, without its samples: for `twinprint inspect`.

use std::collections::HashMap;
use std::path::Path;

use serde::Serialize;
use twinprint_recordings::{Kind, RecordingReader, Strictness};
use twinprint_signal::Annotation;

use crate::RunError;

/// A file's header, signals, annotations and first look at quality.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Inspection {
    /// The format: `EDF+C`.
    pub format: String,
    /// When it starts, as the header says, where it says so.
    pub start: Option<String>,
    /// Seconds from the first to the last sample of the longest signal, gaps not counted.
    pub seconds: f64,
    /// Stretches without a gap.
    pub segments: usize,
    /// Seconds a data record; only EDF and BDF have records.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub record_seconds: Option<f64>,
    /// Data records in the file; nothing where the format has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub records: Option<u64>,
    /// The signals with samples, in the order of the file; annotations are not among them.
    pub signals: Vec<SignalFacts>,
    /// Every annotation label, how often it appears, and its first onset in seconds, in order of that onset.
    pub annotations: Vec<LabelCount>,
    /// What was odd, or what lenient reading did.
    pub notices: Vec<String>,
    /// The patient and recording fields of the header, only where they were asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub patient: Option<PatientText>,
}

/// One signal of a recording, as its header describes it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SignalFacts {
    /// The label as written.
    pub label: String,
    /// The electrode's usual name.
    pub channel: String,
    /// Samples a second of this signal, above 0.
    pub rate: f64,
    /// The unit as written.
    pub unit: String,
    /// Root mean square about the mean, in that unit.
    pub rms: f64,
    /// The share of one-second windows whose samples are all equal: 0 for a live electrode.
    pub flat_share: f64,
    /// The share of samples at either end of the recorder's range: above 0 the amplifier was saturated.
    pub saturated_share: f64,
    /// Why the channel is set aside where a plan picks none: its type, its unit or its name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub set_aside: Option<String>,
}

/// How often an annotation label appears.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LabelCount {
    /// The label of annotations, as the file writes it.
    pub label: String,
    /// How many annotations have it.
    pub count: usize,
    /// Seconds from the start to the first.
    pub first: f64,
}

/// The identifying fields of a header.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PatientText {
    /// The local patient identification.
    pub patient: String,
    /// The local recording identification.
    pub recording: String,
}

/// Opens a file and looks at all of it.
///
/// # Errors
/// When the file is refused; the message says for what.
pub fn inspect(path: &Path, lenient: bool, show_patient: bool) -> Result<Inspection, RunError> {
    let strictness = if lenient { Strictness::Lenient } else { Strictness::Strict };
    let refuse = |error| {
        RunError::unreadable(path, error, lenient, "--lenient reads what is certain of a damaged file")
    };
    let file = RecordingReader::open(path, strictness).map_err(refuse)?;
    let signals = (0..file.channels().len())
        .map(|index| look_at(&file, index))
        .collect::<Result<Vec<_>, _>>()
        .map_err(refuse)?;
    let longest =
        (0..file.channels().len()).max_by(|&a, &b| duration(&file, a).total_cmp(&duration(&file, b)));
    let edf = file.as_edf();
    let patient = edf.filter(|_| show_patient).map(|edf| PatientText {
        patient: edf.patient().reveal_patient().to_owned(),
        recording: edf.patient().reveal_recording().to_owned(),
    });
    Ok(Inspection {
        format: file.format(),
        start: file.start(),
        seconds: longest.map_or(0.0, |index| duration(&file, index)),
        segments: longest.map_or(0, |index| file.segments(index).len()),
        record_seconds: edf.map(|edf| edf.header().record_duration().get()),
        records: edf.map(|edf| edf.header().record_count()),
        signals,
        annotations: counts(file.annotations()),
        notices: file.notices().iter().map(ToString::to_string).collect(),
        patient,
    })
}

fn duration(file: &RecordingReader, index: usize) -> f64 {
    let channel = &file.channels()[index];
    channel.total_samples as f64 / channel.rate.get()
}

fn look_at(file: &RecordingReader, index: usize) -> Result<SignalFacts, twinprint_recordings::ReadError> {
    let channel = &file.channels()[index];
    let mut samples = vec![0.0; channel.total_samples as usize];
    file.read(index, 0..channel.total_samples, &mut samples)?;
    let count = samples.len().max(1) as f64;
    let mean = samples.iter().map(|&x| f64::from(x)).sum::<f64>() / count;
    let variance = samples.iter().map(|&x| (f64::from(x) - mean).powi(2)).sum::<f64>() / count;
    let window = (channel.rate.get().round() as usize).max(2);
    let (mut flat, mut windows) = (0usize, 0usize);
    for second in samples.chunks_exact(window) {
        windows += 1;
        flat += usize::from(second.iter().all(|&x| x == second[0]));
    }
    let [low, high] =
        channel.range.map_or([f32::NEG_INFINITY, f32::INFINITY], |ends| ends.map(|end| end as f32));
    let saturated = samples.iter().filter(|&&x| x <= low || x >= high).count();
    Ok(SignalFacts {
        label: channel.label.clone(),
        channel: channel.name.to_string(),
        rate: channel.rate.get(),
        unit: channel.unit.clone(),
        rms: variance.sqrt(),
        flat_share: if windows == 0 { 0.0 } else { flat as f64 / windows as f64 },
        saturated_share: saturated as f64 / count,
        set_aside: match &channel.kind {
            Kind::Eeg => None,
            Kind::Other(why) => Some(why.clone()),
        },
    })
}

/// Each label, in order of its first place in the list.
fn counts(annotations: &[Annotation]) -> Vec<LabelCount> {
    let mut counts: Vec<LabelCount> = Vec::new();
    let mut places: HashMap<&str, usize> = HashMap::new();
    for annotation in annotations {
        let place = *places.entry(&annotation.label).or_insert(counts.len());
        match counts.get_mut(place) {
            Some(known) => known.count += 1,
            None => counts.push(LabelCount {
                label: annotation.label.clone(),
                count: 1,
                first: annotation.onset.get(),
            }),
        }
    }
    counts
}

#[cfg(test)]
mod tests {
    use twinprint_signal::Seconds;

    use super::*;

    #[test]
    fn labels_are_counted_in_one_pass_however_many_differ() {
        // Half a million labels twice over: a search through those found so far would take a hundred billion comparisons.
        let label = |at: usize| Annotation {
            onset: Seconds::new(at as f64).unwrap(),
            duration: None,
            label: format!("event {}", at % 500_000),
        };
        let annotations: Vec<Annotation> = (0..1_000_000).map(label).collect();
        let found = counts(&annotations);
        assert_eq!(found.len(), 500_000);
        assert!(found.iter().enumerate().all(|(at, known)| known.count == 2 && known.first == at as f64));
        assert_eq!(found[499_999].label, "event 499999");
    }
}
