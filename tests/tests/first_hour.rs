//! The first hour of somebody with recordings of their own: `init`, `check`, `doctor`, completions, manual pages, tables.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::path::Path;

use twinprint_tests::browser::{chromium, look};
use twinprint_tests::{Cohort, real, refuse, run, succeed};

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// A synthetic cohort whose files are named as people name theirs: `Subject01_1.edf`, `Subject01_2.edf`.
fn own_names(cohort: &Cohort) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for entry in walkdir(&cohort.folder.path().join("cohort")) {
        let name = entry.file_name().unwrap().to_str().unwrap().to_owned();
        let part = |key: &str| name.split('_').find_map(|part| part.strip_prefix(key)).unwrap().to_owned();
        let own = format!("Subject{}_{}.edf", part("sub-"), part("ses-"));
        std::fs::copy(&entry, folder.path().join(own)).unwrap();
    }
    folder
}

fn walkdir(folder: &Path) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let all = entries.flat_map(|path| if path.is_dir() { walkdir(&path) } else { vec![path] });
    all.filter(|path| path.extension().is_some_and(|ending| ending == "edf")).collect()
}

#[test]
fn init_writes_a_pipeline_for_a_bids_folder_that_check_accepts() {
    let cohort = Cohort::new("1");
    let data = cohort.folder.path().join("cohort");
    let pipeline = cohort.folder.path().join("own.toml");
    let said = succeed(&["init", text(&data), "--to", text(&pipeline)]);
    assert!(said.contains("layout      BIDS-EEG") && said.contains("cross-session"), "{said}");
    let plan = succeed(&["check", text(&pipeline)]);
    assert!(plan.contains("leaks        none found"), "{plan}");
    assert!(
        plan.contains("whitening = true") && plan.contains("steps = 0"),
        "what is left open is written out: {plan}"
    );
    let written = std::fs::read_to_string(&pipeline).unwrap();
    assert!(
        written.contains("root = \"cohort\""),
        "a folder beside the pipeline is named as it lies: {written}"
    );
    let again = refuse(&["init", text(&data), "--to", text(&pipeline)]);
    assert!(again.contains("--force"), "{again}");
}

#[test]
fn init_reads_names_of_ones_own_although_recordings_are_called_like_sessions() {
    let cohort = Cohort::new("1");
    let folder = own_names(&cohort);
    let pipeline = folder.path().join("own.toml");
    let said = succeed(&["init", text(folder.path()), "--to", text(&pipeline)]);
    assert!(said.contains("{subject}_{recording}.edf") && said.contains("8 in 16 recordings"), "{said}");
    succeed(&["check", text(&pipeline)]);
}

#[test]
fn init_says_what_is_lacking_where_no_plan_can_run() {
    let cohort = Cohort::new("1");
    let folder = own_names(&cohort);
    for path in walkdir(folder.path()) {
        let name = path.file_name().unwrap().to_str().unwrap();
        if !name.starts_with("Subject01") && !name.starts_with("Subject02") && !name.starts_with("Subject03")
        {
            std::fs::remove_file(path).unwrap();
        }
    }
    let pipeline = folder.path().join("own.toml");
    let output = run(&["init", text(folder.path()), "--to", text(&pipeline)]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(said.contains("need 4 subjects") && !said.contains("or fewer"), "{said}");
    let empty = tempfile::tempdir().unwrap();
    let said = refuse(&["init", text(empty.path()), "--to", text(&pipeline), "--force"]);
    assert!(said.contains("ending of a recording"), "{said}");
    std::fs::write(empty.path().join("ann 1.txt"), "%OpenBCI Raw EXG Data\n").unwrap();
    let said = refuse(&["init", text(empty.path()), "--to", text(&pipeline), "--force"]).replace("\n", " ");
    assert!(said.contains("ann 1.txt") && said.contains("kind = \"pattern\""), "{said}");
}

#[test]
fn init_accepts_the_real_recordings_at_hand() {
    for (name, variant) in [("muse-cueing", "cross-session"), ("eegmat", "unseen-subjects")] {
        let Some(data) = real(name) else { return };
        let folder = tempfile::tempdir().unwrap();
        let pipeline = folder.path().join("own.toml");
        let said = succeed(&["init", text(&data), "--to", text(&pipeline)]);
        assert!(said.contains(variant), "{said}");
    }
}

#[test]
fn doctor_says_what_there_is() {
    let output = run(&["doctor"]);
    let said = String::from_utf8(output.stdout).unwrap();
    for word in ["libhdf5", "devices     cpu", "threads", "disk", "data", "features"] {
        assert!(said.contains(word), "{word}: {said}");
    }
}

#[test]
fn completions_and_manual_pages_know_every_command() {
    for shell in ["bash", "zsh", "fish"] {
        assert!(succeed(&["completions", shell]).contains("preprocess"), "{shell}");
    }
    let folder = tempfile::tempdir().unwrap();
    succeed(&["man", text(folder.path())]);
    let page = std::fs::read_to_string(folder.path().join("twinprint-run.1")).unwrap();
    assert!(page.contains("allow\\-leak"), "{page}");
}

#[test]
fn help_opens_with_what_the_program_is_for() {
    assert!(succeed(&["--help"]).starts_with("EEG biometrics, from recordings"));
}

#[test]
fn a_report_writes_its_tables_for_programs_and_for_papers() {
    let cohort = Cohort::new("1");
    let finished = cohort.run("reports", &[]);
    let to = cohort.folder.path().join("tables");
    let said = succeed(&["report", text(&finished), "--tables", text(&to)]);
    assert!(said.contains("as CSV and LaTeX"), "{said}");
    let csv = std::fs::read_to_string(to.join("verification.csv")).unwrap();
    assert!(
        csv.starts_with("system,probe_seconds,eer,eer_low,eer_high") && csv.contains("\nencoder,"),
        "{csv}"
    );
    let tex = std::fs::read_to_string(to.join("verification.tex")).unwrap();
    assert!(tex.contains("\\toprule") && tex.contains("encoder & "), "{tex}");
    let page = std::fs::read_to_string(finished.join("report.html")).unwrap();
    for id in ["det", "people", "print-map", "few-shot-plot", "confusion", "quality"] {
        assert!(page.contains(&format!("<svg id=\"{id}\"")), "{id} is not drawn");
    }
    assert!(page.contains("twinprint run pipeline.toml --force"));
}

#[test]
fn a_recording_can_be_looked_at_before_and_after_preprocessing() {
    let cohort = Cohort::new("1");
    let file = &walkdir(&cohort.folder.path().join("cohort"))[0];
    let page = cohort.folder.path().join("recording.html");
    succeed(&["inspect", text(file), "--plot", text(&page)]);
    let shown = std::fs::read_to_string(&page).unwrap();
    assert_eq!(shown.matches("<svg id=\"spectra-").count(), 2);
    let Some(browser) = chromium() else { return };
    let work = tempfile::tempdir().unwrap();
    let seen = look(&browser, &page, 1280, work.path());
    assert!(seen.console.is_empty(), "{:?}", seen.console);
    let ink = seen.found["ink"].as_f64().unwrap();
    assert!(ink > 500.0, "the signals are not drawn: {}", seen.found);
}
