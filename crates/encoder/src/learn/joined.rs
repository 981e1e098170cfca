//! How the shared network is learnt: Siamese, one cohort a step, pairs across a person's recordings or the halves of one.

use std::collections::BTreeMap;
use std::sync::Arc;

use burn::tensor::Tensor;
use ndarray::Array2;
use rand::RngExt;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use super::adamw::Weights;
use super::loss::{Twins, unit_rows};
use super::monitor::{Monitor, StepReport};
use crate::compute::Compute;
use crate::joined::{JoinedFeatures, LearntNetwork, seed, signals};
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
    /// When no cohort has two people with two epochs each, rates differ, epochs are too short for the kernels, the loss is no
    /// longer finite, or the monitor asks to stop.
    pub fn learn(
        plan: &CheckedPlan,
        cohorts: &[TrainingEpochs],
        device: &Compute,
        monitor: &mut dyn Monitor,
    ) -> Result<Self, EncoderError> {
        let networks = plan.joined.iter().enumerate().map(|(index, Joined::SharedConv(settings))| {
            let training = JoinedTraining { plan: settings, cohorts, seed: seed(plan, index), index, device };
            training.fit(monitor).map(Arc::new)
        });
        networks.collect::<Result<_, _>>().map(Self)
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
    /// For each person, the parts that one window each is drawn from: recordings, or the halves of a single one.
    people: Vec<Vec<Vec<usize>>>,
}

impl<'a, 'b> Source<'a, 'b> {
    fn new(data: &'a TrainingEpochs<'b>) -> Self {
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
        Self { data, people }
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
    /// Learns the network.
    pub fn fit(&self, monitor: &mut dyn Monitor) -> Result<LearntNetwork, EncoderError> {
        let plan = self.plan;
        let sources = self.sources()?;
        let mut rng = stream(self.seed, "joined/weights");
        let mut parameters = plan.parameters(&mut rng);
        for (cohort, source) in sources.iter().enumerate() {
            let width = source.data.shape().1 * plan.dim;
            parameters.extend(linear_parameters(&format!("{HEAD}{cohort}"), width, plan.head, &mut rng));
        }
        let optimiser = Optimiser {
            steps: plan.steps,
            learning_rate: plan.learning_rate,
            weight_decay: plan.weight_decay,
            ..Optimiser::default()
        };
        let mut weights = Weights::new(parameters, &optimiser, self.device.device());
        for step in 0..plan.steps {
            let mut rng = stream(self.seed, &format!("joined/step/{step}"));
            let cohort = pick(&sources, &mut rng);
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
                weights.set(&name, values, self.device.device());
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
            if monitor.step(&report).is_break() {
                return Err(EncoderError::Stopped { step: step + 1, steps: plan.steps });
            }
        }
        let mut parameters: Vec<Parameter> = weights.snapshot()?;
        parameters.retain(|parameter| !parameter.name.starts_with(HEAD));
        let device = self.device.device().clone();
        Ok(LearntNetwork { plan: plan.clone(), parameters, device })
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
        let sources: Vec<Source> = self.cohorts.iter().map(Source::new).collect();
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
        let epochs = source.data.gather(&rows);
        let input = signals(epochs.view(), plan.clip as f32);
        let n = input.nrows();
        let x = of_array(input, self.device.device());
        let features = plan.forward(x, bound, pass)?;
        let kept = 1.0 / (1.0 - plan.dropout as f32);
        let (count, channels) = (rows.len(), source.data.shape().1);
        let mask = Array2::from_shape_simple_fn((n, 1), || {
            if rng.random::<f32>() < plan.dropout as f32 { 0.0 } else { kept }
        });
        let mask = of_array(mask, self.device.device());
        let features = (features * mask).reshape([count, channels * plan.dim]);
        let prints = unit_rows(linear(bound, &format!("{HEAD}{cohort}"), features)?);
        let class: Vec<usize> = (0..count).map(|row| row / 2).collect();
        Ok(SupCon { temperature: plan.temperature }.value(&Twins { prints, class: &class, pairs: None }))
    }
}

/// A cohort, as likely as it has people, times its weight.
fn pick(sources: &[Source], rng: &mut ChaCha8Rng) -> usize {
    let share = |source: &Source| {
        source.people.len() as f64 * source.data.weight.first().map_or(1.0, |&weight| f64::from(weight))
    };
    let mut place = rng.random::<f64>() * sources.iter().map(share).sum::<f64>();
    for (cohort, source) in sources.iter().enumerate() {
        place -= share(source);
        if place < 0.0 {
            return cohort;
        }
    }
    sources.len().saturating_sub(1)
}
