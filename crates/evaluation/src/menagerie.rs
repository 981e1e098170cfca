//! Who carries the errors: whether a few people make most of them, as the goats of Doddington's menagerie do (Doddington,
//! Liggett, Martin, Przybocki, Reynolds, 1998).
//!
//! Reference: `DoddingtonMenagerie1998`.

use std::collections::BTreeMap;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// How often errors are dealt out anew over the comparisons.
const DEALS: usize = 1000;

/// How the false non-matches of a trial list are spread over the people of its probes.
#[derive(Debug, Clone, PartialEq)]
pub struct Concentration {
    /// False non-matches of each person who has any, most first; equal numbers in the order of their people.
    pub by_person: Vec<(u32, usize)>,
    /// People with mated comparisons.
    pub people: usize,
    /// The fewest people who together carry half of the false non-matches.
    pub carriers: usize,
    /// How many would carry half of them if every comparison were as likely to fail as any other: the mean over deals.
    pub expected: f64,
    /// How often a deal spreads them as unevenly or more, by the sum over people of squared errors per comparison, which is
    /// the chi-square statistic of people against outcomes but for constants. At least 1 / 1001.
    pub chance: f64,
}

/// How the false non-matches at `threshold` are spread over people; nothing where there are none. `mated` are all mated
/// comparisons: the person of each, and its similarity.
///
/// The test deals the errors out over all mated comparisons at random, `seed` drawing, and counts who carries them then. It
/// takes comparisons for independent of one another, which those of one person are not: it asks whether people differ, or
/// their recordings do, and not why.
///
/// ```
/// use twinprint_evaluation::concentration;
///
/// // Ten people with ten mated comparisons each; all ten of the first one's fail.
/// let mated: Vec<(u32, f64)> =
///     (0..100).map(|trial| (trial / 10, if trial < 10 { 0.1 } else { 0.9 })).collect();
/// let found = concentration(&mated, 0.5, 1).expect("there are errors");
/// assert_eq!((found.carriers, found.by_person[0]), (1, (0, 10)));
/// assert!(found.chance < 0.01 && found.expected > 2.0);
/// ```
pub fn concentration(mated: &[(u32, f64)], threshold: f64, seed: u64) -> Option<Concentration> {
    let mut owners = Vec::new();
    let mut errors: BTreeMap<u32, usize> = BTreeMap::new();
    let mut comparisons: BTreeMap<u32, usize> = BTreeMap::new();
    for &(person, similarity) in mated {
        owners.push(person);
        *comparisons.entry(person).or_default() += 1;
        *errors.entry(person).or_default() += usize::from(similarity < threshold);
    }
    let total: usize = errors.values().sum();
    if total == 0 {
        return None;
    }
    let people = errors.len();
    let unevenness = |by_person: &[(u32, usize)]| -> f64 {
        by_person.iter().map(|(person, count)| (count * count) as f64 / comparisons[person] as f64).sum()
    };
    let by_person = sorted(errors);
    let (carriers, found) = (half(&by_person, total), unevenness(&by_person));
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let (mut sum, mut as_uneven) = (0, 0);
    for _ in 0..DEALS {
        let dealt = sorted(deal(&mut owners, total, &mut rng));
        sum += half(&dealt, total);
        as_uneven += usize::from(unevenness(&dealt) >= found * (1.0 - 1e-12));
    }
    let expected = sum as f64 / DEALS as f64;
    let chance = (as_uneven + 1) as f64 / (DEALS + 1) as f64;
    Some(Concentration { by_person, people, carriers, expected, chance })
}

/// People with errors, most first.
fn sorted(errors: BTreeMap<u32, usize>) -> Vec<(u32, usize)> {
    let mut by_person: Vec<(u32, usize)> = errors.into_iter().filter(|(_, count)| *count > 0).collect();
    by_person.sort_by_key(|&(person, count)| (std::cmp::Reverse(count), person));
    by_person
}

/// The fewest people who hold half of `total` errors, of people sorted by theirs.
fn half(by_person: &[(u32, usize)], total: usize) -> usize {
    let sums = by_person.iter().scan(0, |sum, (_, count)| {
        *sum += count;
        Some(*sum)
    });
    1 + sums.take_while(|sum| 2 * sum < total).count()
}

/// Errors dealt to different comparisons: how many each person gets. `owners` is shuffled as far as it is drawn from.
fn deal(owners: &mut [u32], errors: usize, rng: &mut ChaCha8Rng) -> BTreeMap<u32, usize> {
    let mut counts: BTreeMap<u32, usize> = BTreeMap::new();
    for drawn in 0..errors {
        let chosen = rng.random_range(drawn as u64..owners.len() as u64) as usize;
        owners.swap(drawn, chosen);
        *counts.entry(owners[drawn]).or_default() += 1;
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    /// People with ten mated comparisons each, of which so many fail.
    fn mated(failures: &[usize]) -> Vec<(u32, f64)> {
        let trials = failures.iter().enumerate();
        let of = |(person, &failed): (usize, &usize)| {
            (0..10).map(move |trial| (person as u32, if trial < failed { 0.2 } else { 0.8 }))
        };
        trials.flat_map(of).collect()
    }

    #[test]
    fn errors_of_a_few_are_told_from_errors_of_everybody() {
        let few = concentration(&mated(&[9, 8, 0, 1, 0, 0, 1, 0, 0, 1]), 0.5, 3).unwrap();
        assert_eq!((few.carriers, few.people), (2, 10));
        assert_eq!(few.by_person[..2], [(0, 9), (1, 8)]);
        assert!(few.chance < 0.01, "{few:?}");
        let all = concentration(&mated(&[2; 10]), 0.5, 3).unwrap();
        assert_eq!(all.carriers, 5);
        assert!(all.chance > 0.5 && all.expected < 5.0, "{all:?}");
        assert_eq!(concentration(&mated(&[0; 10]), 0.5, 3), None);
    }

    #[test]
    fn where_nearly_every_comparison_fails_nobody_can_carry_more_than_their_own() {
        let found = concentration(&mated(&[10, 10, 10, 10, 10, 10, 10, 10, 10, 9]), 0.5, 3).unwrap();
        assert!((found.expected - 5.0).abs() < 1e-9 && found.chance > 0.99, "{found:?}");
    }
}
