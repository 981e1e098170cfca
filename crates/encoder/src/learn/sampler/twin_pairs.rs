//! Twin pairs as Bromley et al. (1993) and Koch et al. (2015) train on them: one comparison for two encodings.
//!
//! References: `Bromley1993`, `Koch2015`.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::{Draw, EpochIndex};

/// `pairs` pairs, by turns of one person (across recordings where they have several) and of two people.
pub(super) fn draw(pairs: usize, index: &EpochIndex, rng: &mut ChaCha8Rng) -> Draw {
    let people = index.cohort(rng);
    let mut draw = Draw { rows: Vec::new(), slot: Vec::new(), subject: Vec::new(), pairs: None };
    for pair in 0..pairs {
        let place = rng.random_range(0..people.len());
        let other = match pair % 2 {
            0 => place,
            _ => (place + rng.random_range(1..people.len())) % people.len(),
        };
        let (left, right) = (people[place], people[other]);
        let recording = rng.random_range(0..index.recordings(left));
        for (subject, recording) in [(left, recording), (right, recording + 1)] {
            draw.rows.push(index.any(subject, recording, rng));
            // Pairs of one person share a slot, so that a virtual subject keeps them together.
            draw.slot.push(if subject == left { 2 * pair } else { 2 * pair + 1 });
            draw.subject.push(subject);
        }
    }
    draw.pairs = Some((0..pairs).map(|pair| (2 * pair, 2 * pair + 1)).collect());
    draw
}
