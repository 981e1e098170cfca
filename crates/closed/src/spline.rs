//! Estimates potentials on the head from others by spherical splines (Perrin, Pernier, Bertrand and Echallier 1989,
//! Electroencephalography and Clinical Neurophysiology 72:184–187).
//!
//! Stiffness 4, 50 Legendre terms and a regularisation of 1e-5 on the diagonal, as MNE-Python's `interpolate_bads`. Positions
//! are those of the 10-5 system on a unit sphere, the same for every head.

use crate::solve;
use ndarray::Array2;

const STIFFNESS: i32 = 4;
const TERMS: usize = 50;
const REGULARISATION: f64 = 1e-5;

/// A direction from the head's centre, of length 1.
type Position = [f64; 3];

/// Weights `[to, from]` that estimate potentials at places `to` on the unit sphere from those at `from`; of fewer than four places
/// they say little.
pub fn spherical_spline(from: &[[f64; 3]], to: &[[f64; 3]]) -> Array2<f64> {
    let n = from.len();
    // One row and column more than electrodes: the potential is a constant plus a spline whose weights sum to zero.
    let mut system = Array2::<f64>::zeros((n + 1, n + 1));
    for i in 0..n {
        for j in 0..n {
            system[[i, j]] = spline(cosine(from[i], from[j]));
        }
        system[[i, i]] += REGULARISATION;
        system[[i, n]] = 1.0;
        system[[n, i]] = 1.0;
    }
    // weights = [g(to, from), 1] · system⁻¹ without the last column; the system is symmetric, so solve for its transpose.
    let mut right = Array2::<f64>::zeros((n + 1, to.len()));
    for (column, &place) in to.iter().enumerate() {
        for (row, &known) in from.iter().enumerate() {
            right[[row, column]] = spline(cosine(place, known));
        }
        right[[n, column]] = 1.0;
    }
    let solution = solve(system, right);
    Array2::from_shape_fn((to.len(), n), |(row, column)| solution[[column, row]])
}

fn cosine(a: Position, b: Position) -> f64 {
    a.iter().zip(b).map(|(x, y)| x * y).sum::<f64>().clamp(-1.0, 1.0)
}

/// g(x) = 1/4π · Σ (2n + 1) / (n (n + 1))^m · Pₙ(x).
fn spline(x: f64) -> f64 {
    let (mut before, mut legendre) = (1.0, x);
    let mut sum = 0.0;
    for n in 1..=TERMS {
        let order = n as f64;
        sum += (2.0 * order + 1.0) / (order * (order + 1.0)).powi(STIFFNESS) * legendre;
        let next = ((2.0 * order + 1.0) * x * legendre - order * before) / (order + 1.0);
        before = legendre;
        legendre = next;
    }
    sum / (4.0 * std::f64::consts::PI)
}
