//! Looks for every leak that identities, hashes and roles can show, before anything runs.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use twinprint_signal::{RecordingKey, SubjectId, counted};

use crate::leak::judge;
use crate::{Fold, Leak, LeakError, Notice, Plan, RecordingMetadata, Role, Row, Split, Variant};

/// Below this many tested people the report says how few they are.
const FEW_SUBJECTS: usize = 30;

/// Looks a split over for leaks: one found by another tool or edited by hand is judged like one of [`crate::split`].
///
/// Found here: a subject in two roles, one file under two names, enrolment and probes of one recording or session where
/// the variant forbids it, and a missing guard gap within a recording. Windows are judged by [`crate::check_windows`] and fits by
/// [`crate::check_provenance`], once they are known.
///
/// # Errors
/// Every leak that the plan does not allow by name, each with its two offending rows. An allowed one becomes a
/// [`Notice`] marked leaky, beside notices of what a reader of the numbers must know.
pub fn check(
    recordings: &[RecordingMetadata],
    split: &Split,
    plan: &Plan,
) -> Result<Vec<Notice>, Vec<LeakError>> {
    let mut found = Vec::new();
    one_file_of_two_people(recordings, &mut found);
    let hashes: HashMap<&RecordingKey, &str> =
        recordings.iter().map(|facts| (&facts.key, facts.content_hash.as_str())).collect();
    for fold in &split.folds {
        subjects_in_two_roles(fold, split.variant, &mut found);
        one_file_in_two_roles(fold, &hashes, &mut found);
        for role in [Role::Dev, Role::Test] {
            enrolment_beside_probes(fold, role, split.variant, plan, &mut found);
        }
    }
    judge(found, &plan.allow_leak, notices(split))
}

/// Looks for people whom an encoder that was brought along has learnt from and who are tested here; `learnt` are content
/// hashes of the recordings it has learnt from. One such recording is enough, whatever it is used for here.
///
/// # Errors
/// The first of these people of every fold with the recording, unless the plan allows `fitted-on-test`.
pub fn check_carried(
    recordings: &[RecordingMetadata],
    split: &Split,
    learnt: &BTreeSet<String>,
    plan: &Plan,
) -> Result<Vec<Notice>, Vec<LeakError>> {
    let known: Vec<_> = recordings.iter().filter(|facts| learnt.contains(&facts.content_hash)).collect();
    let mut found = Vec::new();
    for fold in &split.folds {
        let tested: Vec<_> = known.iter().filter(|facts| fold.test.contains(&facts.key.subject)).collect();
        let people: BTreeSet<&SubjectId> = tested.iter().map(|facts| &facts.key.subject).collect();
        let Some(first) = tested.first() else { continue };
        let names: Vec<&str> = people.iter().take(5).map(|subject| subject.as_str()).collect();
        let more = if people.len() > names.len() {
            format!(" and {} more", people.len() - names.len())
        } else {
            String::new()
        };
        found.push(LeakError {
            leak: Leak::FittedOnTest,
            fold: Some(fold.index),
            what: format!(
                "the model of encoder.from has learnt from {} who are tested there: {}{more}; leave them out with dataset.exclude_subjects",
                counted(people.len(), "person"),
                names.join(", ")
            ),
            rows: [hash_row("learnt from", &first.key, &first.content_hash), hash_row("test", &first.key, &first.content_hash)],
        });
    }
    judge(found, &plan.allow_leak, Vec::new())
}

fn hash_row(role: &str, key: &RecordingKey, hash: &str) -> Row {
    Row::new(role, key, format!("content hash {hash}"))
}

fn one_file_of_two_people(recordings: &[RecordingMetadata], found: &mut Vec<LeakError>) {
    let mut owners: BTreeMap<&str, BTreeMap<&SubjectId, &RecordingKey>> = BTreeMap::new();
    for facts in recordings.iter().filter(|facts| !facts.content_hash.is_empty()) {
        let first =
            owners.entry(&facts.content_hash).or_default().entry(&facts.key.subject).or_insert(&facts.key);
        *first = (*first).min(&facts.key);
    }
    for (hash, people) in owners {
        let mut keys = people.into_values();
        let Some(first) = keys.next() else { continue };
        for other in keys {
            found.push(LeakError {
                leak: Leak::DuplicateRecording,
                fold: None,
                what: format!("one file is filed under subjects {} and {}", first.subject, other.subject),
                rows: [hash_row("recording", first, hash), hash_row("recording", other, hash)],
            });
        }
    }
}

/// The recordings of a fold with the part each plays.
fn parts(fold: &Fold) -> [(&'static str, &[RecordingKey]); 5] {
    let all = &fold.recordings;
    [
        ("train", &all.train),
        ("dev enrol", &all.dev_enrol),
        ("dev probe", &all.dev_probe),
        ("test enrol", &all.test_enrol),
        ("test probe", &all.test_probe),
    ]
}

fn one_file_in_two_roles(fold: &Fold, hashes: &HashMap<&RecordingKey, &str>, found: &mut Vec<LeakError>) {
    let mut seen: BTreeMap<(&SubjectId, &str), Vec<(&'static str, &RecordingKey)>> = BTreeMap::new();
    for (part, keys) in parts(fold) {
        for key in keys {
            if let Some(hash) = hashes.get(key).filter(|hash| !hash.is_empty()) {
                seen.entry((&key.subject, hash)).or_default().push((part, key));
            }
        }
    }
    for ((subject, hash), uses) in seen {
        let pair = uses
            .iter()
            .enumerate()
            .find_map(|(i, a)| uses[i + 1..].iter().find(|b| a.0 != b.0 && a.1 != b.1).map(|b| (a, b)));
        if let Some((a, b)) = pair {
            found.push(LeakError {
                leak: Leak::DuplicateRecording,
                fold: Some(fold.index),
                what: format!("one file of subject {subject} is used twice, for {} and {}", a.0, b.0),
                rows: [hash_row(a.0, a.1, hash), hash_row(b.0, b.1, hash)],
            });
        }
    }
}

fn subjects_in_two_roles(fold: &Fold, variant: Variant, found: &mut Vec<LeakError>) {
    let mut roles: BTreeMap<&SubjectId, BTreeMap<Role, String>> = BTreeMap::new();
    for (part, keys) in parts(fold) {
        let role = match part.split(' ').next() {
            Some("train") => Role::Train,
            Some("dev") => Role::Dev,
            _ => Role::Test,
        };
        for key in keys {
            let seen_on_purpose = variant == Variant::SeenSubjects
                && role == Role::Train
                && fold.recordings.test_enrol.contains(key);
            if !seen_on_purpose {
                roles.entry(&key.subject).or_default().entry(role).or_insert_with(|| key.to_string());
            }
        }
    }
    for role in [Role::Train, Role::Dev, Role::Test] {
        for subject in fold.subjects(role) {
            roles.entry(subject).or_default().entry(role).or_insert_with(|| subject.to_string());
        }
    }
    for (subject, roles) in roles {
        let mut held = roles.into_iter();
        if let (Some((first, one)), Some((second, other))) = (held.next(), held.next()) {
            found.push(LeakError {
                leak: Leak::SubjectInTwoRoles,
                fold: Some(fold.index),
                what: format!("subject {subject} is in {} and in {}", first.name(), second.name()),
                rows: [Row::new(first.name(), one, ""), Row::new(second.name(), other, "")],
            });
        }
    }
}

fn enrolment_beside_probes(
    fold: &Fold,
    role: Role,
    variant: Variant,
    plan: &Plan,
    found: &mut Vec<LeakError>,
) {
    let (enrol, probe) = fold.compared(role);
    let mut probes: BTreeMap<&SubjectId, Vec<&RecordingKey>> = BTreeMap::new();
    for key in probe {
        probes.entry(&key.subject).or_default().push(key);
    }
    for key in enrol {
        let own = probes.get(&key.subject).map(Vec::as_slice).unwrap_or_default();
        let (leak, other, what, details) = if let Some(&other) = own.iter().find(|other| **other == key) {
            if variant != Variant::WithinRecording {
                let what =
                    format!("subject {} enrols and probes with one recording under {variant}", key.subject);
                (Leak::SameRecording, other, what, [String::new(), String::new()])
            } else if plan.guard_seconds <= 0.0 {
                let what =
                    format!("protocol.guard_seconds = 0: the probes of {} touch its template", key.subject);
                let template = format!("first {} s of clean epochs", plan.enrol.seconds);
                (Leak::WindowsWithoutGuard, other, what, [template, "from the template's end on".to_owned()])
            } else {
                continue;
            }
        } else if let Some(&other) =
            own.iter().find(|other| other.session == key.session).filter(|_| variant == Variant::CrossSession)
        {
            let what = format!("subject {} enrols and probes in session {}", key.subject, key.session);
            let session = format!("session {}", key.session);
            (Leak::SameSession, other, what, [session.clone(), session])
        } else {
            continue;
        };
        let [a, b] = details;
        found.push(LeakError {
            leak,
            fold: Some(fold.index),
            what,
            rows: [
                Row::new(format!("{} enrol", role.name()), key, a),
                Row::new(format!("{} probe", role.name()), other, b),
            ],
        });
    }
}

/// What a reader of the numbers must know although nothing leaks.
fn notices(split: &Split) -> Vec<Notice> {
    let mut notices: Vec<Notice> = split.variant.caveat().map(Notice::plain).into_iter().collect();
    let views = split.by_tested_cohort();
    let several = views.len() > 1;
    for (name, view) in &views {
        notices.extend(notices_of_tested(name.filter(|_| several), view));
    }
    for cohort in split.cohorts.iter().filter(|cohort| !cohort.role.is_tested()) {
        let learnt = split.folds.first().map_or(0, |fold| {
            cohort.subjects.iter().filter(|who| fold.train.binary_search(who).is_ok()).count()
        });
        notices.push(Notice::plain(format!(
            "cohort {}: every fold learns from {learnt} of {}, none of whom is tested",
            cohort.name,
            counted(cohort.subjects.len(), "person")
        )));
    }
    notices
}

/// `1 subject is`, `2 subjects are`.
fn are(number: usize, thing: &str) -> String {
    format!("{} {}", counted(number, thing), if number == 1 { "is" } else { "are" })
}

/// The same of the people of one cohort, which is named where several are tested.
fn notices_of_tested(name: Option<&str>, split: &Split) -> Vec<Notice> {
    let mut notices = Vec::new();
    let of = name.map(|name| format!("cohort {name}: ")).unwrap_or_default();
    let tested: usize = split.folds.iter().map(|fold| fold.test.len()).sum();
    if tested < FEW_SUBJECTS {
        notices.push(Notice::plain(format!(
            "{of}few people: {} tested, so the intervals are wide and a low error rate says little about a population",
            are(tested, "subject")
        )));
    }
    let one_visit =
        split.folds.iter().flat_map(|fold| &fold.test).filter(|who| in_one_session(split, who)).count();
    if one_visit > 0 && split.variant != Variant::WithinRecording {
        notices.push(Notice::plain(format!(
            "{of}same visit: {one_visit} of {tested} tested subjects enrol and probe in one session, so the numbers say nothing of permanence over time"
        )));
    }
    if !split.train_only.is_empty() {
        let count = counted(split.train_only.len(), "subject");
        let verbs = if split.train_only.len() == 1 { ("has", "trains") } else { ("have", "train") };
        let names = split.train_only.iter().map(SubjectId::as_str).collect::<Vec<_>>().join(", ");
        notices.push(Notice::plain(format!(
            "{of}{count} {} nothing to enrol or to probe with and only {}: {names}",
            verbs.0, verbs.1
        )));
    }
    notices
}

fn in_one_session(split: &Split, subject: &SubjectId) -> bool {
    let of = |keys: &[RecordingKey]| -> Vec<RecordingKey> {
        keys.iter().filter(|key| key.subject == *subject).cloned().collect()
    };
    split.folds.iter().filter(|fold| fold.test.contains(subject)).any(|fold| {
        let (enrol, probe) = fold.compared(Role::Test);
        let probe = of(probe);
        of(enrol).iter().any(|a| probe.iter().any(|b| a.session == b.session))
    })
}
