//! Whole-curve metrics: AUC, d′, detection cost and log-likelihood-ratio cost.

use crate::ScoreError;
use crate::sorted_scores::SortedScores;

/// Prior of a mated comparison in the detection cost that is reported.
pub(crate) const REPORTED_PRIOR: f64 = 0.01;

impl SortedScores {
    /// Area under the ROC curve: the probability that a mated score exceeds a non-mated one, ties counted half
    /// (Mann and Whitney 1947). 0 to 1; 0.5 for chance.
    pub fn auc(&self) -> f64 {
        // Twice the number of pairs won, so that ties stay whole numbers.
        let mut won: u128 = 0;
        let mut corners = self.corners();
        let Some(mut before) = corners.next() else { return 0.5 };
        for cut in corners {
            let mated = (cut.mated_below - before.mated_below) as u128;
            won += mated * (before.non_mated_below + cut.non_mated_below) as u128;
            before = cut;
        }
        won as f64 / (2.0 * self.mated.len() as f64 * self.non_mated.len() as f64)
    }

    /// Sensitivity index d′ = (mean mated − mean non-mated) / √((variance mated + variance non-mated) / 2)
    /// (Green and Swets 1966), with variances of divisor n. `None` when neither kind of score varies.
    ///
    /// For Gaussian scores of equal variance EER = Φ(−d′/2).
    pub fn d_prime(&self) -> Option<f64> {
        let (mean_mated, variance_mated) = mean_and_variance(&self.mated);
        let (mean_non_mated, variance_non_mated) = mean_and_variance(&self.non_mated);
        let deviation = ((variance_mated + variance_non_mated) / 2.0).sqrt();
        let d_prime = (mean_mated - mean_non_mated) / deviation;
        (deviation > 0.0 && d_prime.is_finite()).then_some(d_prime)
    }

    /// Least detection cost over all thresholds, `prior·FNMR + (1 − prior)·FMR`, divided by the cost of the better
    /// decision without a score, `min(prior, 1 − prior)` (Martin and Przybocki 2000; both errors cost 1). 0 to 1.
    /// `prior` is that of a mated comparison, usually 0.01.
    ///
    /// # Errors
    /// When `prior` does not lie strictly between 0 and 1.
    pub fn min_dcf(&self, prior: f64) -> Result<f64, ScoreError> {
        if !(prior > 0.0 && prior < 1.0) {
            return Err(ScoreError::Rate { what: "the prior of a mated comparison", value: prior });
        }
        let (mated, non_mated) = (self.mated.len() as f64, self.non_mated.len() as f64);
        let cost = |fnmr: f64, fmr: f64| prior * fnmr + (1.0 - prior) * fmr;
        let least = self
            .corners()
            .map(|cut| cost(cut.mated_below as f64 / mated, 1.0 - cut.non_mated_below as f64 / non_mated))
            .fold(f64::INFINITY, f64::min);
        Ok((least / prior.min(1.0 - prior)).min(1.0))
    }

    /// Cost of scores that are natural-log likelihood ratios, in bits (Brümmer and du Preez 2006); 0 is perfect, 1 is the
    /// worth of no score at all, more is misleading. Only meaningful after calibration.
    pub fn cllr(&self) -> f64 {
        let mean = |scores: &[f64], sign: f64| {
            scores.iter().map(|&score| softplus(sign * score)).sum::<f64>() / scores.len() as f64
        };
        (mean(&self.mated, -1.0) + mean(&self.non_mated, 1.0)) / (2.0 * std::f64::consts::LN_2)
    }

    /// Cllr after the best increasing map of the scores, found by pool-adjacent-violators (Brümmer and du Preez 2006).
    /// 0 to 1; depends on the order of the scores only.
    pub fn min_cllr(&self) -> f64 {
        let below = self.corners().map(|cut| (cut.mated_below as f64, cut.non_mated_below as f64));
        isotonic_cost(below)
    }
}

/// Cost in bits after the best increasing map, from the weights of mated and non-mated comparisons below each cut, cuts
/// ascending from "nothing below" to "everything below".
pub(crate) fn isotonic_cost(below: impl Iterator<Item = (f64, f64)>) -> f64 {
    let (pools, (mated, non_mated)) = pooled(below);
    let cost: f64 = pools
        .iter()
        .map(|&(mated_here, non_mated_here)| {
            let odds = (mated_here / mated) / (non_mated_here / non_mated);
            let mated_cost = if mated_here > 0.0 { mated_here / mated * odds.recip().ln_1p() } else { 0.0 };
            let non_mated_cost =
                if non_mated_here > 0.0 { non_mated_here / non_mated * odds.ln_1p() } else { 0.0 };
            mated_cost + non_mated_cost
        })
        .sum();
    cost / (2.0 * std::f64::consts::LN_2)
}

/// Mated and non-mated weights of the pools within which the isotonic regression is constant, scores ascending, and the
/// weights of all comparisons.
fn pooled(mut below: impl Iterator<Item = (f64, f64)>) -> (Vec<(f64, f64)>, (f64, f64)) {
    let mut pools: Vec<(f64, f64)> = Vec::new();
    let mut before = below.next().unwrap_or_default();
    for cut in below {
        let mut pool = (cut.0 - before.0, cut.1 - before.1);
        before = cut;
        if pool == (0.0, 0.0) {
            continue;
        }
        // Pools must have a rising share of mated scores; neighbours that do not are one pool.
        while let Some(&(mated, non_mated)) = pools.last()
            && mated * pool.1 >= pool.0 * non_mated
        {
            pool = (pool.0 + mated, pool.1 + non_mated);
            pools.pop();
        }
        pools.push(pool);
    }
    (pools, before)
}

/// ln(1 + e^x) without overflow.
pub(crate) fn softplus(x: f64) -> f64 {
    x.max(0.0) + (-x.abs()).exp().ln_1p()
}

fn mean_and_variance(values: &[f64]) -> (f64, f64) {
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    // A constant list must have variance 0 to the last bit.
    if values.first() == values.last() {
        return (mean, 0.0);
    }
    (mean, values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / count)
}
