//! The unit of the epochs handed out.

use ndarray::{Array3, ArrayViewMut1, Axis};

use crate::bad::ROBUST;
use crate::plan::Scale;
use crate::statistics::{interquartile_range, median};

/// Scales `[epochs, channels, samples]` in place. A channel without any spread becomes zeros under the two relative methods.
pub(crate) fn scale(epochs: &mut Array3<f32>, how: &Scale) {
    match how {
        Scale::Microvolts { divisor } => {
            let divisor = *divisor as f32;
            if divisor != 1.0 {
                epochs.mapv_inplace(|v| v / divisor);
            }
        }
        Scale::RecordingRobust {} => {
            for mut channel in epochs.axis_iter_mut(Axis(1)) {
                let mut values: Vec<f64> = channel.iter().map(|&v| f64::from(v)).collect();
                let middle = median(&mut values);
                let spread = ROBUST * interquartile_range(&mut values);
                channel.mapv_inplace(|v| standard(v, middle, spread));
            }
        }
        Scale::EpochZ {} => {
            for mut epoch in epochs.outer_iter_mut() {
                for row in epoch.outer_iter_mut() {
                    z_score(row);
                }
            }
        }
    }
}

fn z_score(mut row: ArrayViewMut1<f32>) {
    let len = row.len().max(1) as f64;
    let mean = row.iter().map(|&v| f64::from(v)).sum::<f64>() / len;
    let deviation = (row.iter().map(|&v| (f64::from(v) - mean).powi(2)).sum::<f64>() / len).sqrt();
    row.mapv_inplace(|v| standard(v, mean, deviation));
}

fn standard(value: f32, middle: f64, spread: f64) -> f32 {
    if spread > 0.0 { ((f64::from(value) - middle) / spread) as f32 } else { 0.0 }
}
