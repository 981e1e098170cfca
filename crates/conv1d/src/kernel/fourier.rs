//! The real Fourier transform of sixteen vectors and its transpose, written out.
//!
//! A vector holds the same sample of several channels, so one call transforms as many channels as the CPU has lanes.
//! Sixteen real samples give nine frequencies: the first and the last are real, the seven between are complex. They
//! are kept as sixteen reals in the order `X₀, X₈, Re X₁, Im X₁, …, Re X₇, Im X₇`.
//! Factorisation: radix-2 split into even and odd frequencies (Cooley and Tukey, 1965), with the symmetries of
//! real input.

use pulp::Simd;

/// Samples of one transform.
pub(crate) const POINTS: usize = 16;

/// cos(π/8), sin(π/8) and √½.
const C1: f32 = 0.923_879_5;
const S1: f32 = 0.382_683_43;
const HALF: f32 = std::f32::consts::FRAC_1_SQRT_2;

/// `X_f = Σ x[n]·exp(−2πi·f·n/16)`.
#[inline(always)]
pub(crate) fn transform<S: Simd>(simd: S, x: [S::f32s; POINTS]) -> [S::f32s; POINTS] {
    let add = |a, b| simd.add_f32s(a, b);
    let sub = |a, b| simd.sub_f32s(a, b);
    let mul = |k: f32, a| simd.mul_f32s(simd.splat_f32s(k), a);
    let neg = |a| simd.sub_f32s(simd.splat_f32s(0.0), a);

    let a: [S::f32s; 8] = std::array::from_fn(|n| add(x[n], x[n + 8]));
    let b: [S::f32s; 8] = std::array::from_fn(|n| sub(x[n], x[n + 8]));
    let c: [S::f32s; 4] = std::array::from_fn(|n| add(a[n], a[n + 4]));
    let d: [S::f32s; 4] = std::array::from_fn(|n| sub(a[n], a[n + 4]));
    // even frequencies: 0, 8, 4 from c; 2 and 6 from d
    let (even, odd) = (add(c[0], c[2]), add(c[1], c[3]));
    let (minus, plus) = (mul(HALF, sub(d[1], d[3])), mul(HALF, add(d[1], d[3])));
    // odd frequencies, folded around n = 4
    let p: [S::f32s; 3] = std::array::from_fn(|n| sub(b[n + 1], b[7 - n]));
    let q: [S::f32s; 3] = std::array::from_fn(|n| add(b[n + 1], b[7 - n]));
    let u = mul(HALF, p[1]);
    let v = mul(HALF, q[1]);
    let (near, far) = (add(b[0], u), sub(b[0], u));
    let outer = add(mul(C1, p[0]), mul(S1, p[2]));
    let inner = sub(mul(S1, p[0]), mul(C1, p[2]));
    let outer_sin = add(mul(S1, q[0]), mul(C1, q[2]));
    let inner_sin = sub(mul(C1, q[0]), mul(S1, q[2]));
    let (sum, difference) = (add(v, b[4]), sub(v, b[4]));
    [
        add(even, odd),
        sub(even, odd),
        add(near, outer),
        neg(add(outer_sin, sum)),
        add(d[0], minus),
        neg(add(d[2], plus)),
        add(far, inner),
        neg(add(inner_sin, difference)),
        sub(c[0], c[2]),
        sub(c[3], c[1]),
        sub(far, inner),
        sub(difference, inner_sin),
        sub(d[0], minus),
        sub(d[2], plus),
        sub(near, outer),
        sub(sum, outer_sin),
    ]
}

/// The transpose of [`transform`]: `y[t] = Y₀ + (−1)ᵗ·Y₈ + Σ (Re Y_f·cos(2πft/16) − Im Y_f·sin(2πft/16))`.
#[inline(always)]
pub(crate) fn transposed<S: Simd>(simd: S, y: [S::f32s; POINTS]) -> [S::f32s; POINTS] {
    let add = |a, b| simd.add_f32s(a, b);
    let sub = |a, b| simd.sub_f32s(a, b);
    let mul = |k: f32, a| simd.mul_f32s(simd.splat_f32s(k), a);

    let [y0, y8, r1, i1, r2, i2, r3, i3, r4, i4, r5, i5, r6, i6, r7, i7] = y;
    // odd frequencies: o[t + 8] = −o[t]
    let (outer, inner) = (sub(r1, r7), sub(r3, r5));
    let (outer_sin, inner_sin) = (add(i1, i7), add(i3, i5));
    let p1 = add(mul(C1, outer), mul(S1, inner));
    let p2 = mul(HALF, sub(add(r1, r7), add(r3, r5)));
    let p3 = sub(mul(S1, outer), mul(C1, inner));
    let q1 = add(mul(S1, outer_sin), mul(C1, inner_sin));
    let q2 = mul(HALF, add(sub(i1, i7), sub(i3, i5)));
    let q3 = sub(mul(C1, outer_sin), mul(S1, inner_sin));
    let zero = simd.splat_f32s(0.0);
    let odd = [
        add(add(r1, r7), add(r3, r5)),
        sub(p1, q1),
        sub(p2, q2),
        sub(p3, q3),
        sub(add(sub(i3, i1), i7), i5),
        sub(zero, add(p3, q3)),
        sub(zero, add(p2, q2)),
        sub(zero, add(p1, q1)),
    ];
    // even frequencies: e[t + 8] = e[t]
    let (g0, g1) = (add(y0, y8), sub(y0, y8));
    let slow = [add(g0, r4), sub(g1, i4), sub(g0, r4), add(g1, i4)];
    let (real, imaginary) = (mul(HALF, sub(r2, r6)), mul(HALF, add(i2, i6)));
    let fast = [add(r2, r6), sub(real, imaginary), sub(i6, i2), sub(zero, add(real, imaginary))];
    let even: [S::f32s; 8] =
        std::array::from_fn(|t| if t < 4 { add(slow[t], fast[t]) } else { sub(slow[t - 4], fast[t - 4]) });
    std::array::from_fn(|t| if t < 8 { add(even[t], odd[t]) } else { sub(even[t - 8], odd[t - 8]) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use pulp::{Scalar, WithSimd};
    use std::f64::consts::PI;

    struct Both([f32; POINTS]);

    impl WithSimd for Both {
        type Output = ([f32; POINTS], [f32; POINTS]);
        fn with_simd<S: Simd>(self, simd: S) -> Self::Output {
            let x = self.0.map(|value| simd.splat_f32s(value));
            let first = |v: S::f32s| bytemuck::bytes_of(&v)[..4].try_into().map(f32::from_ne_bytes).unwrap();
            (transform(simd, x).map(first), transposed(simd, x).map(first))
        }
    }

    /// Row `n` of the matrix of [`transform`], by its definition.
    fn definition(row: usize, n: usize) -> f64 {
        let (frequency, imaginary) = match row {
            0 => (0, false),
            1 => (8, false),
            _ => (row / 2, row % 2 == 1),
        };
        let angle = 2.0 * PI * (frequency * n) as f64 / 16.0;
        if imaginary { -angle.sin() } else { angle.cos() }
    }

    #[test]
    fn both_directions_equal_the_definition_on_every_instruction_set() {
        let x: [f32; POINTS] = std::array::from_fn(|n| ((n * n + 3 * n) % 11) as f32 - 4.5);
        for (there, back) in [Both(x).with_simd(Scalar), pulp::Arch::new().dispatch(Both(x))] {
            for row in 0..POINTS {
                let expected: f64 = (0..POINTS).map(|n| definition(row, n) * f64::from(x[n])).sum();
                let transpose: f64 = (0..POINTS).map(|n| definition(n, row) * f64::from(x[n])).sum();
                assert!((f64::from(there[row]) - expected).abs() < 2e-5, "row {row}");
                assert!((f64::from(back[row]) - transpose).abs() < 2e-5, "row {row}");
            }
        }
    }
}
