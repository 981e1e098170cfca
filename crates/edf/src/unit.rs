//! Physical dimensions as headers spell them.

/// Microvolts in one of `unit`, or `None` when it is no voltage this reader knows.
///
/// Known are V, mV, uV and nV, micro also as U+00B5 and U+03BC, and such units in words (microV, uVolt, microvolts); case
/// matters only where it could mean mega.
pub fn microvolts_per(unit: &str) -> Option<f64> {
    match unit.trim() {
        "uV" | "uv" | "UV" | "\u{b5}V" | "\u{3bc}V" | "\u{b5}v" | "\u{3bc}v" => Some(1.0),
        "mV" | "mv" => Some(1e3),
        "V" | "v" => Some(1e6),
        "nV" | "nv" | "NV" => Some(1e-3),
        words => in_words(words),
    }
}

fn in_words(unit: &str) -> Option<f64> {
    let unit = unit.to_lowercase().replace('\u{3bc}', "\u{b5}");
    let bare = unit.strip_suffix("volts").or_else(|| unit.strip_suffix("volt"));
    // `MVolt` may mean millions.
    match bare {
        Some("micro" | "u" | "\u{b5}") => Some(1.0),
        Some("milli") => Some(1e3),
        Some("") => Some(1e6),
        Some("nano" | "n") => Some(1e-3),
        Some(_) => None,
        None => (unit == "microv").then_some(1.0),
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
    fn units_in_words_are_known() {
        for unit in ["microV", "MicroV", "uVolt", "uVolts", "microvolt", "Microvolts", "\u{3bc}Volt"] {
            assert_eq!(microvolts_per(unit), Some(1.0), "{unit}");
        }
        assert_eq!(["Volt", "millivolts", "nVolt"].map(microvolts_per), [Some(1e6), Some(1e3), Some(1e-3)]);
    }

    #[test]
    fn mega_and_other_quantities_are_no_voltage() {
        for unit in ["MV", "", "DegC", "Boolean", "%", "uV/cm", "MVolt", "mVolt", "revolt", "adc"] {
            assert_eq!(microvolts_per(unit), None, "{unit}");
        }
    }
}
