//! Results to a page: `report.html`, from the run's files alone.

use std::io::Write as _;
use std::path::Path;

use twinprint_dataset::Manifest;
use twinprint_report::results::Results;
use twinprint_report::{Attacks, Curves, DataSource, Page, RunFacts};

use crate::RunError;
use crate::error::Placed;
use crate::folder::{ATTACKS, CURVES, RESULTS, RunFolder, create_folder, write_atomically, write_text};
use crate::map;
use crate::pictured;
use crate::record::RunRecord;
use crate::results::ScoreCurves;
use crate::training;

/// The page.
pub(crate) const REPORT: &str = "report.html";

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

/// Writes the plots of a run's page into `to`, each as an SVG and as a PNG file, and gives back how many plots there are.
///
/// # Errors
/// When the page is not there or the folder cannot be written.
pub fn write_figures(run: &Path, to: &Path) -> Result<usize, RunError> {
    let path = run.join(REPORT);
    let page = std::fs::read_to_string(&path).map_err(|source| RunError::Read { path, source })?;
    let figures = twinprint_report::figures(&page);
    create_folder(to)?;
    for (name, svg) in &figures {
        write_text(&to.join(format!("{name}.svg")), svg)?;
        let png = twinprint_report::png(svg)
            .in_folder(run.join(REPORT), "write it again with `twinprint report`")?;
        let path = to.join(format!("{name}.png"));
        write_atomically(&path, |file| {
            file.write_all(&png).map_err(|source| RunError::Write { path: path.clone(), source })
        })?;
    }
    Ok(figures.len())
}

/// Writes the tables of a run's results into `to`, each as CSV and as LaTeX, and gives back how many tables there are.
///
/// # Errors
/// When the results cannot be read or the folder cannot be written.
pub fn write_tables(run: &Path, to: &Path) -> Result<usize, RunError> {
    let results: Results = RunFolder::at(run).read_json(RESULTS)?;
    let tables = twinprint_report::data_tables(&results);
    create_folder(to)?;
    for table in &tables {
        write_text(&to.join(format!("{}.csv", table.name)), &table.csv())?;
        write_text(&to.join(format!("{}.tex", table.name)), &table.latex())?;
    }
    Ok(tables.len())
}

/// What a page shows of its run's results; all that takes long to read.
pub(crate) struct Sources {
    results: Results,
    curves: Curves,
    attacks: Option<Attacks>,
}

impl Sources {
    /// Reads the results and the curves.
    pub(crate) fn of(folder: &RunFolder) -> Result<Self, RunError> {
        let results: Results = folder.read_json(RESULTS)?;
        let path = folder.path(CURVES);
        if !path.is_file() {
            return Err(RunError::run_folder_with(
                path,
                "it is missing, as in run folders of earlier versions",
                "run with --from evaluate",
            ));
        }
        let of_scores: ScoreCurves = folder.read_json(CURVES)?;
        let curves = Curves {
            det: of_scores.det,
            scores: of_scores.scores,
            people: of_scores.people,
            quality: pictured::quality(folder, |subject| results.is_about(subject))?,
            training: training::curves(folder, results.protocol.folds)?,
            map: map::of(folder)?,
        };
        let attacked = folder.path(ATTACKS).is_file();
        let attacks = attacked.then(|| folder.read_json(ATTACKS)).transpose()?;
        Ok(Self { results, curves, attacks })
    }

    /// Writes the page, with what `run.json` says of the run.
    pub(crate) fn write(&self, folder: &RunFolder) -> Result<(), RunError> {
        let run = facts(folder, folder.read_json("run.json")?)?;
        let (results, curves, attacks) = (&self.results, &self.curves, self.attacks.as_ref());
        let page = twinprint_report::html(&Page { results, run: &run, curves, attacks });
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
