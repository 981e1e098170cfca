//! What values a key may have, in words.

use serde_json::{Map, Value};

use super::definitions::{Definitions, choices};

/// The values that a schema allows, in words for a table's cell.
pub(super) fn range(schema: &Map<String, Value>, definitions: &Definitions) -> String {
    let (own, inner) = (schema, definitions.resolved(schema));
    if let Some(link) = definitions.link(schema) {
        return format!("a table: {link}");
    }
    if let Some(value) = inner.get("const") {
        return literal(value);
    }
    if let Some(Value::Array(values)) = inner.get("enum") {
        return joined(values.iter().map(literal).collect());
    }
    if let Some(mut choices) = choices(inner) {
        choices.sort_by_key(|choice| {
            !choice.contains_key("const") || choice.get("const") == Some(&Value::Bool(false))
        });
        let all: Vec<String> = choices
            .iter()
            .map(|choice| {
                if limits(choice).is_empty() {
                    with_limits(choice, own, definitions)
                } else {
                    range(choice, definitions)
                }
            })
            .collect();
        return joined(all);
    }
    match inner.get("type").and_then(Value::as_str) {
        Some("boolean") => "`true` or `false`".to_owned(),
        Some("integer") => number("a whole number", own, inner),
        Some("number") => number("a number", own, inner),
        Some("string") => "a text".to_owned(),
        Some("array") => list(own, inner, definitions),
        Some("object") => object(inner, definitions),
        _ => "any value".to_owned(),
    }
}

/// A value as TOML has it, as code.
pub(super) fn literal(value: &Value) -> String {
    format!("`{value}`")
}

const LIMITS: [&str; 4] = ["minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum"];

fn limits(schema: &Map<String, Value>) -> Vec<&'static str> {
    LIMITS.into_iter().filter(|limit| schema.contains_key(*limit)).collect()
}

/// A choice with the limits that stand beside all of them, where it is a number.
fn with_limits(choice: &Map<String, Value>, own: &Map<String, Value>, definitions: &Definitions) -> String {
    let mut choice = choice.clone();
    if matches!(choice.get("type").and_then(Value::as_str), Some("integer" | "number")) {
        limits(own).into_iter().for_each(|limit| {
            choice.insert(limit.to_owned(), own[limit].clone());
        });
    }
    range(&choice, definitions)
}

fn number(kind: &str, own: &Map<String, Value>, inner: &Map<String, Value>) -> String {
    let of = |limit: &str| own.get(limit).or_else(|| inner.get(limit)).map(plain);
    let (least, above) = (of("minimum"), of("exclusiveMinimum"));
    let (most, below) = (of("maximum"), of("exclusiveMaximum"));
    // A limit that is excluded is the nearer one: a frequency's own limit is 0, and that of its key beyond.
    let low = match (least, above) {
        (Some(least), _) if least != "0" => Some((least, true)),
        (_, Some(above)) => Some((above, false)),
        (least, None) => least.map(|least| (least, true)),
    };
    match (low, most, below) {
        (Some((low, true)), Some(high), _) => format!("{kind}, {low} to {high}"),
        (Some((low, false)), Some(high), _) => format!("{kind} above {low}, at most {high}"),
        (Some((low, true)), None, Some(high)) => format!("{kind}, {low} or more, below {high}"),
        (Some((low, false)), None, Some(high)) => format!("{kind} above {low}, below {high}"),
        (Some((low, true)), None, None) => format!("{kind}, {low} or more"),
        (Some((low, false)), None, None) => format!("{kind} above {low}"),
        (None, Some(high), _) => format!("{kind}, at most {high}"),
        (None, None, Some(high)) => format!("{kind} below {high}"),
        (None, None, None) => kind.to_owned(),
    }
}

/// A limit without the zeros that say nothing.
fn plain(value: &Value) -> String {
    let text = value.to_string();
    text.strip_suffix(".0").map_or(text.clone(), str::to_owned)
}

fn list(own: &Map<String, Value>, inner: &Map<String, Value>, definitions: &Definitions) -> String {
    let of = |key: &str| own.get(key).or_else(|| inner.get(key));
    let items = match of("items") {
        Some(Value::Object(items)) => range(items, definitions),
        _ => "any value".to_owned(),
    };
    let least = of("minItems").and_then(Value::as_u64).unwrap_or(0);
    match (least, of("maxItems").and_then(Value::as_u64)) {
        (least, Some(most)) if least == most => format!("a list of {least}, each {items}"),
        (0, _) => format!("a list, each {items}"),
        (least, _) => format!("a list of {least} or more, each {items}"),
    }
}

/// A table that is written inside its key, as `{ channels = […] }`.
fn object(inner: &Map<String, Value>, definitions: &Definitions) -> String {
    match (inner.get("properties"), inner.get("additionalProperties")) {
        (Some(Value::Object(keys)), _) => {
            let keys = keys.iter().filter_map(|(key, about)| Some((key, about.as_object()?)));
            let keys: Vec<String> =
                keys.map(|(key, about)| format!("`{key}`: {}", range(about, definitions))).collect();
            format!("a table with {}", keys.join(", "))
        }
        (None, Some(Value::Object(values))) => format!("a table, each value {}", range(values, definitions)),
        _ => "a table".to_owned(),
    }
}

/// `a, b or c`.
fn joined(mut all: Vec<String>) -> String {
    all.dedup();
    match all.pop() {
        Some(last) if !all.is_empty() => format!("{} or {last}", all.join(", ")),
        Some(only) => only,
        None => String::new(),
    }
}
