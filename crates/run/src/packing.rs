//! An encoder of a run packed into one file.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use twinprint_dataset::{Layout, Manifest};
use twinprint_report::results::{ENCODER, Results};
use twinprint_signal::{SubjectId, counted};

use crate::carried::{About, Card, CardData, Learnt, Measured, ModelProvenance, SCHEMA};
use crate::error::Placed;
use crate::finished::{FinishedRun, TrainedEncoder};
use crate::folder::{FINAL_MODEL, RESULTS, THRESHOLDS};
use crate::record::RunRecord;
use crate::{Config, RunError};

/// Packs an encoder of a run into one file, whole or not at all; `gallery` are the thresholds a gallery of it takes.
///
/// # Errors
/// When the run is not complete, or the file cannot be written.
pub fn pack(
    run: &FinishedRun,
    encoder: &TrainedEncoder,
    gallery: serde_json::Value,
    to: &Path,
) -> Result<About, RunError> {
    let about = about(run, encoder, gallery)?;
    let text = serde_json::to_string(&about).in_folder(to, "run the pipeline again")?;
    encoder.model.pack(to, &text)?;
    Ok(about)
}

fn about(run: &FinishedRun, encoder: &TrainedEncoder, gallery: serde_json::Value) -> Result<About, RunError> {
    let (config, folder) = (&run.config, &run.folder);
    let before = run.carried()?;
    let record: RunRecord = folder.read_json("run.json")?;
    let results: Results = folder.read_json(RESULTS)?;
    let known = run.learnt_from(encoder)?;
    let people: BTreeSet<&SubjectId> = known.iter().map(|recording| &recording.key.subject).collect();
    let places: BTreeMap<&SubjectId, usize> = people.iter().enumerate().map(|(at, who)| (*who, at)).collect();
    let learnt = known.iter().map(|recording| Learnt {
        person: places.get(&recording.key.subject).copied().unwrap_or_default(),
        samples: recording.samples.clone(),
    });
    let mut learnt: Vec<Learnt> = learnt.collect();
    let mut card = card(config, &results, people.len())?;
    if let Some(before) = before {
        let others = before.learnt_from.into_iter();
        learnt.extend(others.map(|known| Learnt { person: people.len() + known.person, ..known }));
        card.people += before.card.people;
        card.data.extend(
            before.card.data.into_iter().filter(|data| !card.data.contains(data)).collect::<Vec<_>>(),
        );
    }
    let fold = encoder.fold.as_ref().map(|fold| fold.index);
    let final_model = match fold {
        Some(_) => None,
        None => Some(folder.read_json(&format!("{FINAL_MODEL}/{THRESHOLDS}"))?),
    };
    Ok(About {
        schema: SCHEMA.to_owned(),
        card,
        provenance: ModelProvenance {
            version: record.host.version,
            git_commit: record.host.git_commit,
            plan_hash: run.plan_hash.clone(),
            made: record.started,
            fold,
            seeds: record.seeds,
        },
        preprocess: config.preprocess_of_tested(),
        enrol_seconds: config.protocol.enrol.seconds,
        final_model,
        gallery,
        learnt_from: learnt,
    })
}

fn card(config: &Config, results: &Results, people: usize) -> Result<Card, RunError> {
    let rows = results.verification.iter().filter(|row| row.system == ENCODER);
    let measured = rows.map(|row| Measured {
        enrol_seconds: results.protocol.enroll_seconds,
        probe_seconds: row.probe_seconds,
        people: results.protocol.test_subjects,
        eer: row.eer,
    });
    Ok(Card {
        name: config.name.clone(),
        description: config.description.clone(),
        data: data_of(config)?,
        people,
        measured: measured.collect(),
        caveats: results.caveats.clone(),
        not_for: not_for(people),
    })
}

/// The data sets of a plan, each once.
fn data_of(config: &Config) -> Result<Vec<CardData>, RunError> {
    let cohorts = config.cohorts.iter().filter(|cohort| cohort.role.learns());
    let mut sets = Vec::new();
    for dataset in cohorts.map(|cohort| &cohort.dataset).chain(&config.dataset) {
        let set = data(&dataset.layout)?;
        if !sets.contains(&set) {
            sets.push(set);
        }
    }
    Ok(sets)
}

fn data(layout: &Layout) -> Result<CardData, RunError> {
    let Layout::Manifest { name } = layout else {
        let title = "recordings of whoever ran the pipeline; ask them for the licence".to_owned();
        return Ok(CardData { title, licence: None, citation: Vec::new() });
    };
    let manifest = match Manifest::load(name) {
        // A manifest of somebody's own may lie elsewhere by now.
        Err(_) if name.ends_with(".toml") => {
            let title =
                format!("recordings that {name} described; ask whoever ran the pipeline for the licence");
            return Ok(CardData { title, licence: None, citation: Vec::new() });
        }
        loaded => loaded.in_stage("model pack")?,
    };
    Ok(CardData { title: manifest.title, licence: Some(manifest.licence), citation: manifest.citation })
}

fn not_for(people: usize) -> Vec<String> {
    vec![
        format!(
            "access to anything of value on its own: it has learnt from {}, and its error rates have the intervals of few people",
            counted(people, "person")
        ),
        "naming people who did not agree to be enrolled".to_owned(),
        "medical questions of any kind: it was taught to tell people apart, and nothing else was looked at".to_owned(),
        "other headsets, channel positions or tasks than those above without measuring it there first ([encoder] from, docs/guide/carry-an-encoder.md)"
            .to_owned(),
    ]
}
