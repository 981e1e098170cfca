//! Which people carry the errors of the encoder.

use std::collections::BTreeMap;

use twinprint_evaluation::concentration;
use twinprint_report::results::{AuditRow, Outcome};
use twinprint_signal::SubjectId;

use super::{Evidence, Scored};

/// At most so many people are named.
const NAMED: usize = 5;

/// How many people carry half of the encoder's false non-matches at its EER threshold, and how likely that would be if they were
/// alike.
pub(super) fn row(evidence: &Evidence, scored: &Scored) -> Option<AuditRow> {
    let found =
        concentration(&scored.all.mated(), scored.all.eer().threshold, evidence.seed("errors by person"))?;
    let names: BTreeMap<u32, &SubjectId> = scored
        .trials
        .0
        .iter()
        .flat_map(|fold| {
            fold.probe_subjects.iter().copied().zip(fold.trials.probes.iter().map(|pool| &pool.subject))
        })
        .collect();
    let worst = found.by_person.iter().take(found.carriers.min(NAMED));
    let worst: Vec<String> =
        worst.filter_map(|(person, _)| names.get(person)).map(ToString::to_string).collect();
    let more = if found.carriers > worst.len() { ", …" } else { "" };
    let total: usize = found.by_person.iter().map(|(_, count)| count).sum();
    let detail = format!(
        "half of the {total} false non-matches at {} s are of {} of {} people ({}{more}); {:.1} people if all were alike, p {}",
        scored.probe_seconds,
        found.carriers,
        found.people,
        worst.join(", "),
        found.expected,
        if found.chance < 0.001 { "< .001".to_owned() } else { format!("= {:.3}", found.chance) },
    );
    Some(AuditRow {
        probe_seconds: Some(scored.probe_seconds),
        ..AuditRow::new(Outcome::Informs, "errors by person", detail)
    })
}
