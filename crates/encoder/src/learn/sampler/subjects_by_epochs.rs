//! P subjects × K epochs (Hermans, Beyer, Leibe, 2017): K·P encodings give (K·P)²/2 pairs.
//!
//! References: `Hermans2017`.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::{Draw, EpochIndex};

/// Subjects drawn with replacement, so that a batch can have more slots than there are people.
pub(super) fn subjects(slots: usize, index: &EpochIndex, rng: &mut ChaCha8Rng) -> Vec<usize> {
    let people = index.cohort(rng);
    (0..slots).map(|_| people[rng.random_range(0..people.len())]).collect()
}

/// `epochs` epochs for each slot, going around the subject's recordings from a random one.
pub(super) fn fill(subjects: &[usize], epochs: usize, index: &EpochIndex, rng: &mut ChaCha8Rng) -> Draw {
    let mut draw = Draw { rows: Vec::new(), slot: Vec::new(), subject: Vec::new(), pairs: None };
    for (slot, &subject) in subjects.iter().enumerate() {
        let first = rng.random_range(0..index.recordings(subject));
        for k in 0..epochs {
            draw.rows.push(index.any(subject, first + k, rng));
            draw.slot.push(slot);
            draw.subject.push(subject);
        }
    }
    draw
}
