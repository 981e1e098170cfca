//! SHA-256 sums: of files, from published lists, and recorded for next time.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use sha2::{Digest, Sha256};

use super::source::{Sources, Trouble, pause};
use super::{FetchError, Options};
use crate::manifest::{KnownFile, Manifest};

/// The file beside the downloads that holds sums nobody publishes; `sha256sum -c` reads it.
pub const RECORD: &str = "SHA256SUMS.twinprint";

/// The longest list of sums that is read.
const LONGEST_LIST: u64 = 64 << 20;

/// What is known of files' sums.
pub(super) struct Sums {
    known: BTreeMap<String, String>,
    record: Mutex<PathBuf>,
}

impl Sums {
    /// Collects sums from the manifest, else from the source's list, else from earlier downloads.
    pub(super) fn gather(
        manifest: &Manifest,
        files: &[KnownFile],
        options: &Options,
        sources: &Sources,
        notices: &mut Vec<String>,
    ) -> Result<Self, FetchError> {
        let record = options.to.join(RECORD);
        let mut known = match std::fs::read_to_string(&record) {
            Ok(text) => parse(&text),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => BTreeMap::new(),
            Err(source) => return Err(FetchError::Write { path: record, source }),
        };
        let some_unknown = files.iter().any(|file| file.sha256.is_none());
        if let Some(list) = manifest.published_checksums.as_deref().filter(|_| some_unknown) {
            match published(list, options, sources) {
                Ok(published) => known.extend(published),
                Err(reason) => notices.push(format!(
                    "no published checksums ({reason}): files without a sum in the manifest are taken as they come, and their sums recorded in {RECORD}"
                )),
            }
        }
        for file in files {
            let Some(sum) = &file.sha256 else { continue };
            if known.insert(file.path.clone(), sum.clone()).is_some_and(|other| other != *sum) {
                notices.push(format!(
                    "{}: the source publishes another checksum than the manifest; the manifest's holds",
                    file.path
                ));
            }
        }
        Ok(Self { known, record: Mutex::new(record) })
    }

    pub(super) fn of(&self, path: &str) -> Option<&String> {
        self.known.get(path)
    }

    /// Notes a sum for next time.
    pub(super) fn record(&self, path: &str, sum: &str) -> std::io::Result<()> {
        let record = self.record.lock().unwrap_or_else(PoisonError::into_inner);
        let mut file = OpenOptions::new().create(true).append(true).open(&*record)?;
        file.write_all(format!("{sum}  {path}\n").as_bytes())
    }
}

fn published(list: &str, options: &Options, sources: &Sources) -> Result<BTreeMap<String, String>, String> {
    let mut last = String::new();
    for attempt in 0..=options.retries as usize {
        let read = sources.open(attempt, list, 0, None).and_then(|stream| {
            let mut bytes = Vec::new();
            let passing = |error: std::io::Error| Trouble::Passing(error.to_string(), None);
            stream.reader.take(LONGEST_LIST).read_to_end(&mut bytes).map_err(passing)?;
            match stream.total {
                Some(total) if total != bytes.len() as u64 => {
                    Err(Trouble::Passing("the list is cut short".to_owned(), None))
                }
                _ => Ok(String::from_utf8_lossy(&bytes).into_owned()),
            }
        });
        match read {
            Ok(text) => return Ok(parse(&text)),
            Err(Trouble::Lasting(reason)) if attempt + 1 >= sources.len() => return Err(reason),
            Err(Trouble::Lasting(reason) | Trouble::Passing(reason, _) | Trouble::Restart(reason)) => {
                last = reason
            }
        }
        if attempt < options.retries as usize {
            std::thread::sleep(pause(options.delay, attempt as u32, None));
        }
    }
    Err(last)
}

/// Reads lines of `sum  path` as `sha256sum` writes them; other lines are no sums.
pub(super) fn parse(text: &str) -> BTreeMap<String, String> {
    let sums = text.lines().filter_map(|line| {
        let (sum, path) = line.split_once(char::is_whitespace)?;
        let path = path.trim_start().trim_start_matches('*').trim_start_matches("./").trim_end();
        let is_sum = sum.len() == 64 && sum.bytes().all(|b| b.is_ascii_hexdigit());
        (is_sum && !path.is_empty()).then(|| (path.to_owned(), sum.to_ascii_lowercase()))
    });
    sums.collect()
}

/// The SHA-256 sum of a file in hexadecimal.
pub(super) fn of_file(path: &Path) -> std::io::Result<String> {
    let mut hasher = Sha256::new();
    std::io::copy(&mut File::open(path)?, &mut hasher)?;
    Ok(format!("{:x}", hasher.finalize()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_of_sums_are_read_as_sha256sum_writes_them() {
        let sum = "E3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        let sums = parse(&format!("{sum}  ./a b.edf\n{sum} *c.edf\nnonsense\n1234  d.edf\n"));
        assert_eq!(sums.keys().collect::<Vec<_>>(), ["a b.edf", "c.edf"]);
        assert_eq!(sums["c.edf"], sum.to_ascii_lowercase());
    }

    #[test]
    fn the_sum_of_nothing_is_the_well_known_one() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let sum = of_file(file.path()).unwrap();
        assert_eq!(sum, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    }
}
