//! The table of a sweep: a row for each system at each point and seed, and the means over seeds.

use std::path::Path;

use serde::Serialize;
use twinprint_evaluation::{Estimate, over_repeats};
use twinprint_report::results::Results;
use twinprint_report::{SweepPoint, sweep_page};

use super::state::{Point, State};
use crate::RunError;
use crate::folder::{RESULTS, write_csv, write_text};

/// The table of a sweep.
pub(super) const TABLE: &str = "sweep.csv";
const COLUMNS: [&str; 11] = [
    "axis",
    "value",
    "seed",
    "probe_seconds",
    "system",
    "eer",
    "ci95_low",
    "ci95_high",
    "train_subjects",
    "run",
    "cohort",
];
/// The means over seeds, where a sweep lists seeds.
pub(super) const MEANS: &str = "sweep-means.csv";
const MEAN_COLUMNS: [&str; 8] =
    ["axis", "value", "seeds", "probe_seconds", "system", "eer", "ci95_low", "ci95_high"];
/// The page of a sweep.
pub(super) const PAGE: &str = "sweep.html";

/// One system at one point.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SweepRow {
    /// The name of the axis that the point lies on.
    pub axis: String,
    /// The value on the axis, as the plan or its label writes it.
    pub value: String,
    /// The seed, where the axis lists seeds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seed: Option<u64>,
    /// Clean seconds a probe.
    pub probe_seconds: f64,
    /// `encoder`, or a baseline's name.
    pub system: String,
    /// The equal error rate, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub eer: Option<Estimate>,
    /// Training subjects a fold.
    pub train_subjects: usize,
    /// The run folder, below the folder of the sweep.
    pub run: String,
    /// The cohort that is tested, where several are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cohort: Option<String>,
}

/// One system at one point: the mean over its seeds, with the 95 % interval of that mean over seeds, for the same people.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SweepMean {
    /// The name of the axis that the point lies on.
    pub axis: String,
    /// The value on the axis, as the plan or its label writes it.
    pub value: String,
    /// The seeds that have an equal error rate.
    pub seeds: usize,
    /// Clean seconds a probe.
    pub probe_seconds: f64,
    /// `encoder`, or a baseline's name, and the cohort where several are tested.
    pub system: String,
    /// The mean of the equal error rates.
    pub eer: Estimate,
}

/// Every system at every point whose run is complete, in the order of the points.
pub(super) fn rows(state: &State, folder: &Path) -> Result<Vec<SweepRow>, RunError> {
    let mut rows = Vec::new();
    for point in &state.points {
        let run = state.complete(folder, point.run);
        if run.path(RESULTS).is_file() {
            let results: Results = run.read_json(RESULTS)?;
            rows.extend(rows_of(point, &results, &state.runs[point.run].folder));
        }
    }
    Ok(rows)
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
        value: point.value.clone(),
        seed: point.seed,
        probe_seconds: row.probe_seconds,
        system: row.system.clone(),
        eer: row.eer,
        train_subjects: results.protocol.train_subjects,
        run: run.to_owned(),
    };
    results.verification.iter().map(row).collect()
}

/// The means over seeds of the rows that have one.
pub(super) fn means(rows: &[SweepRow]) -> Vec<SweepMean> {
    let key =
        |row: &SweepRow| (row.axis.clone(), row.value.clone(), row.probe_seconds.to_bits(), system(row));
    let mut seen = Vec::new();
    let mut means = Vec::new();
    for row in rows.iter().filter(|row| row.seed.is_some()) {
        let of = key(row);
        if seen.contains(&of) {
            continue;
        }
        let same = rows.iter().filter(|other| other.seed.is_some() && key(other) == of);
        let rates: Vec<f64> = same.filter_map(|row| Some(row.eer?.value)).collect();
        if let Some(eer) = over_repeats(&rates) {
            means.push(SweepMean {
                axis: row.axis.clone(),
                value: row.value.clone(),
                seeds: rates.len(),
                probe_seconds: row.probe_seconds,
                system: system(row),
                eer,
            });
        }
        seen.push(of);
    }
    means
}

fn system(row: &SweepRow) -> String {
    match &row.cohort {
        Some(cohort) => format!("{} on {cohort}", row.system),
        None => row.system.clone(),
    }
}

/// Writes the table, the means and the page, as far as the runs are complete.
pub(super) fn write(state: &State, folder: &Path, rows: &[SweepRow]) -> Result<(), RunError> {
    let cells = rows.iter().map(|row| {
        let [eer, low, high] = numbers(row.eer);
        [
            row.axis.clone(),
            row.value.clone(),
            row.seed.map(|seed| seed.to_string()).unwrap_or_default(),
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
    let means = means(rows);
    if state.points.iter().any(|point| point.seed.is_some()) {
        let cells = means.iter().map(|mean| {
            let [eer, low, high] = numbers(Some(mean.eer));
            let (axis, value, system) = (mean.axis.clone(), mean.value.clone(), mean.system.clone());
            [axis, value, mean.seeds.to_string(), mean.probe_seconds.to_string(), system, eer, low, high]
        });
        write_csv(&folder.join(MEANS), MEAN_COLUMNS, &cells.collect::<Vec<_>>())?;
    }
    write_text(&folder.join(PAGE), &sweep_page(&state.name, &state.description, &points(rows)))
}

fn numbers(eer: Option<Estimate>) -> [String; 3] {
    let Some(eer) = eer else { return Default::default() };
    let ends = eer.ci95.map(|interval| [interval.low.to_string(), interval.high.to_string()]);
    let [low, high] = ends.unwrap_or_default();
    [eer.value.to_string(), low, high]
}

/// What is drawn and shown: the rows in their order, those with seeds as their means.
pub(super) fn points(rows: &[SweepRow]) -> Vec<SweepPoint> {
    let mut means = means(rows);
    let mut shown = Vec::new();
    for row in rows {
        let point = |label: String, eer| SweepPoint {
            axis: row.axis.clone(),
            label,
            at: place(row, rows),
            probe_seconds: row.probe_seconds,
            system: system(row),
            eer,
        };
        if row.seed.is_none() {
            shown.push(point(row.value.clone(), row.eer));
            continue;
        }
        let of_row = |mean: &SweepMean| {
            (&mean.axis, &mean.value, mean.probe_seconds) == (&row.axis, &row.value, row.probe_seconds)
                && mean.system == system(row)
        };
        if let Some(at) = means.iter().position(of_row) {
            let mean = means.remove(at);
            shown.push(point(format!("{}, mean of {} seeds", mean.value, mean.seeds), Some(mean.eer)));
        }
    }
    shown
}

/// A point's place on its axis: its label as a number, or its rank among the labels.
fn place(row: &SweepRow, rows: &[SweepRow]) -> f64 {
    let rank = || {
        let mut labels: Vec<&str> = Vec::new();
        for other in rows.iter().filter(|other| other.axis == row.axis) {
            if !labels.contains(&other.value.as_str()) {
                labels.push(&other.value);
            }
        }
        labels.iter().position(|label| *label == row.value).unwrap_or(0) as f64
    };
    row.value.parse().unwrap_or_else(|_| rank())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(value: &str, seed: Option<u64>, eer: Option<f64>) -> SweepRow {
        SweepRow {
            axis: "people".to_owned(),
            value: value.to_owned(),
            seed,
            probe_seconds: 2.0,
            system: "encoder".to_owned(),
            eer: eer.map(|value| Estimate { value, ci95: None }),
            train_subjects: 4,
            run: format!("run-{value}"),
            cohort: None,
        }
    }

    #[test]
    fn seeds_have_a_mean_with_an_interval_and_points_without_seeds_stay_as_they_are() {
        let rows = [
            row("4", Some(1), Some(0.10)),
            row("4", Some(2), Some(0.12)),
            row("4", Some(3), Some(0.14)),
            row("4", Some(4), None),
            row("8", None, Some(0.05)),
        ];
        let means = means(&rows);
        assert_eq!(means.len(), 1);
        assert_eq!(means[0].seeds, 3);
        assert!((means[0].eer.value - 0.12).abs() < 1e-12);
        let interval = means[0].eer.ci95.unwrap();
        assert!(
            interval.low > 0.07 && interval.low < 0.11 && interval.high > 0.13 && interval.high < 0.19,
            "{interval:?}"
        );
        let shown = points(&rows);
        assert_eq!(shown.len(), 2);
        assert_eq!((shown[1].label.as_str(), shown[1].at), ("8", 8.0));
        assert_eq!((shown[0].label.as_str(), shown[0].at), ("4, mean of 3 seeds", 4.0));
    }
}
