//! Trials computed block by block against the same trials laid out.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::ops::Range;

use ndarray::Array2;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};
use twinprint_evaluation::{Blocks, Bootstrap, Comparisons, Estimate, Sides, in_order, trials};

/// Folds of people with two templates and some probes each; all scores laid out.
struct Cohort {
    templates: Vec<Vec<u32>>,
    probes: Vec<Vec<u32>>,
    scores: Vec<Array2<f64>>,
}

impl Cohort {
    /// `people` a fold, each with `each` probes; a score is the sum of what is particular to the enrolled, to the probed and to the
    /// trial, rounded to 32 bits as scores of prints are. Templates of a subject stand together.
    fn new(seed: u64, folds: usize, people: usize, each: usize, d: f64) -> Self {
        let mut generator = ChaCha8Rng::seed_from_u64(seed);
        let mut normal = || -> f64 { StandardNormal.sample(&mut generator) };
        let (mut templates, mut probes, mut scores) = (Vec::new(), Vec::new(), Vec::new());
        for fold in 0..folds {
            let who = |each: usize| -> Vec<u32> {
                (0..people * each).map(|place| 7 * (fold * people + place / each) as u32).collect()
            };
            let (own, others) = (who(2), who(each));
            let of_enrolled: Vec<f64> = (0..people).map(|_| 0.4 * normal()).collect();
            let of_probed: Vec<f64> = (0..people).map(|_| 0.4 * normal()).collect();
            let of_mated: Vec<f64> = (0..people).map(|_| 0.6 * normal()).collect();
            scores.push(Array2::from_shape_fn((own.len(), others.len()), |(row, column)| {
                let (i, j) = (row / 2, column / each);
                let effect = if i == j { d + of_mated[i] } else { of_enrolled[i] + of_probed[j] };
                f64::from((effect + 0.8 * normal()) as f32)
            }));
            templates.push(own);
            probes.push(others);
        }
        Self { templates, probes, scores }
    }
}

impl Blocks for Cohort {
    fn folds(&self) -> usize {
        self.scores.len()
    }

    fn sides(&self, fold: usize) -> Sides<'_> {
        Sides { templates: &self.templates[fold], probes: &self.probes[fold] }
    }

    fn scores(&self, fold: usize, templates: Range<usize>, probes: Range<usize>) -> Array2<f64> {
        self.scores[fold].slice(ndarray::s![templates, probes]).to_owned()
    }
}

/// The same trials on both roads.
fn both(cohort: &Cohort) -> [Comparisons<'_>; 2] {
    [usize::MAX, 0].map(|most| Comparisons::laid_out_up_to(cohort, most).unwrap())
}

fn width(estimate: Estimate) -> f64 {
    let interval = estimate.ci95.unwrap();
    interval.high - interval.low
}

#[test]
fn every_trial_is_seen_once_and_in_order_whatever_the_blocks() {
    let cohort = Cohort::new(1, 2, 80, 40, 2.0);
    let (mut seen, mut blocks) = (Vec::new(), 0);
    in_order(
        &cohort,
        |block| block,
        |block| {
            blocks += 1;
            assert!(
                block.templates.start % 2 == 0 && block.templates.end % 2 == 0,
                "a subject is not cut in two"
            );
            seen.extend(block.scores.iter().copied());
            Ok::<(), ()>(())
        },
    )
    .unwrap();
    let all: Vec<f64> = cohort.scores.iter().flat_map(|fold| fold.iter().copied()).collect();
    assert_eq!((seen.len(), blocks), (trials(&cohort), 4));
    assert!(seen == all);
}

#[test]
fn numbers_of_streamed_trials_are_those_of_laid_out_ones_but_for_the_rounding_of_scores() {
    for (seed, d) in [(1, 1.0), (2, 2.5)] {
        let cohort = Cohort::new(seed, 3, 40, 12, d);
        let [exact, streamed] = both(&cohort);
        let bootstrap = Bootstrap::default();
        let [a, b] = [&exact, &streamed].map(|all| all.verification(&bootstrap).unwrap());
        assert_eq!((a.mated, a.non_mated, a.subjects), (b.mated, b.non_mated, b.subjects));
        assert_eq!(exact.len(), streamed.len());
        // The share of scores in one of 2²⁰ bins is about that of a single trial.
        let bound = 4.0 / a.mated as f64;
        let close = |x: f64, y: f64, bound: f64| assert!((x - y).abs() <= bound, "{x} {y}");
        close(a.eer.value, b.eer.value, bound);
        close(a.auc.value, b.auc.value, 1e-5);
        close(a.min_dcf.value, b.min_dcf.value, bound);
        close(a.min_cllr.value, b.min_cllr.value, 1e-3);
        close(a.threshold, b.threshold, 1e-3);
        for (a, b) in a.fnmr_at_fmr.iter().zip(b.fnmr_at_fmr) {
            assert_eq!(a.is_some(), b.is_some());
            if let (Some(a), Some(b)) = (a, b) {
                close(a.value, b.value, bound);
            }
        }
        assert_eq!(a.det_band.len(), b.det_band.len());
        for (a, b) in a.det_band.iter().zip(&b.det_band) {
            assert_eq!(a.fmr, b.fmr);
            close(a.fnmr.value, b.fnmr.value, 3.0 * bound);
        }
        // Not rounded at all.
        close(a.d_prime.unwrap().value, b.d_prime.unwrap().value, 1e-9);
        close(width(a.d_prime.unwrap()), width(b.d_prime.unwrap()), 1e-9);
        close(a.eer_per_subject_mean.unwrap().value, b.eer_per_subject_mean.unwrap().value, 1e-12);
        assert_eq!(exact.mated(), streamed.mated());
        assert_eq!(exact.counts(), streamed.counts());
        assert_eq!(exact.searches().unwrap(), streamed.searches().unwrap());
        let (a, b) = (exact.distribution(20), streamed.distribution(20));
        a.mated.iter().zip(&b.mated).for_each(|(a, b)| close(*a, *b, bound));
        a.non_mated.iter().zip(&b.non_mated).for_each(|(a, b)| close(*a, *b, bound));
        let (a, b) = (exact.det_curve(), streamed.det_curve());
        assert!((a.points.len() as f64 - b.points.len() as f64).abs() <= 0.05 * a.points.len() as f64);
    }
}

#[test]
fn intervals_from_histograms_of_subjects_are_as_wide_as_those_of_the_bootstrap_over_trials() {
    for (seed, d, folds, people) in [(3, 1.5, 2, 48), (4, 2.5, 1, 128), (5, 0.5, 1, 64)] {
        let cohort = Cohort::new(seed, folds, people, 8, d);
        let [exact, streamed] = both(&cohort);
        let bootstrap = Bootstrap::default();
        let [a, b] = [&exact, &streamed].map(|all| all.verification(&bootstrap).unwrap());
        let same = |a: Estimate, b: Estimate, what: &str| {
            assert_eq!(a.ci95.is_some(), b.ci95.is_some(), "{what}");
            if a.ci95.is_none() {
                return;
            }
            let ratio = width(b) / width(a);
            assert!((0.93..1.07).contains(&ratio), "{what}: {ratio} of the width at {people} people");
        };
        same(a.eer, b.eer, "eer");
        same(a.auc, b.auc, "auc");
        same(a.min_cllr, b.min_cllr, "min_cllr");
        same(a.min_dcf, b.min_dcf, "min_dcf");
        for (a, b) in a.fnmr_at_fmr.iter().zip(b.fnmr_at_fmr) {
            if let (Some(a), Some(b)) = (a, b) {
                same(*a, b, "fnmr_at_fmr");
            }
        }
        // Where few comparisons of either kind lie beyond a place, single ones decide.
        let frequent =
            a.det_band.iter().zip(&b.det_band).filter(|(a, _)| (0.05..0.95).contains(&a.fnmr.value));
        let mut places = 0;
        for (a, b) in frequent.filter(|(a, _)| a.fmr > 0.01) {
            same(a.fnmr, b.fnmr, &format!("the curve at FMR {}", a.fmr));
            places += 1;
        }
        assert!(places > 5, "{places} places compared");
    }
}

#[test]
fn paired_differences_of_streamed_systems_are_those_of_laid_out_ones() {
    let cohort = Cohort::new(6, 1, 100, 8, 1.5);
    let mut blurred = Cohort::new(6, 1, 100, 8, 1.5);
    let noise = Cohort::new(7, 1, 100, 8, 0.0);
    blurred.scores[0].zip_mut_with(&noise.scores[0], |score, noise| *score += 0.3 * noise);
    let bootstrap = Bootstrap::default();
    let [exact, streamed] = [0, 1].map(|road| {
        let resampled =
            |cohort: &Cohort| both(cohort).into_iter().nth(road).unwrap().resampled(&bootstrap).unwrap();
        resampled(&cohort).difference(&resampled(&blurred), &bootstrap).unwrap()
    });
    assert!((exact.value - streamed.value).abs() < 1e-3, "{exact:?} {streamed:?}");
    let ratio = width(streamed) / width(exact);
    assert!((0.93..1.07).contains(&ratio), "{ratio}");
    let [a, b] = both(&cohort);
    assert_ne!(b.fingerprint(), Comparisons::laid_out_up_to(&blurred, 0).unwrap().fingerprint());
    assert_eq!(b.fingerprint(), Comparisons::laid_out_up_to(&cohort, 0).unwrap().fingerprint());
    assert!(a.resampled(&Bootstrap { replicates: 5, ..bootstrap }).is_err());
}

#[test]
fn thresholds_carried_from_streamed_trials_do_what_those_of_laid_out_ones_do() {
    let (test, dev) = (Cohort::new(8, 3, 30, 10, 2.0), Cohort::new(9, 3, 20, 10, 2.0));
    let ([exact, streamed], [exact_dev, streamed_dev]) = (both(&test), both(&dev));
    let targets = [0.2, 0.1, 0.05, 0.02, 0.01];
    let a = exact.transported(&exact_dev, &targets).unwrap();
    let b = streamed.transported(&streamed_dev, &targets).unwrap();
    for (a, b) in a.iter().zip(&b) {
        assert_eq!((a.mated, a.non_mated), (b.mated, b.non_mated));
        assert!((a.fmr.value - b.fmr.value).abs() < 1e-3 && (a.fnmr.value - b.fnmr.value).abs() < 2e-2);
        assert!((width(a.fmr) / width(b.fmr) - 1.0).abs() < 0.02);
    }
    for ((threshold, a), (found, b)) in
        exact.left_out(&targets).unwrap().iter().zip(&streamed.left_out(&targets).unwrap())
    {
        assert!((threshold - found).abs() < 1e-2);
        assert!((a.fmr.value - b.fmr.value).abs() < 1e-3 && a.mated == b.mated);
    }
    assert!(streamed.transported(&streamed_dev, &[0.0]).is_err());
    let bootstrap = Bootstrap::default();
    let a = exact.calibrated_cost(&exact_dev, &bootstrap).unwrap();
    let b = streamed.calibrated_cost(&streamed_dev, &bootstrap).unwrap();
    assert!((a.value - b.value).abs() < 1e-5 && (width(a) / width(b) - 1.0).abs() < 1e-3);
    // A system may have few dev trials and many of its test people.
    let mixed = streamed.transported(&exact_dev, &targets).unwrap();
    assert_eq!(mixed, exact.transported(&exact_dev, &targets).unwrap());
}

#[test]
fn streamed_scores_that_separate_do_not_vary_or_are_no_numbers_are_told() {
    let mut cohort = Cohort::new(10, 1, 12, 6, 40.0);
    let found = Comparisons::laid_out_up_to(&cohort, 0).unwrap().verification(&Bootstrap::default()).unwrap();
    assert_eq!((found.eer.value, found.auc.value), (0.0, 1.0));
    cohort.scores[0].fill(0.25);
    let found = Comparisons::laid_out_up_to(&cohort, 0).unwrap().verification(&Bootstrap::default()).unwrap();
    assert!((found.eer.value - 0.5).abs() < 1e-12 && found.d_prime.is_none());
    cohort.scores[0][[3, 2]] = f64::NAN;
    let error = Comparisons::laid_out_up_to(&cohort, 0).err().unwrap().to_string();
    assert!(error.contains("trial 218"), "{error}");
    let nobody =
        Cohort { templates: vec![vec![1, 2]], probes: vec![vec![3]], scores: vec![Array2::zeros((2, 1))] };
    for most in [0, 100] {
        assert!(Comparisons::laid_out_up_to(&nobody, most).err().unwrap().to_string().contains("mated"));
    }
}
