//! Templates and probes, one print each, and the scores between them.

use std::collections::BTreeMap;

use ndarray::{Array2, ArrayView2, Axis};
use twinprint_signal::{EmbeddingSpace, LengthMeaning, Prints, RecordingKey};

use crate::ComparisonError;
use crate::pooling::{Pooling, pool};
use crate::vectors::same_dimension;

/// One print each for templates or probes, all of one embedding space.
#[derive(Debug, Clone)]
pub struct Pooled {
    values: Array2<f32>,
    space: EmbeddingSpace,
}

impl Pooled {
    /// Pools groups of prints, each given by its name and the places of its prints, into one print of unit length each.
    ///
    /// # Errors
    /// When a group is empty, or a print of it has no direction: the error names the group.
    pub fn of<'a>(
        prints: &Prints,
        groups: impl ExactSizeIterator<Item = (&'a str, &'a [usize])>,
        pooling: Pooling,
    ) -> Result<Self, ComparisonError> {
        let mut values = Array2::zeros((groups.len(), prints.dim()));
        for ((name, rows), mut print) in groups.zip(values.rows_mut()) {
            let members = prints.values().select(Axis(0), rows);
            let one = pool(members.view(), prints.lengths(), pooling);
            print.assign(&one.map_err(|error| error.in_pool(name))?);
        }
        Ok(Self { values, space: prints.space().clone() })
    }

    /// [`Pooled::of`] groups that may stretch over several recordings: each recording's prints are pooled first, then those of the
    /// recordings averaged, so that every recording counts alike however long it is.
    ///
    /// # Errors
    /// As [`Pooled::of`].
    pub fn of_recordings<'a>(
        prints: &Prints,
        groups: impl ExactSizeIterator<Item = (&'a str, &'a [usize])>,
        pooling: Pooling,
    ) -> Result<Self, ComparisonError> {
        let mut values = Array2::zeros((groups.len(), prints.dim()));
        for ((name, rows), mut print) in groups.zip(values.rows_mut()) {
            let mut parts: BTreeMap<&RecordingKey, Vec<usize>> = BTreeMap::new();
            for &row in rows {
                parts.entry(&prints.infos()[row].key).or_default().push(row);
            }
            let each = Self::of(prints, parts.values().map(|rows| (name, rows.as_slice())), pooling)?;
            let one = match each.values.nrows() {
                1 => Ok(each.values.row(0).to_owned()),
                _ => pool(each.values(), LengthMeaning::Nothing, Pooling::Mean),
            };
            print.assign(&one.map_err(|error| error.in_pool(name))?);
        }
        Ok(Self { values, space: prints.space().clone() })
    }

    /// The plain means of groups of prints, of whatever length, to be compared by [`distances`]; lengths that are weights
    /// count for nothing in them.
    pub fn means<'a>(prints: &Prints, groups: impl ExactSizeIterator<Item = &'a [usize]>) -> Self {
        let features = prints.features();
        let mut values = Array2::zeros((groups.len(), prints.dim()));
        for (rows, mut print) in groups.zip(values.rows_mut()) {
            let sum = features.select(Axis(0), rows).mapv(f64::from).sum_axis(Axis(0));
            print.assign(&sum.mapv(|total| (total / rows.len() as f64) as f32));
        }
        Self { values, space: prints.space().clone() }
    }

    /// `[templates or probes, dim]`.
    pub fn values(&self) -> ArrayView2<'_, f32> {
        self.values.view()
    }

    /// What they may be compared with.
    pub fn space(&self) -> &EmbeddingSpace {
        &self.space
    }

    /// Rows as they are, for tests.
    #[cfg(test)]
    pub(crate) fn rows(values: Array2<f32>) -> Self {
        Self {
            values,
            space: EmbeddingSpace { model: "test".to_owned(), fold: Some(twinprint_signal::FoldIndex(0)) },
        }
    }

    /// The same rows as if another encoder had made them.
    #[cfg(test)]
    pub(crate) fn in_space(self, space: EmbeddingSpace) -> Self {
        Self { space, ..self }
    }

    pub(crate) fn comparable(&self, other: &Self) -> Result<(), ComparisonError> {
        if self.space != other.space {
            return Err(ComparisonError::Spaces { left: self.space.clone(), right: other.space.clone() });
        }
        same_dimension(self.values(), other.values())
    }
}

/// Euclidean distance of every template from every probe, `[templates, probes]`.
///
/// # Errors
/// When the two come from different encoders.
pub fn distances(templates: &Pooled, probes: &Pooled) -> Result<Array2<f64>, ComparisonError> {
    templates.comparable(probes)?;
    let distance = |(template, probe)| {
        let pairs = templates.values.row(template).into_iter().zip(probes.values.row(probe));
        pairs.map(|(a, b)| (f64::from(*a) - f64::from(*b)).powi(2)).sum::<f64>().sqrt()
    };
    Ok(Array2::from_shape_fn((templates.values.nrows(), probes.values.nrows()), distance))
}
