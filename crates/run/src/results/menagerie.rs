//! Which people carry the errors of the encoder.

use std::collections::BTreeMap;

use twinprint_evaluation::concentration;
use twinprint_report::results::{AuditRow, Outcome};
use twinprint_report::{ErrorsByPerson, PersonErrors};
use twinprint_signal::SubjectId;

use super::{Evidence, Scored};

/// At most so many people are named.
const NAMED: usize = 5;

/// How many people carry half of the encoder's false non-matches at its EER threshold, and how likely that would be if they were
/// alike.
pub(super) fn row(evidence: &Evidence, scored: &Scored) -> Option<AuditRow> {
    let found =
        concentration(&scored.all.mated(), scored.all.eer().threshold, evidence.seed("errors by person"))?;
    let names = names(scored);
    let worst = found.by_person.iter().take(found.carriers.min(NAMED));
    let worst: Vec<String> =
        worst.filter_map(|(person, _)| names.get(person)).map(ToString::to_string).collect();
    let more = if found.carriers > worst.len() { ", …" } else { "" };
    let total: usize = found.by_person.iter().map(|(_, count)| count).sum();
    let seconds = scored.probe_seconds;
    let detail = match total {
        1 => format!("the one false non-match at {seconds} s is of {}", worst.join(", ")),
        _ => format!(
            "half of the {total} false non-matches at {seconds} s are of {} of {} people ({}{more}); {:.1} people if all were alike, p {}",
            found.carriers,
            found.people,
            worst.join(", "),
            found.expected,
            if found.chance < 0.001 { "< .001".to_owned() } else { format!("= {:.3}", found.chance) },
        ),
    };
    Some(AuditRow {
        probe_seconds: Some(scored.probe_seconds),
        ..AuditRow::new(Outcome::Informs, "errors by person", detail)
    })
}

/// The people of the probes by their numbers.
fn names<'a>(scored: &'a Scored) -> BTreeMap<u32, &'a SubjectId> {
    let folds = scored.trials.0.iter();
    folds
        .flat_map(|fold| {
            fold.probe_subjects.iter().copied().zip(fold.trials.probes.iter().map(|pool| &pool.subject))
        })
        .collect()
}

/// How often each person's own probes are refused at the EER threshold.
pub(super) fn errors_by_person(scored: &Scored) -> ErrorsByPerson {
    let (names, threshold) = (names(scored), scored.all.eer().threshold);
    let mut people: BTreeMap<u32, PersonErrors> = BTreeMap::new();
    for &(number, similarity) in scored.all.mated().iter() {
        let person = people.entry(number).or_default();
        person.mated += 1;
        person.refused += usize::from(similarity < threshold);
    }
    let named = people.into_iter().map(|(number, errors)| PersonErrors {
        subject: names.get(&number).map(ToString::to_string).unwrap_or_default(),
        ..errors
    });
    ErrorsByPerson { probe_seconds: scored.probe_seconds, people: named.collect() }
}
