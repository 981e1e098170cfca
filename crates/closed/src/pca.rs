//! Principal components (Pearson, 1901; Hotelling, 1933): the directions of largest variance.

use ndarray::{Array2, ArrayView2, Axis, s};

use crate::ClosedError;
use crate::matrix::{gram, symmetric_eigen};

/// Rows seen along their directions of largest variance.
#[derive(Debug, Clone, PartialEq)]
pub struct PrincipalComponents {
    /// Each row's place along each component, the one of largest variance first: `[rows, components]`. Signs are arbitrary.
    pub coordinates: Array2<f64>,
    /// The share of the variance along each component, 0 to 1; 0 where all rows are equal.
    pub explained: Vec<f64>,
}

impl PrincipalComponents {
    /// The first `count` components of `rows` `[rows, columns]`; columns of zeros where there are not so many.
    ///
    /// # Errors
    /// When a number is not finite.
    pub fn of(rows: ArrayView2<f32>, count: usize) -> Result<Self, ClosedError> {
        let mut centred = rows.mapv(f64::from);
        if let Some(mean) = centred.mean_axis(Axis(0)) {
            centred -= &mean;
        }
        // The products of columns and those of rows have the same eigenvalues above 0: the smaller matrix is decomposed.
        let by_rows = centred.nrows() < centred.ncols();
        let products = if by_rows { gram(centred.t()) } else { gram(centred.view()) };
        let total = products.diag().sum().max(f64::MIN_POSITIVE);
        let (values, vectors) = symmetric_eigen("the principal components", &products)?;
        let (found, kept) = (values.len(), count.min(values.len()));
        let values = values.slice(s![found - kept..;-1]).mapv(|value| value.max(0.0));
        let vectors = vectors.slice(s![.., found - kept..;-1]);
        let along = if by_rows { &vectors * &values.mapv(f64::sqrt) } else { centred.dot(&vectors) };
        let mut coordinates = Array2::zeros((rows.nrows(), count));
        coordinates.slice_mut(s![.., ..kept]).assign(&along);
        let mut explained = values.mapv(|value| value / total).to_vec();
        explained.resize(count, 0.0);
        Ok(Self { coordinates, explained })
    }
}

#[cfg(test)]
mod tests {
    use ndarray::{array, concatenate};

    use super::*;

    #[test]
    fn the_first_component_follows_the_largest_spread() {
        let rows = array![[3.0_f32, 0.1, 0.0], [-3.0, 0.1, 0.0], [0.0, -0.1, 1.0], [0.0, -0.1, -1.0]];
        let wide = concatenate![Axis(1), rows, Array2::zeros((4, 5))];
        for rows in [rows, wide] {
            let PrincipalComponents { coordinates, explained } =
                PrincipalComponents::of(rows.view(), 2).unwrap();
            assert!((coordinates[[0, 0]].abs() - 3.0).abs() < 1e-6);
            assert!((coordinates[[2, 1]].abs() - 1.0).abs() < 1e-2);
            assert!(explained[0] > 0.85 && explained[1] < 0.15);
        }
    }

    #[test]
    fn equal_rows_lie_on_one_point_and_components_that_are_not_there_are_zero() {
        for rows in [Array2::from_elem((4, 3), 0.5_f32), Array2::zeros((1, 1)), Array2::zeros((0, 3))] {
            let found = PrincipalComponents::of(rows.view(), 2).unwrap();
            assert_eq!(found.coordinates.dim(), (rows.nrows(), 2));
            assert!(found.coordinates.iter().chain(&found.explained).all(|value| value.abs() < 1e-9));
        }
    }
}
