//! Deals people into folds and roles, the same way for the same seed.

use std::collections::BTreeMap;

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use twinprint_signal::SubjectId;

/// People by stratum; one unnamed stratum when nothing is stratified.
pub(crate) type Strata = BTreeMap<String, Vec<SubjectId>>;

/// One independent stream of draws for each purpose, so that asking for one does not disturb another.
fn draws(seed: u64, stream: u64) -> ChaCha8Rng {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(stream);
    rng
}

/// Deals everybody into `folds` groups whose sizes differ by at most one, in total and within every stratum.
pub(crate) fn folds(strata: &Strata, folds: usize, seed: u64) -> Vec<Vec<SubjectId>> {
    let mut rng = draws(seed, 0);
    let mut dealt = vec![Vec::new(); folds];
    let mut next = 0;
    for people in strata.values() {
        let mut people = people.clone();
        people.sort();
        people.shuffle(&mut rng);
        for subject in people {
            dealt[next % folds].push(subject);
            next += 1;
        }
    }
    for fold in &mut dealt {
        fold.sort();
    }
    dealt
}

/// Puts people in a random order any beginning of which has nearly the mix of strata of the whole.
pub(crate) fn mixed_order(strata: &Strata, fold: usize, seed: u64) -> Vec<SubjectId> {
    let mut rng = draws(seed, 1 + fold as u64);
    let mut placed = Vec::new();
    for (stratum, people) in strata.values().enumerate() {
        let mut people = people.clone();
        people.sort();
        people.shuffle(&mut rng);
        let count = people.len() as f64;
        placed.extend(
            people.into_iter().enumerate().map(|(rank, who)| ((rank as f64 + 0.5) / count, stratum, who)),
        );
    }
    placed.sort_by(|a, b| a.0.total_cmp(&b.0).then_with(|| a.1.cmp(&b.1)));
    placed.into_iter().map(|(_, _, subject)| subject).collect()
}
