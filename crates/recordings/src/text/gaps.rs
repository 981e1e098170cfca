//! Where samples are missing: by the device's counter, by time stamps, or both.

use std::collections::VecDeque;

use super::clock::{stamp, start_of};
use super::counter::Counter;
use super::head::Head;
use super::table::{Rate, Table};
use crate::ReadError;
use crate::lines::number;

/// Time stamps as fine as this are of samples; coarser ones are of packets that hold several samples.
const EVEN: f64 = 0.4;
/// The shortest loss that stamps of packets show, in seconds: packets come as the radio lets them.
const SHORTEST: f64 = 0.05;
/// By how much the rate of the time stamps may differ from the stated one.
const TOLERANCE: f64 = 0.05;

/// What the first rows show of counter and clock.
pub(super) struct Rules {
    pub(super) rate: f64,
    pub(super) start: Option<String>,
    counter: Option<Counter>,
    clock: Option<Clock>,
}

#[derive(Debug, Clone, Copy)]
struct Clock {
    /// Seconds in one of its units.
    unit: f64,
    /// Whether every sample has its own time.
    even: bool,
}

impl Rules {
    pub(super) fn of(head: &Head, table: &Table) -> Result<Self, ReadError> {
        let (mut counts, mut stamps) = (Vec::new(), Vec::new());
        let mut cells = Vec::new();
        let full = table.channels.iter().map(|channel| channel.column).max().unwrap_or(0);
        for line in head.lines.iter().skip(table.first_row) {
            table.between.cells(line, &mut cells);
            let is_sample = cells.len() > full
                && table.channels.iter().all(|channel| number(cells[channel.column]).is_some());
            if !is_sample {
                continue;
            }
            counts.extend(table.counter.and_then(|at| number(cells.get(at)?)));
            stamps.extend(table.clock.and_then(|at| stamp(cells.get(at)?)));
        }
        let first = stamps.first().copied();
        let (rate, clock) = rhythm(&stamps, &table.rate)?;
        Ok(Self {
            rate,
            start: first.zip(clock).and_then(|(first, clock)| start_of(first * clock.unit)),
            counter: (counts.len() > 1).then(|| Counter::of(&counts, table.pairs)),
            clock,
        })
    }

    pub(super) fn watch(&self) -> Watch<'_> {
        Watch {
            rules: self,
            count: None,
            time: None,
            row: 0,
            lags: VecDeque::new(),
            ahead: Least::default(),
            behind: Least::default(),
        }
    }
}

/// The rate, and how to read the time stamps: their unit is the one that fits the rate.
fn rhythm(stamps: &[f64], rate: &Rate) -> Result<(f64, Option<Clock>), ReadError> {
    let unit = |step: f64, rate: f64| {
        let units = [1.0, 1e-3, 1e-6, 1e-9];
        let distance = |unit: &f64| (step * unit * rate).ln().abs();
        units.into_iter().min_by(|a, b| distance(a).total_cmp(&distance(b))).unwrap_or(1.0)
    };
    let refused = |found: String, limit: String| {
        let remedy =
            "state the rate as dataset.layout.text.rate, or record every sample rather than one a second";
        Err(ReadError::field("the rate of the time stamps", found, limit, remedy))
    };
    let step = usual_step(stamps);
    let rate = match (rate, step) {
        (Rate::Stated(rate), _) => *rate,
        (Rate::OneOf(rates), Some((step, _))) => {
            let found = 1.0 / step;
            match rates.iter().find(|rate| (found / *rate - 1.0).abs() <= TOLERANCE) {
                Some(rate) => *rate,
                None => return refused(format!("{found:.1} Hz"), format!("{rates:?} Hz")),
            }
        }
        (Rate::OneOf(rates), None) => rates[0],
    };
    let Some((step, sure)) = step else { return Ok((rate, None)) };
    let unit = unit(step, rate);
    let found = 1.0 / (step * unit);
    if sure && (found / rate - 1.0).abs() > TOLERANCE {
        return refused(format!("{found:.1} Hz"), format!("{rate} Hz, as stated"));
    }
    let is_even = |pair: &[f64]| ((pair[1] - pair[0]) * unit * rate - 1.0).abs() <= EVEN;
    let even = stamps.windows(2).filter(|pair| is_even(pair)).count();
    let even = 10 * even >= 9 * (stamps.len() - 1);
    Ok((rate, Some(Clock { unit, even })))
}

/// The usual time from one sample to the next, so that losses do not count: of steps that are much alike the mean, or else,
/// where stamps are those of packets, the median over stretches of rows. Of few such rows it is not sure: a loss counts.
fn usual_step(stamps: &[f64]) -> Option<(f64, bool)> {
    let steps: Vec<f64> = stamps.windows(2).map(|pair| pair[1] - pair[0]).collect();
    let middle = median(steps.clone())?;
    let alike: Vec<f64> = steps.iter().copied().filter(|step| (step / middle - 1.0).abs() <= EVEN).collect();
    if 10 * alike.len() >= 6 * steps.len() {
        let mean = alike.iter().sum::<f64>() / alike.len() as f64;
        return (mean > 0.0).then_some((mean, true));
    }
    let sure = steps.len() > 2048;
    let stretch = if sure { 512 } else { steps.len() };
    let stretches = stamps.windows(stretch + 1).step_by(stretch);
    let step = median(stretches.map(|part| (part[stretch] - part[0]) / stretch as f64).collect())?;
    (step > 0.0).then_some((step, sure))
}

fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied()
}

/// A place where samples are missing.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Gap {
    /// The sample before which they are missing.
    pub(super) before: u64,
    /// How many, as far as counter and clock tell.
    pub(super) lost: u64,
}

/// Looks at one sample after the other.
pub(super) struct Watch<'a> {
    rules: &'a Rules,
    count: Option<f64>,
    time: Option<f64>,
    row: u64,
    /// Of packets' stamps: how far those of the last second lag behind the samples counted.
    lags: VecDeque<f64>,
    /// The least lag of the second from the sample now judged on.
    ahead: Least,
    /// The least lag of the second before it.
    behind: Least,
}

/// The least of the last values.
#[derive(Default)]
struct Least(VecDeque<(u64, f64)>);

impl Least {
    fn push(&mut self, at: u64, value: f64) {
        while self.0.back().is_some_and(|(_, other)| *other >= value) {
            self.0.pop_back();
        }
        self.0.push_back((at, value));
    }

    /// The least of the values from `at` on.
    fn from(&mut self, at: u64) -> Option<f64> {
        while self.0.front().is_some_and(|(old, _)| *old < at) {
            self.0.pop_front();
        }
        self.0.front().map(|(_, value)| *value)
    }
}

impl Watch<'_> {
    /// The gap that a sample shows, before it or, by stamps of packets, up to a second earlier.
    pub(super) fn next(&mut self, count: Option<f64>, time: Option<f64>) -> Option<Gap> {
        let row = self.row;
        self.row += 1;
        let counted = self.rules.counter.as_ref().and_then(|counter| {
            let before = std::mem::replace(&mut self.count, count);
            match (before, count) {
                (Some(before), Some(count)) => match counter.missing(before, count) {
                    Some(0) => None,
                    lost => Some(Gap { before: row, lost: lost.unwrap_or(0) }),
                },
                _ => None,
            }
        });
        let clocked = self.rules.clock.and_then(|clock| self.clocked(clock, row, time?));
        match (counted, clocked) {
            // A loss of whole turns is seen by the clock alone.
            (Some(counted), Some(clocked)) => Some(Gap { lost: counted.lost.max(clocked.lost), ..counted }),
            (counted, clocked) => counted.or(clocked),
        }
    }

    fn clocked(&mut self, clock: Clock, row: u64, time: f64) -> Option<Gap> {
        let rate = self.rules.rate;
        let time = time * clock.unit;
        let blind = self
            .rules
            .counter
            .as_ref()
            .map(|counter| counter.turn().map_or(f64::INFINITY, |turn| 0.75 * turn as f64));
        let lost = |samples: f64| samples.round().clamp(0.0, 9e15) as u64;
        if clock.even {
            let before = self.time.replace(time)?;
            let missing = (time - before) * rate - 1.0;
            let gap = missing > blind.unwrap_or(0.5).max(0.5) || time < before - 0.5 / rate;
            return gap.then(|| Gap { before: row, lost: lost(missing) });
        }
        // Stamps of packets come late, never early: the least lag of a second rises for good where samples are missing.
        let (second, lag) = (rate.ceil() as u64, time - row as f64 / rate);
        self.lags.push_back(lag);
        self.ahead.push(row, lag);
        let judged = row.checked_sub(second)?;
        let own = self.lags.pop_front()?;
        let risen = self.behind.from(judged.saturating_sub(second)).zip(self.ahead.from(judged));
        let risen = risen.map_or(0.0, |(before, after)| (after - before) * rate);
        let gap = risen > blind.unwrap_or(0.0).max(SHORTEST * rate);
        if gap {
            self.behind = Least::default();
        }
        self.behind.push(judged, own);
        gap.then(|| Gap { before: judged, lost: lost(risen) })
    }
}
