//! Times a training step, an embedding and the bare convolution in turn with PyTorch, and prints JSON.
//!
//! `cargo run --release -p twinprint-conv1d --example bench -- --python PYTHON [--rounds N] [--rows a,b]`
//! Without `--python` only this side runs. Peer: `tests/peers/twin_step.py`.
#![allow(clippy::print_stdout, clippy::disallowed_methods, reason = "a benchmark prints and reads the clock")]

use burn::module::Module;
use burn::nn::{Linear, LinearConfig};
use burn::optim::{AdamWConfig, GradientsParams, Optimizer};
use burn::tensor::{Device, Distribution, Tensor};
use serde_json::{Value, json};
use std::error::Error;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Instant;
use twinprint_conv1d::{Conv1dBlock, Conv1dBlockConfig, Conv1dOptions, conv1d};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const PAIRS: usize = 64;
const CHANNELS: usize = 64;
const SAMPLES: usize = 320;
const ROWS: [&str; 4] = ["train_step", "embed", "conv1d_forward", "conv1d_backward"];

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

/// PyTorch in its own process.
struct Peer {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    version: String,
}

impl Peer {
    fn start(python: &str) -> Outcome<Self> {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/peers/twin_step.py");
        let threads = rayon::current_num_threads().to_string();
        let mut child = Command::new(python)
            .args([script, &threads])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let input = child.stdin.take().ok_or("the peer has no standard input")?;
        let output = child.stdout.take().ok_or("the peer has no standard output")?;
        let mut peer = Self { child, input, output: BufReader::new(output), version: String::new() };
        peer.version = peer.line()?;
        Ok(peer)
    }

    fn line(&mut self) -> Outcome<String> {
        let mut line = String::new();
        self.output.read_line(&mut line)?;
        if line.is_empty() {
            return Err("the peer ended early".into());
        }
        Ok(line.trim().to_owned())
    }

    fn ask(&mut self, command: &str) -> Outcome<f64> {
        writeln!(self.input, "{command}")?;
        self.input.flush()?;
        Ok(self.line()?.parse()?)
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
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

fn milliseconds(work: impl FnOnce()) -> f64 {
    let begin = Instant::now();
    work();
    begin.elapsed().as_secs_f64() * 1e3
}

/// Our side: the model is moved through the optimizer and back.
struct Ours<O> {
    model: Option<Twin>,
    optimizer: O,
    x: Tensor<3>,
    same: Tensor<1>,
    weight: Tensor<3>,
    bias: Tensor<1>,
    start: f64,
}

impl<O: Optimizer<Twin>> Ours<O> {
    fn run(&mut self, row: &str) -> Outcome<f64> {
        let options = Conv1dOptions { padding: 4, ..Conv1dOptions::default() };
        match row {
            "train_step" => {
                let model = self.model.take().ok_or("the model is in use")?;
                let mut next = None;
                let time = milliseconds(|| {
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
                Ok(milliseconds(|| {
                    std::hint::black_box(model.forward(x).into_data());
                }))
            }
            "conv1d_forward" => {
                let (x, weight, bias) =
                    (self.x.clone().inner(), self.weight.clone().inner(), self.bias.clone().inner());
                let mut output = None;
                let time = milliseconds(|| output = Some(conv1d(x, weight, Some(bias), options)));
                output.ok_or("no output")??;
                Ok(time)
            }
            _ => {
                let x = self.x.clone().inner();
                let x = Tensor::from_inner(x).require_grad();
                let y = conv1d(x, self.weight.clone(), Some(self.bias.clone()), options)?;
                Ok(milliseconds(|| {
                    std::hint::black_box(y.backward());
                }))
            }
        }
    }
}

fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted[sorted.len() / 2]
}

fn argument(name: &str) -> Option<String> {
    let mut arguments = std::env::args().skip_while(|argument| argument != name);
    arguments.nth(1)
}

fn main() -> Outcome<()> {
    let rounds: usize = argument("--rounds").map_or(Ok(15), |text| text.parse())?;
    let chosen = argument("--rows").unwrap_or_else(|| ROWS.join(","));
    let mut peer = argument("--python").map(|python| Peer::start(&python)).transpose()?;
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
    let mut results = Vec::new();
    for row in chosen.split(',') {
        let (mut own, mut theirs) = (Vec::new(), Vec::new());
        for round in 0..rounds + 2 {
            let peer_time = peer.as_mut().map(|peer| peer.ask(row)).transpose()?;
            let own_time = ours.run(row)?;
            if round >= 2 {
                own.push(own_time);
                theirs.extend(peer_time);
            }
        }
        let mut result = json!({"row": row, "ours_ms": median(&own), "ours_best_ms": own.iter().copied().fold(f64::MAX, f64::min)});
        if let Some(peer) = &mut peer {
            let ratios: Vec<f64> = theirs.iter().zip(&own).map(|(t, o)| t / o).collect();
            result["peer_ms"] = json!(median(&theirs));
            result["peer_best_ms"] = json!(theirs.iter().copied().fold(f64::MAX, f64::min));
            result["ratio"] = json!(median(&theirs) / median(&own));
            result["ratio_of_neighbours"] = json!(median(&ratios));
            if row == "train_step" {
                result["ours_peak_mib"] = json!(resident_mib("VmHWM") - ours.start);
                result["peer_peak_mib"] = json!(peer.ask("memory")?);
            }
        }
        results.push(result);
    }
    let version = peer.as_ref().map(|peer| peer.version.clone());
    let report: Value = json!({"threads": rayon::current_num_threads(), "peer": "PyTorch", "peer_version": version, "rounds": rounds, "rows": results});
    println!("{}", serde_json::to_string_pretty(&report)?);
    Ok(())
}
