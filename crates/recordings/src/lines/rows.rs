//! Any window of the samples of a file of lines.

use std::collections::HashSet;
use std::fs::File;
use std::io::{BufReader, Seek, SeekFrom};
use std::ops::Range;
use std::path::Path;
use std::sync::Mutex;

use super::{Between, next_line, number, text};
use crate::ReadError;

/// Samples from one entry of the index to the next.
pub(crate) const STRIDE: u64 = 1024;

/// The lines of a file that are samples.
pub(crate) struct TextRows {
    file: Mutex<File>,
    between: Between,
    /// The column of each channel.
    columns: Vec<usize>,
    /// Where the line of every [`STRIDE`]th sample begins.
    index: Vec<u64>,
    /// Where lines begin that are no samples, behind the first sample.
    passed_over: HashSet<u64>,
}

impl TextRows {
    /// Opens a file whose samples were found; `columns` holds the place of each channel in a line.
    pub(crate) fn new(
        path: &Path,
        between: Between,
        columns: Vec<usize>,
        index: Vec<u64>,
        passed_over: HashSet<u64>,
    ) -> Result<Self, ReadError> {
        let file = Mutex::new(File::open(path).map_err(ReadError::io(path))?);
        Ok(Self { file, between, columns, index, passed_over })
    }

    /// Reads a window of some channels, each with what its numbers are multiplied by; memory holds a line at a time.
    pub(crate) fn read(
        &self,
        path: &Path,
        chosen: &[(usize, f64)],
        window: Range<u64>,
        out: &mut [&mut [f32]],
    ) -> Result<(), ReadError> {
        if window.is_empty() {
            return Ok(());
        }
        let changed =
            || ReadError::field("the file", "changed since it was opened", "as it was", "open it again");
        let mut places: Vec<(usize, usize)> =
            chosen.iter().enumerate().map(|(order, (channel, _))| (self.columns[*channel], order)).collect();
        places.sort_unstable();
        // A thread that panicked while reading leaves the file as good as it was.
        let mut file = self.file.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let mut offset = *self.index.get((window.start / STRIDE) as usize).ok_or_else(changed)?;
        file.seek(SeekFrom::Start(offset)).map_err(ReadError::io(path))?;
        let mut reader = BufReader::with_capacity(1 << 16, &mut *file);
        let mut bytes = Vec::new();
        let mut sample = window.start - window.start % STRIDE;
        while sample < window.end {
            let count = next_line(&mut reader, &mut bytes).map_err(ReadError::io(path))?;
            if count == 0 {
                return Err(changed());
            }
            let begin = offset;
            offset += count;
            if self.passed_over.contains(&begin) || bytes.trim_ascii().is_empty() {
                continue;
            }
            if sample >= window.start {
                let at = (sample - window.start) as usize;
                let mut is_number = true;
                let all = self.between.pick(&text(&bytes), &places, |order, cell| {
                    let (_, gain) = chosen[order];
                    match number(cell) {
                        Some(value) => out[order][at] = (value * gain) as f32,
                        None => is_number = false,
                    }
                });
                if !(all && is_number) {
                    return Err(changed());
                }
            }
            sample += 1;
        }
        Ok(())
    }
}
