//! One file, from its first attempt to its final name.

use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::checksum::{Sums, of_file};
use super::source::{Sources, Trouble, pause};
use super::{Event, Options, Outcome, Trust};
use crate::manifest::KnownFile;

pub(super) struct Download<'a> {
    pub(super) file: &'a KnownFile,
    pub(super) options: &'a Options,
    pub(super) sources: &'a Sources,
    pub(super) sums: &'a Sums,
    pub(super) progress: &'a (dyn Fn(Event<'_>) + Sync),
}

impl Download<'_> {
    /// Gets the file to its place, or says why not.
    pub(super) fn run(&self) -> Result<Outcome, String> {
        let path = self.options.to.join(&self.file.path);
        if path.symlink_metadata().is_ok() {
            match self.verify(&path) {
                Ok(trust) => return Ok(Outcome::Kept(trust)),
                Err(_) if self.options.replace => {}
                Err(reason) => {
                    return Err(format!(
                        "the file is there already, but {reason}: move it away, or ask to replace it"
                    ));
                }
            }
        }
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        }
        let part = part_of(&path);
        let trust = self.attempts(&part)?;
        std::fs::rename(&part, &path).map_err(|error| format!("{}: {error}", path.display()))?;
        Ok(Outcome::Downloaded(trust))
    }

    fn attempts(&self, part: &Path) -> Result<Trust, String> {
        let mut version = None;
        let mut refused = 0;
        let mut attempt = 0;
        loop {
            let result = self
                .receive(part, attempt as usize, &mut version)
                .and_then(|()| self.verify(part).map_err(Trouble::Restart));
            let (reason, asked) = match result {
                Ok(trust) => return Ok(trust),
                Err(Trouble::Lasting(reason)) => {
                    refused += 1;
                    if refused >= self.sources.len() {
                        return Err(reason);
                    }
                    (reason, Some(Duration::ZERO))
                }
                Err(Trouble::Passing(reason, asked)) => (reason, asked),
                Err(Trouble::Restart(reason)) => {
                    version = None;
                    remove(part).map_err(|error| format!("{}: {error}", part.display()))?;
                    (reason, None)
                }
            };
            if attempt >= self.options.retries {
                return Err(format!("{reason} (attempt {} of {})", attempt + 1, self.options.retries + 1));
            }
            let wait = pause(self.options.delay, attempt, asked);
            let path = &self.file.path;
            (self.progress)(Event::Retrying { path, attempt: attempt + 1, reason: &reason, wait });
            std::thread::sleep(wait);
            attempt += 1;
        }
    }

    /// Receives what is missing of the partial file.
    fn receive(&self, part: &Path, attempt: usize, version: &mut Option<String>) -> Result<(), Trouble> {
        let here = |error: std::io::Error| Trouble::Lasting(format!("{}: {error}", part.display()));
        // Without a sum or the server's word, an old beginning and a new end might be of different files.
        let is_resumable = self.sums.of(&self.file.path).is_some() || version.is_some();
        let have = if is_resumable { std::fs::metadata(part).map_or(0, |entry| entry.len()) } else { 0 };
        if have > 0 && Some(have) == self.file.bytes {
            return Ok(());
        }
        let mut stream = self.sources.open(attempt, &self.file.path, have, version.as_deref())?;
        version.clone_from(&stream.version);
        self.check_length(&stream.total, stream.is_delimited)?;
        let mut file =
            OpenOptions::new().create(true).write(true).truncate(false).open(part).map_err(here)?;
        file.set_len(stream.start).map_err(here)?;
        file.seek(SeekFrom::Start(stream.start)).map_err(here)?;
        let path = &self.file.path;
        let bytes = stream.total.or(self.file.bytes);
        (self.progress)(Event::Started { path, bytes, resumed: stream.start });
        let mut done = stream.start;
        let mut buffer = vec![0; 1 << 16];
        loop {
            let read = match stream.reader.read(&mut buffer) {
                Ok(0) => break,
                Ok(read) => read,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
                Err(error) => {
                    return Err(Trouble::Passing(format!("broken off after {done} bytes: {error}"), None));
                }
            };
            let arrived = done + read as u64;
            if let Some(bytes) = bytes.filter(|bytes| arrived > *bytes) {
                return Err(Trouble::Restart(format!("{arrived} bytes arrived of {bytes}, and more follow")));
            }
            file.write_all(&buffer[..read]).map_err(here)?;
            done = arrived;
            (self.progress)(Event::Received { path, bytes: read as u64 });
        }
        if let Some(total) = stream.total.filter(|total| *total != done) {
            let reason = format!("{done} bytes arrived of {total}");
            return Err(if done < total { Trouble::Passing(reason, None) } else { Trouble::Restart(reason) });
        }
        file.sync_all().map_err(here)
    }

    fn check_length(&self, total: &Option<u64>, is_delimited: bool) -> Result<(), Trouble> {
        let is_known = self.file.bytes.is_some() || self.sums.of(&self.file.path).is_some();
        match (total, self.file.bytes) {
            (Some(total), Some(bytes)) if *total != bytes => {
                Err(Trouble::Restart(format!("the server offers {total} bytes, and the file has {bytes}")))
            }
            _ if !is_delimited && !is_known => Err(Trouble::Lasting(
                "the server does not say how long the file is, and no checksum is known: it could not be told whether it is whole".to_owned(),
            )),
            _ => Ok(()),
        }
    }

    /// Checks a file's content by what is known of it, and records its sum where nothing is.
    fn verify(&self, path: &Path) -> Result<Trust, String> {
        let failed = |error: std::io::Error| format!("it cannot be read: {error}");
        let length = std::fs::metadata(path).map_err(failed)?.len();
        if let Some(bytes) = self.file.bytes.filter(|bytes| *bytes != length) {
            return Err(format!("it has {length} bytes instead of {bytes}"));
        }
        let sum = of_file(path).map_err(failed)?;
        if let Some(known) = self.sums.of(&self.file.path) {
            return if *known == sum {
                Ok(Trust::Verified)
            } else {
                Err(format!("its SHA-256 sum is {sum} instead of {known}"))
            };
        }
        let is_edf = [".edf", ".bdf"].iter().any(|end| self.file.path.to_ascii_lowercase().ends_with(end));
        if is_edf {
            check_edf(path, length)?;
        }
        self.sums
            .record(&self.file.path, &sum)
            .map_err(|error| format!("its sum cannot be recorded: {error}"))?;
        Ok(Trust::Recorded)
    }
}

/// Compares the length of an EDF or BDF file with what its header says; reading it properly is another crate's work.
fn check_edf(path: &Path, length: u64) -> Result<(), String> {
    let odd = || "it does not begin like an EDF or BDF file".to_owned();
    let mut file = File::open(path).map_err(|error| format!("it cannot be read: {error}"))?;
    let mut fixed = [0; 256];
    file.read_exact(&mut fixed).map_err(|_| odd())?;
    let width = match &fixed[..8] {
        b"0       " => 2,
        b"\xffBIOSEMI" => 3,
        _ => return Err(odd()),
    };
    let number = |field: &[u8]| {
        std::str::from_utf8(field).ok().and_then(|text| text.trim().parse::<i64>().ok()).ok_or_else(odd)
    };
    let (header, records, signals) =
        (number(&fixed[184..192])?, number(&fixed[236..244])?, number(&fixed[252..256])?);
    let signals = usize::try_from(signals).map_err(|_| odd())?;
    let mut fields = vec![0; 256 * signals];
    file.read_exact(&mut fields).map_err(|_| odd())?;
    let mut samples = 0;
    for field in fields[216 * signals..224 * signals].chunks(8) {
        samples = i64::saturating_add(samples, number(field)?);
    }
    let expected = records.max(0).saturating_mul(samples).saturating_mul(width).saturating_add(header);
    // -1 stands for a number of records that the recorder never filled in.
    if records < 0 || u64::try_from(expected).is_ok_and(|bytes| bytes == length) {
        Ok(())
    } else {
        Err(format!("it has {length} bytes, and its header speaks of {expected}"))
    }
}

fn part_of(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".part");
    PathBuf::from(name)
}

fn remove(path: &Path) -> std::io::Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
