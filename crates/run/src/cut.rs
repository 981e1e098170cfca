//! The epochs of one recording as the cache keeps them.

use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::path::Path;

use ndarray::Array3;
use serde::{Deserialize, Serialize};
use twinprint_preprocess::{Preprocessed, Quality};
use twinprint_signal::{ChannelName, Hertz, Seconds};

use crate::RunError;
use crate::cache::{Cache, Kind};
use crate::error::{Problem, chain};
use crate::folder::RunFolder;
use crate::outputs::{FileHash, Files};

/// All but the samples.
const DESCRIPTION: &str = "cut.json";
/// The samples, float32 little-endian `[epochs, channels, samples]`, nothing else.
const SAMPLES: &str = "samples.f32";

/// Bytes on their way to or from a file: a second copy of the epochs of a long recording would take as much memory as they.
const BLOCK: usize = 1 << 16;

#[derive(Serialize, Deserialize)]
struct Description {
    shape: (usize, usize, usize),
    rate: Hertz,
    channels: Vec<ChannelName>,
    starts: Vec<Seconds>,
    event_labels: Vec<Option<String>>,
    quality: Quality,
}

/// The epochs kept under a key, where they are.
pub(crate) fn kept(cache: &Cache, key: &str) -> Option<Preprocessed> {
    let (place, _) = cache.open(Kind::Recording, key)?;
    match read(&place) {
        Ok(cut) => Some(cut),
        Err(problem) => {
            let reason = chain(&*problem);
            tracing::warn!(entry = %place.display(), reason, "of another version: it is made again");
            None
        }
    }
}

fn read(place: &Path) -> Result<Preprocessed, Problem> {
    let Description { shape, rate, channels, starts, event_labels, quality } =
        RunFolder::at(place).read_json(DESCRIPTION)?;
    let values = read_samples(&place.join(SAMPLES))?;
    let samples = Array3::from_shape_vec(shape, values)?;
    Ok(Preprocessed { rate, channels, samples, starts, event_labels, quality })
}

fn read_samples(path: &Path) -> io::Result<Vec<f32>> {
    let file = File::open(path)?;
    let count = file.metadata()?.len() / 4;
    let mut file = BufReader::with_capacity(BLOCK, file);
    let mut four = [0; 4];
    let sample = |_| file.read_exact(&mut four).map(|()| f32::from_le_bytes(four));
    (0..count).map(sample).collect()
}

/// Keeps the epochs of a recording under a key.
///
/// # Errors
/// When the cache cannot be written.
pub(crate) fn keep(cache: &Cache, key: &str, cut: &Preprocessed, said: &str) -> Result<(), RunError> {
    let failed = |source| RunError::Write { path: cache.root().to_owned(), source };
    let folder = cache.workshop(key)?;
    let written = File::create(folder.path().join(SAMPLES)).and_then(|file| {
        let mut file = BufWriter::with_capacity(BLOCK, file);
        cut.samples.iter().try_for_each(|sample| file.write_all(&sample.to_le_bytes()))?;
        file.flush()
    });
    written.map_err(failed)?;
    let description = Description {
        shape: cut.samples.dim(),
        rate: cut.rate,
        channels: cut.channels.clone(),
        starts: cut.starts.clone(),
        event_labels: cut.event_labels.clone(),
        quality: cut.quality.clone(),
    };
    RunFolder::at(folder.path()).write_json(DESCRIPTION, &description)?;
    let hash = |name: &str| Ok((name.to_owned(), FileHash::of(&folder.path().join(name))?));
    let files: Files = [DESCRIPTION, SAMPLES].into_iter().map(hash).collect::<Result<_, RunError>>()?;
    cache.put(Kind::Recording, key, (folder.path(), &files), said)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn epochs_come_back_from_the_cache_to_the_bit() {
        let place = tempfile::tempdir().unwrap();
        let cache = Cache::at(place.path().join("cache"));
        let values = (0..24).map(|value| (value as f32).sin() / 3.0).collect();
        let quality = Quality { epochs_cut: 3, peak_to_peak_uv: Some(0.1 + 0.2), ..Quality::default() };
        let cut = Preprocessed {
            rate: Hertz::new(128.1).unwrap(),
            channels: ["Cz", "Pz"].map(ChannelName::new).to_vec(),
            samples: Array3::from_shape_vec((3, 2, 4), values).unwrap(),
            starts: [0.0, 1.0 / 3.0, 0.7].map(|start| Seconds::new(start).unwrap()).to_vec(),
            event_labels: vec![None, Some("go".to_owned()), None],
            quality,
        };
        assert!(kept(&cache, "key").is_none());
        keep(&cache, "key", &cut, "ann").unwrap();
        let back = kept(&cache, "key").unwrap();
        assert_eq!((back.rate, &back.channels, &back.samples), (cut.rate, &cut.channels, &cut.samples));
        assert_eq!(
            (back.starts, back.event_labels, back.quality),
            (cut.starts, cut.event_labels, cut.quality)
        );
        assert_eq!(fs::read_dir(cache.root()).unwrap().count(), 2, "recording/ and unfinished/");
    }
}
