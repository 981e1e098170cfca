//! Features out of a run, for other programs, and other programs' features in.

mod columns;
mod export;
mod read;
mod weights;

pub use export::{Content, ExportOptions, Exported, Format, export};
pub use read::{FeatureTable, read_features};
pub use weights::export_weights;
