//! Tells the command which commit it was built from, and by which compiler.

use std::process::Command;

fn main() {
    println!("cargo:rerun-if-changed=../../.git/HEAD");
    println!("cargo:rerun-if-changed=../../.git/refs/heads");
    let commit =
        Command::new("git").args(["rev-parse", "HEAD"]).output().ok().filter(|run| run.status.success());
    if let Some(commit) = commit.and_then(|run| String::from_utf8(run.stdout).ok()) {
        println!("cargo:rustc-env=TWINPRINT_COMMIT={}", commit.trim());
    }
    let compiler = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let version = Command::new(compiler).arg("--version").output().ok().filter(|run| run.status.success());
    if let Some(version) = version.and_then(|run| String::from_utf8(run.stdout).ok()) {
        println!("cargo:rustc-env=TWINPRINT_COMPILER={}", version.trim());
    }
}
