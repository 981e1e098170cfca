//! `cache`: what runs share.

use std::path::Path;
use std::process::ExitCode;

use twinprint_run::Cache;
use twinprint_signal::counted;

use crate::cache_arguments::{CacheCommand, CachePlace};
use crate::exit_code;
use crate::failure::Failure;
use crate::host;
use crate::say::say;

/// Seconds of a day.
const DAY: u64 = 24 * 3600;

/// Does what is asked for.
pub(crate) fn tend(given: &CacheCommand) -> Result<ExitCode, Failure> {
    match given {
        CacheCommand::Ls(place) => list(place),
        CacheCommand::Verify(place) => verify(place),
        CacheCommand::Gc { place, unused, to_size } => gc(place, *unused, *to_size),
    }
}

fn cache(place: &CachePlace) -> Cache {
    Cache::at(host::cache(place.cache.as_deref(), Path::new("reports")))
}

fn list(place: &CachePlace) -> Result<ExitCode, Failure> {
    let cache = cache(place);
    let entries = cache.list();
    if place.json {
        say!("{}", serde_json::to_string_pretty(&entries)?);
        return Ok(ExitCode::SUCCESS);
    }
    let now = host::seconds();
    for entry in &entries {
        say!(
            "{:<9}  {}  {:>9}  {:>3} d unused  {}",
            entry.kind.name(),
            entry.key.get(..12).unwrap_or(&entry.key),
            bytes(entry.bytes),
            now.saturating_sub(entry.used) / DAY,
            entry.said
        );
    }
    let (all, own) =
        entries.iter().fold((0, 0), |(all, own), entry| (all + entry.bytes, own + entry.own_bytes));
    say!(
        "{} in {}, {}; {} of it is in no run folder",
        counted(entries.len(), "entry"),
        cache.root().display(),
        bytes(all),
        bytes(own)
    );
    Ok(ExitCode::SUCCESS)
}

fn verify(place: &CachePlace) -> Result<ExitCode, Failure> {
    let cache = cache(place);
    let damaged = cache.verify()?;
    if place.json {
        say!("{}", serde_json::to_string_pretty(&damaged)?);
    } else {
        for entry in &damaged {
            say!(
                "{} {}: {}; removed, it is made again when it is needed",
                entry.kind.name(),
                entry.key,
                entry.reason
            );
        }
        say!(
            "{} {} whole, {} damaged",
            counted(cache.list().len(), "entry"),
            if cache.list().len() == 1 { "is" } else { "are" },
            damaged.len()
        );
    }
    Ok(if damaged.is_empty() { ExitCode::SUCCESS } else { exit_code::NEGATIVE.into() })
}

fn gc(place: &CachePlace, unused: Option<u64>, to_size: Option<u64>) -> Result<ExitCode, Failure> {
    let since = unused.map(|days| host::seconds().saturating_sub(days.saturating_mul(DAY)));
    let freed = cache(place).gc(since, to_size)?;
    if place.json {
        say!("{}", serde_json::to_string_pretty(&freed)?);
    } else {
        say!(
            "{} removed, {} of disk free again; {} left, {}",
            counted(freed.entries, "entry"),
            bytes(freed.bytes),
            counted(freed.kept, "entry"),
            bytes(freed.kept_bytes)
        );
    }
    Ok(ExitCode::SUCCESS)
}

/// A number of bytes for people.
pub(crate) fn bytes(number: u64) -> String {
    let units = [("GB", 1e9), ("MB", 1e6), ("kB", 1e3)];
    let found = units.iter().find(|(_, size)| number as f64 >= *size);
    found.map_or_else(|| format!("{number} B"), |(unit, size)| format!("{:.1} {unit}", number as f64 / size))
}
