//! Writing a contiguous dataset whose number of rows becomes known only at the end.
//!
//! HDF5 can extend chunked datasets only, and chunks cannot be mapped as one array. So rows go, as they come, straight to
//! where they will lie in the finished file: behind a gap of [`HEAD`] bytes. At the end libhdf5 lays out, in a second and
//! sparse temporary file, a dataset of the final size at that very place without writing it; what it wrote before and behind
//! the rows is then copied around them. Every row is written once, and memory holds one write buffer whatever the cohort.
//! Should libhdf5 choose another place, as it does for small datasets, the rows are copied to it instead.

use std::fs::File;
use std::io::{BufWriter, Read, Seek, SeekFrom, Write};
use std::path::Path;

use hdf5::Dataset;
use hdf5::dataset::{AllocTime, FillTime};

use twinprint_staged::{Readers, Staged};

use crate::StoreError;

/// Bytes before the rows, enough for what libhdf5 puts before the first dataset; a multiple of every common page size, so that
/// a map of the file holds aligned floats.
const HEAD: u64 = 65_536;
/// Alignment of datasets smaller than [`HEAD`].
const PAGE: u64 = 4096;

/// Rows on their way into a file.
pub(crate) struct Spool {
    staged: Staged,
    rows: BufWriter<File>,
}

impl Spool {
    pub(crate) fn new(target: &Path) -> Result<Self, StoreError> {
        let mut staged = Staged::new(target, Readers::AsUsual)?;
        let fail = || StoreError::io(target, "prepare the temporary file beside it");
        let mut rows = staged.file().try_clone().map_err(fail())?;
        rows.seek(SeekFrom::Start(HEAD)).map_err(fail())?;
        Ok(Self { staged, rows: BufWriter::with_capacity(1 << 20, rows) })
    }

    pub(crate) fn target(&self) -> &Path {
        self.staged.target()
    }

    /// Appends rows of an array in row-major order; `slice` where they lie so in memory.
    pub(crate) fn append<'a>(
        &mut self,
        slice: Option<&[f32]>,
        values: impl Iterator<Item = &'a f32>,
    ) -> Result<(), StoreError> {
        let rows = &mut self.rows;
        let written = match slice {
            Some(slice) => rows.write_all(bytemuck::cast_slice(slice)),
            None => values.into_iter().try_for_each(|value| rows.write_all(&value.to_le_bytes())),
        };
        written.map_err(StoreError::io(self.staged.target(), "write the temporary file beside it"))
    }

    /// Makes the file: dataset `name` of `shape` with the rows, and what `describe` adds.
    pub(crate) fn finish(
        self,
        name: &str,
        shape: &[usize],
        describe: impl FnOnce(&Path, &hdf5::File, &Dataset) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let Self { mut staged, rows, .. } = self;
        let target = staged.target().to_owned();
        let bytes = shape.iter().product::<usize>() as u64 * 4;
        let fail = || StoreError::io(&target, "put its parts together");
        let written = rows.into_inner().map_err(|error| fail()(error.into_error()))?;
        let length = written.metadata().map_err(fail())?.len().saturating_sub(HEAD);
        if length != bytes {
            let found = format!("{length} bytes in the temporary file");
            return Err(StoreError::form(&target, name, found, format!("{bytes} bytes")));
        }
        let mut layout = Staged::new(&target, Readers::AsUsual)?;
        match lay_out(&layout, name, shape, bytes, describe)? {
            Some(HEAD) => {
                copy(layout.file(), 0, Some(HEAD), staged.file(), 0).map_err(fail())?;
                let end = HEAD + bytes;
                copy(layout.file(), end, None, staged.file(), end).map_err(fail())?;
                Ok(staged.publish()?)
            }
            Some(offset) => {
                copy(staged.file(), HEAD, Some(bytes), layout.file(), offset).map_err(fail())?;
                Ok(layout.publish()?)
            }
            None => Ok(layout.publish()?),
        }
    }
}

/// Copies `length` bytes, or all to the end, between places of two files.
fn copy(from: &mut File, start: u64, length: Option<u64>, to: &mut File, at: u64) -> std::io::Result<()> {
    from.seek(SeekFrom::Start(start))?;
    to.seek(SeekFrom::Start(at))?;
    let copied = std::io::copy(&mut from.take(length.unwrap_or(u64::MAX)), to)?;
    match length {
        Some(length) if copied != length => Err(std::io::ErrorKind::UnexpectedEof.into()),
        _ => Ok(()),
    }
}

/// Writes everything but the rows; returns where the rows go, `None` when there is none.
fn lay_out(
    staged: &Staged,
    name: &str,
    shape: &[usize],
    bytes: u64,
    describe: impl FnOnce(&Path, &hdf5::File, &Dataset) -> Result<(), StoreError>,
) -> Result<Option<u64>, StoreError> {
    let target = staged.target();
    let alignment = if bytes < HEAD { PAGE } else { HEAD };
    let file = hdf5::File::with_options()
        .with_fapl(|access| access.alignment(bytes.max(1), alignment))
        .create(staged.path())
        .map_err(StoreError::hdf5(target, "create it"))?;
    let dataset = file
        .new_dataset_builder()
        .alloc_time(Some(AllocTime::Early))
        .fill_time(FillTime::Never)
        .empty::<f32>()
        .shape(shape)
        .create(name)
        .map_err(StoreError::hdf5(target, format!("create dataset {name}")))?;
    let offset = dataset.offset();
    if bytes > 0 && offset.is_none() {
        return Err(StoreError::form(target, name, "without a place in the file", "allocated by libhdf5"));
    }
    describe(target, &file, &dataset)?;
    drop(dataset);
    file.flush().map_err(StoreError::hdf5(target, "flush it"))?;
    file.close().map_err(StoreError::hdf5(target, "close it"))?;
    Ok(offset.filter(|_| bytes > 0))
}
