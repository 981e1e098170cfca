//! How a recording falls into records of EDF+, and its samples as 16-bit numbers.

use std::collections::BTreeSet;
use std::path::Path;

use twinprint_recordings::writing::{
    AnonymiseError, EdfWriter, NewHeader, NewSignal, StartDateTime, WriteError, fits, range_for, shifted,
};
use twinprint_recordings::{Channel, ReadError, RecordingReader};
use twinprint_signal::{Annotation, Seconds, Segment};

/// Samples looked at at a time.
const BLOCK: u64 = 1 << 16;
/// Bytes of samples in memory at a time.
const MEMORY: usize = 32 << 20;
/// The longest record in seconds.
const LONGEST: f64 = 60.0;
/// How near to a step of the format a value must lie to count as written exactly.
const EXACT: f64 = 1e-3;

/// Why a recording cannot be written as EDF+.
#[derive(Debug, thiserror::Error)]
pub(super) enum Refused {
    #[error(transparent)]
    Read(#[from] ReadError),
    #[error(transparent)]
    Write(#[from] WriteError),
    #[error(transparent)]
    Date(#[from] AnonymiseError),
    #[error("it has no channel with samples: there is nothing to convert")]
    Empty,
    #[error(
        "sample {sample} of {channel} is no finite number, which EDF cannot hold: repair the file, or leave the channel out of it"
    )]
    NotFinite { channel: String, sample: u64 },
    #[error(
        "no record of whole samples has a length that fits into the 8 characters of EDF: its rates are {rates}"
    )]
    Rates { rates: String },
}

/// A recording in records.
pub(super) struct Layout {
    header: NewHeader,
    /// Positions of the channels in the source.
    channels: Vec<usize>,
    /// What a sample of each channel as stored is multiplied by.
    factors: Vec<f64>,
    /// Onset in seconds and number of records of each stretch.
    stretches: Vec<(f64, u64)>,
    /// Samples of the first channel that fill no record.
    left_out: u64,
    /// Where stretches begin that follow another without any time between, in seconds of the source: EDF tells no gap of that
    /// kind, so that each is written as one of a sample.
    breaks: Vec<f64>,
    rate: f64,
}

impl Layout {
    /// Looks at every sample once.
    pub(super) fn of(reader: &RecordingReader, shift_days: Option<i64>) -> Result<Self, Refused> {
        let all = reader.channels();
        let channels: Vec<usize> = (0..all.len()).filter(|&at| all[at].total_samples > 0).collect();
        let first = *channels.first().ok_or(Refused::Empty)?;
        let record_seconds = record_seconds(reader, &channels)?;
        let per_record = |at: usize| (all[at].rate.get() * record_seconds).round() as u64;
        let segments = reader.segments(first);
        let records = |segment: &Segment| segment.len as u64 / per_record(first);
        let origin = segments.first().map_or(0.0, |segment| segment.onset.get());
        let rate = all[first].rate.get();
        let (mut stretches, mut breaks, mut end) = (Vec::new(), Vec::new(), f64::NEG_INFINITY);
        for segment in &segments {
            let onset = segment.onset.get() - origin;
            if onset - end < 0.5 / rate {
                breaks.push(segment.onset.get());
            }
            end = onset + segment.len as f64 / rate;
            stretches.push((onset + breaks.len() as f64 / rate, records(segment)));
        }
        let left_out = segments.iter().map(|segment| segment.len as u64 % per_record(first)).sum();
        let labels = labels(all, &channels);
        let scales = channels.iter().map(|&at| Scale::of(reader, at)).collect::<Result<Vec<_>, _>>()?;
        let factors = scales.iter().map(|scale| scale.factor).collect();
        let signals =
            channels.iter().zip(labels).zip(scales).map(|((&at, label), Scale { unit, range, .. })| {
                NewSignal { label, unit, range, samples_per_record: per_record(at) as usize }
            });
        let signals = signals.collect();
        let start = reader.start().and_then(|start| start_of(&start)).zip(shift_days);
        let start = start.map(|(start, days)| shifted(start, days)).transpose()?;
        let header = NewHeader {
            start,
            record_seconds,
            records: stretches.iter().map(|(_, records)| records).sum(),
            continuous: stretches.iter().filter(|(_, records)| *records > 0).count() <= 1,
            signals,
            annotations: Vec::new(),
        };
        Ok(Self { header, channels, factors, stretches, left_out, breaks, rate })
    }

    /// Label and unit of each channel written.
    pub(super) fn written(&self) -> impl Iterator<Item = (&str, &str)> {
        self.header.signals.iter().map(|signal| (signal.label.as_str(), signal.unit.as_str()))
    }

    /// The position in the source of each channel written.
    pub(super) fn channels(&self) -> &[usize] {
        &self.channels
    }

    pub(super) fn seconds(&self) -> f64 {
        self.header.records as f64 * self.header.record_seconds
    }

    pub(super) fn segments(&self) -> usize {
        self.stretches.iter().filter(|(_, records)| *records > 0).count()
    }

    /// Events in the time of the file that is written, in the order of their onsets.
    pub(super) fn events(&self, events: &[Annotation]) -> Vec<Annotation> {
        let moved = |event: &Annotation| {
            let onset = event.onset.get();
            let before = self.breaks.iter().filter(|place| **place <= onset + 1e-9).count();
            let onset = Seconds::new(onset + before as f64 / self.rate).unwrap_or(event.onset);
            Annotation { onset, ..event.clone() }
        };
        let mut events: Vec<Annotation> = events.iter().map(moved).collect();
        events.sort_by(|a, b| a.onset.get().total_cmp(&b.onset.get()));
        events
    }

    /// The greatest step between values of a voltage, in microvolts.
    pub(super) fn largest_step(&self, reader: &RecordingReader) -> f64 {
        let steps = self.header.signals.iter().zip(&self.channels).zip(&self.factors).filter_map(
            |((signal, &at), factor)| {
                Some(signal.step() / factor * reader.channels()[at].microvolts_per_unit?)
            },
        );
        steps.fold(0.0, f64::max)
    }

    pub(super) fn notices(&self) -> Vec<String> {
        let mut said = Vec::new();
        if self.left_out > 0 {
            said.push(format!(
                "{} samples ({:.3} s) at the ends of its stretches fill no record of {} s and are left out",
                self.left_out,
                self.left_out as f64 / self.rate,
                self.header.record_seconds
            ));
        }
        if !self.breaks.is_empty() {
            said.push(format!(
                "{} breaks of no stated length are written as gaps of one sample, since EDF has none without length",
                self.breaks.len()
            ));
        }
        said
    }

    /// Writes a file with events of [`Layout::events`]; memory holds some records at a time.
    pub(super) fn write(
        &self,
        reader: &RecordingReader,
        events: &[Annotation],
        path: &Path,
    ) -> Result<(), Refused> {
        let mut header = self.header.clone();
        header.annotations = events.to_vec();
        let signals = header.signals.clone();
        let mut writer = EdfWriter::create(path, header)?;
        let bytes: usize = signals.iter().map(|signal| 4 * signal.samples_per_record).sum();
        let at_a_time = (MEMORY / bytes.max(1)).max(1) as u64;
        let segments: Vec<Vec<Segment>> = self.channels.iter().map(|&at| reader.segments(at)).collect();
        for (stretch, &(onset, records)) in self.stretches.iter().enumerate() {
            let mut done = 0;
            while done < records {
                let count = at_a_time.min(records - done);
                let mut blocks = Vec::with_capacity(signals.len());
                let channels = signals.iter().zip(&self.channels).zip(&self.factors).zip(&segments);
                for (((signal, &at), &factor), segments) in channels {
                    let per_record = signal.samples_per_record as u64;
                    let first =
                        segments.get(stretch).map_or(0, |segment| segment.first.0) + done * per_record;
                    let mut block = vec![0.0; (count * per_record) as usize];
                    reader.read(at, first..first + count * per_record, &mut block)?;
                    for sample in &mut block {
                        *sample = (f64::from(*sample) * factor) as f32;
                    }
                    blocks.push(block);
                }
                for record in 0..count {
                    let samples: Vec<Vec<f32>> = blocks
                        .iter()
                        .zip(&signals)
                        .map(|(block, signal)| {
                            let per_record = signal.samples_per_record;
                            block[record as usize * per_record..][..per_record].to_vec()
                        })
                        .collect();
                    writer.record(onset + (done + record) as f64 * self.header.record_seconds, &samples)?;
                }
                done += count;
            }
        }
        Ok(writer.finish()?)
    }
}

/// A start as readers tell it, `2020-12-24T10:30:00.25`, without the fraction.
fn start_of(text: &str) -> Option<StartDateTime> {
    let (date, time) = text.split_once('T')?;
    let mut date = date.split('-');
    let mut time = time.split([':', '.']);
    Some(StartDateTime {
        year: date.next()?.parse().ok()?,
        month: date.next()?.parse().ok()?,
        day: date.next()?.parse().ok()?,
        hour: time.next()?.parse().ok()?,
        minute: time.next()?.parse().ok()?,
        second: time.next()?.parse().ok()?,
        nanosecond: 0,
    })
}

/// The length of a record: that of the source where it has records; else the one nearest to a second that divides every
/// stretch, or where none does a tenth of a second, so that little is left out.
fn record_seconds(reader: &RecordingReader, channels: &[usize]) -> Result<f64, Refused> {
    if let Some(edf) = reader.as_edf()
        && fits(edf.header().record_duration().get())
    {
        return Ok(edf.header().record_duration().get());
    }
    let all = reader.channels();
    let rate = all[channels[0]].rate.get();
    let divisor = |a: u64, b: u64| {
        let (mut a, mut b) = (a, b);
        while b > 0 {
            (a, b) = (b, a % b);
        }
        a
    };
    let common = reader.segments(channels[0]).iter().fold(0, |all, segment| divisor(all, segment.len as u64));
    let distance = |count: &u64| (*count as f64 / rate).ln().abs();
    let most = (rate * LONGEST) as u64;
    let exact = |count: &u64| fits(*count as f64 / rate);
    let divides = (1..=most.min(common)).filter(|count| common % count == 0).filter(exact);
    let nearest = divides.min_by(|a, b| distance(a).total_cmp(&distance(b)));
    // A record for a few samples would be mostly about its time.
    let least = (rate / 20.0).ceil() as u64;
    let tenth = (rate / 10.0).ceil() as u64;
    let count = nearest.filter(|count| *count >= least).or_else(|| (tenth..=most.max(tenth)).find(exact));
    let rates = || all.iter().map(|channel| channel.rate.to_string()).collect::<BTreeSet<_>>();
    count
        .map(|count| count as f64 / rate)
        .ok_or_else(|| Refused::Rates { rates: rates().into_iter().collect::<Vec<_>>().join(", ") })
}

/// Labels of at most 16 letters, no two alike.
fn labels(all: &[Channel], channels: &[usize]) -> Vec<String> {
    let mut taken = BTreeSet::new();
    let mut name = |channel: &Channel| {
        let plain: String =
            channel.label.chars().map(|c| if matches!(c, ' '..='~') { c } else { '_' }).take(16).collect();
        let mut label = plain.trim().to_owned();
        let mut count = 1;
        while label.is_empty() || !taken.insert(label.clone()) {
            count += 1;
            label = format!("{}-{count}", plain.trim().chars().take(12).collect::<String>());
        }
        label
    };
    channels.iter().map(|&at| name(&all[at])).collect()
}

/// Units of voltages and the microvolts in each, as every reader of EDF takes them: nanovolts are taken for volts by some.
const VOLTAGES: [(&str, f64); 3] = [("uV", 1.0), ("mV", 1e3), ("V", 1e6)];

/// How a channel is written.
struct Scale {
    unit: String,
    /// What a sample as stored is multiplied by to be in that unit.
    factor: f64,
    /// In that unit.
    range: [f64; 2],
}

impl Scale {
    /// Voltages in the first of [`VOLTAGES`] whose numbers fit into a header, other channels in their own unit. The range is the
    /// channel's own where 16-bit numbers of it are exactly what is stored, else that of its samples. Looks at every sample once.
    fn of(reader: &RecordingReader, at: usize) -> Result<Self, Refused> {
        let channel = &reader.channels()[at];
        let values = Values::of(reader, at)?;
        let in_unit = |unit: String, factor: f64| {
            let scaled = |range: [f64; 2]| range.map(|end| end * factor);
            let own = channel.range.filter(|_| values.are_steps_of_range).map(scaled);
            let fit = |range: &[f64; 2]| range[1] > range[0] && range.iter().all(|end| fits(*end));
            let [low, high] = scaled(values.range);
            Self { unit, factor, range: own.filter(fit).unwrap_or_else(|| range_for(low, high)) }
        };
        let Some(microvolts) = channel.microvolts_per_unit else {
            let unit = channel.unit.chars().filter(|c| matches!(c, ' '..='~')).take(8).collect();
            return Ok(in_unit(unit, 1.0));
        };
        let [microvolt, millivolt, volt] =
            VOLTAGES.map(|(unit, size)| in_unit(unit.to_owned(), microvolts / size));
        let fit = |scale: &Self| scale.range.iter().all(|end| fits(*end));
        Ok([microvolt, millivolt].into_iter().find(fit).unwrap_or(volt))
    }
}

/// What the samples of a channel are, in the unit of the source.
struct Values {
    /// The least and the greatest.
    range: [f64; 2],
    /// Whether each is one of the 65,536 steps of the channel's own range.
    are_steps_of_range: bool,
}

impl Values {
    fn of(reader: &RecordingReader, at: usize) -> Result<Self, Refused> {
        let channel = &reader.channels()[at];
        let step = channel.range.map(|[low, high]| (low, (high - low) / f64::from(u16::MAX)));
        let mut values = Self { range: [f64::INFINITY, f64::NEG_INFINITY], are_steps_of_range: true };
        let mut block = vec![0.0f32; BLOCK.min(channel.total_samples) as usize];
        let mut start = 0;
        while start < channel.total_samples {
            let end = channel.total_samples.min(start + BLOCK);
            let part = &mut block[..(end - start) as usize];
            reader.read(at, start..end, part)?;
            for (order, sample) in part.iter().enumerate() {
                let value = f64::from(*sample);
                if !value.is_finite() {
                    let sample = start + order as u64;
                    return Err(Refused::NotFinite { channel: channel.label.clone(), sample });
                }
                let [low, high] = values.range;
                values.range = [low.min(value), high.max(value)];
                values.are_steps_of_range &= step.is_some_and(|(from, step)| {
                    let steps = (value - from) / step;
                    (steps - steps.round()).abs() <= EXACT.max(1e-6 * steps.abs())
                });
            }
            start = end;
        }
        Ok(values)
    }
}
