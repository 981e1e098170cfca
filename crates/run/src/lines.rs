//! Where in a text of TOML a key stands, and which key stands at a place.

use toml::de::{DeTable, DeValue};

/// The line (from 1) of a place in a text.
pub(crate) fn line_of(text: &str, offset: usize) -> usize {
    1 + text.get(..offset).unwrap_or_default().matches('\n').count()
}

/// The line (from 1) on which a text sets `key.path`, if it does; a part that is a number counts tables of a list.
pub(crate) fn line_in(text: &str, key: &str) -> Option<usize> {
    let mut value = DeValue::Table(DeTable::parse(text).ok()?.into_inner());
    let mut at = None;
    for part in key.split('.') {
        let (start, inner) = match value {
            DeValue::Table(table) => {
                let (name, inner) = table.into_iter().find(|(name, _)| name.get_ref() == part)?;
                (name.span().start, inner)
            }
            DeValue::Array(list) => {
                let inner = list.into_iter().nth(part.parse().ok()?)?;
                (inner.span().start, inner)
            }
            _ => return None,
        };
        at = Some(line_of(text, start));
        value = inner.into_inner();
    }
    at
}

/// The key that stands at a place of a text, or the table around it.
pub(crate) fn key_at(text: &str, offset: usize) -> String {
    fn walk(value: &DeValue, offset: usize, parts: &mut Vec<String>) {
        match value {
            DeValue::Table(table) => {
                let own = table.iter().find(|(name, inner)| {
                    name.span().contains(&offset)
                        || inner.span().contains(&offset)
                        || holds(inner.get_ref(), offset)
                });
                if let Some((name, inner)) = own {
                    parts.push(name.get_ref().to_string());
                    walk(inner.get_ref(), offset, parts);
                }
            }
            DeValue::Array(list) => {
                let own = list
                    .iter()
                    .position(|inner| inner.span().contains(&offset) || holds(inner.get_ref(), offset));
                if let Some(index) = own {
                    parts.push(index.to_string());
                    walk(list[index].get_ref(), offset, parts);
                }
            }
            _ => {}
        }
    }
    /// Whether a table whose head stands elsewhere has a key at the place.
    fn holds(value: &DeValue, offset: usize) -> bool {
        match value {
            DeValue::Table(table) => table.iter().any(|(name, inner)| {
                name.span().contains(&offset)
                    || inner.span().contains(&offset)
                    || holds(inner.get_ref(), offset)
            }),
            DeValue::Array(list) => {
                list.iter().any(|inner| inner.span().contains(&offset) || holds(inner.get_ref(), offset))
            }
            _ => false,
        }
    }
    let mut parts = Vec::new();
    if let Ok(table) = DeTable::parse(text) {
        walk(&DeValue::Table(table.into_inner()), offset, &mut parts);
    }
    parts.join(".")
}
