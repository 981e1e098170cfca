//! The tests that compare devices, in a build with one more. libtorch is what PyTorch's wheel holds, found through its Python.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::bench::peers;
use crate::commands::program;
use crate::target_dir;

/// What a build can have beside the processor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Device {
    /// PyTorch's library; installs PyTorch where it is missing.
    Libtorch,
    /// Vulkan, Metal or DirectX; Mesa's llvmpipe is one in software.
    Wgpu,
    /// NVIDIA's.
    Cuda,
}

impl Device {
    /// The cargo feature, and the folder below the target folder.
    fn name(self) -> &'static str {
        match self {
            Self::Libtorch => "libtorch",
            Self::Wgpu => "wgpu",
            Self::Cuda => "cuda",
        }
    }
}

/// Where the loader looks for libraries.
const LIBRARIES: &str = if cfg!(target_os = "macos") {
    "DYLD_LIBRARY_PATH"
} else if cfg!(windows) {
    "PATH"
} else {
    "LD_LIBRARY_PATH"
};

/// The call of cargo that builds and runs the tests of a device. It has a target folder of its own, so that the other builds stay as they are.
///
/// # Errors
/// When there is no Python, or PyTorch of the pinned version cannot be installed.
pub(crate) fn tests(device: Device, python: Option<&Path>) -> Result<Command, String> {
    let name = device.name();
    let mut command = program(env!("CARGO"));
    // The two crates that compute on a device, and no more of the workspace than they need.
    command.args(["test", "--locked", "--no-fail-fast", "-p", "twinprint-encoder", "-p", "twinprint-conv1d"]);
    command.args(["--features", &format!("twinprint-encoder/{name},twinprint-conv1d/{name}")]);
    command.args(["--test", "devices", "--test", "equals_burn", "--", "--show-output"]);
    command.env("CARGO_TARGET_DIR", target_dir().join(name));
    if device == Device::Libtorch {
        find_libtorch(&mut command, &peers::python(python, &["torch"])?)?;
    }
    Ok(command)
}

/// Lets the build and what it builds find the wheel's libraries.
fn find_libtorch(command: &mut Command, python: &Path) -> Result<(), String> {
    let libraries = libraries(python)?;
    // torch-sys asks the `python3` on the path, outside a virtual environment.
    command.env_remove("VIRTUAL_ENV").env("LIBTORCH_USE_PYTORCH", "1");
    let folder = python.parent().map_or_else(PathBuf::new, Path::to_owned);
    command.env("PATH", before("PATH", vec![folder.clone()])?);
    let first = if LIBRARIES == "PATH" { vec![libraries, folder] } else { vec![libraries] };
    command.env(LIBRARIES, before(LIBRARIES, first)?);
    Ok(())
}

/// The folder of the wheel's libraries, which name the others they need themselves.
fn libraries(python: &Path) -> Result<PathBuf, String> {
    const ASK: &str = "import os, importlib.util as u; print(os.path.join(os.path.dirname(u.find_spec('torch').origin), 'lib'))";
    let output = Command::new(python).args(["-c", ASK]).output();
    let output = output.map_err(|error| format!("cannot start {}: {error}", python.display()))?;
    let folder = PathBuf::from(String::from_utf8_lossy(&output.stdout).trim());
    if output.status.success() && folder.is_dir() {
        return Ok(folder);
    }
    Err(format!("{} has no torch: {}", python.display(), String::from_utf8_lossy(&output.stderr).trim()))
}

/// A list of folders with others before it.
fn before(variable: &str, mut folders: Vec<PathBuf>) -> Result<OsString, String> {
    let rest = std::env::var_os(variable).unwrap_or_default();
    folders.extend(std::env::split_paths(&rest));
    std::env::join_paths(folders).map_err(|error| format!("{variable}: {error}"))
}
