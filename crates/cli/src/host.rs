//! The clock and the machine: the command knows them, the libraries are told.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use twinprint_run::Host;

use crate::failure::Failure;

/// The program and the machine, for a run's record.
pub(crate) fn facts(threads: usize) -> Host {
    Host {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        git_commit: option_env!("TWINPRINT_COMMIT").map(str::to_owned),
        os: std::env::consts::OS.to_owned(),
        arch: std::env::consts::ARCH.to_owned(),
        cpu: cpu(),
        threads,
        compiler: option_env!("TWINPRINT_COMPILER").map(str::to_owned),
        cargo_lock: Some(blake3::hash(LOCK).to_hex().to_string()),
        cpu_features: cpu_features(),
    }
}

/// The versions of every library this program is built from.
const LOCK: &[u8] = include_bytes!("../../../Cargo.lock");

#[cfg(target_arch = "x86_64")]
fn cpu_features() -> Vec<String> {
    use std::arch::is_x86_feature_detected;
    let found = [
        ("sse4.2", is_x86_feature_detected!("sse4.2")),
        ("avx", is_x86_feature_detected!("avx")),
        ("avx2", is_x86_feature_detected!("avx2")),
        ("fma", is_x86_feature_detected!("fma")),
        ("f16c", is_x86_feature_detected!("f16c")),
        ("avx512f", is_x86_feature_detected!("avx512f")),
        ("avx512bw", is_x86_feature_detected!("avx512bw")),
        ("avx512dq", is_x86_feature_detected!("avx512dq")),
        ("avx512vl", is_x86_feature_detected!("avx512vl")),
    ];
    found.into_iter().filter(|(_, there)| *there).map(|(name, _)| name.to_owned()).collect()
}

#[cfg(target_arch = "aarch64")]
fn cpu_features() -> Vec<String> {
    use std::arch::is_aarch64_feature_detected;
    let found =
        [("neon", is_aarch64_feature_detected!("neon")), ("sve", is_aarch64_feature_detected!("sve"))];
    found.into_iter().filter(|(_, there)| *there).map(|(name, _)| name.to_owned()).collect()
}

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
fn cpu_features() -> Vec<String> {
    Vec::new()
}

/// Where datasets are looked for: `TWINPRINT_DATA`, then what `fetch` fills, then the folder beside the project.
pub(crate) fn data_folders() -> Vec<PathBuf> {
    let named = std::env::var_os("TWINPRINT_DATA").map(PathBuf::from);
    named.into_iter().chain(["data", "../shared/data"].map(PathBuf::from)).collect()
}

/// The folder of what runs share: the one named, else that of `TWINPRINT_CACHE`, else `.cache` beside the run folders.
pub(crate) fn cache(named: Option<&Path>, out: &Path) -> PathBuf {
    let by_environment = || std::env::var_os("TWINPRINT_CACHE").filter(|path| !path.is_empty());
    let named = named.map(Path::to_owned).or_else(|| by_environment().map(PathBuf::from));
    named.unwrap_or_else(|| out.join(".cache"))
}

/// The time, RFC 3339 in UTC.
pub(crate) fn now() -> String {
    humantime::format_rfc3339_seconds(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds())).to_string()
}

/// Seconds since 1970; 0 before.
#[expect(clippy::disallowed_methods, reason = "the one place that asks the clock")]
pub(crate) fn seconds() -> u64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

/// Refuses a clock that stands before 1970, of which no record can be made.
pub(crate) fn check_clock() -> Result<(), Failure> {
    if seconds() > 0 {
        return Ok(());
    }
    Err(Failure::message("the clock stands before 1970: set it, then run the command again"))
}

/// A source of random numbers that the operating system has seeded.
pub(crate) fn random() -> Result<ChaCha20Rng, Failure> {
    let mut seed = [0; 32];
    getrandom::fill(&mut seed)
        .map_err(|error| Failure::message(format!("the operating system gives no random bytes: {error}")))?;
    Ok(ChaCha20Rng::from_seed(seed))
}

/// The bytes of memory that programs may still take, where the system tells.
pub(crate) fn free_memory() -> Option<u64> {
    kibibytes("/proc/meminfo", "MemAvailable:")
}

/// The most bytes of memory that this process took so far, where the system tells.
pub(crate) fn peak_memory() -> Option<u64> {
    kibibytes("/proc/self/status", "VmHWM:")
}

/// The number behind a name in one of the system's tables, which count in kibibytes.
fn kibibytes(table: &str, name: &str) -> Option<u64> {
    let text = std::fs::read_to_string(table).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    let number: u64 = line.split_whitespace().next()?.parse().ok()?;
    number.checked_mul(1024)
}

fn cpu() -> Option<String> {
    let text = std::fs::read_to_string("/proc/cpuinfo").ok()?;
    let line = text.lines().find(|line| line.starts_with("model name"))?;
    line.split_once(':').map(|(_, name)| name.trim().to_owned())
}
