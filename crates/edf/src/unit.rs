//! Physical dimensions as headers spell them.

/// Microvolts in one of `unit`, or `None` when it is no voltage this reader knows.
///
/// Known are V, mV, uV and nV, micro also as U+00B5 and U+03BC; case matters only where it could mean mega.
pub fn microvolts_per(unit: &str) -> Option<f64> {
    match unit.trim() {
        "uV" | "uv" | "UV" | "\u{b5}V" | "\u{3bc}V" | "\u{b5}v" | "\u{3bc}v" => Some(1.0),
        "mV" | "mv" => Some(1e3),
        "V" | "v" => Some(1e6),
        "nV" | "nv" | "NV" => Some(1e-3),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::microvolts_per;

    #[test]
    fn both_code_points_of_micro_are_known() {
        assert_eq!(microvolts_per("\u{b5}V"), Some(1.0));
        assert_eq!(microvolts_per("\u{3bc}V"), Some(1.0));
        assert_eq!(microvolts_per("mV "), Some(1000.0));
    }

    #[test]
    fn mega_and_other_quantities_are_no_voltage() {
        for unit in ["MV", "", "DegC", "Boolean", "%", "uV/cm"] {
            assert_eq!(microvolts_per(unit), None, "{unit}");
        }
    }
}
