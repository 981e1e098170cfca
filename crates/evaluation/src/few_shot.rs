//! N-way K-shot episodes: can a few prints tell new people apart? (Koch 2015; Vinyals et al. 2016)

use std::collections::BTreeMap;

use ndarray::{Array2, Axis};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use twinprint_closed::dot_products;
use twinprint_comparison::{norm, same_dimension, unit};
use twinprint_signal::Estimate;

use crate::PrintError;
use crate::bootstrap::draws::{Bootstrap, draw};
use crate::prints::{LabelledPrints, distinct};

/// Queries whose scores with all prototypes of an episode are computed at a time.
const ASKED: usize = 256;

/// How episodes are drawn.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Episodes {
    /// Subjects per episode, at least 2; `None` for all of a fold. Default `None`.
    pub ways: Option<usize>,
    /// Support prints per subject, at least 1. Default 1.
    pub shots: usize,
    /// Number of episodes, at least 1. Default 400, as many as in Koch 2015.
    pub episodes: usize,
    /// Seed of the draws. Default 0.
    pub seed: u64,
}

impl Default for Episodes {
    fn default() -> Self {
        Self { ways: None, shots: 1, episodes: 400, seed: 0 }
    }
}

/// The prints of one fold: support from enrolment recordings, queries from probe recordings, labels are subjects.
#[derive(Debug, Clone, Copy)]
pub struct Fold<'a> {
    /// Prints of enrolment recordings, which prototypes are made from.
    pub support: LabelledPrints<'a>,
    /// Prints of probe recordings, which are assigned to the nearest prototype.
    pub query: LabelledPrints<'a>,
}

/// What the episodes found.
#[derive(Debug, Clone, PartialEq)]
pub struct FewShot {
    /// Share of queries assigned to their subject, with the interval over episodes and subjects.
    pub accuracy: Estimate,
    /// Share of queries that guessing assigns right: the mean of 1/ways.
    pub chance: f64,
    /// Subjects per episode (the smallest, where folds differ in size and all are used).
    pub ways: usize,
    /// Support prints that each subject's prototype is the mean of.
    pub shots: usize,
    /// Number of episodes drawn, over all folds.
    pub episodes: usize,
}

/// Draws episodes, the folds taking turns, and classifies one query per subject by the most similar (cosine) mean of
/// the subject's support prints. A query equally similar to several counts as a share of a hit.
///
/// The interval resamples episodes and subjects independently (Owen 2007), which errs on the wide side.
pub fn episodes(folds: &[Fold], plan: &Episodes, bootstrap: &Bootstrap) -> Result<FewShot, PrintError> {
    bootstrap.validate()?;
    if plan.episodes == 0 {
        return Err(PrintError::Count {
            what: "the number of episodes",
            value: 0,
            least: 1,
            most: usize::MAX,
        });
    }
    if plan.shots == 0 {
        return Err(PrintError::Count { what: "shots", value: 0, least: 1, most: usize::MAX });
    }
    let folds = folds.iter().map(|fold| Prepared::new(fold, plan)).collect::<Result<Vec<_>, _>>()?;
    let Some(smallest) = folds.iter().map(|fold| fold.subjects.len()).min() else {
        return Err(PrintError::Empty { what: "the list of folds" });
    };
    let draws = Bootstrap { seed: plan.seed, ..Bootstrap::default() };
    let ways = |episode: usize| plan.ways.unwrap_or(folds[episode % folds.len()].subjects.len());
    let chance = (0..plan.episodes).map(|episode| 1.0 / ways(episode) as f64 / plan.episodes as f64).sum();
    let results: Vec<Vec<(u32, f64)>> = (0..plan.episodes)
        .into_par_iter()
        .map(|episode| {
            let fold = &folds[episode % folds.len()];
            fold.episode(ways(episode), plan.shots, &mut draws.generator(episode))
        })
        .collect();
    Ok(FewShot {
        accuracy: accuracy(&results, bootstrap),
        chance,
        ways: plan.ways.unwrap_or(smallest),
        shots: plan.shots,
        episodes: plan.episodes,
    })
}

/// Unit prints of a fold, with the rows of each subject.
struct Prepared {
    support: Array2<f32>,
    query: Array2<f32>,
    subjects: Vec<(u32, Vec<usize>, Vec<usize>)>,
}

impl Prepared {
    fn new(fold: &Fold, plan: &Episodes) -> Result<Self, PrintError> {
        fold.support.check("the support prints")?;
        fold.query.check("the query prints")?;
        same_dimension(fold.support.prints, fold.query.prints)?;
        let (mut support, query) = (rows(fold.support.labels), rows(fold.query.labels));
        // Subjects with too few support prints or no query cannot take part.
        support.retain(|subject, rows| rows.len() >= plan.shots && query.contains_key(subject));
        let subjects: Vec<_> = support
            .into_iter()
            .map(|(subject, rows)| (subject, rows, query.get(&subject).cloned().unwrap_or_default()))
            .collect();
        let ways = plan.ways.unwrap_or(subjects.len());
        if ways < 2 || ways > subjects.len() {
            return Err(PrintError::Count {
                what: "ways (subjects per episode)",
                value: ways,
                least: 2,
                most: subjects.len(),
            });
        }
        let support = unit(fold.support.prints, "the support prints")?;
        let query = unit(fold.query.prints, "the query prints")?;
        Ok(Self { support, query, subjects })
    }

    /// Subject and hit of each query of one episode.
    fn episode(&self, ways: usize, shots: usize, generator: &mut ChaCha8Rng) -> Vec<(u32, f64)> {
        let chosen = sample(generator, self.subjects.len(), ways);
        let mut prototypes = Array2::<f32>::zeros((ways, self.support.ncols()));
        let mut queries = Vec::with_capacity(ways);
        for (&subject, mut prototype) in chosen.iter().zip(prototypes.axis_iter_mut(Axis(0))) {
            let (_, support, query) = &self.subjects[subject];
            for shot in sample(generator, support.len(), shots) {
                prototype += &self.support.row(support[shot]);
            }
            queries.push(query[generator.random_range(0..query.len() as u64) as usize]);
        }
        // Opposite prints may cancel: such a prototype scores 0 with everything.
        for mut prototype in prototypes.axis_iter_mut(Axis(0)) {
            let length = norm(prototype.view()) as f32;
            if length > 1e-6 {
                prototype.mapv_inplace(|value| value / length);
            }
        }
        let mut hits = Vec::with_capacity(ways);
        let asked = self.query.select(Axis(0), &queries);
        for (first, block) in (0..ways).step_by(ASKED).zip(asked.axis_chunks_iter(Axis(0), ASKED)) {
            for (place, scores) in dot_products(block, prototypes.view()).outer_iter().enumerate() {
                let own = first + place;
                let best = scores.fold(f32::NEG_INFINITY, |best, &score| best.max(score));
                let equals = scores.iter().filter(|&&score| score == best).count() as f64;
                let hit = if scores[own] == best { 1.0 / equals } else { 0.0 };
                hits.push((self.subjects[chosen[own]].0, hit));
            }
        }
        hits
    }
}

/// The rows of every label, ascending.
fn rows(labels: &[u32]) -> BTreeMap<u32, Vec<usize>> {
    let mut rows: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
    for (row, &label) in labels.iter().enumerate() {
        rows.entry(label).or_default().push(row);
    }
    rows
}

/// `count` distinct numbers below `size`, in random order (Fisher and Yates).
fn sample(generator: &mut ChaCha8Rng, size: usize, count: usize) -> Vec<usize> {
    let mut numbers: Vec<usize> = (0..size).collect();
    for place in 0..count {
        let other = generator.random_range(place as u64..size as u64) as usize;
        numbers.swap(place, other);
    }
    numbers.truncate(count);
    numbers
}

fn accuracy(results: &[Vec<(u32, f64)>], bootstrap: &Bootstrap) -> Estimate {
    let queries: usize = results.iter().map(Vec::len).sum();
    let value = results.iter().flatten().map(|&(_, hit)| hit).sum::<f64>() / queries as f64;
    let subjects = distinct(&results.iter().flatten().map(|&(subject, _)| subject).collect::<Vec<_>>());
    let slots: Vec<Vec<(usize, f64)>> = results
        .iter()
        .map(|episode| {
            episode
                .iter()
                .map(|&(subject, hit)| (subjects.partition_point(|&known| known < subject), hit))
                .collect()
        })
        .collect();
    let values: Vec<f64> = (0..bootstrap.replicates)
        .into_par_iter()
        .filter_map(|replicate| {
            let mut generator = bootstrap.generator(replicate);
            let (of_subject, of_episode) =
                (draw(&mut generator, subjects.len()), draw(&mut generator, results.len()));
            let (mut hits, mut total) = (0.0, 0.0);
            for (episode, &times) in slots.iter().zip(&of_episode).filter(|(_, times)| **times > 0) {
                for &(subject, hit) in episode {
                    let weight = f64::from(times) * f64::from(of_subject[subject]);
                    hits += weight * hit;
                    total += weight;
                }
            }
            (total > 0.0).then(|| hits / total)
        })
        .collect();
    bootstrap.rate(value, &values, subjects.len())
}
