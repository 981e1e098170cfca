//! A schema as derived from structs, put into the words of TOML: nothing there is null, and every purpose is one line.

use serde_json::{Map, Value, json};

/// Keywords whose values are named schemas.
const NAMED: [&str; 2] = ["properties", "definitions"];
/// Keywords whose values are no schemas.
const VALUES: [&str; 4] = ["default", "enum", "const", "required"];

/// Takes out what TOML does not have and what only a Rust compiler asks for.
pub(super) fn tidy(schema: &mut Value) {
    match schema {
        Value::Array(list) => list.iter_mut().for_each(tidy),
        Value::Object(map) => tidy_table(map),
        _ => {}
    }
}

fn tidy_table(map: &mut Map<String, Value>) {
    map.remove("format");
    if map.get("default") == Some(&Value::Null) {
        map.remove("default");
    }
    // An empty text that is refused stands for one that is missing.
    if map.contains_key("minLength") && map.get("default") == Some(&json!("")) {
        map.remove("default");
    }
    if let Some(Value::String(text)) = map.get_mut("description") {
        // The first paragraph; further ones are for readers of the code.
        let first = text.split("\n\n").next().unwrap_or_default();
        *text = first.lines().map(str::trim).collect::<Vec<_>>().join(" ");
    }
    if let Some(Value::Array(types)) = map.get_mut("type") {
        types.retain(|one| one != "null");
        if let [one] = types.as_slice() {
            let one = one.clone();
            map.insert("type".to_owned(), one);
        }
    }
    if let Some(Value::Array(choices)) = map.get_mut("anyOf") {
        choices.retain(|choice| *choice != json!({ "type": "null" }));
        if choices.len() == 1 {
            let only = map.remove("anyOf").unwrap_or_default();
            map.insert("allOf".to_owned(), only);
        }
    }
    for (key, inner) in map.iter_mut().filter(|(key, _)| !VALUES.contains(&key.as_str())) {
        match inner {
            Value::Object(schemas) if NAMED.contains(&key.as_str()) => schemas.values_mut().for_each(tidy),
            inner => tidy(inner),
        }
    }
}
