//! Our side of the rows `train_step`, `embed`, `conv1d_forward` and `conv1d_backward` of `cargo xtask bench`: reads one of
//! these names a line and answers with the seconds it took. Peer: `tests/peers/twin_step.py`.
#![allow(clippy::print_stdout, clippy::disallowed_methods, reason = "a benchmark prints and reads the clock")]

use burn::module::Module;
use burn::nn::{Linear, LinearConfig};
use burn::optim::{AdamWConfig, GradientsParams, ModuleOptimizer};
use burn::tensor::{Device, Distribution, Tensor};
use std::error::Error;
use std::time::Instant;
use twinprint_conv1d::{Conv1dBlock, Conv1dBlockConfig, Conv1dOptions, conv1d};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const PAIRS: usize = 64;
const CHANNELS: usize = 64;
const SAMPLES: usize = 320;

type Outcome<T> = Result<T, Box<dyn Error>>;

#[derive(Module, Debug)]
struct Twin {
    blocks: Vec<Conv1dBlock>,
    head: Linear,
}

impl Twin {
    fn new(device: &Device) -> Self {
        let mut last = CHANNELS;
        let blocks = [64, 128, 128]
            .map(|out_channels| {
                let config =
                    Conv1dBlockConfig { in_channels: last, out_channels, ..Conv1dBlockConfig::default() };
                last = out_channels;
                config.init(device)
            })
            .into();
        Self { blocks, head: LinearConfig::new(last, 64).init(device) }
    }

    fn forward(&self, x: Tensor<3>) -> Tensor<2> {
        let x = self.blocks.iter().fold(x, |x, block| block.forward(x));
        let [batch, channels, _] = x.dims();
        self.head.forward(x.mean_dim(2).reshape([batch, channels]))
    }
}

fn contrastive(prints: Tensor<2>, same: Tensor<1>) -> Tensor<1> {
    let left = prints.clone().narrow(0, 0, PAIRS);
    let right = prints.narrow(0, PAIRS, PAIRS);
    let squared = (left - right).powi_scalar(2).sum_dim(1).reshape([PAIRS]);
    let distance = (squared.clone() + 1e-9).sqrt();
    let far = burn::tensor::activation::relu(distance.neg() + 1.0).powi_scalar(2);
    (same.clone() * squared + (same.neg() + 1.0) * far).mean()
}

fn resident_mib(field: &str) -> f64 {
    std::fs::read_to_string("/proc/self/status")
        .ok()
        .and_then(|status| {
            let line = status.lines().find(|line| line.starts_with(field))?;
            line.split_whitespace().nth(1)?.parse::<f64>().ok()
        })
        .map_or(f64::NAN, |kib| kib / 1024.0)
}

fn seconds(work: impl FnOnce()) -> f64 {
    let begin = Instant::now();
    work();
    begin.elapsed().as_secs_f64()
}

/// Our side: the model is moved through the optimizer and back.
struct Ours {
    model: Option<Twin>,
    optimizer: ModuleOptimizer,
    x: Tensor<3>,
    same: Tensor<1>,
    weight: Tensor<3>,
    bias: Tensor<1>,
    start: f64,
}

impl Ours {
    fn run(&mut self, row: &str) -> Outcome<f64> {
        let options = Conv1dOptions { padding: 4, ..Conv1dOptions::default() };
        match row {
            "train_step" => {
                let model = self.model.take().ok_or("the model is in use")?;
                let mut next = None;
                let time = seconds(|| {
                    let loss = contrastive(model.forward(self.x.clone()), self.same.clone());
                    let gradients = GradientsParams::from_grads(loss.backward(), &model);
                    next = Some(self.optimizer.step(1e-3, model, gradients));
                    std::hint::black_box(loss.into_data());
                });
                self.model = next;
                Ok(time)
            }
            "embed" => {
                let model = self.model.as_ref().ok_or("the model is in use")?.clone().valid();
                let x = self.x.clone().inner();
                Ok(seconds(|| {
                    std::hint::black_box(model.forward(x).into_data());
                }))
            }
            "conv1d_forward" => {
                let (x, weight, bias) =
                    (self.x.clone().inner(), self.weight.clone().inner(), self.bias.clone().inner());
                let mut output = None;
                let time = seconds(|| output = Some(conv1d(x, weight, Some(bias), options)));
                output.ok_or("no output")??;
                Ok(time)
            }
            "memory" => Ok(resident_mib("VmHWM") - self.start),
            "conv1d_backward" => {
                let x = self.x.clone().inner();
                let x = Tensor::from_inner(x).require_grad();
                let y = conv1d(x, self.weight.clone(), Some(self.bias.clone()), options)?;
                Ok(seconds(|| {
                    std::hint::black_box(y.backward());
                }))
            }
            other => Err(format!("no row is called \"{other}\"").into()),
        }
    }
}

fn main() -> Outcome<()> {
    let device = Device::flex().autodiff();
    device.seed(0);
    let same: Vec<f32> = (0..PAIRS).map(|pair| (pair % 2) as f32).collect();
    let mut ours = Ours {
        model: Some(Twin::new(&device)),
        optimizer: AdamWConfig::new().init(),
        x: Tensor::random([2 * PAIRS, CHANNELS, SAMPLES], Distribution::Normal(0.0, 1.0), &device),
        same: Tensor::from_floats(same.as_slice(), &device),
        weight: Tensor::random([64, CHANNELS, 9], Distribution::Normal(0.0, 0.05), &device).require_grad(),
        bias: Tensor::zeros([64], &device).require_grad(),
        start: resident_mib("VmRSS"),
    };
    println!("twinprint {}", env!("CARGO_PKG_VERSION"));
    for line in std::io::stdin().lines() {
        println!("{}", ours.run(line?.trim())?);
    }
    Ok(())
}
