//! Recordings to epochs: `epochs.h5`, `quality.parquet`, `operations.json`; and who they are compared with: `split.json`,
//! `trials.parquet`.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use polars::prelude::{Column, DataFrame};
use twinprint_preprocess::{Operation, PreprocessError, Preprocessed, Preprocessor, Quality};
use twinprint_recordings::RecordingReader;
use twinprint_signal::{ChannelName, EpochInfo, Hertz, Recording, RecordingKey, counted};
use twinprint_store::epochs::EpochWriter;

use crate::cache::Cache;
use crate::cohort::{Cohort, Member, open_file};
use crate::cohort_epochs;
use crate::cohort_plan::CohortSettings;
use crate::context::{Context, Survey};
use crate::error::{InTable, Placed};
use crate::folder::{COHORT, EPOCHS, OPERATIONS, QUALITY, RunFolder, SPLIT, WINDOW_LEAKS, create_folder};
use crate::in_order::in_order;
use crate::known_hashes::{Stamp, stamps};
use crate::pooling::{self, Road};
use crate::recordings::RecordingList;
use crate::training_rows::epoch_seconds;
use crate::{Plan, Progress, RunError, content, cut, keys, leaks, tables, trials};

/// The recordings, which were looked at before.
fn survey<'a>(context: &'a Context) -> Result<&'a Survey, RunError> {
    let missing = || RunError::in_stage("preprocess", "the recordings were not looked at".to_owned());
    context.survey.ok_or_else(missing)
}

/// Under which key the cache keeps the epochs.
pub(crate) fn key(context: &Context) -> Result<String, RunError> {
    let Survey { cohort, .. } = survey(context)?;
    Ok(keys::of_epochs(context.plan, &pooling::roads(context.plan, cohort)?, &cohort.members))
}

/// Reads, filters and cuts every recording. With `w` threads memory holds at most `w` recordings being worked on and the
/// epochs of `2·w`, however many the cohort has; see docs/design/0005-preprocessing.md.
pub(crate) fn make(context: &Context) -> Result<String, RunError> {
    let Context { plan, folder, progress, .. } = context;
    let Survey { cohort, .. } = survey(context)?;
    let roads = pooling::roads(plan, cohort)?;
    let preprocessors: Vec<Preprocessor> =
        roads.iter().map(|road| Preprocessor::new(road.preprocess.clone())).collect();
    let mut writers: BTreeMap<PathBuf, EpochWriter> = BTreeMap::new();
    let mut qualities: Vec<(RecordingKey, Quality)> = Vec::with_capacity(cohort.members.len());
    let work = |member: &Member| {
        let settings = &plan.cohorts()[member.cohort];
        let (preprocessor, road) = (&preprocessors[member.cohort], &roads[member.cohort]);
        let key = keys::of_recording(settings, road, member);
        let known = context.cache.filter(|_| !context.anew).and_then(|cache| cut::kept(cache, &key));
        let done = match known {
            Some(known) => Ok(known),
            None => cut(settings, preprocessor, member, road).inspect(|cut| {
                let said = member.facts.key.to_string();
                context.keep(|cache| cut::keep(cache, &key, cut, &said));
            }),
        };
        progress.step(&member.facts.key.to_string());
        done
    };
    in_order(&cohort.members, rayon::current_num_threads(), work, |member, cut| {
        let described = describe(member, &cut);
        let own = cohort_epochs::place(folder, &plan.cohorts()[member.cohort]);
        let path = own.unwrap_or_else(|| folder.path(EPOCHS));
        let writer = match writers.entry(path) {
            Entry::Occupied(there) => there.into_mut(),
            Entry::Vacant(vacant) => {
                let writer = start_file(vacant.key(), &cut)?;
                vacant.insert(writer)
            }
        };
        writer.append(cut.samples.view(), &described).in_stage("preprocess")?;
        qualities.push((member.facts.key.clone(), cut.quality));
        Ok(())
    })?;
    if writers.is_empty() {
        return Err(RunError::in_stage("preprocess", "the dataset has no recording".to_owned()));
    }
    writers.into_values().try_for_each(EpochWriter::finish).in_stage("preprocess")?;
    write_quality(folder, &qualities)?;
    let operations: BTreeSet<&[Operation]> =
        qualities.iter().map(|(_, quality)| quality.operations.as_slice()).collect();
    folder.write_json(OPERATIONS, &operations)?;
    Ok(summary(&qualities))
}

/// Cuts every `of`-th recording, from the one numbered `shard`, that the cache does not have yet, and keeps its epochs there;
/// says how many recordings that are.
///
/// # Errors
/// When a recording is refused, or the cache cannot be written.
pub(crate) fn cut_into(
    cache: &Cache,
    plan: &Plan,
    cohort: &Cohort,
    (shard, of): (usize, usize),
    progress: &dyn Progress,
) -> Result<usize, RunError> {
    let roads = pooling::roads(plan, cohort)?;
    let own: Vec<&Member> = cohort.members.iter().skip(shard).step_by(of).collect();
    let one = |member: &&Member| {
        let (settings, road) = (&plan.cohorts()[member.cohort], &roads[member.cohort]);
        let key = keys::of_recording(settings, road, member);
        if cut::kept(cache, &key).is_none() {
            let cut = cut(settings, &Preprocessor::new(road.preprocess.clone()), member, road)?;
            cut::keep(cache, &key, &cut, &member.facts.key.to_string())?;
        }
        progress.step(&member.facts.key.to_string());
        Ok::<(), RunError>(())
    };
    in_order::<_, _, RunError>(&own, rayon::current_num_threads(), one, |_, ()| Ok(()))?;
    Ok(own.len())
}

/// Puts down who is learnt from and who is compared, and lists the trials on the epochs that are there.
pub(crate) fn settle(context: &Context) -> Result<(), RunError> {
    let Context { plan, split, folder, .. } = context;
    let Survey { cohort, notices } = survey(context)?;
    folder.write_json(SPLIT, split)?;
    folder.write_json(COHORT, &RecordingList::of(plan, cohort, notices))?;
    let epochs = super::train::open_epochs(context)?;
    let in_windows = trials::write(plan, split, epochs.infos(), epoch_seconds(&epochs), folder)?;
    folder.write_json(WINDOW_LEAKS, &leaks::grouped(&in_windows))
}

/// What is said of a recording that is not what was looked at.
const CHANGED: &str = "its content is not what was looked at and checked for leaks when the run began: it was written while the run was going on, and nothing is made of it; run again once nobody writes the recordings";

fn cut(
    settings: &CohortSettings,
    preprocessor: &Preprocessor,
    member: &Member,
    road: &Road,
) -> Result<Preprocessed, RunError> {
    let path = &member.file.path;
    let reader = open_file(settings, &member.file)?;
    let before = stamps(&reader)?;
    let wanted: Vec<usize> = road
        .channels
        .iter()
        .filter_map(|name| member.channels.iter().position(|channel| channel == name))
        .map(|at| member.signals[at])
        .collect();
    let known_bad = member.file.bad_channels.as_slice();
    let events = member.file.events.as_deref();
    let of_plan = |error: PreprocessError| RunError::recording(path, error);
    let most = channels_at_a_time(&reader, &wanted);
    let mut cut = if most < wanted.len() {
        let channels: Vec<ChannelName> =
            wanted.iter().map(|&at| reader.channels()[at].name.clone()).collect();
        let mut gathering =
            preprocessor.begin(reader.channels()[wanted[0]].rate, &channels).map_err(of_plan)?;
        for places in gathering.groups(most) {
            let signals: Vec<usize> = places.iter().map(|&place| wanted[place]).collect();
            let group = reader.recording(&signals).map_err(|error| RunError::unread(path, error))?;
            gathering.add(group).map_err(of_plan)?;
        }
        unchanged(&reader, member, &before)?;
        gathering.finish(known_bad, events)
    } else {
        let recording = read(&settings.preprocess, &reader, &wanted, path)?;
        unchanged(&reader, member, &before)?;
        preprocessor.run(recording, known_bad, events)
    }
    .map_err(of_plan)?;
    let rate = |at: &usize| reader.channels()[*at].rate;
    if wanted.iter().any(|at| rate(at) != rate(&wanted[0])) {
        cut.quality.operations.insert(0, Operation::Filter("resampling to one rate"));
    }
    Ok(cut)
}

/// Bytes of samples that are read at a time.
const GROUP_BYTES: u64 = 64 << 20;

/// How many of these signals to hold at the recorded rate at a time: all of a recording that is small, or that has to be gone
/// through anew for each group, or whose rates are brought to one first.
fn channels_at_a_time(reader: &RecordingReader, signals: &[usize]) -> usize {
    let of = |at: &usize| &reader.channels()[*at];
    let longest = signals.iter().map(|at| of(at).total_samples).max().unwrap_or(0);
    let one_rate = signals.iter().all(|at| of(at).rate == of(&signals[0]).rate);
    let most = (GROUP_BYTES / (4 * longest).max(1)) as usize;
    if one_rate && !reader.is_text() { most.min(signals.len()) } else { signals.len() }
}

/// What was read is what the leak checks and run.json speak of: files are overwritten while runs are going on.
fn unchanged(reader: &RecordingReader, member: &Member, before: &[Stamp]) -> Result<(), RunError> {
    let (bytes, hash) = content::files_hash(reader)?;
    if (bytes, &hash) != (member.input.bytes, &member.input.blake3) || stamps(reader)? != *before {
        return Err(RunError::recording(member.file.path.clone(), CHANGED.to_owned()));
    }
    Ok(())
}

/// Signals of one rate are read together; several rates are brought to the plan's.
pub fn read(
    plan: &twinprint_preprocess::Plan,
    reader: &RecordingReader,
    signals: &[usize],
    path: &Path,
) -> Result<Recording, RunError> {
    let mut by_rate: BTreeMap<u64, Vec<usize>> = BTreeMap::new();
    for &signal in signals {
        by_rate.entry(reader.channels()[signal].rate.get().to_bits()).or_default().push(signal);
    }
    let of = |group: &[usize]| reader.recording(group).map_err(|error| RunError::unread(path, error));
    let resample: Option<Hertz> = plan.resample.as_ref().map(|resample| resample.sfreq);
    match (by_rate.len(), resample) {
        (0 | 1, _) | (_, None) => of(signals),
        (_, Some(sfreq)) => {
            let parts = by_rate.values().map(|group| of(group)).collect::<Result<Vec<_>, _>>()?;
            twinprint_preprocess::merge_rates(parts, sfreq).map_err(|error| RunError::recording(path, error))
        }
    }
}

fn describe(member: &Member, cut: &Preprocessed) -> Vec<EpochInfo> {
    let key = Arc::new(member.facts.key.clone());
    let plain = Arc::new(member.facts.labels.clone());
    let mut by_event: BTreeMap<&str, Arc<BTreeMap<String, String>>> = BTreeMap::new();
    cut.starts
        .iter()
        .zip(&cut.event_labels)
        .map(|(&start, event)| {
            let labels = match event {
                None => Arc::clone(&plain),
                Some(event) => Arc::clone(by_event.entry(event).or_insert_with(|| {
                    let mut labels = member.facts.labels.clone();
                    labels.insert("event".to_owned(), event.clone());
                    Arc::new(labels)
                })),
            };
            EpochInfo { key: Arc::clone(&key), start, labels }
        })
        .collect()
}

fn start_file(path: &Path, cut: &Preprocessed) -> Result<EpochWriter, RunError> {
    create_folder(path.parent().unwrap_or(path))?;
    // Nothing of one run stands in it: runs share it.
    let attributes = [("twinprint_version".to_owned(), env!("CARGO_PKG_VERSION").to_owned())];
    EpochWriter::create(path, cut.rate, &cut.channels, cut.samples.dim().2, &attributes.into_iter().collect())
        .in_stage("preprocess")
}

fn write_quality(folder: &RunFolder, qualities: &[(RecordingKey, Quality)]) -> Result<(), RunError> {
    let path = folder.path(QUALITY);
    let mut table = quality_table(qualities).in_table(path.clone())?;
    tables::write_parquet(&path, &mut table)
}

fn quality_table(qualities: &[(RecordingKey, Quality)]) -> Result<DataFrame, polars::error::PolarsError> {
    let count = |of: fn(&Quality) -> usize| -> Vec<u32> {
        qualities.iter().map(|(_, quality)| of(quality) as u32).collect()
    };
    let number = |of: fn(&Quality) -> Option<f64>| -> Vec<Option<f64>> {
        qualities.iter().map(|(_, quality)| of(quality)).collect()
    };
    let names = |of: fn(&Quality) -> Vec<&ChannelName>| -> Vec<String> {
        let join =
            |list: Vec<&ChannelName>| list.iter().map(|name| name.as_str()).collect::<Vec<_>>().join(" ");
        qualities.iter().map(|(_, quality)| join(of(quality))).collect()
    };
    let text = |of: fn(&RecordingKey) -> String| -> Vec<String> {
        qualities.iter().map(|(key, _)| of(key)).collect()
    };
    let mut columns = vec![
        Column::new("subject".into(), text(|key| key.subject.to_string())),
        Column::new("session".into(), text(|key| key.session.to_string())),
        Column::new("recording".into(), text(|key| key.recording.to_string())),
        Column::new("recorded_seconds".into(), number(|q| Some(q.recorded_seconds.get()))),
        Column::new("used_seconds".into(), number(|q| Some(q.used_seconds.get()))),
        Column::new("segments_used".into(), count(|q| q.segments_used)),
        Column::new("segments_too_short".into(), count(|q| q.segments_too_short)),
        Column::new("epochs_cut".into(), count(|q| q.epochs_cut)),
        Column::new("epochs_kept".into(), count(|q| q.epochs_kept)),
        Column::new("rejected_annotation".into(), count(|q| q.rejected.annotation)),
        Column::new("rejected_peak_to_peak".into(), count(|q| q.rejected.peak_to_peak)),
        Column::new("rejected_flat".into(), count(|q| q.rejected.flat)),
        Column::new("rejected_deviation".into(), count(|q| q.rejected.deviation)),
        Column::new("events_outside".into(), count(|q| q.events_outside)),
        Column::new("bad_from_dataset".into(), names(|q| q.bad_from_dataset.iter().collect())),
        Column::new("bad_flat".into(), names(|q| q.bad_flat.iter().collect())),
        Column::new("bad_noisy".into(), names(|q| q.bad_noisy.iter().collect())),
        Column::new("bad_uncorrelated".into(), names(|q| q.bad_uncorrelated.iter().collect())),
        Column::new("interpolated".into(), names(|q| q.interpolated.iter().collect())),
        Column::new("dropped".into(), names(|q| q.dropped.iter().collect())),
        Column::new("line_frequency".into(), number(|q| q.line_frequency.map(Hertz::get))),
        Column::new("line_noise_ratio".into(), number(|q| q.line_noise_ratio)),
        Column::new("peak_to_peak_uv".into(), number(|q| q.peak_to_peak_uv)),
        Column::new("deviation_uv".into(), number(|q| q.deviation_uv)),
    ];
    let highest = qualities.iter().map(|(_, quality)| quality.spectrum_db.len()).max().unwrap_or(0);
    columns.extend((1..=highest).map(|hertz| {
        let power =
            |(_, quality): &(RecordingKey, Quality)| quality.spectrum_db.get(hertz - 1).copied().flatten();
        Column::new(tables::spectrum_column(hertz).into(), qualities.iter().map(power).collect::<Vec<_>>())
    }));
    DataFrame::new_infer_height(columns)
}

/// What was kept, why the rest was not, and what was done to channels, in one line.
fn summary(qualities: &[(RecordingKey, Quality)]) -> String {
    let sum = |of: fn(&Quality) -> usize| qualities.iter().map(|(_, quality)| of(quality)).sum::<usize>();
    let recordings =
        |with: fn(&Quality) -> bool| qualities.iter().filter(|(_, quality)| with(quality)).count();
    let (cut, kept) = (sum(|q| q.epochs_cut), sum(|q| q.epochs_kept));
    let named = |counts: &[(&str, usize)]| -> Vec<String> {
        counts.iter().filter(|(_, count)| *count > 0).map(|(what, count)| format!("{count} {what}")).collect()
    };
    let reasons = named(&[
        ("annotated bad", sum(|q| q.rejected.annotation)),
        ("peak to peak", sum(|q| q.rejected.peak_to_peak)),
        ("flat", sum(|q| q.rejected.flat)),
        ("deviating", sum(|q| q.rejected.deviation)),
    ]);
    let rejected = if reasons.is_empty() {
        "none rejected".to_owned()
    } else {
        format!("rejected: {}", reasons.join(", "))
    };
    let more = named(&[
        ("events too near an end or a gap", sum(|q| q.events_outside)),
        ("stretches too short", sum(|q| q.segments_too_short)),
        ("recordings with interpolated channels", recordings(|q| !q.interpolated.is_empty())),
        ("recordings with dropped channels", recordings(|q| !q.dropped.is_empty())),
    ]);
    let more: String = more.iter().map(|text| format!("; {text}")).collect();
    format!(
        "{kept} of {} from {}, {rejected}{more}",
        counted(cut, "epoch"),
        counted(qualities.len(), "recording")
    )
}
