//! How time and memory grow with the number of people: synthetic cohorts of 1, 4, 16 and 64 times twenty people through every stage,
//! each stage a process of its own.

mod fit;
mod identify;
mod measure;
mod page;
mod paper;

use std::path::{Path, PathBuf};

use crate::{commands, root, system, target_dir};

use measure::{Host, Measured, measure};

/// The page that is written.
const PAGE: &str = "docs/scale.md";
/// People of the smallest cohort, and how many times as many the others have.
const PEOPLE: usize = 20;
const TIMES: [usize; 4] = [1, 4, 16, 64];
/// What every cohort has.
const SYNTH: [&str; 6] = ["--sessions", "2", "--seconds", "60", "--channels", "8"];
/// The stages, in order; the last writes the report.
pub(crate) const STAGES: [&str; 5] = ["preprocess", "train", "embed", "evaluate", "report"];

/// Arguments of `scale`.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The most people of a cohort: 20, 80, 320 or 1280.
    #[arg(long, default_value_t = PEOPLE * TIMES[3], value_name = "PEOPLE")]
    max: usize,
    /// The most people that one is looked for among: 100000, 1000000, or 0 for none.
    #[arg(long, default_value_t = identify::PEOPLE[1], value_name = "PEOPLE")]
    identities: usize,
    /// Measure this program; without it, a release build of the project.
    #[arg(long, value_name = "PATH")]
    twinprint: Option<PathBuf>,
    /// Where cohorts and runs are written; below the target folder by default.
    #[arg(long, value_name = "DIR")]
    work: Option<PathBuf>,
    /// A sentence about the machine for the page, such as that others work on it.
    #[arg(long, value_name = "TEXT")]
    note: Option<String>,
}

/// One cohort.
pub(crate) struct Size {
    pub(crate) people: usize,
    /// Bytes of its recordings.
    pub(crate) bytes: u64,
    /// Bytes of the epochs that were cut from them.
    pub(crate) epoch_bytes: u64,
    /// What each of [`STAGES`] took.
    pub(crate) stages: Vec<Measured>,
}

/// Measures every cohort and writes the page.
pub(crate) fn run(arguments: &Arguments) -> Result<(), String> {
    let sizes: Vec<usize> =
        TIMES.iter().map(|times| PEOPLE * times).filter(|people| *people <= arguments.max).collect();
    if sizes.len() < 2 {
        return Err(format!(
            "--max {}: two cohorts or more are needed, so write 80, 320 or 1280",
            arguments.max
        ));
    }
    let twinprint = match &arguments.twinprint {
        Some(path) => path.clone(),
        None => {
            system::ensure_libhdf5()?;
            commands::cargo(&["build", "--release", "--locked", "--package", "twinprint-cli"])?;
            target_dir().join("release").join(format!("twinprint{}", std::env::consts::EXE_SUFFIX))
        }
    };
    let work = arguments.work.clone().unwrap_or_else(|| target_dir().join("scale"));
    std::fs::create_dir_all(&work).map_err(|error| format!("{}: {error}", work.display()))?;
    let work = work.canonicalize().map_err(|error| format!("{}: {error}", work.display()))?;
    let host = Host::here();
    let mut done = Vec::new();
    for people in sizes {
        done.push(size(&twinprint, &work, people)?);
        // After each cohort, so that a command that is stopped leaves what it has measured.
        write(&page::text(&host, arguments.note.as_deref(), &done, &[]))?;
    }
    let mut identified = Vec::new();
    for people in identify::PEOPLE.into_iter().filter(|people| *people <= arguments.identities) {
        identified.push(identify::gallery(&twinprint, &work, people)?);
        write(&page::text(&host, arguments.note.as_deref(), &done, &identified))?;
    }
    println!("wrote {PAGE}");
    Ok(())
}

fn write(text: &str) -> Result<(), String> {
    std::fs::write(root().join(PAGE), text).map_err(|error| format!("{PAGE}: {error}"))
}

/// Writes a cohort where it is not there, and sends it through every stage.
fn size(twinprint: &Path, work: &Path, people: usize) -> Result<Size, String> {
    let cohort = work.join(format!("cohort-{people}"));
    if !cohort.join("dataset_description.json").exists() {
        let count = people.to_string();
        let mut words = vec!["synth", utf8(&cohort)?, "--subjects", &count];
        words.extend(SYNTH);
        commands::run(twinprint, &words)?;
    }
    let pipeline = work.join(format!("scale-{people}.toml"));
    let plan = format!(
        "name = \"scale-{people}\"\nseed = 1\n\n[dataset]\nroot = {:?}\nlayout = {{ kind = \"bids\" }}\n",
        utf8(&cohort)?
    );
    std::fs::write(&pipeline, plan).map_err(|error| format!("{}: {error}", pipeline.display()))?;
    let out = work.join(format!("runs-{people}"));
    if out.exists() {
        std::fs::remove_dir_all(&out).map_err(|error| format!("{}: {error}", out.display()))?;
    }
    let mut stages = Vec::new();
    for stage in STAGES {
        // What is left after the other four is the report.
        let mut words = vec!["run", utf8(&pipeline)?, "--out", utf8(&out)?, "--no-cache"];
        if stage != "report" {
            words.extend(["--until", stage]);
        }
        println!("{people} people: {stage}");
        let measured = measure(twinprint, &words)?;
        println!("  {:.1} s, {:.0} MB", measured.seconds, measured.peak as f64 / 1e6);
        stages.push(measured);
    }
    Ok(Size {
        people,
        bytes: bytes_of(&cohort, &|path| path.extension().is_some_and(|ending| ending == "edf")),
        epoch_bytes: bytes_of(&out, &|path| path.file_name().is_some_and(|name| name == "epochs.h5")),
        stages,
    })
}

fn utf8(path: &Path) -> Result<&str, String> {
    path.to_str().ok_or_else(|| format!("{}: the path is no UTF-8", path.display()))
}

/// The bytes of all files below a folder that are wanted.
fn bytes_of(folder: &Path, wanted: &dyn Fn(&Path) -> bool) -> u64 {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .map(|entry| match entry.path() {
            path if path.is_dir() => bytes_of(&path, wanted),
            path if wanted(&path) => entry.metadata().map_or(0, |facts| facts.len()),
            _ => 0,
        })
        .sum()
}
