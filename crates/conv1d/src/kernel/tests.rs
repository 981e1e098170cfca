//! Blocks against a slow oracle in double precision: forward as defined, gradients by finite differences, on every
//! instruction set of this machine and in both domains.

use super::block::{self, Affine, Norm, Tail};
use super::engine::{Domain, Engine};
use super::shape::{Batch, ConvShape, Order, transpose};
use super::spectral;
use proptest::prelude::*;
use pulp::Arch;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

const EPSILON: f64 = 1e-5;

/// What `pulp` can dispatch to here, the narrowest first.
fn instruction_sets() -> Vec<Arch> {
    let mut sets = vec![Arch::Scalar];
    #[cfg(target_arch = "x86_64")]
    {
        sets.extend(pulp::x86::V3::try_new().map(Arch::V3));
        sets.extend(pulp::x86::V4::try_new().map(Arch::V4));
    }
    #[cfg(not(target_arch = "x86_64"))]
    sets.push(Arch::new());
    sets
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    None,
    Batch,
    Fixed,
}

#[derive(Clone, Copy, Debug)]
struct Case {
    shape: ConvShape,
    kind: Kind,
    bias: bool,
    relu: bool,
    pool: usize,
    seed: u64,
}

/// Everything a block reads: input `[batch, time, in]`, weight `[out, in, kernel]`, then vectors `[out]`.
const NAMES: [&str; 7] = ["input", "weight", "bias", "gamma", "beta", "mean", "variance"];
type Operands = [Vec<f64>; 7];

fn case() -> impl Strategy<Value = Case> {
    let few = || prop_oneof![1usize..8, Just(16), Just(32)];
    let kind = prop_oneof![Just(Kind::None), Just(Kind::Batch), Just(Kind::Fixed)];
    let sizes = (1usize..5, 1usize..50, few(), few(), 1usize..14, 1usize..4, 0usize..16);
    let tail = (kind, any::<bool>(), any::<bool>(), 1usize..5, any::<u64>());
    (sizes, tail).prop_filter_map(
        "shorter than the kernel or the pool, or badly conditioned",
        |(sizes, tail)| {
            let (batch, time_in, in_channels, out_channels, kernel, stride, padding) = sizes;
            let (kind, bias, relu, pool, seed) = tail;
            let time_out = (time_in + 2 * padding).checked_sub(kernel)? / stride + 1;
            let shape =
                ConvShape { batch, time_in, time_out, in_channels, out_channels, kernel, stride, padding };
            // few products under batch norm: gradients are differences of nearly equal numbers
            let conditioned = kind != Kind::Batch || in_channels * kernel >= 4;
            (conditioned && time_out >= pool).then_some(Case { shape, kind, bias, relu, pool, seed })
        },
    )
}

impl Case {
    /// Random operands that are 32-bit floats exactly.
    fn operands(&self) -> Operands {
        let mut rng = ChaCha8Rng::seed_from_u64(self.seed);
        let shape = &self.shape;
        let mut draw = |count: usize, low: f32, high: f32| -> Vec<f64> {
            (0..count).map(|_| f64::from(rng.random_range(low..high))).collect()
        };
        let out = shape.out_channels;
        let bound = 1.0 / ((shape.in_channels * shape.kernel) as f32).sqrt();
        [
            draw(shape.batch * shape.input_len(), -2.0, 2.0),
            draw(shape.weight_len(), -bound, bound),
            draw(out, -1.0, 1.0),
            draw(out, 0.5, 1.5),
            draw(out, -0.5, 0.5),
            draw(out, -0.5, 0.5),
            draw(out, 0.5, 2.0),
        ]
    }

    /// The convolution and its normalisation as defined: `[batch, time_out, out]`.
    fn normalised(&self, [x, w, bias, gamma, beta, mean, variance]: &Operands) -> Vec<f64> {
        let ConvShape { batch, time_in, time_out, in_channels, out_channels, kernel, stride, padding } =
            self.shape;
        let mut y = vec![0.0; batch * time_out * out_channels];
        for (index, value) in y.iter_mut().enumerate() {
            let (o, t, b) =
                (index % out_channels, index / out_channels % time_out, index / out_channels / time_out);
            *value = if self.bias { bias[o] } else { 0.0 };
            for (k, i) in (0..kernel).flat_map(|k| (0..in_channels).map(move |i| (k, i))) {
                if let Some(s) = (t * stride + k).checked_sub(padding).filter(|&s| s < time_in) {
                    *value += x[(b * time_in + s) * in_channels + i] * w[(o * in_channels + i) * kernel + k];
                }
            }
        }
        let count = (batch * time_out) as f64;
        let of_channel = |o: usize| y.iter().skip(o).step_by(out_channels);
        let (mean, variance): (Vec<f64>, Vec<f64>) = match self.kind {
            Kind::None => (vec![0.0; out_channels], vec![1.0 - EPSILON; out_channels]),
            Kind::Fixed => (mean.clone(), variance.clone()),
            Kind::Batch => (0..out_channels)
                .map(|o| {
                    let mean = of_channel(o).sum::<f64>() / count;
                    (mean, of_channel(o).map(|y| (y - mean).powi(2)).sum::<f64>() / count)
                })
                .unzip(),
        };
        for (index, value) in y.iter_mut().enumerate() {
            let o = index % out_channels;
            *value = (*value - mean[o]) / (variance[o] + EPSILON).sqrt();
            if self.kind != Kind::None {
                *value = *value * gamma[o] + beta[o];
            }
        }
        y
    }

    /// The block as defined: output `[batch, time_out / pool, out]`.
    fn oracle(&self, operands: &Operands) -> Vec<f64> {
        let pools = self.pools(&self.normalised(operands));
        let floor = if self.relu { 0.0 } else { f64::NEG_INFINITY };
        pools.iter().map(|pool| pool.iter().copied().fold(floor, f64::max)).collect()
    }

    /// Whether rounding could move a value over the kink of the ReLU, or let another value win its pool: there the
    /// gradient jumps, and that of rounded numbers may be that of the other side.
    fn is_near_a_kink(&self, operands: &Operands) -> bool {
        const ROUNDING: f64 = 1e-5;
        self.pools(&self.normalised(operands)).into_iter().any(|mut pool| {
            pool.sort_by(|a, b| b.total_cmp(a));
            let tie = pool.len() > 1 && pool[0] - pool[1] < ROUNDING && (!self.relu || pool[0] > -ROUNDING);
            tie || (self.relu && pool[0].abs() < ROUNDING)
        })
    }

    /// The values that compete for each output.
    fn pools(&self, y: &[f64]) -> Vec<Vec<f64>> {
        let ConvShape { batch, time_out, out_channels, .. } = self.shape;
        let pooled = time_out / self.pool;
        (0..batch * pooled * out_channels)
            .map(|index| {
                let (o, t, b) =
                    (index % out_channels, index / out_channels % pooled, index / out_channels / pooled);
                let at = |p| y[(b * time_out + t * self.pool + p) * out_channels + o];
                (0..self.pool).map(at).collect()
            })
            .collect()
    }

    /// Output and gradients of our block in the order of [`NAMES`] (none for mean and variance), for the loss
    /// `Σ output · factors`.
    fn ours(&self, operands: &Operands, factors: &[f64], engine: &Engine) -> (Vec<f64>, Vec<Vec<f64>>) {
        let single = |values: &[f64]| values.iter().map(|&x| x as f32).collect::<Vec<f32>>();
        let double = |values: &[f32]| values.iter().map(|&x| f64::from(x)).collect::<Vec<f64>>();
        let [x, w, bias, gamma, beta, mean, variance] = operands.each_ref().map(|values| single(values));
        let affine = Affine { gamma: &gamma, beta: &beta, epsilon: EPSILON };
        let norm = match self.kind {
            Kind::None => Norm::None,
            Kind::Batch => Norm::Batch(affine),
            Kind::Fixed => Norm::Fixed { affine, mean: &mean, variance: &variance },
        };
        let tail = Tail { bias: self.bias.then_some(&bias), norm, relu: self.relu, pool: self.pool };
        let input = Batch { data: &x, order: Order::ChannelsLast };
        let forward = block::forward(engine, &input, &w, &tail, true);
        let result =
            block::backward(engine, &input, &w, &tail, &forward.saved, &single(factors), (true, true));
        let gradients =
            [result.input.unwrap(), result.weight.unwrap(), result.bias, result.gamma, result.beta];
        (double(&forward.output), gradients.iter().map(|gradient| double(gradient)).collect())
    }

    /// Whether a channel has values enough to vary: over one or two, rounding is divided by next to nothing.
    fn has_statistics(&self) -> bool {
        self.kind != Kind::Batch || self.shape.batch * self.shape.time_out >= 4
    }

    fn has_gradient(&self, name: &str) -> bool {
        match name {
            "bias" => self.bias,
            "gamma" | "beta" => self.kind != Kind::None,
            "input" | "weight" => true,
            _ => false,
        }
    }

    fn engines(&self) -> Vec<Engine> {
        let domains = [Domain::Time, Domain::Frequency];
        instruction_sets()
            .into_iter()
            .flat_map(|arch| domains.map(|domain| Engine { shape: self.shape, domain, arch }))
            .filter(|engine| engine.domain == Domain::Time || spectral::suits(&self.shape))
            .collect()
    }
}

fn largest(values: &[f64]) -> f64 {
    values.iter().fold(0.0, |largest, x| x.abs().max(largest))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn every_block_equals_its_definition_and_its_gradients_are_finite_differences(case in case()) {
        let operands = case.operands();
        prop_assume!(case.has_statistics() && !case.is_near_a_kink(&operands));
        let expected = case.oracle(&operands);
        let mut rng = ChaCha8Rng::seed_from_u64(case.seed ^ 1);
        let factors: Vec<f64> = expected.iter().map(|_| f64::from(rng.random_range(-1.0f32..1.0))).collect();
        let loss = |operands: &Operands| -> f64 {
            case.oracle(operands).iter().zip(&factors).map(|(y, f)| y * f).sum()
        };
        for engine in case.engines() {
            let (output, gradients) = case.ours(&operands, &factors, &engine);
            let scale = largest(&expected).max(1.0);
            for (found, expected) in output.iter().zip(&expected) {
                prop_assert!((found - expected).abs() <= 1e-5 * scale, "{engine:?}: {found} is not {expected}");
            }
            for (which, gradient) in gradients.iter().enumerate() {
                if !case.has_gradient(NAMES[which]) {
                    continue;
                }
                let scale = largest(gradient).max(1.0);
                for _ in 0..6 {
                    let at = rng.random_range(0..gradient.len());
                    let moved = |by: f64| {
                        let mut moved = operands.clone();
                        moved[which][at] += by;
                        loss(&moved)
                    };
                    let expected = (moved(1e-6) - moved(-1e-6)) / 2e-6;
                    prop_assert!(
                        (gradient[at] - expected).abs() <= 2e-5 * scale,
                        "{engine:?}: gradient of {}[{at}]: {} is not {expected}", NAMES[which], gradient[at]
                    );
                }
            }
        }
    }
}

/// A convolution that keeps the length, with all that follows.
fn plain(time: usize, channels: usize, kernel: usize) -> Case {
    let shape = ConvShape {
        batch: 3,
        time_in: time,
        time_out: time,
        in_channels: channels,
        out_channels: channels,
        kernel,
        stride: 1,
        padding: kernel / 2,
    };
    Case { shape, kind: Kind::Batch, bias: false, relu: true, pool: 2, seed: 3 }
}

#[test]
fn both_domains_agree_where_both_can_compute() {
    let case = plain(80, 32, 9);
    assert!(spectral::suits(&case.shape));
    let operands = case.operands();
    let factors = vec![1.0; 3 * 40 * 32];
    let [time, frequency] = [Domain::Time, Domain::Frequency].map(|domain| {
        case.ours(&operands, &factors, &Engine { shape: case.shape, domain, arch: Arch::new() })
    });
    let close = |a: &[f64], b: &[f64]| {
        let scale = largest(a).max(1.0);
        a.iter().zip(b).all(|(a, b)| (a - b).abs() <= 1e-5 * scale)
    };
    assert!(close(&time.0, &frequency.0));
    assert!(time.1.iter().zip(&frequency.1).all(|(a, b)| close(a, b)));
}

#[test]
fn channels_first_input_gives_the_same_bits_as_channels_last() {
    let case = plain(40, 16, 9);
    let shape = case.shape;
    let x: Vec<f32> = case.operands()[0].iter().map(|&x| x as f32).collect();
    let w: Vec<f32> = case.operands()[1].iter().map(|&x| x as f32).collect();
    let mut first = vec![0.0; x.len()];
    for (last, first) in x.chunks_exact(shape.input_len()).zip(first.chunks_exact_mut(shape.input_len())) {
        transpose(last, shape.time_in, shape.in_channels, first);
    }
    let tail = Tail { bias: None, norm: Norm::None, relu: true, pool: 2 };
    let engine = Engine::new(shape, Arch::new());
    let [a, b] = [(x, Order::ChannelsLast), (first, Order::ChannelsFirst)]
        .map(|(data, order)| block::forward(&engine, &Batch { data: &data, order }, &w, &tail, false).output);
    assert_eq!(a, b);
}

#[test]
fn a_nan_reaches_every_output_that_sees_it_whatever_follows() {
    for (channels, pool, kind) in
        [(3, 1, Kind::None), (3, 4, Kind::Fixed), (16, 2, Kind::Fixed), (16, 3, Kind::None)]
    {
        let mut case = plain(40, channels, 9);
        case.shape.batch = 2;
        case = Case { kind, pool, ..case };
        let mut operands = case.operands();
        operands[0][20 * channels + 1] = f64::NAN;
        for engine in case.engines() {
            let factors = vec![1.0; 2 * (40 / pool) * channels];
            let (output, _) = case.ours(&operands, &factors, &engine);
            for t in 16 / pool..=24 / pool {
                for o in 0..channels {
                    let row = t * channels + o;
                    assert!(t >= 40 / pool || output[row].is_nan(), "{engine:?} time {t} channel {o}");
                }
            }
            let other = &output[40 / pool * channels..];
            assert!(other.iter().all(|y| y.is_finite()), "{engine:?}: it leaks into another example");
            assert!(
                output[..channels].iter().all(|y| y.is_finite()),
                "{engine:?}: far away samples stay clean"
            );
        }
    }
}

#[test]
fn a_nan_anywhere_in_the_batch_makes_batch_statistics_nan() {
    let case = plain(40, 16, 9);
    let mut operands = case.operands();
    operands[0][5] = f64::NAN;
    for engine in case.engines() {
        let (output, gradients) = case.ours(&operands, &vec![1.0; 3 * 20 * 16], &engine);
        assert!(output.iter().all(|y| y.is_nan()), "{engine:?}");
        assert!(gradients[1].iter().all(|g| g.is_nan()), "{engine:?}");
    }
}
