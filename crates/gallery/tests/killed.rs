//! A process killed at any instant leaves the gallery before or after a change, never between.

#![allow(clippy::panic, clippy::print_stderr, clippy::print_stdout, clippy::unwrap_used, reason = "tests")]

mod common;

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use common::{plain, prints, request, rng, subject};
use twinprint_gallery::{Enrolment, Gallery, Template, Update};

/// How often the child is killed.
const KILLS: usize = 300;

/// Enrols, updates and revokes for ever; the path comes on standard input. Not a test of its own: the parent runs it.
#[test]
#[ignore = "the child of the next test"]
fn child() {
    let mut line = String::new();
    std::io::stdin().read_line(&mut line).unwrap();
    let gallery = Gallery::open(Path::new(line.trim()), None).unwrap();
    println!("READY");
    let name = subject("person");
    for round in 0usize.. {
        // Every state is one of the four that `expected` lists.
        let (one, two) = (prints(1, 2), prints(1, 3));
        let change = |update, prints, recording: &str| {
            let request = request(&name, prints, recording);
            gallery.enrol(&Enrolment { update, threshold: None, force: true, ..request }, &mut rng())
        };
        let _ = gallery.revoke(&name, "", &mut rng());
        change(Update::Replace, &one, &format!("{round}a")).unwrap();
        change(Update::Append, &two, &format!("{round}b")).unwrap();
    }
}

#[test]
fn a_kill_at_any_instant_leaves_the_old_or_the_new_state() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("g");
    plain(&path);
    let expected = [
        (Template::of(prints(1, 2).view()).unwrap(), 1),
        (
            Template::of(ndarray::concatenate![ndarray::Axis(0), prints(1, 2), prints(1, 3)].view()).unwrap(),
            2,
        ),
    ];
    let mut seen = [0usize; 3];
    for kill in 0..KILLS {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["child", "--exact", "--ignored", "--nocapture"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        writeln!(child.stdin.take().unwrap(), "{}", path.display()).unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        assert!(lines.any(|line| line.unwrap().contains("READY")), "the child did not start");
        // Spread over a whole round of changes, which takes some milliseconds.
        std::thread::sleep(Duration::from_micros((kill as u64 * 7919) % 20_000));
        child.kill().unwrap();
        child.wait().unwrap();
        let gallery = Gallery::open(&path, None).unwrap();
        let findings = gallery.check().unwrap();
        assert!(findings.iter().all(|finding| finding.passed), "kill {kill}: {findings:?}");
        let people = gallery.people().unwrap();
        let state = match people.as_slice() {
            [] => 0,
            [person] => {
                let known = expected.iter().position(|(template, events)| {
                    person.template.epochs() == template.epochs()
                        && person.template.score(template) > 1.0 - 1e-6
                        && person.events.len() == *events
                });
                1 + known.unwrap_or_else(|| panic!("kill {kill}: a state between: {person:?}"))
            }
            more => panic!("kill {kill}: {} people", more.len()),
        };
        seen[state] += 1;
    }
    eprintln!("states found after {KILLS} kills: {seen:?}");
    assert!(seen.iter().all(|&count| count > 0), "the kills must fall into every part of a round: {seen:?}");
}
