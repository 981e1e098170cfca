//! Other people's scores and features in, a run's prints and features out.
//!
//! [`export`] writes what other programs open; [`read_features`], [`evaluate_features`] and [`evaluate_scores`] take what they
//! made.

mod columns;
mod csv_file;
mod error;
mod export;
mod features;
mod filter;
mod options;
mod parquet_file;
mod parquet_values;
mod scores;
mod source;
mod table;
mod weights;

pub use columns::ColumnUse;
pub use error::ForeignError;
pub use export::export;
pub use features::{Features, is_feature_file, read_features};
pub use filter::Filter;
pub use options::{Content, ExportOptions, Exported, Format};
pub use parquet_file::read_parquet;
pub use scores::{
    FeatureOptions, Metric, ScoreIdentification, ScoreOptions, ScoreReport, ScoreSummary, evaluate_features,
    evaluate_scores, score_table,
};
pub use weights::export_weights;
