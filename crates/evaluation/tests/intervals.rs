//! Intervals, paired comparisons and carried-over thresholds.
#![allow(clippy::print_stdout)]

mod support;

use statrs::distribution::{ContinuousCDF, Normal};
use support::{cohort, scores};
use twinprint_evaluation::{
    Bootstrap, Estimate, Remark, ScoreError, Scores, calibrated_cost, eer, paired_difference, transport,
    transport_left_out, verification,
};

fn d_prime_of(eer: f64) -> f64 {
    -2.0 * Normal::standard().inverse_cdf(eer)
}

#[test]
fn gaussian_scores_with_known_d_prime_have_the_eer_of_the_formula_inside_the_interval() {
    for truth in [0.3, 0.1, 0.03] {
        let result =
            verification(&cohort(7, 60, 60, 20, d_prime_of(truth), 0.2), &Bootstrap::default()).unwrap();
        let interval = result.eer.ci95.unwrap();
        assert!(interval.contains(truth) && interval.contains(result.eer.value), "{truth}: {result:?}");
        assert!(interval.high - interval.low < 0.1);
        assert!((result.d_prime.unwrap().value - d_prime_of(truth)).abs() < 0.4);
        assert_eq!(result.subjects, 60);
        assert_eq!((result.mated, result.non_mated), (1200, 60 * 59 * 20));
    }
}

#[test]
fn without_identity_the_interval_holds_one_half() {
    let held = (0..20u64)
        .filter(|&seed| {
            let result = verification(&cohort(seed, 16, 16, 10, 0.0, 0.2), &Bootstrap::default()).unwrap();
            result.eer.ci95.unwrap().contains(0.5)
        })
        .count();
    assert!(held >= 17, "{held} of 20");
}

#[test]
fn the_interval_is_the_same_for_any_number_of_threads_and_another_for_another_seed() {
    let trials = cohort(3, 12, 4, 10, 1.5, 0.3);
    let of = |threads: usize, seed: u64| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| verification(&trials, &Bootstrap { seed, ..Bootstrap::default() }).unwrap())
    };
    assert_eq!(of(1, 0), of(5, 0));
    assert_ne!(of(1, 0).eer, of(1, 1).eer);
}

#[test]
fn the_interval_widens_with_its_level_and_narrows_with_subjects() {
    let width = |subjects: usize, level: f64| {
        let trials = cohort(5, subjects, subjects, 10, 1.5, 0.3);
        let bootstrap = Bootstrap { level, ..Bootstrap::default() };
        let interval = verification(&trials, &bootstrap).unwrap().eer.ci95.unwrap();
        interval.high - interval.low
    };
    assert!(width(20, 0.99) > width(20, 0.95));
    assert!(width(20, 0.95) > 1.4 * width(80, 0.95));
}

#[test]
fn an_eer_of_zero_is_bounded_by_the_rule_of_three_over_subjects() {
    let trials = cohort(1, 24, 8, 5, 40.0, 0.3);
    let result = verification(&trials, &Bootstrap::default()).unwrap();
    let interval = result.eer.ci95.unwrap();
    assert_eq!((result.eer.value, interval.low), (0.0, 0.0));
    assert!((interval.high - (1.0 - 0.05f64.powf(1.0 / 24.0))).abs() < 1e-12);
    assert!(result.remarks.contains(&Remark::EerAtBound { eer: 0.0, subjects: 24 }), "{:?}", result.remarks);
}

#[test]
fn ties_everywhere_have_no_interval_and_say_so() {
    let tied = Scores::new(vec![1.0; 4], vec![0, 0, 1, 1], vec![0, 1, 0, 1]).unwrap();
    let result = verification(&tied, &Bootstrap::default()).unwrap();
    assert_eq!((result.eer, result.d_prime), (Estimate { value: 0.5, ci95: None }, None));
    let absences: Vec<String> =
        result.remarks.iter().filter(|remark| remark.is_absence()).map(ToString::to_string).collect();
    for said in [
        "no interval",
        "d′",
        "2 non-mated comparisons do not resolve a false match rate of 0.1: 300 are needed",
    ] {
        assert!(absences.iter().any(|reason| reason.contains(said)), "{said} is not in {absences:?}");
    }
}

#[test]
fn per_subject_thresholds_flatter() {
    let trials = cohort(9, 30, 30, 30, 1.5, 0.6);
    let result = verification(&trials, &Bootstrap::default()).unwrap();
    assert!(result.eer_per_subject_mean.unwrap().value < result.eer.value);
}

#[test]
fn the_cost_of_calibrated_scores_has_an_interval_and_lies_above_the_least() {
    let trials = cohort(9, 10, 10, 10, 1.5, 0.3);
    let bootstrap = Bootstrap::default();
    let calibration = twinprint_evaluation::calibration::Calibration::fit(&trials).unwrap();
    let cost = calibrated_cost(&calibration.apply(&trials).unwrap(), &bootstrap);
    assert!(cost.value >= verification(&trials, &bootstrap).unwrap().min_cllr.value);
    assert!(cost.ci95.unwrap().contains(cost.value));
}

#[test]
fn settings_that_cannot_give_an_interval_are_refused() {
    let trials = scores(&[1.0], &[0.0]);
    let few = Bootstrap { replicates: 5, ..Bootstrap::default() };
    assert!(matches!(verification(&trials, &few), Err(ScoreError::Replicates { replicates: 5, .. })));
    let endless = Bootstrap { replicates: usize::MAX, ..Bootstrap::default() };
    assert!(matches!(verification(&trials, &endless), Err(ScoreError::Replicates { most: 1_000_000, .. })));
    let level = Bootstrap { level: 1.0, ..Bootstrap::default() };
    assert!(matches!(verification(&trials, &level), Err(ScoreError::Rate { .. })));
}

#[test]
fn a_pairing_sees_a_difference_that_separate_intervals_hide() {
    let hard = cohort(4, 20, 20, 10, 2.0, 0.5);
    // The same cohort with a little of the mated scores' deficit repaired.
    let similarity = hard
        .similarity()
        .iter()
        .zip(hard.enrol_subject().iter().zip(hard.probe_subject()))
        .map(|(score, (enrol, probe))| score + if enrol == probe { 0.3 } else { 0.0 })
        .collect();
    let better =
        Scores::new(similarity, hard.enrol_subject().to_vec(), hard.probe_subject().to_vec()).unwrap();
    let bootstrap = Bootstrap::default();
    let paired = paired_difference(&better, &hard, &bootstrap).unwrap();
    assert!(paired.value < 0.0 && paired.ci95.unwrap().high < 0.0, "{paired:?}");
    let separate = |trials: &Scores| verification(trials, &bootstrap).unwrap().eer.ci95.unwrap();
    assert!(separate(&better).high > separate(&hard).low);
    let swapped = paired_difference(&hard, &better, &bootstrap).unwrap();
    assert_eq!(swapped.value, -paired.value);
}

#[test]
fn a_pairing_of_different_trials_names_the_first_that_differs() {
    let one = Scores::new(vec![1.0, 0.0, 0.5], vec![0, 0, 1], vec![0, 1, 0]).unwrap();
    let other = Scores::new(vec![1.0, 0.0, 0.5], vec![0, 0, 1], vec![0, 1, 1]).unwrap();
    let found = paired_difference(&one, &other, &Bootstrap::default());
    assert_eq!(found, Err(ScoreError::DifferentTrials { index: 2 }));
    let shorter = Scores::new(vec![1.0, 0.0], vec![0, 0], vec![0, 1]).unwrap();
    let found = paired_difference(&one, &shorter, &Bootstrap::default());
    assert_eq!(found, Err(ScoreError::DifferentTrials { index: 2 }));
}

#[test]
fn a_system_paired_with_itself_differs_by_nothing() {
    let trials = cohort(4, 10, 10, 5, 2.0, 0.3);
    let paired = paired_difference(&trials, &trials, &Bootstrap::default()).unwrap();
    assert_eq!(paired, Estimate { value: 0.0, ci95: None });
}

#[test]
fn a_threshold_carried_from_dev_to_test_counts_what_it_finds() {
    let dev = scores(&[0.9, 0.8], &[0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.75, 0.85]);
    let test = scores(&[0.9, 0.3, 0.78, 0.81], &[0.0, 0.79, 0.9]);
    let found = transport(&dev, &test, 0.1).unwrap();
    // One of ten may pass: the threshold lies between .75 and .8.
    assert!(found.thresholds[0] > 0.75 && found.thresholds[0] <= 0.8);
    let rejected = [0.9, 0.3, 0.78, 0.81].iter().filter(|&&score| score < found.thresholds[0]).count();
    assert_eq!((found.false_non_matches, found.mated, found.non_mated), (rejected, 4, 3));
    assert_eq!(found.fmr.value, found.false_matches as f64 / 3.0);
    assert!(transport(&dev, &test, 0.0).is_err());
}

#[test]
fn a_threshold_of_all_folds_is_judged_by_those_of_all_but_one() {
    let folds: Vec<Scores> = (0..3).map(|seed| cohort(seed, 12, 6, 6, 2.0, 0.2)).collect();
    let (threshold, found) = transport_left_out(&folds, 0.1).unwrap();
    let all = Scores::concat(&folds).unwrap();
    assert_eq!(threshold, transport(&all, &all, 0.1).unwrap().thresholds[0]);
    // Fold by fold, the slow way.
    let (mut matches, mut comparisons) = (0, 0);
    for (left_out, fold) in folds.iter().enumerate() {
        let others: Vec<Scores> = (0..3).filter(|&k| k != left_out).map(|k| folds[k].clone()).collect();
        let one = transport(&Scores::concat(&others).unwrap(), fold, 0.1).unwrap();
        assert_eq!(found.thresholds[left_out], one.thresholds[0]);
        (matches, comparisons) = (matches + one.false_matches, comparisons + one.non_mated);
    }
    assert_eq!((found.false_matches, found.non_mated), (matches, comparisons));
    assert_eq!(found.fmr.value, matches as f64 / comparisons as f64);
    assert!(transport_left_out(&folds[..1], 0.1).is_err());
}

#[test]
fn transported_rates_cover_those_of_the_population() {
    let dev = cohort(100, 40, 40, 10, 3.0, 0.2);
    let normal = Normal::standard();
    let (mut fmr_held, mut fnmr_held) = (0, 0);
    for seed in 0..100 {
        let found = transport(&dev, &cohort(seed, 16, 8, 10, 3.0, 0.2), 0.05).unwrap();
        fmr_held += usize::from(found.fmr.ci95.unwrap().contains(1.0 - normal.cdf(found.thresholds[0])));
        fnmr_held += usize::from(found.fnmr.ci95.unwrap().contains(normal.cdf(found.thresholds[0] - 3.0)));
    }
    assert!((88..=100).contains(&fmr_held), "{fmr_held}");
    assert!((88..=100).contains(&fnmr_held), "{fnmr_held}");
}

/// `cargo test --release -p twinprint-evaluation --test intervals -- --ignored --nocapture coverage`
#[test]
#[ignore = "a minute of simulation"]
fn coverage_of_the_eer_interval_in_1000_simulated_cohorts_of_each_kind() {
    let (mut all, mut kinds) = (0.0, 0.0);
    for (subjects, fold) in [(8, 8), (12, 12), (24, 8), (24, 24), (33, 11), (60, 60)] {
        for (truth, share) in [(0.3, 0.3), (0.15, 0.3), (0.05, 0.3), (0.05, 0.6), (0.01, 0.3)] {
            let (mut below, mut above, mut width) = (0, 0, 0.0);
            for seed in 0..1000 {
                let trials = cohort(seed, subjects, fold, 20, d_prime_of(truth), share);
                let bootstrap = Bootstrap { replicates: 400, seed, level: 0.95 };
                let Some(interval) = verification(&trials, &bootstrap).unwrap().eer.ci95 else { continue };
                below += usize::from(interval.high < truth);
                above += usize::from(interval.low > truth);
                width += (interval.high - interval.low) / 1000.0;
            }
            let covered = 1.0 - (below + above) as f64 / 1000.0;
            println!(
                "| {subjects} in folds of {fold} | {truth} | {share} | {:.1} % | {:.1} / {:.1} % | {width:.3} |",
                100.0 * covered,
                below as f64 / 10.0,
                above as f64 / 10.0
            );
            assert!((0.90..=0.99).contains(&covered), "{subjects} subjects, EER {truth}: {covered}");
            all += covered;
            kinds += 1.0;
        }
    }
    println!("mean coverage {:.4}", all / kinds);
    assert!((0.93..=0.97).contains(&(all / kinds)));
    assert!(eer(&cohort(0, 8, 8, 1, 1.0, 0.3)).value > 0.0);
}
