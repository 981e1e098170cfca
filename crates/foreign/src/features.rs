//! Anybody's features: HDF5, parquet or CSV with one row an epoch and a column that says whose it is.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use ndarray::{Array2, Axis};
use twinprint_protocol::check_features;
use twinprint_signal::{
    EmbeddingSpace, FoldIndex, LengthMeaning, Prints, RecordingKey, RowInfo, one_name_twice,
};
use twinprint_store::prints::{PrintFile, lengths, space_of};

use crate::ForeignError;
use crate::columns::{ColumnUse, counts_rows, holds_row_numbers};
use crate::table::{self, Table};

/// Prints or features of a file, the person of each row, and what the file says of itself.
#[derive(Debug, Clone)]
pub struct Features {
    path: PathBuf,
    values: Array2<f32>,
    infos: Vec<RowInfo>,
    columns: ColumnUse,
    lengths: LengthMeaning,
    attributes: BTreeMap<String, String>,
}

/// Reads a file of features by the ending of its name.
///
/// Text may have commas, semicolons, tabs or spaces between columns, decimal commas, comments after `#` and gzip (`.csv.gz`). HDF5
/// holds `/prints` or `/features` `[rows, columns]` and `/meta/subject`. Parquet and CSV hold a column `subject`, in letters of any
/// case, and optionally `session`, `recording`, `start_second`, `fold` and `role`; columns `label_NAME` and other columns of text are
/// labels, columns of lists of numbers are as many features as a list is long, all other columns are features, unless some are called `print_*`, which are then the only ones. Columns that
/// count the rows, as pandas writes them along, are left out.
///
/// # Errors
/// When the file cannot be read, has no column `subject` or no feature, or a number is missing or not finite; the error
/// names row and column.
///
/// ```
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("mine.csv");
/// std::fs::write(&path, ",subject,session,alpha,beta,label_age\n0,ann,1,0.5,2,31\n1,bob,1,0.1,3,40\n")?;
///
/// let features = twinprint_foreign::read_features(&path)?;
/// assert_eq!(features.columns().features, ["alpha", "beta"]);
/// assert_eq!(features.columns().left_out, [""]);
/// assert_eq!(features.infos()[1].epoch.key.subject.as_str(), "bob");
/// assert_eq!(features.prints(&[1, 0])?.values()[[0, 1]], 3.0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn read_features(path: &Path) -> Result<Features, ForeignError> {
    let mut features = match ending(path).as_str() {
        "h5" | "hdf5" => of_hdf5(path)?,
        "parquet" => of_table(path, table::of_parquet(path)?)?,
        "csv" | "tsv" | "txt" => of_table(path, table::of_csv(path)?)?,
        _ => {
            return Err(ForeignError::file(
                path,
                "features are read from .h5, .parquet and .csv: convert it to one of them",
            ));
        }
    };
    features.leave_out_row_numbers();
    features.check()?;
    Ok(features)
}

/// What a name ends in, without `.gz`.
fn ending(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
    let name = name.strip_suffix(".gz").unwrap_or(&name);
    name.rsplit_once('.').map_or_else(String::new, |(_, ending)| ending.to_owned())
}

/// Whether a name is that of a file of features or prints rather than of a recording.
pub fn is_feature_file(path: &Path) -> bool {
    ["h5", "hdf5", "parquet", "csv", "tsv"].contains(&ending(path).as_str())
}

fn of_hdf5(path: &Path) -> Result<Features, ForeignError> {
    let file = PrintFile::open_any(path)?;
    let (left_out, kept): (Vec<usize>, Vec<usize>) =
        (0..file.columns().len()).partition(|&column| counts_rows(&file.columns()[column]));
    let names = |columns: &[usize]| columns.iter().map(|&column| file.columns()[column].clone()).collect();
    let labels: BTreeSet<&String> = file.infos().iter().flat_map(|info| info.epoch.labels.keys()).collect();
    Ok(Features {
        path: path.to_owned(),
        values: file.prints().select(Axis(1), &kept),
        infos: file.infos().to_vec(),
        columns: ColumnUse {
            features: names(&kept),
            labels: labels.into_iter().cloned().collect(),
            left_out: names(&left_out),
        },
        lengths: file.lengths(),
        attributes: file.attributes().clone(),
    })
}

fn of_table(path: &Path, table: Table) -> Result<Features, ForeignError> {
    let Table { values, infos, columns, attributes } = table;
    let lengths = lengths(path, &attributes)?;
    Ok(Features { path: path.to_owned(), values, infos, columns, lengths, attributes })
}

impl Features {
    /// Whose each row is, in the file's order.
    pub fn infos(&self) -> &[RowInfo] {
        &self.infos
    }

    /// Which columns are features and labels, and which are left out.
    pub fn columns(&self) -> &ColumnUse {
        &self.columns
    }

    /// The file.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// `[rows, columns]`, finite.
    pub(crate) fn values(&self) -> &Array2<f32> {
        &self.values
    }

    /// A text that the file says of itself, such as the hash of the plan that led to it.
    pub fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.get(name).map(String::as_str)
    }

    /// What the rows of a fold may be compared with: rows of the same encoder, by its hash, or where the file names none
    /// rows of the same columns, by the BLAKE3 hash of their names.
    pub fn space(&self, fold: Option<FoldIndex>) -> EmbeddingSpace {
        let columns = || blake3::hash(self.columns.features.join("\n").as_bytes()).to_hex().to_string();
        space_of(&self.attributes, fold).unwrap_or_else(|| EmbeddingSpace { model: columns(), fold })
    }

    /// Copies of some rows of one fold, in the order given.
    ///
    /// # Errors
    /// When the rows are of several folds, whose encoders make prints that cannot be compared.
    pub fn prints(&self, rows: &[usize]) -> Result<Prints<'static>, ForeignError> {
        let folds: BTreeSet<Option<FoldIndex>> = rows.iter().map(|&row| self.infos[row].fold).collect();
        if folds.len() > 1 {
            let name =
                |fold: &Option<FoldIndex>| fold.map_or_else(|| "none".to_owned(), |fold| fold.to_string());
            let names: Vec<String> = folds.iter().map(name).collect();
            let reason = format!(
                "its rows come from the encoders of folds {}, whose prints cannot be compared: choose those of one with --rows fold={}",
                names.join(", "),
                folds.iter().flatten().next().copied().unwrap_or_default()
            );
            return Err(self.refuse(reason));
        }
        let infos: Vec<_> = rows.iter().map(|&row| self.infos[row].epoch.clone()).collect();
        let space = self.space(folds.into_iter().next().flatten());
        Ok(Prints::new(self.values.select(Axis(0), rows), infos, space, self.lengths)?)
    }

    /// Refuses columns among the features that tell who the person is.
    ///
    /// # Errors
    /// [`ForeignError::Leaks`] with every such column and two rows of each.
    pub fn check_leaks(&self) -> Result<(), ForeignError> {
        let rows: Vec<&RecordingKey> = self.infos.iter().map(|info| &*info.epoch.key).collect();
        let names = self.columns.features.iter().map(String::as_str);
        let columns = names.zip(self.values.columns().into_iter().map(|column| column.into_iter().copied()));
        match check_features(&rows, columns, &[]) {
            Ok(_) => Ok(()),
            Err(leaks) => Err(ForeignError::Leaks { path: self.path.clone(), leaks }),
        }
    }

    /// Refuses the file in our own words.
    pub(crate) fn refuse(&self, reason: impl Into<String>) -> ForeignError {
        ForeignError::file(&self.path, reason)
    }

    /// Takes columns that count rows out of the features.
    fn leave_out_row_numbers(&mut self) {
        let counts = |column: &usize| {
            let values = self.values.column(*column).to_vec();
            holds_row_numbers(&self.columns.features[*column], &values, &self.infos)
        };
        let (out, kept): (Vec<usize>, Vec<usize>) = (0..self.columns.features.len()).partition(counts);
        if out.is_empty() {
            return;
        }
        let named = |columns: &[usize]| columns.iter().map(|&at| self.columns.features[at].clone()).collect();
        let (left_out, features): (Vec<String>, Vec<String>) = (named(&out), named(&kept));
        self.columns.left_out.extend(left_out);
        self.columns.features = features;
        self.values = self.values.select(Axis(1), &kept);
    }

    fn check(&self) -> Result<(), ForeignError> {
        if self.infos.is_empty() {
            return Err(self.refuse("it has no row"));
        }
        let people = self.infos.iter().map(|info| info.epoch.key.subject.as_str());
        if let Some(pair) = one_name_twice(people) {
            return Err(ForeignError::one_person_twice(&self.path, pair));
        }
        if self.columns.features.is_empty() {
            return Err(self.refuse("it has no column of numbers"));
        }
        match self.values.indexed_iter().find(|(_, value)| !value.is_finite()) {
            Some(((row, column), value)) => {
                let name = &self.columns.features[column];
                let reason = format!("row {row} of column {name} is {value}: features must be finite");
                Err(self.refuse(reason))
            }
            None => Ok(()),
        }
    }
}
