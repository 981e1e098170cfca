//! Some rows of a table of features, chosen by what they say of themselves.

use std::collections::BTreeSet;
use std::path::Path;

use twinprint_signal::{RowInfo, one_name_twice};

use crate::ForeignError;

/// Which rows of a file are meant: `KEY=VALUE` pairs that must all hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filter {
    option: &'static str,
    pairs: Vec<(String, String)>,
}

impl Filter {
    /// Takes pairs as `session=1`: subject, session, recording, fold, role, or the name of a label. `option` is what they were
    /// given as, for messages.
    ///
    /// # Errors
    /// When an entry is no pair.
    pub fn new(option: &'static str, pairs: &[String]) -> Result<Self, ForeignError> {
        let pair = |given: &String| match given.split_once('=') {
            Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
            _ => Err(ForeignError::Request(format!(
                "{option} {given}: write KEY=VALUE, as in {option} session=1"
            ))),
        };
        Ok(Self { option, pairs: pairs.iter().map(pair).collect::<Result<_, _>>()? })
    }

    /// Whether nothing is left out.
    pub fn is_empty(&self) -> bool {
        self.pairs.is_empty()
    }

    /// The rows of the file at `path` that all pairs hold for, in the file's order.
    ///
    /// # Errors
    /// When there is none: the error says what the rows have instead. When other rows have a spelling of a value asked for.
    pub fn rows(&self, path: &Path, infos: &[RowInfo]) -> Result<Vec<usize>, ForeignError> {
        let holds = |info: &RowInfo| {
            self.pairs.iter().all(|(key, value)| text(info, key).as_deref() == Some(value.as_str()))
        };
        let rows: Vec<usize> = (0..infos.len()).filter(|&row| holds(&infos[row])).collect();
        if rows.is_empty() {
            return Err(ForeignError::file(path, self.missed(infos)));
        }
        match self.pairs.iter().find_map(|pair| self.alike(infos, pair)) {
            Some(reason) => Err(ForeignError::file(path, reason)),
            None => Ok(rows),
        }
    }

    /// What to say where rows have another spelling of the value asked for, which would be left out without a word.
    fn alike(&self, infos: &[RowInfo], (key, value): &(String, String)) -> Option<String> {
        let mut others = infos.iter().filter_map(|info| text(info, key)).filter(|other| other != value);
        let other = others.find(|other| one_name_twice([value.as_str(), other.as_str()]).is_some())?;
        Some(format!(
            "{} {key}={value} leaves out the rows of {key}={other}: if they are one, spell them alike, or else give them names that differ in more",
            self.option
        ))
    }

    fn missed(&self, infos: &[RowInfo]) -> String {
        let given: Vec<String> =
            self.pairs.iter().map(|(key, value)| format!("{} {key}={value}", self.option)).collect();
        let found: Vec<String> =
            self.pairs.iter().filter_map(|(key, value)| other(infos, key, value)).collect();
        let found =
            if found.is_empty() { "no row has all of them at once".to_owned() } else { found.join("; ") };
        format!("none of its {} rows is left by {}: {found}", infos.len(), given.join(" "))
    }
}

/// What the rows have where none has `key=value`.
fn other(infos: &[RowInfo], key: &str, value: &str) -> Option<String> {
    let mut values: BTreeSet<String> = infos.iter().filter_map(|info| text(info, key)).collect();
    if values.contains(value) {
        return None;
    }
    if values.is_empty() {
        let labels: BTreeSet<&String> = infos.iter().flat_map(|info| info.epoch.labels.keys()).collect();
        let keys = ["subject", "session", "recording", "fold", "role"].into_iter();
        let keys: Vec<&str> = keys.chain(labels.into_iter().map(String::as_str)).collect();
        return Some(format!("no row has a {key}; choose from {}", keys.join(", ")));
    }
    let more = if values.len() > 8 { format!(", … ({} in all)", values.len()) } else { String::new() };
    let shown: Vec<String> = std::iter::from_fn(|| values.pop_first()).take(8).collect();
    Some(format!("{key} is {}{more}", shown.join(", ")))
}

fn text(info: &RowInfo, key: &str) -> Option<String> {
    match key {
        "subject" => Some(info.epoch.key.subject.to_string()),
        "session" => Some(info.epoch.key.session.to_string()),
        "recording" => Some(info.epoch.key.recording.to_string()),
        "fold" => info.fold.map(|fold| fold.to_string()),
        "role" => info.role.clone(),
        label => info.epoch.labels.get(label).cloned(),
    }
}
