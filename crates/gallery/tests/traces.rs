//! What is left of a person in the bytes on disk.

#![allow(clippy::panic, clippy::print_stderr, clippy::print_stdout, clippy::unwrap_used, reason = "tests")]

mod common;

use std::path::Path;

use common::{create, enrol, plain, prints, rng, subject};
use twinprint_gallery::{Gallery, GalleryError, Secret, Template, Wanted};

/// Whether any file of the gallery holds the bytes.
fn holds(path: &Path, bytes: &[u8]) -> bool {
    let folder = path.parent().unwrap();
    std::fs::read_dir(folder).unwrap().any(|entry| {
        let content = std::fs::read(entry.unwrap().path()).unwrap();
        content.windows(bytes.len()).any(|window| window == bytes)
    })
}

fn numbers(person: usize) -> Vec<u8> {
    let template = Template::of(prints(person, 5).view()).unwrap();
    template.mean().iter().flat_map(|x| x.to_le_bytes()).collect()
}

#[test]
fn a_revoked_person_s_bytes_are_gone_from_the_file_and_its_log() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("g");
    let gallery = plain(&path);
    for (person, name) in ["anna-lena", "bob", "carol"].into_iter().enumerate() {
        enrol(&gallery, name, person, &format!("recording-of-{name}")).unwrap();
    }
    let traces: [&[u8]; 3] = [b"anna-lena", &numbers(0), b"recording-of-anna-lena"];
    for trace in traces {
        assert!(holds(&path, trace), "the test must look for what is there");
    }
    let revoked = gallery.revoke(&subject("anna-lena"), common::NOW, &mut rng()).unwrap();
    assert_eq!((revoked.epochs, revoked.events, revoked.left), (5, 1, 2));
    for trace in traces {
        assert!(!holds(&path, trace), "{:?} is still there", String::from_utf8_lossy(trace));
    }
    assert!(holds(&path, &numbers(1)));
    assert!(matches!(gallery.person(&subject("anna-lena")), Err(GalleryError::Unknown { .. })));
    assert_eq!(gallery.log().unwrap().len(), 1);
    assert!(gallery.check().unwrap().iter().all(|finding| finding.passed));
}

#[test]
fn a_sealed_gallery_shows_no_name_no_template_and_no_recording() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("g");
    let secret = Secret::key_file(vec![1; 32]).unwrap();
    let gallery = create(&path, Wanted { seal: true, cancelable: None }, Some(&secret)).unwrap();
    enrol(&gallery, "anna-lena", 0, "recording-of-anna-lena").unwrap();
    for trace in [b"anna-lena" as &[u8], &numbers(0), b"recording-of", blake3::hash(b"anna-lena").as_bytes()]
    {
        assert!(!holds(&path, trace));
    }
    assert_eq!(gallery.person(&subject("anna-lena")).unwrap().template.epochs(), 5);
}

#[test]
fn a_cancelable_template_holds_none_of_the_prints_numbers() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("g");
    let secret = Secret::key_file(vec![1; 32]).unwrap();
    let gallery = create(&path, Wanted { seal: false, cancelable: Some(0) }, Some(&secret)).unwrap();
    enrol(&gallery, "ann", 0, "r1").unwrap();
    assert!(numbers(0).chunks(4).all(|number| !holds(&path, number) || number == [0; 4]));
}

#[test]
fn bytes_that_another_reader_keeps_alive_are_reported_and_tidied_later() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("g");
    let gallery = plain(&path);
    enrol(&gallery, "ann", 0, "r1").unwrap();
    let reader = rusqlite::Connection::open(&path).unwrap();
    reader.execute_batch("BEGIN; SELECT count(*) FROM person;").unwrap();
    {
        let mut names = reader.prepare("SELECT name FROM person").unwrap();
        names.query([]).unwrap().next().unwrap();
    }
    let told = gallery.revoke(&subject("ann"), "", &mut rng()).unwrap_err();
    assert!(told.to_string().contains("another process"), "{told}");
    reader.execute_batch("COMMIT").unwrap();
    drop(reader);
    gallery.tidy().unwrap();
    assert!(!holds(&path, &numbers(0)));
}

#[test]
fn a_changed_byte_in_a_sealed_record_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("g");
    let secret = || Secret::key_file(vec![1; 32]).unwrap();
    let gallery = create(&path, Wanted { seal: true, cancelable: None }, Some(&secret())).unwrap();
    enrol(&gallery, "ann", 0, "r1").unwrap();
    enrol(&gallery, "bob", 1, "r2").unwrap();
    drop(gallery);
    let database = rusqlite::Connection::open(&path).unwrap();
    // Bob's template under Ann's name.
    let swap = "UPDATE person SET template = (SELECT template FROM person WHERE id = 2) WHERE id = 1";
    database.execute(swap, []).unwrap();
    drop(database);
    assert!(matches!(Gallery::open(&path, Some(&secret())), Err(GalleryError::Altered { .. })));
    let findings = Gallery::examine(&path, Some(&secret())).unwrap();
    let wrong = |what: &str| findings.iter().any(|finding| finding.what == what && !finding.passed);
    assert!(wrong("records") && wrong("authentic"), "{findings:?}");
}
