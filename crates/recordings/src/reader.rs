//! One interface to recordings of all formats.

use std::ops::Range;
use std::path::{Path, PathBuf};

use twinprint_edf::{EdfFile, Strictness};
use twinprint_signal::{Annotation, Recording, Segment};

use crate::channel::{Channel, Kind};
use crate::flat::FlatFile;
use crate::notice::Notice;
use crate::{ReadError, TextLayout, brainvision, eeglab, text};

/// What the names of recordings end in: the file that is opened, not those it names.
pub const ENDINGS: [&str; 4] = [".edf", ".bdf", ".vhdr", ".set"];

/// Whether a file is a recording as text that is known by its header: OpenBCI, Muse, EmotivPRO.
pub fn is_recording_text(path: &Path) -> bool {
    text::ENDINGS.contains(&ending(path).as_str()) && text::is_known(path)
}

/// Whether a name's ending is that of a format that is read.
pub fn is_recording_name(name: &str) -> bool {
    ENDINGS.contains(&ending(Path::new(name)).as_str())
}

fn ending(path: &Path) -> String {
    let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
    format!(".{}", ending.to_lowercase())
}

/// A recording, its header checked, ready to be read from.
pub struct RecordingReader {
    channels: Vec<Channel>,
    notices: Vec<Notice>,
    format: Format,
}

enum Format {
    Edf(Box<EdfFile>, PathBuf),
    Flat(Box<FlatFile>),
}

impl RecordingReader {
    /// Opens a recording; the ending of its name tells the format, and a file of another ending is tried as EDF.
    ///
    /// ```
    /// use twinprint_recordings::{RecordingReader, Strictness};
    ///
    /// let folder = tempfile::tempdir()?;
    /// let header = "Brain Vision Data Exchange Header File Version 1.0\n[Common Infos]\nDataFile=a.eeg\nDataFormat=BINARY\n\
    ///     DataOrientation=MULTIPLEXED\nNumberOfChannels=2\nSamplingInterval=4000\n[Binary Infos]\nBinaryFormat=INT_16\n\
    ///     [Channel Infos]\nCh1=Cz,,0.5,µV\nCh2=Pz,,0.1,µV\n";
    /// std::fs::write(folder.path().join("a.vhdr"), header)?;
    /// let samples: Vec<u8> = [2_i16, 10, -4, 20, 6, 30].iter().flat_map(|sample| sample.to_le_bytes()).collect();
    /// std::fs::write(folder.path().join("a.eeg"), samples)?;
    ///
    /// let reader = RecordingReader::open(&folder.path().join("a.vhdr"), Strictness::Strict)?;
    /// assert_eq!((reader.format(), reader.channels()[1].name.as_str()), ("BrainVision".to_owned(), "Pz"));
    /// let mut window = [0.0; 2];
    /// reader.read(1, 1..3, &mut window)?;
    /// assert_eq!(window, [2.0, 3.0]);
    /// assert_eq!(reader.recording(&[0])?.samples().row(0).to_vec(), [1.0, -2.0, 3.0]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// When a file cannot be opened, or breaks its format in a way that `strictness` does not forgive.
    pub fn open(path: &Path, strictness: Strictness) -> Result<Self, ReadError> {
        match ending(path).as_str() {
            ".vhdr" | ".ahdr" => brainvision::open(path, strictness).map(Self::from),
            ".eeg" | ".vmrk" if path.with_extension("vhdr").is_file() => {
                brainvision::open(&path.with_extension("vhdr"), strictness).map(Self::from)
            }
            ".set" => eeglab::open(path, strictness).map(Self::from),
            ".fdt" if path.with_extension("set").is_file() => {
                eeglab::open(&path.with_extension("set"), strictness).map(Self::from)
            }
            ending if text::ENDINGS.contains(&ending) => {
                text::open(path, strictness, &TextLayout::default()).map(Self::from)
            }
            _ => Ok(Self::of_edf(EdfFile::open(path, strictness)?, path)),
        }
    }

    /// Opens a recording as text, whatever its name ends in; what `layout` states holds before what the header says.
    ///
    /// # Errors
    /// When the file cannot be opened, rate or columns are stated nowhere, a line holds no numbers, or the time stamps tell
    /// another rate than the stated one.
    pub fn open_text(path: &Path, strictness: Strictness, layout: &TextLayout) -> Result<Self, ReadError> {
        text::open(path, strictness, layout).map(Self::from)
    }

    fn of_edf(file: EdfFile, path: &Path) -> Self {
        let channel = |signal: &twinprint_edf::Signal| {
            let range = signal.physical_range();
            Channel {
                label: signal.label().to_owned(),
                name: signal.name().clone(),
                unit: signal.unit().to_owned(),
                microvolts_per_unit: signal.microvolts_per_unit(),
                rate: signal.rate(),
                total_samples: signal.total_samples(),
                range: Some([range.min.min(range.max), range.min.max(range.max)]),
                kind: Kind::of(None, signal.unit(), signal.microvolts_per_unit().is_some(), signal.label()),
            }
        };
        let notice =
            |notice: &twinprint_edf::Notice| Notice::new(notice.message(), notice.refused_when_strict());
        Self {
            channels: file.signals().iter().map(channel).collect(),
            notices: file.notices().iter().map(notice).collect(),
            format: Format::Edf(Box::new(file), path.to_owned()),
        }
    }

    /// Takes `unit` for every channel whose file states none; only whoever made the file knows it.
    #[must_use]
    pub fn with_empty_units(mut self, unit: &str) -> Self {
        if let Format::Edf(file, _) = &mut self.format {
            file.state_empty_units(unit);
        }
        for channel in self.channels.iter_mut().filter(|channel| channel.unit.is_empty()) {
            channel.unit = unit.to_owned();
            channel.microvolts_per_unit = twinprint_edf::microvolts_per(unit);
        }
        if let Format::Flat(file) = &mut self.format {
            file.channels.clone_from(&self.channels);
        }
        self
    }

    /// The channels in file order.
    pub fn channels(&self) -> &[Channel] {
        &self.channels
    }

    /// What lenient reading did, and what is odd but harmless.
    pub fn notices(&self) -> &[Notice] {
        &self.notices
    }

    /// The format: `EDF+C`, `BrainVision`, `EEGLAB`.
    pub fn format(&self) -> String {
        match &self.format {
            Format::Edf(file, _) => file.header().variant().to_string(),
            Format::Flat(file) => file.format.to_owned(),
        }
    }

    /// When the recording starts, as far as the file says, in the form `2020-12-24T10:30:00`.
    pub fn start(&self) -> Option<String> {
        match &self.format {
            Format::Edf(file, _) => file.header().start().map(|start| start.to_string()),
            Format::Flat(file) => file.start.clone(),
        }
    }

    /// The file as EDF, where it is; it has records, patient fields and ranges that other formats do not have.
    pub fn as_edf(&self) -> Option<&EdfFile> {
        match &self.format {
            Format::Edf(file, _) => Some(file),
            Format::Flat(_) => None,
        }
    }

    /// Whether the recording is text, of which a layout may state what its header does not say.
    pub fn is_text(&self) -> bool {
        matches!(&self.format, Format::Flat(file) if file.samples.is_text())
    }

    /// The files that the recording consists of, the one with the samples last.
    pub fn files(&self) -> Vec<&Path> {
        match &self.format {
            Format::Edf(_, path) => vec![path],
            Format::Flat(file) => file.files.iter().map(PathBuf::as_path).collect(),
        }
    }

    /// What was noted, in file order; onsets count from the first sample.
    pub fn annotations(&self) -> &[Annotation] {
        match &self.format {
            Format::Edf(file, _) => file.annotations(),
            Format::Flat(file) => &file.annotations,
        }
    }

    /// The stretches of a channel without a gap, in order; none for a channel that is not there.
    pub fn segments(&self, channel: usize) -> Vec<Segment> {
        match &self.format {
            Format::Edf(file, _) => file.segments(channel),
            Format::Flat(file) if channel < self.channels.len() => file.segments.clone(),
            Format::Flat(_) => Vec::new(),
        }
    }

    /// Reads samples `window` of a channel into `out`, in the unit the file states, each rounded to float32 once. Memory
    /// holds no more than a block of the file beside the window.
    ///
    /// # Errors
    /// When there is no such channel or window, or `out` has another length than the window.
    pub fn read(&self, channel: usize, window: Range<u64>, out: &mut [f32]) -> Result<(), ReadError> {
        match &self.format {
            Format::Edf(file, _) => Ok(file.read(channel, window, out)?),
            Format::Flat(file) => file.read(channel, window, out),
        }
    }

    /// Reads whole channels, `[channels, samples]` in the order given, in microvolts, with gaps and annotations.
    ///
    /// # Errors
    /// When no channel is chosen or one is not there, when rates differ, when a unit is no voltage, or when two channels name
    /// one electrode.
    pub fn recording(&self, channels: &[usize]) -> Result<Recording, ReadError> {
        match &self.format {
            Format::Edf(file, _) => Ok(file.recording(channels)?),
            Format::Flat(file) => file.recording(channels),
        }
    }
}

impl From<FlatFile> for RecordingReader {
    fn from(file: FlatFile) -> Self {
        Self {
            channels: file.channels.clone(),
            notices: file.notices.clone(),
            format: Format::Flat(Box::new(file)),
        }
    }
}
