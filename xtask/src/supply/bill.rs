//! A software bill of materials in CycloneDX's form: every crate that goes into the command, with its licence and its hash.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::{Value, json};

use super::metadata;
use crate::root;

/// The package whose bill it is.
const COMMAND: &str = "twinprint-cli";

/// Writes the bill into a file, or prints it.
///
/// # Errors
/// When cargo does not answer or the file cannot be written.
pub(crate) fn write(to: Option<&Path>) -> Result<(), String> {
    let path = root().join("Cargo.lock");
    let lock = std::fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    let bill = bill(&metadata()?, &checksums(&lock))?;
    let text = serde_json::to_string_pretty(&bill).map_err(|error| error.to_string())? + "\n";
    match to {
        Some(to) => std::fs::write(to, text).map_err(|error| format!("{}: {error}", to.display())),
        None => {
            print!("{text}");
            Ok(())
        }
    }
}

/// The SHA-256 of each package that `Cargo.lock` has one of, by `name version`.
fn checksums(lock: &str) -> BTreeMap<String, String> {
    let value = |block: &str, key: &str| {
        let line = block.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(" = \""));
        line.and_then(|line| line.strip_suffix('"')).map(str::to_owned)
    };
    let of = |block: &str| {
        let name = format!("{} {}", value(block, "name")?, value(block, "version")?);
        Some((name, value(block, "checksum")?))
    };
    lock.split("[[package]]").filter_map(of).collect()
}

/// What a package is called in the bill: its package URL.
fn reference(package: &Value) -> String {
    format!("pkg:cargo/{}@{}", text(package, "name"), text(package, "version"))
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_default()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

/// The licence as an SPDX expression, or where the package states none by its file.
fn licence(package: &Value) -> Value {
    match (package["license"].as_str(), package["license_file"].as_str()) {
        (Some(expression), _) => json!({ "expression": expression.replace('/', " OR ") }),
        (None, Some(file)) => json!({ "license": { "name": format!("as in its file {file}") } }),
        (None, None) => json!({ "license": { "name": "not stated" } }),
    }
}

/// The packages that the command is linked from (`required`), and those that run while it is built (`excluded`); no tests.
fn bill(metadata: &Value, checksums: &BTreeMap<String, String>) -> Result<Value, String> {
    let packages: BTreeMap<&str, &Value> =
        list(&metadata["packages"]).iter().map(|package| (text(package, "id"), package)).collect();
    let nodes: BTreeMap<&str, &Value> =
        list(&metadata["resolve"]["nodes"]).iter().map(|node| (text(node, "id"), node)).collect();
    let command = packages.iter().find(|(_, package)| package["name"] == COMMAND);
    let (&command, _) = command.ok_or_else(|| format!("cargo metadata knows no {COMMAND}"))?;
    let linked = reached(&nodes, command, &[None]);
    let all = reached(&nodes, command, &[None, Some("build")]);
    let component = |id: &&str| {
        let package = packages[*id];
        let key = format!("{} {}", text(package, "name"), text(package, "version"));
        let mut component = json!({
            "type": if *id == command { "application" } else { "library" },
            "bom-ref": reference(package),
            "name": package["name"],
            "version": package["version"],
            "purl": reference(package),
            "scope": if linked.contains(*id) { "required" } else { "excluded" },
            "licenses": [licence(package)],
        });
        if let Some(hash) = checksums.get(&key) {
            component["hashes"] = json!([{ "alg": "SHA-256", "content": hash }]);
        }
        component
    };
    let depends = |id: &&str| {
        let uses = needed(nodes[*id], &[None, Some("build")]).filter(|used| all.contains(used));
        let uses: BTreeSet<String> = uses.map(|used| reference(packages[used])).collect();
        json!({ "ref": reference(packages[*id]), "dependsOn": uses })
    };
    Ok(json!({
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": { "component": component(&command) },
        "components": all.iter().filter(|id| **id != command).map(component).collect::<Vec<_>>(),
        "dependencies": all.iter().map(depends).collect::<Vec<_>>(),
    }))
}

/// The packages that one depends on in one of these ways; nothing stands for a normal dependency.
fn needed<'a>(node: &'a Value, kinds: &'a [Option<&'a str>]) -> impl Iterator<Item = &'a str> {
    let of_kind = |dependency: &&Value| {
        list(&dependency["dep_kinds"]).iter().any(|kind| kinds.contains(&kind["kind"].as_str()))
    };
    list(&node["deps"]).iter().filter(of_kind).map(|dependency| text(dependency, "pkg"))
}

/// The packages that one comes to, itself among them.
fn reached<'a>(
    nodes: &BTreeMap<&'a str, &'a Value>,
    from: &'a str,
    kinds: &'a [Option<&'a str>],
) -> BTreeSet<&'a str> {
    let (mut seen, mut next) = (BTreeSet::from([from]), vec![from]);
    while let Some(node) = next.pop().and_then(|id| nodes.get(id)) {
        next.extend(needed(node, kinds).filter(|used| seen.insert(*used)));
    }
    seen
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bill_names_everything_that_is_linked_with_licence_and_hash_and_no_tool_of_the_tests() {
        let lock = std::fs::read_to_string(root().join("Cargo.lock")).unwrap();
        let bill = bill(&metadata().unwrap(), &checksums(&lock)).unwrap();
        let components = list(&bill["components"]);
        let named = |name: &str| components.iter().find(|component| component["name"] == name);
        for name in ["twinprint-edf", "twinprint-desk", "serde", "rusqlite", "burn", "chacha20poly1305"] {
            assert_eq!(named(name).map(|found| text(found, "scope")), Some("required"), "{name}");
        }
        assert_eq!(named("cc").map(|found| text(found, "scope")), Some("excluded"), "what only builds");
        for name in ["insta", "proptest", "twinprint-tests", "xtask"] {
            assert!(named(name).is_none(), "{name} goes into no command");
        }
        for component in components {
            let licence = &component["licenses"][0];
            let stated = text(licence, "expression");
            let by_file = text(&licence["license"], "name").starts_with("as in its file");
            assert!(by_file || (!stated.is_empty() && !stated.contains('/')), "{component}");
            let ours = text(component, "name").starts_with("twinprint-");
            let hash = text(&component["hashes"][0], "content");
            assert!(ours || (hash.len() == 64 && hash.bytes().all(|b| b.is_ascii_hexdigit())), "{component}");
        }
        let known: BTreeSet<&str> = components.iter().map(|component| text(component, "bom-ref")).collect();
        assert_eq!(known.len(), components.len(), "each once");
        for entry in list(&bill["dependencies"]) {
            for used in list(&entry["dependsOn"]) {
                assert!(known.contains(used.as_str().unwrap()), "{used} is used and not listed");
            }
        }
        assert_eq!(list(&bill["dependencies"]).len(), components.len() + 1);
    }

    #[test]
    fn a_hash_is_read_from_the_lock_file() {
        let lock = "[[package]]\nname = \"a\"\nversion = \"1.0.0\"\nsource = \"x\"\nchecksum = \"ff\"\n\n[[package]]\nname = \"b\"\nversion = \"2.0.0\"\n";
        assert_eq!(checksums(lock), BTreeMap::from([("a 1.0.0".to_owned(), "ff".to_owned())]));
    }
}
