//! Attacks with prints: of other people as they are, their means, mixtures and morphs.

use ndarray::{Axis, concatenate};
use rand::RngExt;
use rand::seq::SliceRandom;
use twinprint_gallery::Template;

use super::attempt::{Attack, Attempt};
use super::material::{AttackedFold, Person};
use crate::DeskError;

/// Mixtures of other people's epochs against each person.
const MIXTURES: usize = 10;
/// Pairs of people in a fold who are morphed, at most.
const MOST_PAIRS: usize = 200;

/// The probes of everybody against their own template: what the rates of the attacks are to be held beside.
pub(super) fn own_probes(fold: &AttackedFold) -> Attack {
    let of = |victim: &Person| {
        let attempt = |rows: &Vec<usize>| {
            let score = fold.score(victim, &fold.material.prints(rows));
            Attempt::scored(fold.place, &[victim.number], score)
        };
        victim.probes.iter().map(attempt).collect::<Vec<_>>()
    };
    Attack::new("no attack: the person's own probes", "a later recording of their own", "prints")
        .with(fold.victims().into_iter().flat_map(of))
}

/// The probes of everybody against everybody else's template.
pub(super) fn zero_effort(fold: &AttackedFold) -> Attack {
    let mut attack = Attack::new("other people, without effort", "a recording of their own", "prints");
    for victim in fold.victims() {
        for other in fold.others(victim) {
            attack.attempts.extend(other.probes.iter().map(|rows| {
                let score = fold.score(victim, &fold.material.prints(rows));
                Attempt::scored(fold.place, &[victim.number, other.number], score)
            }));
        }
    }
    attack
}

/// The mean of all others' prints, which lies in the middle of the people.
pub(super) fn mean_of_population(fold: &AttackedFold) -> Attack {
    let mean = |victim: &Person| {
        let rows: Vec<usize> = fold.others(victim).iter().flat_map(|other| other.probes.concat()).collect();
        let score = fold.score(victim, &fold.material.prints(&rows));
        Attempt::scored(fold.place, &[victim.number], score)
    };
    Attack::new("mean of the population", "recordings of others, the encoder", "prints")
        .with(fold.victims().into_iter().map(mean))
}

/// Probes whose epochs are drawn from all others.
pub(super) fn mixed_epochs(fold: &AttackedFold) -> Attack {
    let mut attack =
        Attack::new("other people's epochs, shuffled into one probe", "recordings of others", "prints");
    for victim in fold.victims() {
        let rows: Vec<usize> = fold.others(victim).iter().flat_map(|other| other.probes.concat()).collect();
        let mut rng = fold.rng("mixtures", victim.number);
        for _ in 0..if rows.is_empty() { 0 } else { MIXTURES } {
            let drawn: Vec<usize> = (0..fold.looks).map(|_| rows[rng.random_range(0..rows.len())]).collect();
            let score = fold.score(victim, &fold.material.prints(&drawn));
            attack.attempts.push(Attempt::scored(fold.place, &[victim.number], score));
        }
    }
    attack
}

/// A template enrolled from two people's recordings, of whom both are to be let in by it; and how many of them scatter more than
/// `usual`, of how many.
///
/// An attempt is a probe of each, and succeeds where both match: the mean over attempts is ProdAvg-MMPMR (Scherhag et al. 2017,
/// Biometric systems under morphing attacks).
pub(super) fn morphs(fold: &AttackedFold, usual: Option<f64>) -> Result<(Attack, [usize; 2]), DeskError> {
    let mut attack =
        Attack::new("morphed template, both people match", "recordings of two who enrol as one", "prints");
    let victims = fold.victims();
    let mut pairs: Vec<(&Person, &Person)> = Vec::new();
    for (at, first) in victims.iter().enumerate() {
        pairs.extend(victims[at + 1..].iter().map(|second| (*first, *second)));
    }
    if pairs.len() > MOST_PAIRS {
        pairs.shuffle(&mut fold.rng("pairs", 0));
        pairs.truncate(MOST_PAIRS);
    }
    let mut scattered = 0;
    for (first, second) in &pairs {
        let half = |person: &Person, share: usize| fold.material.prints(&person.enrolled.0[..share]);
        let epochs = first.enrolled.0.len().min(second.enrolled.0.len());
        let counts = [epochs - epochs / 2, (epochs / 2).max(1)];
        let parts = [half(first, counts[0]), half(second, counts[1])];
        let prints = concatenate(Axis(0), &[parts[0].view(), parts[1].view()])
            .map_err(|error| DeskError::Request(error.to_string()))?;
        let Ok(morph) = Template::of_recordings(prints.view(), &counts) else { continue };
        scattered += usize::from(usual.is_some_and(|usual| morph.spread() > usual));
        for (a, b) in first.probes.iter().zip(&second.probes) {
            let score = |rows: &[usize]| {
                let probe = Template::of(fold.material.prints(rows).view());
                probe.map_or(f64::NAN, |probe| morph.score(&probe))
            };
            // Not `min`, which would pass over a probe without a direction.
            let (a, b) = (score(a), score(b));
            let both = if a <= b { a } else { b };
            attack.attempts.push(Attempt::scored(fold.place, &[first.number, second.number], both));
        }
    }
    Ok((attack, [scattered, pairs.len()]))
}
