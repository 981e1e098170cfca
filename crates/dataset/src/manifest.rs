//! What is known of a published dataset: where it is, what it may be used for, which files it has, and how to read it.

use std::path::Path;

use serde::Deserialize;
use twinprint_signal::{ChannelName, Hertz};

use crate::dataset::{Dataset, some_of};
use crate::error::DatasetError;
use crate::plan::{Layout, is_below};

const BUILTIN: [(&str, &str); 4] = [
    ("eegmat", include_str!("../../../data/eegmat.toml")),
    ("eegmmidb", include_str!("../../../data/eegmmidb.toml")),
    ("guinea-bissau", include_str!("../../../data/guinea-bissau.toml")),
    ("muse-cueing", include_str!("../../../data/muse-cueing.toml")),
];

/// What is known of a dataset; the TOML files under `data/` hold one each.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// The name to call it by.
    pub name: String,
    /// Its full title.
    pub title: String,
    /// The page that describes it.
    pub homepage: String,
    /// Its licence, as an SPDX identifier.
    pub licence: String,
    /// The works to cite.
    pub citation: Vec<String>,
    /// What a user should know before trusting a number from it.
    #[serde(default)]
    pub notes: String,
    /// Addresses of the folder that holds the files, tried in order; none where it can only be copied.
    #[serde(default)]
    pub sources: Vec<String>,
    /// The source's own list of SHA-256 sums, below the address.
    #[serde(default)]
    pub published_checksums: Option<String>,
    /// How the files are named, as in a pipeline's `[dataset]`.
    pub layout: Layout,
    /// Channels that are no scalp EEG, to be left out.
    #[serde(default)]
    pub other_channels: Vec<ChannelName>,
    /// The frequency of the mains where it was recorded, hertz.
    #[serde(default)]
    pub line_frequency: Option<Hertz>,
    /// Endings of the files that are recordings. Default: `.edf`.
    #[serde(default = "edf")]
    pub recordings_end_in: Vec<String>,
    /// Files named by numbers.
    #[serde(default)]
    pub families: Vec<Family>,
    /// Single files, and sums and sizes of those in families.
    #[serde(default)]
    pub files: Vec<KnownFile>,
}

fn edf() -> Vec<String> {
    vec![".edf".to_owned()]
}

/// Files whose names differ in numbers: `path = "S{1}/S{1}R{2}.edf"`, `ranges = [["001", "109"], ["01", "14"]]`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Family {
    /// The path, with `{1}` for a number of the first range, `{2}` for one of the second, and so on.
    pub path: String,
    /// First and last number of each range, both included, with the leading zeros of the names.
    pub ranges: Vec<[String; 2]>,
}

/// A file of a dataset and what is known of its content.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KnownFile {
    /// The path below the dataset's folder, with `/`.
    pub path: String,
    /// The SHA-256 sum in hexadecimal; absent where it is recorded on first download.
    #[serde(default)]
    pub sha256: Option<String>,
    /// The size in bytes, where known.
    #[serde(default)]
    pub bytes: Option<u64>,
}

impl Manifest {
    /// The names of the datasets that are built in.
    pub fn names() -> impl Iterator<Item = &'static str> {
        BUILTIN.into_iter().map(|(name, _)| name)
    }

    /// Takes a manifest that comes with the program by its name, or reads a file whose path ends in `.toml`.
    ///
    /// # Errors
    /// When there is no such name or file, or the file is no manifest.
    pub fn load(name: &str) -> Result<Self, DatasetError> {
        if let Some((_, text)) = BUILTIN.iter().find(|(known, _)| *known == name) {
            return Self::parse(name, text);
        }
        if !name.ends_with(".toml") {
            return Err(failed(
                name,
                format!(
                    "there is none of that name; there are {}, or give the path of one ending in .toml",
                    BUILTIN.map(|(name, _)| name).join(", ")
                ),
            ));
        }
        let text = std::fs::read_to_string(name)
            .map_err(|source| DatasetError::Read { path: name.into(), source })?;
        Self::parse(name, &text)
    }

    /// Reads the text of a manifest; `name` is used in errors.
    ///
    /// # Errors
    /// When the text is no TOML, has a key too many or too few, or a value out of its range.
    pub fn parse(name: &str, text: &str) -> Result<Self, DatasetError> {
        let manifest: Self = toml::from_str(text)
            .map_err(|error| DatasetError::Toml { name: name.to_owned(), source: Box::new(error) })?;
        manifest.check().map_err(|reason| failed(name, reason))?;
        manifest.layout.validate()?;
        Ok(manifest)
    }

    fn check(&self) -> Result<(), String> {
        if matches!(self.layout, Layout::Manifest { .. }) {
            return Err("the layout of a manifest is bids or pattern, not another manifest".to_owned());
        }
        for family in &self.families {
            family.expand()?;
        }
        for file in self.files() {
            if !is_below(Path::new(&file.path)) || file.path.contains('\\') {
                return Err(format!("the path {:?} must stay below the dataset's folder", file.path));
            }
            if let Some(sum) = &file.sha256
                && (sum.len() != 64 || !sum.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')))
            {
                return Err(format!("sha256 of {} is {sum:?}: it must be 64 digits 0-9 a-f", file.path));
            }
        }
        Ok(())
    }

    /// All files, sorted by path, none twice.
    pub fn files(&self) -> Vec<KnownFile> {
        let of_families = self.families.iter().flat_map(|family| family.expand().unwrap_or_default());
        let mut files: Vec<KnownFile> = self.files.clone();
        files.extend(of_families.map(|path| KnownFile { path, sha256: None, bytes: None }));
        // Stable: what is known of a file stands before its family's bare path.
        files.sort_by(|a, b| a.path.cmp(&b.path));
        files.dedup_by(|later, earlier| later.path == earlier.path);
        files
    }

    /// Adds what the manifest knows to the recordings found by its layout, and leaves out files it does not list.
    pub(crate) fn apply(&self, root: &Path, dataset: &mut Dataset) {
        let is_recording =
            |path: &String| self.recordings_end_in.iter().any(|end| path.ends_with(end.as_str()));
        let listed: Vec<String> =
            self.files().into_iter().map(|file| file.path).filter(is_recording).collect();
        let below =
            |path: &Path| path.strip_prefix(root).unwrap_or(path).to_string_lossy().replace('\\', "/");
        let all = std::mem::take(&mut dataset.recordings);
        let (known, unknown): (Vec<_>, Vec<_>) =
            all.into_iter().partition(|file| listed.binary_search(&below(&file.path)).is_ok());
        dataset.recordings = known;
        let extra = unknown.iter().map(|file| {
            format!("{} left out: it is no file of the dataset {}", below(&file.path), self.name)
        });
        dataset.notices.extend(extra);
        let missing: Vec<String> = listed.iter().filter(|path| !root.join(path).exists()).cloned().collect();
        if !missing.is_empty() {
            dataset.notices.push(format!(
                "{} of the {} recordings of {} are not here: {} (`twinprint fetch {}` downloads them)",
                missing.len(),
                listed.len(),
                self.name,
                some_of(&missing),
                self.name
            ));
        }
        for file in &mut dataset.recordings {
            let more = self.other_channels.iter().filter(|channel| !file.other_channels.contains(channel));
            let more: Vec<ChannelName> = more.cloned().collect();
            file.other_channels.extend(more);
            file.line_frequency = file.line_frequency.or(self.line_frequency);
        }
    }
}

impl Family {
    /// The paths of the family.
    fn expand(&self) -> Result<Vec<String>, String> {
        const MOST: usize = 100_000;
        let mut paths = vec![self.path.clone()];
        for (index, [first, last]) in self.ranges.iter().enumerate() {
            let number = |text: &String| {
                text.parse::<usize>()
                    .map_err(|_| format!("{text:?} in ranges of {:?} is not a number", self.path))
            };
            let (low, high, width) = (number(first)?, number(last)?, first.len());
            if low > high || (high - low + 1).saturating_mul(paths.len()) > MOST {
                return Err(format!(
                    "the range {first:?} to {last:?} of {:?} must rise, and a family has at most {MOST} files",
                    self.path
                ));
            }
            let place = format!("{{{}}}", index + 1);
            if !self.path.contains(&place) {
                return Err(format!("{:?} has a range {} but no {place}", self.path, index + 1));
            }
            paths = (low..=high)
                .flat_map(|n| {
                    paths.iter().map(|path| path.replace(&place, &format!("{n:0width$}"))).collect::<Vec<_>>()
                })
                .collect();
        }
        match paths.iter().find(|path| path.contains(['{', '}'])) {
            Some(left) => Err(format!("{left:?} has a placeholder without a range")),
            None => Ok(paths),
        }
    }
}

fn failed(name: &str, reason: String) -> DatasetError {
    DatasetError::Manifest { name: name.to_owned(), reason }
}
