//! Prints and how they are pooled, to scores of templates × probes: one road for runs, other people's features and galleries.
//!
//! ```
//! use std::sync::Arc;
//! use ndarray::array;
//! use twinprint_comparison::{Pooled, Pooling, cosine};
//! use twinprint_signal::{
//!     EmbeddingSpace, EpochInfo, FoldIndex, LengthMeaning, Prints, RecordingId, RecordingKey, Seconds, SessionId, SubjectId,
//! };
//!
//! let key = RecordingKey {
//!     subject: SubjectId::new("ann")?,
//!     session: SessionId::new("1")?,
//!     recording: RecordingId::new("rest")?,
//! };
//! let info = EpochInfo { key: Arc::new(key), start: Seconds::new(0.0)?, labels: Arc::default() };
//! let space = EmbeddingSpace { model: "0123456789ab".to_owned(), fold: Some(FoldIndex(0)) };
//! let values = array![[1.0_f32, 0.0], [0.8, 0.6], [0.0, 2.0]];
//! let prints = Prints::new(values, vec![info; 3], space, LengthMeaning::Nothing)?;
//!
//! let templates = Pooled::of(&prints, [("ann", &[0, 1][..])].into_iter(), Pooling::Mean)?;
//! let probes = Pooled::of(&prints, [("somebody", &[2][..])].into_iter(), Pooling::Mean)?;
//! let scores = cosine(&templates, &probes)?; // [templates, probes]
//! assert!((scores[[0, 0]] - 0.316).abs() < 1e-3);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod comparer;
mod error;
mod normalisation;
mod pooled;
mod pooling;
#[cfg(test)]
mod tests;
mod vectors;

pub use comparer::{Comparer, cosine, cosine_of_rows};
pub use error::ComparisonError;
pub use normalisation::Normalisation;
pub use pooled::{Pooled, distances};
pub use pooling::Pooling;
pub use vectors::{check, norm, same_dimension, unit};
