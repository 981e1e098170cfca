//! Standard errors of means of scores by the infinitesimal jackknife over subjects (Efron 1982), to which the bootstrap
//! over subjects converges. A subject's influence counts all its comparisons, as enrolled and as probe.

use crate::Scores;

/// Sums the influence of every trial on the subjects in it and gives the standard error.
fn standard_error(scores: &Scores, influence: impl Fn(usize, bool) -> f64) -> f64 {
    let subjects = scores.subjects();
    let number = |subject: u32| subjects.partition_point(|&known| known < subject);
    let mut sums = vec![0.0; subjects.len()];
    let people = scores.enrol_subject().iter().zip(scores.probe_subject());
    for (trial, (&enrol, &probe)) in people.enumerate() {
        let mated = enrol == probe;
        let value = influence(trial, mated);
        sums[number(enrol)] += value;
        if !mated {
            sums[number(probe)] += value;
        }
    }
    let count = subjects.len() as f64;
    (sums.iter().map(|sum| sum * sum).sum::<f64>() * count / (count - 1.0)).sqrt()
}

/// Mean and variance (divisor n) of the mated and of the non-mated scores.
fn moments(scores: &Scores, of: impl Fn(f64) -> f64) -> [(f64, f64, f64); 2] {
    let mut sums = [(0.0, 0.0, 0.0); 2];
    for (trial, &score) in scores.similarity().iter().enumerate() {
        let sum = &mut sums[usize::from(scores.is_mated(trial))];
        sum.0 += 1.0;
        sum.1 += of(score);
    }
    for sum in &mut sums {
        sum.1 /= sum.0;
    }
    for (trial, &score) in scores.similarity().iter().enumerate() {
        let sum = &mut sums[usize::from(scores.is_mated(trial))];
        sum.2 += (of(score) - sum.1).powi(2) / sum.0;
    }
    sums
}

/// Standard error of d′; not finite when nothing varies.
pub(crate) fn d_prime(scores: &Scores) -> f64 {
    let [non_mated, mated] = moments(scores, |score| score);
    let half = (mated.2 + non_mated.2) / 2.0;
    let d_prime = (mated.1 - non_mated.1) / half.sqrt();
    standard_error(scores, |trial, is_mated| {
        let (kind, sign) = if is_mated { (mated, 1.0) } else { (non_mated, -1.0) };
        let off = scores.similarity()[trial] - kind.1;
        // d′ = Δ/√h: dΔ/√h − d′·dh/(2h), with h the mean of the two variances.
        (sign * off / half.sqrt() - d_prime * (off * off - kind.2) / (4.0 * half)) / kind.0
    })
}

/// Standard error of half the sum of the two means of `of(score, mated)` over mated and over non-mated trials.
pub(crate) fn mean_of_means(scores: &Scores, of: impl Fn(f64, bool) -> f64) -> f64 {
    let mut sums = [(0.0, 0.0); 2];
    for (trial, &score) in scores.similarity().iter().enumerate() {
        let mated = scores.is_mated(trial);
        let sum = &mut sums[usize::from(mated)];
        sum.0 += 1.0;
        sum.1 += of(score, mated);
    }
    standard_error(scores, |trial, mated| {
        let (count, sum) = sums[usize::from(mated)];
        (of(scores.similarity()[trial], mated) - sum / count) / (2.0 * count)
    })
}
