//! Medians and quantiles.

/// The quantile at `share` (0 to 1) with linear interpolation between order statistics (Hyndman and Fan 1996, type 7);
/// reorders `values`; NaN for none.
pub(crate) fn quantile(values: &mut [f64], share: f64) -> f64 {
    if values.is_empty() {
        return f64::NAN;
    }
    let position = share * (values.len() - 1) as f64;
    let below = position.floor() as usize;
    let (_, &mut low, above) = values.select_nth_unstable_by(below, f64::total_cmp);
    let high = above.iter().copied().min_by(f64::total_cmp).unwrap_or(low);
    low + (high - low) * (position - below as f64)
}

/// The median; reorders `values`; NaN for none.
pub(crate) fn median(values: &mut [f64]) -> f64 {
    quantile(values, 0.5)
}

/// The difference between the quartiles; reorders `values`; NaN for none.
pub(crate) fn interquartile_range(values: &mut [f64]) -> f64 {
    let low = quantile(values, 0.25);
    quantile(values, 0.75) - low
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_interpolate_between_order_statistics() {
        let mut values = [4.0, 1.0, 3.0, 2.0];
        assert_eq!(median(&mut values), 2.5);
        assert_eq!(quantile(&mut values, 0.25), 1.75);
        assert_eq!(quantile(&mut values, 1.0), 4.0);
        assert_eq!(interquartile_range(&mut values), 1.5);
        assert_eq!(median(&mut [7.0]), 7.0);
        assert!(median(&mut []).is_nan());
    }
}
