//! Ranges of settings; an error names the key, its value, the limit and what to write instead.

use crate::EncoderError;

/// Refuses the value of a key unless it `fits`.
pub(crate) fn require(
    fits: bool,
    key: &'static str,
    value: impl ToString,
    limit: impl Into<String>,
    remedy: &str,
) -> Result<(), EncoderError> {
    if fits { Ok(()) } else { Err(EncoderError::plan(key, value, limit, remedy)) }
}

/// Finite and above 0.
pub(crate) fn positive(key: &'static str, value: f64, remedy: &str) -> Result<(), EncoderError> {
    require(value.is_finite() && value > 0.0, key, value, "it must be above 0", remedy)
}

/// Finite and 0 or above.
pub(crate) fn not_negative(key: &'static str, value: f64, remedy: &str) -> Result<(), EncoderError> {
    require(value.is_finite() && value >= 0.0, key, value, "it must be 0 or above", remedy)
}

/// From 0 to `highest`, both included.
pub(crate) fn up_to(highest: f64, key: &'static str, value: f64, remedy: &str) -> Result<(), EncoderError> {
    let limit = format!("it must lie in 0 to {highest}");
    require((0.0..=highest).contains(&value), key, value, limit, remedy)
}
