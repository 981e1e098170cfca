//! Columns of text: fixed-length, ASCII where that holds them (Octave reads no other), else UTF-8.

use std::path::Path;

use hdf5::types::{FixedAscii, FixedUnicode, TypeDescriptor, VarLenAscii, VarLenUnicode};
use hdf5::{Dataset, Group, H5Type};
use ndarray::{Array1, s};

use crate::StoreError;

/// The longest text of a column in bytes.
const WIDEST: usize = 8192;
/// Bytes of text in memory at a time.
const BLOCK_BYTES: usize = 1 << 20;

/// Calls `$call::<N>` with the least prepared width N that holds `$width` bytes.
macro_rules! with_width {
    ($width:expr, $function:ident $arguments:tt) => {
        match $width {
            0..=32 => $function::<32> $arguments,
            33..=256 => $function::<256> $arguments,
            257..=1024 => $function::<1024> $arguments,
            _ => $function::<WIDEST> $arguments,
        }
    };
}

/// Writes `count` texts as dataset `name` of `group`.
pub(crate) fn write<'a>(
    path: &Path,
    group: &Group,
    name: &str,
    count: usize,
    text: impl Fn(usize) -> &'a str,
) -> Result<Dataset, StoreError> {
    let mut width = 1;
    for row in 0..count {
        let text = text(row);
        if text.len() > WIDEST {
            return Err(StoreError::text(
                path,
                format!("a text of column {name}"),
                text,
                "longer than 8192 bytes",
            ));
        }
        if text.contains('\0') {
            return Err(StoreError::text(path, format!("a text of column {name}"), text, "it holds a NUL"));
        }
        width = width.max(text.len());
    }
    let fail = || StoreError::hdf5(path, format!("write column {name}"));
    // Octave reads no text that is marked as UTF-8, so text is marked so only where it must be.
    let ascii = (0..count).all(|row| text(row).is_ascii());
    let kind = if ascii { TypeDescriptor::FixedAscii(width) } else { TypeDescriptor::FixedUnicode(width) };
    let builder = group.new_dataset_builder();
    let builder = if count * width > 1 << 14 && hdf5::filters::deflate_available() {
        builder.chunk((count.min(BLOCK_BYTES / width),)).shuffle().deflate(4)
    } else {
        builder
    };
    let dataset = builder.empty_as(&kind).shape((count,)).create(name).map_err(fail())?;
    if ascii {
        with_width!(width, put_ascii(&dataset, count, text)).map_err(fail())?;
    } else {
        with_width!(width, put_unicode(&dataset, count, text)).map_err(fail())?;
    }
    Ok(dataset)
}

fn put_ascii<'a, const N: usize>(
    dataset: &Dataset,
    count: usize,
    text: impl Fn(usize) -> &'a str,
) -> hdf5::Result<()> {
    put(dataset, count, BLOCK_BYTES / N, |row| {
        FixedAscii::<N>::from_ascii(text(row)).map_err(|e| e.to_string())
    })
}

fn put_unicode<'a, const N: usize>(
    dataset: &Dataset,
    count: usize,
    text: impl Fn(usize) -> &'a str,
) -> hdf5::Result<()> {
    put(dataset, count, BLOCK_BYTES / N, |row| {
        text(row).parse::<FixedUnicode<N>>().map_err(|e| e.to_string())
    })
}

/// Writes `count` texts, `block` of them at a time.
fn put<T: H5Type>(
    dataset: &Dataset,
    count: usize,
    block: usize,
    text: impl Fn(usize) -> Result<T, String>,
) -> hdf5::Result<()> {
    for start in (0..count).step_by(block) {
        let end = (start + block).min(count);
        let texts = (start..end).map(&text).collect::<Result<Array1<T>, _>>()?;
        dataset.write_slice(&texts, s![start..end])?;
    }
    Ok(())
}

/// Reads a column of text, fixed or variable in length, or of whole numbers, which are written out.
pub(crate) fn read(path: &Path, dataset: &Dataset, name: &str) -> Result<Vec<String>, StoreError> {
    let fail = || StoreError::hdf5(path, format!("read column {name}"));
    let shape = dataset.shape();
    let kind = dataset.dtype().and_then(|kind| kind.to_descriptor()).map_err(fail())?;
    match kind {
        TypeDescriptor::Integer(_) => {
            let numbers: Vec<i64> = dataset.read_raw().map_err(fail())?;
            return Ok(numbers.iter().map(ToString::to_string).collect());
        }
        TypeDescriptor::Unsigned(_) => {
            let numbers: Vec<u64> = dataset.read_raw().map_err(fail())?;
            return Ok(numbers.iter().map(ToString::to_string).collect());
        }
        _ => {}
    }
    let [count] = shape[..] else {
        return Err(StoreError::form(path, name, format!("of shape {shape:?}"), "a column of one axis"));
    };
    let bytes = match kind {
        TypeDescriptor::FixedUnicode(width) if width <= WIDEST => {
            with_width!(width, fixed_unicode(dataset, count))
        }
        TypeDescriptor::FixedAscii(width) if width <= WIDEST => {
            with_width!(width, fixed_ascii(dataset, count))
        }
        TypeDescriptor::VarLenUnicode => {
            blocks::<VarLenUnicode>(dataset, count, 1 << 14, |t| t.as_bytes().to_vec())
        }
        TypeDescriptor::VarLenAscii => {
            blocks::<VarLenAscii>(dataset, count, 1 << 14, |t| t.as_bytes().to_vec())
        }
        other => {
            return Err(StoreError::form(
                path,
                name,
                format!("of type {other}"),
                "text of at most 8192 bytes, or whole numbers",
            ));
        }
    }
    .map_err(fail())?;
    let not_text = || StoreError::form(path, name, "bytes that are not UTF-8", "UTF-8 text");
    bytes.into_iter().map(|text| String::from_utf8(text).map_err(|_| not_text())).collect()
}

fn fixed_unicode<const N: usize>(dataset: &Dataset, count: usize) -> hdf5::Result<Vec<Vec<u8>>> {
    blocks::<FixedUnicode<N>>(dataset, count, BLOCK_BYTES / N, |text| text.as_bytes().to_vec())
}

fn fixed_ascii<const N: usize>(dataset: &Dataset, count: usize) -> hdf5::Result<Vec<Vec<u8>>> {
    blocks::<FixedAscii<N>>(dataset, count, BLOCK_BYTES / N, |text| text.as_bytes().to_vec())
}

fn blocks<T: H5Type>(
    dataset: &Dataset,
    count: usize,
    block: usize,
    bytes: impl Fn(&T) -> Vec<u8>,
) -> hdf5::Result<Vec<Vec<u8>>> {
    let mut texts = Vec::with_capacity(count.min(1 << 20));
    for start in (0..count).step_by(block) {
        let part: Array1<T> = dataset.read_slice_1d(s![start..(start + block).min(count)])?;
        texts.extend(part.iter().map(&bytes));
    }
    Ok(texts)
}
