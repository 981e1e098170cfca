//! Attacks with recordings of no head: a flat line, white noise, noise with a spectrum that falls as that of EEG does.

use ndarray::{Array2, Axis};
use rand_chacha::ChaCha20Rng;
use rand_distr::{Distribution, StandardNormal};
use twinprint_preprocess::{CheckedPlan, Preprocessor, Reference, unlike_eeg};
use twinprint_signal::{ChannelName, Hertz, Recording};

use super::attempt::{Attack, Attempt};
use super::material::AttackedFold;
use crate::DeskError;
use crate::admission::repeated;

/// Recordings of each noise.
const RECORDINGS: u32 = 8;
/// Their standard deviation in microvolts: that of a usual EEG.
const MICROVOLTS: f32 = 20.0;
/// Seconds of a recording, at least.
const SECONDS: f64 = 30.0;

/// What a made up recording holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Content {
    Flat,
    White,
    /// A random walk that is pulled back: its power falls with the square of the frequency.
    Falling,
}

/// A made up recording on the desk's road.
struct Acquired {
    /// The first check that refuses it.
    refused: Option<&'static str>,
    /// Prints of its first epochs, were there no check; nothing where it has no epoch or the encoder makes no print of it.
    prints: Option<Array2<f32>>,
}

/// Every kind of made up recording against every person.
pub(super) fn made_up(fold: &AttackedFold) -> Result<Vec<Attack>, DeskError> {
    let kinds = [
        ("flat line", Content::Flat, 1),
        ("white noise", Content::White, RECORDINGS),
        ("noise with the falling spectrum of EEG", Content::Falling, RECORDINGS),
    ];
    kinds.into_iter().map(|(name, content, count)| against_all(fold, name, (content, count))).collect()
}

fn against_all(
    fold: &AttackedFold,
    name: &str,
    (content, count): (Content, u32),
) -> Result<Attack, DeskError> {
    let mut attack = Attack::new(name, "a signal generator at the headset", "signals");
    for number in 0..count {
        let acquired = acquire(fold, content, &mut fold.rng(name, number))?;
        for victim in fold.victims() {
            let score = acquired.prints.as_ref().map_or(f64::NAN, |prints| fold.score(victim, prints));
            let attempt = Attempt::scored(fold.place, &[victim.number], score);
            attack.attempts.push(attempt.checked(acquired.refused));
        }
    }
    Ok(attack)
}

/// As `verify` takes a recording, but that what is refused is scored all the same.
fn acquire(fold: &AttackedFold, content: Content, rng: &mut ChaCha20Rng) -> Result<Acquired, DeskError> {
    let plan = &fold.encoder.preprocess;
    let seconds = SECONDS.max((fold.looks + 2) as f64 * fold.encoder.identity.epoch_seconds);
    let recording = recording(plan, fold.encoder.model.rate(), seconds, content, rng)?;
    let mut refused = unlike_eeg(&recording).map(|_| "no EEG");
    let epochs = Preprocessor::new(plan.clone()).run(recording, &[], None).map(|cut| cut.samples).ok();
    let epochs = epochs.filter(|epochs| epochs.dim().0 > 0);
    if epochs.is_none() {
        refused = refused.or(Some("no clean epoch"));
    }
    let prints = epochs.and_then(|epochs| {
        let looks = fold.looks.min(epochs.dim().0);
        fold.embed(&epochs.select(Axis(0), &(0..looks).collect::<Vec<_>>()))
    });
    if prints.as_ref().is_some_and(|prints| repeated(prints.view()).is_some()) {
        refused = refused.or(Some("epochs all alike"));
    }
    Ok(Acquired { refused, prints })
}

/// A recording at the encoder's rate, or a multiple where the filters want more.
fn recording(
    plan: &CheckedPlan,
    rate: f64,
    seconds: f64,
    content: Content,
    rng: &mut ChaCha20Rng,
) -> Result<Recording, DeskError> {
    let failed = |error: &dyn std::error::Error| {
        DeskError::Request(format!("no recording can be made up for this plan: {error}"))
    };
    let rates = [1.0, 2.0, 4.0, 8.0].map(|times| Hertz::new(times * rate));
    let fits = |rate: &&Hertz| plan.fits(**rate).is_ok();
    let rates = rates.into_iter().collect::<Result<Vec<_>, _>>().map_err(|error| failed(&error))?;
    let rate = *rates.iter().find(fits).unwrap_or(&rates[0]);
    let mut channels: Vec<ChannelName> = plan.channels.pick.clone();
    if let Reference::Channels(reference) = &plan.reference {
        let extra: Vec<_> = reference.iter().filter(|name| !channels.contains(name)).cloned().collect();
        channels.extend(extra);
    }
    let samples = (seconds * rate.get()).ceil() as usize;
    let mut signal = Array2::zeros((channels.len(), samples));
    for mut row in signal.rows_mut().into_iter().filter(|_| content != Content::Flat) {
        let mut walk = 0.0;
        for value in &mut row {
            let step: f32 = StandardNormal.sample(rng);
            walk = 0.98 * walk + step;
            *value = if content == Content::White { step } else { walk };
        }
        let deviation = row.std(0.0).max(f32::MIN_POSITIVE);
        row.mapv_inplace(|x| x * MICROVOLTS / deviation);
    }
    Recording::continuous(rate, channels, signal, Vec::new()).map_err(|error| failed(&error))
}
