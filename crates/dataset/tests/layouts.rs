//! Recordings found, left out and refused, in folders made for the purpose and in the shared data.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "helpers of tests may fail as tests do"
)]

use std::path::{Path, PathBuf};

use twinprint_dataset::{Bids, Dataset, Layout, Manifest, Pattern, Plan, discover};
use twinprint_signal::{ChannelName, Day, Seconds};

/// A folder of files with the given texts; recordings need no more than a byte here.
fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let root = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let path = root.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    root
}

fn plan(root: &Path, layout: Layout) -> Plan {
    Plan { root: root.to_owned(), layout, ..Plan::default() }
}

fn bids(root: &Path) -> Plan {
    plan(root, Layout::Bids(Bids::default()))
}

fn pattern(root: &Path, pattern: &str) -> Plan {
    plan(root, Layout::Pattern(Pattern { pattern: pattern.to_owned(), ..Pattern::default() }))
}

fn keys(dataset: &Dataset) -> Vec<String> {
    dataset.recordings.iter().map(|r| r.key.to_string()).collect()
}

fn has_notice(dataset: &Dataset, parts: &[&str]) -> bool {
    dataset.notices.iter().any(|notice| parts.iter().all(|part| notice.contains(part)))
}

fn refused(plan: &Plan, parts: &[&str]) {
    let error = discover(plan).unwrap_err();
    let source = std::error::Error::source(&error).map(|s| format!(": {s}")).unwrap_or_default();
    let message = format!("{error}{source}");
    for part in parts {
        assert!(message.contains(part), "{part:?} is not in {message:?}");
    }
}

const DESCRIPTION: (&str, &str) = ("dataset_description.json", "{}");

#[test]
fn bids_names_become_keys_and_labels() {
    let root = folder(&[
        DESCRIPTION,
        ("participants.tsv", "participant_id\tage\tgroup\nsub-02\tn/a\tpatient\nsub-01\t31\tcontrol\n"),
        ("sub-01/ses-1/eeg/sub-01_ses-1_task-rest_run-02_eeg.edf", "x"),
        ("sub-01/ses-1/eeg/sub-01_ses-1_task-rest_run-01_eeg.edf", "x"),
        ("sub-02/eeg/sub-02_task-rest_acq-dry_eeg.bdf", "x"),
        ("derivatives/sub-09/eeg/sub-09_task-rest_eeg.edf", "x"),
    ]);
    let found = discover(&bids(root.path())).unwrap();
    assert_eq!(found.notices, Vec::<String>::new());
    assert_eq!(
        keys(&found),
        [
            "sub-01/ses-1/ses-1_task-rest_run-01",
            "sub-01/ses-1/ses-1_task-rest_run-02",
            "sub-02/1/task-rest_acq-dry"
        ]
    );
    let labels = |index: usize| -> Vec<String> {
        found.recordings[index].labels.iter().map(|(key, value)| format!("{key}={value}")).collect()
    };
    assert_eq!(labels(1), ["age=31", "group=control", "run=02", "session=1", "task=rest"]);
    assert_eq!(labels(2), ["acq=dry", "group=patient", "task=rest"]);
}

#[test]
fn sidecars_are_inherited_and_the_nearest_holds() {
    let root = folder(&[
        DESCRIPTION,
        ("task-rest_eeg.json", r#"{"SamplingFrequency": 256, "PowerLineFrequency": 60}"#),
        ("task-other_eeg.json", r#"{"SamplingFrequency": 1}"#),
        ("sub-01/sub-01_eeg.json", r#"{"PowerLineFrequency": 50}"#),
        ("channels.tsv", "name\ttype\nX\tMISC\n"),
        ("sub-01/eeg/sub-01_task-rest_eeg.edf", "x"),
        (
            "sub-01/eeg/sub-01_task-rest_channels.tsv",
            "name\ttype\tunits\tstatus\nCz\tEEG\tuV\tgood\nT3\tEEG\tuV\tbad\nVEOG\tEOG\tuV\tbad\n",
        ),
        ("sub-02/eeg/sub-02_task-rest_eeg.edf", "x"),
    ]);
    let found = discover(&bids(root.path())).unwrap();
    let (first, second) = (&found.recordings[0], &found.recordings[1]);
    assert_eq!(first.sampling_frequency.unwrap().get(), 256.0);
    assert_eq!(first.line_frequency.unwrap().get(), 50.0);
    assert_eq!(second.line_frequency.unwrap().get(), 60.0);
    assert_eq!(first.bad_channels, [ChannelName::new("T7")]);
    assert_eq!(first.other_channels, [ChannelName::new("VEOG")]);
    assert_eq!(second.other_channels, [ChannelName::new("X")]);
}

#[test]
fn events_are_read_with_their_best_label() {
    let events = "onset\tduration\ttrial_type\tvalue\n2.5\t0\ttarget\t1\n0.5\t0.25\tn/a\t7\nn/a\t1\tlost\t1\nnan\t1\tlost\t1\n";
    let root = folder(&[
        DESCRIPTION,
        ("sub-01/eeg/sub-01_task-p_eeg.edf", "x"),
        ("sub-01/eeg/sub-01_task-p_events.tsv", events),
    ]);
    let found = discover(&bids(root.path())).unwrap();
    let events = found.recordings[0].events.as_ref().unwrap();
    assert_eq!((events[0].onset.get(), events[0].label.as_str()), (0.5, "7"));
    assert_eq!(events[0].duration.unwrap().get(), 0.25);
    assert_eq!(
        (events[1].onset.get(), events[1].label.as_str(), events[1].duration),
        (2.5, "target", Seconds::new(0.0).ok())
    );
    assert!(has_notice(&found, &["2 events without an onset"]));
}

#[test]
fn a_sidecar_of_another_recording_is_refused_and_one_that_applies_in_part_says_to_what_not() {
    let of = |channels: &str, events: &str| {
        let root = folder(&[
            ("sub-01/eeg/sub-01_task-rest_eeg.edf", "x"),
            ("sub-01/eeg/sub-01_task-rest_channels.tsv", channels),
            ("sub-01/eeg/sub-01_task-rest_events.tsv", events),
        ]);
        let found = discover(&bids(root.path())).unwrap().recordings.remove(0);
        found.check_sidecars(&["Cz", "Pz"].map(ChannelName::new), 10.0).map_err(|error| error.to_string())
    };
    let channels = "name\ttype\tstatus\n";
    let events = "onset\tduration\n1\t0\n";
    assert_eq!(of(&format!("{channels}CZ\tEEG\tgood\nPz\tEEG\tbad\n"), events), Ok(vec![]));
    let said = of(&format!("{channels}E1\tMISC\tgood\nE2\tEEG\tbad\n"), events).unwrap_err();
    assert!(said.contains("channels.tsv") && said.contains("E1, E2") && said.contains("Cz, Pz"), "{said}");
    let said = of(&format!("{channels}Cz\tEEG\tgood\nE2\tEEG\tbad\n"), events).unwrap();
    assert!(
        said[0].contains("does not have: E2") && said[1].contains("does not list") && said[1].contains("Pz"),
        "{said:?}"
    );
    let both = format!("{channels}Cz\tEEG\tgood\nPz\tEEG\tbad\n");
    let said = of(&both, "onset\tduration\n2\t0\n11\t0\n").unwrap();
    assert!(said[0].contains("1 of 2 events"), "{said:?}");
}

#[test]
fn two_spellings_of_one_person_are_refused_unless_one_is_left_out() {
    let root = folder(&[("sub-1/eeg/sub-1_task-a_eeg.edf", "x"), ("sub-01/eeg/sub-01_task-b_eeg.edf", "x")]);
    refused(&bids(root.path()), &["\"sub-01\"", "\"sub-1\"", "exclude_subjects"]);
    let plan = Plan { exclude_subjects: vec!["sub-1".to_owned()], ..bids(root.path()) };
    assert_eq!(keys(&discover(&plan).unwrap()), ["sub-01/1/task-b"]);
}

#[test]
fn bids_files_that_cannot_be_used_are_named_with_the_reason() {
    let root = folder(&[
        ("sub-01/eeg/sub-01_task-rest_eeg.edf", "x"),
        ("sub-01/eeg/sub-02_task-rest_eeg.edf", "x"),
        ("sub-01/eeg/sub-01_task-empty_eeg.edf", ""),
        ("sub-01/eeg/sub-01_rest_eeg.edf", "x"),
        ("sub-01/eeg/sub-01_task-rest_ieeg.edf", "x"),
        ("sub-01/eeg/sub-01_task-x_eeg.fif", "x"),
        ("sub-02/anat/sub-02_T1w.nii", "x"),
        ("sub-01/ses-1/eeg/sub-01_task-rest_eeg.edf", "x"),
        ("participants.tsv", "participant_id\nsub-07\n"),
    ]);
    #[cfg(unix)]
    std::os::unix::fs::symlink("nowhere", root.path().join("sub-01/eeg/sub-01_task-annex_eeg.edf")).unwrap();
    let found = discover(&bids(root.path())).unwrap();
    assert_eq!(keys(&found), ["sub-01/1/task-rest"]);
    for parts in [
        ["sub-01/eeg/sub-02_task-rest_eeg.edf", "its name says sub-02, its folder sub-01"],
        ["sub-01_task-empty", "empty"],
        ["sub-01_rest_eeg.edf", "not a BIDS entity"],
        ["_ieeg.edf", "ends in _ieeg"],
        ["FIF", "convert"],
        ["sub-02", "no usable recording"],
        ["sub-01/ses-1/eeg", "its folder ses-1"],
        ["no dataset_description.json", "BIDS"],
        ["lists 1 person without a recording", "sub-07"],
        ["sub-01 has no line", "participants.tsv"],
    ] {
        assert!(has_notice(&found, &parts), "{parts:?} is not in {:#?}", found.notices);
    }
    #[cfg(unix)]
    assert!(has_notice(&found, &["task-annex", "datalad get"]));
}

#[test]
fn bids_recordings_are_chosen_by_task_session_and_run() {
    let root = folder(&[
        DESCRIPTION,
        ("sub-01/ses-1/eeg/sub-01_ses-1_task-a_run-1_eeg.edf", "x"),
        ("sub-01/ses-1/eeg/sub-01_ses-1_task-a_run-2_eeg.edf", "x"),
        ("sub-01/ses-2/eeg/sub-01_ses-2_task-a_run-1_eeg.edf", "x"),
        ("sub-01/ses-2/eeg/sub-01_ses-2_task-b_run-1_eeg.edf", "x"),
    ]);
    let choose = |settings: Bids| discover(&plan(root.path(), Layout::Bids(settings)));
    let task = choose(Bids { task: Some("b".to_owned()), ..Bids::default() }).unwrap();
    assert_eq!(keys(&task), ["sub-01/ses-2/ses-2_task-b_run-1"]);
    assert!(has_notice(&task, &["3 recordings of task-a not asked for"]));
    assert_eq!(
        choose(Bids { sessions: vec!["1".to_owned()], ..Bids::default() }).unwrap().recordings.len(),
        2
    );
    assert_eq!(choose(Bids { runs: vec!["2".to_owned()], ..Bids::default() }).unwrap().recordings.len(), 1);
    let error = choose(Bids { task: Some("c".to_owned()), ..Bids::default() }).unwrap_err().to_string();
    assert!(error.contains("task-a, task-b"), "{error}");
}

#[test]
fn broken_bids_tables_and_sidecars_are_refused_by_line() {
    let edf = ("sub-01/eeg/sub-01_task-p_eeg.edf", "x");
    for (path, text, parts) in [
        ("participants.tsv", "id\nsub-01\n", ["participants.tsv", "participant_id"]),
        ("participants.tsv", "participant_id\nsub-01\nsub-01\n", ["line 3", "twice"]),
        ("eeg.json", "{\"SamplingFrequency\": \n", ["eeg.json", "line"]),
        ("eeg.json", "[]", ["eeg.json", "object"]),
        ("eeg.json", "{\"SamplingFrequency\": -5}", ["SamplingFrequency is -5", "above 0"]),
        ("sub-01/eeg/sub-01_task-p_events.tsv", "onset\nsoon\n", ["line 2", "\"soon\""]),
        ("sub-01/eeg/sub-01_task-p_channels.tsv", "type\nEEG\n", ["channels.tsv", "name"]),
    ] {
        refused(&bids(folder(&[DESCRIPTION, edf, (path, text)]).path()), &parts);
    }
}

#[test]
fn one_recording_in_two_formats_is_refused() {
    let root =
        folder(&[("sub-01/eeg/sub-01_task-p_eeg.edf", "x"), ("sub-01/eeg/sub-01_task-p_eeg.bdf", "x")]);
    refused(&bids(root.path()), &["sub-01/1/task-p", ".edf", ".bdf"]);
}

#[test]
fn all_formats_that_bids_allows_are_found_by_the_file_to_open() {
    let root = folder(&[
        ("sub-01/eeg/sub-01_task-a_eeg.vhdr", "x"),
        ("sub-01/eeg/sub-01_task-a_eeg.vmrk", "x"),
        ("sub-01/eeg/sub-01_task-a_eeg.eeg", "x"),
        ("sub-01/eeg/sub-01_task-b_eeg.set", "x"),
        ("sub-01/eeg/sub-01_task-b_eeg.fdt", "x"),
        ("sub-01/eeg/sub-01_task-c_eeg.bdf", "x"),
    ]);
    assert_eq!(
        keys(&discover(&bids(root.path())).unwrap()),
        ["sub-01/1/task-a", "sub-01/1/task-b", "sub-01/1/task-c"]
    );
}

#[test]
fn folders_without_recordings_are_refused_with_what_is_there() {
    refused(&bids(Path::new("/no/such/folder")), &["/no/such/folder", "twinprint fetch"]);
    refused(&bids(folder(&[("S1.edf", "x")]).path()), &["no sub-*", "pattern"]);
    refused(&bids(folder(&[("sub-1/eeg/sub-1_task-a_eeg.fif", "x")]).path()), &["FIF", "convert"]);
    refused(&pattern(folder(&[("a.edf", "x")]).path(), "S{subject}.edf"), &["S{subject}.edf", "a.edf"]);
}

#[test]
fn patterns_give_subject_session_and_recording() {
    let root = folder(&[
        ("S1/a_1.edf", "x"),
        ("S1/b_1.edf", "x"),
        ("S2/a_1.edf", "x"),
        ("S2/odd.edf", "x"),
        ("notes.txt", "x"),
    ]);
    let found = discover(&pattern(root.path(), "S{subject}/{session}_{recording}.edf")).unwrap();
    assert_eq!(keys(&found), ["1/a/ses-a_1", "1/b/ses-b_1", "2/a/ses-a_1"]);
    assert_eq!(found.notices.len(), 1);
    assert!(has_notice(&found, &["S2/odd.edf", "does not fit"]));
    let found = discover(&pattern(root.path(), "S{subject}/{recording}_{_}.edf")).unwrap();
    assert_eq!(keys(&found), ["1/1/a", "1/1/b", "2/1/a"]);
}

#[test]
fn labels_come_from_the_recording_and_from_the_table_of_people() {
    let root = folder(&[
        ("p1_1.edf", "x"),
        ("p1_2.edf", "x"),
        ("p2_1.edf", "x"),
        ("info.csv", "who,sex\np1,F\np3,M\n"),
    ]);
    let label = |task: &str| [("task".to_owned(), task.to_owned())].into();
    let settings = Pattern {
        pattern: "{subject}_{recording}.edf".to_owned(),
        participants: Some(PathBuf::from("info.csv")),
        participants_id: "who".to_owned(),
        recording_labels: [("1".to_owned(), label("rest")), ("9".to_owned(), label("none"))].into(),
        text: None,
    };
    let found = discover(&plan(root.path(), Layout::Pattern(settings))).unwrap();
    assert_eq!(
        found.recordings[0].labels,
        [("sex".to_owned(), "F".to_owned()), ("task".to_owned(), "rest".to_owned())].into()
    );
    for parts in [
        ["p2 has no line", "info.csv"],
        ["without a recording", "p3"],
        ["recording \"2\"", "no line"],
        ["\"9\"", "no file"],
    ] {
        assert!(has_notice(&found, &parts), "{parts:?} is not in {:#?}", found.notices);
    }
}

#[test]
fn a_pattern_may_say_how_recordings_as_text_are_laid_out() {
    let root = folder(&[("p1_1.csv", "x"), ("p2_1.csv", "x")]);
    let toml = |rate: &str| {
        let layout = format!(
            "root = {:?}\nlayout = {{ kind = \"pattern\", pattern = \"{{subject}}_{{session}}.csv\", text = {{ rate = {rate}, channels = [\"Cz\"] }} }}",
            root.path()
        );
        toml::from_str::<Plan>(&layout)
    };
    let found = discover(&toml("256.0").unwrap()).unwrap();
    let text = found.recordings[1].text.as_ref().unwrap();
    assert_eq!((text.rate, text.channels.as_slice()), (Some(256.0), ["Cz".to_owned()].as_slice()));
    refused(&toml("0.0").unwrap(), &["layout.text.rate", "above 0"]);
    assert!(toml("256.0, colums = []").unwrap_err().to_string().contains("colums"));
}

#[test]
fn a_name_with_two_readings_is_refused() {
    let root = folder(&[("a_b_c.edf", "x")]);
    refused(&pattern(root.path(), "{subject}_{recording}.edf"), &["a_b_c.edf", " and as ", "separate"]);
}

#[test]
fn people_and_recordings_are_chosen_and_left_out_by_name() {
    let root = folder(&[
        DESCRIPTION,
        ("sub-1/eeg/sub-1_task-a_eeg.edf", "x"),
        ("sub-2/eeg/sub-2_task-a_eeg.edf", "x"),
        ("sub-2/eeg/sub-2_task-b_eeg.edf", "x"),
        ("sub-3/eeg/sub-3_task-a_eeg.edf", "x"),
    ]);
    let base = || bids(root.path());
    let names = |list: &[&str]| -> Vec<String> { list.iter().map(|n| (*n).to_owned()).collect() };
    let chosen = discover(&Plan { subjects: names(&["sub-1", "3"]), ..base() }).unwrap();
    assert_eq!(keys(&chosen), ["sub-1/1/task-a", "sub-3/1/task-a"]);
    let rest = discover(&Plan { exclude_subjects: names(&["2"]), ..base() }).unwrap();
    assert_eq!(rest.subjects().len(), 2);
    assert!(has_notice(&rest, &["sub-2/1/task-b left out", "exclude_subjects"]));
    let rest = discover(&Plan { exclude_recordings: names(&["sub-2/1/task-b"]), ..base() }).unwrap();
    assert_eq!(rest.recordings.len(), 3);
    let first = discover(&Plan { max_subjects: Some(2), ..base() }).unwrap();
    assert_eq!(first.recordings.len(), 3);
    assert!(has_notice(&first, &["first 2 of 3 people"]));
    refused(
        &Plan { subjects: names(&["sub-9"]), ..base() },
        &["dataset.subjects", "sub-9", "sub-1, sub-2, sub-3"],
    );
    refused(&Plan { exclude_subjects: names(&["9"]), ..base() }, &["dataset.exclude_subjects"]);
    refused(
        &Plan { exclude_recordings: names(&["sub-1/1/x"]), ..base() },
        &["dataset.exclude_recordings", "sub-1/1/task-a"],
    );
    refused(&Plan { exclude_recordings: names(&["sub-1"]), ..base() }, &["subject/session/recording"]);
    refused(&Plan { max_subjects: Some(0), ..base() }, &["dataset.max_subjects = 0", "1 or more"]);
    refused(&Plan { subjects: names(&["1"]), exclude_subjects: names(&["1"]), ..base() }, &["same person"]);
    refused(&Plan { root: PathBuf::new(), ..base() }, &["dataset.root"]);
}

#[test]
fn a_plan_reads_from_toml_and_refuses_misspelt_keys() {
    let plan: Plan = toml::from_str(
        "root = \"d\"\nlayout = { kind = \"pattern\", pattern = \"S{subject}_{recording}.edf\", recording_labels = { \"1\" = { task = \"rest\" } } }\nmax_subjects = 3\n",
    )
    .unwrap();
    plan.validate().unwrap();
    let text = toml::to_string(&plan).unwrap();
    assert_eq!(toml::from_str::<Plan>(&text).unwrap(), plan);
    assert_eq!(toml::from_str::<Plan>("").unwrap(), Plan::default());
    for bad in [
        "rot = \"d\"",
        "layout = { kind = \"bids\", tsk = \"rest\" }",
        "layout = { kind = \"manifest\", name = \"eegmat\", task = \"rest\" }",
        "layout = { kind = \"bidz\" }",
    ] {
        assert!(toml::from_str::<Plan>(bad).is_err(), "{bad}");
    }
    let with = |layout: &str| {
        toml::from_str::<Plan>(&format!("root = \"d\"\nlayout = {layout}")).unwrap().validate()
    };
    for (layout, key) in [
        ("{ kind = \"bids\", task = \"task-rest\" }", "layout.task"),
        ("{ kind = \"bids\", suffix = \"\" }", "layout.suffix"),
        ("{ kind = \"pattern\" }", "layout.pattern"),
        (
            "{ kind = \"pattern\", pattern = \"{subject}.edf\", participants = \"../p.tsv\" }",
            "layout.participants",
        ),
        (
            "{ kind = \"pattern\", pattern = \"{subject}.edf\", recording_labels = { a = { b = \"c\" } } }",
            "recording_labels",
        ),
        ("{ kind = \"manifest\", name = \"\" }", "layout.name"),
    ] {
        let message = with(layout).unwrap_err().to_string();
        assert!(message.contains(key), "{message}");
    }
}

#[test]
fn built_in_manifests_are_complete_and_list_their_files() {
    for (name, files) in [("eegmat", 73), ("eegmmidb", 2 * 109 * 14), ("muse-cueing", 33 * 6 + 3)] {
        let manifest = Manifest::load(name).unwrap();
        assert_eq!(manifest.files().len(), files, "{name}");
        assert!(!manifest.licence.is_empty() && !manifest.citation.is_empty() && !manifest.title.is_empty());
    }
    assert!(Manifest::load("eegmmidb").unwrap().files().iter().any(|f| f.path == "S109/S109R14.edf"));
    let error = Manifest::load("eegmet").unwrap_err().to_string();
    assert!(error.contains("eegmat, eegmmidb") && error.contains("muse-cueing"), "{error}");
}

#[test]
fn bad_manifests_are_refused() {
    let head = "name = \"t\"\ntitle = \"t\"\nhomepage = \"h\"\nlicence = \"l\"\ncitation = []\n";
    let bids = "layout = { kind = \"bids\" }\n";
    for (text, part) in [
        (format!("{head}{bids}colour = 1"), "colour"),
        (head.to_owned(), "layout"),
        (format!("{head}{bids}[[files]]\npath = \"../x\""), "below"),
        (format!("{head}{bids}[[files]]\npath = \"/etc/x\""), "below"),
        (format!("{head}{bids}[[files]]\npath = \"x\"\nsha256 = \"12\""), "64 digits"),
        (
            format!("{head}{bids}[[families]]\npath = \"{{1}}{{2}}\"\nranges = [[\"1\", \"2\"]]"),
            "without a range",
        ),
        (format!("{head}{bids}[[families]]\npath = \"{{1}}\"\nranges = [[\"2\", \"1\"]]"), "must rise"),
        (format!("{head}layout = {{ kind = \"manifest\", name = \"eegmat\" }}"), "not another manifest"),
    ] {
        let error = Manifest::parse("t", &text).unwrap_err();
        let cause = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
        let message = format!("{error}: {cause}");
        assert!(message.contains(part), "{part:?} is not in {message}");
    }
}

#[test]
fn a_manifest_leaves_out_files_it_does_not_list_and_names_those_missing() {
    let root = folder(&[
        ("Subject00_1.edf", "x"),
        ("Subject77_1.edf", "x"),
        ("subject-info.csv", "Subject,Age\nSubject00,21\n"),
    ]);
    let found = discover(&plan(root.path(), Layout::Manifest { name: "eegmat".to_owned() })).unwrap();
    assert_eq!(keys(&found), ["Subject00/1/1"]);
    assert!(has_notice(&found, &["Subject77_1.edf", "no file of the dataset eegmat"]));
    assert!(has_notice(&found, &["71 of the 72 recordings", "twinprint fetch eegmat"]));
}

/// The shared data, or a line that says it is absent.
#[allow(clippy::disallowed_methods, reason = "the place of the shared data is the tests' only setting")]
fn shared(name: &str) -> Option<PathBuf> {
    let default = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data");
    let root = std::env::var("TWINPRINT_DATA").map_or(default, PathBuf::from).join(name);
    if root.is_dir() {
        return Some(root);
    }
    eprintln!("SKIPPED: {} is absent", root.display());
    None
}

fn of_manifest(name: &str) -> Option<Dataset> {
    let layout = Layout::Manifest { name: name.to_owned() };
    shared(name).map(|root| discover(&plan(&root, layout)).unwrap())
}

#[test]
fn eegmat_has_rest_and_arithmetic_of_24_people() {
    let Some(found) = of_manifest("eegmat") else { return };
    assert_eq!((found.subjects().len(), found.recordings.len()), (24, 48));
    let second = &found.recordings[1];
    assert_eq!(second.key.to_string(), "Subject00/1/2");
    assert_eq!(second.labels["task"], "arithmetic");
    assert_eq!(second.labels["Age"], "21");
    assert_eq!(second.other_channels, [ChannelName::new("EEG A2-A1"), ChannelName::new("ECG ECG")]);
    assert!(has_notice(&found, &["24 of the 72 recordings"]));
}

#[test]
fn muse_has_two_sessions_of_33_people() {
    let Some(found) = of_manifest("muse-cueing") else { return };
    assert_eq!((found.subjects().len(), found.recordings.len()), (33, 66));
    assert_eq!(found.notices, Vec::<String>::new());
    let first = &found.recordings[0];
    assert_eq!(first.key.to_string(), "sub-1101/ses-1/ses-1_task-cueing");
    assert_eq!(
        (first.sampling_frequency.unwrap().get(), first.line_frequency, &first.events),
        (256.0, None, &None)
    );
}

#[test]
fn eegmmidb_runs_carry_their_meaning() {
    let Some(found) = of_manifest("eegmmidb") else { return };
    assert_eq!(keys(&found), ["S001/1/03", "S001/1/04"]);
    assert_eq!(found.recordings[0].labels["task"], "execution");
    assert_eq!(found.recordings[1].labels["task"], "imagery");
    assert!(has_notice(&found, &["1524 of the 1526 recordings"]));
    assert!(has_notice(&found, &["S001R01-crlf-mangled.edf", "does not fit"]));
}

#[test]
fn shared_files_have_the_sums_of_their_manifests() {
    use twinprint_dataset::fetch::{Options, Outcome, Trust, fetch};
    let Some(root) = shared("muse-cueing") else { return };
    let to = tempfile::tempdir().unwrap();
    let options = Options {
        mirror: Some(format!("file://{}", root.display())),
        only: vec!["sub-110".to_owned(), "participants.tsv".to_owned()],
        ..Options::new(to.path())
    };
    let report = fetch(&Manifest::load("muse-cueing").unwrap(), &options, &|_| ()).unwrap();
    assert_eq!(report.files.len(), 8 * 6 + 1);
    assert!(report.files.iter().all(|(_, outcome)| *outcome == Outcome::Downloaded(Trust::Verified)));
}

#[test]
fn days_come_from_scans_then_from_sessions_and_what_is_no_date_is_said() {
    let root = folder(&[
        DESCRIPTION,
        ("participants.tsv", "participant_id\nsub-01\n"),
        (
            "sub-01/sub-01_sessions.tsv",
            "session_id\tacq_time\nses-1\t1911-03-02\nses-2\t1911-03-09T10:00:00\n",
        ),
        ("sub-01/ses-1/eeg/sub-01_ses-1_task-rest_eeg.edf", "x"),
        (
            "sub-01/ses-2/sub-01_ses-2_scans.tsv",
            "filename\tacq_time\neeg/sub-01_ses-2_task-rest_eeg.edf\t1911-03-10T09:00:00\neeg/other.edf\tnoon\n",
        ),
        ("sub-01/ses-2/eeg/sub-01_ses-2_task-rest_eeg.edf", "x"),
        ("sub-01/ses-2/eeg/sub-01_ses-2_task-back_eeg.edf", "x"),
        ("sub-01/ses-3/eeg/sub-01_ses-3_task-rest_eeg.edf", "x"),
    ]);
    let found = discover(&bids(root.path())).unwrap();
    let first = Day::of("1911-03-02").unwrap();
    let days: Vec<Option<i64>> =
        found.recordings.iter().map(|recording| recording.day.map(|day| day.since(first))).collect();
    // ses-1 and ses-2's other task by their session, ses-2's rest by its own line, ses-3 by nothing.
    assert_eq!(days, [Some(0), Some(7), Some(8), None]);
    assert!(has_notice(&found, &["scans.tsv", "line 3", "\"noon\" is no date"]));
    assert_eq!(found.notices.len(), 1, "{:?}", found.notices);
}
