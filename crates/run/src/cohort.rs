//! The recordings of a plan, opened as far as their headers: what a run needs to know before it reads a sample.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use twinprint_dataset::{Layout, Manifest, RecordingFile};
use twinprint_preprocess::CheckedPlan;
use twinprint_protocol::RecordingMetadata;
use twinprint_recordings::{RecordingReader, Strictness};
use twinprint_signal::{ChannelName, Hertz, SampleIndex, Seconds, SubjectId};

use crate::{Plan, RunError, channels, content};

/// One recording and what its header says.
#[derive(Debug, Clone)]
pub(crate) struct Member {
    /// Where it is and what the dataset says about it.
    pub(crate) file: RecordingFile,
    /// What the protocol may know.
    pub(crate) facts: RecordingMetadata,
    /// Signals to read, as positions in the file, in the order of `channels`.
    pub(crate) signals: Vec<usize>,
    /// Their names.
    pub(crate) channels: Vec<ChannelName>,
    /// The highest sampling rate among them.
    pub(crate) rate: Hertz,
    /// How long it is, gaps not counted.
    pub(crate) seconds: Seconds,
    /// The file's own BLAKE3, for the record.
    pub(crate) input: InputFile,
}

/// An input file as `run.json` lists it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InputFile {
    /// The path below the dataset's folder.
    pub path: String,
    /// Size in bytes.
    pub bytes: u64,
    /// BLAKE3 of the file with the patient and recording fields of its header (bytes 8 to 167) read as spaces, in
    /// hexadecimal.
    pub blake3: String,
}

/// All recordings of a plan, sorted by key, and what was odd about them.
#[derive(Debug, Clone)]
pub(crate) struct Cohort {
    pub(crate) members: Vec<Member>,
    pub(crate) notices: Vec<String>,
    /// Whether twinprint made the recordings itself.
    pub(crate) synthetic: bool,
    /// What the dataset's manifest says a user should know before trusting a number from it.
    pub(crate) caveat: Option<String>,
}

impl Cohort {
    /// The number of people.
    pub(crate) fn subjects(&self) -> usize {
        self.members.iter().map(|member| &member.facts.key.subject).collect::<BTreeSet<&SubjectId>>().len()
    }

    /// What the protocol may know of every recording.
    pub(crate) fn facts(&self) -> Vec<RecordingMetadata> {
        self.members.iter().map(|member| member.facts.clone()).collect()
    }

    /// The input files as `run.json` lists them.
    pub(crate) fn inputs(&self) -> Vec<InputFile> {
        self.members.iter().map(|member| member.input.clone()).collect()
    }
}

impl Cohort {
    /// Leaves out every person under whose name a file of somebody listed before stands, and later copies within a person.
    fn leave_out_copies(&mut self) {
        let mut owners: BTreeMap<String, SubjectId> = BTreeMap::new();
        let mut doubtful: BTreeSet<SubjectId> = BTreeSet::new();
        let mut kept = Vec::with_capacity(self.members.len());
        for member in self.members.drain(..) {
            let subject = &member.facts.key.subject;
            match owners.get(&member.facts.content_hash) {
                Some(owner) => {
                    if owner != subject {
                        doubtful.insert(subject.clone());
                    }
                }
                None => {
                    owners.insert(member.facts.content_hash.clone(), subject.clone());
                    kept.push(member);
                }
            }
        }
        kept.retain(|member| !doubtful.contains(&member.facts.key.subject));
        self.members = kept;
    }
}

/// Finds the plan's recordings and opens every header.
pub(crate) fn survey(plan: &Plan) -> Result<Cohort, RunError> {
    let settings = plan.dataset()?;
    let dataset = twinprint_dataset::discover(&settings).map_err(|error| plan.invalid("dataset", error))?;
    let mut notices = dataset.notices;
    let preprocess = plan.preprocess()?;
    let members: Vec<(Member, Vec<String>)> = dataset
        .recordings
        .into_par_iter()
        .map(|file| open(plan, &settings.root, &preprocess, file))
        .collect::<Result<_, _>>()?;
    let mut kept = Vec::with_capacity(members.len());
    for (member, said) in members {
        notices.extend(said);
        kept.push(member);
    }
    notices.extend(deviating(&kept));
    let synthetic = is_synthetic(&settings.root);
    let caveat = manifest_notes(plan)?;
    let mut cohort = Cohort { members: kept, notices, synthetic, caveat };
    if plan.leaves_out_copies() {
        cohort.leave_out_copies();
    }
    Ok(cohort)
}

fn open(
    plan: &Plan,
    root: &Path,
    preprocess: &CheckedPlan,
    file: RecordingFile,
) -> Result<(Member, Vec<String>), RunError> {
    let refuse = |reason: String| RunError::recording(&file.path, reason);
    let reader = open_file(plan, &file.path)?;
    let chosen = channels::choose(&plan.config().preprocess, &reader, &file).map_err(&refuse)?;
    let rate = chosen
        .signals
        .iter()
        .map(|&index| reader.channels()[index].rate)
        .max_by(|a, b| a.get().total_cmp(&b.get()))
        .ok_or_else(|| refuse("it has no channel that the plan takes: see `twinprint inspect`".to_owned()))?;
    preprocess.fits(rate).map_err(|error| plan.invalid(&format!("preprocess.{}", error.key), error))?;
    let samples =
        chosen.signals.iter().map(|&index| reader.channels()[index].total_samples).max().unwrap_or(0);
    let (input, samples_hash) = content::hashes(root, &reader)?;
    let seconds = rate.time_of(SampleIndex(samples));
    let facts = RecordingMetadata {
        key: file.key.clone(),
        labels: file.labels.clone(),
        content_hash: samples_hash,
        seconds: seconds.get(),
    };
    tracing::debug!(file = %input.path, %rate, channels = chosen.channels.len(), seconds = seconds.get(), "opened");
    let names: Vec<ChannelName> = reader.channels().iter().map(|channel| channel.name.clone()).collect();
    let unapplied =
        file.check_sidecars(&names, seconds.get()).map_err(|error| RunError::recording(&file.path, error))?;
    let mut said: Vec<String> =
        unapplied.iter().chain(&chosen.said).map(|notice| format!("{}: {notice}", input.path)).collect();
    said.extend(reader.notices().iter().map(|notice| format!("{}: {notice}", input.path)));
    if let Some(stated) =
        file.sampling_frequency.filter(|stated| (stated.get() / rate.get() - 1.0).abs() > 1e-3)
    {
        said.push(format!(
            "{}: its eeg.json says {stated}, the file itself {rate}, which is used",
            input.path
        ));
    }
    let channels::Chosen { signals, channels, .. } = chosen;
    Ok((Member { file, facts, signals, channels, rate, seconds, input }, said))
}

/// Opens a recording as strictly as the plan asks, with the unit that the plan states for channels without one.
pub(crate) fn open_file(plan: &Plan, path: &Path) -> Result<RecordingReader, RunError> {
    let lenient = plan.config().dataset.lenient;
    let strictness = if lenient { Strictness::Lenient } else { Strictness::Strict };
    let remedy = "leave it out with dataset.exclude_recordings, or read what is certain of it with dataset.lenient = true";
    let reader = RecordingReader::open(path, strictness)
        .map_err(|error| RunError::unreadable(path, error, lenient, remedy))?;
    Ok(match &plan.config().preprocess.channels.unit {
        Some(unit) => reader.with_empty_units(unit),
        None => reader,
    })
}

fn manifest_notes(plan: &Plan) -> Result<Option<String>, RunError> {
    let Layout::Manifest { name } = &plan.config().dataset.layout else { return Ok(None) };
    let manifest = Manifest::load(name).map_err(|error| plan.invalid("dataset.layout", error))?;
    let notes = manifest.notes.split_whitespace().collect::<Vec<_>>().join(" ");
    Ok((!notes.is_empty()).then_some(notes))
}

/// Whether the folder says that `twinprint synth` made it.
fn is_synthetic(root: &Path) -> bool {
    let text = std::fs::read_to_string(root.join("dataset_description.json")).unwrap_or_default();
    let description: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
    description["GeneratedBy"][0]["Name"].as_str().is_some_and(|name| name.starts_with("twinprint synth"))
}

fn deviating(members: &[Member]) -> Vec<String> {
    let recordings: Vec<_> =
        members.iter().map(|member| (member.facts.key.clone(), member.rate, member.seconds)).collect();
    twinprint_dataset::deviations(&recordings)
        .iter()
        .map(|deviation| format!("{} deviates: {}", deviation.key, deviation.reason))
        .collect()
}
