//! Arguments of `cache`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::number::whole;

/// What to do with the cache.
#[derive(Debug, Subcommand)]
pub(crate) enum CacheCommand {
    /// List what is in it, the entry longest unused first.
    #[command(after_help = "Example:\n  twinprint cache ls")]
    Ls(CachePlace),
    /// Read every file again; damaged entries are named and removed. Exit code 1 where there was one.
    #[command(after_help = "Example:\n  twinprint cache verify")]
    Verify(CachePlace),
    /// Remove what is not needed; it is made again when it is.
    #[command(after_help = "Example:\n  twinprint cache gc --unused 30 --to-size 20GB")]
    Gc {
        #[command(flatten)]
        place: CachePlace,
        /// Remove what was not used for so many days.
        #[arg(value_parser = whole::<u64>, long, value_name = "DAYS")]
        unused: Option<u64>,
        /// Remove what was longest not used until no more than this is left: 500MB, 20GB.
        #[arg(long, value_name = "SIZE", value_parser = size)]
        to_size: Option<u64>,
    },
}

/// Which cache.
#[derive(Debug, Args)]
pub(crate) struct CachePlace {
    /// The folder; TWINPRINT_CACHE names it as well. By default reports/.cache.
    #[arg(long, value_name = "DIR")]
    pub(crate) cache: Option<PathBuf>,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

/// A number of bytes, with or without a unit.
fn size(text: &str) -> Result<u64, String> {
    let split = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(split);
    let unit = match unit.trim().to_ascii_uppercase().as_str() {
        "" | "B" => 1,
        "KB" => 1_000,
        "MB" => 1_000_000,
        "GB" => 1_000_000_000,
        "TB" => 1_000_000_000_000,
        _ => 0,
    };
    let bytes = number.parse::<u64>().ok().and_then(|number| number.checked_mul(unit));
    bytes.filter(|_| unit > 0).ok_or_else(|| "write a number with a unit, as 500MB or 20GB".to_owned())
}

#[cfg(test)]
mod tests {
    use super::size;

    #[test]
    fn sizes_are_read_with_and_without_units() {
        assert_eq!(size("20GB"), Ok(20_000_000_000));
        assert_eq!(size("500 mb"), Ok(500_000_000));
        assert_eq!(size("12"), Ok(12));
        for wrong in ["", "GB", "5 parsecs", "-1", "99999999999TB"] {
            assert!(size(wrong).is_err(), "{wrong}");
        }
    }
}
