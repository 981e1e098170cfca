//! Verification, paired comparisons and identification.

use std::collections::{BTreeMap, HashSet};

use ndarray::Axis;
use twinprint_evaluation::Scores;
use twinprint_evaluation::{
    Estimate, Interval, REPORTED_FMR, Transported, Verification, calibrated_cost, calibration::Calibration,
    identification, transport_folds, verification,
};
use twinprint_report::results::{
    AuditRow, Comparison, IdentificationRow, Outcome, TransportedThreshold, VerificationRow,
};

use super::{Evidence, Scored, failed, with_interval};
use crate::RunError;
use crate::system::System;

/// The false match rates at which thresholds are carried from dev to test.
pub const TARGETS: [f64; 2] = [0.1, 0.01];

/// One row a system and probe length.
pub(super) fn rows(evidence: &Evidence, audit: &mut Vec<AuditRow>) -> Result<Vec<VerificationRow>, RunError> {
    let shown = evidence.scored.iter().filter(|scored| !scored.system.is_shortcut());
    shown.map(|scored| row(evidence, scored, audit)).collect()
}

fn row(evidence: &Evidence, scored: &Scored, audit: &mut Vec<AuditRow>) -> Result<VerificationRow, RunError> {
    let name = label(scored);
    let bootstrap = evidence.bootstrap("verification");
    let calibrated = calibrated(scored);
    let found = verification(&scored.all, &bootstrap).map_err(|error| failed(&name, error))?;
    let cllr = calibrated.as_ref().map(|scores| calibrated_cost(scores, &bootstrap));
    if cllr.is_none() && scored.system == System::Encoder {
        let reason = if scored.dev.is_empty() {
            "calibration needs dev subjects: set protocol.dev_subjects"
        } else {
            "the dev scores of a fold cannot be calibrated: mated and non-mated ones do not overlap"
        };
        audit.push(AuditRow::absent(format!("cllr of {name}"), reason));
    }
    if scored.system == System::Encoder {
        audit.extend(found.remarks.iter().map(|remark| {
            let outcome = if remark.is_absence() { Outcome::Absent } else { Outcome::Informs };
            AuditRow::new(outcome, format!("{} of {name}", remark.number()), remark.to_string())
        }));
    }
    let failures = |of: fn(&twinprint_protocol::Failures) -> usize| -> usize {
        scored.folds.iter().map(|fold| of(&fold.trials.failures)).sum()
    };
    Ok(VerificationRow {
        system: scored.system.name().to_owned(),
        probe_seconds: scored.probe_seconds,
        eer: with_interval(found.eer, || format!("eer of {name}"), audit),
        fnmr_at_fmr: rates(&found),
        auc: Some(found.auc.value),
        d_prime: found.d_prime.map(|found| found.value),
        min_dcf: Some(found.min_dcf.value),
        cllr: cllr.map(|cllr| cllr.value),
        min_cllr: Some(found.min_cllr.value),
        mated: found.mated,
        non_mated: found.non_mated,
        eer_per_subject_mean: found.eer_per_subject_mean.map(|mean| mean.value),
        ci95: intervals(&found, cllr),
        transported: transported(scored)?,
        failures_to_enrol: failures(|failures| failures.to_enrol.len()),
        failures_to_acquire: failures(|failures| failures.to_acquire.len()),
    })
}

fn label(scored: &Scored) -> String {
    format!("{} at {} s", scored.system, scored.probe_seconds)
}

/// Test scores as log-likelihood ratios, each fold through the calibration of its own dev subjects.
fn calibrated(scored: &Scored) -> Option<Scores> {
    if scored.dev.is_empty() {
        return None;
    }
    let parts = scored.folds.iter().zip(&scored.dev).map(|(fold, dev)| {
        let map = Calibration::fit(dev).ok()?;
        map.apply(&fold.scores).ok()
    });
    Scores::concat(&parts.collect::<Option<Vec<_>>>()?).ok()
}

/// Thresholds chosen on each fold's dev subjects, and the error rates on its test subjects added up over folds.
fn transported(scored: &Scored) -> Result<Vec<TransportedThreshold>, RunError> {
    if scored.dev.is_empty() {
        return Ok(Vec::new());
    }
    let folds: Vec<(&Scores, &Scores)> =
        scored.dev.iter().zip(scored.folds.iter().map(|fold| &fold.scores)).collect();
    TARGETS
        .iter()
        .map(|&target_fmr| {
            let moved =
                transport_folds(&folds, target_fmr).map_err(|error| failed("threshold transport", error))?;
            Ok(carried(target_fmr, None, &moved))
        })
        .collect()
}

/// A threshold for `target_fmr` that was chosen on other people, and what it did.
pub fn carried(target_fmr: f64, threshold: Option<f64>, moved: &Transported) -> TransportedThreshold {
    TransportedThreshold {
        target_fmr,
        threshold,
        fmr: moved.fmr.value,
        fmr_ci95: moved.fmr.ci95,
        fnmr: moved.fnmr.value,
        fnmr_ci95: moved.fnmr.ci95,
    }
}

/// The false non-match rates that could be measured, by their false match rate.
pub fn rates(found: &Verification) -> BTreeMap<String, f64> {
    let rates = REPORTED_FMR.iter().zip(found.fnmr_at_fmr);
    rates.filter_map(|(fmr, fnmr)| Some((fmr.to_string(), fnmr?.value))).collect()
}

/// The intervals of a row by the names of their keys.
pub fn intervals(found: &Verification, cllr: Option<Estimate>) -> BTreeMap<String, Interval> {
    let rates = REPORTED_FMR
        .iter()
        .zip(found.fnmr_at_fmr)
        .map(|(fmr, estimate)| (format!("fnmr_at_fmr.{fmr}"), estimate));
    let named = [
        ("auc", Some(found.auc)),
        ("d_prime", found.d_prime),
        ("min_dcf", Some(found.min_dcf)),
        ("cllr", cllr),
        ("min_cllr", Some(found.min_cllr)),
        ("eer_per_subject_mean", found.eer_per_subject_mean),
    ];
    let named = named.into_iter().map(|(name, estimate)| (name.to_owned(), estimate));
    rates.chain(named).filter_map(|(name, estimate)| Some((name, estimate?.ci95?))).collect()
}

/// The encoder against every baseline on the same trials.
pub(super) fn comparisons(
    evidence: &Evidence,
    audit: &mut Vec<AuditRow>,
) -> Result<Vec<Comparison>, RunError> {
    let draws = evidence.draws();
    let mut rows = Vec::new();
    for encoder in evidence.scored.iter().filter(|scored| System::ENCODERS.contains(&scored.system)) {
        let baselines = evidence
            .scored
            .iter()
            .filter(|other| other.system.is_baseline() && other.probe_seconds == encoder.probe_seconds);
        for baseline in baselines {
            let what = || format!("difference between {} and {}", encoder.system, label(baseline));
            if baseline.all == encoder.all {
                audit.push(AuditRow::absent(what(), "their scores are the same: a plan without a training step leaves the encoder as it starts"));
                continue;
            }
            let found = draws
                .difference(&encoder.all, &baseline.all)
                .map_err(|error| failed(&label(baseline), error))?;
            match found.ci95 {
                Some(ci95) => rows.push(Comparison {
                    system: encoder.system.name().to_owned(),
                    baseline: baseline.system.name().to_owned(),
                    probe_seconds: baseline.probe_seconds,
                    difference: found.value,
                    ci95,
                }),
                None => drop(with_interval(found, what, audit)),
            }
        }
    }
    Ok(rows)
}

/// Who is it, among the people tested in a fold?
pub(super) fn identification(
    evidence: &Evidence,
    audit: &mut Vec<AuditRow>,
) -> Result<Vec<IdentificationRow>, RunError> {
    let bootstrap = evidence.bootstrap("identification");
    let shown = evidence.scored.iter().filter(|scored| !scored.system.is_shortcut());
    let mut rows = Vec::new();
    for scored in shown {
        let name = label(scored);
        let mut searches = Vec::new();
        for fold in &scored.folds {
            // A person without a template is not to be found: their probes are failures to enrol, no searches.
            let enrolled: HashSet<u32> = fold.template_subjects.iter().copied().collect();
            let known: Vec<usize> = (0..fold.probe_subjects.len())
                .filter(|&probe| enrolled.contains(&fold.probe_subjects[probe]))
                .collect();
            let people: Vec<u32> = known.iter().map(|&probe| fold.probe_subjects[probe]).collect();
            let scores = fold.matrix.select(Axis(1), &known);
            searches.extend(
                identification::search(scores.view(), &fold.template_subjects, &people)
                    .map_err(|error| failed(&name, error))?,
            );
        }
        let closed =
            identification::closed_set(&searches, &bootstrap).map_err(|error| failed(&name, error))?;
        let mut row = IdentificationRow {
            system: scored.system.name().to_owned(),
            probe_seconds: scored.probe_seconds,
            rank1: with_interval(closed.rank1, || format!("rank1 of {name}"), audit),
            cmc: closed.cmc.iter().map(|share| share.value).collect(),
            cmc_ci95: closed.cmc.iter().map(|share| share.ci95).collect::<Option<_>>().unwrap_or_default(),
            ..IdentificationRow::default()
        };
        for far in TARGETS {
            let open =
                identification::open_set(&searches, far, &bootstrap).map_err(|error| failed(&name, error))?;
            match open.dir {
                Ok(rate) => {
                    row.dir_at_far.insert(far.to_string(), rate.value);
                    row.dir_at_far_ci95.extend(rate.ci95.map(|interval| (far.to_string(), interval)));
                }
                Err(too_few) if scored.system == System::Encoder => {
                    let what = format!("dir_at_far {far} of {name}");
                    audit.push(AuditRow::absent(what, too_few.to_string()));
                }
                Err(_) => {}
            }
        }
        rows.push(row);
    }
    Ok(rows)
}
