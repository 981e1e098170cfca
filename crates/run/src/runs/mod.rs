//! Many runs in one table: chosen, sorted, thinned, and two of them side by side.

mod choose;
mod difference;
mod prune;
mod table;

pub use choose::{choose, sorted};
pub use difference::{Changed, Differences, differences};
pub use prune::{Pruned, prune};
pub use table::{cells, csv, json, table};
