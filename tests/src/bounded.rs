//! Commands that must end by themselves, with words and a code.

use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

/// What a command may take in a debug build on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);
/// More threads than a command starts unless it is asked to.
const MOST_THREADS: usize = 300;

/// Runs a command to its end.
///
/// # Panics
/// When it hangs, or starts hundreds of threads.
pub fn run_to_its_end(command: &mut Command) -> Output {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let begin = Instant::now();
    let (out, err) = (reader(child.stdout.take()), reader(child.stderr.take()));
    let status = loop {
        if let Some(status) = child.try_wait().expect("the child can be waited for") {
            break status;
        }
        let threads = threads(child.id());
        if begin.elapsed() > PATIENCE || threads > MOST_THREADS {
            let _ = child.kill();
            panic!("{command:?} hangs, or takes too much: {threads} threads");
        }
        std::thread::sleep(Duration::from_millis(5));
    };
    let text = |reader: std::thread::JoinHandle<Vec<u8>>| reader.join().unwrap_or_default();
    Output { status, stdout: text(out), stderr: text(err) }
}

/// Reads a pipe to its end beside the test, so that it never fills.
fn reader<R: std::io::Read + Send + 'static>(pipe: Option<R>) -> std::thread::JoinHandle<Vec<u8>> {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(mut pipe) = pipe {
            let _ = pipe.read_to_end(&mut bytes);
        }
        bytes
    })
}

/// The threads of a process, where the system tells.
fn threads(process: u32) -> usize {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("Threads:"));
    line.and_then(|number| number.trim().parse().ok()).unwrap_or(0)
}

/// The command ended by itself: code 0, 1 or 2, and 2 with words. Gives back what it said on standard error.
///
/// # Panics
/// When it did not.
pub fn ends_well(output: &Output, what: &str) -> String {
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let code = output.status.code();
    assert!(matches!(code, Some(0..=2)), "{what}: {}: {said}", output.status);
    for word in ["panicked", "fault in twinprint", "RUST_BACKTRACE", "os error"] {
        assert!(!said.contains(word), "{what}: {said}");
    }
    assert!(code != Some(2) || !said.trim().is_empty(), "{what}: refused without a word");
    said
}
