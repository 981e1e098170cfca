//! Named tensors in safetensors files, written whole or not at all.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::io::Write;
use std::path::Path;

use safetensors::tensor::{Dtype, SafeTensors, TensorView, serialize};
use twinprint_staged::{Readers, Staged};

use crate::error::{EncoderError, FormatError};
use crate::weights::Parameter;

/// Safetensors bytes of named tensors, and of text about them.
pub(crate) fn layout(
    tensors: &[Parameter],
    about: Option<HashMap<String, String>>,
) -> Result<Vec<u8>, EncoderError> {
    let bytes: Vec<Vec<u8>> =
        tensors.iter().map(|t| t.values.iter().flat_map(|x| x.to_le_bytes()).collect()).collect();
    let mut views = BTreeMap::new();
    for (tensor, bytes) in tensors.iter().zip(&bytes) {
        views.insert(tensor.name.clone(), TensorView::new(Dtype::F32, tensor.shape.clone(), bytes)?);
    }
    Ok(serialize(views, about)?)
}

/// Named tensors of safetensors bytes.
pub(crate) fn parse(bytes: &[u8]) -> Result<BTreeMap<String, Parameter>, FormatError> {
    let file = SafeTensors::deserialize(bytes)?;
    let mut tensors = BTreeMap::new();
    for (name, view) in file.tensors() {
        if view.dtype() != Dtype::F32 {
            return Err(FormatError::Type(name, view.dtype()));
        }
        let values =
            view.data().chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect();
        tensors.insert(name.clone(), Parameter::new(name, view.shape(), values));
    }
    Ok(tensors)
}

pub(crate) fn read_file(path: &Path) -> Result<Vec<u8>, EncoderError> {
    fs::read(path).map_err(EncoderError::file(path))
}

/// Writes `bytes` beside `path` and renames them to it.
pub(crate) fn write_atomically(path: &Path, bytes: &[u8]) -> Result<(), EncoderError> {
    let mut staged = Staged::new(path, Readers::AsUsual)?;
    staged.file().write_all(bytes).map_err(EncoderError::file(path))?;
    Ok(staged.publish()?)
}
