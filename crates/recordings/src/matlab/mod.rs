//! Files of MATLAB 5 to 7 (MathWorks, "MAT-File Format", 2023): the few kinds of values that an EEGLAB set is made of.
//!
//! Values under names that nobody asks for are stepped over, and numbers are left in the file until they are read: memory
//! holds what is asked for. A compressed variable is unpacked as a whole.

mod element;
mod parse;

use std::path::{Path, PathBuf};

use crate::ReadError;
use crate::samples::{Number, Source};

use element::{Element, HEADER};

/// The largest variable that is unpacked, in bytes: what MATLAB itself writes before its version 7.3.
const LARGEST: u64 = 1 << 31;
/// The most numbers that a value other than samples is read as.
const LONGEST: usize = 1 << 20;

/// A value as it lies in the file.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    Numbers(Numbers),
    Text(String),
    /// The fields of every element of a struct array, those asked for.
    Struct(Vec<Fields>),
    /// `[]`, or a value of a kind that no EEGLAB set needs.
    Other,
}

pub(crate) type Fields = Vec<(String, Value)>;

/// A matrix of numbers, still in the file.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Numbers {
    pub(crate) dims: Vec<usize>,
    pub(crate) number: Number,
    /// Which of the unpacked variables holds it; nothing for the file itself.
    unpacked: Option<usize>,
    pub(crate) begin: u64,
    pub(crate) bytes: u64,
}

impl Numbers {
    pub(crate) fn count(&self) -> usize {
        (self.bytes / self.number.bytes() as u64) as usize
    }
}

/// A file opened for reading.
pub(crate) struct MatFile {
    path: PathBuf,
    file: Source,
    unpacked: Vec<Source>,
    pub(crate) big_endian: bool,
    pub(crate) variables: Fields,
}

impl MatFile {
    /// Reads the variables and fields of the names in `wanted`.
    pub(crate) fn read(path: &Path, wanted: &[&str]) -> Result<Self, ReadError> {
        let file = Source::open(path)?;
        let mut header = [0; 128];
        file.read_at(0, &mut header).map_err(ReadError::io(path))?;
        let big_endian = match &header[126..] {
            b"IM" => false,
            b"MI" => true,
            _ => return Err(broken("the file", "no MATLAB file of version 5 to 7")),
        };
        let mut this =
            Self { path: path.to_owned(), file, unpacked: Vec::new(), big_endian, variables: Vec::new() };
        let mut at = HEADER;
        while at + 8 <= this.file.len() {
            let element = this.element(None, at, this.file.len())?;
            at = element.next;
            let found = match element.kind {
                element::COMPRESSED => this.unpack(&element, wanted)?,
                element::MATRIX => this.variable(None, &element, wanted)?,
                _ => None,
            };
            this.variables.extend(found);
        }
        Ok(this)
    }

    /// The bytes that a matrix lies in; the file's samples are read from them by position.
    pub(crate) fn into_source(mut self, numbers: &Numbers) -> Source {
        match numbers.unpacked {
            Some(at) if at < self.unpacked.len() => self.unpacked.swap_remove(at),
            _ => self.file,
        }
    }

    /// The first number of a value; nothing for an empty one.
    pub(crate) fn first(&self, numbers: &Numbers) -> Result<Option<f64>, ReadError> {
        let mut bytes = vec![0; numbers.number.bytes()];
        if numbers.bytes < bytes.len() as u64 {
            return Ok(None);
        }
        self.bytes(numbers.unpacked, numbers.begin, &mut bytes)?;
        Ok(Some(numbers.number.value(&bytes, self.big_endian)))
    }

    fn source(&self, unpacked: Option<usize>) -> &Source {
        unpacked.and_then(|at| self.unpacked.get(at)).unwrap_or(&self.file)
    }

    fn bytes(&self, unpacked: Option<usize>, at: u64, out: &mut [u8]) -> Result<(), ReadError> {
        self.source(unpacked).read_at(at, out).map_err(ReadError::io(&self.path))
    }

    /// The element at a place; it must end before `end`.
    fn element(&self, unpacked: Option<usize>, at: u64, end: u64) -> Result<Element, ReadError> {
        let mut tag = [0; 8];
        let read = self.bytes(unpacked, at, &mut tag);
        if at + 8 > end || read.is_err() {
            return Err(broken("an element", format!("cut short at byte {at}")));
        }
        let element = Element::of(tag, at, self.big_endian);
        if element.begin + element.bytes > end {
            return Err(broken(
                "an element",
                format!("{} bytes at byte {at}, beyond its parent's end", element.bytes),
            ));
        }
        Ok(element)
    }
}

fn broken(what: &str, found: impl Into<String>) -> ReadError {
    let remedy = "copy the file again, or save it again from EEGLAB";
    ReadError::field(what, found, "as MATLAB writes it", remedy)
}
