//! Numbers of a dataset, mapped from the file where its layout allows it.

use std::fs::File;
use std::path::Path;

use hdf5::datatype::ByteOrder;
use hdf5::types::{FloatSize, TypeDescriptor};
use hdf5::{Dataset, dataset::Layout};
use memmap2::Mmap;
use ndarray::{ArrayView, Dimension, IntoDimension};

use crate::StoreError;
use crate::reader::Reader;

/// How the numbers of an open file are held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Storage {
    /// Mapped from the file: opening took no time, pages are read when touched and shared between processes.
    Mapped,
    /// Read into memory, since the dataset is chunked, compressed, of another type or empty.
    InMemory,
}

enum Held {
    Mapped { map: Mmap, offset: usize, bytes: usize },
    InMemory(Vec<f32>),
}

/// A dataset's numbers in row-major order.
pub(crate) struct Numbers {
    held: Held,
    shape: Vec<usize>,
}

impl Numbers {
    /// Opens dataset `name`, whose axes are called `axes`.
    pub(crate) fn open(reader: &Reader, name: &str, axes: &[&str]) -> Result<Self, StoreError> {
        let dataset = reader.dataset(name)?;
        let shape = dataset.shape();
        let path = reader.path();
        let fail = || StoreError::hdf5(path, format!("read dataset {name}"));
        let kind = dataset.dtype().map_err(fail())?;
        // Floats of half or of more than double precision have no descriptor; libhdf5 converts them all the same.
        let descriptor = match kind.to_descriptor() {
            Err(_) if matches!(kind.size(), 2 | 10 | 12 | 16) => None,
            other => Some(other.map_err(fail())?),
        };
        use TypeDescriptor::{Float, Integer, Unsigned};
        if let Some(other) =
            descriptor.as_ref().filter(|kind| !matches!(kind, Float(_) | Integer(_) | Unsigned(_)))
        {
            let expected = "numbers: write a dataset of float32 [rows, columns], and what describes the rows below /meta";
            return Err(StoreError::form(path, name, format!("of type {other}"), expected));
        }
        if shape.len() != axes.len() {
            let expected = format!("of {} axes [{}]", axes.len(), axes.join(", "));
            return Err(StoreError::form(path, name, format!("of shape {shape:?}"), expected));
        }
        let count = shape.iter().try_fold(1usize, |product, axis| product.checked_mul(*axis));
        let Some(bytes) = count.and_then(|count| count.checked_mul(4)) else {
            return Err(StoreError::form(path, name, format!("of shape {shape:?}"), "addressable in memory"));
        };
        reader.check_stored(name, &dataset)?;
        let plain = descriptor == Some(Float(FloatSize::U4))
            && kind.byte_order() == ByteOrder::LittleEndian
            && matches!(dataset.layout(), Layout::Contiguous)
            && dataset.filters().is_empty();
        let held = match dataset.offset().filter(|_| plain && bytes > 0) {
            Some(offset) => map(path, name, offset + reader.file().userblock(), bytes)?,
            None => None,
        };
        let held = match held {
            Some(held) => held,
            None => Held::InMemory(read(&dataset).map_err(fail())?),
        };
        Ok(Self { held, shape })
    }

    pub(crate) fn shape(&self) -> &[usize] {
        &self.shape
    }

    pub(crate) fn storage(&self) -> Storage {
        match self.held {
            Held::Mapped { .. } => Storage::Mapped,
            Held::InMemory(_) => Storage::InMemory,
        }
    }

    fn values(&self) -> &[f32] {
        match &self.held {
            Held::Mapped { map, offset, bytes } => bytemuck::cast_slice(&map[*offset..offset + bytes]),
            Held::InMemory(values) => values,
        }
    }

    /// The numbers as an array of shape `dim`, which must be [`Numbers::shape`].
    #[allow(unsafe_code)]
    pub(crate) fn view<I: IntoDimension>(&self, dim: I) -> ArrayView<'_, f32, I::Dim> {
        let (dim, values) = (dim.into_dimension(), self.values());
        assert_eq!(dim.size(), values.len(), "a view covers the dataset");
        // SAFETY: `values` holds exactly as many initialised numbers as `dim` needs in row-major order, and outlives the view.
        unsafe { ArrayView::from_shape_ptr(dim, values.as_ptr()) }
    }
}

/// Maps the file; `None` when the numbers lie at an address that floats cannot have.
#[allow(unsafe_code)]
fn map(path: &Path, name: &str, offset: u64, bytes: usize) -> Result<Option<Held>, StoreError> {
    let file = File::open(path).map_err(StoreError::io(path, "open it"))?;
    let length = file.metadata().map_err(StoreError::io(path, "examine it"))?.len();
    let fits = offset.checked_add(bytes as u64).is_some_and(|end| end <= length);
    let offset = match usize::try_from(offset) {
        Ok(offset) if fits => offset,
        _ => {
            let found = format!(
                "bytes {offset} to {} of a file of {length} bytes",
                offset.saturating_add(bytes as u64)
            );
            return Err(StoreError::form(
                path,
                name,
                found,
                "inside the file: it was truncated, make it again",
            ));
        }
    };
    // SAFETY: the map is read-only. As for every map, another process that truncates the file while it is open can end this
    // one; files of this crate are never changed in place but replaced by renaming, which leaves the mapped one as it is.
    let map = unsafe { Mmap::map(&file) }.map_err(StoreError::io(path, "map it into memory"))?;
    let aligned = bytemuck::try_cast_slice::<u8, f32>(&map[offset..offset + bytes]).is_ok();
    Ok(aligned.then_some(Held::Mapped { map, offset, bytes }))
}

fn read(dataset: &Dataset) -> hdf5::Result<Vec<f32>> {
    dataset.read_raw()
}
