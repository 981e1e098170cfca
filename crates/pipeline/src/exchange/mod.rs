//! Features out of a run, for other programs, and other programs' features in.

mod columns;
mod export;
mod filter;
mod options;
mod read;
mod source;
mod weights;

pub use export::export;
pub use filter::Filter;
pub use options::{Content, ExportOptions, Exported, Format};
pub(crate) use read::LENGTHS;
pub use read::{FeatureTable, read_features};
pub use weights::export_weights;
