//! The pages of docs/: each is in the summary, each link leads somewhere, the list of commands is that of the program.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::path::{Path, PathBuf};

use twinprint_tests::{root, succeed};

fn pages() -> Vec<PathBuf> {
    let docs = root().join("docs");
    let of = |folder: PathBuf| std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let all = of(docs.clone()).chain(of(docs.join("guide"))).chain(of(docs.join("design")));
    all.filter(|path| path.extension().is_some_and(|ending| ending == "md")).collect()
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap()
}

/// The targets of a page's links, without addresses on the web.
fn links(text: &str) -> Vec<&str> {
    let targets = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    targets.filter(|target| !target.contains("://") && !target.contains(' ')).collect()
}

/// What a heading is called in a link: letters and digits in lower case, `-` for spaces.
fn anchors(text: &str) -> Vec<String> {
    let headings = text.lines().filter(|line| line.starts_with('#'));
    let name = |line: &str| {
        let title = line.trim_start_matches('#').trim().to_lowercase();
        title
            .chars()
            .filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'))
            .map(|c| if c == ' ' { '-' } else { c })
            .collect()
    };
    headings.map(name).collect()
}

#[test]
fn every_page_is_in_the_summary() {
    let summary = read(&root().join("docs/SUMMARY.md"));
    let listed = links(&summary);
    for page in pages().iter().filter(|page| !page.ends_with("SUMMARY.md")) {
        let name = page.strip_prefix(root().join("docs")).unwrap().to_str().unwrap().to_owned();
        assert!(listed.contains(&name.as_str()), "docs/{name} is not in docs/SUMMARY.md: add it there");
    }
}

#[test]
fn every_link_leads_to_a_file_and_a_heading() {
    let readmes = ["README.md", "README.ko.md"].map(|name| root().join(name));
    for page in pages().into_iter().chain(readmes) {
        let text = read(&page);
        for link in links(&text) {
            let (path, anchor) = link.split_once('#').unwrap_or((link, ""));
            let target = if path.is_empty() { page.clone() } else { page.parent().unwrap().join(path) };
            assert!(target.exists(), "{}: the link {link} leads nowhere", page.display());
            if !anchor.is_empty() && target.extension().is_some_and(|ending| ending == "md") {
                let there = anchors(&read(&target));
                assert!(
                    there.contains(&anchor.to_owned()),
                    "{}: {link} has no such heading: {there:?}",
                    page.display()
                );
            }
        }
    }
}

#[test]
fn the_list_of_commands_is_that_of_the_program() {
    let written = read(&root().join("docs/guide/commands.md"));
    assert!(
        written == succeed(&["reference"]),
        "docs/guide/commands.md is old: cargo run -p twinprint-cli -- reference > docs/guide/commands.md"
    );
}

/// Texts and their translations.
const TRANSLATED: [[&str; 2]; 2] = [
    ["README.md", "README.ko.md"],
    ["docs/guide/your-own-recordings.md", "docs/guide/your-own-recordings.ko.md"],
];

/// What a translation must have in common with its text, from one heading to the next.
#[derive(Debug, Default, PartialEq, Eq)]
struct Part {
    /// Marks of the heading: 1 for the title.
    level: usize,
    /// Lines of code, byte for byte.
    code: Vec<String>,
    /// What stands between back-ticks in the text, sorted.
    names: Vec<String>,
    /// The numbers of the text, sorted.
    numbers: Vec<String>,
}

fn parts(text: &str) -> Vec<Part> {
    let (mut parts, mut fenced) = (vec![Part::default()], false);
    for line in text.lines() {
        let part = parts.last_mut().unwrap();
        let mark = line.starts_with("```");
        if fenced || mark || line.starts_with("    ") {
            part.code.push(line.to_owned());
            fenced ^= mark;
            continue;
        }
        if line.starts_with('#') {
            parts.push(Part { level: line.chars().take_while(|c| *c == '#').count(), ..Part::default() });
        }
        let part = parts.last_mut().unwrap();
        part.names.extend(line.split('`').skip(1).step_by(2).map(str::to_owned));
        let plain: String = line.split('`').step_by(2).collect::<Vec<_>>().join(" ");
        part.numbers.extend(numbers(&without_targets(&plain)));
    }
    for part in &mut parts {
        part.names.sort();
        part.numbers.sort();
    }
    parts
}

/// A line without what its links lead to.
fn without_targets(line: &str) -> String {
    let mut pieces = line.split("](");
    let first = pieces.next().unwrap_or_default().to_owned();
    pieces.fold(first, |text, rest| text + "] " + rest.split_once(')').map_or("", |(_, rest)| rest))
}

/// Every number of a line, with its decimals and thousands.
fn numbers(line: &str) -> Vec<String> {
    let separated = |(at, c): (usize, char)| {
        let inside = matches!(c, '.' | ',')
            && line[at + 1..].starts_with(|next: char| next.is_ascii_digit())
            && line[..at].ends_with(|before: char| before.is_ascii_digit());
        if c.is_ascii_digit() || inside { c } else { ' ' }
    };
    let spaced: String = line.char_indices().map(separated).collect();
    spaced.split_whitespace().map(str::to_owned).collect()
}

#[test]
fn translations_have_the_headings_commands_and_numbers_of_their_texts() {
    for [text, translation] in TRANSLATED {
        let [ours, theirs] = [text, translation].map(|name| parts(&read(&root().join(name))));
        let levels = |parts: &[Part]| parts.iter().map(|part| part.level).collect::<Vec<_>>();
        assert_eq!(levels(&ours), levels(&theirs), "{translation}: other headings than {text}");
        for (number, (ours, theirs)) in ours.iter().zip(&theirs).enumerate() {
            assert_eq!(ours, theirs, "{translation}: heading {number} is not in step with {text}");
        }
    }
}

#[test]
fn numbers_and_code_of_a_text_are_found() {
    assert_eq!(numbers("744 of 5,208, −0.6 [1e-5]; 15분, 4."), ["744", "5,208", "0.6", "1", "5", "15", "4"]);
    let found = parts("# T\n\nA `b` [2](c3.md).\n\n    code 4\n\n## 5. U\n");
    assert_eq!((found[1].level, found[2].level), (1, 2));
    assert_eq!((&found[1].names[..], &found[1].numbers[..]), (&["b".to_owned()][..], &["2".to_owned()][..]));
    assert_eq!(
        (&found[1].code[..], &found[2].numbers[..]),
        (&["    code 4".to_owned()][..], &["5".to_owned()][..])
    );
}

/// Words that the glossary has another one for, and turns of phrase that a reader must read twice.
const AVOIDED: [&str; 8] = [
    "genuine",
    "impostor",
    "whose it is",
    "whose each",
    "whose they are",
    "whose the",
    "says whose",
    "asks whose",
];

#[test]
fn the_book_is_written_in_the_words_of_its_glossary() {
    let guide =
        pages().into_iter().filter(|page| page.parent().is_some_and(|folder| folder.ends_with("guide")));
    for page in guide.chain([root().join("README.md")]).filter(|page| !page.ends_with("glossary.md")) {
        let text = read(&page).split_whitespace().collect::<Vec<_>>().join(" ");
        for word in AVOIDED {
            assert!(
                !text.contains(word),
                "{}: write {word:?} in the words of docs/guide/glossary.md",
                page.display()
            );
        }
    }
}
