//! Every test, with a count of what was skipped and why.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use crate::{root, system};

pub(crate) fn run(filter: Option<&str>) -> Result<(), String> {
    system::ensure_libhdf5()?;
    let mut skipped = Vec::new();
    let mut passed = true;
    for kind in [&["--all-targets"][..], &["--doc"][..]] {
        let mut arguments = vec!["test", "--workspace", "--locked", "--no-fail-fast"];
        arguments.extend(kind);
        arguments.extend(filter);
        arguments.extend(["--", "--show-output"]);
        passed &= run_cargo_test(&arguments, &mut skipped)?;
    }
    skipped.sort();
    skipped.dedup();
    println!("\n{} skipped", skipped.len());
    for reason in &skipped {
        println!("  {reason}");
    }
    if passed { Ok(()) } else { Err("some tests failed; see above".to_owned()) }
}

/// Runs cargo test, shows its lines but not what passing tests print, and keeps their `SKIPPED:` lines.
fn run_cargo_test(arguments: &[&str], skipped: &mut Vec<String>) -> Result<bool, String> {
    let mut child = Command::new(env!("CARGO"))
        .args(arguments)
        .current_dir(root())
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
        if let Some(reason) = line.trim_start().strip_prefix("SKIPPED:") {
            skipped.push(reason.trim().to_owned());
        }
        if !in_passing_output {
            println!("{line}");
        }
    }
    let status = child.wait().map_err(|error| format!("cargo test did not end: {error}"))?;
    Ok(status.success())
}
