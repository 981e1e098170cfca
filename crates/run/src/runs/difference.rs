//! Two runs side by side: the keys of their plans and the numbers that differ.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Serialize;
use serde_json::Value;

use crate::RunError;
use crate::folder::{RESULTS, RunFolder};
use crate::record::RunRecord;
use crate::resume::changed;

/// What differs between two runs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Differences {
    /// Keys of the plan.
    pub plan: Vec<Changed>,
    /// The program, the machine and the device.
    pub made_by: Vec<Changed>,
    /// Recordings, a few words each.
    pub recordings: Vec<String>,
    /// Numbers of the results.
    pub numbers: Vec<Changed>,
}

/// A key with what both say; nothing where one of them does not say.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Changed {
    /// The key, `protocol.folds`, or a number's place, `verification.encoder.2 s.eer.value`.
    pub key: String,
    /// In the first run.
    pub first: Option<Value>,
    /// The value in the second run; nothing where it has no such key.
    pub second: Option<Value>,
}

/// Fields by which an entry of a list of results is known.
const NAMES: [&str; 11] = [
    "cohort",
    "system",
    "baseline",
    "classifier",
    "label",
    "leak",
    "check",
    "probe_seconds",
    "ways",
    "shots",
    "subject",
];

/// Holds two run folders side by side.
///
/// # Errors
/// When one of them is no run folder.
pub fn differences(first: &Path, second: &Path) -> Result<Differences, RunError> {
    let open = |run: &Path| -> Result<(RunFolder, RunRecord, Value), RunError> {
        let folder = RunFolder::at(run);
        if !folder.path("plan.json").is_file() {
            return Err(RunError::run_folder(
                run,
                "it is no run folder: give one that `twinprint run` filled",
            ));
        }
        let (record, plan) = (folder.read_json("run.json")?, folder.read_json("plan.json")?);
        Ok((folder, record, plan))
    };
    let ((one, record, plan), (other, second_record, second_plan)) = (open(first)?, open(second)?);
    let results = |folder: &RunFolder| -> Result<Value, RunError> {
        let there = folder.path(RESULTS).is_file();
        let mut results: Value = if there { folder.read_json(RESULTS)? } else { Value::Null };
        if let Some(results) = results.as_object_mut() {
            for key in ["timing", "name", "schema"] {
                results.remove(key);
            }
        }
        Ok(results)
    };
    let mut made_by = between(&serde_json::json!(record.host), &serde_json::json!(second_record.host));
    made_by.extend(between(
        &serde_json::json!({ "device": record.device }),
        &serde_json::json!({ "device": second_record.device }),
    ));
    Ok(Differences {
        plan: between(&plan, &second_plan),
        made_by,
        recordings: changed(&record.inputs, &second_record.inputs),
        numbers: between(&results(&one)?, &results(&other)?),
    })
}

fn between(one: &Value, other: &Value) -> Vec<Changed> {
    let (first, second) = (flat(one), flat(other));
    let mut keys: Vec<&String> = first.keys().chain(second.keys()).collect();
    keys.sort();
    keys.dedup();
    let of = |key: &String| Changed {
        key: key.clone(),
        first: first.get(key).cloned(),
        second: second.get(key).cloned(),
    };
    keys.into_iter().filter(|key| first.get(*key) != second.get(*key)).map(of).collect()
}

/// Every value by its place; lists of plain values are one value.
fn flat(value: &Value) -> BTreeMap<String, Value> {
    let mut found = BTreeMap::new();
    flatten(value, String::new(), &mut found);
    found
}

fn flatten(value: &Value, at: String, found: &mut BTreeMap<String, Value>) {
    let below = |name: &str| if at.is_empty() { name.to_owned() } else { format!("{at}.{name}") };
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                flatten(value, below(name), found);
            }
        }
        Value::Array(list) if list.iter().any(Value::is_object) => {
            for (index, value) in list.iter().enumerate() {
                let mut place = below(&name_of(value).unwrap_or_else(|| index.to_string()));
                // Two entries of one name stay two.
                if found.keys().any(|key| key.starts_with(&format!("{place}."))) {
                    place = format!("{place}.{index}");
                }
                flatten(value, place, found);
            }
        }
        Value::Null => {}
        plain => {
            found.insert(at, plain.clone());
        }
    }
}

/// What an entry of a list is known by.
fn name_of(value: &Value) -> Option<String> {
    let parts: Vec<String> = NAMES
        .iter()
        .filter_map(|name| {
            let value = value.get(name)?;
            Some(match value {
                Value::String(text) => text.clone(),
                number if *name == "probe_seconds" => format!("{number} s"),
                number => format!("{number} {name}"),
            })
        })
        .collect();
    (!parts.is_empty()).then(|| parts.join("."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_and_numbers_are_named_by_what_they_are_of() {
        let of = |eer: f64, extra: &str| {
            let text = format!(
                r#"{{"folds":3,"verification":[{{"system":"encoder","probe_seconds":2.0,"eer":{{"value":{eer}}}}}]{extra}}}"#
            );
            serde_json::from_str::<Value>(&text).unwrap()
        };
        let found = between(&of(0.1, ""), &of(0.2, r#","ways":[2,5]"#));
        assert_eq!(found.len(), 2, "{found:?}");
        assert_eq!(found[0].key, "verification.encoder.2.0 s.eer.value");
        assert_eq!((found[0].first.clone(), found[0].second.clone()), (Some(0.1.into()), Some(0.2.into())));
        assert_eq!((&found[1].key[..], found[1].first.clone()), ("ways", None));
        assert!(between(&of(0.1, ""), &of(0.1, "")).is_empty());
    }
}
