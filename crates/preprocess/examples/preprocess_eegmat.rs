//! Our side of the row `preprocess_eegmat` of `cargo xtask bench`: `preprocess_eegmat EEGMAT_DIR` answers `preprocess` with
//! the seconds the whole cohort took, `check` with the epochs it gave, `memory` with the growth of the resident set in MiB.
//!
//! Peer: `tests/peers/preprocess_eegmat.py`.
#![allow(clippy::print_stdout, clippy::disallowed_methods, reason = "a benchmark prints and reads the clock")]

use std::error::Error;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::time::Instant;

use rayon::prelude::*;
use twinprint_edf::{EdfFile, Strictness};
use twinprint_preprocess::{Plan, Preprocessor};
use twinprint_signal::ChannelName;

/// As the command does.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

fn main() -> Outcome<()> {
    let folder = std::env::args_os().nth(1).ok_or("give the folder of the eegmat recordings")?;
    let files = recordings(Path::new(&folder))?;
    let start = resident_mib("VmRSS");
    println!("twinprint {}", env!("CARGO_PKG_VERSION"));
    for line in std::io::stdin().lines() {
        let number = match line?.trim() {
            "preprocess" => {
                let begin = Instant::now();
                cohort(&files)?;
                begin.elapsed().as_secs_f64()
            }
            "check" => cohort(&files)? as f64,
            "memory" => resident_mib("VmHWM") - start,
            other => return Err(format!("\"{other}\" is none of preprocess, check, memory").into()),
        };
        println!("{number}");
    }
    Ok(())
}

fn recordings(folder: &Path) -> Outcome<Vec<PathBuf>> {
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<Outcome<_>>()?;
    files.retain(|path| path.extension().is_some_and(|ending| ending == "edf"));
    files.sort();
    if files.is_empty() { Err(format!("no .edf in {}", folder.display()).into()) } else { Ok(files) }
}

/// All recordings through the default plan: average reference, FIR 1–40 Hz, 128 Hz, 2-s epochs, those at the still end of each file
/// too. Gives the epochs.
fn cohort(files: &[PathBuf]) -> Outcome<usize> {
    let mut plan = Plan::default();
    // The peer keeps them.
    plan.reject.constant = false;
    let preprocessor = Preprocessor::new(plan.checked()?);
    let counts = files.par_iter().map(|path| {
        let file = EdfFile::open(path, Strictness::Strict)?;
        let not_eeg = ["A2-A1", "ECG"].map(ChannelName::new);
        let signals: Vec<usize> = (0..file.signals().len())
            .filter(|&index| !not_eeg.contains(file.signals()[index].name()))
            .collect();
        let cut = preprocessor.run(file.recording(&signals)?, &[], None)?;
        Ok(black_box(cut.samples).dim().0)
    });
    counts.sum()
}

fn resident_mib(field: &str) -> f64 {
    std::fs::read_to_string("/proc/self/status")
        .ok()
        .and_then(|status| {
            let line = status.lines().find(|line| line.starts_with(field))?;
            line.split_whitespace().nth(1)?.parse::<f64>().ok()
        })
        .map_or(0.0, |kib| kib / 1024.0)
}
