//! Every small file of `fuzz/corpus`, and some hundreds of changed copies of each, through the readers that the fuzzer drives: none panics,
//! hangs, or takes more memory than there is. It needs no fuzzer.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

#[path = "../../fuzz/src/heavy.rs"]
mod heavy;
#[path = "../../fuzz/src/light.rs"]
mod light;

use std::collections::BTreeSet;

use twinprint_tests::numbers::Numbers;
use twinprint_tests::root;

/// Changed copies of each file.
const CHANGED: u64 = 300;
/// What breaks numbers when it is written over them.
const WORDS: [&[u8]; 8] =
    [b"-1", b"0", b"99999999", b"1e308", b"nan", b"\xff\xff\xff\xff", b"\0\0\0\0", b"\n"];

/// One to four changes: a byte, a word over others, a stretch left out or written twice, an end cut off.
fn changed(original: &[u8], numbers: &mut Numbers) -> Vec<u8> {
    let mut bytes = original.to_vec();
    for _ in 0..=numbers.below(4) {
        let at = numbers.below(bytes.len());
        let end = (at + numbers.below(40)).min(bytes.len());
        match numbers.below(6) {
            0 | 1 if !bytes.is_empty() => bytes[at] = numbers.below(256) as u8,
            2 | 3 => {
                let word = WORDS[numbers.below(WORDS.len())];
                let over = (at + word.len()).min(bytes.len());
                bytes.splice(at..over, word.iter().copied());
            }
            4 => drop(bytes.drain(at..end)),
            5 if numbers.below(4) == 0 => bytes.truncate(at),
            _ => {
                let again = bytes[at..end].to_vec();
                bytes.splice(at..at, again);
            }
        }
    }
    bytes
}

fn try_all(targets: &[light::Target]) {
    for (target, read) in targets {
        let folder = root().join("fuzz/corpus").join(target);
        let Ok(entries) = std::fs::read_dir(&folder) else { panic!("{} is missing", folder.display()) };
        let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
        files.sort();
        let mut taken = 0;
        for (number, path) in files.iter().enumerate() {
            let bytes = std::fs::read(path).unwrap();
            taken += usize::from(read(&bytes));
            let mut numbers = Numbers(number as u64);
            (0..CHANGED).for_each(|_| {
                read(&changed(&bytes, &mut numbers));
            });
        }
        assert!(taken > 0, "{target}: no file of its corpus is sound");
    }
}

#[test]
fn recordings_and_their_tables_are_read_or_refused_whatever_their_bytes() {
    try_all(&light::TARGETS);
}

#[test]
fn pipelines_scores_and_features_are_read_or_refused_whatever_their_bytes() {
    let made = ["pipeline", "scores", "features"];
    let targets: Vec<_> = heavy::TARGETS.into_iter().filter(|(name, _)| made.contains(name)).collect();
    try_all(&targets);
}

#[test]
fn every_target_is_a_program_of_the_fuzzer() {
    let manifest = std::fs::read_to_string(root().join("fuzz/Cargo.toml")).unwrap();
    let programs: BTreeSet<&str> =
        manifest.split("[[bin]]\nname = \"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    let targets: BTreeSet<&str> =
        light::TARGETS.iter().chain(&heavy::TARGETS).map(|(name, _)| *name).collect();
    assert_eq!(programs, targets);
    for target in targets {
        let program = std::fs::read_to_string(root().join(format!("fuzz/fuzz_targets/{target}.rs"))).unwrap();
        assert!(program.contains(&format!("::{target}(bytes)")), "{target}");
    }
}
