//! Prints: embeddings of epochs, with what they may be compared with and what their lengths mean.

use std::borrow::Cow;
use std::fmt;

use ndarray::{Array2, ArrayView1, ArrayView2, Axis, CowArray, Ix2};
use serde::{Deserialize, Serialize};

use crate::{EpochInfo, FoldIndex};

/// What a print may be compared with: prints of the same space, and no others.
///
/// Two encoders, of two folds for example, map the same epoch to two unrelated points.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct EmbeddingSpace {
    /// The hash of everything that decides a print: of the encoder's weights and settings, or, for numbers that were made
    /// elsewhere, of the names of their columns.
    pub model: String,
    /// The fold whose encoder it is, counted from 0, where there are folds.
    pub fold: Option<FoldIndex>,
}

impl fmt::Display for EmbeddingSpace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let model = self.model.get(..12).unwrap_or(&self.model);
        match self.fold {
            Some(fold) => write!(f, "encoder {model}, fold {fold}"),
            None => write!(f, "encoder {model}"),
        }
    }
}

/// What the length of a print means.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LengthMeaning {
    /// Nothing: only the direction counts. Default.
    #[default]
    Nothing,
    /// How much the print counts where several are averaged.
    Weight,
}

/// Whose a row of prints or features is, and its place in the protocol.
#[derive(Debug, Clone, PartialEq)]
pub struct RowInfo {
    /// The epoch: subject, session, recording, start and labels.
    pub epoch: EpochInfo,
    /// The fold whose encoder made the row, counted from 0, where there are folds.
    pub fold: Option<FoldIndex>,
    /// The row's role in that fold, such as `train`, `dev`, `enroll` or `probe`, where it has one; never the empty text.
    pub role: Option<String>,
}

impl From<EpochInfo> for RowInfo {
    fn from(epoch: EpochInfo) -> Self {
        Self { epoch, fold: None, role: None }
    }
}

/// Prints of one embedding space, owned or borrowed, with a description each.
#[derive(Debug, Clone)]
pub struct Prints<'a> {
    values: CowArray<'a, f32, Ix2>,
    infos: Cow<'a, [EpochInfo]>,
    space: EmbeddingSpace,
    lengths: LengthMeaning,
}

/// Prints and descriptions that differ in number.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{prints} prints with {infos} descriptions: each print needs one")]
pub struct PrintsError {
    /// Prints given.
    pub prints: usize,
    /// Descriptions given.
    pub infos: usize,
}

impl<'a> Prints<'a> {
    /// Puts prints `[prints, dim]` and their descriptions together.
    ///
    /// # Errors
    /// When there are more or fewer descriptions than prints.
    pub fn new(
        values: impl Into<CowArray<'a, f32, Ix2>>,
        infos: impl Into<Cow<'a, [EpochInfo]>>,
        space: EmbeddingSpace,
        lengths: LengthMeaning,
    ) -> Result<Self, PrintsError> {
        let (values, infos) = (values.into(), infos.into());
        if values.nrows() != infos.len() {
            return Err(PrintsError { prints: values.nrows(), infos: infos.len() });
        }
        Ok(Self { values, infos, space, lengths })
    }

    /// `[prints, dim]`.
    pub fn values(&self) -> ArrayView2<'_, f32> {
        self.values.view()
    }

    /// Where each print's epoch comes from, in the order of the first axis.
    pub fn infos(&self) -> &[EpochInfo] {
        &self.infos
    }

    /// What they may be compared with.
    pub fn space(&self) -> &EmbeddingSpace {
        &self.space
    }

    /// What their lengths mean.
    pub fn lengths(&self) -> LengthMeaning {
        self.lengths
    }

    /// The number of prints.
    pub fn len(&self) -> usize {
        self.infos.len()
    }

    /// Whether there is no print.
    pub fn is_empty(&self) -> bool {
        self.infos.is_empty()
    }

    /// How many numbers a print has.
    pub fn dim(&self) -> usize {
        self.values.ncols()
    }

    /// Whether a print points anywhere, as [`has_direction`] says.
    pub fn has_direction(&self, print: usize) -> bool {
        has_direction(self.values.row(print))
    }

    /// Copies of some prints, by their places along the first axis, in the order given.
    pub fn select(&self, rows: &[usize]) -> Prints<'static> {
        Prints {
            values: self.values.select(Axis(0), rows).into(),
            infos: Cow::Owned(rows.iter().map(|&row| self.infos[row].clone()).collect()),
            space: self.space.clone(),
            lengths: self.lengths,
        }
    }

    /// The prints `[prints, dim]` for programs that know nothing of lengths that are weights: at unit length where the
    /// length is one, as they are otherwise.
    pub fn features(&self) -> Array2<f32> {
        match self.lengths {
            LengthMeaning::Nothing => self.values.to_owned(),
            LengthMeaning::Weight => directions(self.values.view()),
        }
    }
}

/// Whether a print `[dim]` points anywhere: finite and not all zeros. One that does not can be compared with nothing.
pub fn has_direction(print: ArrayView1<f32>) -> bool {
    print.iter().all(|value| value.is_finite()) && print.iter().any(|&value| value != 0.0)
}

/// Rows at unit length, `[rows, columns]`; a row of zeros stays one.
pub fn directions(rows: ArrayView2<f32>) -> Array2<f32> {
    let mut rows = rows.to_owned();
    for mut row in rows.rows_mut() {
        let length = row.iter().map(|&x| f64::from(x).powi(2)).sum::<f64>().sqrt();
        if length > 0.0 {
            row.mapv_inplace(|x| (f64::from(x) / length) as f32);
        }
    }
    rows
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use ndarray::array;

    use super::*;
    use crate::{RecordingId, RecordingKey, Seconds, SessionId, SubjectId};

    fn prints(values: Array2<f32>, lengths: LengthMeaning) -> Prints<'static> {
        let key = Arc::new(RecordingKey {
            subject: SubjectId::new("1").unwrap(),
            session: SessionId::new("1").unwrap(),
            recording: RecordingId::new("rest").unwrap(),
        });
        let info = EpochInfo { key, start: Seconds::new(0.0).unwrap(), labels: Arc::default() };
        let infos = vec![info; values.nrows()];
        let space = EmbeddingSpace { model: "0123456789abcdef".to_owned(), fold: Some(FoldIndex(2)) };
        Prints::new(values, infos, space, lengths).unwrap()
    }

    #[test]
    fn lengths_that_are_weights_are_no_features() {
        let values = array![[3.0_f32, 4.0], [0.0, 0.0]];
        assert_eq!(prints(values.clone(), LengthMeaning::Nothing).features(), values);
        let unit = array![[0.6_f32, 0.8], [0.0, 0.0]];
        assert_eq!(prints(values, LengthMeaning::Weight).features(), unit);
    }

    #[test]
    fn zeros_and_numbers_that_are_none_have_no_direction() {
        let some = prints(array![[0.0, 1e-30], [0.0, 0.0], [1.0, f32::NAN]], LengthMeaning::Nothing);
        assert_eq!([0, 1, 2].map(|print| some.has_direction(print)), [true, false, false]);
        assert_eq!(some.select(&[1, 0]).values(), array![[0.0, 0.0], [0.0, 1e-30]]);
        assert_eq!(some.space().to_string(), "encoder 0123456789ab, fold 2");
    }
}
