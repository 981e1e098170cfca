//! What somebody at a terminal reads: errors in plain words, places named once, lines that fit, results before they are asked for.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::path::Path;

use twinprint_tests::{Cohort, refuse, run, succeed, twinprint};

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// Words that the operating system or a library says, and a person does not.
const FOREIGN: [&str; 6] =
    ["os error", "No such file", "f64", "invalid type", "Error code", "is not a database"];

#[test]
fn a_missing_file_is_told_in_plain_words_and_its_path_once() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("nowhere.edf");
    let gallery = folder.path().join("text.gallery");
    std::fs::write(&gallery, "a text that is no gallery at all").unwrap();
    let commands: [&[&str]; 7] = [
        &["inspect", text(&missing)],
        &["run", "nowhere.toml"],
        &["evaluate", "--scores", "nowhere.csv"],
        &["runs", "nowhere"],
        &["fetch", "nowhere.toml", "--to", text(folder.path())],
        &["gallery", "list", "--gallery", text(&gallery)],
        &["init", "nowhere"],
    ];
    for arguments in commands {
        let said = refuse(arguments);
        for word in FOREIGN {
            assert!(!said.contains(word), "{arguments:?} says {word:?}: {said}");
        }
    }
    assert!(refuse(&["init", "nowhere"]).contains("nowhere: there is no such folder"));
    let said = refuse(&["inspect", text(&missing)]);
    assert_eq!(said.matches("nowhere.edf").count(), 1, "{said}");
    assert!(refuse(&["run", "nowhere.toml"]).contains("this folder has"), "the pipelines that are there");
}

#[test]
fn three_people_are_told_the_same_whatever_number_of_folds_they_write() {
    let cohort = Cohort::new("1");
    let pipeline = cohort.pipeline();
    let with = |folds: &str| {
        let folds = format!("protocol.folds={folds}");
        let said = refuse(&["check", text(&pipeline), "--set", "dataset.max_subjects=3", "--set", &folds]);
        said.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    for folds in ["2", "3"] {
        let said = with(folds);
        assert!(said.contains("need 4 subjects: add people") && !said.contains("or fewer"), "{said}");
    }
    let said = with("1");
    assert!(
        said.contains("2 or more") && !said.contains('3'),
        "no number that three people cannot have: {said}"
    );
}

#[test]
fn a_manifest_of_ones_own_is_looked_for_beside_the_pipeline() {
    let cohort = Cohort::new("1");
    let folder = cohort.folder.path();
    let manifest = "name = \"mine\"\ntitle = \"Mine\"\nhomepage = \"https://example.org\"\nlicence = \"CC0-1.0\"\n\
                    citation = [\"Somebody\"]\nfamilies = [{ path = \"sub-{1}/ses-{2}/eeg/sub-{1}_ses-{2}_task-rest_eeg.edf\", \
                    ranges = [[\"01\", \"08\"], [\"1\", \"2\"]] }]\n[layout]\nkind = \"bids\"\n";
    std::fs::write(folder.join("mine.toml"), manifest).unwrap();
    let plan = std::fs::read_to_string(cohort.pipeline()).unwrap();
    let named = "root = \"cohort\"\nlayout = { kind = \"manifest\", name = \"mine.toml\" }";
    std::fs::write(cohort.pipeline(), plan.replace("root = \"cohort\"", named)).unwrap();
    // The tests run in the project's root, where there is no mine.toml.
    assert!(succeed(&["check", text(&cohort.pipeline())]).contains("none found"));
    std::fs::remove_file(folder.join("mine.toml")).unwrap();
    let said = refuse(&["check", text(&cohort.pipeline())]).split_whitespace().collect::<String>();
    assert!(said.contains(text(&folder.join("mine.toml"))), "{said}");
}

#[test]
fn tables_of_runs_galleries_and_comparisons_fit_80_columns() {
    let cohort = Cohort::new("1");
    let short = ["--set", "evaluation.audits=[]", "--set", "evaluation.baselines=[\"tangent_wccn\"]"];
    let first = cohort.run("reports", &short);
    let gallery = cohort.folder.path().join("a.gallery");
    let file = std::fs::read_dir(cohort.folder.path().join("cohort/sub-01/ses-1/eeg")).unwrap();
    let file = file.map(|entry| entry.unwrap().path()).find(|path| text(path).ends_with(".edf")).unwrap();
    let enrolled = run(&[
        "enroll",
        "--gallery",
        text(&gallery),
        "--model",
        text(&first),
        "--subject",
        "ann",
        text(&file),
    ]);
    assert!(enrolled.status.success());
    let said = String::from_utf8(enrolled.stderr).unwrap();
    assert!(said.contains("gallery") && said.contains("has learnt from this recording"), "{said}");
    let shown = [
        runs(&cohort),
        succeed(&["compare", text(&first), text(&first), "--against", "tangent_wccn"]),
        succeed(&["gallery", "list", "--gallery", text(&gallery)]),
    ];
    for table in shown {
        let rows = table.lines().filter(|line| line.contains("  "));
        for row in rows {
            assert!(row.chars().count() <= 80, "{} columns: {row}", row.chars().count());
        }
    }
}

/// The table of the runs of a cohort, from its own folder, so that the names are short.
fn runs(cohort: &Cohort) -> String {
    let output = twinprint().current_dir(cohort.folder.path()).args(["runs"]).output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.contains("eer_1s") && said.contains("reports/small-"), "{said}");
    said
}

/// Runs the command in a terminal of 60 columns, as a person does; nothing where no such terminal can be had.
fn in_a_terminal(arguments: &[&str], variables: &str) -> Option<String> {
    let program = twinprint().get_program().to_str().unwrap().to_owned();
    let line = format!("stty rows 24 cols 60; {variables} TERM=xterm {program} {}", arguments.join(" "));
    let output = std::process::Command::new("script").args(["-qec", &line, "/dev/null"]).output().ok()?;
    Some(String::from_utf8_lossy(&output.stdout).replace('\r', ""))
}

#[test]
fn a_terminal_gets_whole_words_and_colours_only_where_they_are_wanted() {
    let cohort = Cohort::new("1");
    let run = cohort.run("out", &["--set", "evaluation.audits=[]", "--set", "evaluation.baselines=[]"]);
    let Some(plain) = in_a_terminal(&["report", text(&run)], "NO_COLOR=1") else { return };
    assert!(!plain.contains('\u{1b}'), "{plain:?}");
    let note: Vec<&str> =
        plain.lines().skip_while(|line| !line.starts_with("Note: Synthetic")).take(3).collect();
    assert!(note.len() == 3 && note.iter().all(|line| line.chars().count() <= 60), "{plain}");
    assert!(
        note.join(" ")
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ")
            .contains("made by twinprint from known")
    );
    let coloured = in_a_terminal(&["report", text(&run)], "").unwrap();
    assert!(coloured.contains("\u{1b}["), "{coloured:?}");
    // An error, too, is broken between words and in no colour unless it is wanted.
    let refused = in_a_terminal(&["check", "nowhere.toml"], "NO_COLOR=1").unwrap();
    assert!(!refused.contains('\u{1b}') && refused.contains("no such pipeline"), "{refused:?}");
}

#[test]
#[cfg(target_os = "linux")]
fn ctrl_c_says_what_is_kept_and_how_to_go_on() {
    use std::io::{BufRead, BufReader};
    let cohort = Cohort::new("1");
    let (pipeline, out) = (cohort.pipeline(), cohort.folder.path().join("out"));
    let steps = "encoder.optimiser.steps=100000";
    let mut child = twinprint()
        .args(["run", text(&pipeline), "--out", text(&out), "--set", steps])
        .stderr(std::process::Stdio::piped())
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let mut said = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    while !line.starts_with("train") {
        line.clear();
        assert!(said.read_line(&mut line).unwrap() > 0, "it ended before it trained");
    }
    let pid = child.id().to_string();
    assert!(std::process::Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
    let rest: String = said.lines().map(|line| line.unwrap() + "\n").collect();
    assert!(!child.wait().unwrap().success());
    assert!(rest.contains("stopped; what is done stays in") && rest.contains(".partial"), "{rest}");
    assert!(rest.contains("the same command goes on"), "{rest}");
}
