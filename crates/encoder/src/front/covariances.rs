//! The covariances of the channels in six bands as further features of the filterbank: the matrix logarithm's upper
//! triangle (tangent space; Barachant et al., 2012, Arsigny et al., 2006). Pairs say how strong differences of channels
//! are, covariances how channels go together; whitened in one space they tell people apart better than either.
//!
//! References: `Barachant2012`, `Arsigny2006`.

use ndarray::{Array2, Array3, ArrayView3};
use twinprint_features::{
    DEFAULT_BANDS, DEFAULT_SHRINKAGE, FeatureError, Taper, View, spread_channels, tangent_of,
};

use crate::EncoderError;

/// Log-covariances of epochs of one shape and rate.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Covariances {
    channels: usize,
    /// Covariances of no more channels than these are taken.
    most: usize,
    rate: f64,
    taper: Taper,
}

impl Covariances {
    /// Log-covariances of at most `most` channels of epochs of `channels` × `samples` at `rate`, from `tapers` sine tapers or, where 0, a Hann window.
    ///
    /// # Errors
    /// When a band holds no frequency of such an epoch or lies above half the rate, or there are too many tapers.
    pub fn new(
        (channels, samples): (usize, usize),
        most: usize,
        rate: f64,
        tapers: usize,
    ) -> Result<Self, EncoderError> {
        let taper = if tapers == 0 { Taper::Hann } else { Taper::Sine(tapers) };
        let new = Self { channels, most, rate, taper };
        new.tangent(Array3::zeros((1, channels, samples)).view()).map_err(|error| match error {
            FeatureError::Tapers { .. } => EncoderError::plan(
                "architecture.tapers",
                tapers,
                error.to_string(),
                "write 0 for one Hann window",
            ),
            _ => EncoderError::plan(
                "architecture.covariances",
                true,
                error.to_string(),
                "write false, or cut longer epochs at a higher rate",
            ),
        })?;
        Ok(new)
    }

    fn tangent(&self, samples: ArrayView3<f32>) -> Result<Array2<f32>, FeatureError> {
        let view = View { samples, rate: self.rate };
        tangent_of(view, &DEFAULT_BANDS, self.most, DEFAULT_SHRINKAGE, self.taper)
    }

    /// The number of features of an epoch.
    pub fn len(&self) -> usize {
        let channels = self.channels.min(self.most);
        DEFAULT_BANDS.len() * channels * (channels + 1) / 2
    }

    /// The formula: `twinprint_features::tangent`'s settings.
    pub fn formula(&self) -> serde_json::Value {
        let (taper, tapers) = match self.taper {
            Taper::Hann => ("hann", 1),
            Taper::Sine(tapers) => ("sine", tapers),
        };
        let channels = spread_channels(self.channels, self.most);
        serde_json::json!({
            "bands": DEFAULT_BANDS,
            "shrinkage": DEFAULT_SHRINKAGE,
            "taper": taper,
            "tapers": tapers,
            "channels": channels,
        })
    }

    /// Of epochs `[epochs, channels, samples]` of the shape it was made for: `[epochs, features]`. Whether samples are
    /// finite was checked before; where they are not, neither are the features.
    pub fn compute(&self, samples: ArrayView3<f32>) -> Array2<f32> {
        let epochs = samples.dim().0;
        self.tangent(samples).unwrap_or_else(|_| Array2::from_elem((epochs, self.len()), f32::NAN))
    }
}

#[cfg(test)]
mod tests {
    use ndarray::{Axis, s};
    use rand::RngExt;
    use twinprint_features::tangent_with;

    use super::*;
    use crate::plan::Filterbank;
    use crate::seed::stream;

    #[test]
    fn covariances_stand_after_the_powers_of_the_same_epochs() {
        let rng = &mut stream(1, "covariances");
        let epochs = Array3::from_shape_simple_fn((3, 4, 256), || rng.random_range(-30.0f32..30.0));
        let features = |covariances| {
            let bank = Filterbank { covariances, tapers: 0, ..Filterbank::default() };
            bank.features(4, 256, 128.0, 0).unwrap()
        };
        let (with, without) = (features(true), features(false));
        assert_eq!((with.len(), without.len()), (160 + 60, 160));
        let both = with.compute(epochs.view());
        assert_eq!(both.slice(s![.., ..160]), without.compute(epochs.view()));
        let view = View { samples: epochs.view(), rate: 128.0 };
        let of = |taper| tangent_with(view, &DEFAULT_BANDS, DEFAULT_SHRINKAGE, taper).unwrap();
        assert_eq!(both.slice(s![.., 160..]), of(Taper::Hann));
        let sines = Covariances::new((4, 256), 32, 128.0, 5).unwrap().compute(epochs.view());
        assert_eq!(sines, of(Taper::Sine(5)));
    }

    #[test]
    fn of_many_channels_some_stand_for_all() {
        let rng = &mut stream(2, "covariances");
        let epochs = Array3::from_shape_simple_fn((2, 9, 256), || rng.random_range(-30.0f32..30.0));
        let few = Covariances::new((9, 256), 4, 128.0, 0).unwrap();
        assert_eq!((few.len(), few.formula()["channels"].clone()), (60, serde_json::json!([0, 2, 4, 6])));
        let chosen = epochs.select(Axis(1), &[0, 2, 4, 6]);
        let view = View { samples: chosen.view(), rate: 128.0 };
        let of_chosen = tangent_with(view, &DEFAULT_BANDS, DEFAULT_SHRINKAGE, Taper::Hann).unwrap();
        assert_eq!(few.compute(epochs.view()), of_chosen);
    }

    #[test]
    fn epochs_too_slow_for_the_bands_are_refused_by_name() {
        let error = Covariances::new((4, 128), 32, 64.0, 0).unwrap_err().to_string();
        assert!(error.starts_with("architecture.covariances = true"), "{error}");
        let error = Covariances::new((4, 256), 32, 128.0, 65).unwrap_err().to_string();
        assert!(error.starts_with("architecture.tapers = 65"), "{error}");
    }
}
