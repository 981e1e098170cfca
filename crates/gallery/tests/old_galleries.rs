//! Galleries that earlier versions left.

#![allow(clippy::panic, clippy::print_stderr, clippy::print_stdout, clippy::unwrap_used, reason = "tests")]

mod common;

use std::path::{Path, PathBuf};

use common::{enrol, prints, rng, subject};
use twinprint_gallery::{Gallery, Secret, Template};

/// A gallery whose records were sealed with nonces that are keyed hashes of the records. A test of this file wrote it; it is to
/// be found in the commit that added the golden file.
fn golden() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/hashed-nonces.gallery")
}

fn secret() -> Secret {
    Secret::key_file(vec![1; 32]).unwrap()
}

#[test]
fn a_gallery_sealed_under_hashed_nonces_opens_and_takes_changes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("g");
    std::fs::copy(golden(), &path).unwrap();
    let gallery = Gallery::open(&path, Some(&secret())).unwrap();
    assert!(gallery.check().unwrap().iter().all(|finding| finding.passed));
    assert!(gallery.notices()[0].contains("earlier version"), "{:?}", gallery.notices());
    assert_eq!((gallery.len().unwrap(), gallery.log().unwrap().len()), (2, 1));
    let ann = gallery.person(&subject("ann")).unwrap();
    assert_eq!((ann.template.epochs(), ann.events.len()), (13, 2));
    let probe = Template::of(gallery.project(prints(1, 3).view()).unwrap().view()).unwrap();
    assert!(ann.template.score(&probe) > 0.9);
    enrol(&gallery, "dora", 4, "r5").unwrap();
    let migrated = Gallery::open(&path, Some(&secret())).unwrap();
    assert_eq!((migrated.notices().len(), migrated.len().unwrap(), migrated.log().unwrap().len()), (0, 3, 1));
    assert_eq!(migrated.person(&subject("ann")).unwrap(), ann);
    assert!(Gallery::examine(&path, Some(&secret())).unwrap().iter().all(|finding| finding.passed));
    gallery.revoke(&subject("bob"), common::NOW, &mut rng()).unwrap();
    let next = Secret::key_file(vec![2; 32]).unwrap();
    let reissued = gallery.reissue(&next, common::NOW, &mut rng()).unwrap();
    let people: Vec<String> =
        reissued.people().unwrap().into_iter().map(|person| person.subject.to_string()).collect();
    assert_eq!(people, ["ann", "dora"]);
    assert!(reissued.check().unwrap().iter().all(|finding| finding.passed));
}

#[test]
fn a_migrated_gallery_is_held_to_its_stamp() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("g");
    std::fs::copy(golden(), &path).unwrap();
    let gallery = Gallery::open(&path, Some(&secret())).unwrap();
    gallery.revoke(&subject("bob"), common::NOW, &mut rng()).unwrap();
    drop(gallery);
    let database = rusqlite::Connection::open(&path).unwrap();
    database
        .execute("UPDATE meta SET value = replace(value, 'a test', '') WHERE key = 'thresholds'", [])
        .unwrap();
    drop(database);
    let said = Gallery::open(&path, Some(&secret())).err().unwrap().to_string();
    assert!(said.contains("changed outside twinprint"), "{said}");
}
