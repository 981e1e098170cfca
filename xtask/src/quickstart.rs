//! From nothing to a table: install, build, synthesise, run, and say what to do next.

use std::path::Path;

use crate::{commands, root, system, target_dir};

/// Where the synthetic cohort lands; `pipelines/quickstart.toml` reads it there.
const COHORT: &str = "data/quickstart";

/// How the cohort is made; the pipeline says the same at its head.
const SYNTH: &str = "--subjects 40 --seconds 40 --channels 8 --rate 128";

/// What the table says, and three commands that come next.
const AFTERWARDS: &str = include_str!("quickstart.txt");

pub(crate) fn run() -> Result<(), String> {
    system::ensure_libhdf5()?;
    println!("building twinprint (the first build takes half an hour on two cores)");
    commands::cargo(&["build", "--release", "--locked", "--package", "twinprint-cli"])?;
    let twinprint = target_dir().join("release").join(format!("twinprint{}", std::env::consts::EXE_SUFFIX));
    if !is_there(&root().join(COHORT))? {
        commands::run(&twinprint, &[&["synth", COHORT][..], &SYNTH.split(' ').collect::<Vec<_>>()].concat())?;
    }
    commands::run(&twinprint, &["run", "pipelines/quickstart.toml", "--force"])?;
    let shown = twinprint.strip_prefix(root()).unwrap_or(&twinprint).display().to_string();
    println!("\n{}", AFTERWARDS.replace("{twinprint}", &shown));
    Ok(())
}

/// Whether the cohort is there; another one in its place is an error.
fn is_there(folder: &Path) -> Result<bool, String> {
    let Ok(description) = std::fs::read_to_string(folder.join("dataset_description.json")) else {
        return Ok(false);
    };
    if description.contains("\"subjects\": 40") && description.contains("\"channels\": 8") {
        return Ok(true);
    }
    Err(format!(
        "{COHORT} holds another cohort, of an earlier version perhaps: remove the folder and try again"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pipeline_says_how_its_cohort_is_made() {
        let pipeline = std::fs::read_to_string(root().join("pipelines/quickstart.toml")).unwrap();
        assert!(pipeline.contains(&format!("#   twinprint synth {COHORT} {SYNTH}\n")), "{pipeline}");
    }

    #[test]
    fn it_ends_with_three_commands() {
        let commands = AFTERWARDS.lines().filter(|line| line.trim_start().starts_with("{twinprint} "));
        assert_eq!(commands.count(), 3);
    }
}
