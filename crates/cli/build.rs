//! Tells the command which commit it was built from.

use std::process::Command;

fn main() {
    println!("cargo:rerun-if-changed=../../.git/HEAD");
    println!("cargo:rerun-if-changed=../../.git/refs/heads");
    let commit =
        Command::new("git").args(["rev-parse", "HEAD"]).output().ok().filter(|run| run.status.success());
    if let Some(commit) = commit.and_then(|run| String::from_utf8(run.stdout).ok()) {
        println!("cargo:rustc-env=TWINPRINT_COMMIT={}", commit.trim());
    }
}
