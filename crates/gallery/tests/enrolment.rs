//! Enrolling, updating, refusing.

#![allow(clippy::panic, clippy::print_stderr, clippy::print_stdout, clippy::unwrap_used, reason = "tests")]

mod common;

use common::{create, encoder, enrol, plain, prints, request, rng, subject};
use twinprint_gallery::{
    EncoderIdentity, Enrolment, Gallery, GalleryError, Happening, NewGallery, Secret, Template, Update,
    Wanted,
};
use twinprint_signal::FoldIndex;

#[test]
fn who_was_enrolled_is_found_again_after_reopening() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("g");
    let gallery = plain(&path);
    let enrolled = enrol(&gallery, "ann", 1, "r1").unwrap();
    assert_eq!((enrolled.what, enrolled.epochs), (Happening::Enrolled, 5));
    enrol(&gallery, "bob", 2, "r2").unwrap();
    drop(gallery);
    let gallery = Gallery::open(&path, None).unwrap();
    assert_eq!(gallery.encoder(), &encoder());
    let person = gallery.person(&subject("ann")).unwrap();
    let expected = Template::of(prints(1, 5).view()).unwrap();
    assert_eq!(person.template, expected);
    assert_eq!(person.events[0].sources[0].name, "r1.edf");
    let found = gallery.index().unwrap().search(prints(2, 1).view(), 2).unwrap();
    assert_eq!(found[0][0].subject.as_str(), "bob");
    assert!(gallery.check().unwrap().iter().all(|finding| finding.passed));
}

#[test]
fn update_policies_do_what_their_names_say() {
    let folder = tempfile::tempdir().unwrap();
    let gallery = plain(&folder.path().join("g"));
    let (ann, first, second) = (subject("ann"), prints(1, 4), prints(1, 8));
    gallery.enrol(&request(&ann, &first, "r1"), &mut rng()).unwrap();
    let update = |update, recording, prints| {
        gallery.enrol(&Enrolment { update, ..request(&ann, prints, recording) }, &mut rng())
    };
    assert!(matches!(
        update(Update::Refuse, "r2", &second),
        Err(GalleryError::AlreadyEnrolled { epochs: 4, .. })
    ));
    let appended = update(Update::Append, "r2", &second).unwrap();
    assert_eq!((appended.what, appended.epochs), (Happening::Appended, 12));
    let all = ndarray::concatenate(ndarray::Axis(0), &[first.view(), second.view()]).unwrap();
    let together = Template::of(all.view()).unwrap();
    assert!(gallery.person(&ann).unwrap().template.score(&together) > 1.0 - 1e-6);
    let third = prints(1, 2);
    let before = gallery.person(&ann).unwrap().template.mean().to_owned();
    update(Update::Weighted(0.25), "r3", &third).unwrap();
    let after = gallery.person(&ann).unwrap().template.mean().to_owned();
    let expected = 0.75 * &before + 0.25 * &Template::of(third.view()).unwrap().mean();
    assert!((&after - &expected).iter().all(|x| x.abs() < 1e-6));
    let other = prints(9, 3);
    let replaced = update(Update::Replace, "r4", &other).unwrap();
    assert_eq!((replaced.what, replaced.epochs), (Happening::Replaced, 3));
    assert_eq!(gallery.person(&ann).unwrap().events.len(), 4);
    for weight in [0.0, 1.0, -1.0, f64::NAN] {
        assert!(update(Update::Weighted(weight), "r5", &third).unwrap_err().to_string().contains("--weight"));
    }
}

#[test]
fn a_person_who_is_there_already_is_refused_unless_forced() {
    let folder = tempfile::tempdir().unwrap();
    let gallery = plain(&folder.path().join("g"));
    enrol(&gallery, "ann", 1, "r1").unwrap();
    let (eve, again) = (subject("eve"), prints(1, 7));
    let refused = gallery.enrol(&request(&eve, &again, "r2"), &mut rng()).unwrap_err();
    assert!(matches!(refused, GalleryError::Duplicate { .. }), "{refused}");
    assert!(refused.to_string().contains("ann") && refused.to_string().contains("--force"), "{refused}");
    assert_eq!(gallery.len().unwrap(), 1);
    let forced =
        gallery.enrol(&Enrolment { force: true, ..request(&eve, &again, "r2") }, &mut rng()).unwrap();
    assert!(forced.overridden[0].contains("matches ann"), "{forced:?}");
    assert!(gallery.person(&eve).unwrap().events[0].forced);
}

#[test]
fn the_same_recording_and_a_stranger_s_update_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let gallery = plain(&folder.path().join("g"));
    enrol(&gallery, "ann", 1, "r1").unwrap();
    let refused = enrol(&gallery, "bob", 2, "r1").unwrap_err();
    assert!(matches!(refused, GalleryError::SameRecording { .. }), "{refused}");
    let (ann, other) = (subject("ann"), prints(3, 5));
    let refused = gallery
        .enrol(&Enrolment { update: Update::Append, ..request(&ann, &other, "r3") }, &mut rng())
        .unwrap_err();
    assert!(matches!(refused, GalleryError::Stranger { .. }), "{refused}");
    assert_eq!(gallery.person(&ann).unwrap().events.len(), 1);
}

#[test]
fn unknown_people_bad_prints_and_other_encoders_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let gallery = plain(&folder.path().join("g"));
    enrol(&gallery, "Subject07", 1, "r1").unwrap();
    let said = gallery.person(&subject("sub-07")).unwrap_err().to_string();
    assert!(said.contains("sub-07") && said.contains("did you mean Subject07"), "{said}");
    let narrow = prints(1, 2).slice(ndarray::s![.., ..3]).to_owned();
    let said = gallery.enrol(&request(&subject("x"), &narrow, "r2"), &mut rng()).unwrap_err().to_string();
    assert!(said.contains("3 numbers") && said.contains("16"), "{said}");
    let other = EncoderIdentity { encoder: "f".repeat(64), fold: Some(FoldIndex(2)), ..encoder() };
    let said = gallery.check_encoder(&other).unwrap_err().to_string();
    assert!(said.contains("encoder: the gallery's is eeeeeeeeeeee, given is ffffffffffff"), "{said}");
    assert!(said.contains("fold: the gallery's is 0, given is 2"), "{said}");
    gallery.check_encoder(&EncoderIdentity { model: "moved".to_owned(), ..encoder() }).unwrap();
}

#[test]
fn prints_of_another_fold_are_refused_though_all_else_is_alike() {
    let folder = tempfile::tempdir().unwrap();
    let gallery = plain(&folder.path().join("g"));
    let said = gallery
        .check_encoder(&EncoderIdentity { fold: Some(FoldIndex(1)), ..encoder() })
        .unwrap_err()
        .to_string();
    assert!(said.contains("fold: the gallery's is 0, given is 1"), "{said}");
}

#[test]
fn files_that_are_no_gallery_are_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    assert!(matches!(Gallery::open(&at("none"), None), Err(GalleryError::Missing { .. })));
    std::fs::write(at("text"), "hello, this is no database at all").unwrap();
    assert!(Gallery::open(&at("text"), None).err().unwrap().to_string().contains("no gallery"));
    std::fs::write(at("empty"), "").unwrap();
    assert!(Gallery::open(&at("empty"), None).err().unwrap().to_string().contains("no gallery"));
    assert!(matches!(create(&at("text"), Wanted::default(), None), Err(GalleryError::Exists { .. })));
    assert_eq!(std::fs::read_to_string(at("text")).unwrap(), "hello, this is no database at all");
}

#[test]
fn a_gallery_that_cannot_be_made_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("g");
    let wanted = Wanted { seal: true, cancelable: None };
    assert!(create(&path, wanted, None).is_err());
    let new = NewGallery { encoder: encoder(), wanted: Wanted::default(), secret: None, now: "" };
    let refuse = |_: Option<&_>| Err(GalleryError::Prints("no thresholds".to_owned()));
    let failed = Gallery::create(&path, new, refuse, &mut rng());
    assert!(failed.is_err());
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn a_protected_gallery_opens_with_its_secret_alone_and_compares_as_a_plain_one() {
    let folder = tempfile::tempdir().unwrap();
    let secret = |byte| Secret::key_file(vec![byte; 40]).unwrap();
    let path = folder.path().join("g");
    let gallery = create(&path, Wanted { seal: true, cancelable: Some(0) }, Some(&secret(1))).unwrap();
    let plain = plain(&folder.path().join("plain"));
    for gallery in [&gallery, &plain] {
        enrol(gallery, "ann", 1, "r1").unwrap();
        enrol(gallery, "bob", 2, "r2").unwrap();
    }
    assert!(Gallery::open(&path, None).err().unwrap().to_string().contains("--key-file"));
    assert!(Gallery::open(&path, Some(&secret(2))).err().unwrap().to_string().contains("not this gallery's"));
    let score = |gallery: &Gallery| {
        let probe = Template::of(gallery.project(prints(1, 3).view()).unwrap().view()).unwrap();
        gallery.person(&subject("ann")).unwrap().template.score(&probe)
    };
    assert!((score(&gallery) - score(&plain)).abs() < 1e-5);
    let reissued = Gallery::open(&path, Some(&secret(1))).unwrap();
    drop(gallery);
    let before = reissued.person(&subject("ann")).unwrap().template;
    let reissued = reissued.reissue(&secret(2), common::NOW, &mut rng()).unwrap();
    assert!((score(&reissued) - score(&plain)).abs() < 1e-4);
    let after = reissued.person(&subject("ann")).unwrap();
    assert!(before.score(&after.template).abs() < 0.9, "the new template must not match the old");
    assert_eq!(after.events.len(), 2);
    drop(reissued);
    assert!(Gallery::open(&path, Some(&secret(1))).is_err());
    Gallery::open(&path, Some(&secret(2))).unwrap();
}

#[test]
fn a_gallery_that_keeps_fewer_dimensions_cannot_be_reissued() {
    let folder = tempfile::tempdir().unwrap();
    let secret = |byte| Secret::key_file(vec![byte; 40]).unwrap();
    let path = folder.path().join("g");
    let gallery = create(&path, Wanted { seal: false, cancelable: Some(8) }, Some(&secret(1))).unwrap();
    enrol(&gallery, "ann", 1, "r1").unwrap();
    let said = gallery.reissue(&secret(2), "", &mut rng()).err().unwrap().to_string();
    assert!(said.contains("8 of 16") && said.contains("enrol anew"), "{said}");
}
