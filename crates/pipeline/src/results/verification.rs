//! Verification, paired comparisons and identification.

use std::collections::BTreeMap;

use twinprint_evaluation::Scores;
use twinprint_evaluation::{
    FnmrAtFmr, Interval, REPORTED_FMR, Transported, Verification, calibrated_cost, calibration::Calibration,
    identification, paired_difference, transport_folds, verification,
};
use twinprint_report::results::{
    AuditRow, Comparison, IdentificationRow, TransportedThreshold, VerificationRow,
};

use super::{Evidence, Scored, absent, estimated, failed, measured};
use crate::PipelineError;
use crate::system::System;

/// The false match rates at which thresholds are carried from dev to test.
pub(crate) const TARGETS: [f64; 2] = [0.1, 0.01];

/// One row a system and probe length.
pub(super) fn rows(
    evidence: &Evidence,
    audit: &mut Vec<AuditRow>,
) -> Result<Vec<VerificationRow>, PipelineError> {
    let shown = evidence.scored.iter().filter(|scored| !scored.system.is_shortcut());
    shown.map(|scored| row(evidence, scored, audit)).collect()
}

fn row(
    evidence: &Evidence,
    scored: &Scored,
    audit: &mut Vec<AuditRow>,
) -> Result<VerificationRow, PipelineError> {
    let name = label(scored);
    let bootstrap = evidence.bootstrap("verification");
    let calibrated = calibrated(scored);
    let found = verification(&scored.all, &bootstrap).map_err(|error| failed(&name, &error))?;
    let cllr = calibrated.as_ref().map(|scores| calibrated_cost(scores, &bootstrap));
    if cllr.is_none() && scored.system == System::Encoder {
        let reason = if scored.dev.is_empty() {
            "calibration needs dev subjects: set protocol.dev_subjects"
        } else {
            "the dev scores of a fold cannot be calibrated: mated and non-mated ones do not overlap"
        };
        audit.push(absent(format!("cllr of {name}"), reason));
    }
    audit.extend(
        found
            .reasons
            .iter()
            .filter(|reason| scored.system == System::Encoder && !reason.starts_with("Cllr"))
            .map(|reason| absent(name.clone(), reason)),
    );
    let failures = |of: fn(&twinprint_protocol::Failures) -> usize| -> usize {
        scored.folds.iter().map(|fold| of(&fold.trials.failures)).sum()
    };
    Ok(VerificationRow {
        system: scored.system.name().to_owned(),
        probe_seconds: scored.probe_seconds,
        eer: measured(found.eer, found.eer_ci95, || format!("eer of {name}"), audit),
        fnmr_at_fmr: rates(&found),
        auc: Some(found.auc),
        d_prime: found.d_prime,
        min_dcf: Some(found.min_dcf),
        cllr: cllr.map(|cllr| cllr.value),
        min_cllr: Some(found.min_cllr),
        mated: found.mated,
        non_mated: found.non_mated,
        eer_per_subject_mean: found.eer_per_subject_mean,
        ci95: intervals(&found, cllr.and_then(|cllr| cllr.ci95)),
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
fn transported(scored: &Scored) -> Result<Vec<TransportedThreshold>, PipelineError> {
    if scored.dev.is_empty() {
        return Ok(Vec::new());
    }
    let folds: Vec<(&Scores, &Scores)> =
        scored.dev.iter().zip(scored.folds.iter().map(|fold| &fold.scores)).collect();
    TARGETS
        .iter()
        .map(|&target_fmr| {
            let moved =
                transport_folds(&folds, target_fmr).map_err(|error| failed("threshold transport", &error))?;
            Ok(carried(target_fmr, None, &moved))
        })
        .collect()
}

/// A threshold for `target_fmr` that was chosen on other people, and what it did.
pub(crate) fn carried(target_fmr: f64, threshold: Option<f64>, moved: &Transported) -> TransportedThreshold {
    TransportedThreshold {
        target_fmr,
        threshold,
        fmr: moved.fmr,
        fmr_ci95: moved.fmr_ci95.map(pair),
        fnmr: moved.fnmr,
        fnmr_ci95: moved.fnmr_ci95.map(pair),
    }
}

/// The false non-match rates that could be measured, by their false match rate.
pub(crate) fn rates(found: &Verification) -> BTreeMap<String, f64> {
    let measured = |rate: &FnmrAtFmr| match rate {
        FnmrAtFmr::Measured { fmr, fnmr, .. } => Some((fmr.to_string(), *fnmr)),
        FnmrAtFmr::TooFew { .. } => None,
    };
    found.fnmr_at_fmr.iter().filter_map(measured).collect()
}

pub(crate) fn pair(interval: Interval) -> [f64; 2] {
    [interval.low, interval.high]
}

/// The intervals of a row by the names of their keys.
pub(crate) fn intervals(found: &Verification, cllr: Option<Interval>) -> BTreeMap<String, [f64; 2]> {
    let of = &found.ci95;
    let rates = REPORTED_FMR
        .iter()
        .zip(of.fnmr_at_fmr)
        .map(|(fmr, interval)| (format!("fnmr_at_fmr.{fmr}"), interval));
    let named = [
        ("auc", of.auc),
        ("d_prime", of.d_prime),
        ("min_dcf", of.min_dcf),
        ("cllr", cllr),
        ("min_cllr", of.min_cllr),
        ("eer_per_subject_mean", of.eer_per_subject_mean),
    ];
    let named = named.into_iter().map(|(name, interval)| (name.to_owned(), interval));
    rates.chain(named).filter_map(|(name, interval)| Some((name, pair(interval?)))).collect()
}

/// The encoder against every baseline on the same trials.
pub(super) fn comparisons(
    evidence: &Evidence,
    audit: &mut Vec<AuditRow>,
) -> Result<Vec<Comparison>, PipelineError> {
    let bootstrap = evidence.bootstrap("comparison");
    let mut rows = Vec::new();
    for encoder in evidence.scored.iter().filter(|scored| System::ENCODERS.contains(&scored.system)) {
        let baselines = evidence.scored.iter().filter(|other| {
            System::BASELINES.contains(&other.system) && other.probe_seconds == encoder.probe_seconds
        });
        for baseline in baselines {
            if baseline.all == encoder.all {
                let what = format!("difference between {} and {}", encoder.system, label(baseline));
                audit.push(absent(what, "their scores are the same: a plan without a training step leaves the encoder as it starts"));
                continue;
            }
            let found = paired_difference(&encoder.all, &baseline.all, &bootstrap)
                .map_err(|error| failed(&label(baseline), &error))?;
            let what = || format!("difference between {} and {}", encoder.system, label(baseline));
            if let Some(difference) = measured(found.difference, found.ci95, what, audit) {
                rows.push(Comparison {
                    system: encoder.system.name().to_owned(),
                    baseline: baseline.system.name().to_owned(),
                    probe_seconds: baseline.probe_seconds,
                    difference: difference.value,
                    ci95: difference.ci95,
                });
            }
        }
    }
    Ok(rows)
}

/// Who is it, among the people tested in a fold?
pub(super) fn identification(
    evidence: &Evidence,
    audit: &mut Vec<AuditRow>,
) -> Result<Vec<IdentificationRow>, PipelineError> {
    let bootstrap = evidence.bootstrap("identification");
    let shown = evidence.scored.iter().filter(|scored| !scored.system.is_shortcut());
    let mut rows = Vec::new();
    for scored in shown {
        let name = label(scored);
        let mut searches = Vec::new();
        for fold in &scored.folds {
            searches.extend(
                identification::search(fold.matrix.view(), &fold.template_subjects, &fold.probe_subjects)
                    .map_err(|error| failed(&name, &error))?,
            );
        }
        let closed =
            identification::closed_set(&searches, &bootstrap).map_err(|error| failed(&name, &error))?;
        let mut row = IdentificationRow {
            system: scored.system.name().to_owned(),
            probe_seconds: scored.probe_seconds,
            rank1: estimated(&closed.rank1, || format!("rank1 of {name}"), audit),
            cmc: closed.cmc,
            cmc_ci95: closed
                .cmc_ci95
                .into_iter()
                .map(|interval| interval.map(pair))
                .collect::<Option<_>>()
                .unwrap_or_default(),
            ..IdentificationRow::default()
        };
        for far in TARGETS {
            let open = identification::open_set(&searches, far, &bootstrap)
                .map_err(|error| failed(&name, &error))?;
            match (open.dir, open.reason) {
                (Some(rate), _) => {
                    row.dir_at_far.insert(far.to_string(), rate.value);
                    row.dir_at_far_ci95.extend(rate.ci95.map(|interval| (far.to_string(), pair(interval))));
                }
                (None, Some(reason)) if scored.system == System::Encoder => {
                    audit.push(absent(format!("dir_at_far {far} of {name}"), &reason));
                }
                (None, _) => {}
            }
        }
        rows.push(row);
    }
    Ok(rows)
}
