//! Training one encoder: batches of twins, a loss over their pairs, AdamW.

use burn::tensor::{Device, Tensor};
use ndarray::{Array2, Array3, Axis};
use rand_distr::{Distribution, StandardNormal};

use crate::architecture::Pass;
use crate::loss::{Twins, unit_rows};
use crate::member::{Front, Member};
use crate::monitor::{Monitor, StepReport};
use crate::optimiser::Weights;
use crate::plan::Plan;
use crate::sampler::{Draw, EpochIndex, Neighbours, draw};
use crate::seed::stream;
use crate::weights::{Bound, Parameter, matrix, read};
use crate::{EncoderError, TrainingEpochs};

/// What a training run works with.
pub(crate) struct Run<'a, 'b> {
    pub plan: &'a Plan,
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

impl Run<'_, '_> {
    /// Trains `member` in place; `rows` are the training epochs as its network takes them, where they were kept.
    pub fn train(
        &self,
        member: &mut Member,
        rows: Option<&Array2<f32>>,
        monitor: &mut dyn Monitor,
    ) -> Result<(), EncoderError> {
        let plan = self.plan;
        let index = EpochIndex::new(self.data.subject, self.data.recording);
        let dim = plan.architecture.dim(member.front.shape());
        let mut neighbours = Neighbours::new(index.subjects(), dim);
        let mut weights =
            Weights::new(self.parameters(member, dim, index.subjects()), &plan.optimiser, self.device);
        let mut best = Best::default();
        for step in 0..plan.optimiser.steps {
            // Every step has its own stream, so that a run can be taken up again at any of them.
            let mut rng = stream(self.seed, &format!("batch/{step}"));
            let batch = draw(&plan.batch, &index, &neighbours, &mut rng);
            let input = self.input(&batch, &member.front, rows, &mut rng);
            let (loss, norm) = self.step(step, &batch, input, member, &mut weights, &mut neighbours)?;
            let dev_score = self.look(step + 1, member, &weights, &mut best, monitor)?;
            let report = StepReport {
                member: self.member,
                step: step + 1,
                steps: plan.optimiser.steps,
                loss,
                learning_rate: plan.optimiser.rate(step),
                gradient_norm: norm,
                dev_score,
            };
            if monitor.step(&report).is_break() {
                return Err(EncoderError::Stopped { step: step + 1, steps: plan.optimiser.steps });
            }
            let patience = plan.early_stopping.patience;
            if patience > 0 && best.misses >= patience {
                break;
            }
        }
        let last = match best.weights {
            Some(weights) => weights,
            None => weights.snapshot()?,
        };
        member.parameters = last;
        Ok(())
    }

    /// The network's parameters and those of the losses.
    fn parameters(&self, member: &Member, dim: usize, classes: usize) -> Vec<Parameter> {
        let mut rng = stream(self.seed, "loss");
        let mut parameters = member.parameters.clone();
        for (prefix, loss, _) in self.losses() {
            parameters.extend(loss.parameters(&prefix, dim, classes, &mut rng));
        }
        parameters
    }

    /// All losses with the prefix of their parameters and their weight.
    fn losses(&self) -> impl Iterator<Item = (String, &crate::loss::Loss, f64)> {
        let others = self.plan.auxiliary.iter().enumerate();
        std::iter::once((LOSS.to_owned(), &self.plan.loss, 1.0))
            .chain(others.map(|(i, other)| (format!("{LOSS}auxiliary.{i}."), &other.loss, other.weight)))
    }

    /// The batch as the network takes it: gathered, augmented, and made into virtual subjects.
    fn input(
        &self,
        batch: &Draw,
        front: &Front,
        rows: Option<&Array2<f32>>,
        rng: &mut rand_chacha::ChaCha8Rng,
    ) -> Array2<f32> {
        let augment = &self.plan.batch.augment;
        let mut input = match rows {
            Some(rows) if augment.is_empty() => rows.select(Axis(0), &batch.rows),
            _ => {
                let (_, channels, samples) = self.data.samples.dim();
                let mut epochs = Array3::zeros((batch.rows.len(), channels, samples));
                for (mut epoch, &row) in epochs.outer_iter_mut().zip(&batch.rows) {
                    epoch.assign(&self.data.samples.index_axis(Axis(0), row));
                    augment.iter().for_each(|step| step.apply(epoch.view_mut(), self.data.rate, rng));
                }
                front.rows(epochs.view())
            }
        };
        let deviation = self.plan.batch.virtual_subjects.unwrap_or(0.0) as f32;
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
        input
    }

    /// One step: returns the loss and the gradient's norm.
    fn step(
        &self,
        step: usize,
        batch: &Draw,
        input: Array2<f32>,
        member: &Member,
        weights: &mut Weights,
        neighbours: &mut Neighbours,
    ) -> Result<(f64, f64), EncoderError> {
        let leaves = weights.leaves();
        let mut pass = Pass::new(true);
        let virtual_subjects = self.plan.batch.virtual_subjects.unwrap_or(0.0) > 0.0;
        let (value, prints) = {
            let bound = Bound::new(&weights.parameters, &leaves);
            let (n, width) = input.dim();
            let input = matrix(input.into_raw_vec_and_offset().0, n, width, self.device);
            let out = self.plan.architecture.forward(member.front.shape(), input, &bound, &mut pass)?;
            let class = if virtual_subjects { &batch.slot } else { &batch.subject };
            let twins = Twins { prints: unit_rows(out), class, pairs: batch.pairs.as_deref() };
            (self.loss(&twins, &bound)?, twins.prints)
        };
        let loss = f64::from(read(value.clone().inner())?.first().copied().unwrap_or(f32::NAN));
        if !loss.is_finite() {
            return Err(EncoderError::Diverged { step: step + 1, loss });
        }
        if self.plan.batch.sampler == crate::plan::Sampler::HardNegatives {
            neighbours.update(&batch.subject, &read(prints.inner())?);
        }
        let norm = weights.step(step, &leaves, value.backward())?;
        for (name, values) in pass.updates {
            weights.set(&name, values, self.device);
        }
        Ok((loss, norm))
    }

    fn loss(&self, twins: &Twins, bound: &Bound) -> Result<Tensor<1>, EncoderError> {
        let mut total: Option<Tensor<1>> = None;
        for (prefix, loss, weight) in self.losses() {
            let value = loss.value(&prefix, twins, bound)?.mul_scalar(weight);
            total = Some(match total {
                Some(sum) => sum + value,
                None => value,
            });
        }
        total.ok_or_else(|| EncoderError::Compute("there is no loss".to_owned()))
    }

    /// Asks for the score of the dev subjects where it is time to.
    fn look(
        &self,
        done: usize,
        member: &Member,
        weights: &Weights,
        best: &mut Best,
        monitor: &mut dyn Monitor,
    ) -> Result<Option<f64>, EncoderError> {
        let every = self.plan.early_stopping.every;
        if every == 0 || (!done.is_multiple_of(every) && done != self.plan.optimiser.steps) {
            return Ok(None);
        }
        let parameters = weights.snapshot()?;
        let current = Member { front: member.front.clone(), parameters };
        let score = monitor.dev_score(&|epochs| current.embed(self.plan, epochs, self.device));
        if let Some(score) = score {
            if best.score.is_none_or(|least| score < least) {
                *best = Best { score: Some(score), weights: Some(current.parameters), misses: 0 };
            } else {
                best.misses += 1;
            }
        }
        Ok(score)
    }
}
