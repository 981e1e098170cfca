//! Our side of the rows `time_to_eer…` of `cargo xtask bench`: `time_to_eer EEGMAT_DIR` answers each command with the
//! seconds from epochs in memory to an encoder with an equal error rate of 5 % at most on people it was not fitted to;
//! `inf` where it never gets there. Peer: `tests/peers/time_to_eer.py`.
//!
//! When it starts it preprocesses the cohort and leaves the epochs in `TWINPRINT_BENCH` for the peer. Every third person is
//! held out. Their rest enrols them (30 s), each 2 s of their arithmetic is a probe. Of all others every window at half a second
//! is learnt from. The rate is looked at after every tenth step.
//!
//! Commands: `closed_form` starts from the closed form of the filterbank's powers, whose rate is looked at before any step;
//! `gradient` starts at random and has gradient steps only; `twin_pairs` too, with one comparison for two encodings and a
//! contrastive loss; `check` is the rate of the closed form, `least` the least rate seen since the start, both in percent.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "a benchmark prints and reads the clock"
)]

use std::collections::BTreeSet;
use std::error::Error;
use std::io::Write;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::Instant;

use ndarray::{Array2, Array3, ArrayView3, Axis, concatenate, s};
use twinprint_edf::{EdfFile, Strictness};
use twinprint_encoder::{
    Compute, Embed, EncoderError, Model, Monitor, Plan, StepReport, TrainingEpochs, train,
};
use twinprint_evaluation::{Scores, eer};
use twinprint_preprocess::{EpochPlan, Plan as Preprocess, Preprocessor};
use twinprint_signal::{ChannelName, EpochRow, Seconds};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

type Outcome<T> = Result<T, Box<dyn Error>>;

/// The rate to get to.
const GOAL: f64 = 0.05;
/// Steps between two looks at it.
const LOOK: usize = 10;
/// Windows begin every half second, so every fourth of 2 s overlaps no other.
const APART: usize = 4;
/// Enrolment: 30 s.
const ENROLLED: usize = 15;

/// The powers of the default encoder alone, which the other side computes too.
const CLOSED_FORM: &str = r#"
architecture = { name = "filterbank", covariances = false }
initialise = { shrinkage = 0.3, across_recordings = 0.0 }
optimiser = { steps = 300 }
"#;
const GRADIENT: &str = r#"
architecture = { name = "filterbank", covariances = false }
initialise = { whitening = false }
optimiser = { steps = 1000, learning_rate = 0.001 }
"#;
const TWIN_PAIRS: &str = r#"
architecture = { name = "filterbank", covariances = false }
initialise = { whitening = false }
optimiser = { steps = 1000, learning_rate = 0.001 }
loss = { name = "contrastive" }
batch = { sampler = "twin_pairs" }
"#;

/// Epochs of every recording, and whose they are; recording 2n is the rest of person n, 2n + 1 the arithmetic.
struct Cohort {
    samples: Array3<f32>,
    recording: Vec<u32>,
    channels: Vec<ChannelName>,
    rate: f64,
}

impl Cohort {
    fn read(folder: &Path) -> Outcome<Self> {
        let plan = Preprocess {
            epochs: EpochPlan::Fixed { duration: Seconds::new(2.0)?, overlap: Seconds::new(1.5)? },
            ..Preprocess::default()
        };
        let preprocessor = Preprocessor::new(plan.checked()?);
        let (mut parts, mut recording) = (Vec::new(), Vec::new());
        let (mut channels, mut rate) = (Vec::new(), 0.0);
        for (number, path) in recordings(folder)?.iter().enumerate() {
            let file = EdfFile::open(path, Strictness::Strict)?;
            let not_eeg = ["A2-A1", "ECG"].map(ChannelName::new);
            let signals: Vec<usize> = (0..file.signals().len())
                .filter(|&index| !not_eeg.contains(file.signals()[index].name()))
                .collect();
            let cut = preprocessor.run(file.recording(&signals)?, &[], None)?;
            recording.extend(vec![number as u32; cut.samples.dim().0]);
            parts.push(cut.samples);
            (channels, rate) = (cut.channels, cut.rate.get());
        }
        let views: Vec<_> = parts.iter().map(|part| part.view()).collect();
        Ok(Self { samples: concatenate(Axis(0), &views)?, recording, channels, rate })
    }

    fn is_held_out(recording: u32) -> bool {
        (recording / 2).is_multiple_of(3)
    }

    /// For the peer: the samples as they lie in memory, whose they are, and the fixed parts of the network.
    fn leave(&self, folder: &Path, model: &Model) -> Outcome<()> {
        std::fs::create_dir_all(folder)?;
        let mut file = std::io::BufWriter::new(std::fs::File::create(folder.join("epochs.f32"))?);
        for x in &self.samples {
            file.write_all(&x.to_le_bytes())?;
        }
        file.flush()?;
        let (epochs, channels, samples) = self.samples.dim();
        let facts = serde_json::json!({ "shape": [epochs, channels, samples], "recording": self.recording });
        std::fs::write(folder.join("epochs.json"), facts.to_string())?;
        model.export_weights(&folder.join("network.safetensors"))?;
        Ok(())
    }
}

fn recordings(folder: &Path) -> Outcome<Vec<PathBuf>> {
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<Outcome<_>>()?;
    files.retain(|path| path.extension().is_some_and(|ending| ending == "edf"));
    files.sort();
    let people: BTreeSet<_> =
        files.iter().filter_map(|path| path.file_stem()?.to_str()?.split('_').next()).collect();
    if people.len() < 6 || files.len() != 2 * people.len() {
        let (found, who) = (files.len(), people.len());
        let folder = folder.display();
        return Err(format!("{folder} has {found} recordings of {who} people; two of each are needed").into());
    }
    Ok(files)
}

/// The people held out: what enrols them, and the probes.
struct HeldOut {
    epochs: Array3<f32>,
    recording: Vec<u32>,
}

impl HeldOut {
    fn of(cohort: &Cohort) -> Self {
        let mut rows = Vec::new();
        let all: BTreeSet<u32> = cohort.recording.iter().copied().collect();
        for recording in all.into_iter().filter(|&recording| Cohort::is_held_out(recording)) {
            let own = (0..cohort.recording.len()).filter(|&row| cohort.recording[row] == recording);
            let kept = if recording % 2 == 0 { ENROLLED } else { usize::MAX };
            rows.extend(own.step_by(APART).take(kept));
        }
        let recording = rows.iter().map(|&row| cohort.recording[row]).collect();
        Self { epochs: cohort.samples.select(Axis(0), &rows), recording }
    }

    /// The equal error rate of every probe against everyone enrolled, by cosine.
    fn rate(&self, embed: &Embed) -> Outcome<f64> {
        let prints = embed(self.epochs.view())?;
        let rows = |wanted: u32| (0..self.recording.len()).filter(move |&r| self.recording[r] % 2 == wanted);
        let people: Vec<u32> =
            rows(0).map(|r| self.recording[r] / 2).collect::<BTreeSet<_>>().into_iter().collect();
        let mut enrolled = Array2::<f32>::zeros((people.len(), prints.ncols()));
        for row in rows(0) {
            if let Ok(at) = people.binary_search(&(self.recording[row] / 2)) {
                enrolled.slice_mut(s![at, ..]).scaled_add(1.0, &prints.row(row));
            }
        }
        for mut print in enrolled.outer_iter_mut() {
            let norm = print.dot(&print).sqrt();
            print /= norm;
        }
        let probes: Vec<usize> = rows(1).collect();
        let owners: Vec<u32> = probes.iter().map(|&row| self.recording[row] / 2).collect();
        let similarity = enrolled.dot(&prints.select(Axis(0), &probes).t());
        Ok(eer(&Scores::from_matrix(similarity.view(), &people, &owners)?).value)
    }
}

/// Looks at the people held out and stops the clock when the rate is reached.
struct Clock<'a> {
    held_out: &'a HeldOut,
    begin: Instant,
    took: Option<f64>,
    least: f64,
}

impl Clock<'_> {
    fn look(&mut self, embed: &Embed) -> Outcome<f64> {
        let rate = self.held_out.rate(embed)?;
        self.least = self.least.min(rate);
        if rate <= GOAL && self.took.is_none() {
            self.took = Some(self.begin.elapsed().as_secs_f64());
        }
        Ok(rate)
    }
}

impl Monitor for Clock<'_> {
    fn step(&mut self, _: &StepReport) -> ControlFlow<()> {
        if self.took.is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    fn dev_score(&mut self, embed: &Embed) -> Option<f64> {
        self.look(embed).ok()
    }
}

struct Bench {
    cohort: Cohort,
    held_out: HeldOut,
    learnt_from: Vec<EpochRow>,
    subject: Vec<u32>,
    recording: Vec<u32>,
    /// Every round has a seed of its own, so that no lucky start decides.
    seed: u64,
    least: f64,
}

impl Bench {
    fn new(cohort: Cohort) -> Self {
        let rows = (0..cohort.recording.len()).map(EpochRow);
        let learnt_from: Vec<EpochRow> =
            rows.filter(|row| !Cohort::is_held_out(cohort.recording[row.0])).collect();
        let recording: Vec<u32> = learnt_from.iter().map(|row| cohort.recording[row.0]).collect();
        let subject = recording.iter().map(|recording| recording / 2).collect();
        let held_out = HeldOut::of(&cohort);
        Self { cohort, held_out, learnt_from, subject, recording, seed: 0, least: 1.0 }
    }

    fn epochs(&self) -> TrainingEpochs<'_> {
        let Cohort { samples, rate, channels, .. } = &self.cohort;
        let all = TrainingEpochs::new(samples.view(), &self.subject, &self.recording, *rate, channels);
        TrainingEpochs { rows: Some(&self.learnt_from), ..all }
    }

    fn closed_form(&self) -> Outcome<Model> {
        Ok(Model::whitened(&toml::from_str::<Plan>(CLOSED_FORM)?.check()?, &self.epochs(), &Compute::cpu())?)
    }

    fn seconds_to_goal(&mut self, recipe: &str) -> Outcome<f64> {
        let mut plan: Plan = toml::from_str(recipe)?;
        plan.early_stopping.every = LOOK;
        plan.early_stopping.patience = 0;
        plan.seed = self.seed;
        let starts_whitened = plan.initialise.whitening.is_none();
        let plan = plan.check()?;
        self.seed += 1;
        let mut clock =
            Clock { held_out: &self.held_out, begin: Instant::now(), took: None, least: f64::INFINITY };
        if starts_whitened {
            let model = Model::whitened(&plan, &self.epochs(), &Compute::cpu())?;
            clock.look(&|epochs: ArrayView3<f32>| model.embed(epochs))?;
        }
        if clock.took.is_none() {
            match train(&plan, &self.epochs(), &Compute::cpu(), &mut clock) {
                Ok(_) | Err(EncoderError::Stopped { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        self.least = self.least.min(clock.least);
        Ok(clock.took.unwrap_or(f64::INFINITY))
    }

    fn run(&mut self, command: &str) -> Outcome<f64> {
        match command {
            "closed_form" => self.seconds_to_goal(CLOSED_FORM),
            "gradient" => self.seconds_to_goal(GRADIENT),
            "twin_pairs" => self.seconds_to_goal(TWIN_PAIRS),
            "least" => Ok(100.0 * self.least),
            "check" => {
                let model = self.closed_form()?;
                Ok(100.0 * self.held_out.rate(&|epochs: ArrayView3<f32>| model.embed(epochs))?)
            }
            other => Err(format!("there is no command {other:?}").into()),
        }
    }
}

fn main() -> Outcome<()> {
    let folder = std::env::args_os().nth(1).ok_or("give the folder of the eegmat recordings")?;
    let mut bench = Bench::new(Cohort::read(Path::new(&folder))?);
    if let Some(place) = std::env::var_os("TWINPRINT_BENCH") {
        bench.cohort.leave(Path::new(&place), &bench.closed_form()?)?;
    }
    println!("twinprint {}", env!("CARGO_PKG_VERSION"));
    for line in std::io::stdin().lines() {
        println!("{}", bench.run(line?.trim())?);
    }
    Ok(())
}
