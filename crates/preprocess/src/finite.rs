//! Refusal of samples that are no numbers.

use ndarray::ArrayView1;
use twinprint_signal::{Recording, SampleIndex};

use crate::error::PreprocessError;

/// Refuses NaN and infinite samples in the given rows.
pub(crate) fn check_finite(recording: &Recording, rows: &[usize]) -> Result<(), PreprocessError> {
    for &row in rows {
        let samples = recording.samples().row(row);
        if all_finite(samples) {
            continue;
        }
        if let Some((sample, &value)) = samples.iter().enumerate().find(|(_, v)| !v.is_finite()) {
            return Err(PreprocessError::NotFinite {
                channel: recording.channels()[row].clone(),
                sample,
                at: recording.rate().time_of(SampleIndex(sample as u64)),
                value,
            });
        }
    }
    Ok(())
}

/// Zero times a finite number is zero; the sum tells without a branch a sample.
fn all_finite(samples: ArrayView1<f32>) -> bool {
    match samples.as_slice() {
        Some(slice) => {
            let mut lanes = [0.0_f32; 16];
            let (chunks, rest) = slice.as_chunks::<16>();
            for chunk in chunks {
                for (lane, value) in lanes.iter_mut().zip(chunk) {
                    *lane += value * 0.0;
                }
            }
            lanes.iter().chain(rest).all(|v| v.is_finite())
        }
        None => samples.iter().all(|v| v.is_finite()),
    }
}
