//! Our side of the encoder's benchmarks: answers each command read from standard input with the seconds it took.
//!
//! `cargo xtask bench train_step embed embed_filterbank conv1d_forward conv1d_backward` runs it in turn with
//! `tests/peers/twin_step.py` and `tests/peers/filterbank.py`. Commands are the names of the rows, and `memory`: the growth of the resident set in MiB.
#![allow(clippy::print_stdout, clippy::disallowed_methods, reason = "a benchmark prints and reads the clock")]

use std::error::Error;
use std::ops::ControlFlow;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Instant;

use burn::tensor::{Device, Distribution, Tensor};
use ndarray::Array3;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution as _, StandardNormal};
use twinprint_conv1d::{Conv1dOptions, conv1d};
use twinprint_encoder::{Compute, Model, Monitor, Plan, StepReport, TrainingEpochs, train};
use twinprint_signal::ChannelName;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

type Outcome<T> = Result<T, Box<dyn Error>>;

/// The powers of the default encoder without its covariances, as the other side computes them.
const POWERS: &str = r#"architecture = { name = "filterbank", covariances = false }"#;

/// 64 pairs of epochs of 64 channels × 320 samples a step.
const TWIN: &str = r#"
architecture = { name = "conv", widths = [64, 128, 128], kernel = 9, pool = 2, dim = 64 }
loss = { name = "contrastive" }
batch = { subjects = 32, epochs = 4, sampler = "twin_pairs" }
optimiser = { steps = 1000000, learning_rate = 0.001, weight_decay = 0.01, schedule = "constant" }
"#;
/// Epochs embedded at a time.
const EMBEDDED: usize = 128;

/// Noise of a few people; what is in it makes no difference to the time.
struct Noise {
    samples: Array3<f32>,
    owner: Vec<u32>,
    recording: Vec<u32>,
    channels: Vec<ChannelName>,
}

impl Noise {
    fn new(epochs: usize, channels: usize, samples: usize) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let recording: Vec<u32> = (0..epochs as u32).map(|epoch| epoch % 32).collect();
        Self {
            samples: Array3::from_shape_simple_fn((epochs, channels, samples), || {
                let x: f32 = StandardNormal.sample(&mut rng);
                10.0 * x
            }),
            owner: recording.iter().map(|recording| recording / 2).collect(),
            recording,
            channels: (0..channels).map(|c| ChannelName::new(format!("X{c}"))).collect(),
        }
    }

    fn epochs(&self) -> TrainingEpochs<'_> {
        TrainingEpochs::new(self.samples.view(), &self.owner, &self.recording, 128.0, &self.channels)
    }

    fn some(&self) -> ndarray::ArrayView3<'_, f32> {
        self.samples.slice(ndarray::s![..EMBEDDED, .., ..])
    }
}

/// Lets training take one step each time it is told to, and says how long the step took, with the reading and preparing of
/// a batch in it.
struct Turnstile {
    go: Receiver<()>,
    took: Sender<f64>,
    begin: Instant,
    /// The first step comes after the fit of the front end.
    started: bool,
}

impl Monitor for Turnstile {
    fn step(&mut self, _: &StepReport) -> ControlFlow<()> {
        let seconds = self.begin.elapsed().as_secs_f64();
        if self.started && self.took.send(seconds).is_err() {
            return ControlFlow::Break(());
        }
        self.started = true;
        let goes_on = self.go.recv().is_ok();
        self.begin = Instant::now();
        if goes_on { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    }
}

struct Steps {
    go: Sender<()>,
    took: Receiver<f64>,
}

impl Steps {
    fn start(data: &'static Noise) -> Outcome<Self> {
        let plan: Plan = toml::from_str(TWIN)?;
        let (go, wait) = channel();
        let (tell, took) = channel();
        std::thread::spawn(move || {
            let mut turnstile = Turnstile { go: wait, took: tell, begin: Instant::now(), started: false };
            // ends when the other side does
            train(&plan.check()?, &data.epochs(), &Compute::cpu(), &mut turnstile).map(|_| ())
        });
        Ok(Self { go, took })
    }

    fn take(&self) -> Outcome<f64> {
        self.go.send(())?;
        Ok(self.took.recv()?)
    }
}

fn seconds<T>(work: impl FnOnce() -> T) -> f64 {
    let begin = Instant::now();
    std::hint::black_box(work());
    begin.elapsed().as_secs_f64()
}

fn resident_mib(field: &str) -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with(field)).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|kib| kib.parse::<f64>().ok()).map_or(0.0, |kib| kib / 1024.0)
}

/// What the commands work on; made when first asked for.
struct Bench {
    twins: &'static Noise,
    steps: Option<Steps>,
    conv: Option<Model>,
    bands: Option<(Noise, Model)>,
    start: f64,
}

impl Bench {
    fn run(&mut self, command: &str) -> Outcome<f64> {
        match command {
            "memory" => Ok(resident_mib("VmHWM") - self.start),
            "train_step" => {
                if self.steps.is_none() {
                    self.steps = Some(Steps::start(self.twins)?);
                }
                self.steps.as_ref().ok_or("training has not started")?.take()
            }
            "embed" => {
                if self.conv.is_none() {
                    let plan: Plan = toml::from_str(TWIN)?;
                    self.conv =
                        Some(Model::untrained(&plan.check()?, &self.twins.epochs(), &Compute::cpu())?);
                }
                let model = self.conv.as_ref().ok_or("there is no model")?;
                Ok(seconds(|| model.embed(self.twins.some())))
            }
            "embed_filterbank" => {
                if self.bands.is_none() {
                    let noise = Noise::new(1024, 19, 256);
                    let model = Model::whitened(
                        &toml::from_str::<Plan>(POWERS)?.check()?,
                        &noise.epochs(),
                        &Compute::cpu(),
                    )?;
                    self.bands = Some((noise, model));
                }
                let (noise, model) = self.bands.as_ref().ok_or("there is no model")?;
                Ok(seconds(|| model.embed(noise.some())))
            }
            "conv1d_forward" | "conv1d_backward" => convolution(command == "conv1d_backward"),
            other => Err(format!("there is no command {other:?}").into()),
        }
    }
}

/// 128 examples of 64 channels × 320 samples to 64 channels, kernel 9.
fn convolution(backward: bool) -> Outcome<f64> {
    let device = if backward { Device::flex().autodiff() } else { Device::flex() };
    let random = |shape: [usize; 3], deviation| {
        let tensor = Tensor::<3>::random(shape, Distribution::Normal(0.0, deviation), &device);
        if backward { tensor.require_grad() } else { tensor }
    };
    let (x, weight) = (random([EMBEDDED, 64, 320], 1.0), random([64, 64, 9], 0.05));
    let bias = Tensor::<1>::zeros([64], &device);
    let bias = if backward { bias.require_grad() } else { bias };
    let options = Conv1dOptions { padding: 4, ..Conv1dOptions::default() };
    if !backward {
        return Ok(seconds(|| conv1d(x, weight, Some(bias), options)));
    }
    let y = conv1d(x, weight, Some(bias), options)?;
    Ok(seconds(|| y.backward()))
}

fn main() -> Outcome<()> {
    let twins = Box::leak(Box::new(Noise::new(512, 64, 320)));
    let mut bench = Bench { twins, steps: None, conv: None, bands: None, start: resident_mib("VmRSS") };
    println!("twinprint {}", env!("CARGO_PKG_VERSION"));
    for line in std::io::stdin().lines() {
        println!("{}", bench.run(line?.trim())?);
    }
    Ok(())
}
