//! Reading with errors that name what is missing.

use std::io::Read;
use std::path::{Path, PathBuf};

use hdf5::{Dataset, H5Type};

use crate::{StoreError, attributes, isolation, strings};

const SIGNATURE: [u8; 8] = *b"\x89HDF\r\n\x1a\n";

/// An HDF5 file opened for reading as one kind of file.
pub(crate) struct Reader {
    path: PathBuf,
    kind: &'static str,
    file: hdf5::File,
}

impl Reader {
    pub(crate) fn open(path: &Path, kind: &'static str) -> Result<Self, StoreError> {
        check_signature(path)?;
        let file = hdf5::File::open(path).map_err(StoreError::hdf5(path, "open it as HDF5"))?;
        Ok(Self { path: path.to_owned(), kind, file })
    }

    /// Opens somebody else's file, which a second process has read before where there is one.
    pub(crate) fn open_foreign(path: &Path, kind: &'static str) -> Result<Self, StoreError> {
        check_signature(path)?;
        isolation::survive(path)?;
        Self::open(path, kind)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn file(&self) -> &hdf5::File {
        &self.file
    }

    /// Whether every link of an absolute path is there.
    pub(crate) fn has(&self, name: &str) -> bool {
        let ends = name.char_indices().skip(1).filter(|(_, c)| *c == '/').map(|(i, _)| i);
        ends.chain([name.len()]).all(|end| self.file.link_exists(&name[..end]))
    }

    pub(crate) fn missing(&self, what: impl Into<String>) -> StoreError {
        StoreError::Missing { path: self.path.clone(), what: what.into(), kind: self.kind }
    }

    pub(crate) fn dataset(&self, name: &str) -> Result<Dataset, StoreError> {
        if !self.has(name) {
            return Err(self.missing(format!("dataset {name}")));
        }
        self.file.dataset(name).map_err(StoreError::hdf5(&self.path, format!("open dataset {name}")))
    }

    /// A column of text with one entry a row; whole numbers are written out.
    pub(crate) fn texts(&self, name: &str, count: usize) -> Result<Vec<String>, StoreError> {
        let dataset = self.dataset(name)?;
        self.check_count(name, &dataset, count)?;
        strings::read(&self.path, &dataset, name)
    }

    /// A column of numbers with one entry a row.
    pub(crate) fn numbers<T: H5Type>(&self, name: &str, count: usize) -> Result<Vec<T>, StoreError> {
        let dataset = self.dataset(name)?;
        self.check_count(name, &dataset, count)?;
        dataset.read_raw().map_err(StoreError::hdf5(&self.path, format!("read column {name}")))
    }

    /// Refuses a dataset that claims more than its bytes in the file can hold, before memory is asked for it: deflate, the
    /// strongest usual filter, packs at most 1032 to 1.
    pub(crate) fn check_stored(&self, name: &str, dataset: &Dataset) -> Result<(), StoreError> {
        let fail = || StoreError::hdf5(&self.path, format!("examine {name}"));
        let width = dataset.dtype().map_err(fail())?.size() as u64;
        let shape = dataset.shape();
        let claimed = shape.iter().fold(width, |product, axis| product.saturating_mul(*axis as u64));
        let stored = dataset.storage_size();
        if claimed <= stored.saturating_mul(1100) {
            return Ok(());
        }
        let found = format!("{stored} bytes for shape {shape:?}");
        Err(StoreError::form(&self.path, name, found, "written in full: make the file again"))
    }

    fn check_count(&self, name: &str, dataset: &Dataset, count: usize) -> Result<(), StoreError> {
        let shape = dataset.shape();
        // MATLAB has no columns of one axis.
        let is_column = shape == [count] || shape == [count, 1] || shape == [1, count];
        if is_column {
            return self.check_stored(name, dataset);
        }
        let expected = format!("of shape [{count}], one entry a row");
        Err(StoreError::form(&self.path, name, format!("of shape {shape:?}"), expected))
    }

    /// Names in a group, in alphabetical order; none when the group is absent.
    pub(crate) fn members(&self, name: &str) -> Result<Vec<String>, StoreError> {
        if !self.has(name) {
            return Ok(Vec::new());
        }
        let mut names = self
            .file
            .group(name)
            .and_then(|group| group.member_names())
            .map_err(StoreError::hdf5(&self.path, format!("list group {name}")))?;
        names.sort();
        Ok(names)
    }

    /// A number attached to a dataset.
    pub(crate) fn number_at(&self, dataset: &Dataset, name: &str) -> Result<f64, StoreError> {
        let what = format!("attribute {name} of {}", dataset.name());
        if !attributes::exists(&self.path, dataset, name)? {
            return Err(self.missing(what));
        }
        dataset
            .attr(name)
            .and_then(|attribute| attribute.read_scalar())
            .map_err(StoreError::hdf5(&self.path, format!("read {what}")))
    }

    /// Texts attached to a dataset.
    pub(crate) fn texts_at(&self, dataset: &Dataset, name: &str) -> Result<Vec<String>, StoreError> {
        let what = format!("attribute {name} of {}", dataset.name());
        if !attributes::exists(&self.path, dataset, name)? {
            return Err(self.missing(what));
        }
        let attribute = dataset.attr(name).map_err(StoreError::hdf5(&self.path, format!("open {what}")))?;
        attributes::texts_of(&self.path, &attribute, name)?
            .ok_or_else(|| StoreError::form(&self.path, what, "not text", "an array of text"))
    }

    /// Refuses a file that says it is of another kind; one that says nothing passes.
    pub(crate) fn check_schema(&self, schema: &str) -> Result<(), StoreError> {
        let top = attributes::read_top(&self.path, &self.file, [attributes::SCHEMA])?;
        match top.get(attributes::SCHEMA) {
            Some(found) if found != schema => Err(StoreError::form(
                &self.path,
                format!("attribute {}", attributes::SCHEMA),
                found.clone(),
                schema,
            )),
            _ => Ok(()),
        }
    }
}

/// HDF5 files begin with a signature, or with a block of the user's of 512, 1024, 2048, … bytes and then the signature.
fn check_signature(path: &Path) -> Result<(), StoreError> {
    use std::io::{Seek, SeekFrom};
    // A pipe that nobody writes to would not open.
    if !std::fs::metadata(path).map_err(StoreError::io(path, "open it"))?.is_file() {
        return Err(StoreError::NotHdf5 { path: path.to_owned() });
    }
    let mut file = std::fs::File::open(path).map_err(StoreError::io(path, "open it"))?;
    let length = file.metadata().map_err(StoreError::io(path, "examine it"))?.len();
    let offsets = std::iter::once(0).chain((9..63).map(|k| 1u64 << k));
    for offset in offsets.take_while(|offset| offset + 8 <= length) {
        let mut bytes = [0; 8];
        file.seek(SeekFrom::Start(offset))
            .and_then(|_| file.read_exact(&mut bytes))
            .map_err(StoreError::io(path, "read it"))?;
        if bytes == SIGNATURE {
            return Ok(());
        }
    }
    Err(StoreError::NotHdf5 { path: path.to_owned() })
}
