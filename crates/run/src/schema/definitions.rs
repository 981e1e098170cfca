//! The named schemas of pipelines, and in which of their tables each is described.

use std::collections::{BTreeMap, VecDeque};

use serde_json::{Map, Value};

pub(super) type Schema = Map<String, Value>;

/// The named schemas, and where in a pipeline the table of each is described.
pub(super) struct Definitions<'a> {
    schemas: Option<&'a Schema>,
    titles: BTreeMap<&'a str, String>,
}

impl<'a> Definitions<'a> {
    pub(super) fn of(root: &'a Schema) -> Self {
        let schemas = root.get("definitions").and_then(Value::as_object);
        let mut known = Self { schemas, titles: BTreeMap::new() };
        // The tables nearest to the root first, so that `[preprocess]` is described there and not at a cohort's.
        let mut waiting = VecDeque::from([(String::new(), root)]);
        while let Some((place, table)) = waiting.pop_front() {
            for (key, about) in known.all_keys(table) {
                let Some(below) = known.table(about) else { continue };
                if !known.titles.contains_key(below.name) {
                    let place = joined(&place, key);
                    known.titles.insert(below.name, below.title(&place));
                    waiting.push_back((place, below.schema));
                }
            }
        }
        known
    }

    /// The name of the schema that another one refers to.
    fn name(schema: &Schema) -> Option<&str> {
        let only = schema.get("allOf").and_then(Value::as_array).and_then(|all| all.first()?.as_object());
        only.unwrap_or(schema).get("$ref")?.as_str()?.strip_prefix("#/definitions/")
    }

    /// The schema that another one refers to, or itself.
    pub(super) fn resolved<'b>(&self, schema: &'b Schema) -> &'b Schema
    where
        'a: 'b,
    {
        Self::name(schema).and_then(|name| self.schemas?.get(name)?.as_object()).unwrap_or(schema)
    }

    /// A link to where the table of a schema is described.
    pub(super) fn link(&self, schema: &Schema) -> Option<String> {
        let title = self.titles.get(Self::name(schema)?)?;
        let anchor: String = title.chars().filter(|c| c.is_alphanumeric() || *c == '_').collect();
        Some(format!("[`{title}`](#{anchor})"))
    }

    /// Whether a table is described under a title.
    pub(super) fn stands_at(&self, table: &Table, title: &str) -> bool {
        self.titles.get(table.name).is_some_and(|known| known == title)
    }

    /// The table that a key holds, alone, in a list, or as a value that can be switched off.
    pub(super) fn table(&self, about: &'a Schema) -> Option<Table<'a>> {
        let schema = self.resolved(about);
        if let Some(name) = Self::name(about)
            && (schema.contains_key("properties") || is_of_kinds(schema))
        {
            return Some(Table { name, schema, is_list: false });
        }
        if let Some(Value::Object(items)) = schema.get("items") {
            return self.table(items).map(|table| Table { is_list: true, ..table });
        }
        choices(schema)?
            .into_iter()
            .filter(|choice| choice.contains_key("$ref"))
            .find_map(|choice| self.table(choice))
    }

    /// The keys of a table, those of all its kinds together.
    pub(super) fn all_keys(&self, table: &'a Schema) -> Vec<(&'a str, &'a Schema)> {
        let kinds = choices(table).unwrap_or_default();
        std::iter::once(table).chain(kinds).flat_map(|one| keys(one)).collect()
    }
}

/// A table of a pipeline.
pub(super) struct Table<'a> {
    /// The name of its schema.
    name: &'a str,
    pub(super) schema: &'a Schema,
    /// Whether there may be several, `[[…]]`.
    is_list: bool,
}

impl Table<'_> {
    pub(super) fn title(&self, place: &str) -> String {
        if self.is_list { format!("[[{place}]]") } else { format!("[{place}]") }
    }
}

/// The place of a key below a table.
pub(super) fn joined(place: &str, key: &str) -> String {
    if place.is_empty() { key.to_owned() } else { format!("{place}.{key}") }
}

/// The keys of a table, each with what the schema says of it.
pub(super) fn keys(table: &Schema) -> Vec<(&str, &Schema)> {
    let keys = table.get("properties").and_then(Value::as_object).into_iter().flatten();
    keys.filter_map(|(key, about)| Some((key.as_str(), about.as_object()?))).collect()
}

/// The key that says of which kind a table is, and its value here: `name = "triplet"`.
pub(super) fn kind(table: &Schema) -> Option<(&str, &Value)> {
    keys(table).into_iter().find_map(|(key, about)| Some((key, about.get("const")?)))
}

fn is_of_kinds(schema: &Schema) -> bool {
    choices(schema).is_some_and(|all| !all.is_empty() && all.iter().all(|choice| kind(choice).is_some()))
}

/// The choices of a schema that allows one of several.
pub(super) fn choices(schema: &Schema) -> Option<Vec<&Schema>> {
    let all = schema.get("oneOf").or_else(|| schema.get("anyOf"))?.as_array()?;
    Some(all.iter().filter_map(Value::as_object).collect())
}
