//! A residual network over time (He, Zhang, Ren, Sun, 2016; in one dimension as Wang, Yan, Oates, 2017, use it on time
//! series): a wide first kernel, stages of two residual blocks that halve the time axis, the mean over time, a linear layer.
//!
//! References: `He2016`, `Wang2017`.

use burn::tensor::Tensor;
use burn::tensor::activation::relu;
use rand_chacha::ChaCha8Rng;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::layers::{self, Block};
use super::network::{Network, check_widths};
use crate::EncoderError;
use crate::pass::{InputShape, Pass};
use crate::weights::{Bound, Parameter};

/// Residual blocks of a stage; the first halves the time axis.
const BLOCKS: usize = 2;

/// Settings of the `resnet1d` architecture.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Resnet1d {
    /// Channels of each stage: 32, 64, 128.
    #[schemars(length(min = 1), inner(range(min = 1)))]
    pub widths: Vec<usize>,
    /// Samples of every kernel but the first, odd: 7.
    #[schemars(range(min = 1))]
    pub kernel: usize,
    /// Samples of the first kernel, odd: 15.
    #[schemars(range(min = 1))]
    pub stem: usize,
    /// The length of a print: 128.
    #[schemars(range(min = 1))]
    pub dim: usize,
}

impl Default for Resnet1d {
    fn default() -> Self {
        Self { widths: vec![32, 64, 128], kernel: 7, stem: 15, dim: 128 }
    }
}

impl Resnet1d {
    fn blocks(&self) -> impl Iterator<Item = (String, usize)> {
        let stages = self.widths.iter().enumerate();
        stages.flat_map(|(s, &width)| (0..BLOCKS).map(move |b| (format!("stage{s}.block{b}"), width)))
    }
}

impl Network for Resnet1d {
    fn validate(&self) -> Result<(), EncoderError> {
        check_widths(&self.widths, self.kernel, self.dim)?;
        check_widths(&self.widths, self.stem, self.dim)
    }

    fn shortest(&self) -> usize {
        2
    }

    fn dim(&self) -> usize {
        self.dim
    }

    fn parameters(&self, input: InputShape, rng: &mut ChaCha8Rng) -> Vec<Parameter> {
        let mut inputs = self.widths.first().copied().unwrap_or(input.channels);
        let mut parameters =
            vec![layers::conv_parameters("stem.conv", input.channels, inputs, self.stem, rng)];
        parameters.extend(layers::norm_parameters("stem.norm", inputs));
        for (name, width) in self.blocks() {
            parameters.push(layers::conv_parameters(
                &format!("{name}.conv0"),
                inputs,
                width,
                self.kernel,
                rng,
            ));
            parameters.extend(layers::norm_parameters(&format!("{name}.norm0"), width));
            parameters.push(layers::conv_parameters(
                &format!("{name}.conv1"),
                width,
                width,
                self.kernel,
                rng,
            ));
            parameters.extend(layers::norm_parameters(&format!("{name}.norm1"), width));
            if name.ends_with("block0") {
                parameters.push(layers::conv_parameters(&format!("{name}.skip"), inputs, width, 1, rng));
            }
            inputs = width;
        }
        parameters.extend(layers::linear_parameters("head", inputs, self.dim, rng));
        parameters
    }

    fn forward(&self, epochs: Tensor<3>, bound: &Bound, pass: &mut Pass) -> Result<Tensor<2>, EncoderError> {
        let mut run = |x, conv: &str, norm: Option<&str>, stride, relu| {
            Block { conv, norm, stride, relu, pool: 1 }.forward(x, bound, pass)
        };
        let mut x = run(epochs, "stem.conv", Some("stem.norm"), 1, true)?;
        for (name, _) in self.blocks() {
            let [conv0, norm0, conv1, norm1, skip] =
                ["conv0", "norm0", "conv1", "norm1", "skip"].map(|part| format!("{name}.{part}"));
            let first = name.ends_with("block0");
            let stride = if first { 2 } else { 1 };
            let skipped = if first { run(x.clone(), &skip, None, stride, false)? } else { x.clone() };
            let inner = run(x, &conv0, Some(&norm0), stride, true)?;
            let inner = run(inner, &conv1, Some(&norm1), 1, false)?;
            x = relu(inner + skipped);
        }
        layers::linear(bound, "head", layers::mean_over_time(x))
    }
}
