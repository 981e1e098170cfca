//! Identification and few-shot episodes.

mod support;

use approx::assert_abs_diff_eq;
use ndarray::{Array2, array, s};
use support::prints;
use twinprint_comparison::{ComparisonError, cosine_of_rows};
use twinprint_evaluation::few_shot::{Episodes, Fold, episodes};
use twinprint_evaluation::identification::{Search, closed_set, open_set, search};
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
    let scores = cosine_of_rows(found.slice(s![..;5, ..]), found.view()).unwrap();
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
    assert!(matches!(
        search(bad.view(), &[1, 2], &[1, 2]),
        Err(PrintError::Comparison(ComparisonError::NotFinite { .. }))
    ));
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
