//! The pieces that a file of MATLAB 5 is made of: a kind, a length, and so many bytes.

use crate::samples::Number;

/// The length of the file's own header.
pub(super) const HEADER: u64 = 128;

pub(super) const MATRIX: u32 = 14;
pub(super) const COMPRESSED: u32 = 15;
pub(super) const UTF8: u32 = 16;

/// One piece.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Element {
    pub(super) kind: u32,
    pub(super) begin: u64,
    pub(super) bytes: u64,
    /// Where the next piece begins.
    pub(super) next: u64,
}

impl Element {
    /// Reads a tag; a short piece of at most four bytes lies within its tag.
    pub(super) fn of(tag: [u8; 8], at: u64, big_endian: bool) -> Self {
        let word = |from: usize| Number::U32.value(&tag[from..from + 4], big_endian) as u32;
        let (first, second) = (word(0), word(4));
        if first >> 16 != 0 {
            return Self {
                kind: first & 0xffff,
                begin: at + 4,
                bytes: u64::from(first >> 16).min(4),
                next: at + 8,
            };
        }
        let bytes = u64::from(second);
        // Compressed pieces alone are not filled up to a multiple of eight.
        let filled = if first == COMPRESSED { bytes } else { bytes.next_multiple_of(8) };
        Self { kind: first, begin: at + 8, bytes, next: at + 8 + filled }
    }
}

/// How the numbers of a piece are stored; nothing for a piece that holds none.
pub(super) fn number(kind: u32) -> Option<Number> {
    Some(match kind {
        1 => Number::I8,
        2 | UTF8 => Number::U8,
        3 => Number::I16,
        4 | 17 => Number::U16,
        5 => Number::I32,
        6 | 18 => Number::U32,
        7 => Number::F32,
        9 => Number::F64,
        12 => Number::I64,
        13 => Number::U64,
        _ => return None,
    })
}
