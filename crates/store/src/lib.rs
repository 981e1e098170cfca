//! Epochs, prints and features as HDF5 files: written whole or not at all, opened by h5py, MNE, MATLAB and Octave.
//!
//! Each kind of file is one numeric dataset with one row an epoch, and a group `/meta` of columns that say whose the rows are.
//! Epochs and prints lie contiguous and little-endian in the file, so that reading them is mapping them into memory;
//! features are chunked and compressed. Files appear under their name only when complete: they are written under a temporary
//! name in the same folder, flushed to disk and renamed.
//!
//! libhdf5 is not safe to call from several threads at once; every call goes through the lock of the `hdf5` crate, so
//! writers and readers of this crate may be used from any thread. Samples never pass through that lock: they are spooled and
//! mapped outside libhdf5.

#[cfg(target_endian = "big")]
compile_error!("files are little-endian and mapped as they are: a big-endian host would read them wrongly");

mod attributes;
mod contiguous;
pub mod epochs;
mod error;
pub mod export;
pub mod isolation;
mod mapped;
pub mod matlab;
mod meta;
pub mod prints;
mod reader;
mod scales;
mod strings;

pub use error::StoreError;
pub use mapped::Storage;

/// The version of libhdf5 that this build uses: `1.14.3`.
pub fn hdf5_version() -> String {
    let (major, minor, patch) = hdf5::library_version();
    format!("{major}.{minor}.{patch}")
}
