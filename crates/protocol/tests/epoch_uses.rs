//! Which epochs single prints are learnt from and asked about.

#![allow(clippy::unwrap_used, reason = "a test stops where it fails")]

mod cohort;

use std::collections::BTreeSet;

use cohort::{epochs, one_visit, plan};
use twinprint_protocol::{EpochUses, Leak, Role, check_windows, epoch_uses, split, trials};

#[test]
fn one_recording_is_divided_where_its_templates_end_with_the_guard_gap_between() {
    let plan = plan("variant = \"within-recording\"\nguard_seconds = 5.0\n[enrol]\nseconds = 20");
    let recordings = one_visit(6);
    let fold = &split(&recordings, &plan).unwrap().folds[0];
    let epochs = epochs(&recordings, 2.0);
    let uses = epoch_uses(&epochs, 2.0, fold, Role::Test, &plan).unwrap();
    let cut = trials(&epochs, 2.0, fold, Role::Test, &plan, 4.0).unwrap();
    let start = |&epoch: &usize| epochs[epoch].start.get();
    assert!(uses.enrol.iter().map(start).all(|start| start + 2.0 <= 20.0));
    assert!(
        uses.probe.iter().map(start).all(|start| start >= 26.0),
        "the first epoch after 20 s and 5 s of gap"
    );
    let templates: BTreeSet<usize> = cut.templates.iter().flat_map(|pool| pool.epochs.clone()).collect();
    assert_eq!(uses.enrol, templates.into_iter().collect::<Vec<_>>());
    let asked: BTreeSet<usize> = uses.probe.iter().copied().collect();
    assert!(cut.probes.iter().flat_map(|pool| &pool.epochs).all(|epoch| asked.contains(epoch)));
}

#[test]
fn a_recording_that_serves_one_purpose_serves_it_whole() {
    let plan = plan("[enrol]\nseconds = 20");
    let recordings = one_visit(6);
    let fold = &split(&recordings, &plan).unwrap().folds[0];
    // Overlapping epochs: of two that share samples the earlier one is taken.
    let epochs = epochs(&recordings, 0.5);
    let uses = epoch_uses(&epochs, 2.0, fold, Role::Test, &plan).unwrap();
    for (used, allowed) in
        [(&uses.enrol, &fold.recordings.test_enrol), (&uses.probe, &fold.recordings.test_probe)]
    {
        assert_eq!(used.len(), allowed.len() * 60, "120 s in epochs of 2 s");
        assert!(used.iter().all(|&epoch| allowed.contains(&*epochs[epoch].key)));
    }
}

#[test]
fn an_epoch_that_is_asked_about_too_near_to_one_learnt_from_is_a_leak() {
    let plan = plan("variant = \"within-recording\"");
    let recordings = one_visit(6);
    let fold = &split(&recordings, &plan).unwrap().folds[0];
    let epochs = epochs(&recordings, 2.0);
    let cut = trials(&epochs, 2.0, fold, Role::Test, &plan, 2.0).unwrap();
    let honest = epoch_uses(&epochs, 2.0, fold, Role::Test, &plan).unwrap();
    assert_eq!(check_windows(&epochs, &epochs, 2.0, fold, &cut, &honest, &plan), Ok(vec![]));
    // What was done before: the whole recording for both.
    let whole: Vec<usize> =
        (0..epochs.len()).filter(|&epoch| fold.recordings.test_enrol.contains(&epochs[epoch].key)).collect();
    let leaky = EpochUses { enrol: whole.clone(), probe: whole };
    let found = check_windows(&epochs, &epochs, 2.0, fold, &cut, &leaky, &plan).unwrap_err();
    assert!(
        found.iter().all(|leak| leak.leak == Leak::WindowsWithoutGuard) && !found.is_empty(),
        "{found:?}"
    );
}
