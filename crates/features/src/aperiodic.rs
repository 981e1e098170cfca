//! The aperiodic part of the spectrum, 1/f, alone and taken out: how much of an error rate is its slope and height, and how much
//! the peaks above it.
//!
//! A channel's aperiodic part is a line in log power over log frequency. It is fitted by least squares, then once more to the
//! frequencies at which power lies at or below the first line, so that peaks do not lift it (the robust fit of Donoghue and
//! others, 2020, without their Gaussians for the peaks).
//!
//! Reference: `Donoghue2020`.

use crate::FeatureError;

/// Log frequencies that a line is fitted over.
pub(crate) struct Grid {
    /// Natural logarithms of the frequencies, less their mean.
    abscissa: Vec<f64>,
}

pub(crate) struct Line {
    pub(crate) height: f64,
    pub(crate) slope: f64,
}

impl Line {
    fn at(&self, x: f64) -> f64 {
        self.height + self.slope * x
    }
}

impl Grid {
    /// Of frequencies in hertz, all above 0.
    ///
    /// # Errors
    /// With fewer than 3.
    pub(crate) fn of(hertz: &[f64]) -> Result<Self, FeatureError> {
        if hertz.len() < 3 {
            let (l_freq, h_freq) =
                (hertz.first().copied().unwrap_or_default(), hertz.last().copied().unwrap_or_default());
            return Err(FeatureError::FewFrequencies { found: hertz.len(), l_freq, h_freq });
        }
        let logarithms: Vec<f64> = hertz.iter().map(|hertz| hertz.ln()).collect();
        let mean = logarithms.iter().sum::<f64>() / logarithms.len() as f64;
        Ok(Self { abscissa: logarithms.iter().map(|x| x - mean).collect() })
    }

    /// Log powers less the line under their peaks.
    pub(crate) fn above_line(&self, powers: &[f64]) -> Vec<f64> {
        let line = self.line(powers);
        powers.iter().zip(&self.abscissa).map(|(power, x)| power - line.at(*x)).collect()
    }

    /// The line under the peaks.
    pub(crate) fn line(&self, powers: &[f64]) -> Line {
        let first = self.fit(powers, |_, _| true);
        self.fit(powers, |x, power| power <= first.at(x))
    }

    /// Least squares over the frequencies that are `wanted`; through all of them where fewer than two are.
    fn fit(&self, powers: &[f64], wanted: impl Fn(f64, f64) -> bool) -> Line {
        let pairs: Vec<(f64, f64)> = self.abscissa.iter().copied().zip(powers.iter().copied()).collect();
        let mut chosen: Vec<(f64, f64)> = pairs.iter().copied().filter(|&(x, y)| wanted(x, y)).collect();
        if chosen.len() < 2 {
            chosen = pairs;
        }
        let n = chosen.len() as f64;
        let (x, y) = chosen.iter().fold((0.0, 0.0), |(a, b), (x, y)| (a + x / n, b + y / n));
        let (square, product) =
            chosen.iter().fold((0.0, 0.0), |(a, b), (u, v)| (a + (u - x) * (u - x), b + (u - x) * (v - y)));
        let slope = product / square;
        Line { height: y - slope * x, slope }
    }
}
