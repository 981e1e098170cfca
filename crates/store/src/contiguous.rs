//! Writing a contiguous dataset whose number of rows becomes known only at the end.
//!
//! HDF5 can extend chunked datasets only, and chunks cannot be mapped as one array. So rows are spooled as they come to a
//! nameless temporary file beside the destination; at the end libhdf5 lays out a dataset of the final size without writing
//! it, and the spool is copied to its place by the operating system. Memory holds one write buffer, whatever the cohort.

use std::fs::File;
use std::io::{BufWriter, Seek, SeekFrom, Write};
use std::path::Path;

use hdf5::Dataset;
use hdf5::dataset::{AllocTime, FillTime};

use crate::StoreError;
use crate::staged::Staged;

/// Data begin at a multiple of a memory page, so that a map of the file holds aligned floats.
const PAGE: u64 = 4096;

/// Rows on their way into a file.
pub(crate) struct Spool {
    staged: Staged,
    rows: BufWriter<File>,
    count: usize,
}

impl Spool {
    pub(crate) fn new(target: &Path) -> Result<Self, StoreError> {
        let staged = Staged::new(target)?;
        let folder = staged.path().parent().unwrap_or_else(|| Path::new("."));
        let spool = tempfile::tempfile_in(folder)
            .map_err(StoreError::io(target, "create a temporary file beside it"))?;
        Ok(Self { staged, rows: BufWriter::with_capacity(1 << 20, spool), count: 0 })
    }

    pub(crate) fn target(&self) -> &Path {
        self.staged.target()
    }

    /// Rows so far.
    pub(crate) fn count(&self) -> usize {
        self.count
    }

    /// Appends `count` rows of an array in row-major order.
    pub(crate) fn append<'a>(
        &mut self,
        count: usize,
        slice: Option<&[f32]>,
        values: impl Iterator<Item = &'a f32>,
    ) -> Result<(), StoreError> {
        let rows = &mut self.rows;
        let written = match slice {
            Some(slice) => rows.write_all(bytemuck::cast_slice(slice)),
            None => values.into_iter().try_for_each(|value| rows.write_all(&value.to_le_bytes())),
        };
        written.map_err(StoreError::io(self.staged.target(), "write the temporary file beside it"))?;
        self.count += count;
        Ok(())
    }

    /// Makes the file: dataset `name` of `shape` with the rows, and what `describe` adds.
    pub(crate) fn finish(
        mut self,
        name: &str,
        shape: &[usize],
        describe: impl FnOnce(&Path, &hdf5::File, &Dataset) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let target = self.staged.target().to_owned();
        let offset = lay_out(&self.staged, name, shape, describe)?;
        if let Some(offset) = offset {
            let fail = || StoreError::io(&target, "copy the rows into it");
            let mut spool = self.rows.into_inner().map_err(|e| fail()(e.into_error()))?;
            let file = self.staged.file();
            let copied = spool
                .seek(SeekFrom::Start(0))
                .and_then(|_| file.seek(SeekFrom::Start(offset)))
                .and_then(|_| std::io::copy(&mut spool, file))
                .map_err(fail())?;
            let expected = shape.iter().product::<usize>() as u64 * 4;
            if copied != expected {
                let found = format!("{copied} bytes in the temporary file");
                return Err(StoreError::form(&target, name, found, format!("{expected} bytes")));
            }
        }
        self.staged.publish()
    }
}

/// Writes everything but the rows; returns where the rows go, `None` when there is none.
fn lay_out(
    staged: &Staged,
    name: &str,
    shape: &[usize],
    describe: impl FnOnce(&Path, &hdf5::File, &Dataset) -> Result<(), StoreError>,
) -> Result<Option<u64>, StoreError> {
    let target = staged.target();
    let bytes = shape.iter().product::<usize>() as u64 * 4;
    let file = hdf5::File::with_options()
        .with_fapl(|access| access.alignment(bytes.max(1), PAGE))
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
