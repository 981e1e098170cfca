//! EDF files made bad on purpose: bytes of a good one changed where the format says they are.

#![allow(clippy::expect_used, clippy::panic, reason = "test support")]

use std::path::{Path, PathBuf};

/// An EDF file's bytes and where its parts are (Kemp et al. 1992).
pub struct Edf {
    bytes: Vec<u8>,
    signals: usize,
}

impl Edf {
    /// Reads a file.
    pub fn read(path: &Path) -> Self {
        let bytes = std::fs::read(path).expect("the recording is there");
        let signals = text(&bytes[252..256]).parse().expect("a number of signals");
        Self { bytes, signals }
    }

    /// Changes the label of a signal.
    pub fn label(&mut self, signal: usize, label: &str) -> &mut Self {
        self.field(0, 16, signal, label)
    }

    /// Changes the unit of a signal.
    pub fn unit(&mut self, signal: usize, unit: &str) -> &mut Self {
        self.field(96, 8, signal, unit)
    }

    /// Sets every sample of a signal, in the records that `which` names, to its least digital value plus `above`.
    pub fn hold(&mut self, signal: usize, above: i16, which: impl Fn(usize) -> bool) -> &mut Self {
        let per_record: Vec<usize> = (0..self.signals).map(|at| self.number(216, 8, at) as usize).collect();
        let least = self.number(120, 8, signal) as i16;
        let record: usize = per_record.iter().sum::<usize>() * 2;
        let before: usize = per_record[..signal].iter().sum::<usize>() * 2;
        let header = 256 * (1 + self.signals);
        let records = (self.bytes.len() - header) / record;
        for number in (0..records).filter(|&number| which(number)) {
            let start = header + number * record + before;
            for sample in self.bytes[start..start + 2 * per_record[signal]].chunks_exact_mut(2) {
                sample.copy_from_slice(&(least + above).to_le_bytes());
            }
        }
        self
    }

    /// Sets every sample, record by record and signal by signal, to what `value` gives for its signal; annotations stay.
    pub fn fill(&mut self, mut value: impl FnMut(usize) -> i16) -> &mut Self {
        let is_noted = |signal| self.bytes[self.at(0, 16, signal)..].starts_with(b"EDF Annotations");
        let noted: Vec<bool> = (0..self.signals).map(is_noted).collect();
        for (signal, at) in self.places().into_iter().filter(|(signal, _)| !noted[*signal]) {
            self.bytes[at..at + 2].copy_from_slice(&value(signal).to_le_bytes());
        }
        self
    }

    /// All samples of a signal.
    pub fn samples(&self, signal: usize) -> Vec<i16> {
        let of_signal = self.places().into_iter().filter(|(found, _)| *found == signal);
        of_signal.map(|(_, at)| i16::from_le_bytes([self.bytes[at], self.bytes[at + 1]])).collect()
    }

    /// Each sample's signal and where its two bytes begin.
    fn places(&self) -> Vec<(usize, usize)> {
        let per_record = (0..self.signals).map(|at| self.number(216, 8, at) as usize);
        let record: Vec<usize> = per_record.enumerate().flat_map(|(at, count)| vec![at; count]).collect();
        let samples = (256 * (1 + self.signals)..self.bytes.len() - 1).step_by(2);
        samples.enumerate().map(|(number, at)| (record[number % record.len()], at)).collect()
    }

    /// Writes the file into a folder.
    pub fn write(&self, folder: &Path, name: &str) -> PathBuf {
        let path = folder.join(name);
        std::fs::write(&path, &self.bytes).expect("writable");
        path
    }

    fn at(&self, offset: usize, width: usize, signal: usize) -> usize {
        256 + offset * self.signals + width * signal
    }

    fn field(&mut self, offset: usize, width: usize, signal: usize, value: &str) -> &mut Self {
        let at = self.at(offset, width, signal);
        let padded = format!("{value:<width$}");
        self.bytes[at..at + width].copy_from_slice(padded.as_bytes());
        self
    }

    fn number(&self, offset: usize, width: usize, signal: usize) -> i64 {
        let at = self.at(offset, width, signal);
        text(&self.bytes[at..at + width]).parse().expect("a number in the header")
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).trim().to_owned()
}
