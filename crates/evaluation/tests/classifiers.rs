//! Nearest neighbours and the MLP.

mod support;

use ndarray::{Array2, ArrayView2, array};
use proptest::prelude::*;
use support::prints;
use twinprint_comparison::ComparisonError;
use twinprint_evaluation::knn::{self, Metric, search};
use twinprint_evaluation::{Bootstrap, LabelledPrints, PrintError};

/// Sorts all index prints for one query after another.
fn slow_search(index: ArrayView2<f32>, queries: ArrayView2<f32>, k: usize, metric: Metric) -> Vec<Vec<f64>> {
    let closeness = |a: ndarray::ArrayView1<f32>, b: ndarray::ArrayView1<f32>| {
        let (a, b) = (a.mapv(f64::from), b.mapv(f64::from));
        match metric {
            Metric::Cosine => a.dot(&b) / (a.dot(&a) * b.dot(&b)).sqrt(),
            Metric::Euclidean => -(&a - &b).mapv(|gap| gap * gap).sum().sqrt(),
        }
    };
    queries
        .rows()
        .into_iter()
        .map(|query| {
            let mut all: Vec<f64> = index.rows().into_iter().map(|print| closeness(query, print)).collect();
            all.sort_by(|a, b| b.total_cmp(a));
            all.truncate(k);
            all
        })
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn neighbours_are_those_of_the_full_sort(
        seed in any::<u64>(), sizes in (1usize..3000, 1usize..150, 1usize..40), k in 1usize..12,
        euclidean in any::<bool>(),
    ) {
        let (count, queries, dim) = sizes;
        let metric = if euclidean { Metric::Euclidean } else { Metric::Cosine };
        let (index, _) = prints(seed, 1, count, dim, 1.0);
        let (query, _) = prints(seed ^ 1, 1, queries, dim, 1.0);
        let k = k.min(count);
        let found = search(index.view(), query.view(), k, metric).unwrap();
        let expected = slow_search(index.view(), query.view(), k, metric);
        for (row, expected) in expected.iter().enumerate() {
            let mut seen: Vec<u32> = found.rows.row(row).to_vec();
            for (place, &expected) in expected.iter().enumerate() {
                let value = f64::from(found.values[[row, place]]);
                let value = if euclidean { -value } else { value };
                prop_assert!((value - expected).abs() < 1e-4 * (1.0 + expected.abs()), "{value} {expected}");
            }
            seen.sort_unstable();
            seen.dedup();
            prop_assert_eq!(seen.len(), k);
        }
    }
}

#[test]
fn of_equal_neighbours_the_lower_rows_are_reported_in_order() {
    let index = Array2::<f32>::ones((5000, 8));
    let queries = Array2::<f32>::ones((170, 8));
    for metric in [Metric::Cosine, Metric::Euclidean] {
        let found = search(index.view(), queries.view(), 4, metric).unwrap();
        assert!(found.rows.rows().into_iter().all(|row| row.to_vec() == [0, 1, 2, 3]));
    }
}

#[test]
fn the_neighbours_do_not_depend_on_the_number_of_threads() {
    let ((index, _), (queries, _)) = (prints(1, 4, 900, 33, 1.0), prints(2, 4, 60, 33, 1.0));
    let of = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| search(index.view(), queries.view(), 5, Metric::Cosine).unwrap())
    };
    assert_eq!(of(1), of(3));
}

#[test]
fn searches_that_cannot_be_answered_are_refused() {
    let index = array![[1.0f32, 0.0], [0.0, 1.0]];
    let of = |query: Array2<f32>, k| search(index.view(), query.view(), k, Metric::Cosine);
    assert!(matches!(of(array![[1.0, 1.0]], 3), Err(PrintError::Count { value: 3, most: 2, .. })));
    assert!(matches!(of(array![[1.0, 1.0]], 0), Err(PrintError::Count { .. })));
    assert!(matches!(
        of(array![[1.0, 1.0, 1.0]], 1),
        Err(PrintError::Comparison(ComparisonError::Dimensions { .. }))
    ));
    assert!(matches!(
        of(array![[0.0, 0.0]], 1),
        Err(PrintError::Comparison(ComparisonError::ZeroPrint { row: 0, .. }))
    ));
    assert!(matches!(
        of(array![[f32::NAN, 0.0]], 1),
        Err(PrintError::Comparison(ComparisonError::NotFinite { .. }))
    ));
    assert!(matches!(
        of(Array2::zeros((0, 2)), 1),
        Err(PrintError::Comparison(ComparisonError::Empty { .. }))
    ));
}

#[test]
fn the_majority_of_neighbours_decides_and_the_nearer_of_equals() {
    let train = array![[0.0f32], [1.0], [1.1], [4.0]];
    let test = array![[0.1f32], [0.9], [3.9]];
    let classify = |k| {
        let train = LabelledPrints { prints: train.view(), labels: &[5, 6, 6, 7] };
        let test = LabelledPrints { prints: test.view(), labels: &[5, 6, 7] };
        knn::classify(&train, &test, &[0, 1, 2], k, Metric::Euclidean, &Bootstrap::default()).unwrap()
    };
    assert_eq!(classify(1).predicted, [5, 6, 7]);
    assert_eq!(classify(1).accuracy.value, 1.0);
    // With two neighbours all votes tie and the nearest wins; with three the two sixes outvote the five.
    assert_eq!(classify(2).predicted, [5, 6, 7]);
    let three = classify(3);
    assert_eq!(three.predicted, [6, 6, 6]);
    assert_eq!((three.labels, three.tested), (3, 3));
    assert!((three.balanced_accuracy.value - 1.0 / 3.0).abs() < 1e-12);
    assert!((three.chance - 1.0 / 3.0).abs() < 1e-12);
}

#[test]
fn chance_is_the_commonest_training_label_or_an_even_guess_where_that_is_right_more_often() {
    let train = array![[0.0f32], [0.0], [0.0], [9.0]];
    let test = array![[0.0f32], [0.0], [9.0], [9.0], [9.0]];
    let train = LabelledPrints { prints: train.view(), labels: &[1, 1, 1, 2] };
    let asked = |labels: &[u32]| {
        let test = LabelledPrints { prints: test.view(), labels };
        knn::classify(&train, &test, &[0, 0, 1, 1, 1], 1, Metric::Euclidean, &Bootstrap::default()).unwrap()
    };
    // Training has more of 1, the test more of 2: a coin is right more often than always answering 1.
    let result = asked(&[1, 1, 2, 2, 2]);
    assert_eq!((result.chance, result.accuracy.value, result.balanced_accuracy.value), (0.5, 1.0, 1.0));
    assert_eq!(asked(&[1, 1, 1, 1, 2]).chance, 0.8);
    // Guessing evenly among two labels finds no third.
    assert_eq!(asked(&[1, 3, 3, 3, 3]).chance, 0.2);
}

#[cfg(feature = "mlp")]
mod mlp {
    use super::*;
    use twinprint_evaluation::classification::Classification;
    use twinprint_evaluation::mlp::{Mlp, classify};

    fn subjects(noise: f32, settings: &Mlp) -> Result<Classification, PrintError> {
        let ((train, labels), (test, test_labels)) =
            (prints(1, 6, 30, 16, noise), prints(2, 6, 20, 16, noise));
        let train = LabelledPrints { prints: train.view(), labels: &labels };
        let test = LabelledPrints { prints: test.view(), labels: &test_labels };
        classify(&train, &test, &test_labels, settings, &Bootstrap::default())
    }

    #[test]
    fn it_learns_subjects_and_guesses_on_noise() {
        let plan = Mlp { epochs: 20, ..Mlp::default() };
        assert!(subjects(0.3, &plan).unwrap().accuracy.value > 0.98);
        let noise = subjects(1e6, &plan).unwrap();
        assert!((noise.accuracy.value - 1.0 / 6.0).abs() < 0.12, "{noise:?}");
    }

    #[test]
    fn it_learns_what_no_linear_classifier_can() {
        // Exclusive or of the signs of two coordinates.
        let (points, _) = prints(5, 1, 600, 2, 1.0);
        let points = &points - &points.mean_axis(ndarray::Axis(0)).unwrap();
        let labels: Vec<u32> =
            points.rows().into_iter().map(|row| u32::from(row[0] * row[1] > 0.0)).collect();
        let (train, test) = points.view().split_at(ndarray::Axis(0), 400);
        let train = LabelledPrints { prints: train, labels: &labels[..400] };
        let test = LabelledPrints { prints: test, labels: &labels[400..] };
        let groups: Vec<u32> = (0..200).map(|row| row / 20).collect();
        let result = classify(&train, &test, &groups, &Mlp::default(), &Bootstrap::default()).unwrap();
        assert!(result.accuracy.value > 0.9, "{result:?}");
        assert!(result.accuracy.ci95.unwrap().low > 0.8);
    }

    #[test]
    fn it_repeats_with_its_seed_on_any_number_of_threads() {
        let plan = Mlp { epochs: 3, ..Mlp::default() };
        let of = |threads: usize, plan: &Mlp| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| subjects(2.0, plan).unwrap())
        };
        assert_eq!(of(1, &plan), of(2, &plan));
        assert_ne!(of(1, &plan).predicted, of(1, &Mlp { seed: 1, ..plan.clone() }).predicted);
    }

    #[test]
    fn a_test_label_never_seen_in_training_counts_as_wrong() {
        let points = array![[0.0f32, 0.0], [1.0, 1.0]];
        let train = LabelledPrints { prints: points.view(), labels: &[0, 1] };
        let test = LabelledPrints { prints: points.view(), labels: &[0, 9] };
        let result = classify(&train, &test, &[0, 1], &Mlp::default(), &Bootstrap::default()).unwrap();
        assert_eq!(result.accuracy.value, 0.5);
    }

    #[test]
    fn settings_outside_their_range_name_the_key() {
        for (plan, key) in [
            (Mlp { hidden: 0, ..Mlp::default() }, "mlp.hidden"),
            (Mlp { epochs: 0, ..Mlp::default() }, "mlp.epochs"),
            (Mlp { batch: 0, ..Mlp::default() }, "mlp.batch"),
            (Mlp { learning_rate: f64::NAN, ..Mlp::default() }, "mlp.learning_rate"),
            (Mlp { weight_decay: -1.0, ..Mlp::default() }, "mlp.weight_decay"),
        ] {
            let text = subjects(1.0, &plan).unwrap_err().to_string();
            assert!(text.contains(key), "{text}");
        }
    }
}
