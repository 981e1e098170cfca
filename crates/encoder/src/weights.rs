//! Named parameters: on the host as plain numbers, on a device as tensors.
//!
//! Every parameter is one flat tensor, given its shape where a network uses it. So optimiser state, checkpoints,
//! averages and hashes need not know what shapes a network has, and initial values are drawn on the host from a
//! named stream, the same for every device.

use burn::tensor::{Device, Tensor, TensorData};
use ndarray::Array2;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use crate::{EncoderError, FormatError};

/// One parameter on the host.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Parameter {
    pub name: String,
    pub shape: Vec<usize>,
    pub values: Vec<f32>,
    /// Whether gradients change it; running statistics are not.
    pub trained: bool,
}

impl Parameter {
    pub fn new(name: impl Into<String>, shape: &[usize], values: Vec<f32>) -> Self {
        Self { name: name.into(), shape: shape.to_vec(), values, trained: true }
    }

    pub fn filled(name: impl Into<String>, shape: &[usize], value: f32) -> Self {
        Self::new(name, shape, vec![value; shape.iter().product()])
    }

    /// Uniform in ±1/√fan_in, PyTorch's default for linear and convolution layers.
    pub fn uniform(name: impl Into<String>, shape: &[usize], fan_in: usize, rng: &mut ChaCha8Rng) -> Self {
        let bound = 1.0 / (fan_in.max(1) as f32).sqrt();
        let count = shape.iter().product();
        Self::new(name, shape, (0..count).map(|_| rng.random_range(-bound..bound)).collect())
    }

    pub fn fixed(mut self) -> Self {
        self.trained = false;
        self
    }

    /// Itself, if it has the shape `wanted`.
    pub fn like(self, wanted: &[usize]) -> Result<Self, FormatError> {
        if self.shape == wanted {
            return Ok(self);
        }
        Err(FormatError::Shape(self.name, self.shape, wanted.to_vec()))
    }

    /// Its values as a matrix, if it is one.
    pub fn into_matrix(self) -> Result<Array2<f32>, FormatError> {
        match self.shape.as_slice() {
            &[rows, columns] => Ok(Array2::from_shape_vec((rows, columns), self.values)?),
            _ => Err(FormatError::NoMatrix(self.name, self.shape)),
        }
    }

    pub fn tensor(&self, device: &Device) -> Tensor<1> {
        Tensor::from_data(TensorData::new(self.values.clone(), [self.values.len()]), device)
    }
}

/// Parameters as tensors, found by name.
pub(crate) struct Bound<'a> {
    parameters: &'a [Parameter],
    tensors: &'a [Tensor<1>],
}

impl<'a> Bound<'a> {
    pub fn new(parameters: &'a [Parameter], tensors: &'a [Tensor<1>]) -> Self {
        Self { parameters, tensors }
    }

    /// The parameter `name` with its own shape; architectures ask only for what they declared.
    pub fn get<const D: usize>(&self, name: &str) -> Result<Tensor<D>, EncoderError> {
        let at = self
            .parameters
            .iter()
            .position(|parameter| parameter.name == name)
            .filter(|&at| self.parameters[at].shape.len() == D)
            .ok_or_else(|| {
                EncoderError::compute(format!("there is no parameter {name} of {D} dimensions"))
            })?;
        let shape: [i64; D] = std::array::from_fn(|axis| self.parameters[at].shape[axis] as i64);
        Ok(self.tensors[at].clone().reshape(shape))
    }
}

/// The values of a tensor on the host, row-major.
pub(crate) fn read<const D: usize>(tensor: Tensor<D>) -> Result<Vec<f32>, EncoderError> {
    tensor.try_into_vec_as::<f32>().map_err(EncoderError::compute)
}

/// A tensor of an array, however that lies in memory.
pub(crate) fn of_array(array: Array2<f32>, device: &Device) -> Tensor<2> {
    let (rows, columns) = array.dim();
    let values = match array.is_standard_layout() {
        true => array.into_raw_vec_and_offset().0,
        false => array.iter().copied().collect(),
    };
    matrix(values, rows, columns, device)
}

/// A `[rows, columns]` tensor of host values.
pub(crate) fn matrix(values: Vec<f32>, rows: usize, columns: usize, device: &Device) -> Tensor<2> {
    Tensor::from_data(TensorData::new(values, [rows, columns]), device)
}
