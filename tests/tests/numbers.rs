//! No number that is given to any option of any command, or to any key of a plan, ends in a panic, in a hang, or in hundreds of
//! threads: it is refused with a sentence, or does what it says.

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "a test fails by panicking")]
#![cfg(target_os = "linux")]

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;
use twinprint_tests::bounded::{ends_well, run_to_its_end};
use twinprint_tests::{Cohort, succeed, twinprint};

/// Numbers that make no sense for anything, and some that make sense for little.
const ABSURD: [&str; 6] = ["0", "-1", "nan", "1e300", "18446744073709551615", "99999999999999999999"];
/// What an option takes that is no number: the name of a file, a folder or an address, which would be written to.
const PLACES: [&str; 6] = ["FILE", "DIR", "PAGE.html", "URL", "PATH", "RUN"];

/// What is there for the commands to work on.
struct Stage {
    cohort: Cohort,
    run: PathBuf,
    recording: PathBuf,
    made: std::cell::Cell<usize>,
}

impl Stage {
    fn new() -> Self {
        let cohort = Cohort::new("1");
        let run = cohort.run("out", &["--set", "evaluation.baselines=[]", "--set", "evaluation.audits=[]"]);
        let recording = cohort.folder.path().join("cohort/sub-01/ses-1/eeg/sub-01_ses-1_task-rest_eeg.edf");
        let stage = Self { cohort, run, recording, made: 0.into() };
        let folder = stage.cohort.folder.path();
        fs::write(
            folder.join("scores.csv"),
            "enrol_subject,probe_subject,score\na,a,1\na,b,0\nb,b,1\nb,a,0.2\n",
        )
        .unwrap();
        let rows: String = (0..24)
            .map(|row| format!("p{},{},{}.5,{}\n", row % 4, 1 + row / 12, row * 5 % 11 + 1, row * 7 % 5 + 2))
            .collect();
        fs::write(folder.join("features.csv"), format!("subject,session,x,y\n{rows}")).unwrap();
        fs::write(
            folder.join("text.csv"),
            (0..400).map(|row| format!("{}\n", row * 7 % 13)).collect::<String>(),
        )
        .unwrap();
        let sweep = fs::read_to_string(stage.cohort.pipeline()).unwrap();
        let axis = "\n[[sweep]]\nname = \"people\"\nkey = \"protocol.train.subjects\"\nvalues = [2]\n";
        fs::write(folder.join("sweep.toml"), sweep + axis).unwrap();
        fs::write(folder.join("old.key"), [1; 32]).unwrap();
        fs::write(folder.join("new.key"), [2; 32]).unwrap();
        succeed(
            &stage
                .words("enroll --gallery {G} --model {RUN} --subject a {EDF}")
                .iter()
                .map(String::as_str)
                .collect::<Vec<_>>(),
        );
        stage
    }

    /// A command line with its places filled in; `{NEW}` is a name that nothing has yet.
    fn words(&self, line: &str) -> Vec<String> {
        let folder = self.cohort.folder.path();
        let path = |name: &str| folder.join(name).to_str().unwrap().to_owned();
        self.made.set(self.made.get() + 1);
        let filled = line
            .replace("{PLAN}", &path("small.toml"))
            .replace("{SWEEP}", &path("sweep.toml"))
            .replace("{OUT}", &path("out"))
            .replace("{RUN}", self.run.to_str().unwrap())
            .replace("{EDF}", self.recording.to_str().unwrap())
            .replace("{G}", &path("g.gallery"))
            .replace("{DIR}", &path(""))
            .replace("{NEW}", &path(&format!("new-{}", self.made.get())));
        filled.split_whitespace().map(str::to_owned).collect()
    }

    fn command(&self, words: &[String]) -> Command {
        let mut command = twinprint();
        command.args(words).current_dir(self.cohort.folder.path());
        command
    }
}

/// A line for each command that has options, which ends with code 0 as it stands; several where options exclude one another.
const LINES: [(&str, &str); 36] = [
    ("run", "{PLAN} --out {OUT} --quiet"),
    ("check", "{PLAN}"),
    ("preprocess", "{PLAN} --out {NEW} --no-cache --quiet"),
    ("train", "{PLAN} --out {OUT} --quiet"),
    ("embed", "{PLAN} --out {OUT} --quiet"),
    ("evaluate", "--scores {DIR}scores.csv"),
    ("evaluate", "--features {DIR}features.csv --enrol session=1 --probe session=2"),
    ("sweep", "{SWEEP} --out {DIR}swept --quiet"),
    ("cache ls", "--cache {OUT}/.cache"),
    ("cache verify", "--cache {OUT}/.cache"),
    ("cache gc", "--cache {OUT}/.cache"),
    ("job", "{DIR}swept/small-sweep 0"),
    ("report", "{RUN}"),
    ("reproduce", "{RUN} --to {NEW} --quiet"),
    ("bundle", "{RUN} --to {NEW}.tar"),
    ("runs", "{OUT}"),
    ("runs prune", "{RUN} --dry-run"),
    ("diff", "{RUN} {RUN}"),
    ("compare", "{RUN} {RUN}"),
    ("synth", "{NEW} --subjects 2 --sessions 1 --seconds 2 --channels 2 --rate 100 --quiet"),
    ("fetch", "eegmat --to {NEW} --mirror file:///nowhere --only nothing"),
    ("init", "{DIR}cohort --to {NEW}.toml"),
    ("man", "{NEW}"),
    ("inspect", "{EDF}"),
    ("convert", "{EDF} --to {NEW} --subject a --quiet"),
    ("convert", "{DIR}text.csv --to {NEW} --subject a --rate 100 --columns Cz --channels Cz --quiet"),
    ("enroll", "--gallery {G} --subject a --update replace --force {EDF}"),
    ("verify", "--gallery {G} --subject a --allow-replay {EDF}"),
    ("identify", "--gallery {G} --allow-replay {EDF}"),
    ("gallery list", "--gallery {G}"),
    ("gallery show", "--gallery {G}"),
    ("gallery revoke", "--gallery {G} --subject nobody"),
    ("gallery check", "--gallery {G}"),
    ("model pack", "{RUN} --to {NEW}.twinprint"),
    ("model show", "{DIR}packed.twinprint"),
    ("export", "{RUN} --to {NEW}.csv"),
];
/// Commands whose options are the same as another's, or that have none which takes a value.
const WITHOUT: [&str; 10] = [
    "schema",
    "read-foreign",
    "cache",
    "gallery",
    "model",
    "gallery reissue",
    "model check",
    "doctor",
    "completions",
    "reference",
];

/// Every command with its options that take something else than a place, as the command itself lists them.
fn options() -> Vec<(String, Vec<String>)> {
    let mut found: Vec<(String, Vec<String>)> = Vec::new();
    for line in succeed(&["reference"]).lines() {
        if let Some(command) = line.strip_prefix("## twinprint ") {
            found.push((command.to_owned(), Vec::new()));
        }
        let option =
            line.strip_prefix("| `--").and_then(|rest| rest.split_once('`')).map(|(option, _)| option);
        if let (Some((name, value)), Some((_, options))) =
            (option.and_then(|option| option.split_once(' ')), found.last_mut())
            && !PLACES.contains(&value)
        {
            options.push(format!("--{name}"));
        }
    }
    found
}

/// The line with the option in place of what it says of it, or at its end.
fn with(words: &[String], option: &str, value: &str) -> Vec<String> {
    let mut words = words.to_vec();
    if let Some(at) = words.iter().position(|word| word == option) {
        words.drain(at..at + 2);
    }
    words.push(format!("{option}={value}"));
    words
}

#[test]
fn no_number_for_any_option_ends_in_a_panic_or_takes_the_machine() {
    let stage = Stage::new();
    succeed(
        &stage
            .words("model pack {RUN} --to {DIR}packed.twinprint")
            .iter()
            .map(String::as_str)
            .collect::<Vec<_>>(),
    );
    let options = options();
    let mut tried = 0;
    for (command, _) in &options {
        let known = LINES.iter().any(|(name, _)| name == command) || WITHOUT.contains(&command.as_str());
        assert!(known, "twinprint {command} has no line here: add one");
    }
    for (name, line) in LINES {
        let (_, options) = options.iter().find(|(command, _)| command == name).unwrap();
        let line = format!("{name} {line}");
        if !options.is_empty() && !["fetch", "gallery revoke", "job"].contains(&name) {
            let output = run_to_its_end(&mut stage.command(&stage.words(&line)));
            assert_eq!(output.status.code(), Some(0), "{line}: {}", ends_well(&output, &line));
        }
        for option in options {
            for value in ABSURD {
                let words = with(&stage.words(&line), option, value);
                ends_well(&run_to_its_end(&mut stage.command(&words)), &words.join(" "));
                tried += 1;
            }
        }
    }
    for value in ABSURD.iter().chain(&["100000", "1.5"]) {
        let words = stage.words(&format!("check {{PLAN}} --threads={value}"));
        let output = run_to_its_end(&mut stage.command(&words));
        let said = ends_well(&output, &words.join(" "));
        assert!(output.status.code() == Some(2) && said.contains("--threads"), "{value}: {said}");
    }
    println!("{tried} absurd values of options");
    assert!(tried > 300, "{tried}");
}

/// The keys of a plan that hold numbers.
fn keys(value: &Value, at: &str, found: &mut Vec<String>) {
    match value {
        Value::Number(_) => found.push(at.to_owned()),
        Value::Object(table) => {
            for (key, value) in table {
                keys(value, &if at.is_empty() { key.clone() } else { format!("{at}.{key}") }, found);
            }
        }
        _ => {}
    }
}

#[test]
fn no_number_for_any_key_of_a_plan_ends_in_a_panic() {
    let cohort = Cohort::new("1");
    let pipeline = cohort.pipeline();
    let pipeline = pipeline.to_str().unwrap();
    let plan: Value = serde_json::from_str(&succeed(&["check", pipeline, "--json"])).unwrap();
    let plan = plan.get("plan").unwrap_or(&plan);
    let mut found = Vec::new();
    keys(plan, "", &mut found);
    assert!(found.len() > 30, "{found:?}");
    let (mut accepted, mut tried) = (0, 0);
    for key in &found {
        for value in ["0", "-1", "nan", "1e300", "1e-300", "9223372036854775807"] {
            let set = format!("{key}={value}");
            let output = run_to_its_end(twinprint().args(["check", pipeline, "--set", &set]));
            let said = ends_well(&output, &set);
            assert!(
                output.status.code() != Some(2) || key.split('.').any(|part| said.contains(part)),
                "{set}: {said}"
            );
            accepted += usize::from(output.status.code() == Some(0));
            tried += 1;
        }
    }
    println!("{tried} absurd values of {} keys, {accepted} of them accepted", found.len());
}
