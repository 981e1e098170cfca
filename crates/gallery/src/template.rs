//! A template: the mean of a person's prints.

use ndarray::{Array1, ArrayView1, ArrayView2};
use serde::{Deserialize, Serialize};

use crate::GalleryError;

/// The mean of prints, where each counts by its length; its direction is compared, its length tells how far they scatter.
#[derive(Debug, Clone, PartialEq)]
pub struct Template {
    mean: Array1<f32>,
    epochs: usize,
    /// The sum of the prints' lengths.
    weight: f64,
}

/// How much stands behind a template; kept beside its numbers in the column `facts`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct TemplateCounts {
    pub(crate) epochs: usize,
    /// Absent where all prints were of unit length.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) weight: Option<f64>,
}

impl Template {
    /// The mean direction of prints `[epochs, dim]`; each counts by its length.
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
        let mut weight = 0.0;
        for (row, print) in prints.rows().into_iter().enumerate() {
            let length = length(print);
            if !length.is_finite() || length <= 0.0 {
                return Err(GalleryError::Prints(format!(
                    "print {row} has no direction (its length is {length}): leave that epoch out"
                )));
            }
            mean.zip_mut_with(&print, |sum, &x| *sum += f64::from(x));
            weight += length;
        }
        mean /= weight;
        Self::from_mean(mean.mapv(|x| x as f32), prints.nrows(), weight)
    }

    /// The mean of recordings, in each of which prints are averaged first, so that every recording counts alike however long it is;
    /// `counts` says how many of the prints `[epochs, dim]`, in order, each of them has. Of one recording it is [`Template::of`].
    ///
    /// # Errors
    /// As [`Template::of`]; and when the counts do not add up to the prints.
    pub fn of_recordings(prints: ArrayView2<'_, f32>, counts: &[usize]) -> Result<Self, GalleryError> {
        if counts.len() < 2 {
            return Self::of(prints);
        }
        if counts.iter().sum::<usize>() != prints.nrows() {
            return Err(GalleryError::Prints(format!(
                "{} prints come with recordings of {counts:?}",
                prints.nrows()
            )));
        }
        let mut first = 0;
        let mut parts = Vec::with_capacity(counts.len());
        for count in counts {
            parts.push(Self::of(prints.slice(ndarray::s![first..first + count, ..]))?);
            first += count;
        }
        let mut direction = Array1::<f64>::zeros(prints.ncols());
        for part in &parts {
            direction += &part.direction().mapv(f64::from);
        }
        let size = direction.dot(&direction).sqrt();
        // A length that keeps what it means of one recording: the mean cosine of the epochs with the template.
        let cosine = |part: &Self| {
            part.mean.iter().zip(&direction).map(|(&x, d)| f64::from(x) * d / size).sum::<f64>()
        };
        let length = parts.iter().map(cosine).sum::<f64>() / parts.len() as f64;
        let weight = parts.iter().map(|part| part.weight).sum();
        Self::from_mean(direction.mapv(|x| (x / size * length) as f32), prints.nrows(), weight)
    }

    pub(crate) fn from_mean(mean: Array1<f32>, epochs: usize, weight: f64) -> Result<Self, GalleryError> {
        let length = length(mean.view());
        if !length.is_finite() || length < 1e-6 {
            return Err(GalleryError::Prints(format!(
                "the prints cancel (their mean has length {length}): they are not of one person"
            )));
        }
        Ok(Self { mean, epochs, weight })
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

    /// How many epochs the mean is of, 1 or more.
    pub fn epochs(&self) -> usize {
        self.epochs
    }

    /// The sum of the lengths of its prints: their number where all are of unit length.
    pub(crate) fn weight(&self) -> f64 {
        self.weight
    }

    /// How many epochs stand behind it, and how much they weigh.
    pub(crate) fn counts(&self) -> TemplateCounts {
        let epochs = self.epochs;
        let weight = ((self.weight - epochs as f64).abs() > 1e-4 * epochs as f64).then_some(self.weight);
        TemplateCounts { epochs, weight }
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

    /// Epochs of both count by the lengths of their prints.
    pub(crate) fn append(&self, new: &Self) -> Result<Self, GalleryError> {
        let epochs = self.epochs + new.epochs;
        self.blend(new, (new.weight / (self.weight + new.weight)) as f32, epochs)
    }

    /// The new epochs count `weight`, the old ones the rest, however many they are.
    pub(crate) fn weighted(&self, new: &Self, weight: f64) -> Result<Self, GalleryError> {
        self.blend(new, weight as f32, self.epochs + new.epochs)
    }

    fn blend(&self, new: &Self, share: f32, epochs: usize) -> Result<Self, GalleryError> {
        let mean =
            self.mean.iter().zip(&new.mean).map(|(&old, &new)| (1.0 - share) * old + share * new).collect();
        Self::from_mean(mean, epochs, self.weight + new.weight)
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
    fn prints_count_by_their_length() {
        let template = Template::of(array![[0.75, 0.0], [0.0, 0.25]].view()).unwrap();
        assert_eq!(template.mean().to_vec(), [0.75, 0.25]);
        assert!((template.spread() - (1.0 - 0.625f64.sqrt())).abs() < 1e-7);
        assert_eq!(template.counts().weight, Some(1.0));
        let alike = Template::of(array![[1.0, 0.0], [0.0, 1.0]].view()).unwrap();
        assert_eq!((alike.mean().to_vec(), alike.counts().weight), (vec![0.5, 0.5], None));
    }

    #[test]
    fn every_recording_counts_alike_however_long_it_is() {
        let prints = array![[1.0, 0.0], [1.0, 0.0], [1.0, 0.0], [0.0, 1.0]];
        let template = Template::of_recordings(prints.view(), &[3, 1]).unwrap();
        let half = std::f32::consts::FRAC_1_SQRT_2;
        assert!(template.direction().iter().all(|x| (x - half).abs() < 1e-6), "{template:?}");
        assert!((template.spread() - f64::from(1.0 - half)).abs() < 1e-6);
        assert_eq!((template.epochs(), template.counts().weight), (4, None));
        for counts in [&[4][..], &[]] {
            assert_eq!(
                Template::of_recordings(prints.view(), counts).unwrap(),
                Template::of(prints.view()).unwrap()
            );
        }
        assert!(Template::of_recordings(prints.view(), &[3, 2]).unwrap_err().to_string().contains("[3, 2]"));
        let cancel = array![[1.0, 0.0], [-1.0, 0.0]];
        assert!(Template::of_recordings(cancel.view(), &[1, 1]).is_err());
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
