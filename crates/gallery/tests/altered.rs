//! Files changed by somebody without the key, or by accident, and older copies put in a gallery's place.

#![allow(clippy::panic, clippy::print_stderr, clippy::print_stdout, clippy::unwrap_used, reason = "tests")]

mod common;

use std::path::{Path, PathBuf};

use common::{create, enrol, plain, rng, subject};
use rusqlite::Connection;
use twinprint_gallery::{Gallery, GalleryError, Secret, Wanted};

fn secret() -> Secret {
    Secret::key_file(vec![1; 32]).unwrap()
}

fn sealed(path: &Path) -> Gallery {
    create(path, Wanted { seal: true, cancelable: None }, Some(&secret())).unwrap()
}

/// What somebody without the key may try, in SQL.
const EDITS: [(&str, &str); 12] = [
    ("a threshold", "UPDATE meta SET value = replace(value, 'a test', 'a tesT') WHERE key = 'thresholds'"),
    ("the encoder", "UPDATE meta SET value = replace(value, '\"fold\":0', '\"fold\":1') WHERE key = 'lock'"),
    ("the protection", "UPDATE meta SET value = replace(value, 'null', '16') WHERE key = 'protection'"),
    ("the time it was made", "UPDATE meta SET value = '2020-01-01T00:00:00Z' WHERE key = 'created'"),
    ("a person removed", "DELETE FROM person WHERE id = 1"),
    (
        "a person removed and the counts mended",
        "DELETE FROM person WHERE id = 1; DELETE FROM event WHERE person = 1;
         UPDATE meta SET value = replace(replace(value, '\"people\":2', '\"people\":1'), '\"events\":2', '\"events\":1') WHERE key = 'state'",
    ),
    ("a log entry removed", "DELETE FROM event WHERE id = 2"),
    ("two templates exchanged", "UPDATE person SET template = (SELECT template FROM person WHERE id = 2) WHERE id = 1"),
    ("the order of people", "UPDATE person SET id = 9 WHERE id = 1; UPDATE event SET person = 9 WHERE person = 1"),
    ("the number of changes", "UPDATE meta SET value = replace(value, '\"changes\":2', '\"changes\":9') WHERE key = 'state'"),
    ("the stamp", "DELETE FROM meta WHERE key = 'stamp'"),
    ("a trigger", "CREATE TRIGGER t AFTER INSERT ON person BEGIN UPDATE meta SET value = '' WHERE key = 'created'; END"),
];

fn edit(path: &Path, sql: &str) {
    let database = Connection::open(path).unwrap();
    database.execute_batch(&format!("PRAGMA foreign_keys = OFF; {sql}")).unwrap();
}

#[test]
fn whatever_is_edited_without_the_key_is_found_before_anything_is_decided() {
    let folder = tempfile::tempdir().unwrap();
    for (number, (what, sql)) in EDITS.into_iter().enumerate() {
        for (kind, secret) in [("sealed", Some(secret())), ("plain", None)] {
            let path = folder.path().join(format!("{kind}-{number}"));
            let wanted = Wanted { seal: secret.is_some(), cancelable: None };
            let gallery = create(&path, wanted, secret.as_ref()).unwrap();
            enrol(&gallery, "ann", 1, "r1").unwrap();
            enrol(&gallery, "bob", 2, "r2").unwrap();
            drop(gallery);
            Gallery::open(&path, secret.as_ref()).unwrap();
            edit(&path, sql);
            let refused = Gallery::open(&path, secret.as_ref()).err();
            let said = refused.unwrap_or_else(|| panic!("{kind}: {what} was not noticed")).to_string();
            assert!(said.contains("changed outside twinprint"), "{kind}: {what}: {said}");
            if !what.contains("trigger") {
                let findings = Gallery::examine(&path, secret.as_ref());
                assert!(
                    findings.is_err() || findings.unwrap().iter().any(|finding| !finding.passed),
                    "{kind}: {what}: the check says ok"
                );
            }
        }
    }
}

#[test]
fn what_was_altered_while_the_gallery_was_open_gets_no_stamp() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("g");
    let gallery = sealed(&path);
    enrol(&gallery, "ann", 1, "r1").unwrap();
    for (_, sql) in [EDITS[0], EDITS[4]] {
        edit(&path, sql);
        let said = enrol(&gallery, "bob", 2, "r2").unwrap_err();
        assert!(matches!(said, GalleryError::Altered { .. }), "{said}");
        let said = gallery.revoke(&subject("ann"), "", &mut rng()).unwrap_err();
        assert!(matches!(said, GalleryError::Altered { .. } | GalleryError::Unknown { .. }), "{said}");
    }
}

#[test]
fn a_gallery_stripped_of_its_stamp_does_not_pass_for_one_of_an_earlier_version() {
    let folder = tempfile::tempdir().unwrap();
    for (name, seal, cancelable) in [("sealed", true, None), ("cancelable", false, Some(0))] {
        let path = folder.path().join(name);
        let gallery = create(&path, Wanted { seal, cancelable }, Some(&secret())).unwrap();
        enrol(&gallery, "ann", 1, "r1").unwrap();
        drop(gallery);
        edit(
            &path,
            "DROP TABLE attempt; DELETE FROM meta WHERE key IN ('state', 'stamp'); PRAGMA user_version = 1",
        );
        let refused = Gallery::open(&path, Some(&secret())).err();
        assert!(matches!(refused, Some(GalleryError::Secret { .. })), "{name}: {refused:?}");
    }
}

/// A copy of a gallery as it is now.
fn copy(path: &Path) -> PathBuf {
    let to = path.with_extension("copy");
    std::fs::copy(path, &to).unwrap();
    to
}

#[test]
fn an_older_copy_is_noticed_where_the_changes_are_counted_outside_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let (path, key) = (folder.path().join("g"), folder.path().join("k.key"));
    let open = || Gallery::open(&path, Some(&secret())).unwrap().counted_beside(&key);
    drop(sealed(&path));
    let gallery = open().unwrap();
    enrol(&gallery, "ann", 1, "r1").unwrap();
    // A rewritten file has its log in it.
    gallery.tidy().unwrap();
    let before = copy(&path);
    gallery.revoke(&subject("ann"), "", &mut rng()).unwrap();
    drop(gallery);
    open().unwrap();
    std::fs::copy(&before, &path).unwrap();
    let said = open().err().unwrap();
    assert!(matches!(said, GalleryError::OlderCopy { changes: 1, .. }), "{said}");
    assert!(said.to_string().contains("k.key.") && said.to_string().contains("remove"), "{said}");
    // Without the counter nobody can tell: the older copy is authentic.
    assert!(Gallery::open(&path, Some(&secret())).is_ok());
    // Another change on the older copy has the same number and another hash.
    enrol(&Gallery::open(&path, Some(&secret())).unwrap(), "eve", 3, "r3").unwrap();
    assert!(matches!(open().err(), Some(GalleryError::OlderCopy { changes: 2, .. })));
}

#[test]
fn a_lost_write_ahead_log_is_noticed_by_the_counter() {
    let folder = tempfile::tempdir().unwrap();
    let (path, key) = (folder.path().join("g"), folder.path().join("k.key"));
    drop(sealed(&path));
    let gallery = Gallery::open(&path, Some(&secret())).unwrap().counted_beside(&key).unwrap();
    // The log stays as long as somebody reads.
    let reader = Connection::open(&path).unwrap();
    reader.execute_batch("BEGIN; SELECT count(*) FROM person").unwrap();
    enrol(&gallery, "ann", 1, "r1").unwrap();
    let lost = copy(&path);
    drop(gallery);
    drop(reader);
    std::fs::copy(lost, &path).unwrap();
    let refused = Gallery::open(&path, Some(&secret())).unwrap().counted_beside(&key).err();
    assert!(matches!(refused, Some(GalleryError::OlderCopy { changes: 0, .. })), "{refused:?}");
}

#[test]
fn a_counter_that_cannot_be_kept_is_a_notice() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("g");
    drop(sealed(&path));
    let gallery = Gallery::open(&path, Some(&secret())).unwrap();
    let gallery = gallery.counted_beside(&folder.path().join("no/such/folder/k.key")).unwrap();
    assert!(gallery.notices()[0].contains("would not be noticed"), "{:?}", gallery.notices());
    enrol(&gallery, "ann", 1, "r1").unwrap();
}

#[test]
fn a_plain_gallery_put_in_a_sealed_one_s_place_is_not_opened_with_the_key() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("g");
    drop(plain(&path));
    let said = Gallery::open(&path, Some(&secret())).err().unwrap().to_string();
    assert!(said.contains("another file in its place"), "{said}");
}
