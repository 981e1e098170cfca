//! What this build can use on this machine: for `twinprint doctor`.

use twinprint_encoder::Compute;

/// Libraries, devices and features.
#[derive(Debug, Clone)]
pub struct Health {
    /// The version of libhdf5.
    pub hdf5: String,
    /// The devices that an encoder can be trained on here.
    pub devices: Vec<String>,
    /// The optional features and whether this build has them.
    pub features: [(&'static str, bool); 4],
}

/// Looks at the libraries and the devices.
pub fn health() -> Health {
    Health {
        hdf5: twinprint_store::hdf5_version(),
        devices: Compute::present(),
        features: [
            ("static-hdf5", cfg!(feature = "static-hdf5")),
            ("libtorch", cfg!(feature = "libtorch")),
            ("cuda", cfg!(feature = "cuda")),
            ("wgpu", cfg!(feature = "wgpu")),
        ],
    }
}
