//! The schema of `results.json`, and what people read of it: one HTML page with its plots as files, a terminal table, Markdown.
//!
//! The crate shows numbers and never computes one: what is absent from the results is absent from the page.

mod attacks;
mod audit;
mod curve_table;
mod data_tables;
mod days;
mod days_table;
mod figures;
mod format;
mod html;
mod json;
mod markdown;
mod page;
mod plots;
mod png;
pub mod results;
mod scalp;
mod side_by_side;
mod svg;
mod table;
mod thresholds;
mod verdict;

#[cfg(test)]
mod example;

pub use attacks::{ATTACKS_SCHEMA, AttackOutcome, AttackRow, AttackedPoint, Attacks};
pub use curve_table::{curve_markdown, curve_table};
pub use data_tables::{DataTable, data_tables};
pub use figures::figures;
pub use html::html;
pub use html::signals::{SignalPage, SignalSide, signal_page};
pub use html::sweep::sweep_page;
pub use json::ResultsError;
pub use markdown::markdown;
pub use page::{
    BandPlace, Curves, DataSource, DetCurve, ErrorsByPerson, MapPoint, Page, PersonErrors, PrintMap,
    RecordingQuality, RunFacts, ScoreHistogram, TrainingCurve,
};
pub use plots::sweep::SweepPoint;
pub use png::{PngError, png};
pub use results::Results;
pub use side_by_side::{SideBySide, SideBySideCell, SideBySideRow};
pub use table::table;
pub use verdict::{Verdict, verdicts};
