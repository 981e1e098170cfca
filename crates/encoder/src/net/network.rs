//! What the rest of the encoder asks of a learned network.

use burn::tensor::Tensor;
use rand_chacha::ChaCha8Rng;

use crate::EncoderError;
use crate::pass::{InputShape, Pass};
use crate::range::require;
use crate::weights::{Bound, Parameter};

/// A learned network, known by its settings: the struct that a plan's `[encoder.architecture]` is read into.
pub(crate) trait Network {
    /// Checks every setting; an error names the key, its value, the limit and what to write instead.
    fn validate(&self) -> Result<(), EncoderError>;

    /// The fewest samples that an epoch must have.
    fn shortest(&self) -> usize;

    /// The length of a print.
    fn dim(&self) -> usize;

    /// Parameters at their start, drawn from `rng`, under the names that [`Network::forward`] asks for.
    fn parameters(&self, input: InputShape, rng: &mut ChaCha8Rng) -> Vec<Parameter>;

    /// `[batch, channels, samples]`, each channel standardised, to prints `[batch, dim]`, not yet of unit length.
    fn forward(&self, epochs: Tensor<3>, bound: &Bound, pass: &mut Pass) -> Result<Tensor<2>, EncoderError>;
}

/// Checks what all convolutional networks have.
pub(super) fn check_widths(widths: &[usize], kernel: usize, dim: usize) -> Result<(), EncoderError> {
    let (fits, found) = (!widths.is_empty() && !widths.contains(&0), format!("{widths:?}"));
    let limit = "one or more layers of 1 or more channels";
    require(fits, "architecture.widths", found, limit, "leave it out for the default")?;
    let limit = "an odd number of samples";
    require(!kernel.is_multiple_of(2), "architecture.kernel", kernel, limit, "9 is usual")?;
    require(dim > 0, "architecture.dim", dim, "1 or more", "128 is usual")
}
