//! Training one encoder: batches of twins, a loss over their pairs, AdamW.

use burn::tensor::{Device, Tensor};
use ndarray::{Array2, Axis};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};

use super::adamw::Weights;
use super::augment::Augmentation;
use super::checkpoint::{Journal, Progress, Saved, fingerprint};
use super::loss::{Twins, unit_rows};
use super::monitor::{Monitor, StepReport};
use super::sampler::{Draw, EpochIndex, Neighbours, draw};
use crate::front::Front;
use crate::member::Member;
use crate::pass::Pass;
use crate::plan::{CheckedPlan, Loss, Sampler};
use crate::seed::stream;
use crate::weights::{Bound, Parameter, of_array, read};
use crate::{EncoderError, TrainingEpochs};

/// What the training of one encoder works with.
pub(crate) struct Training<'a, 'b> {
    pub plan: &'a CheckedPlan,
    pub data: &'a TrainingEpochs<'b>,
    pub device: &'a Device,
    /// Which encoder of the ensemble, from 0.
    pub member: usize,
    pub seed: u64,
}

/// Names of parameters that belong to losses, not to the network.
const LOSS: &str = "loss.";

/// The best look at the dev subjects so far.
#[derive(Default)]
struct Best {
    score: Option<f64>,
    weights: Option<Vec<Parameter>>,
    misses: usize,
}

/// All that decides how the training of one encoder goes on.
struct State {
    /// Steps done.
    step: usize,
    finished: bool,
    weights: Weights,
    neighbours: Neighbours,
    best: Best,
}

/// A batch as the network takes it.
struct Prepared {
    draw: Draw,
    /// `[epochs, columns]`.
    input: Array2<f32>,
    /// Whom the batch may be held against, where that is not everybody.
    rivals: Option<Vec<bool>>,
}

/// Where batches come from.
struct Source<'a> {
    index: &'a EpochIndex,
    augment: Augmentation<'a>,
    front: &'a Front,
    rows: Option<&'a Array2<f32>>,
}

impl Training<'_, '_> {
    /// Trains `member` in place; `rows` are the training epochs as its network takes them, where they were kept. Goes on
    /// where `journal` left off.
    pub fn train(
        &self,
        member: &mut Member,
        rows: Option<&Array2<f32>>,
        monitor: &mut dyn Monitor,
        journal: &mut Journal,
    ) -> Result<(), EncoderError> {
        let index = EpochIndex::new(self.data);
        if self.plan.optimiser.steps() > 0 && !index.has_pairs() {
            return Err(EncoderError::data(
                "people are held against people of their own cohort, and no cohort has two: give more people, or write optimiser.steps = 0",
            ));
        }
        let dim = self.plan.architecture.dim(member.front.shape());
        let parameters = self.parameters(member, dim, index.subjects());
        if let Some(parameters) = journal.done(self.member, &parameters)? {
            journal.finish(&parameters);
            member.parameters = parameters;
            return Ok(());
        }
        let fingerprint = fingerprint(self.data, &member.front);
        let mut state = State {
            step: 0,
            finished: self.plan.optimiser.steps() == 0,
            weights: Weights::new(parameters, &self.plan.optimiser, self.device),
            neighbours: Neighbours::new(index.subjects(), dim),
            best: Best::default(),
        };
        if let Some(saved) = journal.take(self.member) {
            saved.check(&fingerprint)?;
            state.restore(&saved, self.device)?;
        }
        let steps = &self.plan.batch.augment;
        let augment = Augmentation::new(steps, self.data.channels, self.data.rate, "batch.augment")?;
        let source = Source { index: &index, augment, front: &member.front, rows };
        self.steps(&mut state, &source, member, monitor, journal, &fingerprint)?;
        member.parameters = match state.best.weights {
            Some(weights) => weights,
            None => state.weights.snapshot()?,
        };
        journal.finish(&member.parameters);
        Ok(())
    }

    /// Takes the steps that are left. The next batch is read and prepared while a step computes, except where it depends on
    /// the outcome of the step.
    fn steps(
        &self,
        state: &mut State,
        source: &Source,
        member: &Member,
        monitor: &mut dyn Monitor,
        journal: &mut Journal,
        fingerprint: &str,
    ) -> Result<(), EncoderError> {
        let plan = self.plan;
        let steps = plan.optimiser.steps();
        let last = monitor.stop_after(self.member).unwrap_or(steps).min(steps);
        let ahead = plan.batch.sampler != Sampler::HardNegatives;
        let nobody = Neighbours::new(0, 0);
        let mut next = None;
        while !state.finished {
            let step = state.step;
            let batch = match next.take() {
                Some(prepared) => prepared,
                None => self.prepare(step, source, &state.neighbours)?,
            };
            let outcome = if ahead && step + 1 < last {
                let (outcome, prepared) = rayon::join(
                    || self.step(state, batch, member),
                    || self.prepare(step + 1, source, &nobody),
                );
                next = Some(prepared?);
                outcome
            } else {
                self.step(state, batch, member)
            };
            let (loss, gradient_norm) = outcome?;
            state.step += 1;
            let dev_score = self.look(state, member, monitor)?;
            let report = StepReport {
                member: self.member,
                step: state.step,
                steps,
                loss,
                learning_rate: plan.optimiser.rate(step),
                gradient_norm,
                dev_score,
            };
            journal.report(&report);
            let patience = plan.early_stopping.patience;
            state.finished = state.step >= last || (patience > 0 && state.best.misses >= patience);
            if journal.is_due(state.step) || (state.finished && journal.is_kept()) {
                self.write(state, journal, fingerprint)?;
            }
            if monitor.step(&report).is_break() {
                return Err(EncoderError::Stopped { step: state.step, steps });
            }
        }
        Ok(())
    }

    fn write(&self, state: &State, journal: &Journal, fingerprint: &str) -> Result<(), EncoderError> {
        let (mut tensors, times) = state.weights.capture()?;
        tensors.extend(state.neighbours.capture());
        for parameter in state.best.weights.iter().flatten() {
            let name = format!("best.{}", parameter.name);
            tensors.push(Parameter { name, ..parameter.clone() });
        }
        let progress = Progress {
            member: self.member,
            step: state.step,
            finished: state.finished,
            fingerprint: fingerprint.to_owned(),
            times,
            best: state.best.score.map(f64::to_bits),
            misses: state.best.misses,
        };
        journal.write(progress, tensors)
    }

    /// The network's parameters and those of the losses.
    fn parameters(&self, member: &Member, dim: usize, classes: usize) -> Vec<Parameter> {
        let mut rng = stream(self.seed, "loss");
        let mut parameters = member.parameters.clone();
        parameters.extend(self.plan.loss.parameters(LOSS, dim, classes, &mut rng));
        for (prefix, loss, _) in self.auxiliary() {
            parameters.extend(loss.parameters(&prefix, dim, classes, &mut rng));
        }
        parameters
    }

    /// The losses added to the plan's first, with the prefix of their parameters and their weight.
    fn auxiliary(&self) -> impl Iterator<Item = (String, &Loss, f64)> {
        let others = self.plan.auxiliary.iter().enumerate();
        others.map(|(i, other)| (format!("{LOSS}auxiliary.{i}."), &other.loss, other.weight))
    }

    /// Batch `step`: drawn, gathered, augmented, and made into virtual subjects.
    fn prepare(
        &self,
        step: usize,
        source: &Source,
        neighbours: &Neighbours,
    ) -> Result<Prepared, EncoderError> {
        // Every step has its own stream, so that a run can be taken up again at any of them.
        let mut rng = stream(self.seed, &format!("batch/{step}"));
        let draw = draw(&self.plan.batch, source.index, neighbours, &mut rng);
        let input = self.input(&draw, source, &mut rng)?;
        let rivals = draw.subject.first().and_then(|&subject| source.index.rivals(subject));
        Ok(Prepared { draw, input, rivals })
    }

    fn input(
        &self,
        batch: &Draw,
        source: &Source,
        rng: &mut ChaCha8Rng,
    ) -> Result<Array2<f32>, EncoderError> {
        let mut input = match source.rows {
            Some(rows) if source.augment.is_empty() => rows.select(Axis(0), &batch.rows),
            _ => {
                let mut epochs = self.data.gather(&batch.rows);
                source.augment.apply(epochs.view_mut(), rng);
                source.front.rows(epochs.view())?
            }
        };
        let deviation = self.plan.virtual_subjects() as f32;
        if deviation > 0.0 {
            let slots = batch.slot.last().map_or(0, |slot| slot + 1);
            let shift = Array2::from_shape_simple_fn((slots, input.ncols()), || {
                let x: f32 = StandardNormal.sample(rng);
                deviation * x
            });
            for (mut row, &slot) in input.outer_iter_mut().zip(&batch.slot) {
                row += &shift.row(slot);
            }
        }
        Ok(input)
    }

    /// Takes one step: returns the loss and the gradient's norm.
    fn step(&self, state: &mut State, batch: Prepared, member: &Member) -> Result<(f64, f64), EncoderError> {
        let Prepared { draw: batch, input, rivals } = batch;
        let State { step, weights, neighbours, .. } = state;
        let leaves = weights.leaves();
        let mut pass = Pass::new(true);
        let virtual_subjects = self.plan.virtual_subjects() > 0.0;
        let (value, prints) = {
            let bound = Bound::new(&weights.parameters, &leaves);
            let input = of_array(input, self.device);
            let out = self.plan.architecture.forward(member.front.shape(), input, &bound, &mut pass)?;
            let class = if virtual_subjects { &batch.slot } else { &batch.subject };
            let (pairs, rivals) = (batch.pairs.as_deref(), rivals.as_deref());
            let twins = Twins { prints: unit_rows(out), class, pairs, rivals };
            (self.loss(&twins, &bound)?, twins.prints)
        };
        let loss = f64::from(read(value.clone().inner())?.first().copied().unwrap_or(f32::NAN));
        if !loss.is_finite() {
            let remedy = "lower optimiser.learning_rate or set optimiser.clip";
            return Err(EncoderError::Diverged { step: *step + 1, loss, remedy });
        }
        if self.plan.batch.sampler == Sampler::HardNegatives {
            neighbours.update(&batch.subject, &read(prints.inner())?);
        }
        let norm = weights.step(*step, &leaves, value.backward())?;
        for (name, values) in pass.updates {
            weights.set(&name, values, self.device);
        }
        Ok((loss, norm))
    }

    fn loss(&self, twins: &Twins, bound: &Bound) -> Result<Tensor<1>, EncoderError> {
        let mut total = self.plan.loss.value(LOSS, twins, bound)?.mul_scalar(1.0);
        for (prefix, loss, weight) in self.auxiliary() {
            total = total + loss.value(&prefix, twins, bound)?.mul_scalar(weight);
        }
        Ok(total)
    }

    /// Asks for the score of the dev subjects where it is time to.
    fn look(
        &self,
        state: &mut State,
        member: &Member,
        monitor: &mut dyn Monitor,
    ) -> Result<Option<f64>, EncoderError> {
        let every = self.plan.early_stopping.every;
        let done = state.step;
        if every == 0 || (!done.is_multiple_of(every) && done != self.plan.optimiser.steps()) {
            return Ok(None);
        }
        let parameters = state.weights.snapshot()?;
        let current = Member { front: member.front.clone(), parameters };
        let score = monitor.dev_score(&|epochs| current.embed(self.plan, epochs, self.device));
        if let Some(score) = score {
            let best = &mut state.best;
            if best.score.is_none_or(|least| score < least) {
                *best = Best { score: Some(score), weights: Some(current.parameters), misses: 0 };
            } else {
                best.misses += 1;
            }
        }
        Ok(score)
    }
}

impl State {
    fn restore(&mut self, saved: &Saved, device: &Device) -> Result<(), EncoderError> {
        let progress = &saved.progress;
        self.step = progress.step;
        self.finished = progress.finished;
        self.weights.restore(&progress.times, device, |name, shape| saved.values(name, shape))?;
        self.neighbours.restore(|name, shape| saved.values(name, shape))?;
        self.best.score = progress.best.map(f64::from_bits);
        self.best.misses = progress.misses;
        if self.best.score.is_some() {
            self.best.weights = Some(saved.parameters("best", &self.weights.parameters)?);
        }
        Ok(())
    }
}
