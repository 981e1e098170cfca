//! BIDS sidecars and the inheritance principle.
//!
//! A sidecar applies to every recording at its level or below whose name has all of the sidecar's entities (BIDS 1.9,
//! common principles, "the inheritance principle"). JSON values of a lower level replace those above; of tables the lowest holds.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};
use twinprint_signal::{Annotation, ChannelName, Hertz, Seconds};

use super::entities::Entities;
use super::{below, entries};
use crate::error::DatasetError;
use crate::table::Table;

/// The sidecars of a dataset, each folder listed once.
pub(crate) struct Sidecars<'a> {
    root: &'a Path,
    folders: HashMap<PathBuf, Vec<(Entities, PathBuf)>>,
    /// Levels at which more than one sidecar applies, which BIDS does not allow.
    pub(crate) notices: Vec<String>,
}

/// What `eeg.json` says that matters here.
#[derive(Debug, Default)]
pub(crate) struct Header {
    pub(crate) line_frequency: Option<Hertz>,
    pub(crate) sampling_frequency: Option<Hertz>,
}

/// What `channels.tsv` says that matters here.
#[derive(Debug, Default)]
pub(crate) struct Channels {
    pub(crate) bad: Vec<ChannelName>,
    pub(crate) other: Vec<ChannelName>,
    pub(crate) listed: Vec<ChannelName>,
}

impl<'a> Sidecars<'a> {
    pub(crate) fn new(root: &'a Path) -> Self {
        Self { root, folders: HashMap::new(), notices: Vec::new() }
    }

    /// The applying sidecars, from the root down.
    fn applying(
        &mut self,
        file: &Path,
        name: &Entities,
        suffix: &str,
        ending: &str,
    ) -> Result<Vec<PathBuf>, DatasetError> {
        let mut levels: Vec<&Path> =
            file.ancestors().skip(1).take_while(|level| level.starts_with(self.root)).collect();
        levels.reverse();
        let mut found = Vec::new();
        for level in levels {
            if !self.folders.contains_key(level) {
                self.folders.insert(level.to_owned(), list(level)?);
            }
            let here = self.folders.get(level).into_iter().flatten();
            let mut here: Vec<&(Entities, PathBuf)> = here
                .filter(|(e, _)| e.suffix == suffix && e.extension == ending && e.applies_to(name))
                .collect();
            here.sort_by_key(|(e, _)| e.pairs().len());
            if let [.., (first, one), (second, two)] = here.as_slice()
                && first.pairs().len() == second.pairs().len()
            {
                let (one, two) = (below(self.root, one), below(self.root, two));
                let notice = format!(
                    "{one} and {two} both apply to the same recordings: BIDS allows one a folder; {two} is used last"
                );
                if !self.notices.contains(&notice) {
                    self.notices.push(notice);
                }
            }
            found.extend(here.into_iter().map(|(_, path)| path.clone()));
        }
        Ok(found)
    }

    pub(crate) fn header(&mut self, file: &Path, name: &Entities) -> Result<Header, DatasetError> {
        let mut merged = Map::new();
        let suffix = name.suffix.clone();
        let mut last = file.to_owned();
        for path in self.applying(file, name, &suffix, ".json")? {
            merged.extend(object(&path)?);
            last = path;
        }
        Ok(Header {
            line_frequency: frequency(&merged, "PowerLineFrequency", &last)?,
            sampling_frequency: frequency(&merged, "SamplingFrequency", &last)?,
        })
    }

    pub(crate) fn channels(&mut self, file: &Path, name: &Entities) -> Result<Channels, DatasetError> {
        let Some(path) = self.applying(file, name, "channels", ".tsv")?.pop() else {
            return Ok(Channels::default());
        };
        let table = Table::read(&path)?;
        let label = table.require("name")?;
        let (kind, status) = (table.position("type"), table.position("status"));
        let mut channels = Channels::default();
        for (row_at, row) in table.rows().iter().enumerate() {
            let Some(channel) = &row[label] else {
                return Err(table.error(format!("line {}: a channel without a name", table.line(row_at))));
            };
            let channel = ChannelName::new(channel);
            channels.listed.push(channel.clone());
            let is = |column: Option<usize>, value: &str| {
                column.and_then(|c| row[c].as_ref()).map(|cell| cell.eq_ignore_ascii_case(value))
            };
            if is(kind, "EEG") == Some(false) {
                channels.other.push(channel);
            } else if is(status, "bad") == Some(true) {
                channels.bad.push(channel);
            }
        }
        Ok(channels)
    }

    /// The events, where there is an `events.tsv`; the second value counts rows without an onset.
    pub(crate) fn events(
        &mut self,
        file: &Path,
        name: &Entities,
    ) -> Result<Option<(Vec<Annotation>, usize)>, DatasetError> {
        let Some(path) = self.applying(file, name, "events", ".tsv")?.pop() else {
            return Ok(None);
        };
        let table = Table::read(&path)?;
        let (onset, duration) = (table.require("onset")?, table.position("duration"));
        let label: Vec<usize> =
            ["trial_type", "value", "stim_type"].iter().filter_map(|c| table.position(c)).collect();
        let mut events = Vec::with_capacity(table.rows().len());
        let mut without_onset = 0;
        for (row_at, row) in table.rows().iter().enumerate() {
            let seconds = |column: usize| -> Result<Option<Seconds>, DatasetError> {
                let Some(cell) = row[column].as_ref().filter(|cell| !cell.eq_ignore_ascii_case("nan")) else {
                    return Ok(None);
                };
                let number = cell.parse().ok().and_then(|value| Seconds::new(value).ok());
                let what = &table.columns()[column];
                number.map(Some).ok_or_else(|| {
                    table.error(format!(
                        "line {}: the {what} {cell:?} is not a number of seconds",
                        table.line(row_at)
                    ))
                })
            };
            let Some(onset) = seconds(onset)? else {
                without_onset += 1;
                continue;
            };
            events.push(Annotation {
                onset,
                duration: duration.map(seconds).transpose()?.flatten().filter(|d| d.get() >= 0.0),
                label: label.iter().find_map(|c| row[*c].clone()).unwrap_or_default(),
            });
        }
        events.sort_by(|a, b| a.onset.get().total_cmp(&b.onset.get()));
        Ok(Some((events, without_onset)))
    }
}

fn list(folder: &Path) -> Result<Vec<(Entities, PathBuf)>, DatasetError> {
    let named = entries(folder)?.into_iter().filter_map(|path| {
        let entities = Entities::parse(path.file_name()?.to_str()?).ok()?;
        matches!(entities.extension.as_str(), ".json" | ".tsv").then_some((entities, path))
    });
    Ok(named.collect())
}

fn object(path: &Path) -> Result<Map<String, Value>, DatasetError> {
    let bytes = std::fs::read(path).map_err(|source| DatasetError::Read { path: path.into(), source })?;
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
    serde_json::from_slice(bytes).map_err(|source| DatasetError::Json { path: path.into(), source })
}

fn frequency(header: &Map<String, Value>, key: &str, path: &Path) -> Result<Option<Hertz>, DatasetError> {
    let failed = |value: &Value| DatasetError::Sidecar {
        path: path.into(),
        reason: format!("{key} is {value}: it must be a number of hertz above 0, or \"n/a\""),
    };
    match header.get(key) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if text == "n/a" => Ok(None),
        Some(value) => {
            let number = value.as_f64().and_then(|hz| Hertz::new(hz).ok());
            number.map(Some).ok_or_else(|| failed(value))
        }
    }
}
