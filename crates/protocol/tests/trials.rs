//! Templates and probes: what is cut from which epochs.

#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a test stops where it fails")]

mod cohort;

use std::collections::BTreeSet;

use cohort::{epochs, one_visit, plan, two_visits};
use proptest::prelude::*;
use twinprint_protocol::{FoldTrials, Plan, Pool, ProtocolError, RecordingMetadata, Role, split, trials};
use twinprint_signal::EpochInfo;

fn cut(
    recordings: &[RecordingMetadata],
    epochs: &[EpochInfo],
    plan: &Plan,
    probe_seconds: f64,
) -> Result<FoldTrials, ProtocolError> {
    let made = split(recordings, plan).unwrap();
    trials(epochs, 2.0, &made.folds[0], Role::Test, plan, probe_seconds)
}

fn starts(pool: &Pool, epochs: &[EpochInfo]) -> Vec<f64> {
    pool.epochs.iter().map(|&index| epochs[index].start.get()).collect()
}

proptest! {
    #[test]
    fn no_pool_overlaps_another_and_all_are_as_long_as_asked(
        subjects in 6_usize..12, step in prop::sample::select(vec![0.5, 1.0, 2.0, 3.0]), probe in prop::sample::select(vec![2.0, 4.0, 10.0]),
        rejected in prop::collection::btree_set(0_usize..1000, 0..60), templates in 1_usize..3,
    ) {
        let recordings = one_visit(subjects);
        let mut kept = epochs(&recordings, step);
        let mut index = 0;
        kept.retain(|_| { index += 1; !rejected.contains(&index) });
        let mut plan = plan("on_short = \"drop\"\n[enrol]\nseconds = 20");
        plan.enrol.templates_per_subject = templates;
        let made = cut(&recordings, &kept, &plan, probe).unwrap();
        let mut used = BTreeSet::new();
        for pool in made.templates.iter().chain(&made.probes) {
            let starts = starts(pool, &kept);
            prop_assert!(starts.windows(2).all(|pair| pair[1] - pair[0] >= 2.0));
            prop_assert_eq!(pool.seconds, 2.0 * starts.len() as f64);
            prop_assert!(pool.epochs.iter().all(|&i| kept[i].key == pool.key && used.insert(i)));
        }
        prop_assert!(made.templates.iter().all(|pool| pool.seconds == 20.0));
        prop_assert!(made.probes.iter().all(|pool| pool.seconds == probe));
        let ids: BTreeSet<&str> = made.templates.iter().chain(&made.probes).map(|pool| pool.id.as_str()).collect();
        prop_assert_eq!(ids.len(), made.templates.len() + made.probes.len());
        prop_assert_eq!(made.templates.len(), templates * (made.failures.enrol_attempts - made.failures.to_enrol.len()));
    }

    #[test]
    fn the_order_of_the_epochs_is_irrelevant(turn in 0_usize..500) {
        let recordings = one_visit(6);
        let plain = epochs(&recordings, 1.0);
        let mut turned = plain.clone();
        turned.rotate_left(turn);
        let shown = |epochs: &[EpochInfo]| {
            let made = cut(&recordings, epochs, &Plan::default(), 10.0).unwrap();
            made.templates.iter().chain(&made.probes).map(|p| (p.id.clone(), starts(p, epochs))).collect::<Vec<_>>()
        };
        prop_assert_eq!(shown(&plain), shown(&turned));
    }
}

#[test]
fn templates_are_the_first_seconds_and_probes_follow_one_another() {
    let recordings = one_visit(6);
    let epochs = epochs(&recordings, 0.5);
    let made = cut(&recordings, &epochs, &Plan::default(), 10.0).unwrap();
    assert_eq!((made.templates.len(), made.probes.len()), (2, 24));
    let expected: Vec<f64> = (0..15).map(|i| f64::from(i) * 2.0).collect();
    assert_eq!(starts(&made.templates[0], &epochs), expected);
    assert_eq!(starts(&made.probes[1], &epochs), [10.0, 12.0, 14.0, 16.0, 18.0]);
    assert!(made.templates.iter().all(|pool| pool.key.recording.as_str() == "1"));
    assert!(made.probes.iter().all(|pool| pool.key.recording.as_str() == "2"));
    assert!(made.failures.to_acquire.is_empty());
}

#[test]
fn within_a_recording_probes_begin_a_guard_gap_after_the_template() {
    let recordings = one_visit(6);
    let epochs = epochs(&recordings, 0.5);
    let plan = plan("variant = \"within-recording\"\nguard_seconds = 4.3");
    let made = cut(&recordings, &epochs, &plan, 2.0).unwrap();
    let first = made.probes.iter().map(|pool| pool.start_second).fold(f64::INFINITY, f64::min);
    assert_eq!(first, 34.5);
}

#[test]
fn several_templates_are_taken_from_the_enrolment_recordings_in_turn() {
    let recordings = two_visits(6);
    let epochs = epochs(&recordings, 2.0);
    let text = "[enrol]\nrecordings = [\"a\"]\ntemplates_per_subject = 3";
    let made = cut(&recordings, &epochs, &plan(text), 10.0).unwrap();
    let of_one: Vec<(&str, f64)> =
        made.templates.iter().take(3).map(|p| (p.key.recording.as_str(), p.start_second)).collect();
    assert_eq!(of_one, [("1", 0.0), ("1", 30.0), ("2", 0.0)]);
}

#[test]
fn too_few_clean_seconds_are_an_error_with_all_four_facts() {
    let recordings = one_visit(6);
    let made = split(&recordings, &Plan::default()).unwrap();
    let victim = made.folds[0].test[0].clone();
    let mut short = epochs(&recordings, 2.0);
    short.retain(|e| e.key.subject != victim || e.key.recording.as_str() != "1" || e.start.get() < 20.0);
    let shown = cut(&recordings, &short, &Plan::default(), 2.0).unwrap_err().to_string();
    for part in [victim.as_str(), "/a/1", "20 s of clean epochs", "30 s", "failure to enrol"] {
        assert!(shown.contains(part), "{part} is not in: {shown}");
    }
    let mut none = epochs(&recordings, 2.0);
    none.retain(|e| e.key.subject != victim || e.key.recording.as_str() != "2");
    let shown = cut(&recordings, &none, &Plan::default(), 10.0).unwrap_err().to_string();
    for part in [victim.as_str(), "/a/2", "0 s of clean epochs", "10 s", "failure to acquire"] {
        assert!(shown.contains(part), "{part} is not in: {shown}");
    }
}

#[test]
fn dropped_subjects_and_recordings_are_counted() {
    let recordings = one_visit(6);
    let made = split(&recordings, &Plan::default()).unwrap();
    let (first, second) = (&made.folds[0].test[0], &made.folds[0].test[1]);
    let mut kept = epochs(&recordings, 2.0);
    kept.retain(|e| e.key.subject != *first || e.key.recording.as_str() != "1");
    kept.retain(|e| e.key.subject != *second || e.key.recording.as_str() != "2" || e.start.get() < 6.0);
    let made = cut(&recordings, &kept, &plan("on_short = \"drop\""), 10.0).unwrap();
    assert_eq!((made.failures.to_enrol.len(), made.failures.enrol_attempts), (1, 2));
    assert_eq!(made.failures.to_enrol[0].key.subject, *first);
    assert_eq!(made.failures.to_acquire[0].available, 6.0);
    assert_eq!((made.failures.to_acquire.len(), made.failures.acquire_attempts), (1, 2));
}

#[test]
fn a_fold_in_which_dropping_leaves_nobody_is_refused_with_what_would_do() {
    let recordings = one_visit(6);
    let mut kept = epochs(&recordings, 2.0);
    kept.retain(|e| e.start.get() < 20.0);
    let plain = plan("on_short = \"drop\"");
    let refused = |plan: &Plan| cut(&recordings, &kept, plan, 10.0).unwrap_err();
    let error = refused(&plain);
    let said = error.to_string();
    assert!(
        said.contains("fold 0: nobody in role test can enrol: 30 s") && said.contains("has 20 s"),
        "{said}"
    );
    assert_eq!(error.key(), "protocol.enrol.seconds");
    let several =
        Plan { enrol: twinprint_protocol::Enrol { recordings_per_template: 5, ..plain.enrol }, ..plain };
    let said = refused(&several).to_string();
    assert!(said.contains("from 5 recordings") && said.contains("recordings_per_template"), "{said}");
    kept.retain(|e| e.start.get() < 8.0);
    let short = plan("on_short = \"drop\"\n[enrol]\nseconds = 4");
    let error = cut(&recordings, &kept, &short, 10.0).unwrap_err();
    assert!(error.to_string().contains("nobody in role test can probe"), "{error}");
    assert_eq!(error.key(), "protocol.probe.seconds");
}

#[test]
fn a_length_that_is_no_whole_number_of_epochs_is_refused_with_those_that_are() {
    let recordings = one_visit(6);
    let epochs = epochs(&recordings, 2.0);
    let shown = cut(&recordings, &epochs, &Plan::default(), 5.0).unwrap_err().to_string();
    assert!(shown.contains("probe.seconds = 5 s") && shown.contains("write 4 or 6"), "{shown}");
    let shown = cut(&recordings, &epochs, &Plan::default(), 1.0).unwrap_err().to_string();
    assert!(shown.contains("write 2 or more"), "{shown}");
    let shown = cut(&recordings, &epochs, &plan("[enrol]\nseconds = 15"), 2.0).unwrap_err().to_string();
    assert!(shown.contains("enrol.seconds = 15 s"), "{shown}");
}

#[test]
fn dev_trials_need_dev_subjects() {
    let recordings = one_visit(9);
    let epochs = epochs(&recordings, 2.0);
    let made = split(&recordings, &plan("dev_subjects = 2")).unwrap();
    let dev = trials(&epochs, 2.0, &made.folds[0], Role::Dev, &Plan::default(), 2.0).unwrap();
    assert!(dev.templates.iter().all(|pool| made.folds[0].dev.contains(&pool.subject)));
    let made = split(&recordings, &Plan::default()).unwrap();
    let shown =
        trials(&epochs, 2.0, &made.folds[0], Role::Dev, &Plan::default(), 2.0).unwrap_err().to_string();
    assert!(shown.contains("dev_subjects"), "{shown}");
}

#[test]
fn short_recordings_count_together_toward_one_template() {
    // Four recordings of 15 s a person: none has the 40 s of a template, three have them together.
    let mut recordings = two_visits(4);
    recordings.iter_mut().for_each(|facts| facts.seconds = 15.0);
    let text = |count: usize| {
        format!(
            "folds = 2\nvariant = \"cross-recording\"\n[enrol]\nrecordings = [\"a\", \"b\"]\nseconds = 20.0\nrecordings_per_template = {count}\n[probe]\nrecordings = [\"b\"]\nseconds = [2.0]\n"
        )
    };
    let refused = split(&recordings, &plan(&text(1))).unwrap_err().to_string();
    assert!(refused.contains("15 s"), "{refused}");
    let epochs = epochs(&recordings, 2.0);
    let cut = |count: usize| {
        let plan = plan(&text(count));
        let split = split(&recordings, &plan).unwrap();
        trials(&epochs, 2.0, &split.folds[0], Role::Test, &plan, 2.0)
    };
    for (count, shares) in [(2, vec![5, 5]), (3, vec![4, 3, 3]), (0, vec![3, 3, 2, 2])] {
        let found = cut(count).unwrap();
        assert_eq!(found.templates.len(), 2);
        for template in &found.templates {
            let mut of_recordings = std::collections::BTreeMap::new();
            for &epoch in &template.epochs {
                *of_recordings.entry(&epochs[epoch].key).or_insert(0) += 1;
            }
            assert_eq!(of_recordings.into_values().collect::<Vec<_>>(), shares);
            // What a template took of a recording, and the guard gap behind it, is no probe.
            for probe in found.probes.iter().filter(|probe| probe.subject == template.subject) {
                let taken = template.epochs.iter().filter(|&&epoch| epochs[epoch].key == probe.key);
                let last = taken.map(|&epoch| epochs[epoch].start.get() + 2.0).fold(-4.0, f64::max);
                assert!(probe.start_second >= last + 4.0, "{} after {last}", probe.start_second);
            }
        }
    }
    let refused = cut(5).unwrap_err().to_string();
    assert!(refused.contains("4 recordings to enrol with, and 5 are wanted"), "{refused}");
}
