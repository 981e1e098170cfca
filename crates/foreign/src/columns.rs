//! The columns of a table of features: whose each row is, and the numbers.

use polars::error::PolarsError;
use polars::prelude::{Column, DataFrame};
use twinprint_store::RowInfo;

/// What a column of labels begins with.
pub(crate) const LABEL: &str = "label_";
/// The columns that say whose a row is.
pub(crate) const KEYS: [&str; 6] = ["subject", "session", "recording", "start_second", "fold", "role"];

/// A block of rows: names of the numbers' columns, and the numbers `[rows, columns]`.
pub(crate) struct Numbers<'a> {
    pub(crate) names: &'a [String],
    pub(crate) values: ndarray::ArrayView2<'a, f32>,
}

/// One row a description: identity, labels, then the numbers of every block.
pub(crate) fn frame(
    infos: &[RowInfo],
    labels: &[String],
    blocks: &[Numbers<'_>],
) -> Result<DataFrame, PolarsError> {
    let text = |name: &str, of: &dyn Fn(&RowInfo) -> Option<&str>| {
        Column::new(name.into(), infos.iter().map(of).collect::<Vec<Option<&str>>>())
    };
    let mut columns = vec![
        text("subject", &|info| Some(info.epoch.key.subject.as_str())),
        text("session", &|info| Some(info.epoch.key.session.as_str())),
        text("recording", &|info| Some(info.epoch.key.recording.as_str())),
        Column::new(
            "start_second".into(),
            infos.iter().map(|info| info.epoch.start.get()).collect::<Vec<f64>>(),
        ),
        Column::new("fold".into(), infos.iter().map(|info| info.fold).collect::<Vec<Option<u32>>>()),
        text("role", &|info| info.role.as_deref()),
    ];
    for label in labels {
        columns
            .push(text(&format!("{LABEL}{label}"), &|info| info.epoch.labels.get(label).map(String::as_str)));
    }
    for block in blocks {
        for (name, column) in block.names.iter().zip(block.values.columns()) {
            columns.push(Column::new(name.as_str().into(), column.to_vec()));
        }
    }
    DataFrame::new_infer_height(columns)
}
