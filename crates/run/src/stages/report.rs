//! Results to a page: `report.html`, from the run's files alone.

use std::collections::BTreeMap;
use std::path::Path;

use twinprint_dataset::Manifest;
use twinprint_evaluation::{Scores, det_curve, eer};
use twinprint_report::results::Results;
use twinprint_report::{Curves, DataSource, DetCurve, Page, RunFacts, ScoreHistogram};

use crate::RunError;
use crate::error::Placed;
use crate::folder::{RESULTS, RunFolder, SCORES, create_folder, write_text};
use crate::map;
use crate::record::RunRecord;
use crate::shortcut::Shortcut;
use crate::system::System;
use crate::tables;
use crate::training;

/// The page.
pub(crate) const REPORT: &str = "report.html";
/// Points kept of a DET curve: more than a screen shows.
const DET_POINTS: usize = 400;
/// Bins of a score distribution.
const BINS: usize = 60;

/// Writes the page of a run folder again and gives back its results.
///
/// # Errors
/// When a file of the run is missing or not what its stage wrote.
pub fn write_report(run: &Path) -> Result<Results, RunError> {
    let folder = RunFolder::at(run);
    if !run.join(RESULTS).is_file() {
        return Err(RunError::run_folder(
            run,
            format!("it has no {RESULTS}, so it is no run folder, or one whose evaluation is not done"),
        ));
    }
    let sources = Sources::of(&folder)?;
    sources.write(&folder)?;
    Ok(sources.results)
}

/// Writes the plots of a run's page into `to`, each an SVG file of its own, and gives back how many.
///
/// # Errors
/// When the page is not there or the folder cannot be written.
pub fn write_figures(run: &Path, to: &Path) -> Result<usize, RunError> {
    let path = run.join(REPORT);
    let page = std::fs::read_to_string(&path).map_err(|source| RunError::Read { path, source })?;
    let figures = twinprint_report::figures(&page);
    create_folder(to)?;
    figures.iter().try_for_each(|(name, text)| write_text(&to.join(format!("{name}.svg")), text))?;
    Ok(figures.len())
}

/// What a page shows of its run's results; all that takes long to read.
pub(crate) struct Sources {
    results: Results,
    curves: Curves,
}

impl Sources {
    /// Reads the results and draws the curves.
    pub(crate) fn of(folder: &RunFolder) -> Result<Self, RunError> {
        let results: Results = folder.read_json(RESULTS)?;
        let mut curves = curves_of(&folder.path(SCORES), &results)?;
        curves.training = training::curves(folder, results.protocol.folds)?;
        curves.map = map::of(folder)?;
        Ok(Self { results, curves })
    }

    /// Writes the page, with what `run.json` says of the run.
    pub(crate) fn write(&self, folder: &RunFolder) -> Result<(), RunError> {
        let run = facts(folder, folder.read_json("run.json")?)?;
        let page = twinprint_report::html(&Page { results: &self.results, run: &run, curves: &self.curves });
        write_text(&folder.path(REPORT), &page)
    }
}

fn facts(folder: &RunFolder, record: RunRecord) -> Result<RunFacts, RunError> {
    let path = folder.path("pipeline.toml");
    let plan_toml = std::fs::read_to_string(&path).map_err(|source| RunError::Read { path, source })?;
    let host = record.host;
    Ok(RunFacts {
        name: record.name,
        version: host.version,
        git_commit: host.git_commit,
        plan_hash: record.plan_hash,
        plan_toml,
        seeds: record.seeds.into_iter().collect(),
        device: record.device,
        host: format!(
            "{}, {} threads, {} {}",
            host.cpu.unwrap_or_else(|| "unnamed processor".to_owned()),
            host.threads,
            host.os,
            host.arch
        ),
        started: record.started,
        ended: record.finished.unwrap_or_default(),
        inputs: record.inputs.len(),
        stages: record
            .stages
            .into_iter()
            .map(|(stage, seconds)| (stage.name().to_owned(), seconds))
            .collect(),
        data: data_sources(folder)?,
    })
}

/// What manifests say of the data, of each that the plan names and that is still there.
fn data_sources(folder: &RunFolder) -> Result<Vec<DataSource>, RunError> {
    let plan: serde_json::Value = folder.read_json("plan.json")?;
    let cohorts = plan["cohorts"].as_array().map(Vec::as_slice).unwrap_or_default();
    let datasets = [&plan["dataset"]].into_iter().chain(cohorts.iter().map(|cohort| &cohort["dataset"]));
    let mut names: Vec<&str> = datasets.filter_map(|data| data["layout"]["name"].as_str()).collect();
    names.dedup();
    let manifests = names.into_iter().filter_map(|name| Manifest::load(name).ok());
    Ok(manifests
        .map(|manifest| DataSource {
            title: manifest.title,
            homepage: manifest.homepage,
            licence: manifest.licence,
            citation: manifest.citation,
        })
        .collect())
}

/// Error trade-offs of the encoder and the baselines, and the encoder's score distributions, from the file of scores.
fn curves_of(path: &Path, results: &Results) -> Result<Curves, RunError> {
    let mut curves = Curves::default();
    for (system, probe_seconds, scores) in read_scores(path, results)? {
        let shortcut = Shortcut::ALL.iter().any(|shortcut| shortcut.name() == system);
        if shortcut {
            continue;
        }
        let points = det_curve(&scores).thinned(DET_POINTS).points;
        curves.det.push(DetCurve {
            system: system.clone(),
            probe_seconds,
            points: points.iter().map(|point| (point.fmr, point.fnmr)).collect(),
        });
        if system == System::Encoder.name() {
            curves.scores.push(histogram(system, probe_seconds, &scores));
        }
    }
    Ok(curves)
}

/// The scores of every system and probe length, in the order of the file; of several tested cohorts those of the main one.
fn read_scores(path: &Path, results: &Results) -> Result<Vec<(String, f64, Scores)>, RunError> {
    let table = tables::read_parquet(path)?;
    let broken = |source| RunError::table(path, source);
    let text = |name: &str| -> Result<Vec<String>, RunError> {
        let column = table.column(name).and_then(|column| column.str().cloned()).map_err(broken)?;
        Ok(column.iter().map(|value| value.unwrap_or_default().to_owned()).collect())
    };
    let systems = text("system")?;
    let (enrol, probe) = (text("enrol_subject")?, text("probe_subject")?);
    let seconds = table.column("probe_seconds").and_then(|column| column.f64().cloned()).map_err(broken)?;
    let values = table.column("score").and_then(|column| column.f32().cloned()).map_err(broken)?;
    let mut numbers: BTreeMap<String, u32> =
        enrol.iter().chain(&probe).map(|name| (name.clone(), 0)).collect();
    for (number, slot) in numbers.values_mut().enumerate() {
        *slot = number as u32;
    }
    // System, probe length, scores, and the numbers of the people enrolled and probing.
    type Group = (String, f64, Vec<f64>, Vec<u32>, Vec<u32>);
    let mut groups: Vec<Group> = Vec::new();
    for (row, (seconds, value)) in seconds.iter().zip(values.iter()).enumerate() {
        if !results.is_about(&enrol[row]) {
            continue;
        }
        let (seconds, value) = (seconds.unwrap_or_default(), f64::from(value.unwrap_or(f32::NAN)));
        if groups.last().is_none_or(|group| group.0 != systems[row] || group.1 != seconds) {
            groups.push((systems[row].clone(), seconds, Vec::new(), Vec::new(), Vec::new()));
        }
        if let Some(group) = groups.last_mut() {
            group.2.push(value);
            group.3.push(numbers[&enrol[row]]);
            group.4.push(numbers[&probe[row]]);
        }
    }
    groups
        .into_iter()
        .map(|(system, seconds, values, enrol, probe)| {
            let scores =
                Scores::new(values, enrol, probe).in_folder(path, "run `twinprint evaluate` again")?;
            Ok((system, seconds, scores))
        })
        .collect()
}

fn histogram(system: String, probe_seconds: f64, scores: &Scores) -> ScoreHistogram {
    let values = scores.similarity();
    let low = values.iter().copied().fold(f64::INFINITY, f64::min);
    let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let width = (high - low).max(1e-9) / BINS as f64;
    let mut counts = [vec![0.0; BINS], vec![0.0; BINS]];
    let people = scores.enrol_subject().iter().zip(scores.probe_subject());
    for (value, (enrol, probe)) in values.iter().zip(people) {
        let bin = (((value - low) / width) as usize).min(BINS - 1);
        counts[usize::from(enrol != probe)][bin] += 1.0;
    }
    for side in &mut counts {
        let total: f64 = side.iter().sum();
        side.iter_mut().for_each(|count| *count /= total.max(1.0));
    }
    let [mated, non_mated] = counts;
    ScoreHistogram {
        system,
        probe_seconds,
        edges: (0..=BINS).map(|edge| low + width * edge as f64).collect(),
        mated,
        non_mated,
        threshold: Some(eer(scores).threshold),
    }
}
