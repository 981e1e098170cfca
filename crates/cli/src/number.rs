//! Numbers on the command line.

use std::num::{IntErrorKind, ParseIntError};
use std::str::FromStr;

/// A number as an option takes it: neither infinite nor "not a number", which pass every comparison unnoticed.
pub(crate) fn number(text: &str) -> Result<f64, String> {
    let number: f64 = text.parse().map_err(|_| "write a number, such as 0.5".to_owned())?;
    if number.is_finite() { Ok(number) } else { Err("it must be a finite number".to_owned()) }
}

/// A whole number as an option takes it, 0 or more, and for a type with a sign below 0 as well.
pub(crate) fn whole<T: FromStr<Err = ParseIntError>>(text: &str) -> Result<T, String> {
    text.parse().map_err(|error: ParseIntError| match error.kind() {
        IntErrorKind::PosOverflow | IntErrorKind::NegOverflow => "it is too far from 0".to_owned(),
        _ => "write a whole number, such as 5".to_owned(),
    })
}
