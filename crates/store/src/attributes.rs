//! Attributes: short values that describe a file or a dataset.

use std::collections::BTreeMap;
use std::path::Path;

use hdf5::types::{FixedAscii, FixedUnicode, TypeDescriptor, VarLenAscii, VarLenUnicode};
use hdf5::{Attribute, H5Type, Location};
use ndarray::Array1;

use crate::StoreError;

/// Names that this crate writes at the top of every file.
pub(crate) const SCHEMA: &str = "schema";
/// The attribute that explains the layout in words.
pub(crate) const README: &str = "README";

/// Writes a text as variable-length UTF-8, which h5py reads as `str`.
pub(crate) fn write_text(path: &Path, at: &Location, name: &str, text: &str) -> Result<(), StoreError> {
    let value = variable(path, name, text)?;
    at.new_attr::<VarLenUnicode>()
        .create(name)
        .and_then(|attribute| attribute.write_scalar(&value))
        .map_err(StoreError::hdf5(path, format!("write attribute {name}")))
}

/// Writes texts as an array of variable-length UTF-8.
pub(crate) fn write_texts<S: AsRef<str>>(
    path: &Path,
    at: &Location,
    name: &str,
    texts: &[S],
) -> Result<(), StoreError> {
    let values = texts.iter().map(|t| variable(path, name, t.as_ref())).collect::<Result<Array1<_>, _>>()?;
    at.new_attr::<VarLenUnicode>()
        .shape((values.len(),))
        .create(name)
        .and_then(|attribute| attribute.write(&values))
        .map_err(StoreError::hdf5(path, format!("write attribute {name}")))
}

/// Writes one number.
pub(crate) fn write_number<T: H5Type>(
    path: &Path,
    at: &Location,
    name: &str,
    value: T,
) -> Result<(), StoreError> {
    at.new_attr::<T>()
        .create(name)
        .and_then(|attribute| attribute.write_scalar(&value))
        .map_err(StoreError::hdf5(path, format!("write attribute {name}")))
}

fn variable(path: &Path, name: &str, text: &str) -> Result<VarLenUnicode, StoreError> {
    text.parse().map_err(|_| StoreError::text(path, format!("attribute {name}"), text, "it holds a NUL"))
}

/// Writes the schema, the explanation and the caller's attributes at the top of a file.
pub(crate) fn write_top(
    path: &Path,
    file: &hdf5::File,
    schema: &str,
    readme: &str,
    attributes: &BTreeMap<String, String>,
) -> Result<(), StoreError> {
    write_text(path, file, SCHEMA, schema)?;
    write_text(path, file, README, readme)?;
    attributes.iter().try_for_each(|(name, value)| write_text(path, file, name, value))
}

/// Refuses names of attributes that the file itself needs or cannot hold.
pub(crate) fn check(path: &Path, attributes: &BTreeMap<String, String>) -> Result<(), StoreError> {
    for (name, value) in attributes {
        if name.is_empty() || name.contains('\0') || [SCHEMA, README].contains(&name.as_str()) {
            let limit = "it must not be empty, hold a NUL, or be README or schema";
            return Err(StoreError::text(path, "attribute name", name, limit));
        }
        variable(path, name, value)?;
        if value.len() > 60_000 {
            return Err(StoreError::text(
                path,
                format!("attribute {name}"),
                value,
                "longer than 60000 bytes",
            ));
        }
    }
    Ok(())
}

/// Whether there is an attribute of this name.
///
/// Attributes are asked for by name and never listed: libhdf5 follows lists in damaged files to places that end the process.
#[allow(unsafe_code)]
pub(crate) fn exists(path: &Path, at: &Location, name: &str) -> Result<bool, StoreError> {
    let Ok(name) = std::ffi::CString::new(name) else { return Ok(false) };
    let found = hdf5::sync::sync(|| {
        // SAFETY: under the library's lock; `at` keeps its identifier open, and the name ends with a NUL and outlives the call.
        let found = unsafe { hdf5_sys::h5a::H5Aexists(at.id(), name.as_ptr()) };
        hdf5::h5check(found)
    });
    found.map(|found| found > 0).map_err(StoreError::hdf5(path, "look for an attribute"))
}

/// The text attributes of these names at the top of a file; those that are not there, or no single text, are left out.
pub(crate) fn read_top<'a>(
    path: &Path,
    file: &hdf5::File,
    names: impl IntoIterator<Item = &'a str>,
) -> Result<BTreeMap<String, String>, StoreError> {
    let mut texts = BTreeMap::new();
    for name in names {
        if !exists(path, file, name)? {
            continue;
        }
        let attribute = file.attr(name).map_err(StoreError::hdf5(path, format!("open attribute {name}")))?;
        if attribute.is_scalar()
            && let Some(text) = texts_of(path, &attribute, name)?.and_then(|texts| texts.into_iter().next())
        {
            texts.insert(name.to_owned(), text);
        }
    }
    Ok(texts)
}

/// The texts of an attribute of any text type; `None` when it holds something else.
pub(crate) fn texts_of(
    path: &Path,
    attribute: &Attribute,
    name: &str,
) -> Result<Option<Vec<String>>, StoreError> {
    let fail = || StoreError::hdf5(path, format!("read attribute {name}"));
    let kind = attribute.dtype().and_then(|kind| kind.to_descriptor()).map_err(fail())?;
    let bytes: Vec<Vec<u8>> = match kind {
        TypeDescriptor::VarLenUnicode => each::<VarLenUnicode>(attribute, |t| t.as_bytes().to_vec()),
        TypeDescriptor::VarLenAscii => each::<VarLenAscii>(attribute, |t| t.as_bytes().to_vec()),
        TypeDescriptor::FixedUnicode(n) if n <= 8192 => {
            each::<FixedUnicode<8192>>(attribute, |t| t.as_bytes().to_vec())
        }
        TypeDescriptor::FixedAscii(n) if n <= 8192 => {
            each::<FixedAscii<8192>>(attribute, |t| t.as_bytes().to_vec())
        }
        _ => return Ok(None),
    }
    .map_err(fail())?;
    let not_text =
        || StoreError::form(path, format!("attribute {name}"), "bytes that are not UTF-8", "UTF-8 text");
    bytes
        .into_iter()
        .map(|b| String::from_utf8(b).map_err(|_| not_text()))
        .collect::<Result<_, _>>()
        .map(Some)
}

fn each<T: H5Type>(attribute: &Attribute, bytes: impl Fn(&T) -> Vec<u8>) -> hdf5::Result<Vec<Vec<u8>>> {
    Ok(attribute.read_raw::<T>()?.iter().map(bytes).collect())
}
