//! The recordings of a plan, opened as far as their headers: what a run needs to know before it reads a sample.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use rayon::prelude::*;
use twinprint_dataset::{Layout, Manifest, RecordingFile, TextTable};
use twinprint_preprocess::CheckedPlan;
use twinprint_protocol::RecordingMetadata;
use twinprint_recordings::{RecordingReader, Strictness, TextLayout};
use twinprint_signal::{ChannelName, Day, Hertz, SampleIndex, Seconds, SubjectId};

use crate::cohort_plan::CohortSettings;
use crate::config::hash_of;
use crate::content::InputFile;
use crate::known_hashes::KnownHashes;
use crate::{Plan, RunError, channels};

/// One recording and what its header says.
#[derive(Debug, Clone)]
pub(crate) struct Member {
    /// Which cohort of the plan it is of.
    pub(crate) cohort: usize,
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
    /// The day it was recorded, where its data set or its header says it.
    pub(crate) day: Option<Day>,
    /// The file's own BLAKE3, for the record.
    pub(crate) input: InputFile,
}

/// All recordings of a plan, sorted by key, and what was odd about them.
#[derive(Debug, Clone)]
pub(crate) struct Cohort {
    pub(crate) members: Vec<Member>,
    pub(crate) notices: Vec<String>,
    /// Whether twinprint made the recordings itself.
    pub(crate) synthetic: bool,
    /// What the manifests of the datasets say a user should know before trusting a number from them.
    pub(crate) caveats: Vec<String>,
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

    /// The recordings of one cohort of the plan, by its place there.
    pub(crate) fn of(&self, index: usize) -> impl Iterator<Item = &Member> {
        self.members.iter().filter(move |member| member.cohort == index)
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
    let mut all = Cohort { members: Vec::new(), notices: Vec::new(), synthetic: false, caveats: Vec::new() };
    for (index, settings) in plan.cohorts().iter().enumerate() {
        survey_one(&mut all, &Opening { plan, index, settings, root: plan.root_of(settings)? })?;
    }
    if plan.leaves_out_copies() {
        all.leave_out_copies();
    }
    Ok(all)
}

/// A cohort whose recordings are opened.
struct Opening<'a> {
    plan: &'a Plan,
    index: usize,
    settings: &'a CohortSettings,
    root: PathBuf,
}

/// Adds the recordings of one cohort.
fn survey_one(all: &mut Cohort, opening: &Opening) -> Result<(), RunError> {
    let Opening { plan, settings, root, .. } = opening;
    let wanted = plan.located(settings)?;
    let dataset = twinprint_dataset::discover(&wanted).map_err(|error| plan.invalid(&settings.key, error))?;
    let mut notices = dataset.notices;
    let preprocess = plan.preprocess(settings)?;
    let known = &KnownHashes::of(root, plan.cache(), plan.reads_again());
    let members: Vec<(Member, Vec<String>)> = dataset
        .recordings
        .into_par_iter()
        .map(|file| open(opening, (&preprocess, known), file))
        .collect::<Result<_, _>>()?;
    known.keep();
    let mut kept = Vec::with_capacity(members.len());
    let mut said: Vec<(String, Vec<String>)> = Vec::new();
    for (member, notes) in members {
        for note in notes {
            let path = below(root, &member.file.path);
            match said.iter_mut().find(|(other, _)| *other == note) {
                Some((_, files)) => files.push(path),
                None => said.push((note, vec![path])),
            }
        }
        kept.push(member);
    }
    notices.extend(said.iter().map(|(note, files)| of_files(note, files, kept.len())));
    notices.extend(deviating(&kept));
    all.notices.extend(notices.iter().map(|notice| settings.prefixed(notice, ": ")));
    all.members.extend(kept);
    all.synthetic |= is_synthetic(root);
    all.caveats.extend(manifest_notes(plan, settings)?.map(|notes| settings.prefixed(&notes, ": ")));
    Ok(())
}

/// Why a recording has no channel to take, as far as those that were set aside say.
fn nothing_taken(said: &[String]) -> String {
    let mend = "name the ones to take in preprocess.channels.pick, or convert a unit that is not known to uV";
    match said {
        [] => "it has no channel that the plan takes: see `twinprint inspect`".to_owned(),
        said => format!("it has no channel that the plan takes; {}: {mend}", said.join("; ")),
    }
}

fn open(
    Opening { plan, index, settings, root }: &Opening,
    (preprocess, known): (&CheckedPlan, &KnownHashes),
    mut file: RecordingFile,
) -> Result<(Member, Vec<String>), RunError> {
    file.key.subject =
        settings.subject(&file.key.subject).map_err(|error| RunError::recording(&file.path, error))?;
    let refuse = |reason: String| RunError::recording(&file.path, reason);
    let reader = open_file(settings, &file)?;
    let chosen = channels::choose(&settings.preprocess, &reader, &file).map_err(&refuse)?;
    let rate = chosen
        .signals
        .iter()
        .map(|&index| reader.channels()[index].rate)
        .max_by(|a, b| a.get().total_cmp(&b.get()))
        .ok_or_else(|| refuse(nothing_taken(&chosen.said)))?;
    preprocess.fits(rate).map_err(|error| plan.invalid_preprocess(settings, error))?;
    let samples =
        chosen.signals.iter().map(|&index| reader.channels()[index].total_samples).max().unwrap_or(0);
    let one_rate = chosen.signals.iter().all(|&index| reader.channels()[index].rate == rate);
    if let Some(&first) = chosen.signals.first().filter(|_| one_rate) {
        let stretches: Vec<usize> = reader.segments(first).iter().map(|segment| segment.len).collect();
        twinprint_preprocess::long_enough(preprocess, rate, &stretches)
            .map_err(|error| RunError::recording(&file.path, error))?;
    }
    let hashes = known.of_recording(&reader)?;
    let input = InputFile {
        path: settings.prefixed(&below(root, &file.path), "/"),
        bytes: hashes.bytes,
        blake3: hashes.files,
        described: described(&file),
    };
    let seconds = rate.time_of(SampleIndex(samples));
    let facts = RecordingMetadata {
        key: file.key.clone(),
        labels: file.labels.clone(),
        content_hash: hashes.samples,
        seconds: seconds.get(),
    };
    tracing::debug!(file = %input.path, %rate, channels = chosen.channels.len(), seconds = seconds.get(), "opened");
    let names: Vec<ChannelName> = reader.channels().iter().map(|channel| channel.name.clone()).collect();
    let unapplied =
        file.check_sidecars(&names, seconds.get()).map_err(|error| RunError::recording(&file.path, error))?;
    let mut said: Vec<String> = unapplied.iter().chain(&chosen.said).map(ToString::to_string).collect();
    said.extend(reader.notices().iter().map(ToString::to_string));
    if let Some(stated) =
        file.sampling_frequency.filter(|stated| (stated.get() / rate.get() - 1.0).abs() > 1e-3)
    {
        said.push(format!("its eeg.json says {stated}, the file itself {rate}, which is used"));
    }
    let channels::Chosen { signals, channels, .. } = chosen;
    let day = file.day.or_else(|| reader.start().and_then(|start| day_of_header(&start)));
    Ok((Member { cohort: *index, file, facts, signals, channels, rate, seconds, day, input }, said))
}

/// The day that a header names. Midnight of a 1 January is what recorders and anonymisers write who do not say when.
fn day_of_header(start: &str) -> Option<Day> {
    Day::of(start).filter(|_| !start.ends_with("-01-01T00:00:00"))
}

/// What is said of these of `all` recordings, in one line.
fn of_files(note: &str, files: &[String], all: usize) -> String {
    match files {
        [] => note.to_owned(),
        [one] => format!("{one}: {note}"),
        every if every.len() == all => format!("all {all} recordings: {note}"),
        [first, others @ ..] => format!("{first} and {}: {note}", counted_more(others.len())),
    }
}

fn counted_more(others: usize) -> String {
    if others == 1 { "1 more recording".to_owned() } else { format!("{others} more recordings") }
}

/// The path of a file below a folder, with `/` between its parts.
fn below(root: &Path, path: &Path) -> String {
    path.strip_prefix(root).unwrap_or(path).to_string_lossy().replace('\\', "/")
}

/// BLAKE3 of what the dataset says of a recording beside its samples.
fn described(file: &RecordingFile) -> String {
    let events = file.events.iter().flatten();
    let events: Vec<_> = events
        .map(|event| (event.onset.get(), event.duration.map(Seconds::get), event.label.as_str()))
        .collect();
    hash_of(&(&file.labels, &file.bad_channels, &file.other_channels, file.events.is_some(), events))
}

/// Opens a recording as strictly as its cohort asks, with the unit that the plan states for channels without one.
pub(crate) fn open_file(
    settings: &CohortSettings,
    file: &RecordingFile,
) -> Result<RecordingReader, RunError> {
    let lenient = settings.dataset.lenient;
    let strictness = if lenient { Strictness::Lenient } else { Strictness::Strict };
    let remedy = "leave it out with dataset.exclude_recordings, or read what is certain of it with dataset.lenient = true";
    let opened = match &file.text {
        Some(text) => RecordingReader::open_text(&file.path, strictness, &layout_of(text)),
        None => RecordingReader::open(&file.path, strictness),
    };
    let reader = opened.map_err(|error| RunError::unreadable(&file.path, error, lenient, remedy))?;
    Ok(match &settings.preprocess.channels.unit {
        Some(unit) => reader.with_empty_units(unit),
        None => reader,
    })
}

/// What a plan states of recordings as text, as their reader takes it.
pub(crate) fn layout_of(text: &TextTable) -> TextLayout {
    let TextTable { rate, unit, columns, channels, names, time, counter, events } = text.clone();
    TextLayout { rate, unit, columns, channels, names, time, counter, events }
}

fn manifest_notes(plan: &Plan, settings: &CohortSettings) -> Result<Option<String>, RunError> {
    let Layout::Manifest { name } = &settings.dataset.layout else { return Ok(None) };
    let key = format!("{}.layout", settings.key);
    let manifest = Manifest::load(&plan.manifest(name)).map_err(|error| plan.invalid(&key, error))?;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_holds_of_many_recordings_is_said_once() {
        let files: Vec<String> = ["a.edf", "b.edf", "c.edf"].map(str::to_owned).to_vec();
        assert_eq!(of_files("ECG set aside", &files[..1], 3), "a.edf: ECG set aside");
        assert_eq!(of_files("ECG set aside", &files[..2], 3), "a.edf and 1 more recording: ECG set aside");
        assert_eq!(of_files("ECG set aside", &files, 3), "all 3 recordings: ECG set aside");
        assert_eq!(of_files("ECG set aside", &files, 9), "a.edf and 2 more recordings: ECG set aside");
    }
}
