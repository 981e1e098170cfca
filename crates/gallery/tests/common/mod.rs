//! What the gallery's tests share.

#![allow(dead_code, reason = "each test file uses its part")]

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use ndarray::Array2;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use twinprint_gallery::{
    EncoderIdentity, Enrolled, Enrolment, Gallery, GalleryError, NewGallery, Secret, Source, Thresholds,
    Wanted,
};
use twinprint_signal::{FoldIndex, SubjectId};

pub const DIM: usize = 16;
pub const NOW: &str = "2026-01-02T03:04:05Z";

pub fn encoder() -> EncoderIdentity {
    EncoderIdentity {
        encoder: "e".repeat(64),
        plan: "p".repeat(64),
        dim: DIM,
        model: "/runs/one".to_owned(),
        fold: Some(FoldIndex(0)),
        channels: vec!["Cz".to_owned().into()],
        rate: 128.0,
        epoch_seconds: 2.0,
        version: "0".to_owned(),
    }
}

pub fn create(path: &Path, wanted: Wanted, secret: Option<&Secret>) -> Result<Gallery, GalleryError> {
    let new = NewGallery { encoder: encoder(), wanted, secret, now: NOW };
    Gallery::create(path, new, |_| Ok(Thresholds::none("a test")), &mut rng())
}

/// Random numbers that no other call gives.
pub fn rng() -> ChaCha20Rng {
    static CALLS: AtomicU64 = AtomicU64::new(0);
    ChaCha20Rng::seed_from_u64(CALLS.fetch_add(1, Ordering::Relaxed))
}

pub fn plain(path: &Path) -> Gallery {
    create(path, Wanted::default(), None).unwrap()
}

pub fn subject(name: &str) -> SubjectId {
    SubjectId::new(name).unwrap()
}

/// Prints about a direction of the person's own.
pub fn prints(person: usize, epochs: usize) -> Array2<f32> {
    let hash = |row: usize, column: usize| {
        let bytes = blake3::hash(format!("{person}/{row}/{column}").as_bytes());
        f32::from(bytes.as_bytes()[0]) / 255.0 - 0.5
    };
    Array2::from_shape_fn((epochs, DIM), |(row, column)| hash(usize::MAX, column) + 0.2 * hash(row, column))
}

pub fn request<'a>(name: &'a SubjectId, prints: &'a Array2<f32>, recording: &str) -> Enrolment<'a> {
    Enrolment {
        sources: vec![Source { name: format!("{recording}.edf"), samples: recording.to_owned() }],
        threshold: Some(0.9),
        ..Enrolment::new(name, prints.view(), NOW)
    }
}

pub fn enrol(
    gallery: &Gallery,
    name: &str,
    person: usize,
    recording: &str,
) -> Result<Enrolled, GalleryError> {
    gallery.enrol(&request(&subject(name), &prints(person, 5), recording), &mut rng())
}
