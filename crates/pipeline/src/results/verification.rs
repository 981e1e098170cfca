//! Verification, paired comparisons and identification.

use twinprint_evaluation::Scores;
use twinprint_evaluation::{
    FnmrAtFmr, calibration::Calibration, identification, paired_difference, transport,
    verification_calibrated,
};
use twinprint_report::results::{
    AuditRow, Comparison, IdentificationRow, TransportedThreshold, VerificationRow,
};

use super::{Evidence, Scored, absent, estimated, failed, measured};
use crate::PipelineError;
use crate::system::System;

/// The false match rates at which thresholds are carried from dev to test.
const TARGETS: [f64; 2] = [0.1, 0.01];

/// One row a system and probe length.
pub(super) fn rows(
    evidence: &Evidence,
    audit: &mut Vec<AuditRow>,
) -> Result<Vec<VerificationRow>, PipelineError> {
    let shown = evidence.scored.iter().filter(|scored| !System::SHORTCUTS.contains(&scored.system));
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
    let found =
        verification_calibrated(&scored.all, None, &bootstrap).map_err(|error| failed(&name, &error))?;
    let cllr = calibrated.as_ref().map(twinprint_evaluation::cllr);
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
        fnmr_at_fmr: found
            .fnmr_at_fmr
            .iter()
            .filter_map(|rate| match rate {
                FnmrAtFmr::Measured { fmr, fnmr, .. } => Some((fmr.to_string(), *fnmr)),
                FnmrAtFmr::TooFew { .. } => None,
            })
            .collect(),
        auc: Some(found.auc),
        d_prime: found.d_prime,
        min_dcf: Some(found.min_dcf),
        cllr,
        min_cllr: Some(found.min_cllr),
        mated: found.mated,
        non_mated: found.non_mated,
        eer_per_subject_mean: found.eer_per_subject_mean,
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
    TARGETS
        .iter()
        .map(|&target_fmr| {
            let (mut false_matches, mut non_mated, mut false_non_matches, mut mated) = (0, 0, 0, 0);
            for (fold, dev) in scored.folds.iter().zip(&scored.dev) {
                let moved = transport(dev, &fold.scores, target_fmr)
                    .map_err(|error| failed("threshold transport", &error))?;
                false_matches += moved.false_matches;
                non_mated += moved.non_mated;
                false_non_matches += moved.false_non_matches;
                mated += moved.mated;
            }
            Ok(TransportedThreshold {
                target_fmr,
                threshold: None,
                fmr: false_matches as f64 / non_mated.max(1) as f64,
                fnmr: false_non_matches as f64 / mated.max(1) as f64,
            })
        })
        .collect()
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
    let shown = evidence.scored.iter().filter(|scored| !System::SHORTCUTS.contains(&scored.system));
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
            ..IdentificationRow::default()
        };
        for far in TARGETS {
            let open = identification::open_set(&searches, far, &bootstrap)
                .map_err(|error| failed(&name, &error))?;
            match (open.dir, open.reason) {
                (Some(rate), _) => {
                    row.dir_at_far.insert(far.to_string(), rate.value);
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
