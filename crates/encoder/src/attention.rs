//! Attention over epochs: how much each epoch's print counts where prints are averaged, as in self-attentive embeddings of
//! speakers (Zhu, Ko, Snyder, Mak, Povey, 2018).
//!
//! A small network reads an epoch's own features and gives the length of its print, between 0 and 1. It is learnt across
//! people: the training people are divided into parts, an encoder is fitted without each part, and what is learnt is how
//! well averaged prints of the part's people verify them in another recording. So it never sees a print that its encoder was
//! fitted to, which would look better than those of new people.
//!
//! Reference: `Zhu2018`.

use burn::tensor::activation::{gelu, sigmoid};
use burn::tensor::{Device, Tensor};
use ndarray::{Array1, ArrayView2};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use crate::EncoderError;
use crate::seed::stream;
use crate::weights::{Bound, Parameter, matrix, read};

/// Settings of the attention over epochs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Attention {
    /// Parts of the training people, each scored by an encoder fitted to the others: 5, at least 2; fewer where a part
    /// would hold less than two people.
    pub folds: usize,
    /// Units of the hidden layer: 64, 1 to 4096.
    pub hidden: usize,
    /// Steps, each on one part: 300, at least 1.
    pub steps: usize,
    /// The learning rate at its highest, from where it falls to 0 along half a cosine: 0.003.
    pub learning_rate: f64,
    /// Decoupled weight decay: 0.01.
    pub weight_decay: f64,
    /// The share of features and hidden units that a step leaves out: 0.3, 0 to 0.9.
    pub dropout: f64,
}

impl Default for Attention {
    fn default() -> Self {
        Self { folds: 5, hidden: 64, steps: 300, learning_rate: 3e-3, weight_decay: 0.01, dropout: 0.3 }
    }
}

impl Attention {
    /// People it is learnt between, at least.
    pub const PEOPLE: usize = 4;

    pub(crate) fn validate(&self) -> Result<(), EncoderError> {
        let refuse = |key, value: &dyn ToString, limit: &str| {
            Err(EncoderError::plan(key, value.to_string(), limit, "leave it out for the default"))
        };
        if self.folds < 2 {
            return refuse("attention.folds", &self.folds, "2 parts or more");
        }
        if !(1..=4096).contains(&self.hidden) {
            return refuse("attention.hidden", &self.hidden, "1 to 4096 units");
        }
        if self.steps == 0 {
            return refuse("attention.steps", &self.steps, "1 step or more");
        }
        if !(self.learning_rate.is_finite() && self.learning_rate > 0.0) {
            return refuse("attention.learning_rate", &self.learning_rate, "it must be finite and above 0");
        }
        if !(self.weight_decay.is_finite() && self.weight_decay >= 0.0) {
            return refuse("attention.weight_decay", &self.weight_decay, "it must be finite and 0 or above");
        }
        if !(0.0..=0.9).contains(&self.dropout) {
            return refuse("attention.dropout", &self.dropout, "it must lie in 0 to 0.9");
        }
        Ok(())
    }

    pub(crate) fn parameters(&self, features: usize, rng: &mut ChaCha8Rng) -> Vec<Parameter> {
        // Were all lengths equal at first, the offset's gradient would be nothing but rounding, which Adam makes a whole step of.
        let out = Parameter::uniform("attention.out.weight", &[self.hidden, 1], self.hidden, rng);
        vec![
            Parameter::uniform("attention.hidden.weight", &[features, self.hidden], features, rng),
            Parameter::filled("attention.hidden.bias", &[self.hidden], 0.0),
            out,
            Parameter::filled("attention.out.bias", &[1], 0.0),
        ]
    }
}

/// Learnt attention.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct FittedAttention {
    pub(crate) parameters: Vec<Parameter>,
}

impl FittedAttention {
    /// The lengths of prints of epochs with these standardised features `[epochs, features]`: above 0, at most 1.
    pub fn lengths(&self, rows: ArrayView2<f32>, device: &Device) -> Result<Array1<f32>, EncoderError> {
        let tensors: Vec<Tensor<1>> = self.parameters.iter().map(|p| p.tensor(device)).collect();
        let bound = Bound::new(&self.parameters, &tensors);
        let (n, width) = rows.dim();
        let rows = matrix(rows.iter().copied().collect(), n, width, device);
        // A weight that rounds to 0 would leave no direction.
        Ok(Array1::from_vec(read(lengths(rows, &bound, None)?)?).mapv(|x| x.max(f32::MIN_POSITIVE)))
    }

    /// What was learnt, by name.
    pub fn tensors(&self) -> Vec<Parameter> {
        self.parameters.clone()
    }

    /// Puts one together from what [`FittedAttention::tensors`] gave for encoders of so many features; `take` finds a tensor
    /// by name.
    pub fn from_tensors(
        plan: &Attention,
        features: usize,
        take: impl Fn(&str) -> Result<Parameter, EncoderError>,
    ) -> Result<Self, EncoderError> {
        let found = |wanted: Parameter| {
            let given = take(&wanted.name)?;
            if given.shape == wanted.shape {
                return Ok(given);
            }
            let Parameter { name, shape, .. } = wanted;
            Err(EncoderError::data(format!("{name} has the shape {:?}, its plan {shape:?}", given.shape)))
        };
        let wanted = plan.parameters(features, &mut stream(0, "attention"));
        Ok(Self { parameters: wanted.into_iter().map(found).collect::<Result<_, _>>()? })
    }
}

/// The network: features `[n, features]` to lengths `[n, 1]`; `kept` multiplies hidden units.
pub(crate) fn lengths(
    rows: Tensor<2>,
    bound: &Bound,
    kept: Option<Tensor<2>>,
) -> Result<Tensor<2>, EncoderError> {
    let hidden = rows.matmul(bound.get::<2>("attention.hidden.weight")?);
    let hidden = gelu(hidden + bound.get::<1>("attention.hidden.bias")?.unsqueeze());
    let hidden = match kept {
        Some(kept) => hidden * kept,
        None => hidden,
    };
    let out = hidden.matmul(bound.get::<2>("attention.out.weight")?);
    Ok(sigmoid(out + bound.get::<1>("attention.out.bias")?.unsqueeze()))
}
