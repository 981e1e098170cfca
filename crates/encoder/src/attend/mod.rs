//! Attention over epochs: how much each epoch's print counts where prints are averaged, as in self-attentive embeddings of
//! speakers (Zhu, Ko, Snyder, Mak, Povey, 2018).
//!
//! A small network reads an epoch's own features and gives the length of its print, between 0 and 1. It is learnt across
//! people: the training people are divided into parts, an encoder is fitted without each part, and what is learnt is how
//! well averaged prints of the part's people verify them in another recording. So it never sees a print that its encoder was
//! fitted to, which would look better than those of new people.
//!
//! Reference: `Zhu2018`.

mod learn;

use burn::tensor::activation::{gelu, sigmoid};
use burn::tensor::{Device, Tensor};
use ndarray::{Array1, ArrayView2};
use rand_chacha::ChaCha8Rng;

pub(crate) use learn::AttentionTraining;

use crate::error::{EncoderError, FormatError};
use crate::plan::Attention;
use crate::seed::stream;
use crate::weights::{Bound, Parameter, matrix, read};

impl Attention {
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

/// The network that gives prints their lengths, as it was learnt.
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
        take: impl Fn(&str) -> Result<Parameter, FormatError>,
    ) -> Result<Self, FormatError> {
        let wanted = plan.parameters(features, &mut stream(0, "attention"));
        let found = |wanted: Parameter| take(&wanted.name)?.like(&wanted.shape);
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
