//! Checks that tell a shortcut from a trait, and a lesson from none.

use std::collections::HashSet;
use std::ops::Range;

use ndarray::Array2;
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use twinprint_evaluation::{Blocks, Comparisons, Estimate, Sides};
use twinprint_protocol::Pool;
use twinprint_report::results::{AuditRow, Comparison, Outcome};
use twinprint_signal::RecordingKey;

use super::{Evidence, Kept, Scored, failed};
use crate::RunError;
use crate::scoring::{FoldComparisons, SystemTrials};
use crate::shortcut::Audit;
use crate::system::System;

/// Whether the trained encoder is better than every baseline beyond chance.
pub(super) fn beats_baselines(comparisons: &[Comparison]) -> Vec<AuditRow> {
    let mut rows = Vec::new();
    let of_the_result = || comparisons.iter().filter(|row| row.system == System::Encoder.name());
    let mut lengths: Vec<f64> = of_the_result().map(|row| row.probe_seconds).collect();
    lengths.dedup();
    for seconds in lengths {
        let here = of_the_result().filter(|row| row.probe_seconds == seconds);
        let (beaten, other): (Vec<_>, Vec<_>) = here.partition(|row| row.better());
        let name = |rows: &[&Comparison]| -> String {
            rows.iter().map(|row| row.baseline.as_str()).collect::<Vec<_>>().join(", ")
        };
        let found = match (beaten.is_empty(), other.is_empty()) {
            (_, true) => {
                "the encoder's EER is lower than every baseline's, each interval of the difference below 0"
                    .to_owned()
            }
            (true, _) => format!("not shown better than any baseline: {}", name(&other)),
            (false, false) => format!("shown better than {}; not than {}", name(&beaten), name(&other)),
        };
        let detail = format!("at {seconds} s {found}");
        rows.push(AuditRow {
            probe_seconds: Some(seconds),
            ..AuditRow::new(judged(other.is_empty()), "trained encoder beats every baseline", detail)
        });
    }
    rows
}

/// Shuffled labels, recording lengths, or a part of the signal alone, as far as the plan asks for them and the system is the one that
/// shows it.
pub(super) fn shortcuts(
    evidence: &Evidence,
    scored: &Scored,
    kept: &[Kept],
) -> Result<Vec<AuditRow>, RunError> {
    let asked = &evidence.context.plan.config().evaluation.audits;
    let mut rows = Vec::new();
    match scored.system {
        System::Encoder => {
            if asked.contains(&Audit::ShuffledLabels) {
                rows.push(shuffled(evidence, scored)?);
            }
            if asked.contains(&Audit::RecordingLength) {
                rows.push(recording_length(evidence, scored)?);
            }
        }
        System::Shortcut(shortcut) => {
            let of_it =
                |kept: &&Kept| kept.system == System::Encoder && kept.probe_seconds == scored.probe_seconds;
            let encoder = kept.iter().find(of_it).map(|kept| kept.resampled.eer());
            let eer = measure(evidence, &scored.all)?;
            rows.push(compared(scored, shortcut.title(), shortcut.accuses(), eer, encoder));
        }
        _ => {}
    }
    Ok(rows)
}

/// What became of epochs that some system could give no direction; nothing where there are none.
pub(super) fn directionless(evidence: &Evidence) -> Option<AuditRow> {
    let sentences = &evidence.directionless.sentences;
    (!sentences.is_empty()).then(|| {
        let detail = format!(
            "{}: templates and probes with such an epoch count as failures to enrol and to acquire, for every system",
            sentences.join("; ")
        );
        AuditRow::new(Outcome::Failed, "every print has a direction", detail)
    })
}

/// Trials with other people behind the probes, or with other scores.
struct Altered<'a> {
    trials: &'a SystemTrials,
    /// The people behind the probes of every fold.
    probes: Vec<Vec<u32>>,
    /// Numbers of every fold's templates and probes that the scores follow from: minus the distance. Nothing where the scores stay.
    numbers: Vec<(Vec<f64>, Vec<f64>)>,
}

impl Blocks for Altered<'_> {
    fn folds(&self) -> usize {
        self.trials.folds()
    }

    fn sides(&self, fold: usize) -> Sides<'_> {
        Sides { probes: &self.probes[fold], ..self.trials.sides(fold) }
    }

    fn scores(&self, fold: usize, templates: Range<usize>, probes: Range<usize>) -> Array2<f64> {
        let Some((own, other)) = self.numbers.get(fold) else {
            return self.trials.scores(fold, templates, probes);
        };
        Array2::from_shape_fn((templates.len(), probes.len()), |(template, probe)| {
            -(own[templates.start + template] - other[probes.start + probe]).abs()
        })
    }
}

/// The encoder's scores with the people behind the probes shuffled inside each fold: what is left is chance.
fn shuffled(evidence: &Evidence, scored: &Scored) -> Result<AuditRow, RunError> {
    let mut generator = ChaCha8Rng::seed_from_u64(evidence.seed("shuffled labels"));
    let folds = scored.trials.0.iter().map(|fold| {
        let mut people = fold.probe_subjects.clone();
        people.shuffle(&mut generator);
        people
    });
    let altered = Altered { trials: scored.trials, probes: folds.collect(), numbers: Vec::new() };
    let all = Comparisons::new(&altered).map_err(|error| failed("shuffled labels", error))?;
    let eer = measure(evidence, &all)?;
    let passed = eer.ci95.is_some_and(|ci95| ci95.contains(0.5));
    let detail = format!("EER {:.1} %; chance is 50 %", 100.0 * eer.value);
    Ok(row(judged(passed), "shuffled subject labels", detail, eer, scored))
}

/// Scores from nothing but how long the two recordings are: minus the difference of the logarithms.
fn recording_length(evidence: &Evidence, scored: &Scored) -> Result<AuditRow, RunError> {
    let check = "recording length only";
    let absent = |why| Ok(AuditRow::absent(format!("{check} at {} s", scored.probe_seconds), why));
    let within = |fold: &FoldComparisons| {
        let own: HashSet<&RecordingKey> = fold.trials.templates.iter().map(|pool| &*pool.key).collect();
        fold.trials.probes.iter().any(|probe| own.contains(&*probe.key))
    };
    if scored.trials.0.iter().any(within) {
        return absent(
            "templates and probes are cut from one recording, and a recording is as long as itself",
        );
    }
    if evidence.context.plan.config().protocol.enrol.recordings_per_template != 1 {
        return absent("a template of several recordings has no one length");
    }
    let known = evidence.recordings.lengths();
    let logarithms = |pools: &[Pool]| -> Option<Vec<f64>> {
        pools.iter().map(|pool| known.get(&*pool.key).map(|seconds| seconds.ln())).collect()
    };
    let lengths = |fold: &FoldComparisons| {
        Some((logarithms(&fold.trials.templates)?, logarithms(&fold.trials.probes)?))
    };
    let Some(numbers) = scored.trials.0.iter().map(lengths).collect() else {
        return absent("the length of a recording is not known");
    };
    let probes = scored.trials.0.iter().map(|fold| fold.probe_subjects.clone()).collect();
    let altered = Altered { trials: scored.trials, probes, numbers };
    let all = Comparisons::new(&altered).map_err(|error| failed("recording length", error))?;
    Ok(compared(scored, check, true, measure(evidence, &all)?, Some(scored.all.eer().value)))
}

/// How far a part of what there is goes alone. One that should say nothing passes unless it reaches the encoder's own
/// error rate; the others only inform.
fn compared(scored: &Scored, check: &str, accuses: bool, eer: Estimate, encoder: Option<f64>) -> AuditRow {
    let outcome =
        if accuses { judged(encoder.is_none_or(|encoder| encoder < eer.value)) } else { Outcome::Informs };
    let against = encoder.map(|own| format!("; the encoder has {:.1} %", 100.0 * own)).unwrap_or_default();
    let detail = format!("EER {:.1} % by this alone{against}", 100.0 * eer.value);
    row(outcome, check, detail, eer, scored)
}

fn judged(passed: bool) -> Outcome {
    if passed { Outcome::Passed } else { Outcome::Failed }
}

/// An entry that rests on an error rate at one probe length; a rate without an interval is not shown.
fn row(outcome: Outcome, check: &str, detail: String, eer: Estimate, scored: &Scored) -> AuditRow {
    AuditRow {
        eer: eer.ci95.map(|_| eer),
        probe_seconds: Some(scored.probe_seconds),
        ..AuditRow::new(outcome, check, detail)
    }
}

fn measure(evidence: &Evidence, scores: &Comparisons) -> Result<Estimate, RunError> {
    let found = scores.verification(&evidence.bootstrap("audit")).map_err(|error| failed("audit", error))?;
    Ok(found.eer)
}
