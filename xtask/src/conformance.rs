//! What twinprint reads of recordings beside what MNE-Python reads of them.

use std::path::{Path, PathBuf};

use crate::bench::peers;
use crate::{commands, root, system, target_dir};

/// What the script imports, in the versions of `tests/peers/requirements.txt`.
const PACKAGES: [&str; 8] = ["mne", "mne-bids", "edfio", "pybv", "eeglabio", "h5py", "numpy", "scipy"];

/// Builds the command and compares it over every recording of the shared data and over data sets in BIDS.
pub(crate) fn run(short: bool, python: Option<&Path>) -> Result<(), String> {
    system::ensure_libhdf5()?;
    commands::cargo(&["build", "--release", "--locked", "--package", "twinprint-cli"])?;
    let twinprint = target_dir().join("release").join(format!("twinprint{}", std::env::consts::EXE_SUFFIX));
    let python = peers::python(python, &PACKAGES)?;
    let data =
        std::env::var_os("TWINPRINT_DATA").map_or_else(|| root().join("../shared/data"), PathBuf::from);
    let script = root().join("tests/peers/conformance.py");
    let mut arguments = vec![script.to_string_lossy(), twinprint.to_string_lossy(), data.to_string_lossy()];
    arguments.extend(short.then_some("--short".into()));
    let arguments: Vec<&str> = arguments.iter().map(AsRef::as_ref).collect();
    commands::run(python, &arguments)
}
