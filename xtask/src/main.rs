//! The project's chores: `cargo xtask quickstart | test | table | check | harden | fuzz | sbom | bench | scale | conformance | dist`.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a command-line tool talks to its user")]

mod bench;
mod commands;
mod conformance;
mod device;
mod dist;
mod fuzz;
mod harden;
mod quickstart;
mod scale;
mod supply;
mod system;
mod table;
mod test;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// The project's chores.
#[derive(Parser)]
#[command(name = "cargo xtask", about)]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Install what is missing, build, write a synthetic cohort and run the whole road on it.
    Quickstart,
    /// Run every test: unit, property, documentation and end to end; count what was skipped.
    Test {
        /// Only tests whose name contains this.
        #[arg(conflicts_with = "device")]
        filter: Option<String>,
        /// Only the tests that compare this device with the processor, in a build with it.
        #[arg(long)]
        device: Option<device::Device>,
        /// Take PyTorch from this Python rather than from an environment below the
        /// target folder; its version must be the pinned one.
        #[arg(long, requires = "device")]
        python: Option<PathBuf>,
    },
    /// Run every pipeline and write the table of results, docs/guide/results.md.
    Table,
    /// Compare what is read of recordings with MNE-Python: every file of the shared data, and BIDS data sets of every format.
    Conformance {
        /// Some of the recordings only.
        #[arg(long)]
        short: bool,
        /// Take the peers from this Python; its versions must be the pinned ones.
        #[arg(long)]
        python: Option<PathBuf>,
    },
    /// Check the format, run clippy with warnings denied, and look over the dependencies.
    Check,
    /// Try to break it: the long form of everything that docs/reliability.md measures.
    Harden,
    /// Drive every reader with changed files, guided by coverage (libFuzzer); what breaks one is kept in fuzz/artifacts.
    Fuzz {
        /// One target only, as fuzz/Cargo.toml names it.
        target: Option<String>,
        /// Seconds for each target.
        #[arg(long, default_value_t = 60)]
        seconds: u32,
        /// Also those whose crates take long to build: pipelines, scores, features, parquet, galleries, models.
        #[arg(long)]
        heavy: bool,
    },
    /// Write a bill of every crate that goes into the command (CycloneDX, JSON).
    Sbom {
        /// The file; without it the bill is printed.
        #[arg(long)]
        to: Option<PathBuf>,
    },
    /// Time our work and a peer's in turn, in one run.
    Bench(bench::Arguments),
    /// Measure how time and memory of every stage grow with the number of people, and write docs/scale.md.
    Scale(scale::Arguments),
    /// Build the command with libhdf5 in it, pack it with manual, completions and licences, and try it on a root with nothing else.
    Dist,
}

fn main() -> ExitCode {
    let outcome = match Arguments::parse().task {
        Task::Quickstart => quickstart::run(),
        Task::Test { device: Some(device), python, .. } => test::run_on(device, python.as_deref()),
        Task::Test { filter, .. } => test::run(filter.as_deref()),
        Task::Table => table::run(),
        Task::Conformance { short, python } => conformance::run(short, python.as_deref()),
        Task::Check => check(),
        Task::Harden => harden::run(),
        Task::Fuzz { target, seconds, heavy } => fuzz::run(target.as_deref(), seconds, heavy),
        Task::Sbom { to } => supply::write(to.as_deref()),
        Task::Bench(arguments) => bench::run(&arguments),
        Task::Scale(arguments) => scale::run(&arguments),
        Task::Dist => dist::run_all(),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("xtask: {message}");
            ExitCode::FAILURE
        }
    }
}

fn check() -> Result<(), String> {
    commands::cargo(&["fmt", "--all", "--", "--check"])?;
    system::ensure_libhdf5()?;
    let lints = ["-D", "warnings", "-D", "clippy::undocumented_unsafe_blocks"];
    commands::cargo(&[&["clippy", "--workspace", "--all-targets", "--locked", "--"][..], &lints].concat())?;
    supply::check()
}

/// The project's root.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().map_or_else(|| PathBuf::from("."), Path::to_owned)
}

/// Where cargo puts what it builds.
fn target_dir() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The words of every `cargo xtask …` in a text, up to two spaces, a back-tick or the line's end.
    fn chores(text: &str) -> Vec<Vec<String>> {
        let ends =
            |rest: &str| rest.find("  ").into_iter().chain(rest.find(['`', '\n', '(', ',', ';'])).min();
        let starts = text.match_indices("cargo xtask ").map(|(at, _)| &text[at..]);
        starts
            .map(|rest| {
                rest[..ends(rest).unwrap_or(rest.len())].split_whitespace().map(str::to_owned).collect()
            })
            .collect()
    }

    #[test]
    fn every_chore_that_the_documents_name_is_one_that_can_be_given() {
        let guide = std::fs::read_dir(root().join("docs/guide")).unwrap().map(|entry| entry.unwrap().path());
        let others = ["README.md", "README.ko.md", "CONTRIBUTING.md", "docs/reliability.md"]
            .map(|name| root().join(name));
        let mut seen = 0;
        for page in guide.chain(others).filter(|page| page.extension().is_some_and(|ending| ending == "md")) {
            for words in chores(&std::fs::read_to_string(&page).unwrap()) {
                // `cargo xtask test --python PATH` and the like need a value that stands there; whole sentences end at their stop.
                let words: Vec<&str> =
                    words[1..].iter().map(|word| word.trim_end_matches(['.', ':'])).collect();
                let parsed = Arguments::try_parse_from(&words);
                assert!(parsed.is_ok(), "{}: {}: {}", page.display(), words.join(" "), parsed.err().unwrap());
                seen += 1;
            }
        }
        assert!(seen > 15, "only {seen} were found");
    }
}
