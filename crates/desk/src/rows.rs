//! Prints that were made elsewhere, as enrolment and probes.

use std::collections::BTreeSet;
use std::path::Path;

use ndarray::{Array2, Axis};
use twinprint_gallery::{Acquisition, Lock, Source};
use twinprint_signal::{SubjectId, directions};

use crate::DeskError;
use crate::acquire::Acquired;
use twinprint_foreign::{FeatureTable, Filter, read_features};

/// Whether a path names a file of features rather than a recording.
pub(crate) fn is_table(path: &Path) -> bool {
    let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default().to_lowercase();
    ["h5", "hdf5", "parquet", "csv"].contains(&ending.as_str())
}

/// Rows of a file, all of one encoder.
pub(crate) struct Rows {
    table: FeatureTable,
    rows: Vec<usize>,
    path: std::path::PathBuf,
}

impl Rows {
    /// Reads a file and keeps the rows that the filter holds for.
    ///
    /// # Errors
    /// When the file is refused or no row is left.
    pub(crate) fn read(path: &Path, filter: &Filter) -> Result<Self, DeskError> {
        let table = read_features(path)?;
        let rows = filter
            .rows(&table.infos)
            .map_err(|reason| DeskError::Recording { path: path.to_owned(), reason })?;
        Ok(Self { table, rows, path: path.to_owned() })
    }

    /// The people in the rows, in alphabetical order.
    pub(crate) fn subjects(&self) -> BTreeSet<SubjectId> {
        self.rows.iter().map(|&row| self.table.infos[row].epoch.key.subject.clone()).collect()
    }

    /// What made the rows: an encoder by its hash and fold, or the names of the columns.
    ///
    /// # Errors
    /// When rows of several folds are mixed, which no comparison survives.
    pub(crate) fn lock(&self) -> Result<Lock, DeskError> {
        let folds: BTreeSet<Option<u32>> = self.rows.iter().map(|&row| self.table.infos[row].fold).collect();
        if folds.len() > 1 {
            let names: Vec<String> = folds
                .iter()
                .map(|fold| fold.map_or_else(|| "none".to_owned(), |fold| fold.to_string()))
                .collect();
            return Err(DeskError::Recording {
                path: self.path.clone(),
                reason: format!(
                    "its rows come from the encoders of folds {}, whose prints cannot be compared: choose one with --rows fold=0",
                    names.join(", ")
                ),
            });
        }
        let fold = folds.into_iter().next().flatten().unwrap_or(0);
        let attribute = |name: &str| self.table.attributes.get(name).cloned();
        let of_fold = attribute(&format!("encoder_hash_fold_{fold}"));
        let columns = || blake3::hash(self.table.columns.join("\n").as_bytes()).to_hex().to_string();
        Ok(Lock {
            encoder: of_fold.or_else(|| attribute("encoder_hash")).unwrap_or_else(columns),
            plan: attribute("plan_hash").unwrap_or_else(|| "none".to_owned()),
            dim: self.table.columns.len(),
            model: format!("columns {}…", self.table.columns.first().map_or("", String::as_str)),
            fold: fold as usize,
            channels: Vec::new(),
            rate: 0.0,
            epoch_seconds: 0.0,
            version: env!("CARGO_PKG_VERSION").to_owned(),
        })
    }

    /// The rows of one person, or all, in the file's order.
    pub(crate) fn acquired(&self, subject: Option<&SubjectId>) -> Result<Acquired, DeskError> {
        let rows: Vec<usize> = self
            .rows
            .iter()
            .copied()
            .filter(|&row| subject.is_none_or(|subject| self.table.infos[row].epoch.key.subject == *subject))
            .collect();
        if rows.is_empty() {
            let who: Vec<String> = self.subjects().iter().take(8).map(ToString::to_string).collect();
            let wanted = subject.map(ToString::to_string).unwrap_or_default();
            return Err(DeskError::Recording {
                path: self.path.clone(),
                reason: format!("it has no row of {wanted}; it has rows of {}", who.join(", ")),
            });
        }
        let values: Array2<f32> = self.table.values.select(Axis(0), &rows);
        let bytes: Vec<u8> = values.iter().flat_map(|x| x.to_le_bytes()).collect();
        let name = self.path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let source = Source { name, samples: blake3::hash(&bytes).to_hex().to_string() };
        let acquisition = Acquisition { epochs: rows.len(), ..Acquisition::default() };
        let prints = if self.table.is_weighted() { values } else { directions(values.view()) };
        Ok(Acquired { prints, acquisition, sources: vec![source], notices: Vec::new() })
    }
}
