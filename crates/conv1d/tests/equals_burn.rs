//! The fast block against burn's own layers, whatever the settings, on the CPU and, where it is built in, on libtorch; and
//! against golden values of PyTorch.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test fails by panicking and says what it skips"
)]

use burn::tensor::activation::relu;
use burn::tensor::module::{conv1d as burn_conv1d, max_pool1d};
use burn::tensor::ops::{ConvOptions, MaxPoolOptions};
use burn::tensor::{Device, Tensor, TensorData};
use proptest::prelude::*;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::Value;
use twinprint_conv1d::{
    Activation, BlockOptions, BlockWeights, Conv1dError, Conv1dOptions, Norm, conv_block, conv1d,
};

fn tensor<const D: usize>(values: Vec<f32>, shape: [usize; D], device: &Device) -> Tensor<D> {
    Tensor::from_data(TensorData::new(values, shape), device)
}

fn values<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.try_into_vec_as().unwrap()
}

fn assert_close(what: &str, ours: &[f32], theirs: &[f32]) {
    assert_eq!(ours.len(), theirs.len(), "{what}");
    let scale = theirs.iter().fold(1.0f32, |scale, x| scale.max(x.abs()));
    for (ours, theirs) in ours.iter().zip(theirs) {
        assert!((ours - theirs).abs() <= 1e-5 * scale, "{what}: {ours} is not {theirs}");
    }
}

#[derive(Clone, Copy, Debug)]
struct Case {
    batch: usize,
    time: usize,
    group_channels: usize,
    group_outputs: usize,
    kernel: usize,
    options: BlockOptions,
    norm: bool,
    bias: bool,
    seed: u64,
}

fn case() -> impl Strategy<Value = Case> {
    let few = || prop_oneof![1usize..6, Just(16)];
    let plain = prop_oneof![3 => Just(1usize), 1 => 2usize..4];
    let conv = (1usize..10, 1usize..4, plain.clone(), plain, 0usize..9);
    let tail = (any::<bool>(), any::<bool>(), any::<bool>(), 1usize..7, any::<u64>());
    (1usize..4, 1usize..48, few(), few(), conv, tail).prop_filter_map(
        "too short, or badly conditioned",
        |parts| {
            let (batch, time, group_channels, group_outputs, conv, tail) = parts;
            let (kernel, stride, dilation, groups, padding) = conv;
            let (norm, bias, rectified, pool, seed) = tail;
            let activation = if rectified { Activation::Relu } else { Activation::None };
            let conv = Conv1dOptions { stride, dilation, groups, padding };
            let options = BlockOptions { conv, activation, pool };
            let case = Case { batch, time, group_channels, group_outputs, kernel, options, norm, bias, seed };
            // Batch norm divides by the spread of the outputs. With few products, or where nearly every window lies in the padding,
            // that spread is rounding, on either side.
            let conditioned = !norm || group_channels * kernel >= 4 && batch * case.windows_on_input() >= 4;
            (conditioned && options.output_time(time, kernel).is_ok()).then_some(case)
        },
    )
}

/// Leaves of one graph: input, weight, bias, gamma, beta.
struct Leaves {
    x: Tensor<3>,
    weight: Tensor<3>,
    vectors: [Tensor<1>; 3],
}

impl Case {
    /// How many windows of one epoch have at least one tap on the input, not all in the padding.
    fn windows_on_input(&self) -> usize {
        let Conv1dOptions { stride, dilation, padding, .. } = self.options.conv;
        let last = (self.time + 2 * padding).saturating_sub(dilation * (self.kernel - 1));
        let on_input = |tap: usize| tap >= padding && tap < padding + self.time;
        (0..last)
            .step_by(stride)
            .filter(|start| (0..self.kernel).any(|tap| on_input(start + tap * dilation)))
            .count()
    }

    fn leaves(&self, device: &Device) -> Leaves {
        let mut rng = ChaCha8Rng::seed_from_u64(self.seed);
        let mut draw = |count: usize, low: f32, high: f32| -> Vec<f32> {
            (0..count).map(|_| rng.random_range(low..high)).collect()
        };
        let groups = self.options.conv.groups;
        let (inputs, outputs) = (self.group_channels * groups, self.group_outputs * groups);
        let x = [self.batch, inputs, self.time];
        let weight = [outputs, self.group_channels, self.kernel];
        Leaves {
            x: tensor(draw(x.iter().product(), -2.0, 2.0), x, device).require_grad(),
            weight: tensor(draw(weight.iter().product(), -0.3, 0.3), weight, device).require_grad(),
            vectors: [(-1.0, 1.0), (0.5, 1.5), (-0.5, 0.5)]
                .map(|(low, high)| tensor(draw(outputs, low, high), [outputs], device).require_grad()),
        }
    }

    fn ours(&self, leaves: &Leaves) -> Tensor<3> {
        let [bias, gamma, beta] = leaves.vectors.clone();
        let norm = if self.norm { Norm::Batch { gamma, beta, epsilon: 1e-5 } } else { Norm::None };
        let weights = BlockWeights { weight: leaves.weight.clone(), bias: self.bias.then_some(bias), norm };
        conv_block(leaves.x.clone(), weights, self.options).unwrap().output
    }

    fn burns(&self, leaves: &Leaves) -> Tensor<3> {
        let [bias, gamma, beta] = leaves.vectors.clone();
        let Conv1dOptions { stride, dilation, groups, padding } = self.options.conv;
        let options = ConvOptions::new([stride], [padding], [dilation], groups);
        let bias = self.bias.then_some(bias);
        let mut x = burn_conv1d(leaves.x.clone(), leaves.weight.clone(), bias, options);
        if self.norm {
            let channels = x.dims()[1];
            let mean = x.clone().mean_dims(&[0, 2]);
            let centred = x - mean;
            let deviation = (centred.clone().square().mean_dims(&[0, 2]) + 1e-5).sqrt();
            x = centred / deviation * gamma.reshape([1, channels, 1]) + beta.reshape([1, channels, 1]);
        }
        if self.options.activation == Activation::Relu {
            x = relu(x);
        }
        let pool = self.options.pool;
        max_pool1d(x, MaxPoolOptions::new([pool]).with_stride([pool]))
    }

    /// Output, then gradients of x and weight and those of the vectors in use.
    fn results(&self, forward: impl Fn(&Self, &Leaves) -> Tensor<3>, device: Device) -> Vec<Vec<f32>> {
        let device = device.autodiff();
        let leaves = self.leaves(&device);
        let output = forward(self, &leaves);
        let shape = output.dims();
        let mut rng = ChaCha8Rng::seed_from_u64(self.seed ^ 1);
        let factors = (0..shape.iter().product()).map(|_| rng.random_range(-1.0..1.0)).collect();
        let gradients = (output.clone() * tensor::<3>(factors, shape, &device)).sum().backward();
        let mut results = vec![values(output.inner())];
        results.push(values(leaves.x.grad(&gradients).unwrap()));
        results.push(values(leaves.weight.grad(&gradients).unwrap()));
        // batch norm takes the bias away again: nothing but rounding is left of its gradient
        let used = [self.bias && !self.norm, self.norm, self.norm];
        for (vector, _) in leaves.vectors.iter().zip(used).filter(|(_, used)| *used) {
            results.push(values(vector.grad(&gradients).unwrap()));
        }
        results
    }

    fn assert_equal(&self, theirs: &[Vec<f32>]) {
        let ours = self.results(Self::ours, Device::flex());
        assert_eq!(ours.len(), theirs.len());
        for (index, (ours, theirs)) in ours.iter().zip(theirs).enumerate() {
            assert_close(&format!("result {index} of {self:?}"), ours, theirs);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    #[test]
    fn any_kernel_stride_dilation_groups_and_padding_gives_what_burn_gives(case in case()) {
        case.assert_equal(&case.results(Case::burns, Device::flex()));
    }
}

#[cfg(feature = "libtorch")]
impl Case {
    /// burn 0.22 fails on the weights' gradient of a grouped convolution whose strides leave a rest at the end.
    fn burn_takes_its_gradient(&self) -> bool {
        let conv = &self.options.conv;
        let span = conv.dilation * (self.kernel - 1) + 1;
        conv.groups == 1 || (self.time + 2 * conv.padding - span).is_multiple_of(conv.stride)
    }
}

#[cfg(feature = "libtorch")]
proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    #[test]
    fn any_kernel_stride_dilation_groups_and_padding_gives_what_libtorch_gives(case in case()) {
        prop_assume!(case.burn_takes_its_gradient());
        case.assert_equal(&case.results(Case::burns, Device::libtorch()));
    }

    #[test]
    fn the_block_on_libtorch_itself_gives_the_same(case in case()) {
        prop_assume!(case.burn_takes_its_gradient());
        case.assert_equal(&case.results(Case::ours, Device::libtorch()));
    }
}

#[cfg(not(feature = "libtorch"))]
#[test]
fn any_kernel_stride_dilation_groups_and_padding_gives_what_libtorch_gives() {
    eprintln!("SKIPPED: built without libtorch; `cargo xtask test --device libtorch` compares with it");
}

#[test]
fn a_block_is_the_same_to_the_bit_with_1_2_and_4_threads() {
    let conv = Conv1dOptions { padding: 4, ..Conv1dOptions::default() };
    for (channels, time) in [(16, 64), (5, 33)] {
        let case = Case {
            batch: 13,
            time,
            group_channels: channels,
            group_outputs: channels,
            kernel: 9,
            options: BlockOptions { conv, activation: Activation::Relu, pool: 2 },
            norm: true,
            bias: false,
            seed: 9,
        };
        let run = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| case.results(Case::ours, Device::flex()))
        };
        let one = run(1);
        assert!(one == run(2) && one == run(4), "{channels} channels");
    }
}

#[test]
fn a_constant_input_needs_no_graph_and_gets_no_gradient() {
    let device = Device::flex();
    let weight = tensor(vec![0.5; 16 * 16 * 9], [16, 16, 9], &device).autodiff().require_grad();
    let x = tensor((0..2 * 16 * 40).map(|i| (i % 7) as f32).collect(), [2, 16, 40], &device);
    let y = conv1d(x, weight.clone(), None, Conv1dOptions::default()).unwrap();
    assert_eq!(y.dims(), [2, 16, 32]);
    let gradients = y.sum().backward();
    assert_eq!(weight.grad(&gradients).unwrap().dims(), [16, 16, 9]);
}

#[test]
fn a_strided_view_is_read_where_it_lies() {
    let device = Device::flex();
    let whole = tensor((0..2 * 20 * 3).map(|i| (i as f32).sin()).collect(), [2, 20, 3], &device);
    let weight = tensor((0..4 * 3 * 5).map(|i| (i as f32).cos()).collect(), [4, 3, 5], &device);
    let part = whole.swap_dims(1, 2).narrow(2, 3, 11);
    let copy = tensor(values(part.clone()), [2, 3, 11], &device);
    let run = |x| values(conv1d(x, weight.clone(), None, Conv1dOptions::default()).unwrap());
    assert_close("view", &run(part), &run(copy));
}

const GOLDEN: &str = include_str!("../../../tests/golden/conv1d/blocks.json");

#[test]
fn blocks_and_their_gradients_equal_those_of_pytorch() {
    let golden: Value = serde_json::from_str(GOLDEN).unwrap();
    let numbers = |value: &Value| -> Vec<f32> {
        value.as_array().unwrap().iter().map(|x| x.as_f64().unwrap() as f32).collect()
    };
    let cases = golden["cases"].as_array().unwrap();
    assert!(cases.len() >= 8);
    for entry in cases {
        let name = entry["name"].as_str().unwrap();
        let size = |key: &str| entry[key].as_u64().unwrap() as usize;
        let device = Device::flex().autodiff();
        let (batch, time, outputs) = (size("batch"), size("time"), size("out"));
        let (inputs, groups, kernel) = (size("in"), size("groups"), size("kernel"));
        let leaf = |key: &str| numbers(&entry["values"][key]);
        let x = tensor(leaf("x"), [batch, inputs, time], &device).require_grad();
        let weight = tensor(leaf("weight"), [outputs, inputs / groups, kernel], &device).require_grad();
        let [bias, gamma, beta] =
            ["bias", "gamma", "beta"].map(|key| tensor(leaf(key), [outputs], &device).require_grad());
        let norm = Norm::Batch { gamma: gamma.clone(), beta: beta.clone(), epsilon: 1e-5 };
        let norm = if entry["norm"].as_bool().unwrap() { norm } else { Norm::None };
        let conv = Conv1dOptions {
            stride: size("stride"),
            dilation: size("dilation"),
            groups,
            padding: size("padding"),
        };
        let rectified = entry["relu"].as_bool().unwrap();
        let activation = if rectified { Activation::Relu } else { Activation::None };
        let options = BlockOptions { conv, activation, pool: size("pool") };
        let normalised = !matches!(norm, Norm::None);
        let weights = BlockWeights { weight: weight.clone(), bias: Some(bias.clone()), norm };
        let block = conv_block(x.clone(), weights, options).unwrap();
        let output = block.output;
        assert_close(name, &values(output.clone().inner()), &numbers(&entry["output"]));
        if let Some((mean, variance)) = block.statistics {
            assert_close(name, &values(mean.inner()), &numbers(&entry["batch_mean"]));
            assert_close(name, &values(variance.inner()), &numbers(&entry["batch_variance"]));
        }
        let factors = tensor(numbers(&entry["factors"]), output.dims(), &device);
        let gradients = (output * factors).sum().backward();
        let theirs = |key: &str| numbers(&entry["gradients"][key]);
        assert_close(name, &values(x.grad(&gradients).unwrap()), &theirs("x"));
        assert_close(name, &values(weight.grad(&gradients).unwrap()), &theirs("weight"));
        if normalised {
            assert_close(name, &values(gamma.grad(&gradients).unwrap()), &theirs("gamma"));
            assert_close(name, &values(beta.grad(&gradients).unwrap()), &theirs("beta"));
        } else {
            assert_close(name, &values(bias.grad(&gradients).unwrap()), &theirs("bias"));
        }
    }
}

#[test]
fn what_cannot_be_computed_is_said_and_never_panics() {
    let device = Device::flex();
    let zeros = |shape: [usize; 3]| Tensor::<3>::zeros(shape, &device);
    let run = |x: [usize; 3], weight: [usize; 3], bias: Option<usize>, options: Conv1dOptions| {
        let bias = bias.map(|len| Tensor::zeros([len], &device));
        conv1d(zeros(x), zeros(weight), bias, options).map(|y| y.dims()).unwrap_err()
    };
    let options = Conv1dOptions::default();
    assert_eq!(run([0, 2, 9], [4, 2, 3], None, options), Conv1dError::EmptyBatch);
    assert_eq!(run([1, 3, 9], [4, 2, 3], None, options), Conv1dError::Channels { found: 3, expected: 2 });
    let short = Conv1dError::TooShort { time: 2, padding: 0, span: 3, needed: 3 };
    assert_eq!(run([1, 2, 2], [4, 2, 3], None, options), short);
    let bias = Conv1dError::PerChannel { what: "bias", found: 3, expected: 4 };
    assert_eq!(run([1, 2, 9], [4, 2, 3], Some(3), options), bias);
    let zero = |setting| Conv1dError::Zero { setting };
    assert_eq!(run([1, 2, 9], [4, 2, 3], None, Conv1dOptions { stride: 0, ..options }), zero("stride"));
    assert_eq!(run([1, 2, 9], [4, 2, 3], None, Conv1dOptions { groups: 0, ..options }), zero("groups"));
    let uneven = Conv1dError::Groups { setting: "out_channels", channels: 3, groups: 2 };
    assert_eq!(run([1, 2, 9], [3, 1, 3], None, Conv1dOptions { groups: 2, ..options }), uneven);
    let wide = BlockOptions { pool: 8, ..BlockOptions::default() };
    let error = wide.output_time(9, 3).unwrap_err();
    assert_eq!(
        error.to_string(),
        "max-pooling over 8 samples leaves nothing of 7; use a narrower pool or longer input"
    );
}
