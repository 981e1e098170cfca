//! The page of every key: a section a table, a row a key.

use std::fmt::Write;

use serde_json::Value;

use super::definitions::{Definitions, Schema, choices, joined, keys, kind};
use super::pipeline_schema;
use super::range::{literal, range};

const HEAD: &str = "\
# Every key of a pipeline

Made by `twinprint schema --page` from the structs that read pipelines. [Pipelines](pipelines.md) says how pipelines are written. The keys
above the first table of a file come first, then a section for each table. Ranges are those of each key alone; `twinprint check` also looks
at which keys go together.
";

/// The reference of every key of a pipeline, in Markdown: its default, its range, what it is for.
pub fn keys_page() -> String {
    let schema = pipeline_schema();
    let empty = Schema::new();
    let root = schema.as_object().unwrap_or(&empty);
    let definitions = Definitions::of(root);
    let mut page = format!("{HEAD}\n");
    rows(root, &definitions, &mut page);
    sections(root, "", &definitions, &mut page);
    page
}

/// A section for every table below one, in the order of its keys.
fn sections<'a>(table: &'a Schema, place: &str, definitions: &Definitions<'a>, page: &mut String) {
    for (key, about) in definitions.all_keys(table) {
        let place = joined(place, key);
        let Some(below) = definitions.table(about) else { continue };
        let title = below.title(&place);
        if !definitions.stands_at(&below, &title) {
            continue;
        }
        let _ = write!(page, "\n## `{title}`\n\n");
        if let Some(about) = below.schema.get("description").and_then(Value::as_str) {
            let _ = write!(page, "{about}\n\n");
        }
        if below.schema.contains_key("properties") {
            rows(below.schema, definitions, page);
        }
        for (index, choice) in choices(below.schema).unwrap_or_default().into_iter().enumerate() {
            let Some((key, value)) = kind(choice) else { continue };
            let is_first = index == 0;
            let about = choice.get("description").and_then(Value::as_str).unwrap_or_default();
            let _ = write!(page, "{}`{key} = {value}`: {about}\n\n", if is_first { "" } else { "\n" });
            if keys(choice).len() > 1 {
                rows(choice, definitions, page);
            }
        }
        sections(below.schema, &place, definitions, page);
    }
}

/// The rows of a table's keys.
fn rows(table: &Schema, definitions: &Definitions, page: &mut String) {
    *page += "| key | default | values | purpose |\n| --- | --- | --- | --- |\n";
    let needed = table.get("required").and_then(Value::as_array);
    for (key, about) in keys(table).into_iter().filter(|(_, about)| !about.contains_key("const")) {
        let is_needed = needed.is_some_and(|needed| needed.iter().any(|one| one == key));
        let values = range(about, definitions);
        let is_list = definitions.resolved(about).get("type").is_some_and(|kind| kind == "array");
        let default = match about.get("default") {
            // A text that must not be empty is none that has a default.
            None if is_needed || about.contains_key("minLength") => "needed".to_owned(),
            Some(Value::Object(_)) => "as there".to_owned(),
            Some(value) => literal(value),
            None if is_list => "`[]`".to_owned(),
            None => "none".to_owned(),
        };
        let purpose = purpose(about, definitions).replace('|', "\\|");
        let _ = writeln!(page, "| `{key}` | {default} | {values} | {purpose} |");
    }
}

/// What a key is for, and what each of its choices means where they say so.
fn purpose(about: &Schema, definitions: &Definitions) -> String {
    let mut text = about.get("description").and_then(Value::as_str).unwrap_or_default().to_owned();
    let inner = definitions.resolved(about);
    let inner = match inner.get("items").and_then(Value::as_object) {
        Some(items) => definitions.resolved(items),
        None => inner,
    };
    for choice in choices(inner).unwrap_or_default() {
        let value = match (choice.get("const"), keys(choice).first()) {
            (Some(value), _) => literal(value),
            (None, Some((key, _))) if kind(choice).is_none() => format!("`{{ {key} = … }}`"),
            _ => continue,
        };
        if let Some(means) = choice.get("description").and_then(Value::as_str) {
            let _ = write!(text, "<br>{value}: {means}");
        }
    }
    text
}
