//! How the error rate goes with the days between enrolment and probe.

use std::collections::{BTreeSet, HashMap};

use twinprint_evaluation::{Scores, verification};
use twinprint_protocol::Pool;
use twinprint_report::results::{AuditRow, DaysRow, VerificationRow};
use twinprint_signal::{Prints, RecordingKey};

use super::{Evidence, Scored, failed};
use crate::RunError;
use crate::scoring::FoldScores;
use crate::system::System;

/// The fewest and the most days of each row.
const INTERVALS: [(u32, Option<u32>); 6] =
    [(0, Some(0)), (1, Some(7)), (8, Some(30)), (31, Some(90)), (91, Some(365)), (366, None)];

/// What a row of the results is called in the audit.
const CHECK: &str = "days between enrolment and probe";

/// Recordings of a run by the days since their person's first.
type Days<'a> = HashMap<&'a RecordingKey, i64>;

/// A row for each system, probe length and interval that holds mated comparisons; `whole` are the numbers of all of them.
pub(super) fn rows(
    evidence: &Evidence,
    whole: &[VerificationRow],
    audit: &mut Vec<AuditRow>,
) -> Result<Vec<DaysRow>, RunError> {
    let days: Days =
        evidence.recordings.recordings.iter().filter_map(|known| Some((&known.key, known.day?))).collect();
    if days.is_empty() {
        let why =
            "no recording is dated: neither scans.tsv or sessions.tsv nor a header says when it was made";
        audit.push(AuditRow::absent(CHECK, why));
        return Ok(Vec::new());
    }
    let mut rows = Vec::new();
    for scored in evidence.scored.iter().filter(|scored| !scored.system.is_shortcut()) {
        let Some(sides) = evidence.sides.iter().find(|sides| sides.system == scored.system) else { continue };
        let apart: Vec<FoldDays> = scored
            .folds
            .iter()
            .zip(&sides.test)
            .map(|(fold, prints)| FoldDays::of(fold, prints, &days))
            .collect();
        for (from_days, to_days) in INTERVALS {
            let chosen =
                Chosen::of(scored, &apart, |days| days >= from_days && to_days.is_none_or(|to| days <= to));
            if chosen.mated == 0 {
                continue;
            }
            let same = whole.iter().find(|row| {
                row.system == scored.system.name()
                    && row.probe_seconds == scored.probe_seconds
                    && (row.mated, row.non_mated) == (chosen.mated, chosen.non_mated)
            });
            let (people, mated, non_mated) = (chosen.people.len(), chosen.mated, chosen.non_mated);
            let eer = match same {
                Some(row) => row.eer,
                None => chosen.eer(evidence, scored)?,
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
    }
    let undated: usize =
        rows.iter().filter(|row| row.system == System::Encoder.name()).map(|row| row.mated).sum();
    if undated == 0 {
        audit.push(AuditRow::absent(CHECK, "no person has both a dated enrolment and a dated probe"));
    }
    Ok(rows)
}

/// The days between each template of a fold and each probe of the same person, `[templates][probes]`; nothing for two people and
/// where one of the two is not dated.
struct FoldDays(Vec<Vec<Option<u32>>>);

impl FoldDays {
    fn of(fold: &FoldScores, prints: &Prints, days: &Days) -> Self {
        // A template of several recordings is as old as the last of them.
        let last = |pool: &Pool| -> Option<i64> {
            let each = pool.epochs.iter().map(|&epoch| days.get(&*prints.infos()[epoch].key).copied());
            each.collect::<Option<Vec<i64>>>()?.into_iter().max()
        };
        let probes: Vec<Option<i64>> = fold.trials.probes.iter().map(last).collect();
        let of_template = |(at, template): (usize, &Pool)| {
            let enrolled = last(template);
            let of_probe = |(place, probed): (usize, &Option<i64>)| {
                let apart = || Some(enrolled?.abs_diff((*probed)?) as u32);
                fold.trials.mated(at, place).then(apart).flatten()
            };
            probes.iter().enumerate().map(of_probe).collect()
        };
        Self(fold.trials.templates.iter().enumerate().map(of_template).collect())
    }
}

/// The comparisons of an interval: mated ones so many days apart, and the same probes with everybody else's templates.
#[derive(Default)]
struct Chosen {
    scores: Vec<f64>,
    enrol: Vec<u32>,
    probe: Vec<u32>,
    mated: usize,
    non_mated: usize,
    people: BTreeSet<u32>,
}

impl Chosen {
    fn of(scored: &Scored, apart: &[FoldDays], wanted: impl Fn(u32) -> bool) -> Self {
        let mut chosen = Self::default();
        for (fold, FoldDays(days)) in scored.folds.iter().zip(apart) {
            let is_wanted = |template: usize, probe: usize| days[template][probe].is_some_and(&wanted);
            let templates = 0..fold.template_subjects.len();
            for probe in 0..fold.probe_subjects.len() {
                if !templates.clone().any(|template| is_wanted(template, probe)) {
                    continue;
                }
                for template in templates.clone() {
                    let mated = fold.trials.mated(template, probe);
                    if mated && !is_wanted(template, probe) {
                        continue;
                    }
                    chosen.scores.push(f64::from(fold.matrix[[template, probe]]));
                    chosen.enrol.push(fold.template_subjects[template]);
                    chosen.probe.push(fold.probe_subjects[probe]);
                    if mated {
                        chosen.mated += 1;
                        chosen.people.insert(fold.probe_subjects[probe]);
                    } else {
                        chosen.non_mated += 1;
                    }
                }
            }
        }
        chosen
    }

    /// The equal error rate of these comparisons; nothing where there is none of one kind, or no interval.
    fn eer(
        self,
        evidence: &Evidence,
        scored: &Scored,
    ) -> Result<Option<twinprint_evaluation::Estimate>, RunError> {
        if self.non_mated == 0 {
            return Ok(None);
        }
        let name = format!("{} at {} s by days", scored.system, scored.probe_seconds);
        let scores =
            Scores::new(self.scores, self.enrol, self.probe).map_err(|error| failed(&name, error))?;
        let found =
            verification(&scores, &evidence.bootstrap("days")).map_err(|error| failed(&name, error))?;
        Ok(found.eer.ci95.map(|_| found.eer))
    }
}
