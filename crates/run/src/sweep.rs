//! Curves over a plan: each axis varied alone, one run a point, what points share computed once.

use std::path::{Path, PathBuf};

use serde::Serialize;
use twinprint_evaluation::Estimate;
use twinprint_report::results::Results;
use twinprint_report::{SweepPoint, sweep_page};

use crate::folder::{create_folder, write_csv, write_text};
use crate::options::Options;
use crate::prepare::prepare;
use crate::record::Host;
use crate::run::run;
use crate::{Plan, Progress, RunError, Silent, Source, Surroundings};

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
}

struct Point {
    axis: String,
    label: String,
    plan: Plan,
}

/// Runs every point of a pipeline's `[[sweep]]` tables below `out/<name>-sweep`.
///
/// All points are resolved, validated and checked for leaks before the first runs. A point whose run folder is complete is not
/// run again; what points share, the cache has: points that differ only in seconds to enrol or to probe with have one training.
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
    let (mut rows, mut there) = (Vec::new(), 0);
    for point in &points {
        let options = Options::complete(folder.clone(), host.clone(), clock);
        let outcome = run(&point.plan, &options, &Silent).map_err(|error| at(point, &error))?;
        there += usize::from(outcome.was_complete);
        let results = outcome.results.unwrap_or_default();
        let run_folder = outcome.folder.root().display().to_string();
        rows.extend(rows_of(point, &results, &run_folder));
        progress.step(&format!("{} {}", point.axis, point.label));
        write(&folder, &base, &rows)?;
    }
    progress.end(&format!("{} points, {there} there already", points.len()));
    Ok(SweepOutcome { folder, rows, cached: there })
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
