//! A rate over attempts in which people take part, each in several, with its interval over the people.

use twinprint_signal::Estimate;

use crate::bootstrap::interval;

/// Attempts that succeeded or not, and who took part in each.
///
/// The interval is that of [`crate::transport`]: the infinitesimal jackknife over people, and the rule of three where no attempt or
/// every attempt succeeded.
///
/// ```
/// let mut rate = twinprint_evaluation::AttemptRate::default();
/// for person in 0..20 {
///     rate.add(&[person], 1.0, person == 0);
/// }
/// let found = rate.estimate().unwrap();
/// assert!((found.value - 0.05).abs() < 1e-12 && found.ci95.unwrap().contains(0.05));
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
pub struct AttemptRate {
    successes: f64,
    attempts: f64,
    /// Successes and attempts of each person, by their number.
    of_person: Vec<(f64, f64)>,
}

impl AttemptRate {
    /// Counts an attempt with a weight above 0; `people` are the numbers of those who take part in it.
    pub fn add(&mut self, people: &[u32], weight: f64, success: bool) {
        let gained = if success { weight } else { 0.0 };
        self.successes += gained;
        self.attempts += weight;
        for &person in people {
            let place = person as usize;
            if self.of_person.len() <= place {
                self.of_person.resize(place + 1, (0.0, 0.0));
            }
            self.of_person[place].0 += gained;
            self.of_person[place].1 += weight;
        }
    }

    /// The share of successes; nothing without an attempt.
    pub fn estimate(&self) -> Option<Estimate> {
        (self.attempts > 0.0).then(|| over_people(self.successes, self.attempts, &self.of_person))
    }
}

/// A ratio of sums, and its interval over the people behind them: successes and attempts of each.
pub(crate) fn over_people(successes: f64, attempts: f64, of_person: &[(f64, f64)]) -> Estimate {
    let rate = successes / attempts;
    let involved: Vec<_> = of_person.iter().filter(|&&(_, attempts)| attempts > 0.0).collect();
    let people = involved.len() as f64;
    let square: f64 = involved.iter().map(|(successes, all)| (successes - rate * all).powi(2)).sum();
    let standard_error = (square * people / (people - 1.0)).sqrt() / attempts;
    interval::rate(rate, standard_error, involved.len(), 0.95)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_count_as_repeated_attempts_do() {
        let (mut weighted, mut repeated) = (AttemptRate::default(), AttemptRate::default());
        for person in 0..6u32 {
            weighted.add(&[person], 2.0, person < 2);
            (0..2).for_each(|_| repeated.add(&[person], 1.0, person < 2));
        }
        assert_eq!(weighted, repeated);
        assert!((weighted.estimate().unwrap().value - 1.0 / 3.0).abs() < 1e-12);
    }

    #[test]
    fn people_who_differ_widen_the_interval_and_no_attempt_gives_no_rate() {
        assert_eq!(AttemptRate::default().estimate(), None);
        let width = |same: bool| {
            let mut rate = AttemptRate::default();
            for attempt in 0..100u32 {
                let success = if same { attempt / 10 % 2 == 0 } else { attempt % 10 < 5 };
                rate.add(&[attempt % 10], 1.0, success);
            }
            let found = rate.estimate().unwrap();
            assert_eq!(found.value, 0.5);
            found.ci95.map_or(0.0, |ci95| ci95.high - ci95.low)
        };
        assert_eq!(width(true), 0.0, "everybody succeeds half of the time: nothing varies among people");
        assert!(width(false) > 0.5, "half of the people always succeed");
    }
}
