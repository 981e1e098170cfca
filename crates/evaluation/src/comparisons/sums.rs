//! Sums over trials, in all and by subject, for standard errors over subjects.

use std::convert::Infallible;

use crate::blocks::{Block, Blocks, in_order_of_fold};

/// Dense numbers for the subjects of all folds.
pub(super) struct People {
    subjects: Vec<u32>,
    /// Numbers of the subjects behind the templates and the probes of each fold.
    pub folds: Vec<(Vec<usize>, Vec<usize>)>,
}

impl People {
    pub fn of(blocks: &dyn Blocks) -> Self {
        let mut subjects = Vec::new();
        for fold in 0..blocks.folds() {
            subjects.extend(blocks.sides(fold).templates);
            subjects.extend(blocks.sides(fold).probes);
        }
        subjects.sort_unstable();
        subjects.dedup();
        let numbers = |side: &[u32]| -> Vec<usize> {
            side.iter().map(|subject| subjects.partition_point(|known| known < subject)).collect()
        };
        let folds = (0..blocks.folds()).map(|fold| blocks.sides(fold));
        let folds = folds.map(|sides| (numbers(sides.templates), numbers(sides.probes))).collect();
        Self { subjects, folds }
    }

    /// The number of subjects.
    pub fn len(&self) -> usize {
        self.subjects.len()
    }

    /// A subject's own number.
    pub fn subject(&self, number: usize) -> u32 {
        self.subjects[number]
    }
}

/// Sums of `K` values a trial, apart for non-mated trials (place 0) and mated ones (place 1).
pub(super) struct Sums<const K: usize> {
    /// Number of trials.
    pub count: [f64; 2],
    /// Over all trials.
    pub total: [[f64; K]; 2],
    /// For each subject, the number of trials in which it is enrolled or probed, and the sums over them.
    pub of_subject: [Vec<(f64, [f64; K])>; 2],
}

impl<const K: usize> Sums<K> {
    fn new(subjects: usize) -> Self {
        let of_subject = [vec![(0.0, [0.0; K]); subjects], vec![(0.0, [0.0; K]); subjects]];
        Self { count: [0.0; 2], total: [[0.0; K]; 2], of_subject }
    }

    /// Adds up `of(fold, score, mated)` over all trials, in their order.
    pub fn of(
        blocks: &dyn Blocks,
        people: &People,
        of: impl Fn(usize, f64, bool) -> [f64; K] + Sync,
    ) -> Self {
        let mut all = Self::new(people.len());
        for (fold, (templates, probes)) in people.folds.iter().enumerate() {
            let visit = |block: Block| {
                let mut sums = Self::new(people.len());
                for (row, &enrolled) in block.scores.outer_iter().zip(&templates[block.templates]) {
                    for (&score, &probed) in row.iter().zip(probes) {
                        let mated = enrolled == probed;
                        let values = of(fold, score, mated);
                        let kind = usize::from(mated);
                        sums.add(kind, enrolled, 1.0, &values);
                        if !mated {
                            sums.add(kind, probed, 1.0, &values);
                        }
                        sums.count[kind] += 1.0;
                        add(&mut sums.total[kind], &values);
                    }
                }
                sums
            };
            let take = |sums: Self| {
                for kind in 0..2 {
                    for (subject, (count, values)) in sums.of_subject[kind].iter().enumerate() {
                        all.add(kind, subject, *count, values);
                    }
                    all.count[kind] += sums.count[kind];
                    add(&mut all.total[kind], &sums.total[kind]);
                }
                Ok::<(), Infallible>(())
            };
            let Ok(()) = in_order_of_fold(blocks, fold, visit, take);
        }
        all
    }

    fn add(&mut self, kind: usize, subject: usize, count: f64, values: &[f64; K]) {
        let own = &mut self.of_subject[kind][subject];
        own.0 += count;
        add(&mut own.1, values);
    }

    /// The standard error of a number by the infinitesimal jackknife over subjects, given what a subject's trials of a kind add to
    /// it: `influence(kind, count, sums)`.
    pub fn standard_error(&self, influence: impl Fn(usize, f64, &[f64; K]) -> f64) -> f64 {
        let subjects = self.of_subject[0].len() as f64;
        let square: f64 = (0..self.of_subject[0].len())
            .map(|subject| {
                let of = |kind: usize| {
                    let (count, sums) = &self.of_subject[kind][subject];
                    influence(kind, *count, sums)
                };
                (of(0) + of(1)).powi(2)
            })
            .sum();
        (square * subjects / (subjects - 1.0)).sqrt()
    }
}

fn add<const K: usize>(sums: &mut [f64; K], values: &[f64; K]) {
    sums.iter_mut().zip(values).for_each(|(sum, value)| *sum += value);
}
