//! Attacks with signals that were recorded: replays of what somebody was enrolled from, and others' electrodes exchanged.

use ndarray::{Array2, Array3, Axis};
use rand::seq::SliceRandom;
use twinprint_gallery::{Gallery, Source, Template};

use super::attempt::{Attack, Attempt};
use super::material::{AttackedFold, Person};
use crate::DeskError;
use crate::replay::Replay;

/// What refuses a replay.
const REPLAY: &str = "replay, by its hash";
/// By how much a resampled replay runs faster, and by which part of a sample it is late.
const FASTER: f32 = 1e-3;
const LATE: f32 = 0.37;

/// Replays of a person's enrolment, which `gallery` holds: the whole recording, a cut of a probe's length, and that cut resampled.
pub(super) fn replays(fold: &AttackedFold, gallery: &Gallery) -> Result<Vec<Attack>, DeskError> {
    let stolen = "the recording that somebody was enrolled from";
    let mut whole = Attack::new("replay of the enrolment, exact", stolen, "signals");
    let mut cut = Attack::new("replay of a cut of the enrolment, exact", stolen, "signals");
    let mut resampled = Attack::new("replay of a cut of the enrolment, resampled", stolen, "signals");
    for victim in fold.victims() {
        let enrolled = gallery.person(&victim.subject)?;
        let check = |sources: &[Source]| Replay::of_person(&enrolled, sources).map(|_| REPLAY);
        let attempt = |score: f64| Attempt::scored(fold.place, &[victim.number], score);
        let (rows, counts) = &victim.enrolled;
        let prints = fold.embed(&fold.material.signals(rows)?);
        whole.attempts.push(attempt(of_recordings(victim, prints, counts)).checked(check(&victim.sources)));
        let excerpt = fold.material.signals(&rows[..fold.looks.min(rows.len())])?;
        let changed = resample(&excerpt);
        for (attack, epochs) in [(&mut cut, excerpt), (&mut resampled, changed)] {
            let score = fold.embed(&epochs).map_or(f64::NAN, |prints| fold.score(victim, &prints));
            attack.attempts.push(attempt(score).checked(check(&[source(&epochs)])));
        }
    }
    Ok(vec![whole, cut, resampled])
}

/// The score of a template of prints `[epochs, dim]` of several recordings.
fn of_recordings(victim: &Person, prints: Option<Array2<f32>>, counts: &[usize]) -> f64 {
    let template = prints.and_then(|prints| Template::of_recordings(prints.view(), counts).ok());
    template.map_or(f64::NAN, |template| victim.template.score(&template))
}

/// What a file of these samples would be known by.
fn source(epochs: &Array3<f32>) -> Source {
    let mut hasher = blake3::Hasher::new();
    epochs.iter().for_each(|x| {
        hasher.update(&x.to_le_bytes());
    });
    Source { name: "cut".to_owned(), samples: hasher.finalize().to_hex().to_string() }
}

/// Every epoch as a recorder of another clock would have sampled it: through cubics of four samples each.
fn resample(epochs: &Array3<f32>) -> Array3<f32> {
    let length = epochs.dim().2;
    let mut changed = epochs.clone();
    for mut row in changed.lanes_mut(Axis(2)) {
        let samples = row.to_vec();
        let at = |place: isize| samples[place.clamp(0, length as isize - 1) as usize];
        for (place, value) in row.iter_mut().enumerate() {
            let time = place as f32 * (1.0 + FASTER) + LATE;
            let (whole, part) = (time.floor(), time - time.floor());
            let [a, b, c, d] = [-1, 0, 1, 2].map(|step| at(whole as isize + step));
            *value = b + 0.5
                * part
                * (c - a + part * (2.0 * a - 5.0 * b + 4.0 * c - d + part * (3.0 * (b - c) + d - a)));
        }
    }
    changed
}

/// Others' probes with their electrodes exchanged, against everybody else.
pub(super) fn exchanged_electrodes(fold: &AttackedFold) -> Result<Attack, DeskError> {
    let mut attack =
        Attack::new("other people's probes, electrodes shuffled", "recordings of others", "signals");
    let victims = fold.victims();
    for other in &victims {
        let Some(rows) = other.probes.first() else { continue };
        let epochs = fold.material.signals(rows)?;
        let mut order: Vec<usize> = (0..epochs.dim().1).collect();
        order.shuffle(&mut fold.rng("electrodes", other.number));
        let prints = fold.embed(&epochs.select(Axis(1), &order));
        for victim in victims.iter().filter(|victim| victim.number != other.number) {
            let score = prints.as_ref().map_or(f64::NAN, |prints| fold.score(victim, prints));
            attack.attempts.push(Attempt::scored(fold.place, &[victim.number, other.number], score));
        }
    }
    Ok(attack)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_resampled_wave_is_the_wave_a_little_later_and_another_file() {
        let wave = |time: f32| (time * 0.2).sin();
        let epochs = Array3::from_shape_fn((1, 1, 200), |(_, _, at)| wave(at as f32));
        let changed = resample(&epochs);
        for at in 2..190 {
            let expected = wave(at as f32 * (1.0 + FASTER) + LATE);
            assert!((changed[[0, 0, at]] - expected).abs() < 1e-3, "sample {at}");
        }
        assert_ne!(source(&epochs), source(&changed));
    }
}
