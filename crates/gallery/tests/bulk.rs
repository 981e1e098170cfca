//! Enrolling many people: what a batch does is what one by one does, in one transaction.

#![allow(clippy::panic, clippy::print_stderr, clippy::print_stdout, clippy::unwrap_used, reason = "tests")]

mod common;

use common::{enrol, plain, prints, request, rng, subject};
use ndarray::Array2;
use twinprint_gallery::{Enrolled, Enrolment, Gallery, GalleryError, Person, Update};
use twinprint_signal::SubjectId;

/// Somebody to enrol: the name, whose prints they are, the recording, whether a refusal is overridden, and whether they are looked
/// for under other names.
struct Wish {
    name: SubjectId,
    prints: Array2<f32>,
    recording: String,
    update: Update,
    force: bool,
    looked_for: bool,
}

impl Wish {
    fn request(&self) -> Enrolment<'_> {
        let request = request(&self.name, &self.prints, &self.recording);
        let threshold = request.threshold.filter(|_| self.looked_for);
        Enrolment { update: self.update, force: self.force, threshold, ..request }
    }
}

/// Six hundred wishes with every kind of refusal among them, more than are compared at a time.
fn wishes() -> Vec<Wish> {
    let new = |at: usize| Wish {
        name: subject(&format!("new-{at}")),
        prints: prints(1000 + at, 3),
        recording: format!("n{at}"),
        update: Update::Refuse,
        force: false,
        looked_for: true,
    };
    let mut all: Vec<Wish> = (0..600).map(new).collect();
    // The same person under two names, close by and far apart, refused and forced.
    all[7].prints = prints(1005, 4);
    all[400].prints = prints(1011, 4);
    all[401] = Wish { prints: prints(1012, 4), force: true, ..new(401) };
    // A recording twice.
    all[20].recording = "n19".to_owned();
    all[450] = Wish { recording: "n21".to_owned(), force: true, ..new(450) };
    // People who are there: refused, appended, weighted, replaced; then somebody like the template that was moved.
    for (at, update) in
        [(30, Update::Refuse), (31, Update::Append), (32, Update::Weighted(0.5)), (33, Update::Replace)]
    {
        all[at] = Wish { name: subject(&format!("old-{at}")), prints: prints(at, 6), update, ..new(at) };
    }
    all[34] = Wish { prints: prints(31, 9), ..new(34) };
    all[33].prints = prints(7777, 3);
    all[35] = Wish { prints: prints(7777, 8), ..new(35) };
    // Whoever was replaced is no longer there to be met.
    all[36] = Wish { prints: prints(33, 8), ..new(36) };
    // Like somebody who is there, but nobody asks.
    all[60] = Wish { prints: prints(1005, 5), looked_for: false, ..new(60) };
    // No direction.
    all[50].prints = Array2::zeros((2, common::DIM));
    all
}

fn with_forty(path: &std::path::Path) -> Gallery {
    let gallery = plain(path);
    for person in 0..40 {
        enrol(&gallery, &format!("old-{person}"), person, &format!("o{person}")).unwrap();
    }
    gallery
}

fn told(outcome: &Result<Enrolled, GalleryError>) -> String {
    match outcome {
        Ok(enrolled) => {
            let nearest = enrolled.nearest.as_ref().map(|(who, score)| format!("{who} {score:.4}"));
            format!("{:?} {} {nearest:?} {:?}", enrolled.what, enrolled.epochs, enrolled.overridden)
        }
        Err(error) => error.to_string(),
    }
}

#[test]
fn a_batch_does_what_one_by_one_does() {
    let folder = tempfile::tempdir().unwrap();
    let (alone, together) = (with_forty(&folder.path().join("a")), with_forty(&folder.path().join("b")));
    let wishes = wishes();
    let one_by_one: Vec<String> =
        wishes.iter().map(|wish| told(&alone.enrol(&wish.request(), &mut rng()))).collect();
    let mut enroller = together.enroller();
    let mut batches = Vec::new();
    // The second batch meets what the first left in memory.
    for part in wishes.chunks(350) {
        let requests: Vec<Enrolment> = part.iter().map(Wish::request).collect();
        batches.extend(enroller.enrol(&requests, &mut rng()).unwrap().iter().map(told));
    }
    for (at, (one, other)) in one_by_one.iter().zip(&batches).enumerate() {
        assert_eq!(one, other, "wish {at}");
    }
    for at in [7, 20, 30, 34, 35, 50, 400] {
        let name = &wishes[at].name;
        assert!(together.person(name).is_err() || at == 30, "{name}: {}", batches[at]);
    }
    assert!(batches[36].starts_with("Enrolled"), "{}", batches[36]);
    assert_eq!(batches[60], "Enrolled 5 None []");
    assert!(batches[401].contains("matches new-12"), "{}", batches[401]);
    assert!(batches[450].contains("this recording is enrolled already"), "{}", batches[450]);
    let known = |gallery: &Gallery| -> Vec<Person> { gallery.people().unwrap() };
    assert_eq!(known(&alone), known(&together));
    assert!(together.check().unwrap().iter().all(|finding| finding.passed));
}

#[test]
fn what_another_process_enrolled_between_two_batches_is_seen() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("g");
    let gallery = with_forty(&path);
    let mut enroller = gallery.enroller();
    let (ann, first) = (subject("ann"), prints(500, 3));
    assert!(enroller.enrol(&[request(&ann, &first, "a")], &mut rng()).unwrap()[0].is_ok());
    let other = Gallery::open(&path, None).unwrap();
    enrol(&other, "bob", 600, "b").unwrap();
    let (eve, again) = (subject("eve"), prints(600, 7));
    let refused = enroller.enrol(&[request(&eve, &again, "e")], &mut rng()).unwrap().swap_remove(0);
    assert!(matches!(refused, Err(GalleryError::Duplicate { other, .. }) if other.as_str() == "bob"));
}

#[test]
fn a_batch_in_which_all_are_refused_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("g");
    let gallery = with_forty(&path);
    let before = gallery.people().unwrap();
    let (old, prints) = (subject("old-3"), prints(3, 3));
    let outcomes = gallery.enroller().enrol(&[request(&old, &prints, "x")], &mut rng()).unwrap();
    assert!(matches!(outcomes[0], Err(GalleryError::AlreadyEnrolled { .. })));
    assert_eq!(gallery.people().unwrap(), before);
}
