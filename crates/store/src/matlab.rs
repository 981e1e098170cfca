//! Values in files of MATLAB 7.3, which are HDF5: numbers, text, matrices and fields of struct arrays.
//!
//! MATLAB writes the axes of a matrix in reverse, so that `[channels, samples]` lies in HDF5 as `[samples, channels]`; everything
//! here is in MATLAB's own order. A field of a struct array is a dataset of references, one an element.

use std::ops::Range;
use std::path::{Path, PathBuf};

use hdf5::types::TypeDescriptor;
use hdf5::{Dataset, ObjectReference1, ReferencedObject};
use ndarray::s;

use crate::reader::Reader;
use crate::{StoreError, attributes};

/// The most numbers that a value other than a [`Matrix`] may hold: texts and single numbers are far shorter.
const LONGEST: usize = 1 << 20;

/// A value of a few numbers.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// `[]`, or a value of another kind: a struct, a cell.
    Nothing,
    /// A number, or the first of several.
    Number(f64),
    /// A row of characters.
    Text(String),
}

/// A file of MATLAB 7.3, opened for reading.
pub struct MatlabFile {
    reader: Reader,
}

/// A matrix of numbers, read by columns.
pub struct Matrix {
    path: PathBuf,
    dataset: Dataset,
    /// As HDF5 has it: `[columns, rows]`, or `[pages, columns, rows]`.
    shape: Vec<usize>,
}

impl MatlabFile {
    /// Opens a file.
    ///
    /// # Errors
    /// When it is no HDF5 file or cannot be read.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        Ok(Self { reader: Reader::open_foreign(path, "MATLAB 7.3")? })
    }

    /// Whether there is a variable or field: `/EEG/srate`.
    pub fn has(&self, name: &str) -> bool {
        self.reader.has(name)
    }

    /// A variable or a field of a single struct; nothing where it is not there.
    ///
    /// # Errors
    /// When it is there and cannot be read.
    pub fn value(&self, name: &str) -> Result<Value, StoreError> {
        if !self.has(name) {
            return Ok(Value::Nothing);
        }
        match self.reader.file().dataset(name) {
            Ok(dataset) => self.of_dataset(&dataset, name),
            // A group is a struct.
            Err(_) => Ok(Value::Nothing),
        }
    }

    /// A field of every element of a struct array; none where it is not there.
    ///
    /// # Errors
    /// When it is there and cannot be read.
    pub fn values(&self, name: &str) -> Result<Vec<Value>, StoreError> {
        if !self.has(name) {
            return Ok(Vec::new());
        }
        let dataset = self.reader.dataset(name)?;
        let fail = || StoreError::hdf5(self.reader.path(), format!("read {name}"));
        let kind = dataset.dtype().and_then(|kind| kind.to_descriptor()).map_err(fail())?;
        if !matches!(kind, TypeDescriptor::Reference(_)) {
            return Ok(vec![self.of_dataset(&dataset, name)?]);
        }
        self.reader.check_stored(name, &dataset)?;
        let references: Vec<ObjectReference1> = dataset.read_raw().map_err(fail())?;
        let value = |reference: &ObjectReference1| match self.reader.file().dereference(reference) {
            Ok(ReferencedObject::Dataset(dataset)) => self.of_dataset(&dataset, name),
            _ => Ok(Value::Nothing),
        };
        references.iter().map(value).collect()
    }

    /// A matrix of numbers of two or three axes.
    ///
    /// # Errors
    /// When it is not there, or of another form.
    pub fn matrix(&self, name: &str) -> Result<Matrix, StoreError> {
        let dataset = self.reader.dataset(name)?;
        self.reader.check_stored(name, &dataset)?;
        let fail = || StoreError::hdf5(self.reader.path(), format!("examine {name}"));
        let kind = dataset.dtype().and_then(|kind| kind.to_descriptor()).map_err(fail())?;
        let shape = dataset.shape();
        let numeric = matches!(
            kind,
            TypeDescriptor::Integer(_) | TypeDescriptor::Unsigned(_) | TypeDescriptor::Float(_)
        );
        if !numeric || !(2..=3).contains(&shape.len()) {
            let found = format!("{kind:?} of shape {shape:?}");
            return Err(StoreError::form(self.reader.path(), name, found, "numbers in two or three axes"));
        }
        Ok(Matrix { path: self.reader.path().to_owned(), dataset, shape })
    }

    /// Whether a dataset is of MATLAB's class of characters, which other programs mark by that name alone.
    fn is_char(&self, dataset: &Dataset) -> Result<bool, StoreError> {
        const CLASS: &str = "MATLAB_class";
        let path = self.reader.path();
        if !attributes::exists(path, dataset, CLASS)? {
            return Ok(false);
        }
        let class = dataset.attr(CLASS).map_err(StoreError::hdf5(path, format!("open attribute {CLASS}")))?;
        let texts = attributes::texts_of(path, &class, CLASS)?;
        Ok(texts.is_some_and(|texts| texts.first().is_some_and(|text| text == "char")))
    }

    fn of_dataset(&self, dataset: &Dataset, name: &str) -> Result<Value, StoreError> {
        let fail = || StoreError::hdf5(self.reader.path(), format!("read {name}"));
        let kind = dataset.dtype().and_then(|kind| kind.to_descriptor()).map_err(fail())?;
        let has = |name: &str| attributes::exists(self.reader.path(), dataset, name);
        let size = dataset.size();
        // An empty value is written as its shape, marked as such.
        if size == 0 || size > LONGEST || has("MATLAB_empty")? {
            return Ok(Value::Nothing);
        }
        match kind {
            TypeDescriptor::Unsigned(hdf5::types::IntSize::U2)
                if has("MATLAB_int_decode")? || self.is_char(dataset)? =>
            {
                let letters: Vec<u16> = dataset.read_raw().map_err(fail())?;
                Ok(Value::Text(String::from_utf16_lossy(&letters)))
            }
            TypeDescriptor::Integer(_) | TypeDescriptor::Unsigned(_) | TypeDescriptor::Float(_) => {
                let numbers: Vec<f64> = dataset.read_raw().map_err(fail())?;
                Ok(numbers.first().map_or(Value::Nothing, |number| Value::Number(*number)))
            }
            _ => Ok(Value::Nothing),
        }
    }
}

impl Matrix {
    /// The number of rows: channels.
    pub fn rows(&self) -> usize {
        self.shape.last().copied().unwrap_or(0)
    }

    /// The number of columns, those of all pages together: samples.
    pub fn width(&self) -> usize {
        self.shape[..self.shape.len() - 1].iter().product()
    }

    /// Some columns one after the other, each with all its rows.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn columns(&self, range: Range<usize>) -> Result<Vec<f64>, StoreError> {
        let action = || format!("read columns {} to {} of {}", range.start, range.end, self.dataset.name());
        let read = || -> hdf5::Result<Vec<f64>> {
            if self.shape.len() == 2 {
                return Ok(self
                    .dataset
                    .read_slice_2d::<f64, _>(s![range.clone(), ..])?
                    .into_iter()
                    .collect());
            }
            let (mut numbers, page) = (Vec::new(), self.shape[1].max(1));
            let mut start = range.start;
            while start < range.end {
                let (at, first) = (start / page, start % page);
                let last = page.min(first + range.end - start);
                numbers.extend(self.dataset.read_slice_2d::<f64, _>(s![at, first..last, ..])?);
                start += last - first;
            }
            Ok(numbers)
        };
        read().map_err(StoreError::hdf5(&self.path, action()))
    }
}
