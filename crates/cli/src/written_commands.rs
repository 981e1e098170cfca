//! Every command that the README, the pages of docs/, the pipelines and the quickstart write is one that the program takes: its
//! options exist, its values can be read, the pipelines it names are there.

use std::path::{Path, PathBuf};

use clap::Parser;
use clap::error::ErrorKind;

use crate::arguments::Arguments;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The README in every language, all pages, the pipelines, what the quickstart ends with.
fn pages() -> Vec<PathBuf> {
    let mut folders = vec![root().join("docs"), root().join("pipelines")];
    let others = ["README.md", "README.ko.md", "CONTRIBUTING.md", "xtask/src/quickstart.txt"];
    let mut pages = others.map(|name| root().join(name)).to_vec();
    while let Some(folder) = folders.pop() {
        for path in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "md" || ending == "toml") {
                pages.push(path);
            }
        }
    }
    pages
}

/// A command as it stands in a page, and whether it stands there whole, on a line of code.
struct Written {
    text: String,
    whole: bool,
}

fn commands(page: &str) -> Vec<Written> {
    let mut fenced = false;
    let mut found = Vec::new();
    for line in page.lines() {
        if line.starts_with("```") {
            fenced = !fenced;
        } else if fenced || ["    ", "#   "].iter().any(|inset| line.starts_with(inset)) {
            // In a pipeline's comments, what a command is for stands three spaces behind it.
            let code = line.trim_start_matches(['#', ' ']);
            let text =
                command(if line.starts_with('#') { code.split("   ").next().unwrap_or(code) } else { code });
            found.extend(text.map(|text| Written { text, whole: true }));
        } else {
            let inside = line.split('`').skip(1).step_by(2).filter_map(command);
            found.extend(inside.map(|text| Written { text, whole: false }));
        }
    }
    found
}

/// The ways in which the program is called.
const CALLED: [&str; 4] =
    ["twinprint ", "{twinprint} ", "target/release/twinprint ", "cargo run --release -p twinprint-cli -- "];

/// The command that a piece of code gives, if it gives one.
fn command(code: &str) -> Option<String> {
    CALLED.iter().find_map(|called| code.strip_prefix(called)).map(|rest| format!("twinprint {rest}"))
}

/// The words of a line as a shell parts them, up to a comment, a pipe or a redirection; `$( … )` is one word.
fn words(line: &str) -> Vec<String> {
    let (mut words, mut word) = (Vec::new(), String::new());
    let (mut quote, mut depth) = (None, 0);
    for letter in line.chars() {
        match (letter, quote) {
            ('(', None) if depth > 0 || word.ends_with('$') => depth += 1,
            (')', None) if depth > 0 => depth -= 1,
            _ if depth > 0 => {}
            (_, Some(mark)) if letter == mark => quote = None,
            ('"' | '\'', None) => quote = Some(letter),
            ('#' | '|' | '>' | ';' | '&', None) if word.is_empty() => break,
            (' ', None) => words.extend((!word.is_empty()).then(|| std::mem::take(&mut word))),
            _ => word.push(letter),
        }
    }
    words.extend((!word.is_empty()).then_some(word));
    words
}

/// What is wrong with a command; nothing where it can be given.
fn fault(command: &Written) -> Option<String> {
    let words = words(&command.text);
    let missing = words.iter().find(|word| {
        let shipped = word.strip_prefix("pipelines/").is_some_and(|name| name.ends_with(".toml"));
        shipped && !word.ends_with("/mine.toml") && !root().join(word).is_file()
    });
    if let Some(pipeline) = missing {
        return Some(format!("there is no {pipeline}"));
    }
    let error = Arguments::try_parse_from(&words).err()?;
    let partly = [
        ErrorKind::MissingRequiredArgument,
        ErrorKind::MissingSubcommand,
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand,
        // STAGE, DIR and others stand for a value.
        ErrorKind::InvalidValue,
        ErrorKind::ValueValidation,
    ];
    let fine = match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => true,
        kind => !command.whole && partly.contains(&kind),
    };
    (!fine).then(|| error.to_string())
}

#[test]
fn every_command_that_is_written_can_be_given() {
    let (mut seen, mut faults) = (0, Vec::new());
    for page in pages() {
        for command in commands(&std::fs::read_to_string(&page).unwrap()) {
            seen += 1;
            if let Some(fault) = fault(&command) {
                faults.push(format!("{}: {}: {fault}", page.display(), command.text));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert!(seen > 200, "only {seen} commands were found");
}

#[test]
fn a_misspelt_option_command_or_pipeline_is_found() {
    let whole = |text: &str| fault(&Written { text: text.to_owned(), whole: true });
    for wrong in [
        "twinprint rnu own.toml",
        "twinprint run own.toml --sett a=1",
        "twinprint run pipelines/none.toml",
        "twinprint run own.toml --from nowhere",
        "twinprint report",
    ] {
        assert!(whole(wrong).is_some(), "{wrong}");
    }
    assert_eq!(whole("twinprint inspect $(ls $DATA/*.edf | head -1) --plot a.html  # a page"), None);
    assert_eq!(whole("twinprint verify --gallery a --subject b c.edf || test $? = 1"), None);
    let part = Written { text: "twinprint run --from STAGE".to_owned(), whole: false };
    assert_eq!(fault(&part), None);
}
