//! How the shared network is learnt: Siamese, one cohort a step, pairs across a person's recordings or the halves of one.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use burn::tensor::Tensor;
use ndarray::Array2;
use rand::RngExt;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use super::adamw::Weights;
use super::augment::Augmentation;
use super::checkpoint::{Journal, Progress, fingerprint_of_cohorts};
use super::loss::{Twins, unit_rows};
use super::monitor::{Monitor, StepReport};
use super::sampler::pick;
use crate::compute::Compute;
use crate::head::Head;
use crate::joined::{JoinedFeatures, LearntNetwork, Scene, seed, signals};
use crate::net::{linear, linear_parameters};
use crate::pass::Pass;
use crate::plan::{CheckedPlan, Joined, Optimiser, SharedConv, SupCon};
use crate::seed::stream;
use crate::weights::{Bound, Parameter, of_array, read};
use crate::{EncoderError, TrainingEpochs};

/// Names of the parameters of a cohort's own layer.
const HEAD: &str = "cohort";

impl JoinedFeatures {
    /// Learns the plan's networks from cohorts, each with channels of its own. People of one cohort are held against people of
    /// the same cohort only, so that nothing is learnt of what tells amplifiers apart.
    ///
    /// The prints of an encoder that they are joined to are honest for people of none of these cohorts, and for people of
    /// them who were left out here.
    ///
    /// # Errors
    /// When no cohort has two people with two epochs each, rates differ, epochs are too short for the kernels, channels have no place
    /// that is asked for, the loss is no longer finite, or the monitor asks to stop.
    pub fn learn(
        plan: &CheckedPlan,
        cohorts: &[TrainingEpochs],
        device: &Compute,
        monitor: &mut dyn Monitor,
    ) -> Result<Self, EncoderError> {
        Self::learn_with(plan, cohorts, device, monitor, None)
    }

    /// [`JoinedFeatures::learn`] with a checkpoint in `folder` after every `checkpoint_every` steps of the plan: where one is found,
    /// learning goes on from it, and gives the same networks, to the bit, as if it had never stopped. The monitor hears of the steps
    /// done before once more. The caller deletes the folder when the networks are safe.
    ///
    /// # Errors
    /// As [`JoinedFeatures::learn`]; and when a checkpoint cannot be written, is damaged, or is of another plan or other epochs.
    pub fn learn_resumable(
        plan: &CheckedPlan,
        cohorts: &[TrainingEpochs],
        device: &Compute,
        monitor: &mut dyn Monitor,
        folder: &Path,
    ) -> Result<Self, EncoderError> {
        Self::learn_with(plan, cohorts, device, monitor, Some(folder))
    }

    fn learn_with(
        plan: &CheckedPlan,
        cohorts: &[TrainingEpochs],
        device: &Compute,
        monitor: &mut dyn Monitor,
        folder: Option<&Path>,
    ) -> Result<Self, EncoderError> {
        let mut journal = Journal::open(folder, plan)?;
        journal.replay(monitor)?;
        let fingerprint = folder.map(|_| fingerprint_of_cohorts(cohorts)).unwrap_or_default();
        let mut networks = Vec::with_capacity(plan.joined.len());
        for (index, Joined::SharedConv(settings)) in plan.joined.iter().enumerate() {
            let training = JoinedTraining { plan: settings, cohorts, seed: seed(plan, index), index, device };
            networks.push(Arc::new(training.fit(monitor, &mut journal, &fingerprint)?));
        }
        Ok(Self::of(networks))
    }
}

/// What the training of the shared network works with.
struct JoinedTraining<'a, 'b> {
    pub plan: &'a SharedConv,
    /// The cohorts, each with its own channels. People of one are never held against people of another: that would teach
    /// what tells amplifiers apart.
    pub cohorts: &'a [TrainingEpochs<'b>],
    pub seed: u64,
    /// Which of the plan's networks, from 0.
    pub index: usize,
    pub device: &'a Compute,
}

/// A cohort as batches are drawn from it.
struct Source<'a, 'b> {
    data: &'a TrainingEpochs<'b>,
    augment: Augmentation<'a>,
    /// What is known of the places of its channels, where the network asks.
    places: Option<Array2<f32>>,
    /// For each person, the parts that one window each is drawn from: recordings, or the halves of a single one.
    people: Vec<Vec<Vec<usize>>>,
}

impl<'a, 'b> Source<'a, 'b> {
    fn new(plan: &'a SharedConv, data: &'a TrainingEpochs<'b>) -> Result<Self, EncoderError> {
        let augment = Augmentation::new(&plan.augment, data.channels, data.rate, "joined.augment")?;
        let places =
            plan.positions.then(|| Head::of(data.channels, "joined.positions").map(|head| head.places()));
        let mut by: BTreeMap<u32, BTreeMap<u32, Vec<usize>>> = BTreeMap::new();
        for (row, (&subject, &recording)) in data.subject.iter().zip(data.recording).enumerate() {
            by.entry(subject).or_default().entry(recording).or_default().push(row);
        }
        let parts = |recordings: BTreeMap<u32, Vec<usize>>| {
            let mut parts: Vec<Vec<usize>> = recordings.into_values().collect();
            if let [only] = parts.as_mut_slice() {
                let later = only.split_off(only.len() / 2);
                parts.push(later);
            }
            parts.retain(|part| !part.is_empty());
            parts
        };
        let people = by.into_values().map(parts).filter(|parts| parts.len() > 1).collect();
        Ok(Self { data, augment, places: places.transpose()?, people })
    }

    /// How often it is learnt from beside the others: as it has people, times its weight.
    fn share(&self) -> f64 {
        self.people.len() as f64 * self.data.weight.first().map_or(1.0, |&weight| f64::from(weight))
    }

    /// Two windows of each of some people, neighbours in the list: rows of the cohort's epochs.
    fn draw(&self, people: usize, rng: &mut ChaCha8Rng) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.people.len()).collect();
        order.shuffle(rng);
        let mut rows = Vec::with_capacity(2 * people);
        for &person in order.iter().take(people) {
            let parts = &self.people[person];
            let first = rng.random_range(0..parts.len() as u64) as usize;
            let second = (first + 1 + rng.random_range(0..parts.len() as u64 - 1) as usize) % parts.len();
            for part in [&parts[first], &parts[second]] {
                rows.push(part[rng.random_range(0..part.len() as u64) as usize]);
            }
        }
        rows
    }
}

impl<'a, 'b> JoinedTraining<'a, 'b> {
    /// Learns the network; goes on where `journal` left off.
    pub fn fit(
        &self,
        monitor: &mut dyn Monitor,
        journal: &mut Journal,
        fingerprint: &str,
    ) -> Result<LearntNetwork, EncoderError> {
        let plan = self.plan;
        let sources = self.sources()?;
        let shares: Vec<f64> = sources.iter().map(Source::share).collect();
        let mut rng = stream(self.seed, "joined/weights");
        let own = plan.parameters(self.cohorts[0].rate, &mut rng);
        journal.check(fingerprint)?;
        if let Some(parameters) = journal.done(self.index, &own)? {
            journal.finish(&parameters);
            return Ok(self.learnt(parameters));
        }
        let mut parameters = own;
        for (cohort, source) in sources.iter().enumerate() {
            let width = source.data.shape().1 * plan.dim;
            parameters.extend(linear_parameters(&format!("{HEAD}{cohort}"), width, plan.head, &mut rng));
        }
        let optimiser = Optimiser {
            steps: Some(plan.steps),
            learning_rate: plan.learning_rate,
            weight_decay: plan.weight_decay,
            ..Optimiser::default()
        };
        let device = self.device.device();
        let mut weights = Weights::new(parameters, &optimiser, device);
        let mut first = 0;
        if let Some(saved) = journal.take(self.index) {
            weights.restore(&saved.progress.times, device, |name, shape| saved.values(name, shape))?;
            first = saved.progress.step;
        }
        for step in first..plan.steps {
            let mut rng = stream(self.seed, &format!("joined/step/{step}"));
            let cohort = pick(&shares, &mut rng);
            let leaves = weights.leaves();
            let mut pass = Pass::new(true);
            let value = {
                let bound = Bound::new(&weights.parameters, &leaves);
                self.loss(&sources[cohort], cohort, &bound, &mut pass, &mut rng)?
            };
            let loss = f64::from(read(value.clone().inner())?.first().copied().unwrap_or(f32::NAN));
            if !loss.is_finite() {
                let remedy = "lower joined.learning_rate";
                return Err(EncoderError::Diverged { step: step + 1, loss, remedy });
            }
            let gradient_norm = weights.step(step, &leaves, value.backward())?;
            for (name, values) in pass.updates {
                weights.set(&name, values, device);
            }
            let report = StepReport {
                member: self.index,
                step: step + 1,
                steps: plan.steps,
                loss,
                learning_rate: optimiser.rate(step),
                gradient_norm,
                dev_score: None,
            };
            journal.report(&report);
            let finished = step + 1 == plan.steps;
            if journal.is_due(step + 1) || (finished && journal.is_kept()) {
                let (tensors, times) = weights.capture()?;
                let fingerprint = fingerprint.to_owned();
                let progress = Progress {
                    member: self.index,
                    step: step + 1,
                    finished,
                    fingerprint,
                    times,
                    ..Progress::default()
                };
                journal.write(progress, tensors)?;
            }
            if monitor.step(&report).is_break() {
                return Err(EncoderError::Stopped { step: step + 1, steps: plan.steps });
            }
        }
        let mut parameters: Vec<Parameter> = weights.snapshot()?;
        parameters.retain(|parameter| !parameter.name.starts_with(HEAD));
        journal.finish(&parameters);
        Ok(self.learnt(parameters))
    }

    fn learnt(&self, parameters: Vec<Parameter>) -> LearntNetwork {
        LearntNetwork { plan: self.plan.clone(), parameters, device: self.device.device().clone() }
    }

    /// The cohorts, each with people to hold against one another.
    fn sources(&self) -> Result<Vec<Source<'a, 'b>>, EncoderError> {
        for data in self.cohorts {
            data.check()?;
            let ((_, _, samples), shortest) = (data.shape(), self.plan.shortest());
            if samples < shortest {
                return Err(EncoderError::data(format!(
                    "epochs of {samples} samples are too short for joined.stride and joined.kernels, which need {shortest}: cut longer epochs or take fewer layers"
                )));
            }
            if data.rate != self.cohorts[0].rate {
                return Err(EncoderError::data(format!(
                    "cohorts come at {} Hz and at {} Hz, and kernels are counted in samples: write one preprocess.resample for all",
                    self.cohorts[0].rate, data.rate
                )));
            }
        }
        let sources =
            self.cohorts.iter().map(|data| Source::new(self.plan, data)).collect::<Result<Vec<_>, _>>()?;
        match sources.iter().all(|source| source.people.len() > 1) && !sources.is_empty() {
            true => Ok(sources),
            false => Err(EncoderError::data(
                "the learnt features of encoder.joined need two people or more in every cohort, with two epochs or more each",
            )),
        }
    }

    fn loss(
        &self,
        source: &Source,
        cohort: usize,
        bound: &Bound,
        pass: &mut Pass,
        rng: &mut ChaCha8Rng,
    ) -> Result<Tensor<1>, EncoderError> {
        let plan = self.plan;
        let rows = source.draw(plan.people, rng);
        let mut epochs = source.data.gather(&rows);
        source.augment.apply(epochs.view_mut(), rng);
        let input = signals(epochs.view(), plan.clip as f32);
        let n = input.nrows();
        let (count, channels) = (rows.len(), source.data.shape().1);
        let kept = 1.0 / (1.0 - plan.dropout as f32);
        let mask = Array2::from_shape_simple_fn((n, 1), || {
            if rng.random::<f32>() < plan.dropout as f32 { 0.0 } else { kept }
        });
        let device = self.device.device();
        let places = source.places.as_ref().map(|places| of_array(places.clone(), device));
        let scene = Scene { channels, places, kept: Some(mask.clone()) };
        let features = plan.forward(of_array(input, device), &scene, bound, pass)?;
        let features = (features * of_array(mask, device)).reshape([count, channels * plan.dim]);
        let prints = unit_rows(linear(bound, &format!("{HEAD}{cohort}"), features)?);
        let class: Vec<usize> = (0..count).map(|row| row / 2).collect();
        Ok(SupCon { temperature: plan.temperature }.value(&Twins {
            prints,
            class: &class,
            pairs: None,
            rivals: None,
        }))
    }
}
