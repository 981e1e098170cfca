//! Every leak: refused with its two rows, and passed only when it is allowed by name.

#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a test stops where it fails")]

mod cohort;

use cohort::{epochs, key, one_visit, plan, subject, two_visits};
use twinprint_protocol::{
    EpochUses, FitRecord, Fold, FoldTrials, Leak, LeakError, Notice, Operation, Plan, Provenance,
    RecordingMetadata, Role, Split, check, check_features, check_provenance, check_windows, split, trials,
};
use twinprint_signal::{FoldIndex, RecordingKey};

type Judged = Result<Vec<Notice>, Vec<LeakError>>;

/// Holds a leak to its contract: alone it stops the run and shows both rows; allowed, it is a notice marked leaky; and
/// allowing every other leak does not let it pass.
fn is_refused_unless_allowed(leak: Leak, rows: [&str; 2], plan: &Plan, judge: impl Fn(&Plan) -> Judged) {
    let allowing = |allow_leak: Vec<Leak>| Plan { allow_leak, ..plan.clone() };
    for allowed in [Vec::new(), Leak::ALL.into_iter().filter(|other| *other != leak).collect()] {
        let errors = judge(&allowing(allowed)).expect_err("the leak was let through");
        let error = errors.iter().find(|error| error.leak == leak).expect("another leak was found");
        let shown = error.to_string();
        assert!(shown.starts_with(&format!("leak {leak}")), "{shown}");
        assert!(shown.contains(&format!("--allow-leak {leak}")), "{shown}");
        let lines: Vec<&str> = shown.lines().skip(1).take(2).collect();
        for (line, row) in lines.iter().zip(rows) {
            let words: Vec<&str> = line.split_whitespace().collect();
            assert_eq!(words.join(" "), row, "{shown}");
        }
    }
    let notices = judge(&allowing(vec![leak])).expect("the leak was allowed");
    let notice = notices.iter().find(|notice| notice.leak == Some(leak)).expect("nobody says that it leaks");
    assert!(notice.leaky() && notice.text.starts_with(&format!("leaky ({leak})")), "{}", notice.text);
    assert_eq!(notice.rows.len(), 2);
}

fn first_fold(recordings: &[RecordingMetadata]) -> (Split, usize, usize) {
    let made = split(recordings, &Plan::default()).unwrap();
    let number = |fold: &Fold, role| fold.subjects(role)[0].as_str()[4..].parse().unwrap();
    let (train, test) = (number(&made.folds[0], Role::Train), number(&made.folds[0], Role::Test));
    (made, train, test)
}

#[test]
fn an_honest_split_has_no_leak_in_any_variant() {
    for variant in
        ["unseen-subjects", "seen-subjects", "within-recording", "cross-recording", "cross-session"]
    {
        let plan = plan(&format!("variant = \"{variant}\"\ndev_subjects = 2"));
        let recordings = two_visits(9);
        let made = split(&recordings, &plan).unwrap();
        let notices = check(&recordings, &made, &plan).unwrap();
        assert!(notices.iter().all(|notice| !notice.leaky()), "{variant}");
        let epochs = epochs(&recordings, 0.5);
        for fold in &made.folds {
            let cut = trials(&epochs, 2.0, fold, Role::Test, &plan, 10.0).unwrap();
            assert_eq!(
                check_windows(&epochs, &epochs, 2.0, fold, &cut, &EpochUses::default(), &plan),
                Ok(vec![]),
                "{variant}"
            );
        }
    }
}

#[test]
fn a_subject_in_two_roles() {
    let recordings = one_visit(6);
    let (mut made, _, test) = first_fold(&recordings);
    made.folds[0].train.push(subject(test));
    let rows = [format!("train {}", subject(test)), format!("test {}", key(test, "a", "1"))];
    let plan = Plan::default();
    is_refused_unless_allowed(Leak::SubjectInTwoRoles, [&rows[0], &rows[1]], &plan, |plan| {
        check(&recordings, &made, plan)
    });
}

#[test]
fn a_recording_of_a_test_subject_among_the_training_recordings() {
    let recordings = one_visit(6);
    let (mut made, _, test) = first_fold(&recordings);
    made.folds[0].recordings.train.push(key(test, "a", "2"));
    let rows = [format!("train {}", key(test, "a", "2")), format!("test {}", key(test, "a", "1"))];
    let plan = Plan::default();
    is_refused_unless_allowed(Leak::SubjectInTwoRoles, [&rows[0], &rows[1]], &plan, |plan| {
        check(&recordings, &made, plan)
    });
}

#[test]
fn a_probe_recording_in_training_leaks_even_where_subjects_are_seen() {
    let recordings = one_visit(6);
    let plan = plan("variant = \"seen-subjects\"");
    let mut made = split(&recordings, &plan).unwrap();
    assert!(check(&recordings, &made, &plan).is_ok());
    let probe = made.folds[0].recordings.test_probe[0].clone();
    made.folds[0].recordings.train.push(probe);
    assert_eq!(check(&recordings, &made, &plan).unwrap_err()[0].leak, Leak::SubjectInTwoRoles);
}

#[test]
fn allowing_two_roles_makes_the_test_subjects_train() {
    let recordings = one_visit(6);
    let plan = plan("allow_leak = [\"subject-in-two-roles\"]");
    let made = split(&recordings, &plan).unwrap();
    assert!(made.folds.iter().all(|fold| fold.test.iter().all(|who| fold.train.contains(who))));
    let leaky = check(&recordings, &made, &plan).unwrap().into_iter().filter(Notice::leaky).count();
    assert_eq!(leaky, 6);
    let honest = split(&recordings, &plan.honest()).unwrap();
    let tested = |split: &Split| split.folds.iter().map(|fold| fold.test.clone()).collect::<Vec<_>>();
    assert_eq!(
        tested(&made),
        tested(&honest),
        "leaky and honest runs test the same people in the same folds"
    );
}

#[test]
fn the_windows_of_subjects_in_two_roles_on_purpose_are_no_further_leak() {
    let recordings = one_visit(6);
    let plan = plan("allow_leak = [\"subject-in-two-roles\"]");
    let made = split(&recordings, &plan).unwrap();
    let epochs = epochs(&recordings, 2.0);
    let cut = trials(&epochs, 2.0, &made.folds[0], Role::Test, &plan, 2.0).unwrap();
    assert_eq!(
        check_windows(&epochs, &epochs, 2.0, &made.folds[0], &cut, &EpochUses::default(), &plan),
        Ok(vec![])
    );
    assert!(
        check_windows(&epochs, &epochs, 2.0, &made.folds[0], &cut, &EpochUses::default(), &plan.honest())
            .is_err()
    );
}

#[test]
fn one_file_under_two_subjects() {
    let mut recordings = one_visit(6);
    recordings[2].content_hash = "c0ffee".to_owned();
    recordings[9].content_hash = "c0ffee".to_owned();
    let plan = Plan::default();
    let made = split(&recordings, &plan).unwrap();
    let rows = ["recording sub-01/a/1 content hash c0ffee", "recording sub-04/a/2 content hash c0ffee"];
    is_refused_unless_allowed(Leak::DuplicateRecording, rows, &plan, |plan| check(&recordings, &made, plan));
}

#[test]
fn one_file_as_enrolment_and_as_probe() {
    let mut recordings = one_visit(6);
    let (made, _, test) = first_fold(&recordings);
    for facts in recordings.iter_mut().filter(|facts| facts.key.subject == subject(test)) {
        facts.content_hash = "c0ffee".to_owned();
    }
    let rows = [
        format!("test enrol {} content hash c0ffee", key(test, "a", "1")),
        format!("test probe {} content hash c0ffee", key(test, "a", "2")),
    ];
    let plan = Plan::default();
    is_refused_unless_allowed(Leak::DuplicateRecording, [&rows[0], &rows[1]], &plan, |plan| {
        check(&recordings, &made, plan)
    });
}

#[test]
fn unknown_hashes_are_not_taken_for_equal_files() {
    let mut recordings = one_visit(6);
    recordings.iter_mut().for_each(|facts| facts.content_hash.clear());
    let made = split(&recordings, &Plan::default()).unwrap();
    assert!(check(&recordings, &made, &Plan::default()).is_ok());
}

#[test]
fn enrolment_and_probes_of_one_recording_under_a_protocol_across_recordings() {
    let recordings = one_visit(6);
    for variant in ["unseen-subjects", "cross-recording", "seen-subjects", "cross-session"] {
        let both =
            format!("variant = \"{variant}\"\n[enrol]\nrecordings = [\"1\"]\n[probe]\nrecordings = [\"1\"]");
        let plan = plan(&both);
        let made = split(&recordings, &plan).unwrap();
        let who = made.folds[0].test[0].as_str();
        let rows = [format!("test enrol {who}/a/1"), format!("test probe {who}/a/1")];
        is_refused_unless_allowed(Leak::SameRecording, [&rows[0], &rows[1]], &plan, |plan| {
            check(&recordings, &made, plan)
        });
    }
}

#[test]
fn enrolment_and_probes_of_one_session_under_a_protocol_across_sessions() {
    let recordings = two_visits(6);
    let plan =
        plan("variant = \"cross-session\"\n[enrol]\nrecordings = [\"1\"]\n[probe]\nrecordings = [\"2\"]");
    let made = split(&recordings, &plan).unwrap();
    let who = made.folds[0].test[0].as_str();
    let rows = [format!("test enrol {who}/a/1 session a"), format!("test probe {who}/a/2 session a")];
    is_refused_unless_allowed(Leak::SameSession, [&rows[0], &rows[1]], &plan, |plan| {
        check(&recordings, &made, plan)
    });
}

#[test]
fn a_recording_without_a_guard_gap_is_refused_before_a_window_is_cut() {
    let recordings = one_visit(6);
    let plan = plan("variant = \"within-recording\"\nguard_seconds = 0");
    let made = split(&recordings, &plan).unwrap();
    let who = made.folds[0].test[0].as_str();
    let rows = [
        format!("test enrol {who}/a/1 first 30 s of clean epochs"),
        format!("test probe {who}/a/1 from the template's end on"),
    ];
    is_refused_unless_allowed(Leak::WindowsWithoutGuard, [&rows[0], &rows[1]], &plan, |plan| {
        check(&recordings, &made, plan)
    });
}

/// A fold within one recording, cut with one guard gap and judged by another.
fn windows(cut_with: f64, judged_by: &Plan) -> (Judged, Fold, FoldTrials) {
    let recordings = one_visit(6);
    let plan = Plan { guard_seconds: cut_with, ..plan("variant = \"within-recording\"") };
    let made = split(&recordings, &plan).unwrap();
    let epochs = epochs(&recordings, 0.5);
    let cut = trials(&epochs, 2.0, &made.folds[0], Role::Test, &plan, 2.0).unwrap();
    (
        check_windows(&epochs, &epochs, 2.0, &made.folds[0], &cut, &EpochUses::default(), judged_by),
        made.folds[0].clone(),
        cut,
    )
}

#[test]
fn windows_that_touch_or_lie_too_close() {
    let plan = plan("variant = \"within-recording\"");
    let (_, fold, _) = windows(4.0, &plan);
    let who = fold.test[0].as_str();
    let enrol = format!("enrol {who}/a/1 28 to 30 s");
    let touching = format!("probe {who}/a/1 30 to 32 s");
    is_refused_unless_allowed(Leak::WindowsWithoutGuard, [&enrol, &touching], &plan, |plan| {
        windows(0.0, plan).0
    });
    let close = format!("probe {who}/a/1 33 to 35 s");
    is_refused_unless_allowed(Leak::WindowsWithoutGuard, [&enrol, &close], &plan, |plan| {
        windows(3.0, plan).0
    });
    assert_eq!(windows(4.0, &plan).0, Ok(vec![]));
}

#[test]
fn windows_that_overlap() {
    let recordings = one_visit(6);
    let plan = Plan::default();
    let made = split(&recordings, &plan).unwrap();
    let epochs = epochs(&recordings, 0.5);
    let mut cut = trials(&epochs, 2.0, &made.folds[0], Role::Test, &plan, 2.0).unwrap();
    let who = made.folds[0].test[0].as_str();
    // A probe whose window begins half a second after the template's last one.
    let stolen = epochs.iter().position(|e| e.key.subject.as_str() == who && e.start.get() == 28.5).unwrap();
    cut.probes[0].epochs = vec![stolen];
    let rows = [format!("enrol {who}/a/1 28 to 30 s"), format!("probe {who}/a/1 28.5 to 30.5 s")];
    let judge =
        |plan: &Plan| check_windows(&epochs, &epochs, 2.0, &made.folds[0], &cut, &EpochUses::default(), plan);
    is_refused_unless_allowed(Leak::WindowsWithoutGuard, [&rows[0], &rows[1]], &plan, judge);
    assert!(judge(&plan).unwrap_err()[0].what.contains("overlap"));
}

#[test]
fn training_windows_inside_a_probe_recording_are_held_apart_as_well() {
    let recordings = one_visit(6);
    let plan = Plan::default();
    let made = split(&recordings, &plan).unwrap();
    let epochs = epochs(&recordings, 2.0);
    let cut = trials(&epochs, 2.0, &made.folds[0], Role::Test, &plan, 2.0).unwrap();
    let mut fold = made.folds[0].clone();
    fold.recordings.train.push(fold.recordings.test_probe[0].clone());
    let who = fold.test[0].as_str();
    let rows = [format!("train {who}/a/2 0 to 2 s"), format!("probe {who}/a/2 0 to 2 s")];
    is_refused_unless_allowed(Leak::WindowsWithoutGuard, [&rows[0], &rows[1]], &plan, |plan| {
        check_windows(&epochs, &epochs, 2.0, &fold, &cut, &EpochUses::default(), plan)
    });
}

#[test]
fn anything_fitted_on_test_subjects() {
    let recordings = one_visit(6);
    let (made, train, test) = first_fold(&recordings);
    let fit = |fold, subjects| Provenance {
        fits: vec![FitRecord { what: "whitening".to_owned(), fold, subjects }],
        ..Provenance::default()
    };
    let plan = Plan::default();
    let leaking = fit(Some(FoldIndex(0)), vec![subject(train), subject(test)]);
    let rows = [format!("fitted {} whitening", subject(test)), format!("test {}", subject(test))];
    is_refused_unless_allowed(Leak::FittedOnTest, [&rows[0], &rows[1]], &plan, |plan| {
        check_provenance(&leaking, &made, plan)
    });
    let honest = fit(Some(FoldIndex(0)), made.folds[0].train.clone());
    assert_eq!(check_provenance(&honest, &made, &plan), Ok(vec![]));
    let once_for_all_folds = fit(None, made.folds[0].train.clone());
    assert!(check_provenance(&once_for_all_folds, &made, &plan).is_err(), "other folds test these people");
}

#[test]
fn where_subjects_are_seen_a_fit_on_their_enrolment_is_no_further_leak() {
    let recordings = one_visit(6);
    let plan = plan("variant = \"seen-subjects\"");
    let made = split(&recordings, &plan).unwrap();
    let everybody = (0..6).map(subject).collect();
    let fits = vec![FitRecord { what: "weights".to_owned(), fold: Some(FoldIndex(1)), subjects: everybody }];
    assert_eq!(check_provenance(&Provenance { fits, ..Provenance::default() }, &made, &plan), Ok(vec![]));
}

#[test]
fn a_filter_after_epoching() {
    let (made, ..) = first_fold(&one_visit(6));
    let (filter, scale) =
        (Operation::Filter("band-pass".to_owned()), Operation::Pointwise("scale".to_owned()));
    let honest = vec![filter.clone(), Operation::Epoching, scale.clone()];
    let late = vec![scale.clone(), Operation::Epoching, scale, filter];
    let with = |operations| Provenance { operations, ..Provenance::default() };
    let plan = Plan::default();
    // One recording of many is enough.
    let leaking = with(vec![honest.clone(), late]);
    let rows = ["step 2 epoch cuts the recording", "step 4 band-pass mixes neighbouring samples"];
    is_refused_unless_allowed(Leak::FilterAfterEpoching, rows, &plan, |plan| {
        check_provenance(&leaking, &made, plan)
    });
    assert_eq!(check_provenance(&with(vec![honest]), &made, &plan), Ok(vec![]));
}

#[test]
fn a_column_that_tells_people_apart_among_the_features() {
    let recordings = one_visit(6);
    let rows: Vec<&RecordingKey> = recordings.iter().flat_map(|facts| [&facts.key, &facts.key]).collect();
    let judge = |name: &str, value: &dyn Fn(usize) -> f32, plan: &Plan| {
        let values: Vec<f32> = (0..rows.len()).map(value).collect();
        check_features(&rows, [("alpha", vec![0.5; rows.len()]), (name, values)], &plan.allow_leak)
    };
    let age = |row: usize| if rows[row].subject == subject(5) { 27.0 } else { 26.0 };
    let leaking = ["feature sub-00/a/1 age = 26", "feature sub-05/a/1 age = 27"];
    let plan = Plan::default();
    is_refused_unless_allowed(Leak::IdentityInFeatures, leaking, &plan, |plan| judge("age", &age, plan));
    assert_eq!(judge("task", &|row| (row / 2 % 2) as f32, &plan), Ok(vec![]), "changes within people");
    assert_eq!(judge("power", &|row| (row * 5 % 12) as f32, &plan), Ok(vec![]));
    let counted = judge("index", &|row| row as f32, &plan).unwrap_err();
    assert!(counted[0].what.contains("numbers the rows"), "{}", counted[0].what);
    let named = judge("Subject ID", &|row| row as f32, &plan).unwrap_err();
    assert!(named[0].what.contains("name of an identifier"), "{}", named[0].what);
    assert_eq!(judge("id", &|_| 1.0, &plan), Ok(vec![]), "the same for everybody");
    let single: Vec<&RecordingKey> = rows.iter().step_by(4).copied().collect();
    let once = check_features(&single, [("age", (0..6).map(|row| 30.0 - row as f32))], &[]);
    assert_eq!(once, Ok(vec![]), "of one row a person nothing can be said");
}

#[test]
fn all_leaks_are_reported_at_once() {
    let mut recordings = one_visit(6);
    recordings[0].content_hash = recordings[5].content_hash.clone();
    let plan = plan("[enrol]\nrecordings = [\"1\"]\n[probe]\nrecordings = [\"1\"]");
    let made = split(&recordings, &plan).unwrap();
    let errors = check(&recordings, &made, &plan).unwrap_err();
    let count = |leak| errors.iter().filter(|error| error.leak == leak).count();
    assert_eq!((count(Leak::DuplicateRecording), count(Leak::SameRecording)), (1, 6));
}

#[test]
fn readers_are_told_of_few_people_one_visit_and_optimistic_variants() {
    let texts = |recordings: &[RecordingMetadata], plan: &Plan| -> Vec<String> {
        let made = split(recordings, plan).unwrap();
        check(recordings, &made, plan).unwrap().into_iter().map(|notice| notice.text).collect()
    };
    let shown = texts(&one_visit(6), &Plan::default()).join("\n");
    assert!(
        shown.contains("6 subjects are tested")
            && shown.contains("6 of 6 tested subjects enrol and probe in one session"),
        "{shown}"
    );
    let shown = texts(&one_visit(6), &plan("variant = \"seen-subjects\"")).join("\n");
    assert!(shown.contains("optimistic protocol (seen-subjects)"), "{shown}");
    assert_eq!(texts(&two_visits(30), &Plan::default()), Vec::<String>::new());
}
