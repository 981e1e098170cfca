//! Several cohorts in one split: who is dealt, who is only learnt from, who never is.

#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a test stops where it fails")]

mod cohort;

use std::collections::BTreeSet;

use cohort::{epochs, one_visit, plan};
use proptest::prelude::*;
use twinprint_protocol::{
    CohortPart, CohortRole, Fold, Plan, RecordingMetadata, Role, Split, check, split, split_cohorts, trials,
};
use twinprint_signal::SubjectId;

/// The recordings of `people` people who are named `name/sub-00` and so on.
fn named(name: &str, people: usize) -> Vec<RecordingMetadata> {
    let mut all = one_visit(people);
    for facts in &mut all {
        facts.key.subject = SubjectId::new(format!("{name}/{}", facts.key.subject)).unwrap();
        facts.content_hash = format!("{name} {}", facts.content_hash);
    }
    all
}

fn part<'a>(
    name: &'a str,
    role: CohortRole,
    recordings: &'a [RecordingMetadata],
    plan: &Plan,
) -> CohortPart<'a> {
    CohortPart { name: Some(name), role, learn_from: None, recordings, plan: plan.clone() }
}

fn of<'a>(name: &str, people: &'a [SubjectId]) -> BTreeSet<&'a str> {
    people.iter().map(SubjectId::as_str).filter(|who| who.starts_with(&format!("{name}/"))).collect()
}

fn three(plan: &Plan) -> Split {
    let (home, away, other) = (named("home", 12), named("away", 9), named("other", 7));
    let parts = [
        part("home", CohortRole::LearnAndTest, &home, plan),
        part("away", CohortRole::Test, &away, plan),
        part("other", CohortRole::Learn, &other, plan),
    ];
    split_cohorts(&parts, plan).unwrap()
}

proptest! {
    #[test]
    fn a_single_cohort_is_dealt_as_a_data_set_is(
        people in 8_usize..30, folds in 2_usize..4, dev in 0_usize..3, seed in any::<u64>(), stratified in any::<bool>(),
        train in 0_usize..5,
    ) {
        let mut plan = Plan { folds, seed, ..Plan::default() };
        plan.dev_subjects = twinprint_protocol::Amount::Count(dev);
        plan.stratify = stratified.then(|| "group".to_owned());
        plan.train.subjects = if train < 2 { 0 } else { train };
        let recordings = named("one", people);
        let alone = split(&recordings, &plan).unwrap();
        let cohort = split_cohorts(&[part("one", CohortRole::LearnAndTest, &recordings, &plan)], &plan).unwrap();
        prop_assert_eq!(&alone.folds, &cohort.folds);
        let views = cohort.by_tested_cohort();
        prop_assert_eq!((views.len(), views[0].0), (1, Some("one")));
        prop_assert_eq!(&views[0].1.folds, &alone.folds);
    }

    #[test]
    fn people_of_other_cohorts_change_nothing_for_those_tested(seed in any::<u64>(), most in 0_usize..9) {
        let plan = Plan { seed, dev_subjects: twinprint_protocol::Amount::Count(2), ..Plan::default() };
        let (home, other) = (named("home", 12), named("other", 9));
        let with = |learn_from| {
            let learnt = CohortPart { learn_from, ..part("other", CohortRole::Learn, &other, &plan) };
            split_cohorts(&[part("home", CohortRole::LearnAndTest, &home, &plan), learnt], &plan).unwrap()
        };
        let alone = split(&home, &plan).unwrap();
        let (fewer, more) = (with(Some(most)), with(Some(most + 1)));
        for (alone, (fewer, more)) in alone.folds.iter().zip(fewer.folds.iter().zip(&more.folds)) {
            prop_assert_eq!((&alone.test, &alone.dev), (&fewer.test, &fewer.dev));
            prop_assert_eq!(of("home", &fewer.train), of("home", &alone.train));
            let (few, many) = (of("other", &fewer.train), of("other", &more.train));
            prop_assert_eq!(few.len(), most.min(9));
            prop_assert!(few.is_subset(&many));
        }
        prop_assert_eq!(with(None), with(Some(9)));
    }
}

#[test]
fn everybody_tested_is_so_once_and_nobody_is_learnt_from_against_their_role() {
    let plan = plan("folds = 3\ndev_subjects = 2");
    let split = three(&plan);
    let mut tested = BTreeSet::new();
    for fold in &split.folds {
        assert_eq!((of("home", &fold.test).len(), of("away", &fold.test).len()), (4, 3));
        assert!(fold.test.iter().all(|who| tested.insert(who.clone())));
        assert_eq!(
            of("home", &fold.dev).len(),
            fold.dev.len(),
            "dev people are of those tested and learnt from"
        );
        assert_eq!((of("other", &fold.train).len(), of("away", &fold.train).len()), (7, 0));
        assert!(fold.recordings.train.iter().all(|key| !key.subject.as_str().starts_with("away/")));
    }
    assert_eq!(tested.len(), 12 + 9);
}

#[test]
fn a_role_decides_nothing_about_the_folds() {
    let plan = plan("folds = 3");
    let (home, away) = (named("home", 12), named("away", 9));
    let with = |one, two| {
        split_cohorts(&[part("home", one, &home, &plan), part("away", two, &away, &plan)], &plan).unwrap()
    };
    let tests = |split: &Split| split.folds.iter().map(|fold: &Fold| fold.test.clone()).collect::<Vec<_>>();
    let both = with(CohortRole::LearnAndTest, CohortRole::LearnAndTest);
    assert_eq!(tests(&both), tests(&with(CohortRole::LearnAndTest, CohortRole::Test)));
    assert_eq!(tests(&both), tests(&with(CohortRole::Test, CohortRole::LearnAndTest)));
}

#[test]
fn a_tested_cohort_is_compared_with_itself_alone() {
    let plan = plan("folds = 3\ndev_subjects = 2\nenrol.seconds = 10.0");
    let split = three(&plan);
    let all: Vec<RecordingMetadata> =
        [("home", 12), ("away", 9), ("other", 7)].iter().flat_map(|(name, n)| named(name, *n)).collect();
    let epochs = epochs(&all, 2.0);
    let views = split.by_tested_cohort();
    assert_eq!(views.iter().map(|(name, _)| name.unwrap()).collect::<Vec<_>>(), ["home", "away"]);
    for (name, view) in &views {
        for fold in &view.folds {
            let found = trials(&epochs, 2.0, fold, Role::Test, &plan, 2.0).unwrap();
            let start = format!("{}/", name.unwrap());
            assert!(!found.templates.is_empty() && !found.probes.is_empty());
            assert!(
                found
                    .templates
                    .iter()
                    .chain(&found.probes)
                    .all(|pool| pool.subject.as_str().starts_with(&start))
            );
        }
    }
    // Nobody of the cohort that is never learnt from can set a threshold; what it is normalised against is everybody learnt from.
    assert!(views[0].1.folds.iter().all(|fold| fold.dev.len() == 2));
    assert!(views[1].1.folds.iter().all(|fold| fold.dev.is_empty() && fold.recordings.dev_probe.is_empty()));
    assert!(views[1].1.folds.iter().all(|fold| fold.train.len() == 12 - 4 - 2 + 7));
}

#[test]
fn each_cohort_enrols_and_probes_with_recordings_of_its_own() {
    let common =
        plan("folds = 2\nenrol.recordings = [\"task=rest\"]\nprobe.recordings = [\"task=arithmetic\"]");
    let turned = Plan {
        enrol: twinprint_protocol::Enrol { recordings: vec!["2".to_owned()], ..common.enrol.clone() },
        probe: twinprint_protocol::Probe { recordings: vec!["1".to_owned()], ..common.probe.clone() },
        ..common.clone()
    };
    let (home, away) = (named("home", 4), named("away", 4));
    let parts = [
        part("home", CohortRole::LearnAndTest, &home, &common),
        part("away", CohortRole::Test, &away, &turned),
    ];
    let split = split_cohorts(&parts, &common).unwrap();
    for key in split.folds.iter().flat_map(|fold| &fold.recordings.test_enrol) {
        let expected = if key.subject.as_str().starts_with("home/") { "1" } else { "2" };
        assert_eq!(key.recording.as_str(), expected, "{key}");
    }
}

#[test]
fn what_is_wrong_with_a_cohort_is_said_of_it() {
    let plan = plan("folds = 3");
    let (home, away) = (named("home", 12), named("away", 5));
    let parts =
        [part("home", CohortRole::LearnAndTest, &home, &plan), part("away", CohortRole::Test, &away, &plan)];
    let error = split_cohorts(&parts, &plan).unwrap_err();
    assert!(error.to_string().starts_with("cohort away: protocol.folds = 3 with 5 subjects"), "{error}");
    assert_eq!(error.key(), "protocol.folds");
}

#[test]
fn one_file_under_two_cohorts_is_a_leak_that_names_both() {
    let plan = plan("folds = 3");
    let (home, mut other) = (named("home", 12), named("other", 3));
    other[2].content_hash = home[5].content_hash.clone();
    let parts = [
        part("home", CohortRole::LearnAndTest, &home, &plan),
        part("other", CohortRole::Learn, &other, &plan),
    ];
    let split = split_cohorts(&parts, &plan).unwrap();
    let all: Vec<RecordingMetadata> = home.iter().chain(&other).cloned().collect();
    let shown = check(&all, &split, &plan).unwrap_err()[0].to_string();
    assert!(shown.contains("home/sub-02/a/2") && shown.contains("other/sub-01/a/1"), "{shown}");
}

#[test]
fn a_reader_learns_who_is_only_learnt_from_and_how_few_of_each_cohort_are_tested() {
    let plan = plan("folds = 3");
    let split = three(&plan);
    let all: Vec<RecordingMetadata> =
        [("home", 12), ("away", 9), ("other", 7)].iter().flat_map(|(name, n)| named(name, *n)).collect();
    let notices: Vec<String> =
        check(&all, &split, &plan).unwrap().into_iter().map(|notice| notice.text).collect();
    for expected in [
        "cohort home: few people: 12",
        "cohort away: few people: 9",
        "cohort other: every fold learns from 7 of 7 people",
    ] {
        assert!(notices.iter().any(|text| text.starts_with(expected)), "{expected}: {notices:?}");
    }
}
