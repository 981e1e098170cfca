//! Calibration: scores to log likelihood ratios by logistic regression.

use serde::{Deserialize, Serialize};

use crate::metrics::softplus;
use crate::{ScoreError, Scores};

/// The map score ↦ `slope`·score + `intercept`, a natural-log likelihood ratio.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Calibration {
    /// Log likelihood ratio per unit of score.
    pub slope: f64,
    /// Log likelihood ratio at score 0.
    pub intercept: f64,
}

impl Calibration {
    /// Fits the map on development scores: logistic regression in which mated and non-mated comparisons weigh the same
    /// in sum, so that the fit gives likelihood ratios whatever their numbers (Brümmer and du Preez 2006).
    ///
    /// The targets are (n+1)/(n+2) instead of 1 (Platt 1999), so that separable scores have a finite answer.
    pub fn fit(dev: &Scores) -> Result<Self, ScoreError> {
        let trials =
            || dev.similarity().iter().enumerate().map(|(trial, &score)| (score, dev.is_mated(trial), 1.0));
        Ok(Self::fit_counted(trials, [dev.non_mated() as f64, dev.mated() as f64]))
    }

    /// [`Calibration::fit`] to scores, each with whether it is mated and how often it stands there; `kinds` are the numbers of
    /// non-mated and of mated ones.
    pub(crate) fn fit_counted<I: Iterator<Item = Counted>>(
        trials: impl Fn() -> I + Copy,
        kinds: [f64; 2],
    ) -> Self {
        let count = kinds[0] + kinds[1];
        let mean = trials().map(|(score, _, times)| times * score).sum::<f64>() / count;
        let variance = trials().map(|(score, _, times)| times * (score - mean).powi(2)).sum::<f64>() / count;
        if variance <= f64::EPSILON * mean * mean {
            return Self { slope: 0.0, intercept: 0.0 };
        }
        let scale = variance.sqrt();
        let (slope, intercept) = newton(trials, kinds, mean, scale);
        Self { slope: slope / scale, intercept: intercept - slope * mean / scale }
    }

    /// Natural-log likelihood ratio of one score.
    pub fn log_likelihood_ratio(&self, score: f64) -> f64 {
        self.slope * score + self.intercept
    }

    /// The same trials with log likelihood ratios for scores.
    pub fn apply(&self, scores: &Scores) -> Result<Scores, ScoreError> {
        let mapped = scores.similarity().iter().map(|&score| self.log_likelihood_ratio(score)).collect();
        scores.with_similarity(mapped)
    }
}

/// A score, whether it is mated, and how often it stands there.
type Counted = (f64, bool, f64);

/// Newton's method with step halving on standardised scores; the loss is convex.
fn newton<I: Iterator<Item = Counted>>(
    trials: impl Fn() -> I + Copy,
    kinds: [f64; 2],
    mean: f64,
    scale: f64,
) -> (f64, f64) {
    let loss = |slope: f64, intercept: f64| {
        let mut sum = 0.0;
        for (score, mated, times) in trials() {
            let (weight, target) = weight_and_target(kinds, mated);
            let x = slope * (score - mean) / scale + intercept;
            sum += times * weight * (target * softplus(-x) + (1.0 - target) * softplus(x));
        }
        sum
    };
    let (mut slope, mut intercept) = (0.0, 0.0);
    let mut current = loss(slope, intercept);
    for _ in 0..100 {
        let ([g0, g1], [h00, h01, h11]) = derivatives(trials(), kinds, mean, scale, slope, intercept);
        let determinant = h00 * h11 - h01 * h01;
        if determinant <= 0.0 {
            break;
        }
        let step = ((h11 * g0 - h01 * g1) / determinant, (h00 * g1 - h01 * g0) / determinant);
        let mut share = 1.0;
        let improved = loop {
            let next = loss(slope - share * step.0, intercept - share * step.1);
            if next <= current {
                break Some(next);
            }
            share /= 2.0;
            if share < 1e-10 {
                break None;
            }
        };
        let Some(next) = improved else { break };
        slope -= share * step.0;
        intercept -= share * step.1;
        let done = current - next < 1e-14;
        current = next;
        if done {
            break;
        }
    }
    (slope, intercept)
}

fn weight_and_target([non_mated, mated]: [f64; 2], is_mated: bool) -> (f64, f64) {
    if is_mated {
        (0.5 / mated, (mated + 1.0) / (mated + 2.0))
    } else {
        (0.5 / non_mated, 1.0 / (non_mated + 2.0))
    }
}

/// Gradient and Hessian of the weighted logistic loss in (slope, intercept).
fn derivatives(
    trials: impl Iterator<Item = Counted>,
    kinds: [f64; 2],
    mean: f64,
    scale: f64,
    slope: f64,
    intercept: f64,
) -> ([f64; 2], [f64; 3]) {
    let (mut gradient, mut hessian) = ([0.0; 2], [0.0; 3]);
    for (score, mated, times) in trials {
        let (weight, target) = weight_and_target(kinds, mated);
        let weight = times * weight;
        let x = (score - mean) / scale;
        let probability = 1.0 / (1.0 + (-(slope * x + intercept)).exp());
        let slack = weight * (probability - target);
        let curvature = weight * probability * (1.0 - probability);
        gradient[0] += slack * x;
        gradient[1] += slack;
        hessian[0] += curvature * x * x;
        hessian[1] += curvature * x;
        hessian[2] += curvature;
    }
    (gradient, hessian)
}
