//! Files of epochs: `/epochs` float32 `[epochs, channels, samples]` in µV, contiguous, and `/meta`.

use std::collections::BTreeMap;
use std::path::Path;

use ndarray::ArrayView3;
use twinprint_signal::{ChannelName, EpochInfo, Hertz};

use crate::contiguous::Spool;
use crate::mapped::{Numbers, Storage};
use crate::reader::Reader;
use crate::{StoreError, attributes, meta, scales};

const KIND: &str = "epochs";
const SCHEMA: &str = "twinprint-epochs/1";
const README: &str = "\
EEG epochs. /epochs: float32 [epoch, channel, sample], contiguous, in the unit of its attribute `units`; its attribute `sfreq` is
the sampling rate in Hz and `ch_names` lists the channels. /channel and /time (seconds from the epoch's start) are the dimension
scales of its last two axes. /meta holds one entry an epoch: subject, session, recording, start_second (seconds from the
recording's start), and under /meta/labels one column a label, where empty text means no value. In h5py read text with
f['/meta/subject'].asstr()[:].";

/// Writes epochs as they come; the file appears at [`EpochWriter::finish`].
///
/// Dropping the writer before that leaves nothing behind. Memory: a buffer, and the description of each epoch.
pub struct EpochWriter {
    spool: Spool,
    rate: Hertz,
    channels: Vec<ChannelName>,
    samples: usize,
    attributes: BTreeMap<String, String>,
    infos: Vec<EpochInfo>,
}

impl EpochWriter {
    /// Begins a file at `path` of epochs of `samples` samples of `channels` at `rate`; `attributes` become text attributes at
    /// the top of the file.
    ///
    /// # Errors
    /// When the folder cannot be written, there is no channel or no sample, or an attribute is named `README` or `schema`.
    pub fn create(
        path: &Path,
        rate: Hertz,
        channels: &[ChannelName],
        samples: usize,
        attributes: &BTreeMap<String, String>,
    ) -> Result<Self, StoreError> {
        attributes::check(path, attributes)?;
        if channels.is_empty() || samples == 0 {
            return Err(StoreError::Append {
                path: path.to_owned(),
                what: "the shape of an epoch",
                found: format!("[{} channels, {samples} samples]", channels.len()),
                expected: "at least one channel and one sample".to_owned(),
            });
        }
        Ok(Self {
            spool: Spool::new(path)?,
            rate,
            channels: channels.to_vec(),
            samples,
            attributes: attributes.clone(),
            infos: Vec::new(),
        })
    }

    /// Appends epochs `[epochs, channels, samples]` in µV, one description each.
    ///
    /// # Errors
    /// When the shape is not that of the file, descriptions and epochs differ in number, a label cannot be written, or the
    /// disk is full. Nothing is appended when the arguments are refused.
    pub fn append(&mut self, samples: ArrayView3<'_, f32>, infos: &[EpochInfo]) -> Result<(), StoreError> {
        let path = self.spool.target().to_owned();
        let (epochs, channels, length) = samples.dim();
        if (channels, length) != (self.channels.len(), self.samples) {
            return Err(StoreError::Append {
                path,
                what: "the shape of an epoch",
                found: format!("[{channels} channels, {length} samples]"),
                expected: format!("[{} channels, {} samples]", self.channels.len(), self.samples),
            });
        }
        if epochs != infos.len() {
            return Err(StoreError::Append {
                path,
                what: "the number of descriptions",
                found: infos.len().to_string(),
                expected: format!("{epochs}, one an epoch"),
            });
        }
        infos.iter().try_for_each(|info| meta::check(&path, info))?;
        self.spool.append(samples.as_slice(), samples.iter())?;
        self.infos.extend_from_slice(infos);
        Ok(())
    }

    /// Completes the file, flushes it to disk and gives it its name, replacing a file that was there.
    ///
    /// # Errors
    /// When the disk is full or the file cannot be renamed; nothing then lies at the path but what was there before.
    pub fn finish(self) -> Result<(), StoreError> {
        let Self { spool, rate, channels, samples, attributes, infos } = self;
        let shape = [infos.len(), channels.len(), samples];
        spool.finish("epochs", &shape, |path, file, dataset| {
            attributes::write_top(path, file, SCHEMA, README, &attributes)?;
            attributes::write_text(path, dataset, "units", "µV")?;
            attributes::write_number(path, dataset, "sfreq", rate.get())?;
            let names: Vec<&str> = channels.iter().map(ChannelName::as_str).collect();
            attributes::write_texts(path, dataset, "ch_names", &names)?;
            scales::label(path, dataset, &["epoch", "channel", "time"])?;
            scales::names(path, file, "channel", &names)?;
            let times: Vec<f64> = (0..samples).map(|sample| sample as f64 / rate.get()).collect();
            scales::numbers(path, file, ("time", "s"), &times)?;
            scales::attach(path, file, dataset, &[None, Some("channel"), Some("time")])?;
            let group = file.create_group("meta").map_err(StoreError::hdf5(path, "create /meta"))?;
            meta::write_epochs(path, &group, &infos)
        })
    }
}

/// A file of epochs, open for reading.
pub struct EpochFile {
    numbers: Numbers,
    rate: Hertz,
    channels: Vec<ChannelName>,
    infos: Vec<EpochInfo>,
}

impl EpochFile {
    /// Opens a file of epochs and maps its samples; a file rewritten with chunks or compression is read into memory instead.
    ///
    /// # Errors
    /// When the file is not HDF5, is damaged, or lacks a part: the error names it.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let reader = Reader::open(path, KIND)?;
        reader.check_schema(SCHEMA)?;
        let numbers = Numbers::open(&reader, "/epochs", &["epochs", "channels", "samples"])?;
        let dataset = reader.dataset("/epochs")?;
        let rate = reader.number_at(&dataset, "sfreq")?;
        let rate = Hertz::sampling(rate).map_err(|error| {
            StoreError::form(path, "attribute sfreq of /epochs", error.value.to_string(), error.limit)
        })?;
        let units = reader.texts_at(&dataset, "units")?.join(" ");
        if !["µV", "μV", "uV"].contains(&units.as_str()) {
            return Err(StoreError::form(path, "attribute units of /epochs", units, "µV"));
        }
        let channels: Vec<ChannelName> =
            reader.texts_at(&dataset, "ch_names")?.into_iter().map(ChannelName::from).collect();
        if channels.len() != numbers.shape()[1] {
            let found = format!("{} names", channels.len());
            let expected = format!("{} names, one a channel", numbers.shape()[1]);
            return Err(StoreError::form(path, "attribute ch_names of /epochs", found, expected));
        }
        let infos = meta::read_epochs(&reader, numbers.shape()[0])?;
        Ok(Self { numbers, rate, channels, infos })
    }

    /// `[epochs, channels, samples]` in µV.
    pub fn samples(&self) -> ArrayView3<'_, f32> {
        let shape = self.numbers.shape();
        self.numbers.view((shape[0], shape[1], shape[2]))
    }

    /// Where each epoch comes from, in the order of the first axis.
    pub fn infos(&self) -> &[EpochInfo] {
        &self.infos
    }

    /// The channels, in the order of the second axis.
    pub fn channels(&self) -> &[ChannelName] {
        &self.channels
    }

    /// Samples a second.
    pub fn rate(&self) -> Hertz {
        self.rate
    }

    /// Whether the samples are mapped or were read.
    pub fn storage(&self) -> Storage {
        self.numbers.storage()
    }
}
