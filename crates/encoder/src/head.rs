//! Where the channels of epochs lie on the head.

use ndarray::{Array2, ArrayView2};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};
use twinprint_closed::spherical_spline;
use twinprint_signal::{ChannelName, Position, position};

use crate::EncoderError;

/// Fewest electrodes whose cap can be moved: a constant and three directions.
const FEWEST: usize = 4;
/// Numbers that describe a place.
pub(crate) const PLACE: usize = 8;

/// The positions of a montage's channels.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Head(Vec<Position>);

impl Head {
    /// Those of these channels; `key` is what wants to know.
    ///
    /// # Errors
    /// Names the channels whose names are no positions of the 10-5 system.
    pub fn of(channels: &[ChannelName], key: &str) -> Result<Self, EncoderError> {
        let places: Vec<Position> = channels.iter().filter_map(position).collect();
        if places.len() == channels.len() {
            return Ok(Self(places));
        }
        let unknown = channels.iter().filter(|channel| position(channel).is_none());
        let unknown: Vec<&str> = unknown.map(ChannelName::as_str).collect();
        Err(EncoderError::data(format!(
            "{key} asks where channels lie on the head, and {} is no position of the 10-5 system: leave {key} out, or the channel with preprocess.channels.pick",
            unknown.join(", ")
        )))
    }

    /// Real spherical harmonics of the first two degrees, each within about 1: `[channels, 8]`.
    pub fn places(&self) -> Array2<f32> {
        let harmonics =
            |&[x, y, z]: &Position| [x, y, z, x * y, y * z, z * x, x * x - y * y, 3.0 * z * z - 1.0];
        let values: Vec<[f64; PLACE]> = self.0.iter().map(harmonics).collect();
        Array2::from_shape_fn((values.len(), PLACE), |(channel, at)| values[channel][at] as f32)
    }

    /// Refuses to move a cap of too few electrodes.
    pub fn check_movable(&self) -> Result<(), EncoderError> {
        match self.0.len() {
            count if count < FEWEST => Err(EncoderError::data(format!(
                "the augmentation move_electrodes needs {FEWEST} electrodes to estimate potentials from, and there are {count}: leave it out"
            ))),
            _ => Ok(()),
        }
    }

    /// What the electrodes would record were the cap turned by at most `degrees` about an axis at random: weights
    /// `[channels, channels]` of what they record. Splines smooth a little wherever they are evaluated, so that what is added to a
    /// channel is the estimate there less the estimate where it is: a cap that is not turned records what it did.
    pub fn moved(&self, degrees: f64, rng: &mut ChaCha8Rng) -> Array2<f32> {
        let mut axis: Position = std::array::from_fn(|_| StandardNormal.sample(rng));
        let length = axis.iter().map(|x| x * x).sum::<f64>().sqrt().max(1e-12);
        axis.iter_mut().for_each(|x| *x /= length);
        let angle = degrees.to_radians() * rng.random_range(-1.0..=1.0);
        let to: Vec<Position> = self.0.iter().map(|&place| turned(place, axis, angle)).collect();
        let mut weights = spherical_spline(&self.0, &to) - spherical_spline(&self.0, &self.0);
        weights.diag_mut().mapv_inplace(|weight| weight + 1.0);
        weights.mapv(|weight| weight as f32)
    }
}

/// A place turned about an axis of length 1 (Rodrigues).
fn turned(place: Position, axis: Position, angle: f64) -> Position {
    let (sine, cosine) = angle.sin_cos();
    let along = place.iter().zip(axis).map(|(p, a)| p * a).sum::<f64>();
    let cross = |i: usize| {
        let (j, k) = ((i + 1) % 3, (i + 2) % 3);
        axis[j] * place[k] - axis[k] * place[j]
    };
    std::array::from_fn(|i| place[i] * cosine + cross(i) * sine + axis[i] * along * (1.0 - cosine))
}

/// `[channels, samples]` of weights `[channels, from]` and signals `[from, samples]`.
pub(crate) fn mixed(weights: &Array2<f32>, epoch: ArrayView2<f32>) -> Array2<f32> {
    let mut out = Array2::zeros((weights.nrows(), epoch.ncols()));
    for (mut row, weights) in out.outer_iter_mut().zip(weights.outer_iter()) {
        for (&weight, signal) in weights.iter().zip(epoch.outer_iter()) {
            row.scaled_add(weight, &signal);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seed::stream;

    fn names(names: &[&str]) -> Vec<ChannelName> {
        names.iter().map(|name| ChannelName::new(*name)).collect()
    }

    #[test]
    fn a_turned_cap_sees_a_constant_as_it_is_and_a_slope_from_where_it_is_now() {
        let head =
            Head::of(&names(&["Fp1", "Fp2", "F7", "F8", "C3", "Cz", "C4", "P7", "P8", "O1", "O2"]), "x")
                .unwrap();
        let mut rng = stream(1, "head");
        for _ in 0..20 {
            let weights = head.moved(10.0, &mut rng);
            for row in weights.outer_iter() {
                assert!((row.sum() - 1.0).abs() < 1e-4, "{row}");
            }
        }
        let still = head.moved(0.0, &mut rng);
        for ((to, from), weight) in still.indexed_iter() {
            assert!((weight - f32::from(u8::from(to == from))).abs() < 1e-6, "{to} {from} {weight}");
        }
        // A field that rises to the right, seen after a quarter turn about the axis through the top.
        let place = turned([1.0, 0.0, 0.0], [0.0, 0.0, 1.0], std::f64::consts::FRAC_PI_2);
        assert!(place[0].abs() < 1e-12 && (place[1] - 1.0).abs() < 1e-12);
    }

    #[test]
    fn a_channel_without_a_place_and_too_few_electrodes_are_refused_by_name() {
        let said = Head::of(&names(&["Cz", "EMG"]), "joined.positions").unwrap_err().to_string();
        assert!(said.contains("EMG") && said.contains("joined.positions"), "{said}");
        let few = Head::of(&names(&["Fp1", "Fp2"]), "x").unwrap();
        assert!(few.check_movable().unwrap_err().to_string().contains("needs 4 electrodes"));
        assert_eq!(few.places().dim(), (2, PLACE));
    }
}
