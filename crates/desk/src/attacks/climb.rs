//! Hill climbing: an attacker changes a probe, asks for its score, and keeps the change where the score does not fall.

use ndarray::{Array1, Array2, Array3, Axis};
use rand::RngExt;
use rand_chacha::ChaCha20Rng;
use rand_distr::{Distribution, StandardNormal};
use twinprint_gallery::attempts_within;

use super::attempt::{Attack, Attempt, Outcome};
use super::material::{AttackedFold, Person};
use crate::DeskError;
use crate::probe::told;

/// People of a fold who are climbed against with signals, each query of which is a pass through the encoder.
const MOST_WITH_SIGNALS: usize = 8;
/// Queries with signals for each query with prints.
const SIGNALS_SHARE: usize = 4;
/// Seconds of a day.
const DAY: u64 = 24 * 3600;
/// Step of the first change, as a share of what is changed; it grows where the score rose and shrinks where it did not, so that one
/// in five rises (Rechenberg 1973).
const FIRST_STEP: f32 = 0.5;
const GROWTH: f32 = 1.5;
const STEPS: [f32; 2] = [0.01, 2.0];

/// Climbs with prints and with signals: by scores in full and as the gallery tells them, as often as wanted and as often as it answers
/// in a day.
pub(super) fn climbs(fold: &AttackedFold, queries: usize) -> Result<Vec<Attack>, DeskError> {
    let has = "recordings of others, answers of the gallery";
    let mut attacks = Vec::new();
    for (told_in_full, words) in [(true, "scores in full"), (false, "scores to one decimal")] {
        let mut free =
            Attack::new(format!("hill climbing, prints, {words}, {queries} queries"), has, "prints");
        let answered = attempts_within(DAY);
        let mut day = Attack::new(
            format!("hill climbing, prints, {words}, a day of waits ({answered} queries)"),
            has,
            "prints",
        );
        for victim in fold.victims() {
            let reached = with_prints(fold, victim, told_in_full, queries);
            let limited = reached.iter().map(|count| count.filter(|&count| count <= answered)).collect();
            let attempt =
                |outcome| Attempt { outcome, ..Attempt::scored(fold.place, &[victim.number], f64::NAN) };
            free.attempts.push(attempt(Outcome::Reached(reached)));
            day.attempts.push(attempt(Outcome::Reached(limited)));
        }
        attacks.extend([free, day]);
    }
    let queries = queries.div_ceil(SIGNALS_SHARE);
    for (told_in_full, words) in [(true, "scores in full"), (false, "scores to one decimal")] {
        let name = format!("hill climbing, signals, {words}, {queries} queries");
        let mut attack = Attack::new(name, has, "signals");
        for victim in fold.victims().into_iter().take(MOST_WITH_SIGNALS) {
            let reached = with_signals(fold, victim, told_in_full, queries)?;
            let attempt = Attempt::scored(fold.place, &[victim.number], f64::NAN);
            attack.attempts.push(Attempt { outcome: Outcome::Reached(reached), ..attempt });
        }
        attacks.push(attack);
    }
    Ok(attacks)
}

/// How a climb stands.
struct Climb<'a> {
    thresholds: &'a [f64],
    in_full: bool,
    /// The score that was told of what is kept.
    best: f64,
    step: f32,
    asked: u32,
    /// After how many queries each threshold was reached.
    reached: Vec<Option<u32>>,
}

impl<'a> Climb<'a> {
    fn new(thresholds: &'a [f64], in_full: bool) -> Self {
        let reached = vec![None; thresholds.len()];
        Self { thresholds, in_full, best: f64::NEG_INFINITY, step: FIRST_STEP, asked: 0, reached }
    }

    /// Takes an answer; says whether the change is kept.
    fn answer(&mut self, score: f64) -> bool {
        self.asked += 1;
        for (reached, threshold) in self.reached.iter_mut().zip(self.thresholds) {
            if reached.is_none() && score >= *threshold {
                *reached = Some(self.asked);
            }
        }
        let told = told(score, self.in_full);
        let (rises, keeps) = (told > self.best, told >= self.best);
        if rises {
            self.step *= GROWTH;
        } else if !keeps {
            self.step *= GROWTH.powf(-0.25);
        }
        self.step = self.step.clamp(STEPS[0], STEPS[1]);
        if keeps {
            self.best = told;
        }
        keeps
    }

    fn ended(&self, queries: usize) -> bool {
        self.asked as usize >= queries || self.reached.iter().all(Option::is_some)
    }
}

fn with_prints(fold: &AttackedFold, victim: &Person, in_full: bool, queries: usize) -> Vec<Option<u32>> {
    let rows: Vec<usize> = fold.others(victim).iter().flat_map(|other| other.probes.concat()).collect();
    let mut climb = Climb::new(&fold.thresholds, in_full);
    if rows.is_empty() {
        return climb.reached;
    }
    let mut rng = fold.rng("climb with prints", victim.number);
    let known = fold.material.prints(&rows);
    let mut kept = known.row(rng.random_range(0..rows.len())).to_owned();
    unit(&mut kept);
    let mut tried = kept.clone();
    while !climb.ended(queries) {
        let score = fold.score(victim, &tried.clone().insert_axis(Axis(0)));
        if climb.answer(score) {
            kept.clone_from(&tried);
        }
        // In turn along what tells the others apart, and along any direction.
        let mut change = if climb.asked.is_multiple_of(2) {
            Array1::from_shape_simple_fn(kept.len(), || StandardNormal.sample(&mut rng))
        } else {
            &known.row(rng.random_range(0..rows.len())) - &known.row(rng.random_range(0..rows.len()))
        };
        unit(&mut change);
        tried = &kept + &(change * climb.step);
        unit(&mut tried);
    }
    climb.reached
}

fn unit(row: &mut Array1<f32>) {
    let length = row.dot(row).sqrt();
    if length > 0.0 {
        *row /= length;
    }
}

fn with_signals(
    fold: &AttackedFold,
    victim: &Person,
    in_full: bool,
    queries: usize,
) -> Result<Vec<Option<u32>>, DeskError> {
    let mut rng = fold.rng("climb with signals", victim.number);
    let others = fold.others(victim);
    let mut climb = Climb::new(&fold.thresholds, in_full);
    let draw = |rng: &mut ChaCha20Rng| -> Result<Array3<f32>, DeskError> {
        let other = others[rng.random_range(0..others.len())];
        fold.material.signals(&other.probes[rng.random_range(0..other.probes.len())])
    };
    if others.is_empty() {
        return Ok(climb.reached);
    }
    let mut kept = draw(&mut rng)?;
    let strength = deviation(&kept);
    let mut tried = kept.clone();
    while !climb.ended(queries) {
        let prints: Option<Array2<f32>> = fold.embed(&tried);
        let score = prints.map_or(f64::NAN, |prints| fold.score(victim, &prints));
        if climb.answer(score) {
            kept.clone_from(&tried);
        }
        // Somebody else's EEG, or the same with the sign of each electrode at random, is mixed in.
        let mut change = draw(&mut rng)?;
        if climb.asked.is_multiple_of(2) {
            for mut channel in change.axis_iter_mut(Axis(1)) {
                let sign: f32 = if rng.random_bool(0.5) { 1.0 } else { -1.0 };
                channel *= sign;
            }
        }
        change *= climb.step * strength / deviation(&change).max(f32::MIN_POSITIVE);
        tried = &kept + &change;
        tried *= strength / deviation(&tried).max(f32::MIN_POSITIVE);
    }
    Ok(climb.reached)
}

fn deviation(epochs: &Array3<f32>) -> f32 {
    epochs.std(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_climb_keeps_what_does_not_fall_and_notes_when_each_threshold_was_reached() {
        let mut climb = Climb::new(&[0.3, 0.6], true);
        let kept: Vec<bool> = [0.1, 0.05, 0.35, 0.2, 0.7].map(|score| climb.answer(score)).to_vec();
        assert_eq!(kept, [true, false, true, false, true]);
        assert_eq!(climb.reached, [Some(3), Some(5)]);
        assert!(climb.ended(100));
    }

    #[test]
    fn a_rounded_score_hides_what_lies_within_a_tenth() {
        let mut climb = Climb::new(&[0.9], false);
        assert!(climb.answer(0.14) && climb.answer(0.06) && !climb.answer(0.04) && climb.answer(0.16));
        assert!(!climb.answer(f64::NAN), "what cannot be scored is not kept");
        assert_eq!(climb.reached, [None]);
    }
}
