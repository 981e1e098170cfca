//! Several signals at once, in microvolts.

use ndarray::Array2;
use twinprint_signal::{ChannelName, Recording};

use crate::error::EdfError;
use crate::file::EdfFile;
use crate::samples::{self, Scale};
use crate::signal::Signal;
use crate::unit::microvolts_per;

impl EdfFile {
    /// Reads whole signals, `[channels, samples]` in the order of `signals`, converted to microvolts, with the file's
    /// gaps and annotations.
    ///
    /// # Errors
    /// When `signals` is empty or names a signal that is not there, when rates differ, when a unit is no voltage, or
    /// when two of the signals name one electrode.
    pub fn recording(&self, signals: &[usize]) -> Result<Recording, EdfError> {
        self.read_recording(signals).map_err(|problem| self.locate(problem))
    }

    fn read_recording(&self, indices: &[usize]) -> Result<Recording, EdfError> {
        let Some(&leading) = indices.first() else {
            return Err(EdfError::NothingChosen { count: self.signals().len() });
        };
        let first = self.signal(leading)?;
        let mut chosen = Vec::with_capacity(indices.len());
        for &index in indices {
            let signal = self.signal(index)?;
            if signal.rate() != first.rate() {
                return Err(EdfError::Rates {
                    first: first.described.shown(),
                    first_rate: first.rate().get(),
                    other: signal.described.shown(),
                    other_rate: signal.rate().get(),
                });
            }
            let factor = microvolts_per(signal.unit()).ok_or_else(|| EdfError::Unit {
                channel: signal.described.shown(),
                unit: signal.unit().to_owned(),
            })?;
            chosen.push((signal, signal.scale().times(factor)));
        }
        let channels: Vec<ChannelName> = chosen.iter().map(|(signal, _)| signal.name().clone()).collect();
        let samples = self.decode_all(indices, &chosen, first)?;
        let segments = self.segments(leading);
        Ok(Recording::new(first.rate(), channels, samples, segments, self.annotations().to_vec())?)
    }

    /// Goes through the file once, a block of records at a time; channel by channel where that reads less than half.
    fn decode_all(
        &self,
        indices: &[usize],
        chosen: &[(&Signal, Scale)],
        first: &Signal,
    ) -> Result<Array2<f32>, EdfError> {
        let (per_record, width) = (first.samples_per_record(), self.layout.width);
        let total = first.total_samples() as usize;
        let mut samples = Array2::zeros((chosen.len(), total));
        let places = || chosen.iter().map(|(signal, _)| signal.described.within(width));
        let begin = places().map(|place| place.start).min().unwrap_or(0);
        let end = places().map(|place| place.end).max().unwrap_or(0);
        if !self.layout.in_blocks(&(begin..end)) {
            for ((mut row, index), (_, scale)) in samples.rows_mut().into_iter().zip(indices).zip(chosen) {
                let Some(row) = row.as_slice_mut() else { continue };
                let decode = |raw: &[u8], now: &mut [f32]| samples::physical(raw, width, *scale, now);
                self.read_window(*index, 0..total as u64, row, decode)?;
            }
            return Ok(samples);
        }
        self.layout.each_block(&self.bytes, 0..self.layout.records, |record, block| {
            let from = record as usize * per_record;
            for (mut row, (signal, scale)) in samples.rows_mut().into_iter().zip(chosen) {
                let Some(row) = row.as_slice_mut() else { continue };
                let records = block.chunks_exact(self.layout.record_bytes);
                for (raw, out) in records.zip(row[from..].chunks_exact_mut(per_record)) {
                    samples::physical(&raw[signal.described.within(width)], width, *scale, out);
                }
            }
            Ok(())
        })?;
        Ok(samples)
    }
}
