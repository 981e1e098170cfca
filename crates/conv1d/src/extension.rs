//! The block as an operation of burn's `flex` backend, with its gradient under autodiff.

use crate::kernel::block::{self, Affine, Norm, Saved, Tail};
use crate::kernel::engine::Engine;
use crate::kernel::shape::{Batch, ConvShape, Order};
use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::flex::FlexTensor;
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend, Dispatch, DispatchDevice, ExtensionType, Flex, backend_extension};
use burn::tensor::{DType, Tensor, TensorData};
use pulp::Arch;
use std::sync::Arc;

/// Where the normalisation gets its statistics, with their tensors (`[out_channels]` each).
#[allow(clippy::large_enum_variant, reason = "one a forward pass, moved once")]
pub(crate) enum FusedNorm {
    None,
    Batch { gamma: Tensor<1>, beta: Tensor<1>, epsilon: f64 },
    Fixed { gamma: Tensor<1>, beta: Tensor<1>, mean: Tensor<1>, variance: Tensor<1>, epsilon: f64 },
}

/// The tensors of a block.
pub(crate) struct Pieces {
    pub(crate) input: Tensor<3>,
    pub(crate) weight: Tensor<3>,
    pub(crate) bias: Option<Tensor<1>>,
    pub(crate) norm: FusedNorm,
}

/// The numbers of a block.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FusedBlock {
    pub(crate) stride: usize,
    pub(crate) padding: usize,
    pub(crate) relu: bool,
    pub(crate) pool: usize,
}

/// Output and, with batch statistics, mean and variance per channel.
pub(crate) struct Fused {
    pub(crate) output: Tensor<3>,
    pub(crate) statistics: Option<(Tensor<1>, Tensor<1>)>,
}

/// Whether the tensors are 32-bit floats on the `flex` device.
pub(crate) fn on_flex(x: &Tensor<3>, weight: &Tensor<3>) -> bool {
    let device = x.device().without_autodiff();
    matches!(device.as_dispatch(), DispatchDevice::Flex(_))
        && x.dtype() == DType::F32
        && weight.dtype() == DType::F32
}

impl FusedBlock {
    /// Runs the operation; shapes have been checked.
    pub(crate) fn run(self, pieces: Pieces) -> Fused {
        let Pieces { input, weight, bias, norm } = pieces;
        let device = input.device();
        let absent = || Tensor::<1>::zeros([1], &device);
        let has_bias = bias.is_some();
        let bias = bias.unwrap_or_else(absent);
        let (kind, epsilon, [gamma, beta, mean, variance]) = match norm {
            FusedNorm::None => (NormKind::None, 0.0, [absent(), absent(), absent(), absent()]),
            FusedNorm::Batch { gamma, beta, epsilon } => {
                (NormKind::Batch, epsilon, [gamma, beta, absent(), absent()])
            }
            FusedNorm::Fixed { gamma, beta, mean, variance, epsilon } => {
                (NormKind::Fixed, epsilon, [gamma, beta, mean, variance])
            }
        };
        let plan = BlockPlan { block: self, has_bias, kind, epsilon };
        let result = <Dispatch as ConvBlockBackend>::conv_block(
            input.into_dispatch(),
            weight.into_dispatch(),
            bias.into_dispatch(),
            gamma.into_dispatch(),
            beta.into_dispatch(),
            mean.into_dispatch(),
            variance.into_dispatch(),
            plan,
        );
        let statistics = (kind == NormKind::Batch)
            .then(|| (Tensor::from_dispatch(result.mean), Tensor::from_dispatch(result.variance)));
        Fused { output: Tensor::from_dispatch(result.output), statistics }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NormKind {
    None,
    Batch,
    Fixed,
}

/// What the operation is to do with its tensors.
#[derive(Clone, Copy, Debug)]
pub struct BlockPlan {
    block: FusedBlock,
    has_bias: bool,
    kind: NormKind,
    epsilon: f64,
}

/// Tensors the operation gives: `[batch, out, time]` and, if the plan is for batch statistics, `[out]` each.
#[derive(ExtensionType)]
pub struct BlockOutput<B: Backend> {
    pub output: FloatTensor<B>,
    pub mean: FloatTensor<B>,
    pub variance: FloatTensor<B>,
}

/// Backends that can run a whole block.
#[backend_extension(Flex, Autodiff)]
pub trait ConvBlockBackend: Backend {
    #[allow(clippy::too_many_arguments, reason = "tensors of a backend operation")]
    fn conv_block(
        input: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        beta: FloatTensor<Self>,
        mean: FloatTensor<Self>,
        variance: FloatTensor<Self>,
        plan: BlockPlan,
    ) -> BlockOutput<Self>;
}

impl ConvBlockBackend for Flex {
    fn conv_block(
        input: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        beta: FloatTensor<Self>,
        mean: FloatTensor<Self>,
        variance: FloatTensor<Self>,
        plan: BlockPlan,
    ) -> BlockOutput<Self> {
        let tensors = BlockTensors::new(input, weight, [bias, gamma, beta, mean, variance]);
        tensors.forward(plan, false).0
    }
}

/// Operands in a form whose floats can be read as slices.
#[derive(Clone, Debug)]
struct BlockTensors {
    input: FlexTensor,
    order: Order,
    weight: FlexTensor,
    /// Bias, gamma, beta, mean, variance.
    vectors: [FlexTensor; 5],
}

impl BlockTensors {
    fn new(input: FlexTensor, weight: FlexTensor, vectors: [FlexTensor; 5]) -> Self {
        let (input, order) = dense(input);
        Self {
            input,
            order,
            weight: weight.to_contiguous(),
            vectors: vectors.map(|vector| vector.to_contiguous()),
        }
    }

    fn engine(&self, plan: &BlockPlan) -> Engine {
        let input = self.input.layout().shape();
        let weight = self.weight.layout().shape();
        let (batch, in_channels, time_in) = (input[0], input[1], input[2]);
        let (out_channels, kernel) = (weight[0], weight[2]);
        let FusedBlock { stride, padding, .. } = plan.block;
        let time_out = (time_in + 2 * padding - kernel) / stride + 1;
        let shape =
            ConvShape { batch, time_in, time_out, in_channels, out_channels, kernel, stride, padding };
        Engine::new(shape, Arch::new())
    }

    fn batch(&self) -> Batch<'_> {
        Batch { data: floats(&self.input), order: self.order }
    }

    fn tail(&self, plan: &BlockPlan) -> Tail<'_> {
        let [bias, gamma, beta, mean, variance] = self.vectors.each_ref().map(floats);
        let affine = Affine { gamma, beta, epsilon: plan.epsilon };
        Tail {
            bias: plan.has_bias.then_some(bias),
            norm: match plan.kind {
                NormKind::None => Norm::None,
                NormKind::Batch => Norm::Batch(affine),
                NormKind::Fixed => Norm::Fixed { affine, mean, variance },
            },
            relu: plan.block.relu,
            pool: plan.block.pool,
        }
    }

    fn forward(&self, plan: BlockPlan, keep: bool) -> (BlockOutput<Flex>, Saved) {
        let engine = self.engine(&plan);
        let result = block::forward(&engine, &self.batch(), floats(&self.weight), &self.tail(&plan), keep);
        let shape = engine.shape;
        let (mean, variance) = result.statistics.unwrap_or_else(|| (vec![0.0], vec![0.0]));
        let output = BlockOutput {
            output: channels_first(result.output, shape.batch, shape.out_channels),
            mean: vector(mean),
            variance: vector(variance),
        };
        (output, result.saved)
    }
}

/// The tensor's floats; it has been made dense before.
fn floats(tensor: &FlexTensor) -> &[f32] {
    let start = tensor.layout().start_offset();
    &tensor.storage::<f32>()[start..start + tensor.layout().num_elements()]
}

/// A `[batch, channels, time]` tensor without gaps, and in which order its examples lie. Copies only what lies otherwise.
fn dense(tensor: FlexTensor) -> (FlexTensor, Order) {
    let layout = tensor.layout();
    let shape = layout.shape();
    let (channels, time) = (shape[1], shape[2]);
    let lies = |strides: [usize; 3]| {
        (0..3).all(|axis| shape[axis] == 1 || layout.strides()[axis] == strides[axis] as isize)
    };
    if lies([channels * time, 1, channels]) {
        return (tensor, Order::ChannelsLast);
    }
    if lies([channels * time, time, 1]) {
        return (tensor, Order::ChannelsFirst);
    }
    (tensor.to_contiguous(), Order::ChannelsFirst)
}

/// A `[batch, channels, time]` view of channels-last floats.
fn channels_first(data: Vec<f32>, batch: usize, channels: usize) -> FlexTensor {
    let time = data.len() / (batch * channels);
    FlexTensor::from_data(TensorData::new(data, [batch, time, channels])).transpose(1, 2)
}

fn vector(data: Vec<f32>) -> FlexTensor {
    let len = data.len();
    FlexTensor::from_data(TensorData::new(data, [len]))
}

/// The gradient step.
#[derive(Debug)]
struct ConvBlockBackward;

/// What the forward pass leaves for it.
#[derive(Clone, Debug)]
struct BlockState {
    tensors: BlockTensors,
    saved: Arc<Saved>,
    plan: BlockPlan,
}

impl Backward<Flex, 5> for ConvBlockBackward {
    type State = BlockState;

    fn backward(self, ops: Ops<Self::State, 5>, grads: &mut Gradients, _checkpointer: &mut Checkpointer) {
        let [input, weight, bias, gamma, beta] = ops.parents;
        let BlockState { tensors, saved, plan } = ops.state;
        let gradient = grads.consume::<Flex>(&ops.node);
        // channels-last is what the kernels read; a gradient that lies otherwise is copied
        let (gradient, order) = dense(gradient);
        let gradient = match order {
            Order::ChannelsLast => gradient,
            Order::ChannelsFirst => gradient.transpose(1, 2).to_contiguous(),
        };
        let engine = tensors.engine(&plan);
        let result = block::backward(
            &engine,
            &tensors.batch(),
            floats(&tensors.weight),
            &tensors.tail(&plan),
            &saved,
            floats(&gradient),
            (input.is_some(), weight.is_some()),
        );
        let shape = engine.shape;
        if let (Some(node), Some(data)) = (input, result.input) {
            grads.register::<Flex>(node.id, channels_first(data, shape.batch, shape.in_channels));
        }
        if let (Some(node), Some(data)) = (weight, result.weight) {
            let data = TensorData::new(data, [shape.out_channels, shape.in_channels, shape.kernel]);
            grads.register::<Flex>(node.id, FlexTensor::from_data(data));
        }
        for (node, data) in [(bias, result.bias), (gamma, result.gamma), (beta, result.beta)] {
            if let Some(node) = node {
                grads.register::<Flex>(node.id, vector(data));
            }
        }
    }
}

impl<C: CheckpointStrategy> ConvBlockBackend for Autodiff<Flex, C> {
    fn conv_block(
        input: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        beta: FloatTensor<Self>,
        mean: FloatTensor<Self>,
        variance: FloatTensor<Self>,
        plan: BlockPlan,
    ) -> BlockOutput<Self> {
        let nodes = [input.node(), weight.node(), bias.node(), gamma.node(), beta.node()];
        let vectors = [bias, gamma, beta, mean, variance].map(|tensor| tensor.into_primitive());
        let tensors = BlockTensors::new(input.into_primitive(), weight.into_primitive(), vectors);
        let (output, mean, variance) = match ConvBlockBackward.prepare::<C>(nodes).compute_bound().stateful()
        {
            OpsKind::Tracked(prep) => {
                let (result, saved) = tensors.forward(plan, true);
                let state = BlockState { tensors, saved: Arc::new(saved), plan };
                (prep.finish(state, result.output), result.mean, result.variance)
            }
            OpsKind::UnTracked(prep) => {
                let (result, _) = tensors.forward(plan, false);
                (prep.finish(result.output), result.mean, result.variance)
            }
        };
        let constant = <Self as burn::backend::AutodiffBackend>::from_inner;
        BlockOutput { output, mean: constant(mean), variance: constant(variance) }
    }
}
