//! How the error rate goes with the days between enrolment and probe.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Range;

use ndarray::{Array2, Axis};
use twinprint_evaluation::{Blocks, Comparisons, Estimate, Sides};
use twinprint_protocol::Pool;
use twinprint_report::results::{AuditRow, DaysRow, VerificationRow};
use twinprint_signal::{Prints, RecordingKey};

use super::{Evidence, Scored, failed};
use crate::RunError;
use crate::scoring::{FoldComparisons, SystemTrials};
use crate::system::System;

/// The fewest and the most days of each row.
const INTERVALS: [(u32, Option<u32>); 6] =
    [(0, Some(0)), (1, Some(7)), (8, Some(30)), (31, Some(90)), (91, Some(365)), (366, None)];

/// What a row of the results is called in the audit.
const CHECK: &str = "days between enrolment and probe";

/// Recordings of a run by the days since their person's first.
type Days<'a> = HashMap<&'a RecordingKey, i64>;

/// A row for each interval that holds mated comparisons of a system at a probe length; `whole` are the numbers of all of them.
pub(super) fn rows(
    evidence: &Evidence,
    scored: &Scored,
    whole: &VerificationRow,
) -> Result<Vec<DaysRow>, RunError> {
    let days = days_of(evidence);
    if days.is_empty() {
        return Ok(Vec::new());
    }
    let folds = scored.trials.0.iter().zip(scored.prints);
    let dated: Vec<FoldDays> = folds.map(|(fold, prints)| FoldDays::of(fold, prints, &days)).collect();
    let mut rows = Vec::new();
    for (from_days, to_days) in INTERVALS {
        let chosen = Chosen::of(scored.trials, &dated, |days| {
            days >= from_days && to_days.is_none_or(|to| days <= to)
        });
        if chosen.mated == 0 {
            continue;
        }
        let (people, mated, non_mated) = (chosen.people.len(), chosen.mated, chosen.non_mated);
        let eer = match (whole.mated, whole.non_mated) == (mated, non_mated) {
            true => whole.eer,
            false => chosen.eer(evidence, scored)?,
        };
        rows.push(DaysRow {
            system: scored.system.name().to_owned(),
            probe_seconds: scored.probe_seconds,
            from_days,
            to_days,
            people,
            mated,
            non_mated,
            eer,
        });
    }
    Ok(rows)
}

/// Why there are no rows of the encoder, where there are none.
pub(super) fn absent(evidence: &Evidence, rows: &[DaysRow]) -> Option<AuditRow> {
    if days_of(evidence).is_empty() {
        let why =
            "no recording is dated: neither scans.tsv or sessions.tsv nor a header says when it was made";
        return Some(AuditRow::absent(CHECK, why));
    }
    let none = !rows.iter().any(|row| row.system == System::Encoder.name());
    none.then(|| AuditRow::absent(CHECK, "no person has both a dated enrolment and a dated probe"))
}

fn days_of<'a>(evidence: &Evidence<'a>) -> Days<'a> {
    evidence.recordings.recordings.iter().filter_map(|known| Some((&known.key, known.day?))).collect()
}

/// The day of each template and of each probe of a fold, where all its recordings are dated.
struct FoldDays {
    templates: Vec<Option<i64>>,
    probes: Vec<Option<i64>>,
}

impl FoldDays {
    fn of(fold: &FoldComparisons, prints: &Prints, days: &Days) -> Self {
        // A template of several recordings is as old as the last of them.
        let last = |pool: &Pool| -> Option<i64> {
            let each = pool.epochs.iter().map(|&epoch| days.get(&*prints.infos()[epoch].key).copied());
            each.collect::<Option<Vec<i64>>>()?.into_iter().max()
        };
        let all = |pools: &[Pool]| pools.iter().map(last).collect();
        Self { templates: all(&fold.trials.templates), probes: all(&fold.trials.probes) }
    }
}

/// The comparisons of an interval: mated ones so many days apart, and the same probes with everybody else's templates.
struct Chosen<'a> {
    trials: &'a SystemTrials,
    parts: Vec<Part>,
    mated: usize,
    non_mated: usize,
    people: BTreeSet<u32>,
}

/// Probes of a fold that meet the same templates.
struct Part {
    fold: usize,
    templates: Vec<usize>,
    probes: Vec<usize>,
    template_subjects: Vec<u32>,
    probe_subjects: Vec<u32>,
}

impl<'a> Chosen<'a> {
    fn of(trials: &'a SystemTrials, dated: &[FoldDays], wanted: impl Fn(u32) -> bool) -> Self {
        let mut chosen = Self { trials, parts: Vec::new(), mated: 0, non_mated: 0, people: BTreeSet::new() };
        for (at, days) in dated.iter().enumerate() {
            let sides = trials.sides(at);
            let mut own: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
            for (template, &subject) in sides.templates.iter().enumerate() {
                own.entry(subject).or_default().push(template);
            }
            // Probes by the templates of their own person that are not so many days before or after.
            let mut without: BTreeMap<Vec<usize>, Vec<usize>> = BTreeMap::new();
            for (probe, subject) in sides.probes.iter().enumerate() {
                let apart = |&&template: &&usize| {
                    let apart = || Some(days.templates[template]?.abs_diff(days.probes[probe]?) as u32);
                    apart().is_some_and(&wanted)
                };
                let templates = own.get(subject).map(Vec::as_slice).unwrap_or_default();
                let (near, other): (Vec<&usize>, Vec<&usize>) = templates.iter().partition(apart);
                if near.is_empty() {
                    continue;
                }
                chosen.mated += near.len();
                chosen.non_mated += sides.templates.len() - templates.len();
                chosen.people.insert(*subject);
                without.entry(other.into_iter().copied().collect()).or_default().push(probe);
            }
            chosen.parts.extend(without.into_iter().map(|(without, probes)| {
                let templates: Vec<usize> =
                    (0..sides.templates.len()).filter(|template| !without.contains(template)).collect();
                Part {
                    fold: at,
                    template_subjects: templates.iter().map(|&template| sides.templates[template]).collect(),
                    probe_subjects: probes.iter().map(|&probe| sides.probes[probe]).collect(),
                    templates,
                    probes,
                }
            }));
        }
        chosen
    }

    /// The equal error rate of these comparisons; nothing where there is none of one kind, or no interval.
    fn eer(&self, evidence: &Evidence, scored: &Scored) -> Result<Option<Estimate>, RunError> {
        if self.non_mated == 0 {
            return Ok(None);
        }
        let name = format!("{} at {} s by days", scored.system, scored.probe_seconds);
        let found = Comparisons::new(self).and_then(|all| all.verification(&evidence.bootstrap("days")));
        let eer = found.map_err(|error| failed(&name, error))?.eer;
        Ok(eer.ci95.map(|_| eer))
    }
}

impl Blocks for Chosen<'_> {
    fn folds(&self) -> usize {
        self.parts.len()
    }

    fn sides(&self, fold: usize) -> Sides<'_> {
        let part = &self.parts[fold];
        Sides { templates: &part.template_subjects, probes: &part.probe_subjects }
    }

    fn scores(&self, fold: usize, templates: Range<usize>, probes: Range<usize>) -> Array2<f64> {
        let part = &self.parts[fold];
        let (rows, columns) = (&part.templates[templates], &part.probes[probes]);
        let span = |places: &[usize]| match places {
            [] => 0..0,
            [first, .., last] => *first..last + 1,
            [only] => *only..only + 1,
        };
        let (across, down) = (span(rows), span(columns));
        let from =
            |places: &[usize], start: usize| places.iter().map(|place| place - start).collect::<Vec<_>>();
        let (own, other) = (from(rows, across.start), from(columns, down.start));
        self.trials.scores(part.fold, across, down).select(Axis(0), &own).select(Axis(1), &other)
    }
}
