//! Every test, with a count of what was skipped and why.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use crate::commands::program;
use crate::device::{self, Device};
use crate::system;

pub(crate) fn run(filter: Option<&str>) -> Result<(), String> {
    system::ensure_libhdf5()?;
    system::ensure_tools();
    let mut tally = Tally::default();
    let mut succeeded = true;
    for kind in [&["--all-targets"][..], &["--doc"][..]] {
        let mut arguments = vec!["test", "--workspace", "--locked", "--no-fail-fast"];
        arguments.extend(kind);
        arguments.extend(filter);
        arguments.extend(["--", "--show-output"]);
        let mut command = program(env!("CARGO"));
        succeeded &= run_cargo_test(command.args(&arguments), &mut tally, false)?;
    }
    tally.conclude(succeeded)
}

/// The tests that compare a device with the processor; what they measured is shown. On CI (the variable `CI` says so) what
/// cannot be installed is skipped, loudly.
pub(crate) fn run_on(device: Device, python: Option<&Path>) -> Result<(), String> {
    system::ensure_libhdf5()?;
    let mut tally = Tally::default();
    let mut command = match device::tests(device, python) {
        Err(why) if std::env::var_os("CI").is_some() => {
            println!("SKIPPED: every test on {device:?}: {why}");
            return Ok(());
        }
        found => found?,
    };
    let succeeded = run_cargo_test(&mut command, &mut tally, true)?;
    tally.conclude(succeeded)
}

/// Why a test that the runner ignores does not run.
const IGNORED: &str = "ignored in the source, which says why";

/// What the tests came to.
#[derive(Debug, Default)]
struct Tally {
    passed: usize,
    failed: usize,
    /// How many tests gave each reason for not looking.
    skipped: BTreeMap<String, usize>,
}

impl Tally {
    /// Takes in a line of the output of `cargo test`.
    fn read(&mut self, line: &str) {
        if let Some(reason) = line.trim_start().strip_prefix("SKIPPED:") {
            *self.skipped.entry(reason.trim().to_owned()).or_default() += 1;
        }
        if let Some(counts) = line.strip_prefix("test result:") {
            self.passed += count_before(counts, "passed");
            self.failed += count_before(counts, "failed");
            let ignored = count_before(counts, "ignored");
            if ignored > 0 {
                *self.skipped.entry(IGNORED.to_owned()).or_default() += ignored;
            }
        }
    }

    /// Prints what it came to.
    fn conclude(&self, succeeded: bool) -> Result<(), String> {
        println!("\n{}", self.text());
        if succeeded { Ok(()) } else { Err("some tests failed; see above".to_owned()) }
    }

    /// The reasons for skipping, then the counts in a line of their own.
    fn text(&self) -> String {
        let skipped: usize = self.skipped.values().sum();
        let mut lines: Vec<String> =
            self.skipped.iter().map(|(reason, count)| format!("skipped {count}: {reason}")).collect();
        // A test that skips returns without a failure, so the runner counts it among the passed.
        let ignored = self.skipped.get(IGNORED).copied().unwrap_or(0);
        let passed = self.passed.saturating_sub(skipped - ignored);
        lines.push(format!("{passed} passed, {} failed, {skipped} skipped", self.failed));
        lines.join("\n")
    }
}

/// The number that stands before `word` in `ok. 12 passed; 0 failed; …`.
fn count_before(counts: &str, word: &str) -> usize {
    let words: Vec<&str> = counts.split_whitespace().collect();
    let place = words.iter().position(|found| found.trim_end_matches(';') == word);
    place.and_then(|place| words.get(place.checked_sub(1)?)?.parse().ok()).unwrap_or(0)
}

/// Runs cargo test, shows its lines, what passing tests print only if asked to, and counts.
fn run_cargo_test(command: &mut Command, tally: &mut Tally, show_passing: bool) -> Result<bool, String> {
    let mut child = command
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| format!("cannot start cargo test: {error}"))?;
    let stdout = child.stdout.take().ok_or("cargo test has no output to read")?;
    let mut in_passing_output = false;
    for line in BufReader::new(stdout).split(b'\n') {
        let line = line.map_err(|error| format!("cannot read the output of cargo test: {error}"))?;
        let line = String::from_utf8_lossy(&line);
        match line.trim_end() {
            "successes:" => in_passing_output = true,
            "failures:" => in_passing_output = false,
            other if other.starts_with("test result:") => in_passing_output = false,
            _ => {}
        }
        tally.read(&line);
        if show_passing || !in_passing_output {
            println!("{line}");
        }
    }
    let status = child.wait().map_err(|error| format!("cargo test did not end: {error}"))?;
    Ok(status.success())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn skipped_tests_are_counted_apart_from_those_that_passed() {
        let mut tally = Tally::default();
        for line in [
            "test result: ok. 12 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.1s",
            "SKIPPED: no eegmat",
            "SKIPPED: no eegmat",
            "test result: FAILED. 3 passed; 1 failed; 2 ignored; 0 measured; 0 filtered out; finished in 0.1s",
        ] {
            tally.read(line);
        }
        assert_eq!(
            tally.text(),
            "skipped 2: ignored in the source, which says why\nskipped 2: no eegmat\n13 passed, 1 failed, 4 skipped"
        );
    }
}
