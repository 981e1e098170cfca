//! Dimension scales: what the axes of a dataset mean, as h5py and netCDF readers find it.
//!
//! Attributes after the HDF5 Dimension Scale Specification 1.0, written here since the bindings have no call for them.

use std::path::Path;

use hdf5::types::{FixedAscii, VarLenArray};
use hdf5::{Dataset, Datatype, File, H5Type, ObjectReference1};
use ndarray::Array1;

use crate::{StoreError, attributes, strings};

/// A scale's note of who uses it.
#[derive(H5Type, Clone, Copy)]
#[repr(C)]
struct Use {
    dataset: ObjectReference1,
    dimension: i32,
}

/// Names every axis of `dataset`.
pub(crate) fn label(path: &Path, dataset: &Dataset, axes: &[&str]) -> Result<(), StoreError> {
    attributes::write_texts(path, dataset, "DIMENSION_LABELS", axes)
}

/// Writes the names of positions along an axis as dataset `/name`.
pub(crate) fn names<S: AsRef<str>>(
    path: &Path,
    file: &File,
    name: &str,
    values: &[S],
) -> Result<(), StoreError> {
    strings::write(path, file, name, values.len(), |k| values[k].as_ref()).map(drop)
}

/// Writes the coordinates of positions along an axis as dataset `/name` in `unit`.
pub(crate) fn numbers(
    path: &Path,
    file: &File,
    (name, unit): (&str, &str),
    values: &[f64],
) -> Result<(), StoreError> {
    let scale = file
        .new_dataset_builder()
        .with_data(values)
        .create(name)
        .map_err(StoreError::hdf5(path, format!("write scale /{name}")))?;
    attributes::write_text(path, &scale, "units", unit)
}

/// Makes datasets of `file` the scales of the axes of `dataset`; `None` for an axis without one.
pub(crate) fn attach(
    path: &Path,
    file: &File,
    dataset: &Dataset,
    axes: &[Option<&str>],
) -> Result<(), StoreError> {
    let write = || -> hdf5::Result<()> {
        let user: ObjectReference1 = file.reference(&dataset.name())?;
        let mut list = Vec::with_capacity(axes.len());
        for (dimension, name) in axes.iter().enumerate() {
            let Some(name) = name else {
                list.push(VarLenArray::from_slice(&[]));
                continue;
            };
            list.push(VarLenArray::from_slice(&[file.reference::<ObjectReference1>(name)?]));
            let scale = file.dataset(name)?;
            fixed(&scale, "CLASS", "DIMENSION_SCALE")?;
            fixed(&scale, "NAME", name)?;
            let uses = Array1::from_elem(1, Use { dataset: user, dimension: dimension as i32 });
            scale.new_attr::<Use>().shape((1,)).create("REFERENCE_LIST")?.write(&uses)?;
        }
        let list = Array1::from_vec(list);
        let attribute = dataset
            .new_attr::<VarLenArray<ObjectReference1>>()
            .shape((list.len(),))
            .create("DIMENSION_LIST")?;
        attribute.write(&list)
    };
    write().map_err(StoreError::hdf5(path, format!("attach the scales of {}", dataset.name())))
}

/// Writes a text of exactly its length and a NUL: the only form in which libhdf5 recognises a scale.
#[allow(unsafe_code)]
fn fixed(scale: &Dataset, name: &str, text: &str) -> hdf5::Result<()> {
    let kind: Datatype = hdf5::sync::sync(|| {
        // SAFETY: under the library's lock, a fresh copy of a predefined type is resized and handed over to its owner.
        unsafe {
            let id = hdf5_sys::h5t::H5Tcopy(*hdf5::globals::H5T_C_S1);
            let kind = hdf5::from_id::<Datatype>(id)?;
            hdf5::h5check(hdf5_sys::h5t::H5Tset_size(id, text.len() + 1))?;
            Ok::<_, hdf5::Error>(kind)
        }
    })?;
    let value = FixedAscii::<64>::from_ascii(text).map_err(|error| error.to_string())?;
    scale.new_attr_builder().empty_as(&kind).create(name)?.write_scalar(&value)
}
