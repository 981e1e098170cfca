//! `results.json` as text: written without a number that is not finite, read with the schema checked.

use crate::results::{Results, SCHEMA};

/// Text that is no `results.json`, or results that cannot be written as one.
#[derive(Debug, thiserror::Error)]
pub enum ResultsError {
    /// A number is NaN or infinite.
    #[error("results.json: the number at {path} is not finite; leave it absent and say why in audit")]
    NotFinite {
        /// Where: `verification[0].eer.value`.
        path: String,
    },
    /// The text is no JSON, or not of this schema.
    #[error("results.json does not follow the schema {SCHEMA}")]
    Json(#[from] serde_json::Error),
    /// The text names another schema, which this version cannot read.
    #[error(
        "results.json has schema {found:?}, but this version reads {SCHEMA:?}; use the version that wrote it"
    )]
    Schema {
        /// The schema named in the file.
        found: String,
    },
}

impl Results {
    /// The text of `results.json`, indented, ending in a line break.
    ///
    /// # Errors
    /// When a number is NaN or infinite.
    pub fn to_json(&self) -> Result<String, ResultsError> {
        let value = serde_json::to_value(self)?;
        // No field is ever written as null, so that a null is what became of a number that is not finite.
        if let Some(path) = first_null(&value) {
            return Err(ResultsError::NotFinite { path: path.trim_start_matches('.').to_owned() });
        }
        Ok(serde_json::to_string_pretty(&value)? + "\n")
    }

    /// Reads the text of a `results.json`.
    ///
    /// # Errors
    /// When it is no JSON, names another schema, or does not follow this one.
    pub fn from_json(text: &str) -> Result<Self, ResultsError> {
        let value: serde_json::Value = serde_json::from_str(text)?;
        match value.get("schema").and_then(serde_json::Value::as_str) {
            Some(found) if found != SCHEMA => Err(ResultsError::Schema { found: found.to_owned() }),
            _ => Ok(serde_json::from_value(value)?),
        }
    }
}

/// The way to the first null, as `.verification[0].auc`.
fn first_null(value: &serde_json::Value) -> Option<String> {
    use serde_json::Value;
    let below = |step: String, child: &Value| first_null(child).map(|rest| step + &rest);
    match value {
        Value::Null => Some(String::new()),
        Value::Array(items) => {
            items.iter().enumerate().find_map(|(index, item)| below(format!("[{index}]"), item))
        }
        Value::Object(map) => map.iter().find_map(|(key, item)| below(format!(".{key}"), item)),
        Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::VerificationRow;

    #[test]
    fn a_number_that_is_not_finite_is_refused_with_its_place() {
        let row = VerificationRow { auc: Some(f64::NAN), ..Default::default() };
        let results = Results { verification: vec![Default::default(), row], ..Default::default() };
        let shown = results.to_json().unwrap_err().to_string();
        assert!(shown.contains("verification[1].auc"), "{shown}");
    }

    #[test]
    fn absent_numbers_have_no_key() {
        let row = serde_json::to_value(VerificationRow::default()).unwrap();
        let keys: Vec<&String> = row.as_object().unwrap().keys().collect();
        assert_eq!(keys, ["system", "probe_seconds", "fnmr_at_fmr", "mated", "non_mated"]);
    }

    #[test]
    fn another_schema_is_named() {
        let shown = Results::from_json("{\"schema\": \"twinprint-results/9\"}").unwrap_err().to_string();
        assert!(shown.contains("twinprint-results/9") && shown.contains(SCHEMA), "{shown}");
    }

    #[test]
    fn results_survive_being_written_and_read() {
        let results = Results { schema: SCHEMA.to_owned(), ..crate::example::results() };
        assert_eq!(Results::from_json(&results.to_json().unwrap()).unwrap(), results);
    }
}
