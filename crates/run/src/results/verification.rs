//! Verification, paired comparisons and identification.

use std::collections::BTreeMap;

use twinprint_evaluation::{Estimate, Interval, REPORTED_FMR, Transported, Verification, identification};
use twinprint_report::BandPlace;
use twinprint_report::results::{
    AuditRow, Comparison, IdentificationRow, Outcome, TransportedThreshold, VerificationRow,
};

use super::{Evidence, Kept, Scored, failed, with_interval};
use crate::RunError;
use crate::system::System;

/// The false match rates at which thresholds are carried from dev to test.
pub const TARGETS: [f64; 2] = [0.1, 0.01];

/// The row of a system and probe length, and the interval of its trade-off curve.
pub(super) fn row(
    evidence: &Evidence,
    scored: &Scored,
    audit: &mut Vec<AuditRow>,
) -> Result<(VerificationRow, Vec<BandPlace>), RunError> {
    let name = label(scored.system, scored.probe_seconds);
    let bootstrap = evidence.bootstrap("verification");
    let found = scored.all.verification(&bootstrap).map_err(|error| failed(&name, error))?;
    let cllr = scored.dev.as_ref().and_then(|dev| scored.all.calibrated_cost(dev, &bootstrap));
    if cllr.is_none() && scored.system == System::Encoder {
        let reason = if scored.dev.is_none() {
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
        scored.trials.0.iter().map(|fold| of(&fold.trials.failures)).sum()
    };
    let row = VerificationRow {
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
    };
    let band = found.det_band.iter().filter_map(|at| {
        let ends = at.fnmr.ci95?;
        Some(BandPlace { fmr: at.fmr, low: ends.low, high: ends.high })
    });
    Ok((row, band.collect()))
}

fn label(system: System, probe_seconds: f64) -> String {
    format!("{system} at {probe_seconds} s")
}

/// Thresholds chosen on each fold's dev subjects, and the error rates on its test subjects added up over folds.
fn transported(scored: &Scored) -> Result<Vec<TransportedThreshold>, RunError> {
    let Some(dev) = &scored.dev else { return Ok(Vec::new()) };
    let moved = scored.all.transported(dev, &TARGETS);
    let moved = moved.map_err(|error| failed("threshold transport", error))?;
    Ok(TARGETS.iter().zip(&moved).map(|(&target_fmr, moved)| carried(target_fmr, None, moved)).collect())
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

/// What the system is compared by when its turn is over.
pub(super) fn kept(evidence: &Evidence, scored: &Scored) -> Result<Kept, RunError> {
    let Scored { system, probe_seconds, .. } = *scored;
    let resampled = scored.all.resampled(&evidence.draws().of_differences());
    let resampled = resampled.map_err(|error| failed(&label(system, probe_seconds), error))?;
    Ok(Kept { system, probe_seconds, fingerprint: scored.all.fingerprint(), resampled })
}

/// The encoder against every baseline on the same trials.
pub(super) fn comparisons(
    evidence: &Evidence,
    kept: &[Kept],
    audit: &mut Vec<AuditRow>,
) -> Result<Vec<Comparison>, RunError> {
    let bootstrap = evidence.draws().of_differences();
    let mut rows = Vec::new();
    for encoder in kept.iter().filter(|kept| System::ENCODERS.contains(&kept.system)) {
        let baselines = kept
            .iter()
            .filter(|other| other.system.is_baseline() && other.probe_seconds == encoder.probe_seconds);
        for baseline in baselines {
            let name = label(baseline.system, baseline.probe_seconds);
            let what = || format!("difference between {} and {name}", encoder.system);
            if baseline.fingerprint == encoder.fingerprint {
                audit.push(AuditRow::absent(what(), "their scores are the same: a plan without a training step leaves the encoder as it starts"));
                continue;
            }
            let found = encoder.resampled.difference(&baseline.resampled, &bootstrap);
            let found = found.map_err(|error| failed(&name, error))?;
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

/// Who is it, among the people tested in a fold? A person without a template is not to be found: their probes are failures to
/// enrol, no searches.
pub(super) fn identification(
    evidence: &Evidence,
    scored: &Scored,
    audit: &mut Vec<AuditRow>,
) -> Result<IdentificationRow, RunError> {
    let bootstrap = evidence.bootstrap("identification");
    let name = label(scored.system, scored.probe_seconds);
    let searches = scored.all.searches().map_err(|error| failed(&name, error))?;
    let closed = identification::closed_set(&searches, &bootstrap).map_err(|error| failed(&name, error))?;
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
    Ok(row)
}
