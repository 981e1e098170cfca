//! BIDS-EEG folders (Pernet et al., 2019).

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use twinprint_signal::{RecordingId, RecordingKey, SessionId, SubjectId, counted};

use super::dates::Dates;
use super::entities::Entities;
use super::participants::Participants;
use super::sidecar::Sidecars;
use super::{below, entries, unusable};
use crate::dataset::{Dataset, RecordingFile, some_of};
use crate::error::DatasetError;
use crate::plan::Bids;

/// Formats that are met in BIDS folders and that are not read here.
const OTHER_FORMATS: [(&str, &str); 3] =
    [(".fif", "FIF"), (".edf.gz", "compressed EDF"), (".bdf.gz", "compressed BDF")];

pub(crate) fn find(root: &Path, settings: &Bids) -> Result<Dataset, DatasetError> {
    let mut search = Search::new(root, settings);
    let mut subjects = 0;
    for folder in entries(root)?.iter().filter(|path| starts_with(path, "sub-") && path.is_dir()) {
        subjects += 1;
        search.subject(folder)?;
    }
    if search.dataset.recordings.is_empty() {
        return Err(search.nothing(subjects));
    }
    search.finish()
}

fn starts_with(path: &Path, start: &str) -> bool {
    path.file_name().and_then(|n| n.to_str()).is_some_and(|name| name.starts_with(start))
}

struct Search<'a> {
    root: &'a Path,
    settings: &'a Bids,
    sidecars: Sidecars<'a>,
    dates: Dates,
    dataset: Dataset,
    /// Recordings not asked for, counted by the entity that decides: `("task-rest", 12)`.
    unasked: BTreeMap<String, usize>,
    /// Files in formats that are not read, by format.
    unread: BTreeMap<&'static str, Vec<String>>,
}

impl<'a> Search<'a> {
    fn new(root: &'a Path, settings: &'a Bids) -> Self {
        Self {
            root,
            settings,
            sidecars: Sidecars::new(root),
            dates: Dates::default(),
            dataset: Dataset::default(),
            unasked: BTreeMap::new(),
            unread: BTreeMap::new(),
        }
    }

    fn subject(&mut self, folder: &Path) -> Result<(), DatasetError> {
        let before = self.dataset.recordings.len() + self.unasked.values().sum::<usize>();
        self.dates.sessions(folder)?;
        let mut data = vec![folder.join(&self.settings.datatype)];
        let sessions = entries(folder)?.into_iter().filter(|path| starts_with(path, "ses-"));
        data.extend(sessions.map(|session| session.join(&self.settings.datatype)));
        for folder in data.iter().filter(|path| path.is_dir()) {
            self.dates.scans(folder.parent().unwrap_or(folder))?;
            for path in entries(folder)? {
                self.file(&path)?;
            }
        }
        if self.dataset.recordings.len() + self.unasked.values().sum::<usize>() == before {
            let name = below(self.root, folder);
            self.dataset
                .notices
                .push(format!("{name} has no usable recording in its {} folders", self.settings.datatype));
        }
        Ok(())
    }

    fn file(&mut self, path: &Path) -> Result<(), DatasetError> {
        let shown = below(self.root, path);
        let Some(name) = path.file_name().and_then(|n| n.to_str()) else {
            self.dataset.notices.push(format!("{shown} left out: the name is not UTF-8"));
            return Ok(());
        };
        if let Some((_, format)) =
            OTHER_FORMATS.iter().find(|(ending, _)| name.to_ascii_lowercase().ends_with(ending))
        {
            self.unread.entry(format).or_default().push(shown);
            return Ok(());
        }
        if !super::is_recording_name(name) {
            return Ok(());
        }
        let entities = match Entities::parse(name) {
            Ok(entities) if entities.suffix == self.settings.suffix => entities,
            Ok(entities) => {
                self.dataset.notices.push(format!(
                    "{shown} left out: the name ends in _{}, and _{} is asked for",
                    entities.suffix, self.settings.suffix
                ));
                return Ok(());
            }
            Err(reason) => {
                self.dataset.notices.push(format!("{shown} left out: {reason}"));
                return Ok(());
            }
        };
        if let Some(reason) = self.misplaced(path, &entities).or_else(|| unusable(path)) {
            self.dataset.notices.push(format!("{shown} left out: {reason}"));
        } else if let Some(decider) = self.not_asked_for(&entities) {
            *self.unasked.entry(decider).or_default() += 1;
        } else {
            let recording = self.recording(path, &entities)?;
            self.dataset.recordings.push(recording);
        }
        Ok(())
    }

    /// Why a file's name contradicts the folders it lies in.
    fn misplaced(&self, path: &Path, entities: &Entities) -> Option<String> {
        let folders = below(self.root, path);
        let folder = |start: &str| {
            folders.split('/').rev().skip(1).find_map(|part| part.strip_prefix(start).map(str::to_owned))
        };
        for (key, what) in [("sub", "subject"), ("ses", "session")] {
            let (named, placed) = (entities.get(key), folder(&format!("{key}-")));
            if named != placed.as_deref() {
                let say = |value: Option<&str>| {
                    value.map_or_else(|| format!("no {what}"), |v| format!("{key}-{v}"))
                };
                return Some(format!("its name says {}, its folder {}", say(named), say(placed.as_deref())));
            }
        }
        None
    }

    fn not_asked_for(&self, entities: &Entities) -> Option<String> {
        let one: Vec<String> = self.settings.task.iter().cloned().collect();
        let rules = [("task", &one), ("ses", &self.settings.sessions), ("run", &self.settings.runs)];
        rules.into_iter().find_map(|(key, wanted)| {
            let value = entities.get(key);
            let is_wanted = wanted.is_empty() || value.is_some_and(|v| wanted.iter().any(|w| w == v));
            (!is_wanted).then(|| value.map_or_else(|| format!("no {key}"), |v| format!("{key}-{v}")))
        })
    }

    fn recording(&mut self, path: &Path, entities: &Entities) -> Result<RecordingFile, DatasetError> {
        let failed = |source| DatasetError::Identity { path: path.into(), source };
        let named = |key: &str| entities.get(key).map(|value| format!("{key}-{value}"));
        let key = RecordingKey {
            subject: SubjectId::new(named("sub").unwrap_or_default()).map_err(failed)?,
            session: SessionId::new(named("ses").unwrap_or_else(|| "1".to_owned())).map_err(failed)?,
            recording: RecordingId::new(entities.without_subject()).map_err(failed)?,
        };
        let pairs = entities.pairs().iter().filter(|(key, _)| key != "sub");
        let labels =
            pairs.map(|(key, value)| (if key == "ses" { "session" } else { key }.to_owned(), value.clone()));
        let labels = labels.collect();
        let day = self.dates.of(path, entities.get("ses"));
        let header = self.sidecars.header(path, entities)?;
        let channels = self.sidecars.channels(path, entities)?;
        let events = self.sidecars.events(path, entities)?;
        if let Some((_, without @ 1..)) = events {
            self.dataset.notices.push(format!("{key}: {without} events without an onset left out"));
        }
        Ok(RecordingFile {
            path: path.to_owned(),
            key,
            labels,
            day,
            bad_channels: channels.bad,
            other_channels: channels.other,
            listed_channels: channels.listed,
            events: events.map(|(events, _)| events),
            line_frequency: header.line_frequency,
            sampling_frequency: header.sampling_frequency,
            text: None,
        })
    }

    fn finish(mut self) -> Result<Dataset, DatasetError> {
        let dataset = &mut self.dataset;
        dataset.notices.append(&mut self.sidecars.notices);
        dataset.notices.append(&mut self.dates.notices);
        dataset.notices.extend(self.unread.iter().map(|(format, files)| unread(format, files)));
        dataset.notices.extend(
            self.unasked
                .iter()
                .map(|(what, count)| format!("{} of {what} not asked for", counted(*count, "recording"))),
        );
        if !self.root.join("dataset_description.json").is_file() {
            dataset.notices.push(
                "no dataset_description.json: BIDS requires one, and other tools may refuse the folder"
                    .to_owned(),
            );
        }
        let table: PathBuf = self.root.join("participants.tsv");
        if table.is_file() {
            let people = Participants::read(&table, "participant_id")?;
            people.label(&mut dataset.recordings, &mut dataset.notices);
        } else {
            dataset.notices.push("no participants.tsv: no labels of people".to_owned());
        }
        Ok(self.dataset)
    }

    fn nothing(self, subjects: usize) -> DatasetError {
        let Bids { datatype, suffix, .. } = self.settings;
        let unread: Vec<String> = self.unread.iter().map(|(format, files)| unread(format, files)).collect();
        let tasks: BTreeSet<&String> = self.unasked.keys().collect();
        let found = if subjects == 0 {
            "it has no sub-* folder: is it the root of a BIDS dataset? Other names are read with layout = { kind = \"pattern\", … }".to_owned()
        } else if !tasks.is_empty() {
            let tasks: Vec<String> = tasks.into_iter().cloned().collect();
            format!(
                "there are recordings of {} only: correct layout.task, sessions or runs",
                tasks.join(", ")
            )
        } else if !unread.is_empty() {
            unread.join("; ")
        } else if !self.dataset.notices.is_empty() {
            some_of(&self.dataset.notices)
        } else {
            format!("its {subjects} sub-* folders have no such file")
        };
        DatasetError::Empty {
            root: self.root.to_owned(),
            expected: format!("expected sub-*/[ses-*/]{datatype}/*_{suffix}.edf, .bdf, .vhdr or .set"),
            found,
        }
    }
}

fn unread(format: &str, files: &[String]) -> String {
    format!(
        "{} left out: EDF, BDF, BrainVision and EEGLAB are read; unpack or convert them, for example with mne_bids.write_raw_bids(…, format=\"EDF\"): {}",
        counted(files.len(), &format!("{format} file")),
        some_of(files)
    )
}
