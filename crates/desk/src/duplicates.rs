//! From which score on a new template is taken for somebody who is enrolled already.

use twinprint_evaluation::{RATES, resolves};
use twinprint_gallery::DuplicatePoint;

use crate::DeskError;
use crate::role_prints::RolePrints;

/// Measures thresholds between templates of two people, for templates of these lengths: at the rates that the comparisons
/// resolve, and above them all the score that none of them reached.
pub(crate) fn duplicates(people: &[RolePrints], lengths: &[usize]) -> Result<Vec<DuplicatePoint>, DeskError> {
    let mut points = Vec::new();
    for &enrol_epochs in lengths {
        let mut scores = Vec::new();
        for prints in people {
            scores.extend(prints.between_templates(enrol_epochs)?);
        }
        scores.sort_by(|a, b| b.total_cmp(a));
        let comparisons = scores.len();
        let point = |fmr, threshold| DuplicatePoint { enrol_epochs, fmr, threshold, comparisons };
        for rate in RATES.into_iter().filter(|&rate| resolves(comparisons, rate)) {
            let allowed = (rate * comparisons as f64) as usize;
            points.extend(scores.get(allowed).map(|score| point(rate, score.next_up())));
        }
        // Rule of three (Jovanovic and Levy 1997): what none of n comparisons reached has a rate of at most 3/n, with 95 %.
        points
            .extend(scores.first().map(|score| point((3.0 / comparisons as f64).min(1.0), score.next_up())));
    }
    Ok(points)
}
