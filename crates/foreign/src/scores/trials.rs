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
    /// Whether people are not known: a label alone says which comparisons are mated.
    pub unnamed: bool,
    /// What labels of named rows say; empty where there are none.
    mated: Vec<bool>,
}

impl Part {
    /// Where labels contradict the names, these name recordings or models rather than people: labels alone hold then.
    pub fn settle(&mut self) {
        let same = self.enrol.iter().zip(&self.probe).map(|(enrol, probe)| enrol == probe);
        if self.mated.iter().copied().ne(same) && !self.mated.is_empty() {
            self.unnamed = true;
            self.enrol.iter_mut().for_each(|enrol| *enrol = 0);
            self.probe = self.mated.iter().map(|mated| u32::from(!mated)).collect();
            self.probe_id = Vec::new();
        }
    }

    /// Puts infinite scores, which log-likelihood ratios may be, beyond all others; how many there are.
    pub fn settle_infinite(&mut self) -> usize {
        let finite = self.score.iter().copied().filter(|score| score.is_finite());
        let (low, high) =
            finite.fold((0.0f64, 0.0f64), |(low, high), score| (low.min(score), high.max(score)));
        let beyond = (high - low).max(1.0);
        let infinite = self.score.iter_mut().filter(|score| score.is_infinite());
        infinite.map(|score| *score = if *score > 0.0 { high + beyond } else { low - beyond }).count()
    }
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
        if score.is_nan() {
            return Err(ForeignError::file(
                path,
                format!(
                    "row {row} has the score {score}, which is not a number: repair or remove the comparison at its source"
                ),
            ));
        }
        let subjects = (fields[Role::EnrolSubject as usize], fields[Role::ProbeSubject as usize]);
        if let (None, None, Some(label)) = (subjects.0, subjects.1, fields[Role::Mated as usize]) {
            let mated = is_mated(label).ok_or_else(|| no_label(path, row, label))?;
            let negate = self.negate;
            let part = self.part(by);
            part.unnamed = true;
            part.score.push(if negate { -score } else { score });
            part.enrol.push(0);
            part.probe.push(u32::from(!mated));
            return Ok(());
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

    /// Adds a row of a file without a header, whose label decides where names and label disagree.
    pub fn add_labelled(
        &mut self,
        path: &Path,
        row: u64,
        mut fields: [Option<&str>; 5],
        score: f64,
    ) -> Result<(), ForeignError> {
        if fields[Role::EnrolSubject as usize].is_none() {
            return self.add(path, row, fields, score, &[]);
        }
        let label = fields[Role::Mated as usize].take();
        self.add(path, row, fields, score, &[])?;
        if let Some(label) = label {
            let mated = is_mated(label).ok_or_else(|| no_label(path, row, label))?;
            self.part(&[]).mated.push(mated);
        }
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

/// What a label says of a comparison.
pub(super) fn is_mated(label: &str) -> Option<bool> {
    match label.to_ascii_lowercase().as_str() {
        "true" | "1" | "1.0" | "target" | "tar" | "tgt" | "mated" | "genuine" | "same" | "match" => {
            Some(true)
        }
        "false" | "0" | "0.0" | "-1" | "-1.0" | "nontarget" | "non" | "nontgt" | "imp" | "non-mated"
        | "nonmated" | "impostor" | "imposter" | "different" | "nonmatch" | "non-match" => Some(false),
        _ => None,
    }
}

fn no_label(path: &Path, row: u64, label: &str) -> ForeignError {
    let reason = format!(
        "row {row}: mated is {label:?}, which is neither true nor false; if the column means something else, leave it out"
    );
    ForeignError::file(path, reason)
}

fn check_mated(path: &Path, row: u64, label: &str, enrol: &str, probe: &str) -> Result<(), ForeignError> {
    let said = is_mated(label).ok_or_else(|| no_label(path, row, label))?;
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
