//! Templates, scores and their normalisation.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;

use approx::assert_abs_diff_eq;
use ndarray::{Array2, array};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};
use twinprint_signal::{
    EmbeddingSpace, EpochInfo, FoldIndex, LengthMeaning, Prints, RecordingId, RecordingKey, Seconds,
    SessionId, SubjectId,
};

use crate::normalisation::statistics;
use crate::pooling::pool;
use crate::{Comparer, ComparisonError, Normalisation, Pooled, Pooling, cosine, cosine_of_rows, distances};

/// `each` prints of each of some subjects, `[subjects · each, dim]`, about centres that are the same for every seed.
fn prints(seed: u64, subjects: usize, each: usize, dim: usize, noise: f32) -> Array2<f32> {
    let mut centres = ChaCha8Rng::seed_from_u64(1000);
    let mut generator = ChaCha8Rng::seed_from_u64(seed);
    let normal = |generator: &mut ChaCha8Rng| -> f32 { StandardNormal.sample(generator) };
    let centre = Array2::from_shape_simple_fn((subjects, dim), || normal(&mut centres));
    Array2::from_shape_fn((subjects * each, dim), |(row, column)| {
        centre[[row / each, column]] + noise * normal(&mut generator)
    })
}

#[test]
fn prints_of_two_encoders_or_of_two_folds_are_never_compared() {
    let rows = Pooled::rows(array![[1.0f32, 0.0]]);
    let other = |model: &str, fold| {
        rows.clone().in_space(EmbeddingSpace { model: model.to_owned(), fold: Some(FoldIndex(fold)) })
    };
    for elsewhere in [other("test", 1), other("another", 0)] {
        assert!(matches!(cosine(&rows, &elsewhere), Err(ComparisonError::Spaces { .. })));
        assert!(matches!(distances(&rows, &elsewhere), Err(ComparisonError::Spaces { .. })));
    }
    assert_eq!(cosine(&rows, &other("test", 0)).unwrap(), array![[1.0f32]]);
}

#[test]
fn templates_have_unit_length_and_ignore_the_length_of_prints() {
    let some = array![[3.0f32, 0.0], [0.0, 0.1]];
    let mean = pool(some.view(), LengthMeaning::Nothing, Pooling::Mean).unwrap();
    assert_abs_diff_eq!(mean[0], 0.5f32.sqrt(), epsilon = 1e-6);
    assert_abs_diff_eq!(mean[1], 0.5f32.sqrt(), epsilon = 1e-6);
    for pooling in [Pooling::Mean, Pooling::Medoid, Pooling::RobustMean] {
        let many = prints(3, 1, 9, 16, 0.5);
        let pooled = pool(many.view(), LengthMeaning::Nothing, pooling).unwrap();
        assert_abs_diff_eq!(pooled.dot(&pooled), 1.0, epsilon = 1e-5);
        let longer = pool((&many * 7.0).view(), LengthMeaning::Nothing, pooling).unwrap();
        assert!((&pooled - &longer).iter().all(|gap| gap.abs() < 1e-5));
    }
}

#[test]
fn the_medoid_is_one_of_the_prints_and_the_robust_mean_drops_spoilt_ones() {
    let mut many = prints(4, 1, 20, 16, 0.2);
    let clean = pool(many.view(), LengthMeaning::Nothing, Pooling::Mean).unwrap();
    for row in 0..3 {
        many.row_mut(row)
            .indexed_iter_mut()
            .for_each(|(column, value)| *value = if column % 2 == 0 { 9.0 } else { -9.0 });
    }
    let medoid = pool(many.view(), LengthMeaning::Nothing, Pooling::Medoid).unwrap();
    let own = cosine_of_rows(many.view(), medoid.view().insert_axis(ndarray::Axis(0))).unwrap();
    assert!(own.iter().skip(3).any(|&score| score > 0.9999));
    let angle = |pooling| pool(many.view(), LengthMeaning::Nothing, pooling).unwrap().dot(&clean);
    assert!(angle(Pooling::RobustMean) > angle(Pooling::Mean));
    assert!(angle(Pooling::RobustMean) > 0.99);
}

#[test]
fn prints_without_direction_or_of_different_length_are_refused() {
    let zero = array![[1.0f32, 0.0], [0.0, 0.0]];
    assert!(matches!(
        pool(zero.view(), LengthMeaning::Nothing, Pooling::Mean),
        Err(ComparisonError::ZeroPrint { row: 1, .. })
    ));
    let opposite = array![[1.0f32, 0.0], [-1.0, 0.0]];
    assert!(matches!(
        pool(opposite.view(), LengthMeaning::Nothing, Pooling::Mean),
        Err(ComparisonError::ZeroPrint { .. })
    ));
    let none = Array2::<f32>::zeros((0, 4));
    assert!(matches!(
        pool(none.view(), LengthMeaning::Nothing, Pooling::Medoid),
        Err(ComparisonError::Empty { .. })
    ));
    let three = array![[1.0f32, 0.0, 0.0]];
    let mixed = cosine_of_rows(three.view(), opposite.view());
    assert_eq!(mixed, Err(ComparisonError::Dimensions { left: 3, right: 2 }));
}

#[test]
fn a_template_of_several_recordings_counts_each_alike_however_long_it_is() {
    let info = |recording: &str| EpochInfo {
        key: Arc::new(RecordingKey {
            subject: SubjectId::new("1").unwrap(),
            session: SessionId::new("1").unwrap(),
            recording: RecordingId::new(recording).unwrap(),
        }),
        start: Seconds::default(),
        labels: Arc::default(),
    };
    let values = array![[1.0f32, 0.0], [1.0, 0.0], [1.0, 0.0], [0.0, 1.0]];
    let infos = ["a", "a", "a", "b"].map(info).to_vec();
    let space = EmbeddingSpace { model: "test".to_owned(), fold: Some(FoldIndex(0)) };
    let prints = Prints::new(values, infos, space, LengthMeaning::Nothing).unwrap();
    let all = [0_usize, 1, 2, 3];
    let groups = || [("both", &all[..]), ("one", &all[..3])].into_iter();
    let found = Pooled::of_recordings(&prints, groups(), Pooling::Mean).unwrap();
    let half = 0.5f32.sqrt();
    for (value, expected) in found.values().iter().zip([half, half, 1.0, 0.0]) {
        assert_abs_diff_eq!(*value, expected, epsilon = 1e-6);
    }
    let plain = Pooled::of(&prints, groups(), Pooling::Mean).unwrap();
    assert!(plain.values()[[0, 0]] > 0.9, "{plain:?}");
    assert_eq!(plain.values().row(1), found.values().row(1));
}

#[test]
fn cosine_scores_are_the_dot_products_of_unit_prints() {
    let (left, right) = (prints(1, 3, 100, 17, 1.0), prints(2, 5, 3, 17, 1.0));
    let scores = cosine_of_rows(left.view(), right.view()).unwrap();
    assert_eq!(scores.dim(), (300, 15));
    for ((row, column), &score) in scores.indexed_iter() {
        let (a, b) = (left.row(row).mapv(f64::from), right.row(column).mapv(f64::from));
        assert_abs_diff_eq!(f64::from(score), a.dot(&b) / (a.dot(&a) * b.dot(&b)).sqrt(), epsilon = 1e-6);
    }
}

#[test]
fn normalised_scores_follow_the_formulas_written_out() {
    let (templates, probes) = (prints(1, 4, 1, 8, 0.3), prints(2, 4, 3, 8, 0.8));
    let cohort = prints(9, 30, 1, 8, 2.0);
    let [own, other, against_all] = [&templates, &probes, &cohort].map(|rows| Pooled::rows(rows.clone()));
    let raw = cosine_of_rows(templates.view(), probes.view()).unwrap();
    let against = |of: &Array2<f32>| cosine_of_rows(of.view(), cohort.view()).unwrap().mapv(f64::from);
    let (of_templates, of_probes) = (against(&templates), against(&probes));
    let moments = |row: ndarray::ArrayView1<f64>, top: usize| {
        let mut scores = row.to_vec();
        scores.sort_by(|a, b| b.total_cmp(a));
        let kept = ndarray::Array1::from(scores[..top].to_vec());
        (kept.mean().unwrap(), kept.std(0.0))
    };
    let cases = [
        (Normalisation::Z, 1.0, 0.0, 30),
        (Normalisation::T, 0.0, 1.0, 30),
        (Normalisation::S, 0.5, 0.5, 30),
        (Normalisation::AdaptiveS { top: 7 }, 0.5, 0.5, 7),
    ];
    for (normalisation, share_z, share_t, top) in cases {
        let comparer = Comparer::normalised(&own, &other, &against_all, normalisation).unwrap();
        let found = comparer.all();
        let block = comparer.scores(1..3, 2..7) - found.slice(ndarray::s![1..3, 2..7]);
        assert!(block.iter().all(|off| off.abs() < 1e-4));
        for ((row, column), &score) in found.indexed_iter() {
            let raw = f64::from(raw[[row, column]]);
            let (z, t) = (moments(of_templates.row(row), top), moments(of_probes.row(column), top));
            let expected = share_z * (raw - z.0) / z.1 + share_t * (raw - t.0) / t.1;
            assert_abs_diff_eq!(f64::from(score), expected, epsilon = 1e-4);
        }
    }
    let none = Comparer::normalised(&own, &other, &against_all, Normalisation::None).unwrap();
    assert_eq!(none.all(), raw);
}

#[test]
fn cohorts_too_small_or_without_spread_are_refused() {
    let cohort = array![[0.1f32, 0.1, 0.1]];
    let flat = statistics(cohort.view(), None, ("the probes", 7));
    assert!(matches!(flat, Err(ComparisonError::FlatCohort { row: 7, .. })));
    let few = statistics(cohort.view(), Some(4), ("the probes", 0));
    assert!(matches!(few, Err(ComparisonError::Count { value: 4, most: 3, .. })));
}

#[test]
fn blocks_of_scores_are_those_of_the_whole_but_for_the_last_bits() {
    for dim in [36, 216, 512, 1100] {
        let (left, right) = (prints(1, 150, 1, dim, 1.0), prints(2, 40, 9, dim, 1.0));
        let [left, right] = [left, right].map(Pooled::rows);
        let comparer = Comparer::new(&left, &right).unwrap();
        let whole = comparer.all();
        for (rows, columns) in
            [(0..1, 0..360), (3..20, 0..360), (100..150, 0..360), (0..150, 64..128), (7..9, 5..6)]
        {
            let block = comparer.scores(rows.clone(), columns.clone());
            let off = &block - &whole.slice(ndarray::s![rows, columns]);
            assert!(off.iter().all(|off| off.abs() < 1e-6), "{dim} values");
        }
    }
}
