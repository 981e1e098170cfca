//! What a process takes: seconds, seconds of processor, and the most memory it held.

use std::path::Path;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use crate::commands;

/// How often a process is looked at.
const EVERY: Duration = Duration::from_millis(5);
/// Ticks a second in which Linux tells processor time.
const TICKS: f64 = 100.0;

/// What a process took.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Measured {
    pub(crate) seconds: f64,
    /// Seconds of processor, of all threads together.
    pub(crate) processor: f64,
    /// Bytes resident at most.
    pub(crate) peak: u64,
}

/// Runs a program to its end; how it is doing is read from `/proc` while it runs.
///
/// # Errors
/// Where there is no `/proc`, and when the program cannot be started or fails.
pub(crate) fn measure(program: &Path, arguments: &[&str]) -> Result<Measured, String> {
    let shown = format!("{} {}", program.display(), arguments.join(" "));
    let started = Instant::now();
    let mut child = commands::program(program)
        .args(arguments)
        .stdout(Stdio::null())
        .spawn()
        .map_err(|error| format!("cannot start `{shown}`: {error}"))?;
    let mut seen = Seen { processor: 0.0, peak: 0 };
    let status = loop {
        seen.look(&child);
        match child.try_wait() {
            Ok(Some(status)) => break status,
            Ok(None) => std::thread::sleep(EVERY),
            Err(error) => return Err(format!("cannot wait for `{shown}`: {error}")),
        }
    };
    let seconds = started.elapsed().as_secs_f64();
    match (status.success(), seen.peak) {
        (false, _) => Err(format!("`{shown}` ended with {status}")),
        (true, 0) => Err("memory cannot be measured: /proc is not there, so run this on Linux".to_owned()),
        (true, peak) => Ok(Measured { seconds, processor: seen.processor, peak }),
    }
}

struct Seen {
    processor: f64,
    peak: u64,
}

impl Seen {
    /// Reads the peak so far, and the processor time; of a process that has just ended there is nothing to read.
    fn look(&mut self, child: &Child) {
        let read = |name: &str| std::fs::read_to_string(format!("/proc/{}/{name}", child.id()));
        let peak = read("status").ok().and_then(|text| kilobytes(&text, "VmHWM:"));
        self.peak = self.peak.max(peak.unwrap_or(0));
        if let Some(seconds) = read("stat").ok().and_then(|text| processor(&text)) {
            self.processor = seconds;
        }
    }
}

/// Bytes behind a name in a text of lines such as `VmHWM:   1234 kB`.
fn kilobytes(text: &str, name: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_whitespace().next()?.parse::<u64>().ok().map(|count| 1024 * count)
}

/// User and system time in a line of `/proc/PID/stat`: the 14th and 15th field; the second one, a name in brackets, may hold spaces.
fn processor(stat: &str) -> Option<f64> {
    let behind = &stat[stat.rfind(')')? + 1..];
    let ticks: Vec<f64> = behind.split_whitespace().skip(11).take(2).flat_map(str::parse).collect();
    (ticks.len() == 2).then(|| ticks.iter().sum::<f64>() / TICKS)
}

/// The machine.
pub(crate) struct Host {
    pub(crate) processor: String,
    pub(crate) cores: usize,
    /// Bytes.
    pub(crate) memory: u64,
    /// Processes that ran or waited for a core on average in the minute before, ours not among them.
    pub(crate) load: f64,
}

impl Host {
    /// This one, as far as it tells.
    pub(crate) fn here() -> Self {
        let read = |path| std::fs::read_to_string(path).unwrap_or_default();
        let (cpu, memory, load) = (read("/proc/cpuinfo"), read("/proc/meminfo"), read("/proc/loadavg"));
        let name = cpu.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
        Self {
            processor: name.map_or_else(|| "unknown".to_owned(), |(_, name)| name.to_owned()),
            cores: std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
            memory: kilobytes(&memory, "MemTotal:").unwrap_or(0),
            load: load.split_whitespace().next().and_then(|load| load.parse().ok()).unwrap_or(0.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn processor_time_is_found_behind_a_name_with_spaces_and_brackets() {
        let stat = "77 (a (b) c) S 1 77 77 0 -1 4194304 500 0 0 0 250 50 0 0 20 0 3 0 100 1000 200";
        assert_eq!(processor(stat), Some(3.0));
        assert_eq!(processor("77 (cut"), None);
        assert_eq!(kilobytes("VmPeak:\t 9 kB\nVmHWM:\t   12 kB\n", "VmHWM:"), Some(12 * 1024));
    }

    #[test]
    fn a_process_is_measured_and_a_failure_is_named() {
        let measured = measure(Path::new("sh"), &["-c", "sleep 0.05"]).unwrap();
        assert!(measured.seconds >= 0.05 && measured.peak > 100_000, "{measured:?}");
        assert!(measure(Path::new("sh"), &["-c", "exit 3"]).unwrap_err().contains("exit status: 3"));
    }
}
