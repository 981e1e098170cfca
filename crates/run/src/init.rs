//! A pipeline for a folder of recordings, guessed from their names and headers: for `twinprint init`.

mod choices;
mod text;

use std::path::Path;

use rayon::prelude::*;
use twinprint_dataset::{Guess, guess_layout};
use twinprint_recordings::{Kind, RecordingReader, Strictness};
use twinprint_signal::{ChannelName, RecordingKey};

use self::choices::Choices;
use crate::error::{Placed, chain};
use crate::{Plan, RunError, Source, Surroundings, prepare};

/// A pipeline that was made for a folder.
#[derive(Debug, Clone)]
pub struct Draft {
    /// The text of the pipeline, with comments.
    pub text: String,
    /// What was guessed, line by line: the thing and what was taken for it.
    pub guessed: Vec<(&'static str, String)>,
    /// Why `check` does not accept it yet; nothing where it does.
    pub refused: Option<String>,
}

/// What a recording's header says.
#[derive(Debug, Clone)]
struct Header {
    key: RecordingKey,
    channels: Vec<ChannelName>,
    /// Channels set aside as no EEG.
    others: Vec<String>,
    /// Whether a channel of EEG states no unit.
    unitless: bool,
    rate: f64,
    seconds: f64,
    format: String,
}

/// Looks at the recordings below `folder` and writes a pipeline for them, which is to lie at `pipeline`, so that relative paths start
/// there. Nothing is written to the disk.
///
/// # Errors
/// When the folder holds no recordings whose names have a common form, or none of them can be read.
pub fn init(folder: &Path, pipeline: &Path) -> Result<Draft, RunError> {
    let guess = guess_layout(folder).in_stage("init")?;
    let (headers, unreadable) = headers(&guess);
    if headers.is_empty() {
        let first = unreadable.first().map(|(_, reason)| reason.as_str()).unwrap_or_default();
        return Err(RunError::in_stage("init", format!("no recording can be read: {first}")));
    }
    let choices = Choices::of(&guess, &headers, &unreadable);
    let text = text::pipeline(folder, pipeline, &choices);
    let source =
        Source { path: pipeline.to_owned(), text: text.clone(), overrides: Vec::new(), bases: Vec::new() };
    let checked = Plan::resolve(source, &Surroundings::default()).and_then(|plan| prepare(&plan));
    Ok(Draft { text, guessed: choices.said(), refused: checked.err().map(|error| chain(&error)) })
}

/// The headers of the recordings, and those that cannot be read with the reason.
fn headers(guess: &Guess) -> (Vec<Header>, Vec<(RecordingKey, String)>) {
    let opened: Vec<Result<Header, (RecordingKey, String)>> = guess
        .dataset
        .recordings
        .par_iter()
        .map(|file| {
            let refuse = |reason: String| (file.key.clone(), reason);
            let reader = RecordingReader::open(&file.path, Strictness::Strict)
                .map_err(|error| refuse(chain(&error)))?;
            header(&reader, &file.key)
                .ok_or_else(|| refuse(format!("{}: it has no channel of EEG", file.path.display())))
        })
        .collect();
    let (read, refused): (Vec<_>, Vec<_>) = opened.into_iter().partition(Result::is_ok);
    (read.into_iter().flatten().collect(), refused.into_iter().filter_map(Result::err).collect())
}

fn header(reader: &RecordingReader, key: &RecordingKey) -> Option<Header> {
    let (eeg, others): (Vec<_>, Vec<_>) =
        reader.channels().iter().partition(|channel| channel.kind == Kind::Eeg);
    let fastest = eeg.iter().max_by(|a, b| a.rate.get().total_cmp(&b.rate.get()))?;
    Some(Header {
        key: key.clone(),
        rate: fastest.rate.get(),
        seconds: fastest.total_samples as f64 / fastest.rate.get(),
        unitless: eeg.iter().any(|channel| channel.unit.is_empty()),
        channels: eeg.iter().map(|channel| channel.name.clone()).collect(),
        others: others.iter().map(|channel| channel.label.clone()).collect(),
        format: reader.format(),
    })
}
