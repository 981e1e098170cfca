//! Several signals at once, in microvolts.

use ndarray::Array2;
use twinprint_signal::{ChannelName, Recording};

use crate::error::EdfError;
use crate::file::EdfFile;
use crate::samples::{self, Scale};
use crate::signal::Signal;
use crate::unit::microvolts_per;

/// Records decoded for all channels before going on: small enough to stay in the processor's cache.
const BLOCK_BYTES: usize = 256 * 1024;

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
        let samples = self.decode_all(&chosen, first);
        let segments = self.segments(leading);
        Ok(Recording::new(first.rate(), channels, samples, segments, self.annotations().to_vec())?)
    }

    /// Goes through the file once, a block of records at a time.
    fn decode_all(&self, chosen: &[(&Signal, Scale)], first: &Signal) -> Array2<f32> {
        let per_record = first.samples_per_record();
        let total = first.total_samples() as usize;
        let mut samples = Array2::zeros((chosen.len(), total));
        let block = (BLOCK_BYTES / self.layout.record_bytes.max(1)).max(1) as u64;
        let mut begin = 0;
        while begin < self.layout.records {
            let end = self.layout.records.min(begin + block);
            for (mut row, (signal, scale)) in samples.rows_mut().into_iter().zip(chosen) {
                let Some(row) = row.as_slice_mut() else { continue };
                let window = &mut row[begin as usize * per_record..end as usize * per_record];
                for (record, out) in (begin..end).zip(window.chunks_exact_mut(per_record)) {
                    let raw = self.layout.slice(&self.bytes, record, &signal.described, 0, per_record);
                    samples::physical(raw, self.layout.width, *scale, out);
                }
            }
            begin = end;
        }
        samples
    }
}
