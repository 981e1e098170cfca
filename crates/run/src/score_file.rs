//! The file of scores read back, one system at one probe length at a time.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::ops::Range;
use std::path::{Path, PathBuf};

use ndarray::{Array2, s};
use polars::prelude::{DataFrame, PolarsError, PolarsResult};
use twinprint_evaluation::{Blocks, Sides};

use crate::RunError;
use crate::tables::{height, read_slice};

/// Rows read at a time.
const AT_ONCE: usize = 1 << 17;
/// What is wrong with rows that no evaluation wrote.
const NO_TABLE: &str =
    "its rows are not every template of a fold with every probe: run `twinprint evaluate` again";

/// Where the scores of each system and probe length stand.
pub(crate) struct ScoreFile {
    path: PathBuf,
    /// Rows of one system and probe length that follow one another, in the order of the file.
    parts: Vec<(String, f64, Range<usize>)>,
}

/// The trials of one system at one probe length as they were written: four bytes each.
pub(crate) struct WrittenTrials {
    folds: Vec<WrittenFold>,
    /// Tells these templates and probes, in this order, from others.
    pub(crate) ids: u64,
    /// In the order of their numbers.
    pub(crate) people: Vec<String>,
}

struct WrittenFold {
    templates: Vec<u32>,
    probes: Vec<u32>,
    scores: Array2<f32>,
}

impl ScoreFile {
    /// Looks where everything stands.
    pub(crate) fn open(path: &Path) -> Result<Self, RunError> {
        let mut file = Self { path: path.to_owned(), parts: Vec::new() };
        let rows = height(path)?;
        let mut parts: Vec<(String, f64, Range<usize>)> = Vec::new();
        file.rows(0..rows, &["system", "probe_seconds"], |first, table| {
            let (systems, lengths) = (table.column("system")?.str()?, table.column("probe_seconds")?.f64()?);
            for (row, (system, seconds)) in systems.iter().zip(lengths.iter()).enumerate() {
                let (system, seconds) = (system.unwrap_or_default(), seconds.unwrap_or_default());
                match parts.last_mut() {
                    Some((name, length, rows)) if name == system && *length == seconds => rows.end += 1,
                    _ => parts.push((system.to_owned(), seconds, first + row..first + row + 1)),
                }
            }
            Ok(())
        })?;
        file.parts = parts;
        Ok(file)
    }

    /// Reads some columns of some rows, part by part; `take` is told the number of the first row of each part.
    fn rows(
        &self,
        rows: Range<usize>,
        columns: &[&str],
        mut take: impl FnMut(usize, &DataFrame) -> PolarsResult<()>,
    ) -> Result<(), RunError> {
        let failed = |source: PolarsError| RunError::table(self.path.clone(), source);
        for first in rows.clone().step_by(AT_ONCE) {
            let table = read_slice(&self.path, columns, first..rows.end.min(first + AT_ONCE))?;
            take(first, &table).map_err(failed)?;
        }
        Ok(())
    }

    /// A system's trials, its people numbered by the order of their names as in the run; only people that the results are
    /// about. Nothing where the file has none of that length.
    pub(crate) fn trials(
        &self,
        system: &str,
        seconds: f64,
        is_about: impl Fn(&str) -> bool,
    ) -> Result<Option<WrittenTrials>, RunError> {
        let mut reading = Reading::default();
        let columns = ["fold", "enrol", "probe", "enrol_subject", "probe_subject", "score"];
        for (name, length, rows) in &self.parts {
            if name == system && *length == seconds {
                self.rows(rows.clone(), &columns, |_, table| reading.take(table, &is_about))?;
            }
        }
        let trials = reading.finish().ok_or_else(|| RunError::run_folder(self.path.clone(), NO_TABLE))?;
        Ok((!trials.folds.is_empty()).then_some(trials))
    }
}

/// Rows read so far.
#[derive(Default)]
struct Reading {
    folds: Vec<ReadFold>,
    ids: DefaultHasher,
}

#[derive(Default)]
struct ReadFold {
    fold: u32,
    /// Of the last row.
    template: String,
    enrolled: Vec<String>,
    probed: Vec<String>,
    scores: Vec<f32>,
}

impl Reading {
    fn take(&mut self, table: &DataFrame, is_about: &impl Fn(&str) -> bool) -> PolarsResult<()> {
        let text = |name: &str| table.column(name)?.str();
        let (enrol, probe) = (text("enrol")?, text("probe")?);
        let (enrolled, probed) = (text("enrol_subject")?, text("probe_subject")?);
        let (folds, scores) = (table.column("fold")?.u32()?, table.column("score")?.f32()?);
        for row in 0..table.height() {
            let own = enrolled.get(row).unwrap_or_default();
            if !is_about(own) {
                continue;
            }
            let (template, other) = (enrol.get(row).unwrap_or_default(), probe.get(row).unwrap_or_default());
            (template, other).hash(&mut self.ids);
            let number = folds.get(row).unwrap_or_default();
            if self.folds.last().is_none_or(|fold| fold.fold != number) {
                self.folds.push(ReadFold { fold: number, ..ReadFold::default() });
            }
            let Some(fold) = self.folds.last_mut() else { continue };
            if fold.enrolled.is_empty() || fold.template != template {
                template.clone_into(&mut fold.template);
                fold.enrolled.push(own.to_owned());
            }
            if fold.enrolled.len() == 1 {
                fold.probed.push(probed.get(row).unwrap_or_default().to_owned());
            }
            fold.scores.push(scores.get(row).unwrap_or(f32::NAN));
        }
        Ok(())
    }

    /// Nothing where a fold is not all of its templates with all of its probes.
    fn finish(self) -> Option<WrittenTrials> {
        let names = self.folds.iter().flat_map(|fold| fold.enrolled.iter().chain(&fold.probed));
        let mut people: BTreeMap<String, u32> = names.map(|name| (name.clone(), 0)).collect();
        for (number, slot) in people.values_mut().enumerate() {
            *slot = number as u32;
        }
        let numbers = |names: &[String]| -> Vec<u32> { names.iter().map(|name| people[name]).collect() };
        let written = |fold: ReadFold| {
            let (templates, probes) = (numbers(&fold.enrolled), numbers(&fold.probed));
            let scores = Array2::from_shape_vec((templates.len(), probes.len()), fold.scores).ok()?;
            Some(WrittenFold { templates, probes, scores })
        };
        let folds = self.folds.into_iter().map(written).collect::<Option<_>>()?;
        Some(WrittenTrials { folds, ids: self.ids.finish(), people: people.into_keys().collect() })
    }
}

impl Blocks for WrittenTrials {
    fn folds(&self) -> usize {
        self.folds.len()
    }

    fn sides(&self, fold: usize) -> Sides<'_> {
        let fold = &self.folds[fold];
        Sides { templates: &fold.templates, probes: &fold.probes }
    }

    fn scores(&self, fold: usize, templates: Range<usize>, probes: Range<usize>) -> Array2<f64> {
        self.folds[fold].scores.slice(s![templates, probes]).mapv(f64::from)
    }
}
