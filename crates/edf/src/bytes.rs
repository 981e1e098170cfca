//! The bytes of a file, read by position.
//!
//! A map of the file would be as fast, but a file that is shortened while it is mapped ends the process without a word; here
//! it is an error like any other.

use std::fs::File;
use std::io;
use std::path::Path;

use crate::error::EdfError;

/// A file as long as it was when it was opened, or bytes in memory.
pub(crate) struct Bytes {
    source: Source,
    len: usize,
}

enum Source {
    File(File),
    Owned(Vec<u8>),
}

impl Bytes {
    /// Opens a file; a folder, a pipe or another thing that is no file is an error, found before it is opened: a pipe that
    /// nobody writes to would not open.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        let not_a_file = || io::Error::new(io::ErrorKind::InvalidInput, "it is not a regular file");
        if !std::fs::metadata(path)?.is_file() {
            return Err(not_a_file());
        }
        let file = File::open(path)?;
        let metadata = file.metadata()?;
        if !metadata.is_file() {
            return Err(not_a_file());
        }
        let len = usize::try_from(metadata.len()).map_err(|_| {
            io::Error::new(io::ErrorKind::FileTooLarge, "it has more bytes than this machine can address")
        })?;
        Ok(Self { source: Source::File(file), len })
    }

    pub(crate) fn owned(bytes: Vec<u8>) -> Self {
        Self { len: bytes.len(), source: Source::Owned(bytes) }
    }

    /// How many there were when the file was opened.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// The first `len` bytes, or all where there are fewer.
    pub(crate) fn head(&self, len: usize) -> Result<Vec<u8>, EdfError> {
        let mut head = vec![0; len.min(self.len)];
        self.read_at(0, &mut head)?;
        Ok(head)
    }

    /// Fills `out` with the bytes from `offset` on.
    pub(crate) fn read_at(&self, offset: usize, out: &mut [u8]) -> Result<(), EdfError> {
        let read = match &self.source {
            Source::File(file) => read_exact_at(file, offset as u64, out),
            Source::Owned(bytes) => match bytes.get(offset..).and_then(|rest| rest.get(..out.len())) {
                Some(part) => {
                    out.copy_from_slice(part);
                    Ok(())
                }
                None => Err(io::ErrorKind::UnexpectedEof.into()),
            },
        };
        read.map_err(|source| match source.kind() {
            io::ErrorKind::UnexpectedEof => {
                EdfError::Shortened { size: self.len as u64, offset: offset as u64 }
            }
            _ => EdfError::Read { offset: offset as u64, source },
        })
    }
}

#[cfg(unix)]
fn read_exact_at(file: &File, offset: u64, out: &mut [u8]) -> io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, out, offset)
}

#[cfg(windows)]
fn read_exact_at(file: &File, mut offset: u64, mut out: &mut [u8]) -> io::Result<()> {
    while !out.is_empty() {
        match std::os::windows::fs::FileExt::seek_read(file, out, offset)? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            read => (offset, out) = (offset + read as u64, &mut out[read..]),
        }
    }
    Ok(())
}
