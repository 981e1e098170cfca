//! An opened file.

use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};

use twinprint_signal::{Annotation, ChannelName, Hertz, SampleIndex, Seconds, Segment};

use crate::annotations::{self, Annotated};
use crate::bytes::Bytes;
use crate::damage;
use crate::error::EdfError;
use crate::header::{self, FixedHeader, Header};
use crate::layout::{self, Layout};
use crate::notice::{Notes, Notice, Strictness};
use crate::patient::PatientFields;
use crate::samples;
use crate::signal::{self, Described, Signal};
use crate::timing::Run;

/// An EDF, EDF+, BDF or BDF+ file, checked and ready to be read from.
///
/// Opening reads the header and every annotation; samples are read from the file when asked for.
pub struct EdfFile {
    pub(crate) bytes: Bytes,
    pub(crate) path: Option<PathBuf>,
    pub(crate) layout: Layout,
    header: Header,
    patient: PatientFields,
    signals: Vec<Signal>,
    annotations: Vec<Annotation>,
    runs: Vec<Run>,
    notices: Vec<Notice>,
}

impl EdfFile {
    /// Opens and checks a file.
    ///
    /// ```
    /// use twinprint_edf::{EdfFile, Strictness};
    ///
    /// // One signal of 4 samples in one record of 1 s, every header field padded to its width.
    /// let file = [
    ///     ("0", 8), ("X", 80), ("X", 80), ("24.12.20", 8), ("10.30.00", 8), ("512", 8), ("", 44), ("1", 8), ("1", 8),
    ///     ("1", 4), ("EEG Cz", 16), ("", 80), ("uV", 8), ("-32768", 8), ("32767", 8), ("-32768", 8), ("32767", 8),
    ///     ("", 80), ("4", 8), ("", 32),
    /// ];
    /// let mut bytes: Vec<u8> = file.iter().flat_map(|(text, width)| format!("{text:<width$}").into_bytes()).collect();
    /// bytes.extend([0_i16, 10, -10, 250].iter().flat_map(|sample| sample.to_le_bytes()));
    /// let path = tempfile::NamedTempFile::new()?;
    /// std::fs::write(&path, bytes)?;
    ///
    /// let file = EdfFile::open(path.as_ref(), Strictness::Strict)?;
    /// assert_eq!(file.header().start().map(|start| start.to_string()).as_deref(), Some("2020-12-24T10:30:00"));
    /// assert_eq!((file.signals()[0].name().as_str(), file.signals()[0].rate().get()), ("Cz", 4.0));
    /// let mut microvolts = [0.0; 4];
    /// file.read(0, 0..4, &mut microvolts)?;
    /// assert_eq!(microvolts, [0.0, 10.0, -10.0, 250.0]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// When it cannot be opened, or breaks the format in a way that `strictness` does not forgive.
    pub fn open(path: &Path, strictness: Strictness) -> Result<Self, EdfError> {
        let bytes = Bytes::open(path).map_err(|source| EdfError::Open { path: path.to_owned(), source })?;
        let mut file = Self::check(bytes, strictness)
            .map_err(|problem| EdfError::InFile { path: path.to_owned(), problem: Box::new(problem) })?;
        file.path = Some(path.to_owned());
        Ok(file)
    }

    /// Checks a file held in memory.
    ///
    /// # Errors
    /// When it breaks the format in a way that `strictness` does not forgive.
    pub fn from_bytes(bytes: Vec<u8>, strictness: Strictness) -> Result<Self, EdfError> {
        Self::check(Bytes::owned(bytes), strictness)
    }

    fn check(bytes: Bytes, strictness: Strictness) -> Result<Self, EdfError> {
        let mut notes = Notes::new(strictness);
        let fixed = header::read(&bytes.head(header::PART)?, &mut notes)?;
        let (width, data) = (fixed.variant.width(), header::PART * (fixed.signals + 1));
        let described = signal::read(&bytes.head(data)?, &fixed, &mut notes)?;
        damage::glance(&bytes, data, width)?;
        let (layout, annotated) = match records(&bytes, &fixed, &described, &mut notes) {
            Ok(found) => found,
            Err(problem) => {
                // A file that contradicts itself may have been mangled as text; then say that instead.
                damage::examine(&bytes, data, width)?;
                return Err(problem);
            }
        };
        let signals = ordinary(described, &fixed, layout.records, &mut notes)?;
        let start = fixed.start.and_then(|start| start.plus(annotated.origin));
        let record_duration = Seconds::new(fixed.record_duration).unwrap_or_default();
        Ok(Self {
            header: Header {
                variant: fixed.variant,
                start,
                record_duration,
                record_count: layout.records,
                header_bytes: data as u64,
            },
            patient: fixed.patient,
            signals,
            annotations: annotated.annotations,
            runs: annotated.runs,
            notices: notes.finish(),
            bytes,
            path: None,
            layout,
        })
    }

    /// The file as a whole.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// The identifying fields; see there before showing them.
    pub fn patient(&self) -> &PatientFields {
        &self.patient
    }

    /// The ordinary signals in file order, annotation signals left out.
    pub fn signals(&self) -> &[Signal] {
        &self.signals
    }

    /// All annotations with a text, in file order; onsets count from the first sample.
    pub fn annotations(&self) -> &[Annotation] {
        &self.annotations
    }

    /// The stretches of a signal without a gap, in order: one for a continuous file, none without samples or for an
    /// index out of range.
    pub fn segments(&self, signal: usize) -> Vec<Segment> {
        let Some(samples) = self.signals.get(signal).map(Signal::samples_per_record) else {
            return Vec::new();
        };
        let segment = |run: &Run| Segment {
            first: SampleIndex(run.first * samples as u64),
            len: run.records as usize * samples,
            onset: Seconds::new(run.onset).unwrap_or_default(),
        };
        self.runs.iter().map(segment).collect()
    }

    /// Takes `unit` for every signal whose header states none; only whoever made the file knows it.
    pub fn state_empty_units(&mut self, unit: &str) {
        for signal in self.signals.iter_mut().filter(|signal| signal.described.unit.is_empty()) {
            signal.described.unit = unit.to_owned();
        }
    }

    /// What lenient reading did, and what is odd but harmless.
    pub fn notices(&self) -> &[Notice] {
        &self.notices
    }

    /// Reads samples `window` of a signal into `out`, in the unit the header states, each computed in float64 and
    /// rounded to float32 once. Only the bytes of the window are touched. A window may span gaps; see
    /// [`EdfFile::segments`].
    ///
    /// # Errors
    /// When there is no such signal or window, `out` has another length than the window, or the file cannot be read.
    pub fn read(&self, signal: usize, window: Range<u64>, out: &mut [f32]) -> Result<(), EdfError> {
        let scale = self.signal(signal).map_err(|problem| self.locate(problem))?.scale();
        let width = self.layout.width;
        self.read_window(signal, window, out, |raw, now| samples::physical(raw, width, scale, now))
            .map_err(|problem| self.locate(problem))
    }

    /// Reads samples `window` of a signal into `out` as the integers stored, for trigger and status channels whose
    /// bits count; otherwise as [`EdfFile::read`].
    ///
    /// # Errors
    /// As [`EdfFile::read`].
    pub fn read_digital(&self, signal: usize, window: Range<u64>, out: &mut [i32]) -> Result<(), EdfError> {
        let width = self.layout.width;
        self.read_window(signal, window, out, |raw, now| samples::digital(raw, width, now))
            .map_err(|problem| self.locate(problem))
    }

    pub(crate) fn read_window<T>(
        &self,
        index: usize,
        window: Range<u64>,
        out: &mut [T],
        decode: impl Fn(&[u8], &mut [T]),
    ) -> Result<(), EdfError> {
        let signal = self.signal(index)?;
        if window.start > window.end || window.end > signal.total_samples {
            return Err(EdfError::Window {
                channel: signal.described.shown(),
                start: window.start,
                end: window.end,
                total: signal.total_samples,
            });
        }
        if window.end - window.start != out.len() as u64 {
            return Err(EdfError::Buffer { buffer: out.len(), window: window.end - window.start });
        }
        let per_record = signal.samples_per_record();
        let mut record = window.start / per_record as u64;
        let mut from = (window.start % per_record as u64) as usize;
        let mut raw = Vec::new();
        let mut rest = out;
        while !rest.is_empty() {
            let whole = rest.len() / per_record;
            if from == 0 && whole > 0 {
                let (now, later) = rest.split_at_mut(whole * per_record);
                let records = record..record + whole as u64;
                let mut parts = now.chunks_exact_mut(per_record);
                let within = signal.described.within(self.layout.width);
                self.layout.each_record(&self.bytes, records, within, |_, raw| {
                    parts.next().into_iter().for_each(|part| decode(raw, part));
                    Ok(())
                })?;
                (rest, record) = (later, record + whole as u64);
            } else {
                let (now, later) = rest.split_at_mut(rest.len().min(per_record - from));
                raw.resize(now.len() * self.layout.width.bytes(), 0);
                self.bytes.read_at(self.layout.place(record, &signal.described, from), &mut raw)?;
                decode(&raw, now);
                (rest, from, record) = (later, 0, record + 1);
            }
        }
        Ok(())
    }

    pub(crate) fn signal(&self, index: usize) -> Result<&Signal, EdfError> {
        let missing = EdfError::NoSuchSignal { signal: index, count: self.signals.len() };
        self.signals.get(index).ok_or(missing)
    }

    /// Adds the path, where there is one.
    pub(crate) fn locate(&self, problem: EdfError) -> EdfError {
        match &self.path {
            Some(path) => EdfError::InFile { path: path.clone(), problem: Box::new(problem) },
            None => problem,
        }
    }
}

impl fmt::Debug for EdfFile {
    /// Neither samples, annotation texts nor identification.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EdfFile")
            .field("path", &self.path)
            .field("header", &self.header)
            .field("patient", &self.patient)
            .field("signals", &self.signals.len())
            .field("annotations", &self.annotations.len())
            .finish_non_exhaustive()
    }
}

fn records(
    bytes: &Bytes,
    fixed: &FixedHeader,
    described: &[Described],
    notes: &mut Notes,
) -> Result<(Layout, Annotated), EdfError> {
    let layout = layout::measure(bytes.len(), fixed, described, notes)?;
    let lists = described.iter().any(|signal| signal.annotations);
    if fixed.variant.is_plus() && !lists {
        notes.repair(
            "a plus file without an annotation signal read as continuous",
            || fixed.variant.to_string(),
            || EdfError::Field {
                field: "reserved".to_owned(),
                offset: 192,
                found: format!("\"{}\" although no signal is labelled Annotations", fixed.variant),
                limit: "plain EDF or BDF, or have an annotation signal that keeps the records' time"
                    .to_owned(),
                remedy: "correct the header, or open the file leniently to read it as continuous",
            },
        )?;
    } else if lists && !fixed.variant.is_plus() {
        notes.odd("an annotation signal in a file that does not claim to be a plus file", || {
            fixed.variant.to_string()
        });
    }
    let annotated =
        annotations::read(bytes, &layout, described, fixed.variant, fixed.record_duration, notes)?;
    Ok((layout, annotated))
}

fn ordinary(
    described: Vec<Described>,
    fixed: &FixedHeader,
    records: u64,
    notes: &mut Notes,
) -> Result<Vec<Signal>, EdfError> {
    let mut signals: Vec<Signal> = Vec::new();
    for described in
        described.into_iter().filter(|s| !s.annotations && !s.rangeless && s.samples_per_record > 0)
    {
        let stated = described.samples_per_record as f64 / fixed.record_duration;
        let rate = match Hertz::sampling(stated) {
            Ok(rate) => rate,
            Err(error) => {
                let (done, found, limit) = if fixed.record_duration == 0.0 {
                    (
                        "a signal left out that has no rate because records last 0 s",
                        "0 s".to_owned(),
                        "above 0 where signals have samples".to_owned(),
                    )
                } else {
                    let (samples, shown) = (described.samples_per_record, described.shown());
                    (
                        "a signal left out whose sampling rate no device has",
                        format!("{} s for {samples} samples of {shown}, {stated} Hz", fixed.record_duration),
                        format!("such that rates are {} Hz", error.limit),
                    )
                };
                notes.repair(done, || described.shown(), || EdfError::Field {
                    field: "duration of a data record".to_owned(),
                    offset: 244,
                    found,
                    limit,
                    remedy: "correct the header, or open the file leniently to leave out what has no possible rate",
                })?;
                continue;
            }
        };
        let name = ChannelName::new(described.shown());
        let total_samples = records * described.samples_per_record as u64;
        signals.push(Signal { described, name, rate, total_samples });
    }
    let mut names: Vec<&Signal> = signals.iter().collect();
    names.sort_by_key(|signal| &signal.name);
    for pair in names.windows(2).filter(|pair| pair[0].name == pair[1].name) {
        notes.odd("two signals name one channel; choose one of them", || pair[0].described.shown());
    }
    Ok(signals)
}
