//! Numbers on the command line.

/// A number as an option takes it: neither infinite nor "not a number", which pass every comparison unnoticed.
pub(crate) fn number(text: &str) -> Result<f64, String> {
    let number: f64 = text.parse().map_err(|error: std::num::ParseFloatError| error.to_string())?;
    if number.is_finite() { Ok(number) } else { Err("it must be a finite number".to_owned()) }
}
