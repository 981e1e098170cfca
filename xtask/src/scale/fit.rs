//! Laws of growth through what was measured.

/// The exponent of the power of x that fits best: the slope of log y over log x by least squares; points at 0 are left out.
pub(crate) fn exponent(points: &[(f64, f64)]) -> f64 {
    let logarithms: Vec<(f64, f64)> =
        points.iter().filter(|(x, y)| *x > 0.0 && *y > 0.0).map(|(x, y)| (x.ln(), y.ln())).collect();
    line(&logarithms).1
}

/// The line through the points by least squares: its value at 0 and its slope; level through fewer than two.
pub(crate) fn line(points: &[(f64, f64)]) -> (f64, f64) {
    let n = points.len().max(1) as f64;
    let (x, y) = points.iter().fold((0.0, 0.0), |(a, b), (u, v)| (a + u / n, b + v / n));
    let (square, product) =
        points.iter().fold((0.0, 0.0), |(a, b), (u, v)| (a + (u - x) * (u - x), b + (u - x) * (v - y)));
    let slope = if square > 0.0 { product / square } else { 0.0 };
    (y - slope * x, slope)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn powers_and_lines_are_found_again() {
        let of = |law: fn(f64) -> f64| [20.0, 80.0, 320.0].map(|x| (x, law(x)));
        assert!((exponent(&of(|x| 3.0 * x * x)) - 2.0).abs() < 1e-9);
        assert!((exponent(&of(|x| 0.5 * x)) - 1.0).abs() < 1e-9);
        assert!(exponent(&of(|_| 7.0)).abs() < 1e-9);
        let (at_zero, slope) = line(&of(|x| 4.0 + 0.25 * x));
        assert!((at_zero - 4.0).abs() < 1e-9 && (slope - 0.25).abs() < 1e-9);
        assert_eq!(line(&[(5.0, 3.0)]), (3.0, 0.0));
    }
}
