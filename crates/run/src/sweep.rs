//! Curves over a plan: each axis varied alone, one run a point, what points share computed once.

use std::fs;
use std::path::{Path, PathBuf};

use serde::Serialize;
use twinprint_evaluation::Estimate;
use twinprint_report::results::Results;
use twinprint_report::{SweepPoint, sweep_page};
use twinprint_store::epochs::EpochFile;

use crate::config::hash_of;
use crate::error::Placed;
use crate::folder::{
    COHORT, COHORT_EPOCHS, EPOCHS, OPERATIONS, PRINTS, PROVENANCE, QUALITY, RunFolder, SPLIT, WINDOW_LEAKS,
    create_folder, write_csv, write_text,
};
use crate::places::Places;
use crate::record::{Host, RunRecord};
use crate::run::{Options, prepare, run};
use crate::training_rows::epoch_seconds;
use crate::{Config, Plan, Progress, RunError, Silent, Source, Stage, Surroundings, leaks, trials};

/// The table of a sweep.
const TABLE: &str = "sweep.csv";
const COLUMNS: [&str; 10] = [
    "axis",
    "value",
    "probe_seconds",
    "system",
    "eer",
    "ci95_low",
    "ci95_high",
    "train_subjects",
    "run",
    "cohort",
];
/// The page of a sweep.
const PAGE: &str = "sweep.html";

/// One system at one point.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SweepRow {
    /// The axis.
    pub axis: String,
    /// The point's label.
    pub value: String,
    /// Clean seconds a probe.
    pub probe_seconds: f64,
    /// `encoder`, or a baseline's name.
    pub system: String,
    /// The equal error rate, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub eer: Option<Estimate>,
    /// Training subjects a fold.
    pub train_subjects: usize,
    /// The run folder.
    pub run: String,
    /// The cohort that is tested, where several are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cohort: Option<String>,
}

/// A finished sweep.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SweepOutcome {
    /// The folder with a run folder for each point, `sweep.csv` and `sweep.html`.
    pub folder: PathBuf,
    /// Every system at every point.
    pub rows: Vec<SweepRow>,
    /// Points that were there already.
    pub cached: usize,
    /// Points that took epochs, encoders and prints from another.
    pub shared: usize,
}

struct Point {
    axis: String,
    label: String,
    plan: Plan,
}

/// Runs every point of a pipeline's `[[sweep]]` tables below `out/<name>-sweep`.
///
/// All points are resolved, validated and checked for leaks before the first runs. A point whose run folder is complete is not
/// run again; one that differs from a complete one only in seconds to enrol or to probe with takes over its epochs, encoders
/// and prints, so that there is one training for each training set.
///
/// # Errors
/// When the pipeline has no `[[sweep]]`, a point cannot be resolved or leaks, or a run fails; finished points stay.
pub fn sweep(
    source: &Source,
    surroundings: &Surroundings,
    out: &Path,
    host: &Host,
    clock: &dyn Fn() -> String,
    progress: &dyn Progress,
) -> Result<SweepOutcome, RunError> {
    let base = Plan::resolve(source.clone(), surroundings)?;
    let points = points(&base, source, surroundings)?;
    for point in &points {
        prepare(&point.plan).map_err(|error| at(point, &error))?;
    }
    let folder = out.join(format!("{}-sweep", base.config().name));
    create_folder(&folder)?;
    progress.begin("sweep", Some(points.len() as u64));
    let (mut rows, mut cached, mut shared) = (Vec::new(), 0, 0);
    for point in &points {
        let complete = Places::of(&point.plan, &folder).complete.root().exists();
        cached += usize::from(complete);
        if !complete && take_over(&point.plan, &folder)? {
            shared += 1;
        }
        let options =
            Options { out: folder.clone(), from: None, only: None, force: false, host: host.clone(), clock };
        let outcome = run(&point.plan, &options, &Silent).map_err(|error| at(point, &error))?;
        let results = outcome.results.unwrap_or_default();
        let run_folder = outcome.folder.root().display().to_string();
        rows.extend(rows_of(point, &results, &run_folder));
        progress.step(&format!("{} {}", point.axis, point.label));
        write(&folder, &base, &rows)?;
    }
    progress.end(&format!(
        "{} points, {cached} there already, {shared} with the prints of another",
        points.len()
    ));
    Ok(SweepOutcome { folder, rows, cached, shared })
}

fn points(base: &Plan, source: &Source, surroundings: &Surroundings) -> Result<Vec<Point>, RunError> {
    let axes = &base.config().sweep;
    if axes.is_empty() {
        let example =
            "[[sweep]]\nname = \"training subjects\"\nkey = \"protocol.train.subjects\"\nvalues = [4, 8, 16]";
        return Err(
            base.invalid("sweep", format!("there is nothing to vary: add a table such as\n{example}"))
        );
    }
    let mut points = Vec::new();
    for axis in axes {
        if axis.values.is_empty() {
            return Err(base.invalid("sweep", format!("the axis {:?} has no values", axis.name)));
        }
        if !axis.labels.is_empty() && axis.labels.len() != axis.values.len() {
            let (labels, values) = (axis.labels.len(), axis.values.len());
            let reason =
                format!("the axis {:?} has {labels} labels for {values} values: write one each", axis.name);
            return Err(base.invalid("sweep", reason));
        }
        for index in 0..axis.values.len() {
            let mut source = source.clone();
            source.overrides.extend(axis.changes(index).map_err(|reason| base.invalid("sweep", reason))?);
            let plan = Plan::resolve(source, surroundings)?.without_final_model();
            points.push(Point { axis: axis.name.clone(), label: axis.label(index), plan });
        }
    }
    Ok(points)
}

fn at(point: &Point, error: &RunError) -> RunError {
    let reason = format!("{} = {}: {}", point.axis, point.label, crate::error::chain(error));
    RunError::in_stage("sweep", reason)
}

fn rows_of(point: &Point, results: &Results, run: &str) -> Vec<SweepRow> {
    let several = !results.cohorts.is_empty();
    let others = results.of_other_cohorts().flat_map(|other| rows_of_cohort(point, &other, run, several));
    rows_of_cohort(point, results, run, several).into_iter().chain(others.collect::<Vec<_>>()).collect()
}

fn rows_of_cohort(point: &Point, results: &Results, run: &str, named: bool) -> Vec<SweepRow> {
    let row = |row: &twinprint_report::results::VerificationRow| SweepRow {
        cohort: results.cohort.clone().filter(|_| named),
        axis: point.axis.clone(),
        value: point.label.clone(),
        probe_seconds: row.probe_seconds,
        system: row.system.clone(),
        eer: row.eer,
        train_subjects: results.protocol.train_subjects,
        run: run.to_owned(),
    };
    results.verification.iter().map(row).collect()
}

/// Fills the folder of a run with the epochs, encoders and prints of a complete one that has the same; says whether there
/// was one. Files are linked, not copied.
fn take_over(plan: &Plan, folder: &Path) -> Result<bool, RunError> {
    let Some(wanted) = prints_hash(plan.config()) else { return Ok(false) };
    let partial = Places::of(plan, folder).partial;
    if partial.root().exists() {
        return Ok(false);
    }
    let Some((donor, record)) = donor(&wanted, folder)? else { return Ok(false) };
    create_folder(partial.root())?;
    let mut names = vec![
        COHORT.to_owned(),
        EPOCHS.to_owned(),
        QUALITY.to_owned(),
        OPERATIONS.to_owned(),
        PRINTS.to_owned(),
        PROVENANCE.to_owned(),
    ];
    names.extend([SPLIT.to_owned(), "systems".to_owned()]);
    let split: twinprint_protocol::Split = donor.read_json(SPLIT)?;
    names.extend((0..split.folds.len()).map(|fold| format!("fold-{fold}")));
    if donor.path(COHORT_EPOCHS).is_dir() {
        names.push(COHORT_EPOCHS.to_owned());
    }
    for name in &names {
        link(&donor.path(name), &partial.path(name))?;
    }
    let epochs = EpochFile::open(&partial.path(EPOCHS)).in_stage("sweep")?;
    let notices = trials::write(plan, &split, epochs.infos(), epoch_seconds(&epochs), &partial)?;
    partial.write_json(WINDOW_LEAKS, &leaks::grouped(&notices))?;
    let mut record = RunRecord { plan_hash: plan.hash(), ..record };
    record.forget_from(Stage::Evaluate);
    partial.write_json("run.json", &record)?;
    Ok(true)
}

/// A complete run in the folder with the same epochs, encoders and prints.
fn donor(wanted: &str, folder: &Path) -> Result<Option<(RunFolder, RunRecord)>, RunError> {
    let failed = |source| RunError::Read { path: folder.to_owned(), source };
    let mut places: Vec<PathBuf> = fs::read_dir(folder)
        .map_err(failed)?
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| path.is_dir() && path.extension().is_none())
        .collect();
    places.sort();
    for place in places {
        let run = RunFolder::at(place);
        let Ok(record) = run.read_json::<RunRecord>("run.json") else { continue };
        let config: Option<Config> = run.read_json("plan.json").ok();
        let same = config.and_then(|config| prints_hash(&config)).is_some_and(|hash| hash == wanted);
        if same && record.finished.is_some() && run.missing_of_preprocess().is_none() {
            return Ok(Some((run, record)));
        }
    }
    Ok(None)
}

/// The hash of everything that decides epochs, encoders and prints: all but how many seconds are pooled. Nothing where
/// dev subjects are compared during training, which happens at those lengths.
fn prints_hash(config: &Config) -> Option<String> {
    let mut config = config.decisive();
    let protocol = &mut config.protocol;
    let defaults = twinprint_protocol::Plan::default();
    protocol.enrol.seconds = defaults.enrol.seconds;
    protocol.enrol.recordings_per_template = defaults.enrol.recordings_per_template;
    protocol.enrol.templates_per_subject = defaults.enrol.templates_per_subject;
    protocol.probe.seconds = defaults.probe.seconds;
    (protocol.dev_subjects.of(1000) == 0).then(|| hash_of(&config))
}

/// Links a file, or every file of a folder; copies where the file system cannot link.
fn link(from: &Path, to: &Path) -> Result<(), RunError> {
    let failed = |source| RunError::Write { path: to.to_owned(), source };
    if !from.is_dir() {
        return fs::hard_link(from, to).or_else(|_| fs::copy(from, to).map(|_| ())).map_err(failed);
    }
    create_folder(to)?;
    for entry in fs::read_dir(from).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        link(&entry.path(), &to.join(entry.file_name()))?;
    }
    Ok(())
}

fn write(folder: &Path, base: &Plan, rows: &[SweepRow]) -> Result<(), RunError> {
    let cells = rows.iter().map(|row| {
        let eer = row.eer.and_then(|eer| Some([eer.value, eer.ci95?.low, eer.ci95?.high]));
        let [eer, low, high] = eer.map_or_else(Default::default, |eer| eer.map(|number| number.to_string()));
        [
            row.axis.clone(),
            row.value.clone(),
            row.probe_seconds.to_string(),
            row.system.clone(),
            eer,
            low,
            high,
            row.train_subjects.to_string(),
            row.run.clone(),
            row.cohort.clone().unwrap_or_default(),
        ]
    });
    write_csv(&folder.join(TABLE), COLUMNS, &cells.collect::<Vec<_>>())?;
    let points: Vec<SweepPoint> = rows.iter().map(|row| point_of(row, rows)).collect();
    let config = base.config();
    write_text(&folder.join(PAGE), &sweep_page(&config.name, &config.description, &points))
}

fn point_of(row: &SweepRow, rows: &[SweepRow]) -> SweepPoint {
    let rank = || {
        let mut labels: Vec<&str> = Vec::new();
        for other in rows.iter().filter(|other| other.axis == row.axis) {
            if !labels.contains(&other.value.as_str()) {
                labels.push(&other.value);
            }
        }
        labels.iter().position(|label| *label == row.value).unwrap_or(0) as f64
    };
    SweepPoint {
        axis: row.axis.clone(),
        label: row.value.clone(),
        at: row.value.parse().unwrap_or_else(|_| rank()),
        probe_seconds: row.probe_seconds,
        system: match &row.cohort {
            Some(cohort) => format!("{} on {cohort}", row.system),
            None => row.system.clone(),
        },
        eer: row.eer,
    }
}

/// The EER in percent of every system at every point, as a table for a terminal with the folder's files below it, or as
/// Markdown.
pub fn sweep_table(outcome: &SweepOutcome, markdown: bool) -> String {
    let points: Vec<SweepPoint> = outcome.rows.iter().map(|row| point_of(row, &outcome.rows)).collect();
    if markdown {
        return twinprint_report::curve_markdown(&points);
    }
    let files = [("sweep folder", ""), ("table", TABLE), ("plot", PAGE)]
        .map(|(what, name)| format!("{what:<12}  {}", outcome.folder.join(name).display()));
    format!("{}\n{}\n", twinprint_report::curve_table(&points), files.join("\n"))
}
