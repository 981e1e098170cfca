//! Files of prints: `/prints` float32 `[prints, dim]`, contiguous, and `/meta` with fold and role.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use ndarray::ArrayView2;
use twinprint_signal::{EmbeddingSpace, FoldIndex, LengthMeaning, RowInfo};

use crate::contiguous::Spool;
use crate::mapped::{Numbers, Storage};
use crate::reader::Reader;
use crate::{StoreError, attributes, meta, scales, strings};

/// The attribute that holds one hash of the encoders of all folds of the run. With `_fold_K` behind it, it holds the hash of
/// fold K's encoder alone, which together with the fold says what a row may be compared with: [`space_of`].
pub const ENCODER_HASH: &str = "encoder_hash";
/// The attribute that holds the name of the system that made the prints, where a run scores several.
pub const SYSTEM: &str = "system";
/// The attribute that holds the hash of the plan of the run.
pub const PLAN_HASH: &str = "plan_hash";
/// The attribute that holds the version of twinprint that wrote the file.
pub const VERSION: &str = "twinprint_version";

/// The attribute that says what the lengths of a file's rows mean, and what it says where they are weights: how much a row
/// counts where several are averaged.
pub const LENGTHS: (&str, &str) = ("print_lengths", "weights");

/// The attribute that names the file of weights that prints were made with in place of the run's own.
pub const WEIGHTS: &str = "weights";
/// The attribute that holds the BLAKE3 hash of that file.
pub const WEIGHTS_HASH: &str = "weights_blake3";

const KIND: &str = "prints";
const ANY_KIND: &str = "prints or features";
/// Where somebody else's numbers may be, in the order in which they are looked for, and where their columns' names are.
const PLACES: [(&str, &[&str]); 2] =
    [("/prints", &["/prints_column"]), ("/features", &["/features_column", "/column"])];
const SCHEMA: &str = "twinprint-prints/1";
const README: &str = "\
Prints: embeddings of EEG epochs in which epochs of one person lie close together. /prints: float32 [print, dimension], contiguous,
without unit. /meta holds one entry a print: subject, session, recording, start_second (seconds from the recording's start), fold
(the fold whose encoder made the print, -1 for none; only prints of one fold can be compared), role (the subject's or recording's
role in that fold, empty for none), and under /meta/labels one column a label, where empty text means no value. The file's
attributes name the encoder and the plan by their hashes. In h5py read text with f['/meta/subject'].asstr()[:].";

/// The attribute, name and value, that says what rows of a fold may be compared with.
pub fn space_attribute(space: &EmbeddingSpace) -> (String, String) {
    (format!("{ENCODER_HASH}_fold_{}", space.fold.unwrap_or_default()), space.model.clone())
}

/// What rows of a fold may be compared with, as the attributes of their file say; nothing where they do not say.
///
/// Files of earlier versions have the hash of all folds' encoders alone.
pub fn space_of(attributes: &BTreeMap<String, String>, fold: Option<FoldIndex>) -> Option<EmbeddingSpace> {
    let of_fold = attributes.get(&format!("{ENCODER_HASH}_fold_{}", fold.unwrap_or_default()));
    let model = of_fold.or_else(|| attributes.get(ENCODER_HASH))?.clone();
    Some(EmbeddingSpace { model, fold })
}

/// The names of the attributes that a file of these rows may have.
fn known(infos: &[RowInfo]) -> Vec<String> {
    let folds: BTreeSet<FoldIndex> = infos.iter().map(|info| info.fold.unwrap_or_default()).collect();
    let own = [attributes::SCHEMA, attributes::README, ENCODER_HASH, SYSTEM, PLAN_HASH, VERSION];
    let names = own.into_iter().chain([LENGTHS.0, WEIGHTS, WEIGHTS_HASH]);
    let of_folds = folds.into_iter().map(|fold| format!("{ENCODER_HASH}_fold_{fold}"));
    names.map(str::to_owned).chain(of_folds).collect()
}

/// Writes prints as they come; the file appears at [`PrintWriter::finish`].
///
/// Dropping the writer before that leaves nothing behind. Memory: a buffer, and the description of each print.
///
/// ```
/// use std::{collections::BTreeMap, sync::Arc};
/// use twinprint_signal::{EpochInfo, FoldIndex, RecordingId, RecordingKey, RowInfo, Seconds, SessionId, SubjectId};
/// use twinprint_store::prints::{PrintFile, PrintWriter};
///
/// let key = RecordingKey {
///     subject: SubjectId::new("ann")?,
///     session: SessionId::new("1")?,
///     recording: RecordingId::new("rest")?,
/// };
/// let epoch = EpochInfo { key: Arc::new(key), start: Seconds::new(0.5)?, labels: Arc::default() };
/// let info = RowInfo { epoch, fold: Some(FoldIndex(0)), role: Some("test".to_owned()) };
///
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("prints.h5");
/// let mut writer = PrintWriter::create(&path, 2, &BTreeMap::new())?;
/// writer.append(ndarray::arr2(&[[0.6, 0.8]]).view(), &[info.clone()])?;
/// writer.finish()?;
///
/// let file = PrintFile::open(&path)?;
/// assert_eq!((file.prints()[[0, 1]], &file.infos()[0]), (0.8, &info));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct PrintWriter {
    spool: Spool,
    dim: usize,
    attributes: BTreeMap<String, String>,
    infos: Vec<RowInfo>,
}

impl PrintWriter {
    /// Begins a file at `path` of prints of `dim` numbers; `attributes` become text attributes at the top of the file and
    /// should hold at least a [`space_attribute`] for each fold, [`PLAN_HASH`] and [`VERSION`].
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
        self.spool.append(prints.as_slice(), prints.iter())?;
        self.infos.extend_from_slice(infos);
        Ok(())
    }

    /// Prints appended so far.
    pub fn len(&self) -> usize {
        self.infos.len()
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
        if info.fold.is_some_and(|fold| i32::try_from(fold.0).is_err()) {
            return Err(refuse(
                "the fold",
                info.fold.unwrap_or_default().0 as usize,
                "at most 2147483647".to_owned(),
            ));
        }
    }
    Ok(())
}

/// What the lengths of a file's rows mean, as its attributes say.
///
/// # Errors
/// When they say something else than [`LENGTHS`].
pub fn lengths(path: &Path, attributes: &BTreeMap<String, String>) -> Result<LengthMeaning, StoreError> {
    let (name, weights) = LENGTHS;
    match attributes.get(name) {
        None => Ok(LengthMeaning::Nothing),
        Some(meaning) if meaning == weights => Ok(LengthMeaning::Weight),
        Some(other) => Err(StoreError::form(
            path,
            format!("attribute {name}"),
            format!("{other:?}"),
            format!("{weights:?}, or absent where lengths mean nothing"),
        )),
    }
}

/// Refuses a matrix whose columns, and not rows, are as many as the people described.
fn refuse_transposed(reader: &Reader, place: &str) -> Result<(), StoreError> {
    let numbers = reader.dataset(place)?.shape();
    if !reader.has("/meta/subject") || numbers.len() != 2 {
        return Ok(());
    }
    let described = reader.dataset("/meta/subject")?.size();
    if described == numbers[0] || described != numbers[1] {
        return Ok(());
    }
    let found = format!("of shape {numbers:?} beside {described} entries of /meta/subject: it is transposed");
    let expected = "[rows, columns] as h5py shows it; MATLAB writes the axes in reverse, so write the matrix with .' there";
    Err(StoreError::form(reader.path(), place, found, expected))
}

/// A file of prints or features, open for reading.
pub struct PrintFile {
    numbers: Numbers,
    columns: Vec<String>,
    infos: Vec<RowInfo>,
    lengths: LengthMeaning,
    attributes: BTreeMap<String, String>,
}

impl PrintFile {
    /// Opens a run's file of prints and maps them; a file rewritten with chunks or compression is read into memory instead.
    ///
    /// # Errors
    /// When the file is not HDF5, is damaged, or lacks a part: the error names it. Columns `fold` and `role` may be absent.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let reader = Reader::open(path, KIND)?;
        reader.check_schema(SCHEMA)?;
        Self::read(&reader, PLACES[0], meta::read_rows)
    }

    /// Opens prints or features of any file that follows the layout, whoever wrote it: `/prints`, or else `/features`,
    /// `[rows, columns]` of a float type, with `/meta` of one entry a row. Only `/meta/subject` must be there; names of
    /// columns, the rest of `/meta` and every attribute may be absent. See [`crate::isolation`] for how the process outlives it.
    ///
    /// # Errors
    /// When the file is not HDF5, is damaged, or lacks a part: the error names it.
    pub fn open_any(path: &Path) -> Result<Self, StoreError> {
        let reader = Reader::open_foreign(path, ANY_KIND)?;
        let Some(place) = PLACES.into_iter().find(|(place, _)| reader.has(place)) else {
            let there: Vec<String> = reader.members("/")?.iter().map(|name| format!("/{name}")).collect();
            return Err(match there.is_empty() {
                true => reader.missing("dataset /prints or /features"),
                false => reader.missing(format!("dataset /prints or /features beside {}", there.join(", "))),
            });
        };
        refuse_transposed(&reader, place.0)?;
        Self::read(&reader, place, meta::read_lenient)
    }

    fn read(
        reader: &Reader,
        (place, names): (&str, &[&str]),
        describe: fn(&Reader, usize) -> Result<Vec<RowInfo>, StoreError>,
    ) -> Result<Self, StoreError> {
        let path = reader.path();
        let numbers = Numbers::open(reader, place, &["rows", "columns"])?;
        let (rows, count) = (numbers.shape()[0], numbers.shape()[1]);
        let columns = match names.iter().find(|name| reader.has(name)) {
            Some(name) => strings::read(path, &reader.dataset(name)?, name)?,
            None => (0..count).map(|column| format!("{}{column}", &place[1..2])).collect(),
        };
        if columns.len() != count {
            let found = format!("{} names", columns.len());
            let expected = format!("{count} names, one a column");
            return Err(StoreError::form(path, "the list of columns", found, expected));
        }
        let infos = describe(reader, rows)?;
        let attributes = attributes::read_top(path, reader.file(), known(&infos).iter().map(String::as_str))?;
        let lengths = lengths(path, &attributes)?;
        Ok(Self { numbers, columns, infos, lengths, attributes })
    }

    /// `[rows, columns]`: prints, a row each.
    pub fn prints(&self) -> ArrayView2<'_, f32> {
        self.numbers.view((self.numbers.shape()[0], self.dim()))
    }

    /// How many numbers a row has.
    pub fn dim(&self) -> usize {
        self.numbers.shape()[1]
    }

    /// The names of the columns, one a number of a row; made up (`p0`) where the file has none.
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// Whose each print is, in the order of the first axis.
    pub fn infos(&self) -> &[RowInfo] {
        &self.infos
    }

    /// What the lengths of the prints mean.
    pub fn lengths(&self) -> LengthMeaning {
        self.lengths
    }

    /// The text attributes at the top of the file of which this module knows the names: [`PLAN_HASH`], [`VERSION`], [`SYSTEM`],
    /// [`LENGTHS`], [`ENCODER_HASH`] and that of every fold, `README` and `schema`.
    pub fn attributes(&self) -> &BTreeMap<String, String> {
        &self.attributes
    }

    /// Whether the prints are mapped or were read.
    pub fn storage(&self) -> Storage {
        self.numbers.storage()
    }
}
