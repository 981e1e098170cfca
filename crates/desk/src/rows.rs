//! Prints that were made elsewhere, as enrolment and probes.

use std::collections::{BTreeMap, HashMap};
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

    /// The people in the rows with their places, in alphabetical order; of one person where one is named.
    ///
    /// # Errors
    /// When there is no row of who is named.
    pub(crate) fn people(
        &self,
        wanted: Option<&SubjectId>,
    ) -> Result<Vec<(SubjectId, Vec<usize>)>, DeskError> {
        let mut people: BTreeMap<&SubjectId, Vec<usize>> = BTreeMap::new();
        for &row in &self.rows {
            people.entry(&self.table.infos()[row].epoch.key.subject).or_default().push(row);
        }
        let Some(wanted) = wanted else {
            return Ok(people.into_iter().map(|(subject, rows)| (subject.clone(), rows)).collect());
        };
        match people.remove(wanted) {
            Some(rows) => Ok(vec![(wanted.clone(), rows)]),
            None => {
                let who: Vec<&str> = people.keys().take(8).map(|subject| subject.as_str()).collect();
                let reason = format!("it has no row of {wanted}; it has rows of {}", who.join(", "));
                Err(DeskError::Recording { path: self.path.clone(), reason })
            }
        }
    }

    /// All rows that were chosen.
    pub(crate) fn all(&self) -> &[usize] {
        &self.rows
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

    /// These rows, recording by recording, otherwise in the order given.
    pub(crate) fn acquired(&self, rows: &[usize]) -> Result<Acquired, DeskError> {
        let key = |row: &usize| &self.table.infos()[*row].epoch.key;
        let mut places: HashMap<&RecordingKey, usize> = HashMap::new();
        let mut recordings: Vec<Vec<usize>> = Vec::new();
        for row in rows {
            let place = *places.entry(key(row)).or_insert(recordings.len());
            match recordings.get_mut(place) {
                Some(known) => known.push(*row),
                None => recordings.push(vec![*row]),
            }
        }
        let rows = recordings.concat();
        let recordings = recordings.iter().map(Vec::len).collect();
        let prints = self.table.prints(&rows)?;
        let bytes: Vec<u8> = prints.values().iter().flat_map(|x| x.to_le_bytes()).collect();
        let name = self.path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let source = Source { name, samples: blake3::hash(&bytes).to_hex().to_string() };
        let acquisition = Acquisition { epochs: rows.len(), ..Acquisition::default() };
        let prints = match prints.lengths() {
            LengthMeaning::Weight => prints.values().to_owned(),
            LengthMeaning::Nothing => directions(prints.values()),
        };
        Ok(Acquired { prints, recordings, acquisition, sources: vec![source], notices: Vec::new() })
    }

    /// Names the columns that are no part of the prints.
    pub(crate) fn left_out(&self) -> Vec<String> {
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
