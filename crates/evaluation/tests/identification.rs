//! Identification, few-shot episodes, templates and score normalisation.

mod support;

use approx::assert_abs_diff_eq;
use ndarray::{Array2, array, s};
use support::prints;
use twinprint_evaluation::few_shot::{Episodes, Fold, episodes};
use twinprint_evaluation::identification::{Search, closed_set, open_set, search};
use twinprint_evaluation::normalisation::{Normalisation, normalise, normalised_scores};
use twinprint_evaluation::template::{Pooling, cosine_scores, pool};
use twinprint_evaluation::{Bootstrap, LabelledPrints, PrintError};

#[test]
fn ranks_count_better_and_equal_subjects_once_each() {
    // Subject 7 has two templates; the best of them counts.
    let scores = array![[0.1f32, 0.9, 0.5], [0.8, 0.2, 0.5], [0.6, 0.7, 0.5], [0.7, 0.1, 0.5]];
    let found = search(scores.view(), &[7, 7, 8, 9], &[7, 8, 9]).unwrap();
    let ranks: Vec<usize> = found.iter().map(|search| search.rank).collect();
    // The third probe ties with everybody and comes last.
    assert_eq!(ranks, [1, 2, 3]);
    assert_eq!((found[0].own, found[0].other, found[0].enrolled), (0.8, 0.7, 3));
    let result = closed_set(&found, &Bootstrap::default()).unwrap();
    assert_abs_diff_eq!(result.rank1.value, 1.0 / 3.0);
    let cmc: Vec<f64> = result.cmc.iter().map(|rate| rate.value).collect();
    assert_eq!(cmc, [1.0 / 3.0, 2.0 / 3.0, 1.0]);
    assert_abs_diff_eq!(result.chance, 1.0 / 3.0, epsilon = 1e-12);
    assert!(result.rank1.ci95.unwrap().contains(result.rank1.value));
}

#[test]
fn rank_one_of_a_perfect_system_is_bounded_below_by_the_number_of_subjects() {
    let (found, subjects) = prints(1, 12, 5, 32, 0.01);
    let scores = cosine_scores(found.slice(s![..;5, ..]), found.view()).unwrap();
    let templates: Vec<u32> = (0..12).collect();
    let result =
        closed_set(&search(scores.view(), &templates, &subjects).unwrap(), &Bootstrap::default()).unwrap();
    assert_eq!(result.rank1.value, 1.0);
    assert_abs_diff_eq!(result.rank1.ci95.unwrap().low, 0.05f64.powf(1.0 / 12.0), epsilon = 1e-12);
}

#[test]
fn galleries_that_cannot_answer_are_refused() {
    let scores = array![[0.1f32, 0.9], [0.8, 0.2]];
    assert!(matches!(search(scores.view(), &[1], &[1, 2]), Err(PrintError::Labels { .. })));
    assert!(matches!(search(scores.view(), &[1, 1], &[1, 1]), Err(PrintError::Count { .. })));
    let stranger = search(scores.view(), &[1, 2], &[1, 3]);
    assert!(matches!(stranger, Err(PrintError::UnknownLabel { label: 3, .. })));
    let bad = array![[0.1f32, f32::NAN], [0.8, 0.2]];
    assert!(matches!(search(bad.view(), &[1, 2], &[1, 2]), Err(PrintError::NotFinite { .. })));
    assert!(matches!(closed_set(&[], &Bootstrap::default()), Err(PrintError::Empty { .. })));
}

#[test]
fn open_set_detection_counts_strangers_by_leaving_the_own_template_out() {
    let searches: Vec<Search> = (0..300)
        .map(|probe| Search {
            subject: probe / 30,
            rank: 1 + usize::from(probe % 10 == 0),
            own: 0.9 - probe as f32 * 1e-3,
            other: 0.7 * probe as f32 / 300.0,
            enrolled: 10,
        })
        .collect();
    let result = open_set(&searches, 0.1, &Bootstrap::default()).unwrap();
    // 30 of 300 strangers may raise an alarm: those above .7·269/300.
    assert_abs_diff_eq!(result.far_observed, 0.1, epsilon = 1e-12);
    assert_abs_diff_eq!(result.threshold, 0.7 * 269.0 / 300.0, epsilon = 1e-6);
    let expected = searches
        .iter()
        .filter(|search| search.rank == 1 && f64::from(search.own) >= result.threshold)
        .count() as f64
        / 300.0;
    assert_abs_diff_eq!(result.dir.unwrap().value, expected, epsilon = 1e-12);
    let strict = open_set(&searches, 0.01, &Bootstrap::default()).unwrap();
    assert!(strict.dir.unwrap_err().to_string().contains("3000 are needed"));
}

#[test]
fn templates_have_unit_length_and_ignore_the_length_of_prints() {
    let some = array![[3.0f32, 0.0], [0.0, 0.1]];
    let mean = pool(some.view(), Pooling::Mean).unwrap();
    assert_abs_diff_eq!(mean[0], 0.5f32.sqrt(), epsilon = 1e-6);
    assert_abs_diff_eq!(mean[1], 0.5f32.sqrt(), epsilon = 1e-6);
    for pooling in [Pooling::Mean, Pooling::Medoid, Pooling::RobustMean] {
        let (many, _) = prints(3, 1, 9, 16, 0.5);
        let pooled = pool(many.view(), pooling).unwrap();
        assert_abs_diff_eq!(pooled.dot(&pooled), 1.0, epsilon = 1e-5);
        let longer = pool((&many * 7.0).view(), pooling).unwrap();
        assert!((&pooled - &longer).iter().all(|gap| gap.abs() < 1e-5));
    }
}

#[test]
fn the_medoid_is_one_of_the_prints_and_the_robust_mean_drops_spoilt_ones() {
    let (mut many, _) = prints(4, 1, 20, 16, 0.2);
    let clean = pool(many.view(), Pooling::Mean).unwrap();
    for row in 0..3 {
        many.row_mut(row)
            .indexed_iter_mut()
            .for_each(|(column, value)| *value = if column % 2 == 0 { 9.0 } else { -9.0 });
    }
    let medoid = pool(many.view(), Pooling::Medoid).unwrap();
    let own = cosine_scores(many.view(), medoid.view().insert_axis(ndarray::Axis(0))).unwrap();
    assert!(own.iter().skip(3).any(|&score| score > 0.9999));
    let angle = |pooling| pool(many.view(), pooling).unwrap().dot(&clean);
    assert!(angle(Pooling::RobustMean) > angle(Pooling::Mean));
    assert!(angle(Pooling::RobustMean) > 0.99);
}

#[test]
fn prints_without_direction_or_of_different_length_are_refused() {
    let zero = array![[1.0f32, 0.0], [0.0, 0.0]];
    assert!(matches!(pool(zero.view(), Pooling::Mean), Err(PrintError::ZeroPrint { row: 1, .. })));
    let opposite = array![[1.0f32, 0.0], [-1.0, 0.0]];
    assert!(matches!(pool(opposite.view(), Pooling::Mean), Err(PrintError::ZeroPrint { .. })));
    let none = Array2::<f32>::zeros((0, 4));
    assert!(matches!(pool(none.view(), Pooling::Medoid), Err(PrintError::Empty { .. })));
    let three = array![[1.0f32, 0.0, 0.0]];
    let mixed = cosine_scores(three.view(), opposite.view());
    assert_eq!(mixed, Err(PrintError::Dimensions { left: 3, right: 2 }));
}

#[test]
fn cosine_scores_are_the_dot_products_of_unit_prints() {
    let ((left, _), (right, _)) = (prints(1, 3, 100, 17, 1.0), prints(2, 5, 3, 17, 1.0));
    let scores = cosine_scores(left.view(), right.view()).unwrap();
    assert_eq!(scores.dim(), (300, 15));
    for ((row, column), &score) in scores.indexed_iter() {
        let (a, b) = (left.row(row).mapv(f64::from), right.row(column).mapv(f64::from));
        assert_abs_diff_eq!(f64::from(score), a.dot(&b) / (a.dot(&a) * b.dot(&b)).sqrt(), epsilon = 1e-6);
    }
}

#[test]
fn normalised_scores_follow_the_formulas_written_out() {
    let ((templates, _), (probes, _)) = (prints(1, 4, 1, 8, 0.3), prints(2, 4, 3, 8, 0.8));
    let (cohort, _) = prints(9, 30, 1, 8, 2.0);
    let raw = cosine_scores(templates.view(), probes.view()).unwrap();
    let against = |of: &Array2<f32>| cosine_scores(of.view(), cohort.view()).unwrap().mapv(f64::from);
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
        let found = normalised_scores(templates.view(), probes.view(), cohort.view(), normalisation).unwrap();
        for ((row, column), &score) in found.indexed_iter() {
            let raw = f64::from(raw[[row, column]]);
            let (z, t) = (moments(of_templates.row(row), top), moments(of_probes.row(column), top));
            let expected = share_z * (raw - z.0) / z.1 + share_t * (raw - t.0) / t.1;
            assert_abs_diff_eq!(f64::from(score), expected, epsilon = 1e-4);
        }
    }
    let none =
        normalised_scores(templates.view(), probes.view(), cohort.view(), Normalisation::None).unwrap();
    assert_eq!(none, raw);
}

#[test]
fn cohorts_too_small_or_without_spread_are_refused() {
    let scores = array![[0.5f32]];
    let cohort = array![[0.1f32, 0.1, 0.1]];
    let flat = normalise(scores.view(), cohort.view(), cohort.view(), Normalisation::Z);
    assert!(matches!(flat, Err(PrintError::FlatCohort { row: 0, .. })));
    let top = Normalisation::AdaptiveS { top: 4 };
    let few = normalise(scores.view(), cohort.view(), cohort.view(), top);
    assert!(matches!(few, Err(PrintError::Count { value: 4, most: 3, .. })));
}

fn few_shot(noise: f32, plan: &Episodes) -> Result<twinprint_evaluation::few_shot::FewShot, PrintError> {
    let ((support, labels), (query, query_labels)) =
        (prints(1, 20, 8, 32, noise), prints(2, 20, 8, 32, noise));
    let folds = [Fold {
        support: LabelledPrints { prints: support.view(), labels: &labels },
        query: LabelledPrints { prints: query.view(), labels: &query_labels },
    }];
    episodes(&folds, plan, &Bootstrap::default())
}

#[test]
fn few_shot_accuracy_is_one_for_clear_prints_and_chance_for_noise() {
    for ways in [Some(2), Some(5), Some(20), None] {
        let plan = Episodes { ways, ..Episodes::default() };
        let clear = few_shot(0.01, &plan).unwrap();
        assert_eq!(clear.accuracy.value, 1.0);
        assert_abs_diff_eq!(clear.chance, 1.0 / ways.unwrap_or(20) as f64, epsilon = 1e-9);
        assert_eq!(clear.ways, ways.unwrap_or(20));
        let noise = few_shot(1e6, &plan).unwrap();
        assert!(noise.accuracy.ci95.unwrap().contains(noise.chance), "{noise:?}");
    }
}

#[test]
fn more_shots_help_and_more_ways_hurt() {
    let of = |ways, shots| {
        let plan = Episodes { ways: Some(ways), shots, ..Episodes::default() };
        few_shot(2.5, &plan).unwrap().accuracy.value
    };
    assert!(of(20, 5) > of(20, 1) + 0.05);
    assert!(of(2, 1) > of(20, 1) + 0.1);
}

#[test]
fn episodes_repeat_with_their_seed() {
    let plan = Episodes { ways: Some(5), shots: 2, episodes: 50, seed: 3 };
    assert_eq!(few_shot(2.0, &plan), few_shot(2.0, &plan));
    let other = Episodes { seed: 4, ..plan.clone() };
    assert_ne!(few_shot(2.0, &plan), few_shot(2.0, &other));
}

#[test]
fn episodes_that_cannot_be_drawn_are_refused_with_what_there_is() {
    let ways = Episodes { ways: Some(21), ..Episodes::default() };
    assert!(matches!(few_shot(1.0, &ways), Err(PrintError::Count { value: 21, most: 20, .. })));
    let shots = Episodes { shots: 9, ..Episodes::default() };
    assert!(matches!(few_shot(1.0, &shots), Err(PrintError::Count { most: 0, .. })));
    let none = Episodes { episodes: 0, ..Episodes::default() };
    assert!(matches!(few_shot(1.0, &none), Err(PrintError::Count { .. })));
}

#[test]
fn a_collapsed_encoder_scores_chance_and_not_more() {
    let same = Array2::<f32>::ones((8, 4));
    let labels = [0, 0, 1, 1, 2, 2, 3, 3];
    let part = LabelledPrints { prints: same.view(), labels: &labels };
    let result =
        episodes(&[Fold { support: part, query: part }], &Episodes::default(), &Bootstrap::default())
            .unwrap();
    assert_abs_diff_eq!(result.accuracy.value, 0.25, epsilon = 1e-9);
}
