//! What makes a person recognisable in the synthetic cohort, and how sessions shift it.

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};
use serde::Serialize;

use super::cohort::Cohort;
use super::montage::{Place, normalised, place};

/// Electrode whose neighbourhood a rhythm comes from, its mean frequency and bandwidth in hertz, mean amplitude in
/// microvolts, and the usual deviation of the amplitude's logarithm between people. The first two carry the alpha peak.
const RHYTHMS: [(&str, f64, f64, f64, f64); 7] = [
    ("O1", 10.0, 0.7, 9.0, 0.35),
    ("O2", 10.0, 0.7, 9.0, 0.35),
    ("Cz", 11.0, 1.0, 3.0, 0.30),
    ("Fz", 6.0, 1.0, 4.0, 0.30),
    ("C3", 20.0, 3.0, 2.0, 0.30),
    ("C4", 20.0, 3.0, 2.0, 0.30),
    ("T7", 34.0, 5.0, 1.0, 0.40),
];

/// Electrodes around which the background arises.
const BACKGROUND: [&str; 10] = ["F3", "F4", "Fz", "C3", "C4", "P3", "P4", "Pz", "T7", "T8"];

const ALPHA_RHYTHMS: usize = 3;

/// The usual deviations of the other traits between people.
const PEAK_DEVIATION: f64 = 0.8;
const EXPONENT: (f64, f64) = (1.3, 0.15);
const BACKGROUND_AMPLITUDE: (f64, f64) = (4.0, 0.2);
const PLACE_DEVIATION: f64 = 0.12;

/// One rhythm: noise of a narrow band from one place.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Rhythm {
    /// Centre of the band, hertz.
    pub frequency: f64,
    /// Deviation of the Gaussian band around it, hertz.
    pub bandwidth: f64,
    /// Root mean square at the electrode nearest to the source, microvolts.
    pub amplitude: f64,
    /// Where it comes from, on the unit sphere (right, front, up).
    pub place: [f64; 3],
}

/// The causes of one recording.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Traits {
    /// The alpha peak, hertz, from 8 to 12.
    pub alpha_peak: f64,
    /// The exponent of the background's power spectrum, 1/f^exponent.
    pub exponent: f64,
    /// The narrow-band sources.
    pub rhythms: Vec<Rhythm>,
    /// Root mean square of each background source at its electrode, microvolts.
    pub background: Vec<(f64, [f64; 3])>,
    /// Factor of each electrode's amplification in this session.
    pub gains: Vec<f64>,
}

/// A stream of random numbers of its own for every purpose, person and session, so that neither the number of threads
/// nor the size of the cohort changes anybody's signal.
pub(crate) fn stream(seed: u64, purpose: u8, subject: usize, session: usize) -> ChaCha8Rng {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    random.set_stream((u64::from(purpose) << 56) | ((subject as u64) << 16) | session as u64);
    random
}

impl Traits {
    /// The causes of a person's session; both are counted from 0.
    ///
    /// Every trait is its population mean plus its usual deviation times
    /// `identity_strength` · z(person) + `session_drift` · z(session), z being standard normal.
    pub fn new(cohort: &Cohort, subject: usize, session: usize) -> Self {
        let mut person = stream(cohort.seed, 1, subject, 0);
        let mut visit = stream(cohort.seed, 2, subject, session);
        let mut deviation = || {
            let (mine, today): (f64, f64) =
                (StandardNormal.sample(&mut person), StandardNormal.sample(&mut visit));
            cohort.identity_strength * mine + cohort.session_drift * today
        };
        let shift = PEAK_DEVIATION * deviation();
        let alpha_peak = (10.0 + shift).clamp(8.0, 12.0);
        let exponent = (EXPONENT.0 + EXPONENT.1 * deviation()).clamp(0.3, 2.5);
        let mut moved = |name: &str| -> Place {
            normalised(place(name).map(|axis| axis + PLACE_DEVIATION * deviation()))
        };
        let places: Vec<Place> = RHYTHMS.iter().map(|rhythm| moved(rhythm.0)).collect();
        let grounds: Vec<Place> = BACKGROUND.iter().map(|name| moved(name)).collect();
        let rhythms = RHYTHMS
            .iter()
            .zip(places)
            .enumerate()
            .map(|(index, (&(_, frequency, bandwidth, amplitude, spread), place))| Rhythm {
                frequency: if index < ALPHA_RHYTHMS { frequency + alpha_peak - 10.0 } else { frequency },
                bandwidth,
                amplitude: amplitude * (spread * deviation()).exp(),
                place,
            })
            .collect();
        let background = grounds
            .into_iter()
            .map(|place| (BACKGROUND_AMPLITUDE.0 * (BACKGROUND_AMPLITUDE.1 * deviation()).exp(), place))
            .collect();
        let mut contact = stream(cohort.seed, 3, subject, session);
        let gains = (0..cohort.channels)
            .map(|_| {
                let z: f64 = StandardNormal.sample(&mut contact);
                (0.05 * z).exp()
            })
            .collect();
        Self { alpha_peak, exponent, rhythms, background, gains }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_identity_and_drift_everybody_has_the_mean_traits() {
        let cohort = Cohort { identity_strength: 0.0, session_drift: 0.0, ..Cohort::default() };
        let (one, two) = (Traits::new(&cohort, 0, 0), Traits::new(&cohort, 7, 1));
        assert_eq!((one.alpha_peak, one.exponent), (10.0, EXPONENT.0));
        assert_eq!((one.rhythms, one.background), (two.rhythms, two.background));
    }

    #[test]
    fn without_drift_a_person_stays_the_same() {
        let cohort = Cohort { session_drift: 0.0, ..Cohort::default() };
        let (first, second) = (Traits::new(&cohort, 3, 0), Traits::new(&cohort, 3, 1));
        assert_eq!((first.alpha_peak, &first.rhythms), (second.alpha_peak, &second.rhythms));
        assert_ne!(first.gains, second.gains);
        assert_ne!(first.alpha_peak, Traits::new(&cohort, 4, 0).alpha_peak);
    }

    #[test]
    fn drift_moves_a_person_less_than_identity_does() {
        let cohort = Cohort { subjects: 60, ..Cohort::default() };
        let mean = |values: Vec<f64>| values.iter().sum::<f64>() / values.len() as f64;
        let peak = |subject, session| Traits::new(&cohort, subject, session).alpha_peak;
        let within = mean((0..60).map(|s| (peak(s, 0) - peak(s, 1)).abs()).collect());
        let between = mean((0..59).map(|s| (peak(s, 0) - peak(s + 1, 1)).abs()).collect());
        assert!(within < 0.7 * between, "{within} within, {between} between");
    }

    #[test]
    fn a_larger_cohort_begins_with_the_smaller_one() {
        let (small, large) = (Cohort::default(), Cohort { subjects: 500, sessions: 9, ..Cohort::default() });
        assert_eq!(Traits::new(&small, 5, 1), Traits::new(&large, 5, 1));
    }

    #[test]
    fn traits_stay_in_their_ranges_however_strong_identity_is() {
        let cohort = Cohort { identity_strength: 5.0, session_drift: 5.0, ..Cohort::default() };
        for subject in 0..100 {
            let traits = Traits::new(&cohort, subject, 0);
            assert!((8.0..=12.0).contains(&traits.alpha_peak));
            assert!(traits.rhythms.iter().all(|r| r.amplitude.is_finite() && r.frequency > 0.0));
        }
    }
}
