//! Recordings of any format as EDF+ in the layout of EEG-BIDS, without a word about the person.

mod names;
mod records;
mod sidecars;

use std::path::{Path, PathBuf};

use serde::Serialize;
use twinprint_dataset::TextTable;
use twinprint_recordings::{RecordingReader, Strictness};
use twinprint_signal::{Annotation, ChannelName, Hertz};

use crate::cohort::{layout_of, open_file};
use crate::folder::create_folder;
use crate::{Plan, Progress, RunError};

use names::{Named, Names};

/// Where converted recordings go, and what becomes of their dates.
#[derive(Debug, Clone, PartialEq)]
pub struct ConvertOptions {
    /// The folder of the BIDS data set; it may hold other recordings already.
    pub to: PathBuf,
    /// By how many days dates are moved; they are withheld without.
    pub shift_days: Option<i64>,
    /// Whether damaged files are read as far as is certain.
    pub lenient: bool,
}

/// Whose a single recording is, where no plan says it.
#[derive(Debug, Clone, PartialEq)]
pub struct Owner {
    /// The name the person gets in the BIDS folder, without `sub-`.
    pub subject: String,
    /// The name the visit gets, without `ses-`; nothing for a layout without visits.
    pub session: Option<String>,
    /// What the person was doing.
    pub task: Option<String>,
    /// Which of several recordings of it.
    pub run: Option<String>,
}

/// A recording that was written.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Converted {
    /// The file it was read from.
    pub from: PathBuf,
    /// The file that was written.
    pub to: PathBuf,
    /// How many channels were written.
    pub channels: usize,
    /// Its length in seconds, gaps not counted.
    pub seconds: f64,
    /// Stretches without a gap.
    pub segments: usize,
    /// How many events were written beside it.
    pub events: usize,
    /// The greatest step between values that can be written, in microvolts, of the channels that are voltages.
    pub largest_step_uv: f64,
    /// What is not as in the source.
    pub notices: Vec<String>,
}

/// A recording with all that is known of it.
struct Job {
    from: PathBuf,
    reader: RecordingReader,
    named: Named,
    /// Marked as bad by the data set.
    bad: Vec<ChannelName>,
    /// Said to be no EEG by the data set.
    other: Vec<ChannelName>,
    /// What the data set notes in the place of the file's own annotations.
    events: Option<Vec<Annotation>>,
    line_frequency: Option<Hertz>,
}

/// Writes every recording of a plan's data sets.
///
/// # Errors
/// When a recording cannot be found, read or written, or one of its name is there already.
pub fn convert_plan(
    plan: &Plan,
    options: &ConvertOptions,
    progress: &dyn Progress,
) -> Result<Vec<Converted>, RunError> {
    let mut files = Vec::new();
    for settings in plan.cohorts() {
        let wanted = plan.located(settings)?;
        let dataset =
            twinprint_dataset::discover(&wanted).map_err(|error| plan.invalid(&settings.key, error))?;
        dataset.notices.iter().for_each(|notice| progress.notice(notice));
        for mut file in dataset.recordings {
            let refuse = |error| RunError::recording(&file.path, error);
            file.key.subject = settings.subject(&file.key.subject).map_err(refuse)?;
            files.push((settings, file));
        }
    }
    let mut names = Names::default();
    let named: Vec<Named> = files.iter().map(|(_, file)| names.of_key(file)).collect::<Result<_, _>>()?;
    names.refuse_taken(&options.to)?;
    progress.begin("convert", Some(files.len() as u64));
    let mut written = Vec::with_capacity(files.len());
    for ((settings, file), named) in files.into_iter().zip(named) {
        let reader = open_file(settings, &file)?;
        let seconds = reader
            .channels()
            .first()
            .map_or(0.0, |channel| channel.total_samples as f64 / channel.rate.get());
        let present: Vec<ChannelName> =
            reader.channels().iter().map(|channel| channel.name.clone()).collect();
        let said =
            file.check_sidecars(&present, seconds).map_err(|error| RunError::recording(&file.path, error))?;
        let job = Job {
            from: file.path,
            reader,
            named,
            bad: file.bad_channels,
            other: file.other_channels,
            events: file.events,
            line_frequency: file.line_frequency,
        };
        let mut one = write(job, options)?;
        one.notices.extend(said);
        progress.step(&one.to.display().to_string());
        written.push(one);
    }
    sidecars::data_set(&options.to, &names)?;
    Ok(written)
}

/// Writes one recording.
///
/// # Errors
/// When it cannot be read or written, a name is no BIDS label, or a recording of its name is there already.
pub fn convert_file(
    path: &Path,
    text: Option<&TextTable>,
    owner: &Owner,
    options: &ConvertOptions,
) -> Result<Converted, RunError> {
    let strictness = if options.lenient { Strictness::Lenient } else { Strictness::Strict };
    let opened = match text {
        Some(text) => RecordingReader::open_text(path, strictness, &layout_of(text)),
        None => RecordingReader::open(path, strictness),
    };
    let remedy = "--lenient reads what is certain of a damaged file";
    let reader = opened.map_err(|error| RunError::unreadable(path, error, options.lenient, remedy))?;
    let mut names = Names::default();
    let named = names.of_owner(owner)?;
    names.refuse_taken(&options.to)?;
    let job = Job {
        from: path.to_owned(),
        reader,
        named,
        bad: Vec::new(),
        other: Vec::new(),
        events: None,
        line_frequency: None,
    };
    let written = write(job, options)?;
    sidecars::data_set(&options.to, &names)?;
    Ok(written)
}

fn write(job: Job, options: &ConvertOptions) -> Result<Converted, RunError> {
    let refuse = |error| match error {
        records::Refused::Read(error) => RunError::unread(&job.from, error),
        other => RunError::recording(&job.from, other),
    };
    let folder = options.to.join(job.named.folder());
    create_folder(&folder)?;
    let to = folder.join(format!("{}_eeg.edf", job.named.stem()));
    let layout = records::Layout::of(&job.reader, options.shift_days).map_err(refuse)?;
    let events = &layout.events(job.events.as_deref().unwrap_or(job.reader.annotations()));
    // A file of the final name is a whole one.
    let part = folder.join(format!(".{}_eeg.edf.part", job.named.stem()));
    let done = layout.write(&job.reader, events, &part).map_err(refuse);
    let done = done.and_then(|()| {
        std::fs::rename(&part, &to).map_err(|source| RunError::Write { path: to.clone(), source })
    });
    if done.is_err() {
        // The reason it failed matters more than a leftover.
        let _ = std::fs::remove_file(&part);
    }
    done?;
    sidecars::of_recording(&folder, &job, &layout, events)?;
    let mut notices: Vec<String> = job.reader.notices().iter().map(ToString::to_string).collect();
    notices.extend(layout.notices());
    Ok(Converted {
        to,
        channels: layout.channels().len(),
        seconds: layout.seconds(),
        segments: layout.segments(),
        events: events.len(),
        largest_step_uv: layout.largest_step(&job.reader),
        notices,
        from: job.from,
    })
}
