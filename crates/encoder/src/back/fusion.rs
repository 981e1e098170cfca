//! Score fusion with classical features, within the print: whitened feature vectors of unit length are joined to the
//! encoder's, so that the cosine of two joined prints is the weighted sum of the parts' cosines (sum rule: Kittler,
//! Hatef, Duin, Matas, 1998). Each part's cosines are first brought to the same spread among different people of the
//! training set. What is enrolled, exported and searched thus stays one vector, and all of it is saved with the model.
//!
//! References: `Kittler1998`.

use ndarray::{Array2, ArrayView2, ArrayView3, Axis, concatenate};
use twinprint_closed::{Labels, Standardise, Whitening, normalise_rows, product};
use twinprint_features::{
    DEFAULT_BANDS, DEFAULT_H_FREQ, DEFAULT_L_FREQ, View, average_reference, log_psd, tangent,
};

use crate::TrainingEpochs;
use crate::error::{EncoderError, FormatError};
use crate::plan::{Fusion, Partner};
use crate::weights::Parameter;

/// At most so many epochs, evenly spaced over the training set, make a partner's covariance: enough for a thousand
/// features, and little memory.
const MOST: usize = 20_000;
/// At most so many epochs make the spread of the cosines between different people.
const SPREAD: usize = 1_000;

impl Partner {
    /// Its features of epochs `[epochs, channels, samples]`: `[epochs, columns]`.
    fn features(self, samples: ArrayView3<f32>, rate: f64) -> Result<Array2<f32>, EncoderError> {
        let computed = match self {
            Self::TangentWccn => tangent(View { samples, rate }, &DEFAULT_BANDS),
            Self::LogPsdWccn => {
                let mut samples = samples.to_owned();
                average_reference(samples.view_mut()).and_then(|()| {
                    log_psd(View { samples: samples.view(), rate }, DEFAULT_L_FREQ, DEFAULT_H_FREQ)
                })
            }
        };
        computed.map_err(|source| EncoderError::Fusion { with: self, source })
    }
}

/// A partner fitted to the training subjects.
#[derive(Debug, Clone, PartialEq)]
struct Part {
    with: Partner,
    standardise: Standardise,
    whitening: Whitening,
    /// What its unit vectors are multiplied by.
    scale: f32,
}

impl Part {
    /// Its unit vectors of epochs: `[epochs, columns]`.
    fn prints(&self, samples: ArrayView3<f32>, rate: f64) -> Result<Array2<f32>, EncoderError> {
        let mut rows = self.with.features(samples, rate)?;
        self.standardise.apply(&mut rows);
        let mut prints = self.whitening.apply(rows.view())?;
        normalise_rows(&mut prints);
        Ok(prints)
    }
}

/// All partners of a model; none leaves prints as they are.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct FittedFusion {
    /// What the encoder's unit prints are multiplied by.
    own: f32,
    parts: Vec<Part>,
}

impl FittedFusion {
    /// Fits `plan`'s partners to the training epochs; `own` gives the encoder's unit prints of epochs.
    pub fn fit(
        plan: &[Fusion],
        data: &TrainingEpochs,
        own: impl Fn(ArrayView3<f32>) -> Result<Array2<f32>, EncoderError>,
    ) -> Result<Self, EncoderError> {
        if plan.is_empty() {
            return Ok(Self::default());
        }
        let few = spaced(data.len(), SPREAD);
        let samples = data.gather(&few);
        let people: Vec<u32> = few.iter().map(|&row| data.subject[row]).collect();
        let scale = |prints: ArrayView2<f32>, weight: f64| (weight / spread(prints, &people)).sqrt() as f32;
        let mut fitted = Self { own: scale(own(samples.view())?.view(), 1.0), parts: Vec::new() };
        for fusion in plan {
            let rows = spaced(data.len(), MOST);
            let subject: Vec<u32> = rows.iter().map(|&row| data.subject[row]).collect();
            let mut features = fusion.with.features(data.gather(&rows).view(), data.rate)?;
            let weight: Vec<f32> = rows.iter().filter_map(|&row| data.weight.get(row).copied()).collect();
            let standardise =
                Standardise::fit_in_chunks(features.ncols(), &weight, |each| each(features.view()))?;
            standardise.apply(&mut features);
            let labels = Labels { subject: &subject, recording: &[], weight: &weight };
            let whitening = Whitening::fit_to(features.view(), labels, fusion.shrinkage)?;
            let mut part = Part { with: fusion.with, standardise, whitening, scale: 1.0 };
            part.scale = scale(part.prints(samples.view(), data.rate)?.view(), fusion.weight);
            fitted.parts.push(part);
        }
        Ok(fitted)
    }

    /// Joins the encoder's unit prints of `epochs` with the partners': unit rows `[epochs, dim]`.
    pub fn apply(
        &self,
        prints: Array2<f32>,
        epochs: ArrayView3<f32>,
        rate: f64,
    ) -> Result<Array2<f32>, EncoderError> {
        if self.parts.is_empty() {
            return Ok(prints);
        }
        let mut all = vec![prints * self.own];
        for part in &self.parts {
            all.push(part.prints(epochs, rate)? * part.scale);
        }
        let views: Vec<_> = all.iter().map(|part| part.view()).collect();
        let mut joined = concatenate(Axis(1), &views).map_err(EncoderError::compute)?;
        normalise_rows(&mut joined);
        Ok(joined)
    }

    /// How many numbers it adds to a print.
    pub fn dim(&self) -> usize {
        self.parts.iter().map(|part| part.whitening.matrix.ncols()).sum()
    }

    /// What was fitted, by name.
    pub fn tensors(&self) -> Vec<Parameter> {
        let mut tensors = Vec::new();
        for (i, part) in self.parts.iter().enumerate() {
            let matrix = &part.whitening.matrix;
            let mut add = |name: &str, shape: &[usize], values: Vec<f32>| {
                tensors.push(Parameter::new(format!("fusion.{i}.{name}"), shape, values));
            };
            add("mean", &[matrix.nrows()], part.standardise.mean().to_vec());
            add("deviation", &[matrix.nrows()], part.standardise.deviation().to_vec());
            add("matrix", &[matrix.nrows(), matrix.ncols()], matrix.iter().copied().collect());
            add("scale", &[2], vec![self.own, part.scale]);
        }
        tensors
    }

    /// Puts one together from what [`FittedFusion::tensors`] gave; `take` finds a tensor by name.
    pub fn from_tensors(
        plan: &[Fusion],
        take: impl Fn(&str) -> Result<Parameter, FormatError>,
    ) -> Result<Self, FormatError> {
        let mut fitted = Self::default();
        for (i, fusion) in plan.iter().enumerate() {
            let part = |name: &str| take(&format!("fusion.{i}.{name}"));
            let standardise = Standardise::from_parts(part("mean")?.values, part("deviation")?.values)?;
            let columns = standardise.mean().len();
            let matrix = part("matrix")?.like(&[columns, columns])?.into_matrix()?;
            let scales = part("scale")?.like(&[2])?.values;
            fitted.own = scales[0];
            let whitening = Whitening { matrix };
            fitted.parts.push(Part { with: fusion.with, standardise, whitening, scale: scales[1] });
        }
        Ok(fitted)
    }
}

/// At most `most` of `count` rows, evenly spaced.
fn spaced(count: usize, most: usize) -> Vec<usize> {
    let kept = count.min(most);
    (0..kept).map(|i| i * count / kept).collect()
}

/// The deviation of the cosines between rows of different people; 1 where there is none.
fn spread(prints: ArrayView2<f32>, people: &[u32]) -> f64 {
    let cosines = product(prints, prints.t());
    let (mut n, mut sum, mut square) = (0.0, 0.0, 0.0);
    for ((i, j), &cosine) in cosines.indexed_iter() {
        if people[i] != people[j] {
            n += 1.0;
            sum += f64::from(cosine);
            square += f64::from(cosine) * f64::from(cosine);
        }
    }
    let deviation = (square / n - (sum / n) * (sum / n)).sqrt();
    if deviation.is_finite() && deviation > 0.0 { deviation } else { 1.0 }
}

#[cfg(test)]
mod tests {
    use ndarray::Array3;
    use rand::RngExt;
    use twinprint_signal::ChannelName;

    use super::*;
    use crate::seed::stream;

    const RATE: f64 = 128.0;

    fn noise(epochs: usize) -> Array3<f32> {
        let rng = &mut stream(4, "fusion");
        Array3::from_shape_simple_fn((epochs, 3, 256), || rng.random_range(-20.0f32..20.0))
    }

    /// Two numbers of an epoch at unit length, standing for an encoder.
    fn own(epochs: ArrayView3<f32>) -> Result<Array2<f32>, EncoderError> {
        let mut prints = Array2::from_shape_fn((epochs.dim().0, 2), |(i, j)| epochs[[i, j, 0]]);
        normalise_rows(&mut prints);
        Ok(prints)
    }

    fn fitted(plan: &[Fusion]) -> FittedFusion {
        let samples = noise(40);
        let subject: Vec<u32> = (0..40).map(|i| i / 10).collect();
        let recording: Vec<u32> = (0..40).map(|i| i / 5).collect();
        let channels: Vec<ChannelName> = ["A", "B", "C"].into_iter().map(ChannelName::new).collect();
        let data = TrainingEpochs::new(samples.view(), &subject, &recording, RATE, &channels);
        FittedFusion::fit(plan, &data, own).unwrap()
    }

    fn partner(with: Partner, weight: f64) -> Fusion {
        Fusion { with, weight, shrinkage: 0.3 }
    }

    #[test]
    fn the_cosine_of_joined_prints_is_the_weighted_sum_of_the_parts_cosines() {
        let fusion = fitted(&[partner(Partner::TangentWccn, 0.7), partner(Partner::LogPsdWccn, 2.0)]);
        let epochs = noise(6);
        let joined = fusion.apply(own(epochs.view()).unwrap(), epochs.view(), RATE).unwrap();
        assert_eq!(joined.ncols(), 2 + fusion.dim());
        let mut parts = vec![(fusion.own, own(epochs.view()).unwrap())];
        parts.extend(fusion.parts.iter().map(|p| (p.scale, p.prints(epochs.view(), RATE).unwrap())));
        let whole: f32 = parts.iter().map(|(scale, _)| scale * scale).sum();
        for i in 0..6 {
            for j in 0..6 {
                let sum: f32 = parts.iter().map(|(s, p)| s * s * p.row(i).dot(&p.row(j))).sum();
                assert!((joined.row(i).dot(&joined.row(j)) - sum / whole).abs() < 1e-5);
            }
        }
    }

    #[test]
    fn every_part_spreads_alike_among_different_people_and_counts_by_its_weight() {
        let fusion = fitted(&[partner(Partner::TangentWccn, 3.0)]);
        let samples = noise(40);
        let people: Vec<u32> = (0..40).map(|i| i / 10).collect();
        let own_spread = spread(own(samples.view()).unwrap().view(), &people);
        let part = &fusion.parts[0];
        let part_spread = spread(part.prints(samples.view(), RATE).unwrap().view(), &people);
        let ratio = f64::from(part.scale * part.scale) * part_spread
            / (f64::from(fusion.own * fusion.own) * own_spread);
        assert!((ratio - 3.0).abs() < 1e-4, "{ratio}");
    }

    #[test]
    fn what_was_fitted_survives_as_tensors() {
        let plan = [partner(Partner::TangentWccn, 1.0), partner(Partner::LogPsdWccn, 0.5)];
        let fusion = fitted(&plan);
        let tensors = fusion.tensors();
        let find = |name: &str| {
            let found = tensors.iter().find(|t| t.name == name);
            found.cloned().ok_or_else(|| FormatError::Missing(name.to_owned()))
        };
        assert_eq!(FittedFusion::from_tensors(&plan, find).unwrap(), fusion);
    }

    #[test]
    fn rows_are_spread_evenly_and_never_twice() {
        assert_eq!(spaced(10, 4), [0, 2, 5, 7]);
        assert_eq!(spaced(3, 4), [0, 1, 2]);
        assert!(spaced(0, 4).is_empty());
    }
}
