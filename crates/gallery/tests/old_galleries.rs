//! Galleries that earlier versions left.

#![allow(clippy::panic, clippy::print_stderr, clippy::print_stdout, clippy::unwrap_used, reason = "tests")]

mod common;

use std::path::{Path, PathBuf};

use common::{create, enrol, prints, request, subject};
use twinprint_gallery::{Enrolment, Gallery, Secret, Template, Update, Wanted};

/// A gallery whose records were sealed with nonces that are keyed hashes of the records.
fn golden() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/hashed-nonces.gallery")
}

fn secret() -> Secret {
    Secret::key_file(vec![1; 32]).unwrap()
}

/// Wrote the gallery, before nonces were drawn at random.
#[test]
#[ignore = "writes the golden file"]
fn write_the_golden_file() {
    let gallery =
        create(&golden(), Wanted { seal: true, cancelable: Some(0) }, Some(&secret())).unwrap();
    enrol(&gallery, "ann", 1, "r1").unwrap();
    enrol(&gallery, "bob", 2, "r2").unwrap();
    enrol(&gallery, "carol", 3, "r3").unwrap();
    let (ann, more) = (subject("ann"), prints(1, 8));
    gallery.enrol(&Enrolment { update: Update::Append, ..request(&ann, &more, "r4") }).unwrap();
    gallery.revoke(&subject("carol"), common::NOW).unwrap();
}

#[test]
fn a_gallery_sealed_under_hashed_nonces_opens_and_takes_changes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("g");
    std::fs::copy(golden(), &path).unwrap();
    let gallery = Gallery::open(&path, Some(&secret())).unwrap();
    assert!(gallery.check().unwrap().iter().all(|finding| finding.passed));
    assert_eq!((gallery.len().unwrap(), gallery.log().unwrap().len()), (2, 1));
    let ann = gallery.person(&subject("ann")).unwrap();
    assert_eq!((ann.template.epochs(), ann.events.len()), (13, 2));
    let probe = Template::of(gallery.project(prints(1, 3).view()).unwrap().view()).unwrap();
    assert!(ann.template.score(&probe) > 0.9);
    enrol(&gallery, "dora", 4, "r5").unwrap();
    gallery.revoke(&subject("bob"), common::NOW).unwrap();
    let next = Secret::key_file(vec![2; 32]).unwrap();
    let reissued = gallery.reissue(&next, [0; 16], common::NOW).unwrap();
    let people: Vec<String> =
        reissued.people().unwrap().into_iter().map(|person| person.subject.to_string()).collect();
    assert_eq!(people, ["ann", "dora"]);
    assert!(reissued.check().unwrap().iter().all(|finding| finding.passed));
}
