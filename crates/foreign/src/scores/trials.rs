//! The rows of a score file, numbers for names, part by part.

use std::collections::HashMap;
use std::path::Path;

use super::{Layout, Role, ScoreOptions};
use crate::ForeignError;

/// All rows of a file.
#[derive(Debug, Default)]
pub(super) struct Table {
    pub subjects: Names,
    pub parts: Vec<Part>,
    by_names: Vec<String>,
    has_probes: bool,
    probes: Names,
    places: HashMap<Vec<String>, usize>,
    latest: usize,
    negate: bool,
}

/// The rows that agree in the columns to group by.
#[derive(Debug, Default)]
pub(super) struct Part {
    /// Column and value.
    pub group: Vec<(String, String)>,
    pub score: Vec<f64>,
    pub enrol: Vec<u32>,
    pub probe: Vec<u32>,
    /// A number for each probe; empty where the file does not name them.
    pub probe_id: Vec<u32>,
}

/// Names and their numbers, in the order of appearance.
#[derive(Debug, Default)]
pub(super) struct Names {
    numbers: HashMap<String, u32>,
    latest: Option<(String, u32)>,
}

impl Names {
    fn number(&mut self, name: &str) -> u32 {
        if let Some((known, number)) = &self.latest
            && known == name
        {
            return *number;
        }
        let number = match self.numbers.get(name) {
            Some(number) => *number,
            None => {
                let next = self.numbers.len() as u32;
                self.numbers.insert(name.to_owned(), next);
                next
            }
        };
        self.latest = Some((name.to_owned(), number));
        number
    }

    /// All names, in alphabetical order.
    pub fn sorted(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self.numbers.keys().map(String::as_str).collect();
        names.sort_unstable();
        names
    }

    /// The numbers of `names` for those that `other` knows as well, by the other's number.
    pub fn shared(&self, other: &Names) -> usize {
        other.numbers.keys().filter(|name| self.numbers.contains_key(*name)).count()
    }

    /// One of the names that `other` knows as well.
    pub fn first_shared<'a>(&'a self, other: &Names) -> Option<&'a str> {
        self.numbers.keys().filter(|name| other.numbers.contains_key(*name)).min().map(String::as_str)
    }
}

impl Table {
    pub fn new(by_names: &[String], has_probes: bool, options: &ScoreOptions) -> Self {
        Self { by_names: by_names.to_vec(), has_probes, negate: options.distance, ..Self::default() }
    }

    pub fn of(layout: &Layout, options: &ScoreOptions) -> Self {
        Self::new(&layout.by_names, layout.place(Role::Probe).is_some(), options)
    }

    pub fn is_empty(&self) -> bool {
        self.parts.iter().all(|part| part.score.is_empty())
    }

    /// Adds a row; `fields` by [`Role::ALL`], `row` counts from 1.
    pub fn add(
        &mut self,
        path: &Path,
        row: u64,
        fields: [Option<&str>; 5],
        score: f64,
        by: &[&str],
    ) -> Result<(), ForeignError> {
        let text = |role: Role| match fields[role as usize] {
            Some(text) if !text.is_empty() => Ok(text),
            _ => Err(ForeignError::file(path, format!("row {row} has no {}", role.name()))),
        };
        if !score.is_finite() {
            return Err(ForeignError::file(
                path,
                format!(
                    "row {row} has the score {score}, which is not a finite number: repair or remove the comparison at its source"
                ),
            ));
        }
        let (enrol_name, probe_name) = (text(Role::EnrolSubject)?, text(Role::ProbeSubject)?);
        if let Some(mated) = fields[Role::Mated as usize] {
            check_mated(path, row, mated, enrol_name, probe_name)?;
        }
        let (enrol, probe) = (self.subjects.number(enrol_name), self.subjects.number(probe_name));
        let id = match self.has_probes {
            // A label may be used again for another subject.
            true => Some(self.probes.number(&format!("{probe}\u{1f}{}", text(Role::Probe)?))),
            false => None,
        };
        let negate = self.negate;
        let part = self.part(by);
        part.score.push(if negate { -score } else { score });
        part.enrol.push(enrol);
        part.probe.push(probe);
        part.probe_id.extend(id);
        Ok(())
    }

    fn part(&mut self, by: &[&str]) -> &mut Part {
        let same = |part: &Part| part.group.iter().zip(by).all(|((_, known), value)| known == value);
        if !self.parts.get(self.latest).is_some_and(same) {
            let key: Vec<String> = by.iter().map(|value| (*value).to_owned()).collect();
            let next = self.parts.len();
            self.latest = *self.places.entry(key.clone()).or_insert(next);
            if self.latest == next {
                let group = self.by_names.iter().cloned().zip(key).collect();
                self.parts.push(Part { group, ..Part::default() });
            }
        }
        &mut self.parts[self.latest]
    }
}

fn check_mated(path: &Path, row: u64, mated: &str, enrol: &str, probe: &str) -> Result<(), ForeignError> {
    let said = match mated.to_ascii_lowercase().as_str() {
        "true" | "1" => true,
        "false" | "0" => false,
        _ => {
            return Err(ForeignError::file(
                path,
                format!(
                    "row {row}: mated is {mated:?}, which is neither true nor false; if the column means something else, leave it out"
                ),
            ));
        }
    };
    if said != (enrol == probe) {
        return Err(ForeignError::file(
            path,
            format!(
                "row {row} calls the comparison of {enrol:?} with {probe:?} mated = {said}: the subjects say otherwise"
            ),
        ));
    }
    Ok(())
}
