//! Identification: whose print is it? Closed set (the person is enrolled) and open set (perhaps not).

use std::collections::HashSet;

use ndarray::{ArrayView2, Axis};
use rayon::prelude::*;
use twinprint_comparison::check;
use twinprint_signal::Estimate;

use crate::PrintError;
use crate::blocks::{Blocks, SCORES};
use crate::bootstrap::draws::{Bootstrap, draw};
use crate::prints::distinct;
use crate::rule_of_30::TooFew;

/// One probe searched in one gallery.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Search {
    /// Subject whose probe was searched.
    pub subject: u32,
    /// Place of the own subject among the enrolled, from 1; equal scores of others count before it.
    pub rank: usize,
    /// Highest similarity with the own subject's templates.
    pub own: f32,
    /// Highest similarity with anybody else's templates.
    pub other: f32,
    /// Number of subjects enrolled.
    pub enrolled: usize,
}

/// Searches every probe in a gallery: `scores[templates, probes]`.
///
/// A subject with several templates counts with the best. Galleries of several folds are searched one by one and the
/// results joined: [`closed_set`] and [`open_set`] take them all. Every probe's subject must be enrolled, and at least
/// two subjects in all.
pub fn search(
    scores: ArrayView2<f32>,
    template_subject: &[u32],
    probe_subject: &[u32],
) -> Result<Vec<Search>, PrintError> {
    check(scores, "the score matrix")?;
    let lengths = [
        ("the templates", template_subject.len(), scores.nrows()),
        ("the probes", probe_subject.len(), scores.ncols()),
    ];
    for (what, labels, prints) in lengths {
        if labels != prints {
            return Err(PrintError::Labels { what, labels, prints });
        }
    }
    let subjects = distinct(template_subject);
    if subjects.len() < 2 {
        return Err(PrintError::Count {
            what: "the number of enrolled subjects",
            value: subjects.len(),
            least: 2,
            most: usize::MAX,
        });
    }
    let slots: Vec<usize> =
        template_subject.iter().map(|subject| subjects.partition_point(|known| known < subject)).collect();
    let mut best = vec![f32::NEG_INFINITY; subjects.len()];
    scores
        .axis_iter(Axis(1))
        .zip(probe_subject)
        .map(|(column, &subject)| {
            let own_slot = subjects.binary_search(&subject).map_err(|_| PrintError::UnknownLabel {
                what: "probe",
                other: "gallery",
                label: subject,
            })?;
            best.fill(f32::NEG_INFINITY);
            for (&score, &slot) in column.iter().zip(&slots) {
                best[slot] = best[slot].max(score);
            }
            let own = best[own_slot];
            best[own_slot] = f32::NEG_INFINITY;
            let rank = 1 + best.iter().filter(|&&score| score >= own).count();
            let other = best.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            Ok(Search { subject, rank, own, other, enrolled: subjects.len() })
        })
        .collect()
}

/// [`search`] of every probe in the gallery of its fold, block by block; probes of subjects without a template are left out.
pub(crate) fn search_blocks(blocks: &dyn Blocks) -> Result<Vec<Search>, PrintError> {
    let mut searches = Vec::new();
    for fold in 0..blocks.folds() {
        let sides = blocks.sides(fold);
        let enrolled: HashSet<u32> = sides.templates.iter().copied().collect();
        let at_once = (SCORES / sides.templates.len().max(1)).max(1);
        let places: Vec<usize> = (0..sides.probes.len()).step_by(at_once).collect();
        let of_block = |&first: &usize| {
            let last = (first + at_once).min(sides.probes.len());
            let known: Vec<usize> =
                (first..last).filter(|&probe| enrolled.contains(&sides.probes[probe])).collect();
            if known.is_empty() {
                return Ok(Vec::new());
            }
            let scores = blocks.scores(fold, 0..sides.templates.len(), first..last);
            let columns: Vec<usize> = known.iter().map(|probe| probe - first).collect();
            let scores = scores.select(Axis(1), &columns).mapv(|score| score as f32);
            let people: Vec<u32> = known.iter().map(|&probe| sides.probes[probe]).collect();
            search(scores.view(), sides.templates, &people)
        };
        let found: Vec<Result<Vec<Search>, PrintError>> = places.par_iter().map(of_block).collect();
        for found in found {
            searches.extend(found?);
        }
    }
    Ok(searches)
}

/// Closed-set identification: everybody probed is enrolled.
#[derive(Debug, Clone, PartialEq)]
pub struct ClosedSet {
    /// Share of probes whose own subject comes first, with the interval over probe subjects (galleries held fixed).
    pub rank1: Estimate,
    /// Cumulative match characteristic: share of probes whose own subject is among the first 1, 2, 3, … enrolled.
    pub cmc: Vec<Estimate>,
    /// Share of probes that guessing identifies: the mean of 1/enrolled.
    pub chance: f64,
    /// Number of probes searched.
    pub probes: usize,
}

/// Rank-1 rate and CMC of searched probes.
pub fn closed_set(searches: &[Search], bootstrap: &Bootstrap) -> Result<ClosedSet, PrintError> {
    bootstrap.validate()?;
    if searches.is_empty() {
        return Err(PrintError::Empty { what: "the list of searches" });
    }
    let count = searches.len() as f64;
    let most = searches.iter().map(|search| search.enrolled).max().unwrap_or(1);
    let cmc = cmc(searches, most, bootstrap);
    let chance = searches.iter().map(|search| 1.0 / search.enrolled as f64).sum::<f64>() / count;
    Ok(ClosedSet { rank1: cmc[0], cmc, chance, probes: searches.len() })
}

/// The share of probes whose own subject is among the first 1 to `most`, with intervals over probe subjects, all from the same draws.
fn cmc(searches: &[Search], most: usize, bootstrap: &Bootstrap) -> Vec<Estimate> {
    let subjects = distinct(&searches.iter().map(|search| search.subject).collect::<Vec<_>>());
    let mut ranks: Vec<Vec<usize>> = vec![Vec::new(); subjects.len()];
    for search in searches {
        ranks[subjects.partition_point(|&known| known < search.subject)].push(search.rank);
    }
    let shares = |weights: &[u16]| -> Vec<f64> {
        let (mut hits, mut all) = (vec![0.0; most], 0.0);
        for (ranks, &weight) in ranks.iter().zip(weights) {
            ranks.iter().for_each(|rank| hits[rank - 1] += f64::from(weight));
            all += f64::from(weight) * ranks.len() as f64;
        }
        let within = hits.iter().scan(0.0, |sum, here| {
            *sum += here;
            Some(*sum / all)
        });
        within.collect()
    };
    let resampled: Vec<Vec<f64>> = (0..bootstrap.replicates)
        .into_par_iter()
        .map(|replicate| shares(&draw(&mut bootstrap.generator(replicate), subjects.len())))
        .collect();
    let values = shares(&vec![1; subjects.len()]);
    let of_rank = |(place, &value): (usize, &f64)| {
        let resampled: Vec<f64> = resampled.iter().map(|shares| shares[place]).collect();
        bootstrap.rate(value, &resampled, subjects.len())
    };
    values.iter().enumerate().map(of_rank).collect()
}

/// Open-set identification at one false alarm rate.
#[derive(Debug, Clone, PartialEq)]
pub struct OpenSet {
    /// False alarm rate aimed at: share of searches for people not enrolled that return somebody.
    pub far: f64,
    /// False alarm rate reached, at most `far`.
    pub far_observed: f64,
    /// Lowest similarity that raises an alarm.
    pub threshold: f64,
    /// Detection and identification rate: share of enrolled people's searches that return them first and above the
    /// threshold, with the interval over probe subjects at this threshold; or why the searches do not resolve the false
    /// alarm rate.
    pub dir: Result<Estimate, TooFew>,
}

/// Detection and identification rate at a false alarm rate (Phillips, Grother and Micheals 2011).
///
/// Each probe is searched twice: with its own subject enrolled, and with the own subject left out of the gallery, which
/// makes it a person who is not enrolled. By the rule of 30 the rate is absent below 30/`far` searches.
pub fn open_set(searches: &[Search], far: f64, bootstrap: &Bootstrap) -> Result<OpenSet, PrintError> {
    bootstrap.validate()?;
    if !(far > 0.0 && far < 1.0) {
        return Err(crate::ScoreError::Rate { what: "the false alarm rate", value: far }.into());
    }
    if searches.is_empty() {
        return Err(PrintError::Empty { what: "the list of searches" });
    }
    let mut alarms: Vec<f32> = searches.iter().map(|search| search.other).collect();
    alarms.sort_unstable_by(f32::total_cmp);
    let allowed = ((far * alarms.len() as f64) * (1.0 + 1e-12)).floor() as usize;
    let rejected = alarms[alarms.len() - 1 - allowed.min(alarms.len() - 1)];
    let threshold = rejected.next_up();
    let raised = alarms.len() - alarms.partition_point(|&score| score < threshold);
    let resolved = TooFew { trials: alarms.len(), kind: "searches", what: "false alarm rate", rate: far };
    let found = |search: &Search| search.rank == 1 && search.own >= threshold;
    Ok(OpenSet {
        far,
        far_observed: raised as f64 / alarms.len() as f64,
        threshold: f64::from(threshold),
        dir: resolved.check().map(|()| rate_over_subjects(searches, found, bootstrap)),
    })
}

fn rate_over_subjects(searches: &[Search], hit: impl Fn(&Search) -> bool, bootstrap: &Bootstrap) -> Estimate {
    let labels: Vec<u32> = searches.iter().map(|search| search.subject).collect();
    let hits: Vec<bool> = searches.iter().map(hit).collect();
    bootstrap.share_of_hits(&labels, &hits)
}
