//! One encoder of an ensemble: a front end fitted to the training subjects, and a network.

use std::collections::BTreeSet;
use std::ops::Range;

use burn::tensor::{Device, Tensor};
use ndarray::{Array2, ArrayView2, ArrayView3, s};
use rand_chacha::ChaCha8Rng;
use twinprint_closed::{Shrinkage, Whitening, normalise_rows};

use crate::front::{CHUNK, Front, Known, Rows};
use crate::joined::Recipe;
use crate::net::Network;
use crate::pass::{InputShape, Pass};
use crate::plan::{Architecture, CheckedPlan};
use crate::seed::stream;
use crate::weights::{Bound, Parameter, of_array, read};
use crate::{EncoderError, TrainingEpochs};

/// Is handed what a network takes of some epochs, and which they are.
pub(crate) type Seen<'a> = dyn FnMut(Range<usize>, ArrayView2<f32>) -> Result<(), EncoderError> + 'a;

/// Where the weights of a network start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Start {
    /// Where the plan has them start.
    Planned,
    /// The linear head as a whitening wherever it can be, whatever the plan says.
    Whitened,
    /// At random, whatever the plan says.
    Random,
}

impl Start {
    /// Whether the linear head starts as a whitening.
    fn whitens(self, plan: &CheckedPlan) -> bool {
        let possible = matches!(&plan.architecture, Architecture::Filterbank(bank) if bank.dim == 0);
        match self {
            Self::Planned => plan.whitens(),
            Self::Whitened => plan.whitens() || possible,
            Self::Random => false,
        }
    }
}

/// An encoder: what [`Model`](crate::Model) has one or, as an ensemble, several of.
#[derive(Debug, Clone)]
pub(crate) struct Member {
    pub front: Front,
    pub parameters: Vec<Parameter>,
}

impl Member {
    /// Fits the front end and sets the weights where they start; also returns the rows of all training epochs where they take
    /// at most `keep` bytes.
    pub fn initial(
        recipe: Recipe,
        data: &TrainingEpochs,
        seed: u64,
        start: Start,
        keep: usize,
    ) -> Result<(Self, Option<Array2<f32>>), EncoderError> {
        let plan = recipe.plan;
        let (front, rows) = Front::fit(recipe, data, seed, keep)?;
        let shape = front.shape();
        let mut parameters = plan.architecture.parameters(shape, &mut stream(seed, "weights"));
        if start.whitens(plan) {
            let people = data.labels().subject.iter().collect::<BTreeSet<_>>().len();
            let shrinkage = Shrinkage {
                across_recordings: plan.initialise.across_recordings,
                toward_identity: plan.initialise.shrinkage_of(people),
            };
            let from = Rows { data, kept: rows.as_ref(), shared: recipe.shared };
            let whitening = front.reading(&from, |chunks| {
                Whitening::fit_in_chunks(shape.samples, data.labels(), shrinkage, |each| {
                    chunks(&mut |rows| each(rows.mapv(f64::from).view()));
                })
            })?;
            let scale = 1.0 / (shape.samples as f32).sqrt();
            for head in parameters.iter_mut().filter(|p| p.name == "head.weight") {
                head.values = whitening.matrix.iter().map(|w| w * scale).collect();
            }
        }
        Ok((Self { front, parameters }, rows))
    }

    /// Unit prints of epochs `[epochs, channels, samples]`: `[epochs, dim]`.
    pub fn embed(
        &self,
        plan: &CheckedPlan,
        epochs: ArrayView3<f32>,
        device: &Device,
    ) -> Result<Array2<f32>, EncoderError> {
        self.embed_seen(plan, (epochs, None), device, &mut |_, _| Ok(()))
    }

    /// [`Member::embed`] of epochs whose features may be known; `seen` is handed what the network takes of some epochs, and which
    /// they are.
    pub fn embed_seen(
        &self,
        plan: &CheckedPlan,
        (epochs, known): (ArrayView3<f32>, Option<Known>),
        device: &Device,
        seen: &mut Seen,
    ) -> Result<Array2<f32>, EncoderError> {
        let tensors: Vec<Tensor<1>> = self.parameters.iter().map(|p| p.tensor(device)).collect();
        let bound = Bound::new(&self.parameters, &tensors);
        let (count, shape) = (epochs.dim().0, self.front.shape());
        let dim = plan.architecture.dim(shape);
        let mut prints = Array2::zeros((count, dim));
        for start in (0..count).step_by(CHUNK) {
            let end = (start + CHUNK).min(count);
            let of = |known: Known| known.features.rows(&self.front, known.rows[start..end].iter().copied());
            let rows = match known.and_then(of) {
                Some(mut rows) => {
                    self.front.standardise().apply(&mut rows);
                    rows
                }
                None => self.front.rows(epochs.slice(s![start..end, .., ..]))?,
            };
            seen(start..end, rows.view())?;
            let rows = of_array(rows, device);
            let out = plan.architecture.forward(shape, rows, &bound, &mut Pass::new(false))?;
            let values = read(out)?;
            prints.slice_mut(s![start..end, ..]).iter_mut().zip(values).for_each(|(x, v)| *x = v);
        }
        normalise_rows(&mut prints);
        Ok(prints)
    }
}

impl Architecture {
    /// The length of a print.
    pub(crate) fn dim(&self, input: InputShape) -> usize {
        match self {
            Self::Filterbank(bank) if bank.dim > 0 => bank.dim,
            _ => self.network().map_or(input.samples, Network::dim),
        }
    }

    /// Parameters drawn from `rng`, by the names that [`Architecture::forward`] asks for.
    pub(crate) fn parameters(&self, input: InputShape, rng: &mut ChaCha8Rng) -> Vec<Parameter> {
        match self.network() {
            Some(network) => network.parameters(input, rng),
            None => {
                let shape = [input.samples, self.dim(input)];
                vec![Parameter::uniform("head.weight", &shape, input.samples, rng)]
            }
        }
    }

    /// Prints of `rows` `[batch, channels · samples]`, not yet of unit length: `[batch, dim]`.
    pub(crate) fn forward(
        &self,
        input: InputShape,
        rows: Tensor<2>,
        bound: &Bound,
        pass: &mut Pass,
    ) -> Result<Tensor<2>, EncoderError> {
        let batch = rows.dims()[0];
        match self.network() {
            Some(network) => {
                network.forward(rows.reshape([batch, input.channels, input.samples]), bound, pass)
            }
            None => Ok(rows.matmul(bound.get::<2>("head.weight")?)),
        }
    }
}

#[cfg(test)]
#[path = "member_tests.rs"]
mod tests;
