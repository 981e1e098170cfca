//! `doctor`: what this build and this machine have, for people whose first run failed.

use std::path::Path;
use std::process::{Command, ExitCode};

use twinprint_dataset::Manifest;

use crate::exit_code::NEGATIVE;
use crate::failure::Failure;
use crate::host;
use crate::say::say;

/// Below so many free gibibytes a run of a large cohort may not fit.
const ROOM: f64 = 2.0;

/// Says what is there, a line each; ends with 1 where something is missing that a run needs.
pub(crate) fn show(threads: usize) -> Result<ExitCode, Failure> {
    let machine = host::facts(threads);
    let health = twinprint_run::health();
    let commit = machine.git_commit.map_or_else(String::new, |commit| format!(", commit {commit}"));
    say!("{:<8} twinprint   {}{commit}, {} {}", "ok", machine.version, machine.os, machine.arch);
    say!("{:<8} processor   {}, {threads} threads", "ok", machine.cpu.as_deref().unwrap_or("unnamed"));
    say!("{:<8} libhdf5     {}", "ok", health.hdf5);
    say!("{:<8} devices     {} can be used", "ok", health.devices.join(", "));
    let absent: Vec<&str> =
        health.features.iter().filter(|(_, built)| !built).map(|(name, _)| *name).collect();
    let built: Vec<&str> =
        health.features.iter().filter(|(_, built)| *built).map(|(name, _)| *name).collect();
    let or_none = |names: &[&str]| if names.is_empty() { "none".to_owned() } else { names.join(", ") };
    say!("{:<8} features    built with {}; without {}", "ok", or_none(&built), or_none(&absent));
    let mut well = true;
    match free_gibibytes(Path::new(".")) {
        Some(free) => {
            let enough = free >= ROOM;
            well &= enough;
            let advice = if enough { "" } else { "; make room, or write runs elsewhere with --out" };
            say!("{:<8} disk        {free:.1} GiB free here{advice}", if enough { "ok" } else { "LITTLE" });
        }
        None => say!("{:<8} disk        its room is not known here", "?"),
    }
    let mut found = false;
    for folder in host::data_folders() {
        let sets: Vec<&str> = Manifest::names().filter(|name| folder.join(name).is_dir()).collect();
        if folder.is_dir() {
            found |= !sets.is_empty();
            let text =
                if sets.is_empty() { "no dataset that twinprint names".to_owned() } else { sets.join(", ") };
            say!("{:<8} data        {}: {text}", "ok", folder.display());
        } else {
            say!("{:<8} data        {} is not there", "-", folder.display());
        }
    }
    if !found {
        say!(
            "{:<8} data        nothing yet: `twinprint synth data/quickstart` makes a cohort, `twinprint fetch eegmat` downloads one",
            "-"
        );
    }
    Ok(if well { ExitCode::SUCCESS } else { NEGATIVE.into() })
}

/// The room on the disk that holds a folder, as `df` tells it.
fn free_gibibytes(folder: &Path) -> Option<f64> {
    let output = Command::new("df").arg("-Pk").arg(folder).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let kibibytes: f64 = text.lines().nth(1)?.split_whitespace().nth(3)?.parse().ok()?;
    Some(kibibytes / (1024.0 * 1024.0))
}
