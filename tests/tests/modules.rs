//! The shape inside the crates: modules and files that use one another in circles, and files that nobody can keep in mind.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use twinprint_tests::root;

/// Crates that still have a circle or a file too long.
const EXEMPT: &[&str] = &[];
/// The most lines of a source file.
const LONGEST: usize = 400;

/// Who uses whom: a module by its path below the crate, `fetch::source`, and the modules whose items it names.
type Uses = BTreeMap<String, BTreeSet<String>>;

#[test]
fn no_modules_use_one_another_in_a_circle() {
    for (name, source) in crates() {
        let uses = uses(&modules(&source));
        let found = [circles(&top_level(&uses)), circles(&uses)].concat();
        assert!(found.is_empty() || EXEMPT.contains(&name.as_str()), "crates/{name}: circles of {found:?}");
    }
}

#[test]
fn no_source_file_has_grown_past_what_a_head_holds() {
    for (name, source) in crates() {
        for path in files(&source) {
            let lines = std::fs::read_to_string(&path).unwrap().lines().count();
            let fine = lines <= LONGEST || EXEMPT.contains(&name.as_str());
            assert!(fine, "{} has {lines} lines: part it, {LONGEST} are the most", path.display());
        }
    }
}

/// The only files with unsafe code, each for what it says at its top.
const UNSAFE: [&str; 8] = [
    "cli/src/mapped_file.rs",
    "cli/src/memory.rs",
    "conv1d/src/kernel/matmul.rs",
    "conv1d/src/lib.rs",
    "evaluation/src/knn/quantised.rs",
    "store/src/attributes.rs",
    "store/src/mapped.rs",
    "store/src/scales.rs",
];

#[test]
fn unsafe_code_lies_in_named_files_alone_and_each_block_says_why_it_is_sound() {
    let mut found = Vec::new();
    for (name, source) in crates() {
        for path in files(&source) {
            let text = std::fs::read_to_string(&path).unwrap();
            let code = |line: &&str| !line.trim_start().starts_with("//");
            let lines = || text.lines().filter(code);
            if lines().any(|line| line.contains("allow(unsafe_code") || line.contains("unsafe {")) {
                let place = path.strip_prefix(source.parent().unwrap()).unwrap().to_str().unwrap().to_owned();
                let blocks = lines().filter(|line| line.contains("unsafe {")).count();
                let reasons = text.lines().filter(|line| line.contains("SAFETY:")).count();
                assert!(reasons >= blocks, "crates/{name}/{place}: {blocks} blocks, {reasons} with SAFETY");
                found.push(format!("{name}/{place}"));
            }
        }
    }
    found.sort();
    assert_eq!(found, UNSAFE);
}

#[test]
fn a_circle_is_found_whether_it_is_written_as_an_import_a_path_or_a_relative_name() {
    let made_up = |texts: &[(&str, &str)]| {
        let modules = texts.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
        let uses = uses(&modules);
        (circles(&top_level(&uses)), circles(&uses))
    };
    let names = |list: &[&str]| list.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    let circle = [
        ("header", "use crate::{error::Error, signal::{self, Signal as S}};"),
        ("signal", "fn read() -> super::layout::Layout {}"),
        ("layout", "pub(crate) use crate::header::PART;"),
        ("error", "// use crate::header::Header;\n#[cfg(test)]\nmod tests { use crate::header::Header; }"),
    ];
    let found = vec![names(&["header", "layout", "signal"])];
    assert_eq!(made_up(&circle), (found.clone(), found));
    let parents = [("fetch", "mod source;\nuse source::Sources;"), ("fetch::source", "use super::Options;")];
    assert_eq!(made_up(&parents), (vec![], vec![]), "a child may use its parent");
    let siblings = [("a", ""), ("a::b", "use super::c::C;"), ("a::c", "use crate::a::b::{self};")];
    assert_eq!(made_up(&siblings), (vec![], vec![names(&["a::b", "a::c"])]));
}

fn crates() -> Vec<(String, PathBuf)> {
    let folders = std::fs::read_dir(root().join("crates")).unwrap().map(|entry| entry.unwrap());
    folders.map(|entry| (entry.file_name().into_string().unwrap(), entry.path().join("src"))).collect()
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for path in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        if path.is_dir() {
            found.extend(files(&path));
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            found.push(path);
        }
    }
    found
}

/// The text of every module below the root of a crate, by the module's path.
fn modules(source: &Path) -> BTreeMap<String, String> {
    let read = |path: PathBuf| {
        let name = path.strip_prefix(source).unwrap().with_extension("").to_str().unwrap().replace('/', "::");
        (name.trim_end_matches("::mod").to_owned(), std::fs::read_to_string(path).unwrap())
    };
    let all = files(source).into_iter().map(read);
    all.filter(|(name, _)| !matches!(name.as_str(), "lib" | "main")).collect()
}

fn uses(modules: &BTreeMap<String, String>) -> Uses {
    let of = |(name, text): (&String, &String)| {
        let named = paths(text).into_iter().filter_map(|path| absolute(name, &path, modules));
        (name.clone(), named.filter(|used| used != name && !name.starts_with(&format!("{used}::"))).collect())
    };
    modules.iter().map(of).collect()
}

/// The module that a path written in module `name` leads to, if it is one of this crate's.
fn absolute(name: &str, path: &str, modules: &BTreeMap<String, String>) -> Option<String> {
    let mut base: Vec<&str> = name.split("::").collect();
    let mut parts = path.split("::").peekable();
    match *parts.peek()? {
        "crate" => {
            parts.next();
            base.clear();
        }
        "super" => {
            while parts.next_if_eq(&"super").is_some() {
                base.pop();
            }
        }
        "self" => {
            parts.next();
        }
        child if modules.contains_key(&format!("{name}::{child}")) => {}
        _ => return None,
    }
    base.extend(parts);
    (1..=base.len()).rev().map(|len| base[..len].join("::")).find(|path| modules.contains_key(path))
}

/// Every path that a text imports, and every one in its code that begins with `crate` or `super`; without its tests.
fn paths(text: &str) -> Vec<String> {
    let text = text.split("#[cfg(test)]\nmod ").next().unwrap_or_default();
    let lines: Vec<&str> = text.lines().map(|line| line.split("//").next().unwrap_or_default()).collect();
    let mut found = Vec::new();
    for statement in lines.join("\n").split(';') {
        let import = statement.rsplit_once("use ").filter(|(before, _)| begins_an_import(before));
        let (code, tree) = import.unwrap_or((statement, ""));
        expand("", tree, &mut found);
        let words = code.split(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':'));
        let local = words.filter(|word| word.starts_with("crate::") || word.starts_with("super::"));
        found.extend(local.map(|word| word.trim_end_matches(':').to_owned()));
    }
    found
}

/// Whether what stands before `use` ends a line of other code or is a visibility.
fn begins_an_import(before: &str) -> bool {
    let line = before.rsplit('\n').next().unwrap_or_default().trim();
    line.is_empty() || line.starts_with("pub") || line.ends_with('{')
}

/// Adds the paths of a tree such as `crate::{a, b::{self, C as D}}`.
fn expand(prefix: &str, tree: &str, found: &mut Vec<String>) {
    let Some((head, rest)) = tree.split_once('{') else {
        let name = tree.split(" as ").next().unwrap_or_default().trim();
        found.extend(
            (!name.is_empty()).then(|| format!("{prefix}{name}").trim_end_matches("::self").to_owned()),
        );
        return;
    };
    let (prefix, body) = (format!("{prefix}{}", head.trim()), rest.rsplit_once('}').map_or(rest, |(b, _)| b));
    let (mut depth, mut start) = (0, 0);
    for (at, c) in body.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                expand(&prefix, &body[start..at], found);
                start = at + 1;
            }
            _ => {}
        }
    }
    expand(&prefix, &body[start..], found);
}

fn top_level(uses: &Uses) -> Uses {
    let top = |name: &str| name.split("::").next().unwrap_or_default().to_owned();
    let mut merged = Uses::new();
    for (name, used) in uses {
        let used = used.iter().map(|other| top(other)).filter(|other| *other != top(name));
        merged.entry(top(name)).or_default().extend(used);
    }
    merged
}

/// The groups of modules that reach one another.
fn circles(uses: &Uses) -> Vec<Vec<String>> {
    let reached = |from: &String| {
        let (mut seen, mut next) = (BTreeSet::new(), vec![from]);
        while let Some(name) = next.pop() {
            next.extend(uses.get(name).into_iter().flatten().filter(|other| seen.insert((*other).clone())));
        }
        seen
    };
    let reach: BTreeMap<&String, BTreeSet<String>> = uses.keys().map(|name| (name, reached(name))).collect();
    let group = |name: &String| -> Vec<String> {
        reach[name]
            .iter()
            .filter(|other| reach.get(other).is_some_and(|back| back.contains(name)))
            .cloned()
            .collect()
    };
    let groups: BTreeSet<Vec<String>> = uses.keys().map(group).filter(|group| !group.is_empty()).collect();
    groups.into_iter().collect()
}
