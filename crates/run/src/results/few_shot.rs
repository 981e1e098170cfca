//! N-way K-shot episodes.

use twinprint_evaluation::LabelledPrints;
use twinprint_evaluation::few_shot::{Episodes, Fold, episodes};
use twinprint_report::results::{AuditRow, FewShotRow};
use twinprint_signal::counted;

use super::{Evidence, failed, with_interval};
use crate::RunError;
use crate::scoring::SystemSides;

/// A number of ways, of which none stands for all people of a fold where folds are alike, and of shots.
pub(super) type Cell = (Option<usize>, usize);

/// The numbers of ways and of shots that the folds allow.
pub(super) fn cells(evidence: &Evidence, audit: &mut Vec<AuditRow>) -> Vec<Cell> {
    let plan = &evidence.context.plan.config().evaluation;
    let fewest = evidence.context.split.folds.iter().map(|fold| fold.test.len()).min().unwrap_or(0);
    let too_many: Vec<String> =
        plan.ways.iter().filter(|&&ways| ways > fewest).map(ToString::to_string).collect();
    if !too_many.is_empty() {
        audit.push(AuditRow::absent(
            format!("few-shot with {} ways", too_many.join(", ")),
            format!("a fold tests {}", counted(fewest, "person")),
        ));
    }
    let ways = plan.ways.iter().filter(|&&ways| ways < fewest).map(|&ways| Some(ways)).chain([None]);
    let mut cells: Vec<Cell> =
        ways.flat_map(|ways| plan.shots.iter().map(move |&shots| (ways, shots))).collect();
    cells.retain_mut(|(ways, shots)| {
        let (able, most) = people_with(evidence, *shots);
        // In that fold it would be the row of `all` again.
        if able >= 2 && *ways == Some(able) {
            return false;
        }
        let fits = able >= ways.unwrap_or(2).max(2);
        if !fits {
            let named = ways.map_or_else(|| "all".to_owned(), |ways| ways.to_string());
            audit.push(AuditRow::absent(
                format!("few-shot with {named} ways and {shots} shots"),
                format!(
                    "a fold has {able} people with {shots} epochs to learn from and one to be asked about"
                ),
            ));
        }
        // Where folds differ, as many ways as the smallest has people: one number of ways, and one chance, for all.
        if ways.is_none() && able < most {
            *ways = Some(able);
        }
        fits
    });
    cells
}

/// The people of the smallest and of the largest fold who have `shots` epochs to learn from and one to be asked about.
fn people_with(evidence: &Evidence, shots: usize) -> (usize, usize) {
    let able = |&&(enrol, probe): &&(usize, usize)| enrol >= shots && probe > 0;
    let folds = evidence.epochs_of.iter().map(|people| people.values().filter(able).count());
    folds
        .fold(None, |range: Option<(usize, usize)>, count| match range {
            Some((least, most)) => Some((least.min(count), most.max(count))),
            None => Some((count, count)),
        })
        .unwrap_or_default()
}

/// The row of a system, number of ways and number of shots.
pub(super) fn row(
    evidence: &Evidence,
    sides: &SystemSides,
    &(ways, shots): &Cell,
    audit: &mut Vec<AuditRow>,
) -> Result<FewShotRow, RunError> {
    let context = evidence.context;
    let prints: Vec<_> = evidence
        .uses
        .iter()
        .zip(&sides.test)
        .map(|(uses, side)| {
            let (support, support_labels) = evidence.people.labelled(side, &uses.enrol);
            let (query, query_labels) = evidence.people.labelled(side, &uses.probe);
            (support, support_labels, query, query_labels)
        })
        .collect();
    let folds: Vec<Fold> = prints
        .iter()
        .map(|(support, support_labels, query, query_labels)| Fold {
            support: LabelledPrints { prints: support.view(), labels: support_labels },
            query: LabelledPrints { prints: query.view(), labels: query_labels },
        })
        .collect();
    let plan = Episodes {
        ways,
        shots,
        episodes: context.plan.config().evaluation.episodes * folds.len(),
        seed: evidence.seed("few-shot episodes"),
    };
    let name = format!("{shots}-shot of {}", sides.system);
    let found =
        episodes(&folds, &plan, &evidence.bootstrap("few-shot")).map_err(|error| failed(&name, error))?;
    Ok(FewShotRow {
        system: sides.system.name().to_owned(),
        ways: found.ways,
        shots: found.shots,
        accuracy: with_interval(found.accuracy, || format!("accuracy of {name}"), audit),
        chance: found.chance,
    })
}
