//! From nothing to a table: install, build, synthesise, run.

use crate::{commands, root, system, target_dir};

/// Where the synthetic cohort lands; `pipelines/quickstart.toml` reads it there.
const COHORT: &str = "data/quickstart";

pub(crate) fn run() -> Result<(), String> {
    system::ensure_libhdf5()?;
    println!("building twinprint (the first build takes a quarter of an hour on two cores)");
    commands::cargo(&["build", "--release", "--locked", "--package", "twinprint-cli"])?;
    let twinprint = target_dir().join("release").join(format!("twinprint{}", std::env::consts::EXE_SUFFIX));
    if !root().join(COHORT).join("dataset_description.json").exists() {
        commands::run(&twinprint, &["synth", COHORT])?;
    }
    commands::run(&twinprint, &["run", "pipelines/quickstart.toml", "--force"])
}
