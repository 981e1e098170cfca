//! The schema of `results.json`, and what people read of it: one HTML page, a terminal table, Markdown.
//!
//! The crate shows numbers and never computes one: what is absent from the results is absent from the page.

mod curve_table;
mod format;
mod html;
mod markdown;
mod page;
mod plots;
pub mod results;
mod side_by_side;
mod svg;
mod table;
mod verdict;

#[cfg(test)]
mod example;

pub use curve_table::{curve_markdown, curve_table};
pub use html::{html, sweep_page};
pub use markdown::markdown;
pub use page::{Curves, DetCurve, MapPoint, Page, PrintMap, RunFacts, ScoreHistogram, TrainingCurve};
pub use plots::SweepPoint;
pub use results::{Measured, Results};
pub use side_by_side::{SideBySide, SideBySideCell, SideBySideRow};
pub use table::table;
pub use verdict::{Verdict, verdicts};
