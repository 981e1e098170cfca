//! What came of an enrolment.

use serde::Serialize;
use twinprint_gallery::{Acquisition, Enrolled, Enrolment, Gallery, Happening};
use twinprint_signal::SubjectId;

use crate::admission::DuplicateRule;

/// What was enrolled, for people and programs to read.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// The name they are enrolled under.
    pub subject: SubjectId,
    /// Whether the template is new, was moved or was replaced.
    pub what: Happening,
    /// Epochs that were used now.
    pub used_epochs: usize,
    /// Their seconds; absent for prints from elsewhere.
    pub used_seconds: Option<f64>,
    /// Epochs behind the template now.
    pub template_epochs: usize,
    /// What became of all epochs of the recordings.
    pub acquisition: Acquisition,
    /// The mean cosine distance of the epochs from the template.
    pub spread: f64,
    /// The spread that 95 of 100 templates of the people behind the thresholds do not exceed.
    pub usual_spread: Option<f64>,
    /// The most similar other person, and how similar.
    pub nearest: Option<(SubjectId, f64)>,
    /// From which score on they would have counted as one person.
    pub duplicate_threshold: Option<f64>,
    /// The chance that somebody who was not enrolled is refused as a duplicate of one of those who were, were comparisons
    /// independent; absent for a stated score.
    pub duplicate_chance: Option<f64>,
    /// The score of the new epochs against the template that was there.
    pub score_before: Option<f64>,
    /// How many are enrolled now.
    pub people: usize,
    /// What the user should know.
    pub notices: Vec<String>,
}

/// Somebody who was not enrolled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Refused {
    /// The person, by the name the row gave.
    pub subject: SubjectId,
    /// Why, and what to do.
    pub reason: String,
}

/// Who was enrolled, and who was not.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Enrolments {
    /// Who was enrolled or updated, in that order.
    pub enrolled: Vec<Report>,
    /// Who was refused; only of a file of prints of many people.
    pub refused: Vec<Refused>,
    /// How many were left out because they are enrolled already.
    pub skipped: usize,
    /// What the user should know of them all.
    pub notices: Vec<String>,
}

/// Said where no score is known from which on two people count as one.
pub(crate) const UNSEARCHED: &str = "no threshold is known, so nobody was looked for who may be enrolled under another name: state one with --threshold";

/// The report of one person; `people` are enrolled now.
pub(crate) fn report_of(
    gallery: &Gallery,
    request: &Enrolment<'_>,
    rule: Option<DuplicateRule>,
    enrolled: Enrolled,
    people: usize,
) -> Report {
    let usual_spread = gallery.thresholds().usual_spread;
    let mut notices: Vec<String> =
        enrolled.overridden.iter().map(|what| format!("overridden: {what}")).collect();
    if let Some(usual) = usual_spread.filter(|usual| enrolled.spread > *usual) {
        notices.push(format!(
            "the epochs scatter more ({:.3}) than those of 95 of 100 templates do ({usual:.3}): another recording may serve better",
            enrolled.spread
        ));
    }
    Report {
        subject: request.subject.clone(),
        what: enrolled.what,
        used_epochs: request.acquisition.used,
        used_seconds: None,
        template_epochs: enrolled.epochs,
        acquisition: request.acquisition.clone(),
        spread: enrolled.spread,
        usual_spread,
        nearest: enrolled.nearest,
        duplicate_threshold: request.threshold,
        duplicate_chance: rule.and_then(|rule| rule.chance),
        score_before: enrolled.score_before,
        people,
        notices,
    }
}
