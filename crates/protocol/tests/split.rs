//! Folds: who lands where, and why a split is refused.

#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a test stops where it fails")]

mod cohort;

use std::collections::BTreeSet;

use cohort::{facts, one_visit, plan, subject, two_visits};
use proptest::prelude::*;
use twinprint_protocol::{Fold, Plan, RecordingMetadata, Role, Split, split};
use twinprint_signal::SubjectId;

fn refusal(recordings: &[RecordingMetadata], plan: &Plan) -> String {
    split(recordings, plan).unwrap_err().to_string()
}

fn of_group(people: &[SubjectId], recordings: &[RecordingMetadata], group: &str) -> usize {
    let in_group = |who: &&SubjectId| {
        recordings.iter().any(|facts| facts.key.subject == **who && facts.labels["group"] == group)
    };
    people.iter().filter(in_group).count()
}

fn recordings_of(fold: &Fold, who: &SubjectId) -> Vec<String> {
    let (enrol, probe) = fold.compared(Role::Test);
    let list = |keys: &[twinprint_signal::RecordingKey]| {
        keys.iter()
            .filter(|key| key.subject == *who)
            .map(|key| format!("{}/{}", key.session, key.recording))
            .collect::<Vec<_>>()
    };
    vec![list(enrol).join(" "), list(probe).join(" ")]
}

#[test]
fn everybody_may_be_learnt_from_in_the_end_whatever_they_were_in_the_folds() {
    let recordings = one_visit(12);
    let plan = plan("folds = 2\ndev_subjects = 3\ntrain = { recordings = [\"task=rest\"], subjects = 2 }");
    let split = split(&recordings, &plan).unwrap();
    let rest: Vec<_> = (0..12).map(|person| facts(person, "a", "1").key).collect();
    assert_eq!(split.learnable, rest);
    assert!(split.folds.iter().all(|fold| fold.recordings.train.len() == 2));
}

proptest! {
    #[test]
    fn roles_are_disjoint_and_everybody_is_tested_once(
        subjects in 8_usize..40, folds in 2_usize..5, dev in 0_usize..3, seed in any::<u64>(), stratified in any::<bool>(),
    ) {
        let recordings = one_visit(subjects);
        let mut plan = Plan { folds, seed, ..Plan::default() };
        plan.dev_subjects = twinprint_protocol::Amount::Count(dev);
        plan.stratify = stratified.then(|| "group".to_owned());
        prop_assume!(subjects >= 2 * folds && subjects - subjects.div_ceil(folds) >= dev + 2);
        let Split { folds: made, train_only, .. } = split(&recordings, &plan).unwrap();
        prop_assert!(train_only.is_empty());
        let mut tested = Vec::new();
        for fold in &made {
            let all: Vec<&SubjectId> = fold.train.iter().chain(&fold.dev).chain(&fold.test).collect();
            prop_assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), subjects);
            prop_assert_eq!(all.len(), subjects);
            prop_assert_eq!(fold.dev.len(), dev);
            tested.extend(fold.test.clone());
        }
        tested.sort();
        prop_assert_eq!(tested, (0..subjects).map(subject).collect::<Vec<_>>());
        let sizes: Vec<usize> = made.iter().map(|fold| fold.test.len()).collect();
        prop_assert!(sizes.iter().max().unwrap() - sizes.iter().min().unwrap() <= 1);
        if stratified {
            let patients: Vec<usize> = made.iter().map(|fold| of_group(&fold.test, &recordings, "patient")).collect();
            prop_assert!(patients.iter().max().unwrap() - patients.iter().min().unwrap() <= 1);
        }
    }

    #[test]
    fn the_order_of_the_recordings_is_irrelevant(seed in any::<u64>(), turn in 0_usize..40) {
        let plan = Plan { seed, stratify: Some("group".to_owned()), ..Plan::default() };
        let recordings = two_visits(10);
        let mut turned = recordings.clone();
        turned.rotate_left(turn % recordings.len());
        turned.reverse();
        prop_assert_eq!(split(&recordings, &plan).unwrap(), split(&turned, &plan).unwrap());
    }

    #[test]
    fn fewer_training_subjects_are_a_subset_of_more(seed in any::<u64>(), few in 2_usize..8) {
        let with = |subjects| {
            let mut plan = Plan { seed, dev_subjects: twinprint_protocol::Amount::Count(2), ..Plan::default() };
            plan.train.subjects = subjects;
            split(&one_visit(18), &plan).unwrap()
        };
        for (small, large) in with(few).folds.iter().zip(&with(few + 2).folds) {
            prop_assert_eq!(small.train.len(), few);
            prop_assert!(small.train.iter().all(|who| large.train.contains(who)));
            prop_assert_eq!((&small.dev, &small.test), (&large.dev, &large.test));
        }
    }
}

#[test]
fn a_seed_names_one_split_for_good() {
    let made = split(&one_visit(6), &Plan { folds: 2, seed: 7, ..Plan::default() }).unwrap();
    let tested: Vec<Vec<&str>> =
        made.folds.iter().map(|fold| fold.test.iter().map(SubjectId::as_str).collect()).collect();
    assert_eq!(tested, [["sub-00", "sub-04", "sub-05"], ["sub-01", "sub-02", "sub-03"]]);
    let other = split(&one_visit(6), &Plan { folds: 2, seed: 8, ..Plan::default() }).unwrap();
    assert_ne!(made.folds, other.folds);
}

#[test]
fn a_split_survives_being_written_and_read() {
    let made = split(&two_visits(9), &plan("dev_subjects = 0.34")).unwrap();
    let text = serde_json::to_string(&made).unwrap();
    assert_eq!(serde_json::from_str::<Split>(&text).unwrap(), made);
    assert_eq!(made.folds[0].dev.len(), 2);
}

#[test]
fn by_default_the_first_recording_enrols_and_the_others_probe() {
    let made = split(&one_visit(6), &Plan::default()).unwrap();
    let fold = &made.folds[0];
    assert_eq!(recordings_of(fold, &fold.test[0]), ["a/1", "a/2"]);
}

#[test]
fn by_default_probes_come_from_other_sessions_where_everybody_has_some() {
    let made = split(&two_visits(6), &Plan::default()).unwrap();
    let fold = &made.folds[0];
    assert_eq!(recordings_of(fold, &fold.test[0]), ["a/1", "b/1 b/2"]);
    let made = split(&two_visits(6), &plan("variant = \"cross-recording\"")).unwrap();
    let fold = &made.folds[0];
    assert_eq!(recordings_of(fold, &fold.test[0]), ["a/1", "a/2 b/1 b/2"]);
}

#[test]
fn recordings_are_named_by_id_session_or_label() {
    for (enrol, probe, expected) in [
        ("1", "2", ["a/1 b/1", "a/2 b/2"]),
        ("b", "a", ["b/1 b/2", "a/1 a/2"]),
        ("task=arithmetic", "task=rest", ["a/2 b/2", "a/1 b/1"]),
    ] {
        let text = format!("[enrol]\nrecordings = [\"{enrol}\"]\n[probe]\nrecordings = [\"{probe}\"]");
        let made = split(&two_visits(6), &plan(&text)).unwrap();
        let fold = &made.folds[1];
        assert_eq!(recordings_of(fold, &fold.test[0]), expected, "{enrol} and {probe}");
    }
}

#[test]
fn within_recording_enrols_and_probes_one_recording() {
    let made = split(&one_visit(6), &plan("variant = \"within-recording\"")).unwrap();
    let fold = &made.folds[0];
    assert_eq!(recordings_of(fold, &fold.test[0]), ["a/1", "a/1"]);
}

#[test]
fn seen_subjects_train_on_the_enrolment_but_never_on_the_probes() {
    let made = split(&one_visit(6), &plan("variant = \"seen-subjects\"")).unwrap();
    for fold in &made.folds {
        let (enrol, probe) = fold.compared(Role::Test);
        assert!(enrol.iter().all(|key| fold.trains_on(key)));
        assert!(!probe.iter().any(|key| fold.trains_on(key)));
        assert_eq!(fold.learnt_from().len(), 6);
    }
    let unseen = split(&one_visit(6), &Plan::default()).unwrap();
    assert!(unseen.folds.iter().all(|fold| fold.learnt_from().is_disjoint(&fold.test.iter().collect())));
}

#[test]
fn training_reads_only_the_recordings_it_is_given() {
    let recordings = one_visit(6);
    let made = split(&recordings, &plan("[train]\nrecordings = [\"task=rest\"]")).unwrap();
    let epochs = cohort::epochs(&recordings, 2.0);
    for fold in &made.folds {
        let read: Vec<_> = fold.training_epochs(&epochs).collect();
        assert_eq!(read.len(), 60 * fold.train.len());
        assert!(read.iter().all(|info| info.key.recording.as_str() == "1"));
        assert!(read.iter().all(|info| fold.train.contains(&info.key.subject)));
    }
}

#[test]
fn a_subject_without_a_probe_is_an_error_or_only_trains() {
    let mut recordings = one_visit(6);
    recordings.push(facts(6, "a", "1"));
    let shown = refusal(&recordings, &Plan::default());
    assert!(shown.contains("sub-06") && shown.contains("probe") && shown.contains("sub-06/a/1"), "{shown}");
    let made = split(&recordings, &plan("on_short = \"drop\"")).unwrap();
    assert_eq!(made.train_only, [subject(6)]);
    assert!(made.folds.iter().all(|fold| fold.train.contains(&subject(6))));
}

#[test]
fn an_entry_that_names_nothing_is_answered_with_what_there_is() {
    let shown = refusal(&one_visit(6), &plan("[enrol]\nrecordings = [\"ses-9\"]"));
    for part in ["enrol.recordings", "\"ses-9\"", "\"task=rest\"", "\"a\"", "\"1\""] {
        assert!(shown.contains(part), "{part} is not in: {shown}");
    }
}

#[test]
fn an_enrolment_longer_than_a_recording_is_refused_before_a_sample_is_read() {
    let mut recordings = one_visit(6);
    recordings[2].seconds = 20.0;
    let shown = refusal(&recordings, &Plan::default());
    for part in ["sub-01/a/1", "20 s recorded", "30 s", "enrol.seconds"] {
        assert!(shown.contains(part), "{part} is not in: {shown}");
    }
    recordings[2].seconds = 120.0;
    recordings[3].seconds = 8.0;
    let shown = refusal(&recordings, &Plan::default());
    assert!(
        shown.contains("sub-01/a/2") && shown.contains("8 s recorded") && shown.contains("10 s"),
        "{shown}"
    );
    assert!(split(&recordings, &plan("on_short = \"drop\"")).is_ok());
}

#[test]
fn a_template_may_come_from_the_longer_of_two_recordings() {
    let mut recordings = two_visits(6);
    recordings.iter_mut().filter(|facts| facts.key.session.as_str() == "a").for_each(|facts| {
        facts.seconds = if facts.key.recording.as_str() == "1" { 20.0 } else { 40.0 };
    });
    let plan = plan("[enrol]\nrecordings = [\"a\"]\n[probe]\nrecordings = [\"b\"]");
    assert!(split(&recordings, &plan).is_ok());
    recordings[1].seconds = 25.0;
    let shown = refusal(&recordings, &plan);
    for part in ["protocol.enrol.seconds = 30", "sub-00/a/2 has 25 s recorded", "ask for 25 s or less"] {
        assert!(shown.contains(part), "{part} is not in: {shown}");
    }
    assert!(!shown.contains("rejection"), "nothing was rejected yet: {shown}");
}

#[test]
fn within_a_recording_enrolment_guard_and_probe_must_fit_together() {
    let text = "variant = \"within-recording\"\nguard_seconds = 85\n[probe]\nseconds = [10]";
    let shown = refusal(&one_visit(6), &plan(text));
    assert!(shown.contains("5 s recorded") && shown.contains("10 s"), "{shown}");
    assert!(split(&one_visit(6), &plan(&text.replace("85", "80"))).is_ok());
}

#[test]
fn a_recording_listed_twice_is_refused() {
    let mut recordings = one_visit(6);
    recordings.push(recordings[3].clone());
    assert!(refusal(&recordings, &Plan::default()).contains("sub-01/a/2 is listed twice"));
}

#[test]
fn too_few_subjects_for_the_folds_are_refused_with_the_number_that_would_do() {
    let shown = refusal(&one_visit(7), &plan("folds = 4"));
    assert!(shown.contains("7 subjects") && shown.contains("folds = 3"), "{shown}");
    let shown = refusal(&one_visit(6), &plan("dev_subjects = 3"));
    assert!(shown.contains("1 training subject after") && shown.contains("dev_subjects"), "{shown}");
}

#[test]
fn a_stratifying_label_must_be_known_and_one_per_subject() {
    let shown = refusal(&one_visit(6), &plan("stratify = \"sex\""));
    assert!(shown.contains("\"sex\"") && shown.contains("group, task"), "{shown}");
    let shown = refusal(&one_visit(6), &plan("stratify = \"task\""));
    for part in ["sub-00/a/1", "\"rest\"", "sub-00/a/2", "\"arithmetic\""] {
        assert!(shown.contains(part), "{part} is not in: {shown}");
    }
}

#[test]
fn no_recordings_at_all_are_refused() {
    assert!(refusal(&[], &Plan::default()).contains("0 subjects"));
}
