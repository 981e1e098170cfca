//! Fixed-width header fields: text and numbers in printable ASCII, padded with spaces.

use crate::error::EdfError;
use crate::notice::Notes;

/// What a header field says and where.
#[derive(Clone, Copy)]
pub(crate) struct Field<'a> {
    /// What the specification calls it.
    pub(crate) name: &'static str,
    /// The signal it belongs to, counted from 0.
    pub(crate) signal: Option<usize>,
    /// Its first byte in the file.
    pub(crate) offset: usize,
    /// Its bytes as they stand in the file, padding included.
    pub(crate) raw: &'a [u8],
}

/// How far a text may stray from ASCII.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Text {
    /// Names a channel: printable ASCII.
    Label,
    /// Other letters are odd but harmless.
    Free,
    /// As `Free`, and never shown in a message.
    Private,
}

impl Field<'_> {
    pub(crate) fn place(&self) -> String {
        match self.signal {
            Some(index) => format!("{} of signal {}", self.name, index + 1),
            None => self.name.to_owned(),
        }
    }

    /// An error at this field that shows what was found.
    pub(crate) fn error(&self, limit: impl Into<String>, remedy: &'static str) -> EdfError {
        EdfError::Field {
            field: self.place(),
            offset: self.offset as u64,
            found: format!("\"{}\"", self.raw.escape_ascii()),
            limit: limit.into(),
            remedy,
        }
    }

    fn private_error(&self, limit: &str, remedy: &'static str) -> EdfError {
        EdfError::Field {
            field: self.place(),
            offset: self.offset as u64,
            found: "text not shown here".to_owned(),
            limit: limit.to_owned(),
            remedy,
        }
    }
}

const LENIENT: &str = "correct the header, or open the file leniently";

/// Decodes a text field and trims its padding.
pub(crate) fn text(field: Field, kind: Text, notes: &mut Notes) -> Result<String, EdfError> {
    let refuse = |limit: &'static str| {
        if kind == Text::Private { field.private_error(limit, LENIENT) } else { field.error(limit, LENIENT) }
    };
    if field.raw.contains(&0) {
        notes.repair(
            "NUL bytes in a header field read as spaces",
            || field.place(),
            || refuse("padded with spaces, not with NUL bytes"),
        )?;
    }
    if field.raw.iter().any(|&byte| byte != 0 && byte.is_ascii_control()) {
        notes.repair(
            "control characters in a header field read as spaces",
            || field.place(),
            || refuse("printable text without control characters"),
        )?;
    }
    if !field.raw.is_ascii() {
        let what = "text beyond ASCII in a header field read as UTF-8 or Latin-1";
        match kind {
            Text::Label => notes.repair(what, || field.place(), || refuse("printable ASCII"))?,
            Text::Free | Text::Private => notes.odd(what, || field.place()),
        }
    }
    let decoded = match std::str::from_utf8(field.raw) {
        Ok(text) => text.to_owned(),
        Err(_) => field.raw.iter().map(|&byte| char::from(byte)).collect(),
    };
    let clean: String = decoded.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    Ok(clean.trim().to_owned())
}

/// Reads a whole number.
pub(crate) fn integer(field: Field, notes: &mut Notes) -> Result<i64, EdfError> {
    let written = text(field, Text::Label, notes)?;
    if let Ok(value) = written.parse() {
        return Ok(value);
    }
    let whole = written.replace(',', ".").parse::<f64>().ok().filter(|v| v.fract() == 0.0 && v.abs() < 1e9);
    let Some(value) = whole else {
        return Err(field.error("a whole number", "correct the header, or export the recording again"));
    };
    notes.repair(
        "a number with decimals read as a whole number",
        || field.place(),
        || field.error("a whole number without decimals", LENIENT),
    )?;
    Ok(value as i64)
}

/// Reads a finite number with or without decimals.
pub(crate) fn number(field: Field, notes: &mut Notes) -> Result<f64, EdfError> {
    let written = text(field, Text::Label, notes)?;
    let finite = |text: &str| text.parse::<f64>().ok().filter(|value| value.is_finite());
    if let Some(value) = finite(&written) {
        return Ok(value);
    }
    let Some(value) = finite(&written.replace(',', ".")) else {
        return Err(field.error("a finite number", "correct the header, or export the recording again"));
    };
    notes.repair(
        "a decimal comma read as a decimal point",
        || field.place(),
        || field.error("a number with a decimal point, not a comma", LENIENT),
    )?;
    Ok(value)
}
