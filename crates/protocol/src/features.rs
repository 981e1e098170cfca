//! Whether a column among somebody's features tells who the person is.

use std::collections::BTreeMap;

use twinprint_signal::{RecordingKey, SubjectId};

use crate::leak::judge;
use crate::{Leak, LeakError, Notice, Row};

/// Under these names tables keep whose a row is; compared in small letters, with `_` for spaces and hyphens.
const IDENTIFIERS: [&str; 12] = [
    "id",
    "name",
    "subject",
    "subject_id",
    "participant",
    "participant_id",
    "person",
    "person_id",
    "patient",
    "patient_id",
    "user",
    "user_id",
];

/// Looks for columns that identify people among features: `rows` says of which recording each row is, and every column
/// comes with its name and one value a row.
///
/// Such a column differs between people, and it has the name of an identifier, numbers the rows, or never changes within a
/// person, as no measurement of EEG does. The last can only be seen of people with two rows or more, and takes two of them.
///
/// # Errors
/// [`Leak::IdentityInFeatures`] for every such column, unless it is among `allowed`, each with two rows that differ.
pub fn check_features<'a, V: IntoIterator<Item = f32>>(
    rows: &[&RecordingKey],
    columns: impl IntoIterator<Item = (&'a str, V)>,
    allowed: &[Leak],
) -> Result<Vec<Notice>, Vec<LeakError>> {
    let found = columns.into_iter().filter_map(|(name, values)| identifies(rows, name, values)).collect();
    judge(found, allowed, Vec::new())
}

/// What a column holds of one person.
struct Held<'a> {
    key: &'a RecordingKey,
    value: f32,
    rows: usize,
}

fn identifies(
    rows: &[&RecordingKey],
    name: &str,
    values: impl IntoIterator<Item = f32>,
) -> Option<LeakError> {
    let values: Vec<f32> = values.into_iter().collect();
    let is_named = IDENTIFIERS.contains(&name.trim().to_lowercase().replace([' ', '-'], "_").as_str());
    let is_number = numbers_rows(&values);
    let mut people: BTreeMap<&SubjectId, Held> = BTreeMap::new();
    for (&key, &value) in rows.iter().zip(&values) {
        let held = people.entry(&key.subject).or_insert(Held { key, value, rows: 0 });
        held.rows += 1;
        if held.value.to_bits() != value.to_bits() && !is_named && !is_number {
            return None;
        }
    }
    let mut people = people.values().filter(|held| is_named || is_number || held.rows > 1);
    let first = people.next()?;
    let other = people.find(|held| held.value.to_bits() != first.value.to_bits())?;
    let how = match (is_named, is_number) {
        (true, _) => "has the name of an identifier",
        (_, true) => "numbers the rows",
        _ => "never changes within a person",
    };
    let row = |held: &Held| Row::new("feature", held.key, format!("{name} = {}", held.value));
    Some(LeakError {
        leak: Leak::IdentityInFeatures,
        fold: None,
        what: format!("column {name} {how} and differs between people"),
        rows: [row(first), row(other)],
    })
}

/// Whether whole numbers grow from every row to the next; of fewer than five rows nobody can tell.
fn numbers_rows(values: &[f32]) -> bool {
    values.len() >= 5
        && values.iter().all(|value| value.fract() == 0.0)
        && values.windows(2).all(|pair| pair[0] < pair[1])
}
