//! The peers' own Python environment, with the versions that `tests/peers/requirements.txt` pins.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::commands::{run_aside, succeeds};
use crate::{root, target_dir};

const PINS: &str = "tests/peers/requirements.txt";
/// PyTorch for CPUs alone; the one on PyPI brings gigabytes of CUDA.
const TORCH_INDEX: &str = "https://download.pytorch.org/whl/cpu";

/// A Python in which the given packages have the pinned versions: the one given, or an environment below the target folder
/// that is made, and completed, when needed.
pub(crate) fn python(given: Option<&Path>, packages: &[&str]) -> Result<PathBuf, String> {
    let pins = pins()?;
    let wanted: Vec<(&str, &str)> = packages
        .iter()
        .map(|&package| {
            let pin = pins.iter().find(|(name, _)| name == package);
            pin.map(|(_, version)| (package, version.as_str()))
                .ok_or_else(|| format!("{PINS} does not pin {package}"))
        })
        .collect::<Result<_, _>>()?;
    if let Some(python) = given {
        let missing = missing(python, &wanted)?;
        if missing.is_empty() {
            return Ok(python.to_owned());
        }
        return Err(format!(
            "{} lacks {}; leave --python out to have an environment made",
            python.display(),
            missing.join(", ")
        ));
    }
    let environment = target_dir().join("peers");
    let python = environment.join(if cfg!(windows) { "Scripts/python.exe" } else { "bin/python" });
    if !succeeds(&python.to_string_lossy(), &["-m", "pip", "--version"]) {
        eprintln!("making an environment for peers in {}", environment.display());
        let system = if cfg!(windows) { "python" } else { "python3" };
        run_aside(system, &["-m", "venv", "--clear", &environment.to_string_lossy()])
            .map_err(|error| format!("{error}\npeers need Python 3.12 or newer with venv (Debian, Ubuntu: apt-get install python3-venv)"))?;
    }
    for package in missing(&python, &wanted)? {
        install(&python, &package)?;
    }
    let still = missing(&python, &wanted)?;
    if still.is_empty() { Ok(python) } else { Err(format!("pip left out {}", still.join(", "))) }
}

/// Names and versions of the requirements file.
fn pins() -> Result<Vec<(String, String)>, String> {
    let path = root().join(PINS);
    let text = std::fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines
        .map(|line| {
            let pin = line.split_once("==").map(|(name, version)| (name.to_owned(), version.to_owned()));
            pin.ok_or_else(|| format!("{PINS}: \"{line}\" is not name==version"))
        })
        .collect()
}

/// Those packages that are not there in the wanted version, as `name==version`.
fn missing(python: &Path, wanted: &[(&str, &str)]) -> Result<Vec<String>, String> {
    const ASK: &str = "import sys, importlib.metadata as m
for pin in sys.argv[1:]:
    name, version = pin.split('==')
    try: found = m.version(name)
    except m.PackageNotFoundError: found = ''
    if found.split('+')[0] != version: print(pin)";
    let mut pins: Vec<String> = wanted.iter().map(|(name, version)| format!("{name}=={version}")).collect();
    pins.sort();
    pins.dedup();
    let output = Command::new(python)
        .args(["-c", ASK])
        .args(&pins)
        .output()
        .map_err(|error| format!("cannot start {}: {error}", python.display()))?;
    if !output.status.success() {
        return Err(format!("{}: {}", python.display(), String::from_utf8_lossy(&output.stderr).trim()));
    }
    Ok(String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect())
}

fn install(python: &Path, pin: &str) -> Result<(), String> {
    eprintln!("installing {pin}");
    let pins = root().join(PINS);
    let pins = pins.to_string_lossy();
    let mut arguments =
        vec!["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--constraint", &*pins];
    if pin.starts_with("torch==") {
        // Pip takes a local version (2.9.0+cpu) for the pinned one. Where that index is out of reach PyPI serves.
        let mut for_cpu = arguments.clone();
        for_cpu.extend(["--retries", "0", "--timeout", "10", "--no-deps", "--index-url", TORCH_INDEX, pin]);
        let had = succeeds(&python.to_string_lossy(), &for_cpu);
        eprintln!(
            "{}",
            if had { "installed the build for CPUs" } else { "taking PyTorch from PyPI, CUDA included" }
        );
    }
    arguments.push(pin);
    run_aside(python, &arguments)
}
