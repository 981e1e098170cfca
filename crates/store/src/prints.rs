//! Files of prints: `/prints` float32 `[prints, dim]`, contiguous, and `/meta` with fold and role.

use std::collections::BTreeMap;
use std::path::Path;

use ndarray::ArrayView2;

use crate::contiguous::Spool;
use crate::mapped::{Numbers, Storage};
use crate::reader::Reader;
use crate::{RowInfo, StoreError, attributes, meta, scales};

/// The attribute that holds the hash of the encoder that made the prints.
pub const ENCODER_HASH: &str = "encoder_hash";
/// The attribute that holds the hash of the plan of the run.
pub const PLAN_HASH: &str = "plan_hash";
/// The attribute that holds the version of twinprint that wrote the file.
pub const VERSION: &str = "twinprint_version";

/// The attribute that says what the lengths of a file's rows mean, and what it says where they are weights: how much a row
/// counts where several are averaged.
pub const LENGTHS: (&str, &str) = ("print_lengths", "weights");

const KIND: &str = "prints";
const SCHEMA: &str = "twinprint-prints/1";
const README: &str = "\
Prints: embeddings of EEG epochs in which epochs of one person lie close together. /prints: float32 [print, dimension], contiguous,
without unit. /meta holds one entry a print: subject, session, recording, start_second (seconds from the recording's start), fold
(the fold whose encoder made the print, -1 for none; only prints of one fold can be compared), role (the subject's or recording's
role in that fold, empty for none), and under /meta/labels one column a label, where empty text means no value. The file's
attributes name the encoder and the plan by their hashes. In h5py read text with f['/meta/subject'].asstr()[:].";

/// Writes prints as they come; the file appears at [`PrintWriter::finish`].
///
/// Dropping the writer before that leaves nothing behind. Memory: a buffer, and the description of each print.
pub struct PrintWriter {
    spool: Spool,
    dim: usize,
    attributes: BTreeMap<String, String>,
    infos: Vec<RowInfo>,
}

impl PrintWriter {
    /// Begins a file at `path` of prints of `dim` numbers; `attributes` become text attributes at the top of the file and
    /// should name at least [`ENCODER_HASH`], [`PLAN_HASH`] and [`VERSION`].
    ///
    /// # Errors
    /// When the folder cannot be written, `dim` is 0, or an attribute is named `README` or `schema`.
    pub fn create(
        path: &Path,
        dim: usize,
        attributes: &BTreeMap<String, String>,
    ) -> Result<Self, StoreError> {
        attributes::check(path, attributes)?;
        if dim == 0 {
            return Err(StoreError::Append {
                path: path.to_owned(),
                what: "the dimension of a print",
                found: "0".to_owned(),
                expected: "at least 1".to_owned(),
            });
        }
        Ok(Self { spool: Spool::new(path)?, dim, attributes: attributes.clone(), infos: Vec::new() })
    }

    /// Appends prints `[prints, dim]`, one description each.
    ///
    /// # Errors
    /// When the dimension is not that of the file, descriptions and prints differ in number, a label or role cannot be
    /// written, or the disk is full. Nothing is appended when the arguments are refused.
    pub fn append(&mut self, prints: ArrayView2<'_, f32>, infos: &[RowInfo]) -> Result<(), StoreError> {
        let path = self.spool.target().to_owned();
        check_rows(&path, prints, self.dim, infos)?;
        self.spool.append(prints.nrows(), prints.as_slice(), prints.iter())?;
        self.infos.extend_from_slice(infos);
        Ok(())
    }

    /// Prints appended so far.
    pub fn len(&self) -> usize {
        self.spool.count()
    }

    /// Whether nothing was appended.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Completes the file, flushes it to disk and gives it its name, replacing a file that was there.
    ///
    /// # Errors
    /// When the disk is full or the file cannot be renamed; nothing then lies at the path but what was there before.
    pub fn finish(self) -> Result<(), StoreError> {
        let Self { spool, dim, attributes, infos } = self;
        spool.finish("prints", &[infos.len(), dim], |path, file, dataset| {
            attributes::write_top(path, file, SCHEMA, README, &attributes)?;
            attributes::write_text(path, dataset, "units", "1")?;
            scales::label(path, dataset, &["print", "dimension"])?;
            let group = file.create_group("meta").map_err(StoreError::hdf5(path, "create /meta"))?;
            meta::write_epochs(path, &group, &infos)?;
            meta::write_roles(path, &group, &infos)
        })
    }
}

/// Refuses rows that do not fit a table of `columns` columns, or cannot be described.
pub(crate) fn check_rows(
    path: &Path,
    rows: ArrayView2<'_, f32>,
    columns: usize,
    infos: &[RowInfo],
) -> Result<(), StoreError> {
    let refuse = |what, found: usize, expected: String| StoreError::Append {
        path: path.to_owned(),
        what,
        found: found.to_string(),
        expected,
    };
    if rows.ncols() != columns {
        return Err(refuse("the number of columns", rows.ncols(), columns.to_string()));
    }
    if rows.nrows() != infos.len() {
        return Err(refuse(
            "the number of descriptions",
            infos.len(),
            format!("{}, one a row", rows.nrows()),
        ));
    }
    for info in infos {
        meta::check(path, &info.epoch)?;
        if let Some(role) = info.role.as_deref()
            && (role.is_empty() || role.contains('\0'))
        {
            return Err(StoreError::text(path, "role", role, "it must not be empty or hold a NUL"));
        }
        if info.fold.is_some_and(|fold| i32::try_from(fold).is_err()) {
            return Err(refuse("the fold", info.fold.unwrap_or(0) as usize, "at most 2147483647".to_owned()));
        }
    }
    Ok(())
}

/// A file of prints, open for reading.
pub struct PrintFile {
    numbers: Numbers,
    infos: Vec<RowInfo>,
    attributes: BTreeMap<String, String>,
}

impl PrintFile {
    /// Opens a file of prints and maps them; a file rewritten with chunks or compression is read into memory instead.
    ///
    /// # Errors
    /// When the file is not HDF5, is damaged, or lacks a part: the error names it. Columns `fold` and `role` may be absent.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let reader = Reader::open(path, KIND)?;
        reader.check_schema(SCHEMA)?;
        let numbers = Numbers::open(&reader, "/prints", &["prints", "dim"])?;
        let infos = meta::read_rows(&reader, numbers.shape()[0])?;
        let attributes = attributes::read_top(path, reader.file())?;
        Ok(Self { numbers, infos, attributes })
    }

    /// `[prints, dim]`.
    pub fn prints(&self) -> ArrayView2<'_, f32> {
        self.numbers.view((self.numbers.shape()[0], self.dim()))
    }

    /// Numbers a print.
    pub fn dim(&self) -> usize {
        self.numbers.shape()[1]
    }

    /// Whose each print is, in the order of the first axis.
    pub fn infos(&self) -> &[RowInfo] {
        &self.infos
    }

    /// The text attributes at the top of the file: those given when it was written, `README` and `schema`.
    pub fn attributes(&self) -> &BTreeMap<String, String> {
        &self.attributes
    }

    /// Whether the prints are mapped or were read.
    pub fn storage(&self) -> Storage {
        self.numbers.storage()
    }
}
