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
    let readme = root().join("README.md");
    for page in pages().into_iter().chain([readme]) {
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
