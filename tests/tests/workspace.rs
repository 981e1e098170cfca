//! The shape of the workspace: which crate may know which.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use twinprint_tests::root;

/// What each crate may depend on besides `signal`; the others of ours it may not.
const ALLOWED: [(&str, &[&str]); 19] = [
    ("signal", &[]),
    ("edf", &[]),
    ("recordings", &["edf", "store"]),
    ("dataset", &[]),
    ("closed", &[]),
    ("preprocess", &["closed"]),
    ("protocol", &[]),
    ("features", &["closed"]),
    ("conv1d", &[]),
    ("encoder", &["closed", "conv1d", "features", "staged"]),
    ("comparison", &["closed"]),
    ("evaluation", &["closed", "comparison"]),
    ("staged", &[]),
    ("store", &["staged"]),
    ("report", &[]),
    ("gallery", &["closed", "staged"]),
    (
        "run",
        &[
            "closed",
            "dataset",
            "recordings",
            "preprocess",
            "protocol",
            "features",
            "encoder",
            "comparison",
            "evaluation",
            "staged",
            "store",
            "report",
        ],
    ),
    ("foreign", &["run", "comparison", "encoder", "evaluation", "features", "protocol", "report", "store"]),
    (
        "desk",
        &[
            "run",
            "foreign",
            "comparison",
            "recordings",
            "encoder",
            "evaluation",
            "gallery",
            "preprocess",
            "protocol",
            "report",
            "store",
        ],
    ),
];

fn dependencies() -> BTreeMap<String, BTreeSet<String>> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--no-deps", "--offline"])
        .current_dir(root())
        .output()
        .unwrap();
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let ours = |name: &str| name.strip_prefix("twinprint-").map(str::to_owned);
    let mut known = BTreeMap::new();
    for package in metadata["packages"].as_array().unwrap() {
        let Some(name) = ours(package["name"].as_str().unwrap()) else { continue };
        let normal = package["dependencies"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|dependency| dependency["kind"].is_null());
        known.insert(
            name,
            normal.filter_map(|dependency| ours(dependency["name"].as_str().unwrap())).collect(),
        );
    }
    known
}

#[test]
fn no_crate_knows_more_than_it_may() {
    let known = dependencies();
    assert!(known.contains_key("signal") && known.contains_key("run"), "{known:?}");
    for (name, uses) in &known {
        if ["cli", "tests"].contains(&name.as_str()) {
            continue;
        }
        let allowed = ALLOWED.iter().find(|(crate_name, _)| crate_name == name);
        let (_, allowed) = allowed.unwrap_or_else(|| panic!("say in ALLOWED what {name} may know"));
        for used in uses {
            assert!(used == "signal" || allowed.contains(&used.as_str()), "{name} must not know {used}");
        }
    }
}

#[test]
fn only_store_knows_libhdf5_only_closed_knows_faer_and_only_learners_know_burn() {
    let manifest =
        |name: &str| std::fs::read_to_string(root().join("crates").join(name).join("Cargo.toml")).unwrap();
    for entry in std::fs::read_dir(root().join("crates")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let manifest = manifest(&name);
        let normal = manifest.split("[dev-dependencies]").next().unwrap().to_owned();
        assert!(!normal.contains("\nhdf5.workspace") || name == "store", "{name} must not know libhdf5");
        assert!(!normal.contains("\nfaer") || name == "closed", "{name} must not know faer");
        let learns = ["encoder", "conv1d", "evaluation"].contains(&name.as_str());
        assert!(!normal.contains("\nburn") || learns, "{name} must not know burn");
    }
}
