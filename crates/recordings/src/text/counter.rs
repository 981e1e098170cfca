//! Sample numbers of a device: how they go up and where they begin again.

/// A count as a whole number; none beyond those that 64 bits of a float hold exactly.
fn whole(number: f64) -> i64 {
    number.clamp(-9e15, 9e15) as i64
}

/// How a counter counts.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Counter {
    /// From one sample to the next: 1, or 2 where two boards take turns.
    step: i64,
    /// After how many it begins again; nothing where it was not seen to.
    turn: Option<i64>,
    /// Two samples share a number.
    pairs: bool,
}

impl Counter {
    /// Learns from the first rows: the step is the least that is common, the turn follows from where it began again.
    pub(super) fn of(numbers: &[f64], pairs: bool) -> Self {
        let numbers: Vec<i64> = numbers.iter().copied().map(whole).collect();
        let steps: Vec<i64> = numbers.windows(2).map(|pair| pair[1] - pair[0]).collect();
        let common = |step: &&i64| 10 * steps.iter().filter(|other| other == step).count() >= steps.len();
        let step = steps.iter().filter(|step| **step > 0).filter(common).min().copied().unwrap_or(1);
        let ends = numbers.iter().min().zip(numbers.iter().max());
        let turned = steps.iter().any(|step| *step < 0);
        let turn = ends.filter(|_| turned).map(|(low, high)| high - low + step);
        Self { step, turn, pairs }
    }

    /// How many samples the counter cannot see missing, or nothing where it sees every loss.
    pub(super) fn turn(&self) -> Option<u64> {
        self.turn.map(|turn| (turn / self.step).max(1) as u64)
    }

    /// Samples that are missing between two numbers: 0 where the second follows the first; nothing where they are in no order.
    pub(super) fn missing(&self, before: f64, after: f64) -> Option<u64> {
        let (before, after) = (whole(before), whole(after));
        let ahead = after - before;
        if self.pairs {
            // The Ganglion numbers packets 0 and 1 to 100 or 101 to 200, two samples each but for packet 0.
            return match ahead {
                0 | 1 | 101 | -100 | -200 => Some(0),
                2.. => Some(2 * (ahead as u64 - 1)),
                _ => None,
            };
        }
        let ahead = match self.turn {
            Some(turn) => ahead.rem_euclid(turn),
            // A counter that did not begin again in the first rows may do so at a power of two.
            None if ahead < 0 && ((before + self.step) as u64).is_power_of_two() && after < self.step => {
                self.step
            }
            None => ahead,
        };
        match ahead {
            ahead if ahead == self.step => Some(0),
            ahead if ahead > self.step && ahead % self.step == 0 => Some((ahead / self.step - 1) as u64),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn losses_are_counted_across_the_turn_and_in_steps_of_two() {
        let cyton: Vec<f64> = (0..1000).map(|at| f64::from(at % 256)).collect();
        let counter = Counter::of(&cyton, false);
        assert_eq!((counter.missing(255.0, 0.0), counter.missing(254.0, 1.0)), (Some(0), Some(2)));
        assert_eq!((counter.turn(), counter.missing(7.0, 7.0)), (Some(256), None));
        let daisy: Vec<f64> = (0..1000).map(|at| f64::from(at % 128 * 2)).collect();
        let counter = Counter::of(&daisy, false);
        assert_eq!((counter.missing(254.0, 0.0), counter.missing(10.0, 16.0)), (Some(0), Some(2)));
        let endless: Vec<f64> = (0..1000).map(f64::from).collect();
        let counter = Counter::of(&endless, false);
        assert_eq!((counter.missing(65_535.0, 0.0), counter.missing(9.0, 5.0)), (Some(0), None));
        let ganglion = Counter::of(&[0.0, 101.0, 101.0, 102.0], true);
        assert_eq!((ganglion.missing(101.0, 101.0), ganglion.missing(102.0, 105.0)), (Some(0), Some(4)));
    }
}
