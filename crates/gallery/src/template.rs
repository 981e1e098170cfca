//! A template: the mean of a person's unit prints.

use ndarray::{Array1, ArrayView1, ArrayView2};
use serde::{Deserialize, Serialize};

use crate::GalleryError;

/// The mean of unit prints; its direction is compared, its length tells how far the prints scatter.
#[derive(Debug, Clone, PartialEq)]
pub struct Template {
    mean: Array1<f32>,
    epochs: usize,
}

/// What is stored of a template beside its numbers.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct Facts {
    pub(crate) epochs: usize,
}

impl Template {
    /// The mean of prints `[epochs, dim]`, each brought to unit length first.
    ///
    /// # Errors
    /// When there is no print, one is zero or not finite, or they cancel.
    pub fn of(prints: ArrayView2<'_, f32>) -> Result<Self, GalleryError> {
        if prints.is_empty() {
            return Err(GalleryError::Prints(
                "a template needs one print or more, and there is none".to_owned(),
            ));
        }
        let mut mean = Array1::<f64>::zeros(prints.ncols());
        for (row, print) in prints.rows().into_iter().enumerate() {
            let length = length(print);
            if !length.is_finite() || length < 1e-12 {
                return Err(GalleryError::Prints(format!(
                    "print {row} has no direction (its length is {length}): leave that epoch out"
                )));
            }
            mean.zip_mut_with(&print, |sum, &x| *sum += f64::from(x) / length);
        }
        mean /= prints.nrows() as f64;
        Self::from_mean(mean.mapv(|x| x as f32), prints.nrows())
    }

    pub(crate) fn from_mean(mean: Array1<f32>, epochs: usize) -> Result<Self, GalleryError> {
        let length = length(mean.view());
        if !length.is_finite() || length < 1e-6 {
            return Err(GalleryError::Prints(format!(
                "the prints cancel (their mean has length {length}): they are not of one person"
            )));
        }
        Ok(Self { mean, epochs })
    }

    /// `[dim]`, the mean itself; at most of unit length.
    pub fn mean(&self) -> ArrayView1<'_, f32> {
        self.mean.view()
    }

    /// `[dim]`, at unit length.
    pub fn direction(&self) -> Array1<f32> {
        let length = length(self.mean.view());
        self.mean.mapv(|x| (f64::from(x) / length) as f32)
    }

    /// Epochs behind it.
    pub fn epochs(&self) -> usize {
        self.epochs
    }

    /// The mean cosine distance of its epochs from it: 0 where all agree, up to 1. One epoch has none to scatter from.
    pub fn spread(&self) -> f64 {
        (1.0 - length(self.mean.view())).max(0.0)
    }

    /// Cosine similarity of two templates, -1 to 1.
    pub fn score(&self, other: &Self) -> f64 {
        let dot: f64 = self.mean.iter().zip(&other.mean).map(|(&a, &b)| f64::from(a) * f64::from(b)).sum();
        (dot / (length(self.mean.view()) * length(other.mean.view()))).clamp(-1.0, 1.0)
    }

    /// Epochs of both count alike.
    pub(crate) fn append(&self, new: &Self) -> Result<Self, GalleryError> {
        let epochs = self.epochs + new.epochs;
        self.blend(new, new.epochs as f32 / epochs as f32, epochs)
    }

    /// The new epochs count `weight`, the old ones the rest, however many they are.
    pub(crate) fn weighted(&self, new: &Self, weight: f64) -> Result<Self, GalleryError> {
        self.blend(new, weight as f32, self.epochs + new.epochs)
    }

    fn blend(&self, new: &Self, share: f32, epochs: usize) -> Result<Self, GalleryError> {
        let mean =
            self.mean.iter().zip(&new.mean).map(|(&old, &new)| (1.0 - share) * old + share * new).collect();
        Self::from_mean(mean, epochs)
    }
}

fn length(row: ArrayView1<'_, f32>) -> f64 {
    row.iter().map(|&x| f64::from(x) * f64::from(x)).sum::<f64>().sqrt()
}

#[cfg(test)]
mod tests {
    use ndarray::{Axis, array, stack};
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn prints_count_by_direction_not_by_length() {
        let template = Template::of(array![[2.0, 0.0], [0.0, 0.5]].view()).unwrap();
        assert_eq!(template.mean().to_vec(), [0.5, 0.5]);
        assert!((template.spread() - (1.0 - 0.5f64.sqrt())).abs() < 1e-7);
    }

    #[test]
    fn opposite_prints_make_no_template() {
        let refused = Template::of(array![[1.0, 0.0], [-1.0, 0.0]].view()).unwrap_err();
        assert!(refused.to_string().contains("cancel"), "{refused}");
        assert!(Template::of(array![[f32::NAN, 0.0]].view()).is_err());
        assert!(Template::of(array![[0.0, 0.0]].view()).is_err());
    }

    proptest! {
        #[test]
        fn appending_equals_enrolling_all_at_once(rows in proptest::collection::vec(proptest::array::uniform4(0.1f32..1.0), 2..9), cut in 1usize..8) {
            let cut = cut.min(rows.len() - 1);
            let views: Vec<_> = rows.iter().map(ArrayView1::from).collect();
            let all = stack(Axis(0), &views).unwrap();
            let whole = Template::of(all.view()).unwrap();
            let (first, second) = all.view().split_at(Axis(0), cut);
            let joined = Template::of(first).unwrap().append(&Template::of(second).unwrap()).unwrap();
            prop_assert_eq!(joined.epochs(), whole.epochs());
            prop_assert!((joined.score(&whole) - 1.0).abs() < 1e-6);
            prop_assert!((joined.spread() - whole.spread()).abs() < 1e-5);
        }
    }
}
