//! The JSON Schema of pipelines and the page of all their keys, both made from the structs that read pipelines.

mod definitions;
mod page;
mod range;
mod tidy;

use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use crate::config::Config;
use crate::source::EXTENDS;

pub use page::keys_page;

/// The JSON Schema (draft 7) of a pipeline file: every key with its purpose, default and range. A key that it does not name is refused.
///
/// It says of each key what can be said of that key alone; `twinprint check` also looks at which keys go together.
///
/// ```
/// let schema = twinprint_run::pipeline_schema();
/// assert_eq!(schema["definitions"]["Protocol"]["properties"]["folds"]["minimum"], 2);
/// assert_eq!(schema["additionalProperties"], false);
/// ```
pub fn pipeline_schema() -> Value {
    let root = SchemaSettings::draft07().into_generator().into_root_schema_for::<Config>();
    let mut schema = Value::from(root);
    tidy::tidy(&mut schema);
    if let Some(table) = schema.as_object_mut() {
        table.insert("title".to_owned(), json!("A pipeline of twinprint"));
        table.remove("description");
        // A pipeline on top of another one has its name, and everything else, from there where it does not say it.
        table.remove("required");
        table.insert("anyOf".to_owned(), json!([{ "required": ["name"] }, { "required": [EXTENDS] }]));
        if let Some(Value::Object(keys)) = table.get_mut("properties") {
            let mut all = Map::new();
            all.insert(EXTENDS.to_owned(), json!({ "description": EXTENDS_PURPOSE, "type": "string" }));
            all.append(keys);
            *keys = all;
        }
    }
    schema
}

const EXTENDS_PURPOSE: &str = "Another pipeline, whose keys hold where this one does not set them; a relative path starts at this file.";

#[cfg(test)]
mod tests {
    use super::*;

    /// Every table of a schema that names its keys, with where it stands.
    fn tables<'a>(schema: &'a Value, at: &str, found: &mut Vec<(String, &'a Map<String, Value>)>) {
        match schema {
            Value::Object(map) => {
                if map.contains_key("properties") {
                    found.push((at.to_owned(), map));
                }
                map.iter().for_each(|(key, inner)| tables(inner, &format!("{at}/{key}"), found));
            }
            Value::Array(list) => list.iter().for_each(|inner| tables(inner, at, found)),
            _ => {}
        }
    }

    #[test]
    fn every_table_refuses_unknown_keys_and_says_what_each_key_is_for() {
        let schema = pipeline_schema();
        let mut found = Vec::new();
        tables(&schema, "", &mut found);
        assert!(found.len() > 40, "{}", found.len());
        for (at, table) in found {
            assert_eq!(table.get("additionalProperties"), Some(&Value::Bool(false)), "{at}");
            for (key, about) in table["properties"].as_object().unwrap() {
                // A table that is one choice of several says it of its only key.
                let fixed = about.get("const").is_some()
                    || (at.ends_with("/oneOf") && table["properties"].as_object().unwrap().len() == 1);
                let purpose = about.get("description").and_then(Value::as_str).unwrap_or_default();
                assert!(fixed || purpose.len() > 9, "{at}: {key} says no purpose");
                assert!(!purpose.contains("[`") && !purpose.contains('\n'), "{at}: {key}: {purpose}");
            }
        }
    }

    #[test]
    fn the_page_has_every_key_of_the_schema() {
        let (schema, page) = (pipeline_schema(), keys_page());
        let mut found = Vec::new();
        tables(&schema, "", &mut found);
        for (at, table) in found {
            for key in table["properties"].as_object().unwrap().keys() {
                let ways = [format!("`{key} = "), format!("{{ {key} = "), format!("| `{key}` |")];
                assert!(ways.iter().any(|way| page.contains(way)), "{at}: {key} is not on the page");
            }
        }
    }
}
