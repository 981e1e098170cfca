//! How far two galleries under different keys can be told to hold the same people.
//!
//! The measure is that of Gomez-Barrero, Galbally, Rathgeb and Busch (IEEE Transactions on Information Forensics and Security
//! 13(6), 2018): 0 where scores across keys say nothing about who is who, 1 where they say all.

use ndarray::{Array2, ArrayView2};
use serde::{Deserialize, Serialize};

/// What an attacker with both galleries and neither key can tell.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Linkage {
    /// The global measure, 0 (unlinkable) to 1 (fully linkable).
    pub d_sys: f64,
    /// The same with the people shuffled: how much of it is chance at this number of scores.
    pub d_sys_chance: f64,
    /// Cross-key comparisons of the same person.
    pub mated: usize,
    /// Cross-key comparisons of two people.
    pub non_mated: usize,
}

/// The global measure from scores across keys, of one person and of two; `None` when a side is empty.
///
/// Densities are histograms over the common range with one bin a hundred scores of the smaller side, 5 to 50.
pub fn linkage(mated: &[f64], non_mated: &[f64]) -> Option<Linkage> {
    let d_sys = measure(mated, non_mated)?;
    // Chance: every k-th of all scores, in order of value, plays the mated ones.
    let mut all: Vec<f64> = mated.iter().chain(non_mated).copied().collect();
    all.sort_by(f64::total_cmp);
    let mut order: Vec<usize> = (0..all.len()).collect();
    order.sort_by_key(|&at| blake3::hash(&(at as u64).to_le_bytes()).as_bytes()[..8].to_vec());
    let (first, rest) = order.split_at(mated.len());
    let pick = |rows: &[usize]| rows.iter().map(|&at| all[at]).collect::<Vec<f64>>();
    let d_sys_chance = measure(&pick(first), &pick(rest))?;
    Some(Linkage { d_sys, d_sys_chance, mated: mated.len(), non_mated: non_mated.len() })
}

fn measure(mated: &[f64], non_mated: &[f64]) -> Option<f64> {
    if mated.is_empty() || non_mated.is_empty() {
        return None;
    }
    let both = || mated.iter().chain(non_mated).copied();
    let (low, high) = (both().fold(f64::INFINITY, f64::min), both().fold(f64::NEG_INFINITY, f64::max));
    let bins = (mated.len().min(non_mated.len()) / 100).clamp(5, 50);
    let width = ((high - low) / bins as f64).max(f64::MIN_POSITIVE);
    let share = |scores: &[f64]| {
        let mut shares = vec![0.0; bins];
        for score in scores {
            shares[(((score - low) / width) as usize).min(bins - 1)] += 1.0 / scores.len() as f64;
        }
        shares
    };
    let (mated, non_mated) = (share(mated), share(non_mated));
    // D(s) = 2 LR / (1 + LR) - 1 where the likelihood ratio exceeds 1, else 0; weighted by the mated density.
    let parts =
        mated.iter().zip(&non_mated).map(|(&m, &n)| if m > n { m * (2.0 * m / (m + n) - 1.0) } else { 0.0 });
    Some(parts.sum())
}

/// The share of people that an attacker pairs rightly who holds two galleries of the same templates under different keys.
///
/// An orthogonal projection keeps every angle between the templates of one gallery. So each template is described by its
/// sorted similarities to all others of its gallery, and paired with the most similar description in the other. Rows are the
/// same people in the same order; `[people, dim]` each.
pub fn set_linkage(first: ArrayView2<'_, f32>, second: ArrayView2<'_, f32>) -> f64 {
    let (first, second) = (profiles(first), profiles(second));
    let people = first.nrows();
    let right = (0..people).filter(|&person| {
        let distance = |other: usize| (&first.row(person) - &second.row(other)).mapv(|x| x * x).sum();
        (0..people).min_by(|&a, &b| distance(a).total_cmp(&distance(b))) == Some(person)
    });
    right.count() as f64 / people.max(1) as f64
}

fn profiles(templates: ArrayView2<'_, f32>) -> Array2<f32> {
    let lengths = templates.map_axis(ndarray::Axis(1), |row| row.dot(&row).sqrt().max(f32::MIN_POSITIVE));
    let mut profiles = templates.dot(&templates.t());
    for ((row, column), value) in profiles.indexed_iter_mut() {
        *value /= lengths[row] * lengths[column];
    }
    for mut row in profiles.rows_mut() {
        let mut sorted = row.to_vec();
        sorted.sort_by(f32::total_cmp);
        row.iter_mut().zip(sorted).for_each(|(to, from)| *to = from);
    }
    profiles
}

#[cfg(test)]
mod tests {
    use rand_chacha::ChaCha20Rng;
    use rand_chacha::rand_core::SeedableRng;
    use rand_distr::{Distribution, StandardNormal};

    use super::*;
    use crate::Projection;

    fn normal(count: usize, mean: f64, seed: u8) -> Vec<f64> {
        let mut rng = ChaCha20Rng::from_seed([seed; 32]);
        (0..count).map(|_| mean + Distribution::<f64>::sample(&StandardNormal, &mut rng)).collect()
    }

    #[test]
    fn equal_scores_are_unlinkable_and_separate_ones_fully_linkable() {
        let same = linkage(&normal(4000, 0.0, 1), &normal(40_000, 0.0, 2)).unwrap();
        assert!(same.d_sys < 0.08, "{same:?}");
        let apart = linkage(&normal(4000, 30.0, 1), &normal(4000, 0.0, 2)).unwrap();
        assert!((apart.d_sys - 1.0).abs() < 1e-9, "{apart:?}");
        assert!(apart.d_sys_chance < 0.2, "{apart:?}");
        assert_eq!(linkage(&[], &[1.0]), None);
    }

    #[test]
    fn two_galleries_of_the_same_templates_are_linked_by_their_angles() {
        let mut rng = ChaCha20Rng::from_seed([3; 32]);
        let prints = Array2::from_shape_simple_fn((20, 64), || StandardNormal.sample(&mut rng));
        let under = |seed, kept| Projection::from_seed([seed; 32], 64, kept).apply(prints.view());
        assert_eq!(set_linkage(under(1, 64).view(), under(2, 64).view()), 1.0);
        assert!(set_linkage(under(1, 8).view(), under(2, 8).view()) < 0.6);
    }
}
