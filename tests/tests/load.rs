//! Many processes enrol and verify in one gallery at once: each gets its answer, and nothing that was reported as done is lost.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a test fails by panicking and says what it measured"
)]

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::Value;
use twinprint_tests::{run, succeed};

/// Processes at once.
const PROCESSES: u64 = 8;

/// How long they are at work; `cargo xtask harden` takes longer.
fn seconds() -> u64 {
    std::env::var("TWINPRINT_HARDEN_SECONDS").ok().and_then(|count| count.parse().ok()).unwrap_or(3)
}

/// Numbers that look random, -1 to 1.
fn number(seed: u64) -> f64 {
    let mixed = (seed ^ (seed >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    ((mixed ^ (mixed >> 31)).wrapping_mul(0x94d0_49bb_1331_11eb) >> 11) as f64 / (1u64 << 52) as f64 - 1.0
}

/// A table of one person, four rows about a direction of their own; `take` tells one table of a person from another.
fn table(folder: &Path, person: u64, take: u64) -> PathBuf {
    let mut text = String::from("subject,a,b,c,d,e,f,g,h,i,j,k,l\n");
    for row in 0..4 {
        write!(text, "p{person:06}").unwrap();
        for column in 0..12 {
            let noise = number(((person * 2 + take) * 100 + row) * 7919 + column + 13);
            write!(text, ",{:.5}", number(person * 1000 + column) + 0.1 * noise).unwrap();
        }
        text.push('\n');
    }
    let path = folder.join(format!("{person}-{take}.csv"));
    std::fs::write(&path, text).unwrap();
    path
}

/// What one process after another did: who was enrolled, and how long every operation took.
#[derive(Default)]
struct Work {
    enrolled: Vec<String>,
    took: Vec<Duration>,
}

fn work(folder: &Path, gallery: &str, process: u64, end: Instant) -> Work {
    let mut done = Work::default();
    for round in 0.. {
        if Instant::now() >= end {
            break;
        }
        let person = process * 100_000 + round;
        let name = format!("p{person:06}");
        let (enrol, probe) = (table(folder, person, 0), table(folder, person, 1));
        let (enrol, probe) = (enrol.to_str().unwrap(), probe.to_str().unwrap());
        for words in [
            &["enroll", "--gallery", gallery, enrol, "--threshold", "0.97"][..],
            &["verify", "--gallery", gallery, "--subject", &name, probe, "--threshold", "0.9"],
        ] {
            let begin = Instant::now();
            let output = run(words);
            done.took.push(begin.elapsed());
            let said = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "{words:?}: {}: {said}", output.status);
        }
        done.enrolled.push(name);
    }
    done
}

#[test]
fn eight_processes_enrol_and_verify_at_once_and_no_enrolment_is_lost() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("staff.gallery");
    let gallery = path.to_str().unwrap();
    // Thresholds are of nobody in particular: the first person makes the gallery.
    let first = table(folder.path(), 999_999, 0);
    succeed(&["enroll", "--gallery", gallery, first.to_str().unwrap(), "--threshold", "0.97"]);
    let begin = Instant::now();
    let end = begin + Duration::from_secs(seconds());
    let all: Vec<Work> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..PROCESSES)
            .map(|process| {
                let folder = folder.path();
                scope.spawn(move || work(folder, gallery, process, end))
            })
            .collect();
        workers.into_iter().map(|worker| worker.join().unwrap()).collect()
    });
    let elapsed = begin.elapsed().as_secs_f64();
    let mut took: Vec<f64> = all.iter().flat_map(|work| &work.took).map(Duration::as_secs_f64).collect();
    took.sort_by(f64::total_cmp);
    let mut enrolled: Vec<&str> = all.iter().flat_map(|work| &work.enrolled).map(String::as_str).collect();
    enrolled.push("p999999");
    enrolled.sort_unstable();
    let list: Value =
        serde_json::from_str(&succeed(&["gallery", "list", "--gallery", gallery, "--json"])).unwrap();
    let mut found: Vec<&str> =
        list.as_array().unwrap().iter().map(|person| person["subject"].as_str().unwrap()).collect();
    found.sort_unstable();
    assert_eq!(found, enrolled, "everybody whose enrolment was reported, and nobody else");
    succeed(&["gallery", "check", "--gallery", gallery]);
    let at = |share: f64| took[((took.len() as f64 * share) as usize).min(took.len() - 1)];
    println!(
        "{} operations of {PROCESSES} processes in {elapsed:.1} s, none lost: {:.1} a second, median {:.2} s, p99 {:.2} s",
        took.len(),
        took.len() as f64 / elapsed,
        at(0.5),
        at(0.99)
    );
}
