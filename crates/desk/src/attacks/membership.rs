//! Membership: whether an encoder has learnt from somebody.
//!
//! The final model has learnt from everybody, so that nobody is left of whom it has not. The encoders of the folds stand for it: they
//! are made alike, and of each it is known from whom it has learnt. An attacker who can train such encoders has the others of them to set
//! a threshold on (shadow models; Shokri et al. 2017, Membership inference attacks against machine learning models).

use std::collections::{BTreeMap, BTreeSet};

use ndarray::ArrayView2;
use twinprint_protocol::Fold;
use twinprint_run::{EncoderPrints, FinishedRun, PrintRow, TrainedEncoder};
use twinprint_signal::{SubjectId, directions};

use super::attempt::{Attack, Attempt, Outcome};
use crate::DeskError;

/// One person under one fold's encoder.
struct Known {
    fold: usize,
    person: u32,
    member: bool,
    /// The mean cosine of two epochs of theirs.
    cohesion: f64,
    /// Whether the hash of a recording of theirs is in the list that a packed model brings along.
    listed: bool,
}

/// Guesses about everybody whom a fold's encoder has learnt from, and everybody whom it is tested on; both count alike, so that guessing
/// is right in half of them.
pub(super) fn membership(
    run: &FinishedRun,
    folds: &[Fold],
    prints: &EncoderPrints,
) -> Result<Vec<Attack>, DeskError> {
    let known = known(run, folds, prints)?;
    let mut listed = Attack::new(
        "membership, from the list in a packed model",
        "a recording of the person, the model",
        "file",
    );
    let mut guessed = Attack::new(
        "membership, from how alike a person's prints are",
        "a recording of the person, the model",
        "signals",
    );
    for (place, _) in folds.iter().enumerate() {
        let of_fold: Vec<&Known> = known.iter().filter(|known| known.fold == place).collect();
        let others: Vec<&Known> =
            known.iter().filter(|known| known.fold != place || folds.len() < 2).collect();
        let Some(threshold) = best_threshold(&others) else { continue };
        for one in &of_fold {
            let alike = of_fold.iter().filter(|other| other.member == one.member).count();
            let guess = |says: bool| Attempt {
                weight: 1.0 / alike as f64,
                outcome: Outcome::Done(says == one.member),
                ..Attempt::scored(place, &[one.person], f64::NAN)
            };
            listed.attempts.push(guess(one.listed));
            guessed.attempts.push(guess(one.cohesion >= threshold));
        }
    }
    Ok(vec![listed, guessed])
}

fn known(run: &FinishedRun, folds: &[Fold], prints: &EncoderPrints) -> Result<Vec<Known>, DeskError> {
    let mut numbers: BTreeMap<SubjectId, u32> = BTreeMap::new();
    let recordings = run.recordings()?;
    let mut all = Vec::new();
    for (place, fold) in folds.iter().enumerate() {
        let TrainedEncoder { fold: of_encoder, model } = run.encoder(fold.index)?;
        let list = run.learnt_from(&TrainedEncoder { fold: of_encoder, model })?;
        let list: BTreeSet<String> = list.into_iter().map(|known| known.samples).collect();
        let mut rows: BTreeMap<(&SubjectId, bool), Vec<PrintRow>> = BTreeMap::new();
        for (row, info) in prints.rows() {
            let member = match info.role.as_deref() {
                Some("train") => true,
                Some("test") => false,
                _ => continue,
            };
            if info.fold == Some(fold.index) {
                rows.entry((&info.epoch.key.subject, member)).or_default().push(row);
            }
        }
        for ((subject, member), rows) in rows {
            let next = numbers.len() as u32;
            let person = *numbers.entry(subject.clone()).or_insert(next);
            let own = prints.select(&rows);
            let Some(cohesion) = cohesion(own.view()) else { continue };
            let mut theirs = recordings.iter().filter(|known| known.key.subject == *subject);
            let listed = theirs.any(|known| !known.samples.is_empty() && list.contains(&known.samples));
            all.push(Known { fold: place, person, member, cohesion, listed });
        }
    }
    Ok(all)
}

/// The mean cosine of two different rows; nothing of fewer than two.
fn cohesion(prints: ArrayView2<'_, f32>) -> Option<f64> {
    let count = prints.nrows() as f64;
    let sum = directions(prints).mapv(f64::from).sum_axis(ndarray::Axis(0));
    (prints.nrows() >= 2).then(|| (sum.dot(&sum) - count) / (count * (count - 1.0)))
}

/// From which cohesion on somebody is taken for a member, so that most guesses are right, members and others counting alike.
fn best_threshold(known: &[&Known]) -> Option<f64> {
    let count = |member: bool| known.iter().filter(|known| known.member == member).count() as f64;
    let (members, others) = (count(true), count(false));
    if members == 0.0 || others == 0.0 {
        return None;
    }
    let right = |threshold: f64| {
        let of = |member: bool| {
            let right = |known: &&&Known| known.member == member && (known.cohesion >= threshold) == member;
            known.iter().filter(right).count() as f64
        };
        of(true) / members + of(false) / others
    };
    let candidates = known.iter().map(|known| known.cohesion);
    candidates.max_by(|a, b| right(*a).total_cmp(&right(*b)).then(b.total_cmp(a)))
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;

    #[test]
    fn cohesion_is_the_mean_cosine_of_two_rows() {
        let prints = array![[1.0, 0.0], [0.0, 2.0], [3.0, 0.0_f32]];
        assert!((cohesion(prints.view()).unwrap() - 1.0 / 3.0).abs() < 1e-7);
        assert_eq!(cohesion(prints.slice(ndarray::s![..1, ..])), None);
    }

    #[test]
    fn the_threshold_tells_most_members_from_others_however_many_there_are_of_each() {
        let one = |member, cohesion| Known { fold: 0, person: 0, member, cohesion, listed: member };
        let known = [one(true, 0.9), one(true, 0.8), one(true, 0.4), one(false, 0.5), one(false, 0.3)];
        let known: Vec<&Known> = known.iter().collect();
        assert_eq!(best_threshold(&known), Some(0.8));
        assert_eq!(best_threshold(&known[..3]), None);
    }
}
