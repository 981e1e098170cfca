//! Prints that were made elsewhere, as enrolment and probes.

use std::collections::BTreeSet;
use std::path::Path;

use twinprint_gallery::{Acquisition, EncoderIdentity, Source};
use twinprint_signal::{LengthMeaning, RecordingKey, SubjectId, directions};
use twinprint_store::prints::PLAN_HASH;

use crate::DeskError;
use crate::acquire::Acquired;
use twinprint_foreign::{Features, Filter, read_features};

/// Rows of a file, all of one encoder.
pub(crate) struct Rows {
    table: Features,
    rows: Vec<usize>,
    path: std::path::PathBuf,
}

impl Rows {
    /// Reads a file and keeps the rows that the filter holds for.
    ///
    /// # Errors
    /// When the file is refused, a column among its features tells who the person is, or no row is left.
    pub(crate) fn read(path: &Path, filter: &Filter) -> Result<Self, DeskError> {
        let table = read_features(path)?;
        table.check_leaks()?;
        let rows = filter.rows(path, table.infos())?;
        Ok(Self { table, rows, path: path.to_owned() })
    }

    /// The people in the rows, in alphabetical order.
    pub(crate) fn subjects(&self) -> BTreeSet<SubjectId> {
        self.rows.iter().map(|&row| self.table.infos()[row].epoch.key.subject.clone()).collect()
    }

    /// The encoder that made the rows, by its model's hash and its fold, or else by the names of the columns.
    ///
    /// # Errors
    /// When rows of several folds are mixed, which no comparison survives, or the file names its encoder without a hash.
    pub(crate) fn encoder(&self) -> Result<EncoderIdentity, DeskError> {
        let prints = self.table.prints(&self.rows)?;
        let space = prints.space();
        if !space.model.chars().all(|digit| digit.is_ascii_hexdigit()) {
            let reason = format!(
                "its encoder_hash is {:?}, a system's name that earlier versions of twinprint wrote in place of a hash, so that nobody knows what its rows may be compared with: run `twinprint embed` again",
                space.model
            );
            return Err(DeskError::Recording { path: self.path.clone(), reason });
        }
        let made_by = format!("columns {}…", self.table.columns().features[0]);
        let identity = EncoderIdentity::elsewhere(space, prints.dim(), &made_by);
        let plan = self.table.attribute(PLAN_HASH).map(str::to_owned);
        Ok(EncoderIdentity { plan: plan.unwrap_or(identity.plan.clone()), ..identity })
    }

    /// The rows of one person, or all, recording by recording, otherwise in the file's order.
    pub(crate) fn acquired(&self, subject: Option<&SubjectId>) -> Result<Acquired, DeskError> {
        let mut rows: Vec<usize> = self
            .rows
            .iter()
            .copied()
            .filter(|&row| {
                subject.is_none_or(|subject| self.table.infos()[row].epoch.key.subject == *subject)
            })
            .collect();
        if rows.is_empty() {
            let who: Vec<String> = self.subjects().iter().take(8).map(ToString::to_string).collect();
            let wanted = subject.map(ToString::to_string).unwrap_or_default();
            return Err(DeskError::Recording {
                path: self.path.clone(),
                reason: format!("it has no row of {wanted}; it has rows of {}", who.join(", ")),
            });
        }
        let key = |row: usize| &self.table.infos()[row].epoch.key;
        let mut recordings: Vec<(&RecordingKey, usize)> = Vec::new();
        for &row in &rows {
            match recordings.iter_mut().find(|(known, _)| **known == **key(row)) {
                Some((_, count)) => *count += 1,
                None => recordings.push((key(row), 1)),
            }
        }
        rows.sort_by_key(|&row| recordings.iter().position(|(known, _)| **known == **key(row)));
        let recordings = recordings.iter().map(|(_, count)| *count).collect();
        let prints = self.table.prints(&rows)?;
        let bytes: Vec<u8> = prints.values().iter().flat_map(|x| x.to_le_bytes()).collect();
        let name = self.path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let source = Source { name, samples: blake3::hash(&bytes).to_hex().to_string() };
        let acquisition = Acquisition { epochs: rows.len(), ..Acquisition::default() };
        let prints = match prints.lengths() {
            LengthMeaning::Weight => prints.values().to_owned(),
            LengthMeaning::Nothing => directions(prints.values()),
        };
        Ok(Acquired { prints, recordings, acquisition, sources: vec![source], notices: self.left_out() })
    }
    /// Names the columns that are no part of the prints.
    fn left_out(&self) -> Vec<String> {
        match self.table.columns().left_out.as_slice() {
            [] => Vec::new(),
            names => vec![format!("{}: columns left out: {}", self.path.display(), shown(names))],
        }
    }
}

/// Names in quotation marks, as one of them may be empty.
fn shown(names: &[String]) -> String {
    names.iter().map(|name| format!("{name:?}")).collect::<Vec<_>>().join(", ")
}
