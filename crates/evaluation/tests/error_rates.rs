//! Laws of the error rates, and agreement with independent tools.

mod support;

use approx::assert_abs_diff_eq;
use proptest::prelude::*;
use support::{permutation, scores, slow_eer};
use twinprint_evaluation::calibration::Calibration;
use twinprint_evaluation::{FnmrAtFmr, ScoreError, Scores, SortedScores, det_curve, eer};

fn sorted(scores: &Scores) -> SortedScores {
    SortedScores::new(scores)
}

/// Few distinct values make ties; many make none.
fn lists() -> impl Strategy<Value = (Vec<f64>, Vec<f64>)> {
    (1i32..200).prop_flat_map(|values| {
        let score = move || (-values..=values).prop_map(|value| f64::from(value) / 8.0);
        (prop::collection::vec(score(), 1..60), prop::collection::vec(score(), 1..120))
    })
}

proptest! {
    #[test]
    fn the_eer_equals_the_one_found_by_trying_every_threshold((mated, non_mated) in lists()) {
        let expected = slow_eer(&mated, &non_mated);
        prop_assert!((eer(&scores(&mated, &non_mated)).value - expected).abs() < 1e-12);
    }

    #[test]
    fn no_metric_depends_on_the_order_of_the_trials((mated, non_mated) in lists(), seed in any::<u64>()) {
        let straight = scores(&mated, &non_mated);
        let order = permutation(seed, straight.len());
        let pick = |column: &[u32]| order.iter().map(|&trial| column[trial]).collect();
        let shuffled = Scores::new(
            order.iter().map(|&trial| straight.similarity()[trial]).collect(),
            pick(straight.enrol_subject()),
            pick(straight.probe_subject()),
        ).unwrap();
        prop_assert_eq!(eer(&straight), eer(&shuffled));
        prop_assert_eq!(det_curve(&straight), det_curve(&shuffled));
        prop_assert_eq!(sorted(&straight).auc(), sorted(&shuffled).auc());
        prop_assert_eq!(sorted(&straight).d_prime(), sorted(&shuffled).d_prime());
        prop_assert_eq!(sorted(&straight).min_cllr(), sorted(&shuffled).min_cllr());
    }

    #[test]
    fn strictly_increasing_maps_of_the_scores_change_no_rate((mated, non_mated) in lists()) {
        let map = |scores: &[f64]| scores.iter().map(|score| (score / 10.0).exp() * 3.0 - 7.0).collect::<Vec<_>>();
        let (before, after) = (scores(&mated, &non_mated), scores(&map(&mated), &map(&non_mated)));
        prop_assert_eq!(eer(&before).value, eer(&after).value);
        prop_assert_eq!(sorted(&before).auc(), sorted(&after).auc());
        prop_assert_eq!(sorted(&before).min_dcf(0.01), sorted(&after).min_dcf(0.01));
        prop_assert_eq!(sorted(&before).min_cllr(), sorted(&after).min_cllr());
    }

    #[test]
    fn negated_scores_with_the_kinds_swapped_have_the_same_eer((mated, non_mated) in lists()) {
        let negate = |scores: &[f64]| scores.iter().map(|score| -score).collect::<Vec<_>>();
        let swapped = scores(&negate(&non_mated), &negate(&mated));
        prop_assert!((eer(&scores(&mated, &non_mated)).value - eer(&swapped).value).abs() < 1e-12);
        prop_assert!((sorted(&scores(&mated, &non_mated)).auc() - sorted(&swapped).auc()).abs() < 1e-12);
    }

    #[test]
    fn separable_scores_have_eer_zero_and_a_threshold_between_the_kinds((mated, non_mated) in lists()) {
        let highest = non_mated.iter().copied().fold(f64::MIN, f64::max);
        let lowest = mated.iter().copied().fold(f64::MAX, f64::min);
        let lifted: Vec<f64> = mated.iter().map(|score| score - lowest + highest + 0.5).collect();
        let separable = scores(&lifted, &non_mated);
        let found = eer(&separable);
        prop_assert_eq!(found.value, 0.0);
        prop_assert!(found.threshold > highest && found.threshold < highest + 0.5);
        prop_assert_eq!(sorted(&separable).auc(), 1.0);
        prop_assert_eq!(sorted(&separable).min_cllr(), 0.0);
    }

    #[test]
    fn the_curve_runs_from_one_corner_to_the_other_and_holds_the_eer((mated, non_mated) in lists()) {
        let trials = scores(&mated, &non_mated);
        let curve = det_curve(&trials);
        let (first, last) = (curve.points[0], curve.points[curve.points.len() - 1]);
        prop_assert_eq!((first.fmr, first.fnmr), (1.0, 0.0));
        prop_assert_eq!((last.fmr, last.fnmr), (0.0, 1.0));
        let mut area = 0.0;
        let mut crossed = false;
        for pair in curve.points.windows(2) {
            prop_assert!(pair[0].threshold < pair[1].threshold);
            prop_assert!(pair[0].fmr >= pair[1].fmr && pair[0].fnmr <= pair[1].fnmr);
            area += (pair[0].fmr - pair[1].fmr) * (1.0 - (pair[0].fnmr + pair[1].fnmr) / 2.0);
            let rate = eer(&trials).value;
            crossed |= pair[0].fmr >= rate - 1e-12 && rate + 1e-12 >= pair[1].fmr
                && pair[0].fnmr <= rate + 1e-12 && rate - 1e-12 <= pair[1].fnmr;
        }
        prop_assert!(crossed);
        prop_assert!((area - sorted(&trials).auc()).abs() < 1e-9);
        let thin = curve.thinned(8);
        prop_assert!(thin.points.len() <= curve.points.len().clamp(2, 8));
        prop_assert_eq!(thin.points[0], first);
        prop_assert_eq!(thin.points[thin.points.len() - 1], last);
    }

    #[test]
    fn points_of_the_curve_are_what_counting_at_their_threshold_gives((mated, non_mated) in lists()) {
        for point in det_curve(&scores(&mated, &non_mated)).points {
            let accepted = non_mated.iter().filter(|&&score| score >= point.threshold).count();
            let rejected = mated.iter().filter(|&&score| score < point.threshold).count();
            prop_assert_eq!(point.fmr, accepted as f64 / non_mated.len() as f64);
            prop_assert_eq!(point.fnmr, rejected as f64 / mated.len() as f64);
        }
    }

    #[test]
    fn min_cllr_is_at_most_cllr_and_at_most_one((mated, non_mated) in lists()) {
        let trials = scores(&mated, &non_mated);
        prop_assert!(sorted(&trials).min_cllr() <= sorted(&trials).cllr() + 1e-12);
        prop_assert!(sorted(&trials).min_cllr() <= 1.0 + 1e-12);
        prop_assert!(sorted(&trials).min_dcf(0.01).unwrap() <= 1.0);
    }
}

#[derive(serde::Deserialize)]
struct Golden {
    cases: Vec<Case>,
}

#[derive(serde::Deserialize)]
struct Case {
    name: String,
    mated: Vec<f64>,
    non_mated: Vec<f64>,
    eer: f64,
    pyeer_low: f64,
    pyeer_high: f64,
    pyeer_fnmr_at_fmr_10: f64,
    auc: f64,
    d_prime: Option<f64>,
    min_dcf: f64,
    cllr: f64,
    min_cllr: f64,
    calibration: Option<Calibration>,
}

#[test]
fn metrics_agree_with_scikit_learn_pyeer_scipy_and_exact_fractions() {
    let text = include_str!("../../../tests/golden/evaluation/metrics.json");
    let golden: Golden = serde_json::from_str(text).unwrap();
    assert_eq!(golden.cases.len(), 6);
    for case in golden.cases {
        let trials = scores(&case.mated, &case.non_mated);
        let found = eer(&trials).value;
        assert_abs_diff_eq!(found, case.eer, epsilon = 1e-12);
        // pyeer gives up on constant scores, where it finds no crossing.
        if case.name != "constant" {
            assert!(case.pyeer_low - 1e-12 <= found && found <= case.pyeer_high + 1e-12);
        }
        assert_abs_diff_eq!(sorted(&trials).auc(), case.auc, epsilon = 1e-12);
        assert_eq!(sorted(&trials).d_prime().is_some(), case.d_prime.is_some());
        if let (Some(found), Some(expected)) = (sorted(&trials).d_prime(), case.d_prime) {
            assert_abs_diff_eq!(found, expected, epsilon = 1e-12);
        }
        assert_abs_diff_eq!(sorted(&trials).min_dcf(0.01).unwrap(), case.min_dcf, epsilon = 1e-12);
        assert_abs_diff_eq!(sorted(&trials).cllr(), case.cllr, epsilon = 1e-12);
        assert_abs_diff_eq!(sorted(&trials).min_cllr(), case.min_cllr, epsilon = 1e-9);
        match sorted(&trials).fnmr_at_fmr(0.1).unwrap() {
            FnmrAtFmr::Measured { fnmr, .. } => {
                assert_abs_diff_eq!(fnmr, case.pyeer_fnmr_at_fmr_10, epsilon = 1e-12)
            }
            FnmrAtFmr::TooFew(_) => assert!(case.non_mated.len() < 300),
        }
        if let Some(expected) = case.calibration {
            let found = Calibration::fit(&trials).unwrap();
            assert_abs_diff_eq!(found.slope, expected.slope, epsilon = 1e-4);
            assert_abs_diff_eq!(found.intercept, expected.intercept, epsilon = 1e-4);
        }
    }
}

#[test]
fn tied_everywhere_is_exactly_one_half() {
    let tied = scores(&[0.3; 4], &[0.3; 9]);
    assert_eq!(eer(&tied).value, 0.5);
    assert_eq!(sorted(&tied).auc(), 0.5);
    assert_eq!(sorted(&tied).d_prime(), None);
}

#[test]
fn minus_zero_ties_with_zero() {
    assert_eq!(eer(&scores(&[-0.0], &[0.0])).value, 0.5);
}

#[test]
fn a_matrix_of_scores_holds_all_templates_times_all_probes() {
    let matrix = ndarray::array![[0.9f32, 0.1, 0.2], [0.3, 0.8, 0.7]];
    let trials = Scores::from_matrix(matrix.view(), &[5, 6], &[5, 6, 6]).unwrap();
    assert_eq!((trials.mated(), trials.non_mated()), (3, 3));
    assert_eq!(trials.enrol_subject(), [5, 5, 5, 6, 6, 6]);
    assert_eq!(trials.probe_subject(), [5, 6, 6, 5, 6, 6]);
    assert_eq!(eer(&trials).value, 0.0);
    assert!(matches!(Scores::from_matrix(matrix.view(), &[5], &[5, 6, 6]), Err(ScoreError::Lengths { .. })));
}

#[test]
fn too_few_comparisons_are_said_and_bounded_instead_of_measured() {
    let trials = scores(&[2.0, 3.0], &[0.0; 1000]);
    assert!(matches!(sorted(&trials).fnmr_at_fmr(0.1), Ok(FnmrAtFmr::Measured { .. })));
    match sorted(&trials).fnmr_at_fmr(0.01).unwrap() {
        FnmrAtFmr::TooFew(too_few) => {
            assert_abs_diff_eq!(too_few.bound(), 0.003, epsilon = 1e-12);
            let reason = too_few.to_string();
            assert!(reason.contains("1000") && reason.contains("3000"), "{reason}");
        }
        other => panic!("{other:?}"),
    }
    let enough = scores(&[2.0], &[0.0; 3000]);
    assert!(matches!(sorted(&enough).fnmr_at_fmr(0.01), Ok(FnmrAtFmr::Measured { .. })));
    for wrong in [0.0, 1.0, f64::NAN, -0.1] {
        assert!(matches!(sorted(&enough).fnmr_at_fmr(wrong), Err(ScoreError::Rate { .. })));
    }
}

#[test]
fn what_cannot_be_scored_is_a_stated_error() {
    let make = |similarity: &[f64], enrol: &[u32], probe: &[u32]| {
        Scores::new(similarity.to_vec(), enrol.to_vec(), probe.to_vec())
    };
    assert_eq!(make(&[0.1, 0.2], &[1, 2], &[2, 1]), Err(ScoreError::NoMated { non_mated: 2 }));
    assert_eq!(make(&[0.1, 0.2], &[1, 2], &[1, 2]), Err(ScoreError::NoNonMated { mated: 2 }));
    assert!(matches!(make(&[0.1, f64::NAN], &[1, 1], &[1, 2]), Err(ScoreError::NotFinite { index: 1, .. })));
    let infinite = make(&[f64::INFINITY, 0.0], &[1, 1], &[1, 2]);
    assert!(matches!(infinite, Err(ScoreError::NotFinite { index: 0, .. })));
    assert_eq!(make(&[0.1], &[1, 1], &[1]), Err(ScoreError::Lengths { scores: 1, enrol: 2, probe: 1 }));
    assert!(matches!(make(&[], &[], &[]), Err(ScoreError::NoMated { non_mated: 0 })));
    assert!(matches!(sorted(&scores(&[1.0], &[0.0])).min_dcf(1.0), Err(ScoreError::Rate { .. })));
}

#[test]
fn calibrated_scores_are_likelihood_ratios_with_cllr_near_its_minimum() {
    let dev = support::cohort(1, 30, 30, 20, 3.0, 0.1);
    let test = support::cohort(2, 30, 30, 20, 3.0, 0.1);
    let calibration = Calibration::fit(&dev).unwrap();
    // Equal-variance Gaussians have log likelihood ratio d·s − d²/2.
    assert_abs_diff_eq!(calibration.slope, 3.0, epsilon = 0.5);
    assert_abs_diff_eq!(calibration.intercept, -4.5, epsilon = 0.8);
    let calibrated = calibration.apply(&test).unwrap();
    assert!(sorted(&calibrated).cllr() < sorted(&test).cllr());
    assert!(sorted(&calibrated).cllr() < sorted(&test).min_cllr() + 0.05);
    assert_eq!(eer(&calibrated).value, eer(&test).value);
}
