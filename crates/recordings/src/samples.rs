//! Where the samples of a format other than EDF lie, and any window of them.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::Path;
use std::sync::Mutex;

use twinprint_store::matlab::Matrix;

use crate::ReadError;
use crate::lines::TextRows;

/// Bytes read at a time.
const BLOCK_BYTES: usize = 256 * 1024;

/// Bytes in a file or in memory, read by position.
pub(crate) enum Source {
    File { file: Mutex<File>, len: u64 },
    Memory(Vec<u8>),
}

impl Source {
    /// Opens a regular file.
    pub(crate) fn open(path: &Path) -> Result<Self, ReadError> {
        let open = || {
            let metadata = std::fs::metadata(path)?;
            if !metadata.is_file() {
                return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is not a regular file"));
            }
            Ok(Self::File { len: metadata.len(), file: Mutex::new(File::open(path)?) })
        };
        open().map_err(ReadError::io(path))
    }

    pub(crate) fn len(&self) -> u64 {
        match self {
            Self::File { len, .. } => *len,
            Self::Memory(bytes) => bytes.len() as u64,
        }
    }

    /// Fills a buffer with the bytes from `offset` on.
    pub(crate) fn read_at(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        match self {
            Self::File { file, .. } => {
                // A thread that panicked while reading leaves the file as good as it was.
                let mut file = file.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
                file.seek(SeekFrom::Start(offset))?;
                file.read_exact(out)
            }
            Self::Memory(bytes) => {
                let end = offset.saturating_add(out.len() as u64);
                let part = usize::try_from(offset).ok().zip(usize::try_from(end).ok());
                let part = part.and_then(|(start, end)| bytes.get(start..end));
                out.copy_from_slice(part.ok_or(io::ErrorKind::UnexpectedEof)?);
                Ok(())
            }
        }
    }
}

/// How a number is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Number {
    I8,
    U8,
    I16,
    U16,
    I32,
    U32,
    I64,
    U64,
    F32,
    F64,
}

impl Number {
    pub(crate) fn bytes(self) -> usize {
        match self {
            Self::I8 | Self::U8 => 1,
            Self::I16 | Self::U16 => 2,
            Self::I32 | Self::U32 | Self::F32 => 4,
            Self::I64 | Self::U64 | Self::F64 => 8,
        }
    }

    pub(crate) fn is_whole(self) -> bool {
        !matches!(self, Self::F32 | Self::F64)
    }

    /// The number in the first bytes; 0 where there are too few.
    pub(crate) fn value(self, bytes: &[u8], big_endian: bool) -> f64 {
        let mut raw = [0; 8];
        let width = self.bytes().min(bytes.len());
        for (at, byte) in bytes[..width].iter().enumerate() {
            raw[if big_endian { width - 1 - at } else { at }] = *byte;
        }
        let [a, b, c, d, ..] = raw;
        match self {
            Self::I8 => f64::from(i8::from_le_bytes([a])),
            Self::U8 => f64::from(a),
            Self::I16 => f64::from(i16::from_le_bytes([a, b])),
            Self::U16 => f64::from(u16::from_le_bytes([a, b])),
            Self::I32 => f64::from(i32::from_le_bytes([a, b, c, d])),
            Self::U32 => f64::from(u32::from_le_bytes([a, b, c, d])),
            Self::F32 => f64::from(f32::from_le_bytes([a, b, c, d])),
            Self::I64 => i64::from_le_bytes(raw) as f64,
            Self::U64 => u64::from_le_bytes(raw) as f64,
            Self::F64 => f64::from_le_bytes(raw),
        }
    }
}

/// Which of channel and time comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    /// All channels of the first instant, then all of the second.
    Multiplexed,
    /// All of the first channel, then all of the second.
    Vectorised,
}

/// A matrix of numbers in a row of bytes.
pub(crate) struct Stored {
    pub(crate) source: Source,
    /// The first byte.
    pub(crate) begin: u64,
    pub(crate) number: Number,
    pub(crate) big_endian: bool,
    pub(crate) order: Order,
    pub(crate) channels: usize,
    /// Samples of each channel.
    pub(crate) len: u64,
}

/// The samples of a recording, all channels at one rate.
pub(crate) enum Samples {
    Stored(Stored),
    /// A matrix in a file of MATLAB 7.3.
    Hdf5(Matrix),
    /// Lines of text.
    Text(TextRows),
}

impl Samples {
    /// Whether they are lines of text.
    pub(crate) fn is_text(&self) -> bool {
        matches!(self, Self::Text(_))
    }

    /// Reads a window of some channels, each with what its numbers are multiplied by; `out` holds one slice a channel, of the
    /// window's length. Memory holds a block of the file at a time.
    pub(crate) fn read(
        &self,
        path: &Path,
        chosen: &[(usize, f64)],
        window: Range<u64>,
        out: &mut [&mut [f32]],
    ) -> Result<(), ReadError> {
        match self {
            Self::Stored(stored) if stored.order == Order::Vectorised => {
                for ((channel, gain), out) in chosen.iter().zip(out) {
                    stored.row(*channel, *gain, window.start, out).map_err(ReadError::io(path))?;
                }
                Ok(())
            }
            Self::Stored(stored) => {
                let frame = stored.channels * stored.number.bytes();
                let block = (BLOCK_BYTES / frame.max(1)).max(1) as u64;
                let mut bytes = Vec::new();
                blocks(window, block, |start, count, at| {
                    bytes.resize(count * frame, 0);
                    stored
                        .source
                        .read_at(stored.begin + start * frame as u64, &mut bytes)
                        .map_err(ReadError::io(path))?;
                    for ((channel, gain), out) in chosen.iter().zip(out.iter_mut()) {
                        let first = channel * stored.number.bytes();
                        for (slot, frame) in out[at..at + count].iter_mut().zip(bytes.chunks_exact(frame)) {
                            *slot = (stored.number.value(&frame[first..], stored.big_endian) * gain) as f32;
                        }
                    }
                    Ok(())
                })
            }
            Self::Text(rows) => rows.read(path, chosen, window, out),
            Self::Hdf5(matrix) => {
                let rows = matrix.rows();
                let block = (BLOCK_BYTES / (8 * rows.max(1))).max(1) as u64;
                blocks(window, block, |start, count, at| {
                    let numbers = matrix.columns(start as usize..start as usize + count)?;
                    for ((channel, gain), out) in chosen.iter().zip(out.iter_mut()) {
                        for (slot, frame) in out[at..at + count].iter_mut().zip(numbers.chunks_exact(rows)) {
                            *slot = (frame[*channel] * gain) as f32;
                        }
                    }
                    Ok(())
                })
            }
        }
    }
}

/// Calls `read` with the start of each block, its length, and its place in the window.
fn blocks(
    window: Range<u64>,
    block: u64,
    mut read: impl FnMut(u64, usize, usize) -> Result<(), ReadError>,
) -> Result<(), ReadError> {
    let mut start = window.start;
    while start < window.end {
        let count = block.min(window.end - start);
        read(start, count as usize, (start - window.start) as usize)?;
        start += count;
    }
    Ok(())
}

impl Stored {
    /// Part of one channel of a vectorised matrix.
    fn row(&self, channel: usize, gain: f64, start: u64, out: &mut [f32]) -> io::Result<()> {
        let width = self.number.bytes();
        let mut bytes = vec![0; BLOCK_BYTES.min(out.len() * width)];
        let mut offset = self.begin + (channel as u64 * self.len + start) * width as u64;
        for out in out.chunks_mut(BLOCK_BYTES / width) {
            let bytes = &mut bytes[..out.len() * width];
            self.source.read_at(offset, bytes)?;
            offset += bytes.len() as u64;
            for (slot, raw) in out.iter_mut().zip(bytes.chunks_exact(width)) {
                *slot = (self.number.value(raw, self.big_endian) * gain) as f32;
            }
        }
        Ok(())
    }
}
