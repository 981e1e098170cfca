//! Sorting long lists of finite scores: dealt into buckets by value, then sorted bucket by bucket in the cache.

use std::cmp::Ordering;

use rayon::prelude::*;

/// Scores a bucket holds when they are spread evenly: as many as the first-level cache.
const BUCKET: usize = 4096;
/// Shorter lists are sorted at once.
const SHORT: usize = 8 * BUCKET;

/// Sorts finite scores, ascending. O(n log n) whatever their distribution; one more copy of the list while at work.
pub(crate) fn sort(scores: &mut [f64]) {
    if scores.len() <= SHORT {
        return sort_short(scores);
    }
    let Some(deal) = Deal::of(scores) else { return sort_short(scores) };
    let share = scores.len().div_ceil(rayon::current_num_threads());
    let parts: Vec<Dealt> = scores.par_chunks(share).map(|part| deal.deal(part)).collect();
    let mut rest = scores;
    let mut buckets = Vec::with_capacity(deal.buckets);
    for bucket in 0..deal.buckets {
        let size = parts.iter().map(|part| part.bucket(bucket).len()).sum();
        let (head, tail) = std::mem::take(&mut rest).split_at_mut(size);
        buckets.push(head);
        rest = tail;
    }
    let all = parts.iter().map(|part| part.scores.len()).sum::<usize>();
    buckets.into_par_iter().enumerate().for_each(|(bucket, slot)| {
        let mut filled = 0;
        for part in &parts {
            let scores = part.bucket(bucket);
            slot[filled..filled + scores.len()].copy_from_slice(scores);
            filled += scores.len();
        }
        // Where half of the list falls into one bucket, dealing does not help.
        if slot.len() > all / 2 { sort_short(slot) } else { sort(slot) }
    });
}

fn sort_short(scores: &mut [f64]) {
    scores.sort_unstable_by(|a, b| a.partial_cmp(b).unwrap_or(Ordering::Equal));
}

/// Which bucket a score belongs to: a rising function of the score.
struct Deal {
    low: f64,
    scale: f64,
    buckets: usize,
}

/// A part of the list, bucket by bucket.
struct Dealt {
    scores: Vec<f64>,
    ends: Vec<usize>,
}

impl Deal {
    /// Even buckets over the range of the scores; `None` where that range has no usable width.
    fn of(scores: &[f64]) -> Option<Self> {
        let bounds = |part: &[f64]| {
            part.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), &score| {
                (if score < low { score } else { low }, if score > high { score } else { high })
            })
        };
        let (low, high) = scores
            .par_chunks(1 << 16)
            .map(bounds)
            .reduce(|| (f64::INFINITY, f64::NEG_INFINITY), |a, b| (a.0.min(b.0), a.1.max(b.1)));
        let buckets = scores.len() / BUCKET;
        let scale = buckets as f64 / (high - low);
        (scale.is_finite() && scale > 0.0).then_some(Self { low, scale, buckets })
    }

    fn bucket(&self, score: f64) -> usize {
        (((score - self.low) * self.scale) as usize).min(self.buckets - 1)
    }

    fn deal(&self, part: &[f64]) -> Dealt {
        let mut ends = vec![0usize; self.buckets];
        for &score in part {
            ends[self.bucket(score)] += 1;
        }
        let mut sum = 0;
        for end in &mut ends {
            sum += *end;
            *end = sum - *end;
        }
        // Starts become ends while the buckets fill.
        let mut scores = vec![0.0; part.len()];
        for &score in part {
            let place = &mut ends[self.bucket(score)];
            scores[*place] = score;
            *place += 1;
        }
        Dealt { scores, ends }
    }
}

impl Dealt {
    fn bucket(&self, bucket: usize) -> &[f64] {
        let start = if bucket == 0 { 0 } else { self.ends[bucket - 1] };
        &self.scores[start..self.ends[bucket]]
    }
}

#[cfg(test)]
mod tests {
    use rand::RngExt;

    use super::*;
    use crate::Bootstrap;

    /// Sorted by the library as well, which must agree.
    fn agrees(mut scores: Vec<f64>, what: &str) {
        let mut expected = scores.clone();
        expected.sort_by(f64::total_cmp);
        sort(&mut scores);
        assert!(scores == expected, "{what}");
    }

    #[test]
    fn lists_of_any_distribution_are_sorted() {
        let mut generator = Bootstrap::default().generator(0);
        let count = 300_000;
        let mut draw = |map: &dyn Fn(f64) -> f64| -> Vec<f64> {
            (0..count).map(|_| map(generator.random::<f64>()) + 0.0).collect()
        };
        agrees(draw(&|x| x), "uniform");
        agrees(draw(&|x| x.powi(60)), "most of them close to one end");
        agrees(draw(&|x| (10.0 * x).floor()), "ten values");
        agrees(draw(&|x| if x < 0.7 { 0.5 } else { x }), "one value in most places");
        agrees(draw(&|_| -3.0), "one value");
        agrees(draw(&|x| (x - 0.5) * f64::MAX), "the widest range there is");
        agrees(draw(&|x| if x < 1e-4 { 1e300 * x } else { x }), "outliers far away");
        agrees(draw(&|x| f64::MIN_POSITIVE * x), "numbers close to zero");
        agrees((0..count).map(f64::from).collect(), "sorted already");
        agrees((0..count).map(|x| -f64::from(x)).collect(), "backwards");
        agrees(vec![], "nothing");
    }
}
