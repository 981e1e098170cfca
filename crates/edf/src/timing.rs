//! Records in time: which follow one another, and where gaps are.

use crate::error::EdfError;
use crate::header::Variant;
use crate::notice::Notes;

/// Records that follow one another without a gap.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Run {
    pub(crate) first: u64,
    pub(crate) records: u64,
    /// Seconds between the first record's begin and this run's.
    pub(crate) onset: f64,
}

/// Puts records on the time line one by one.
pub(crate) struct Timeline {
    variant: Variant,
    duration: f64,
    /// A difference between stated and expected begin that rounding explains.
    tolerance: f64,
    records: u64,
    /// Begin of the first record after the header's start time.
    origin: Option<f64>,
    last: f64,
    next: u64,
    runs: Vec<Run>,
    drift: f64,
}

/// The time-keeping annotation of a record.
pub(crate) struct Stamp {
    /// Seconds after the header's start time, if readable.
    pub(crate) onset: Option<f64>,
    /// Where it is in the file.
    pub(crate) offset: u64,
    /// What is written there, without any annotation text.
    pub(crate) found: String,
}

impl Timeline {
    /// Rounding explains half a sample of the fastest signal or one millisecond, and never half a record.
    pub(crate) fn new(variant: Variant, duration: f64, fastest: usize, records: u64) -> Self {
        let half_sample = if fastest > 0 { duration / fastest as f64 / 2.0 } else { 0.0 };
        let tolerance = half_sample.max(1e-3).min(duration / 2.0);
        Self {
            variant,
            duration,
            tolerance,
            records,
            origin: None,
            last: 0.0,
            next: 0,
            runs: Vec::new(),
            drift: 0.0,
        }
    }

    /// Places the next record.
    pub(crate) fn place(&mut self, stamp: &Stamp, notes: &mut Notes) -> Result<(), EdfError> {
        let record = self.next;
        self.next += 1;
        let Some(onset) = stamp.onset else {
            return self.place_unstamped(record, stamp, notes);
        };
        let Some(origin) = self.origin else {
            self.origin = Some(onset);
            self.last = onset;
            self.runs.push(Run { first: record, records: 1, onset: 0.0 });
            return Ok(());
        };
        let expected = self.last + self.duration;
        let late = onset - expected;
        // Beyond the tolerance allow for the resolution of float64 far from the start.
        let close = late.abs() <= self.tolerance + 4.0 * f64::EPSILON * onset.abs();
        if close || self.duration == 0.0 {
            self.drift = self.drift.max((onset - (origin + record as f64 * self.duration)).abs());
            self.extend();
        } else {
            self.allow_gap(late, record, stamp, notes)?;
            self.runs.push(Run { first: record, records: 1, onset: onset - origin });
        }
        self.last = onset;
        Ok(())
    }

    fn allow_gap(&self, late: f64, record: u64, stamp: &Stamp, notes: &mut Notes) -> Result<(), EdfError> {
        let place = || format!("record {}, {late:+} s from the end of the one before", record + 1);
        let refuse = |expected, remedy| EdfError::TimeKeeping {
            record: record + 1,
            records: self.records,
            offset: stamp.offset,
            found: stamp.found.clone(),
            expected,
            remedy,
        };
        let end = self.last + self.duration;
        if late < 0.0 {
            let done = "records that overlap in time kept as separate segments";
            return notes.repair(done, place, || {
                refuse(
                    format!("the record before ends at {end} s, and records must not overlap"),
                    "open the file leniently to read overlapping records as separate segments",
                )
            });
        }
        if self.variant.is_discontinuous() {
            return Ok(());
        }
        notes.repair("a gap in a file that claims to be continuous kept as a gap", place, || {
            refuse(
                format!("the record before ends at {end} s, and {} has no gaps", self.variant),
                "if the recording was interrupted the file should say EDF+D or BDF+D; open it leniently to read it in segments",
            )
        })
    }

    fn place_unstamped(&mut self, record: u64, stamp: &Stamp, notes: &mut Notes) -> Result<(), EdfError> {
        let done = if self.variant.is_discontinuous() {
            "a record without a readable time kept as a segment of its own right after the one before"
        } else {
            "a record without a readable time taken to follow the one before"
        };
        notes.repair(
            done,
            || format!("record {}", record + 1),
            || EdfError::TimeKeeping {
                record: record + 1,
                records: self.records,
                offset: stamp.offset,
                found: stamp.found.clone(),
                expected: "a time such as +12.5 and two bytes 20 must begin the first annotation signal of every record"
                    .to_owned(),
                remedy: "the file is damaged or was written against the specification: copy or download it again, or open it leniently",
            },
        )?;
        let Some(origin) = self.origin else {
            self.origin = Some(0.0);
            self.runs.push(Run { first: record, records: 1, onset: 0.0 });
            return Ok(());
        };
        self.last += self.duration;
        if self.variant.is_discontinuous() {
            self.runs.push(Run { first: record, records: 1, onset: self.last - origin });
        } else {
            self.extend();
        }
        Ok(())
    }

    fn extend(&mut self) {
        if let Some(run) = self.runs.last_mut() {
            run.records += 1;
        }
    }

    /// Runs in order, and the first record's begin after the header's start time.
    pub(crate) fn finish(self, notes: &mut Notes) -> (Vec<Run>, f64) {
        if self.runs.len() == 1 && self.drift > 10.0 * self.tolerance {
            let drift = self.drift;
            notes.odd("the records' times drift from the stated record duration", || format!("by {drift} s"));
        }
        let origin = self.origin.unwrap_or(0.0);
        if !(0.0..1.0).contains(&origin) {
            notes.odd("the first record does not begin within the second of the start time", || {
                format!("{origin:+} s")
            });
        }
        (self.runs, origin)
    }
}

/// The one run of a file without time-keeping.
pub(crate) fn unbroken(records: u64) -> Vec<Run> {
    if records == 0 { Vec::new() } else { vec![Run { first: 0, records, onset: 0.0 }] }
}
