//! How attention over epochs is learnt between the training people: parts of them, what a step compares, and the loss.

use burn::tensor::activation::softplus;
use burn::tensor::{Device, Tensor};
use ndarray::{Array2, Axis};
use rand::RngExt;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use super::{FittedAttention, lengths};
use crate::data::Excerpt;
use crate::front::{CHUNK, Front};
use crate::learn::{Journal, Monitor, StepReport, Weights, unit_rows};
use crate::plan::{Attention, CheckedPlan, Optimiser};
use crate::seed::stream;
use crate::weights::{Bound, Parameter, of_array, read};
use crate::{EncoderError, TrainingEpochs};

/// Consecutive epochs of a template while it is learnt: half a minute of epochs of two seconds.
const TEMPLATE: usize = 15;
/// Consecutive epochs of a longer probe.
const PROBE: usize = 5;
/// Longer probes, and probes of one epoch, of each recording in a step.
const PROBES: (usize, usize) = (12, 24);
/// At most so many epochs of a recording are learnt from: eight minutes of epochs of two seconds.
const EPOCHS: usize = 240;
/// The logarithm of the scale and the offset that make a cosine the logit of "the same person", where they start.
const LOGIT: (f32, f32) = (2.3, -2.5);

/// People whom an encoder was fitted without.
struct Part {
    /// Standardised features of their epochs, as the encoder that is kept gives them: `[epochs, features]`.
    features: Array2<f32>,
    /// Their unit prints by the encoder that was fitted without them: `[epochs, dim]`.
    prints: Array2<f32>,
    /// Person, recording, and the places of the recording's epochs in order of time.
    recordings: Vec<(u32, u32, Vec<usize>)>,
    /// The cohort of each recording, and how much it counts.
    cohorts: Vec<(u32, f32)>,
}

/// What the training of the attention works with.
pub(crate) struct AttentionTraining<'a, 'b> {
    pub plan: &'a CheckedPlan,
    pub attention: &'a Attention,
    pub data: &'a TrainingEpochs<'b>,
    /// The front end of the encoder that is kept.
    pub front: &'a Front,
    pub device: &'a Device,
}

impl AttentionTraining<'_, '_> {
    /// Learns from the training people; `prints` fits an encoder to the first epochs and gives unit prints of the second. What
    /// `journal` knows to be done is not done again.
    pub fn fit(
        &self,
        prints: impl Fn(&TrainingEpochs, &TrainingEpochs) -> Result<Array2<f32>, EncoderError>,
        monitor: &mut dyn Monitor,
        journal: &mut Journal,
    ) -> Result<FittedAttention, EncoderError> {
        let expected = self.parameters();
        if let Some(parameters) = journal.done(self.plan.ensemble, &expected)? {
            return Ok(FittedAttention { parameters });
        }
        let parts = self.parts(prints)?;
        let seed = self.plan.seed;
        let optimiser = Optimiser {
            steps: Some(self.attention.steps),
            learning_rate: self.attention.learning_rate,
            weight_decay: self.attention.weight_decay,
            ..Optimiser::default()
        };
        let mut parameters = expected;
        parameters.push(Parameter::filled("logit.scale", &[1], LOGIT.0));
        parameters.push(Parameter::filled("logit.offset", &[1], LOGIT.1));
        let mut weights = Weights::new(parameters, &optimiser, self.device);
        for step in 0..self.attention.steps {
            let mut rng = stream(seed, &format!("attention/step/{step}"));
            let part = &parts[rng.random_range(0..parts.len() as u64) as usize];
            let leaves = weights.leaves();
            let value = {
                let bound = Bound::new(&weights.parameters, &leaves);
                self.loss(&Draw::new(part, &mut rng), part, &bound, &mut rng)?
            };
            let loss = f64::from(read(value.clone().inner())?.first().copied().unwrap_or(f32::NAN));
            if !loss.is_finite() {
                let remedy = "lower attention.learning_rate or attention.weight_decay";
                return Err(EncoderError::Diverged { step: step + 1, loss, remedy });
            }
            let gradient_norm = weights.step(step, &leaves, value.backward())?;
            let report = StepReport {
                member: self.plan.ensemble,
                step: step + 1,
                steps: self.attention.steps,
                loss,
                learning_rate: optimiser.rate(step),
                gradient_norm,
                dev_score: None,
            };
            journal.report(&report);
            if monitor.step(&report).is_break() {
                return Err(EncoderError::Stopped { step: step + 1, steps: self.attention.steps });
            }
        }
        let mut parameters = weights.snapshot()?;
        parameters.retain(|parameter| parameter.name.starts_with("attention."));
        Ok(FittedAttention { parameters })
    }

    fn parameters(&self) -> Vec<Parameter> {
        let rng = &mut stream(self.plan.seed, "attention/weights");
        self.attention.parameters(self.front.shape().samples, rng)
    }

    fn parts(
        &self,
        prints: impl Fn(&TrainingEpochs, &TrainingEpochs) -> Result<Array2<f32>, EncoderError>,
    ) -> Result<Vec<Part>, EncoderError> {
        let mut people = self.data.subject.to_vec();
        people.sort_unstable();
        people.dedup();
        if people.len() < Attention::PEOPLE {
            return Err(EncoderError::data(format!(
                "attention is learnt between people, two of them left out in turn, and there are {}: leave [encoder.attention] out, or train on {} people or more",
                people.len(),
                Attention::PEOPLE
            )));
        }
        people.shuffle(&mut stream(self.plan.seed, "attention/folds"));
        let folds = self.attention.folds.min(people.len() / 2);
        (0..folds)
            .map(|fold| {
                let out: Vec<u32> = people.iter().copied().skip(fold).step_by(folds).collect();
                let subject = self.data.subject;
                let others: Vec<usize> =
                    (0..subject.len()).filter(|&row| !out.contains(&subject[row])).collect();
                self.part(&others, self.recordings(&out), &prints)
            })
            .collect()
    }

    /// The recordings of some people: epochs that do not overlap.
    fn recordings(&self, people: &[u32]) -> Vec<(u32, u32, Vec<usize>)> {
        let mut recordings: Vec<(u32, u32, Vec<usize>)> = Vec::new();
        let all: Vec<usize>;
        let apart = match self.data.apart {
            Some(apart) => apart,
            None => {
                all = (0..self.data.len()).collect();
                &all
            }
        };
        for &row in apart {
            let (person, recording) = (self.data.subject[row], self.data.recording[row]);
            if !people.contains(&person) {
                continue;
            }
            match recordings.iter_mut().find(|(_, other, _)| *other == recording) {
                Some((_, _, rows)) if rows.len() < EPOCHS => rows.push(row),
                Some(_) => {}
                None => recordings.push((person, recording, vec![row])),
            }
        }
        recordings
    }

    fn part(
        &self,
        others: &[usize],
        mut recordings: Vec<(u32, u32, Vec<usize>)>,
        prints: impl Fn(&TrainingEpochs, &TrainingEpochs) -> Result<Array2<f32>, EncoderError>,
    ) -> Result<Part, EncoderError> {
        let own: Vec<usize> = recordings.iter().flat_map(|(_, _, rows)| rows.iter().copied()).collect();
        let (others, held_out) = (Excerpt::new(self.data, others), Excerpt::new(self.data, &own));
        let held_out = held_out.of(self.data);
        let prints = prints(&others.of(self.data), &held_out)?;
        let mut features = Array2::zeros((held_out.len(), self.front.shape().samples));
        for (range, epochs) in held_out.chunks(CHUNK) {
            features.slice_mut(ndarray::s![range, ..]).assign(&self.front.rows(epochs.view())?);
        }
        let of = |row: usize| {
            let (cohort, weight) = (self.data.cohort.get(row), self.data.weight.get(row));
            (cohort.copied().unwrap_or_default(), weight.copied().unwrap_or(1.0))
        };
        let cohorts: Vec<(u32, f32)> =
            recordings.iter().map(|(_, _, rows)| rows.first().map_or((0, 1.0), |&row| of(row))).collect();
        let mut place = 0;
        for (_, _, rows) in &mut recordings {
            *rows = (place..place + rows.len()).collect();
            place += rows.len();
        }
        let twice = |(person, recording, _): &(u32, u32, Vec<usize>)| {
            recordings.iter().any(|(other, another, _)| other == person && another != recording)
        };
        if !recordings.iter().any(twice) || recordings.iter().all(|(person, ..)| *person == recordings[0].0) {
            return Err(EncoderError::data(
                "attention is learnt across recordings, and people left out together have one each: leave [encoder.attention] out, or give people of two recordings",
            ));
        }
        Ok(Part { features, prints, recordings, cohorts })
    }

    /// Cross-entropy of "the same person" over the comparisons of a draw, half the weight on either side.
    fn loss(
        &self,
        draw: &Draw,
        part: &Part,
        bound: &Bound,
        rng: &mut ChaCha8Rng,
    ) -> Result<Tensor<1>, EncoderError> {
        let device = self.device;
        let tensor = |rows: Array2<f32>| of_array(rows, device);
        let select = |rows: &Array2<f32>, which: &[usize]| tensor(rows.select(Axis(0), which));
        // An epoch counts by its length wherever several are averaged.
        let averaged = [draw.templates.as_slice(), &draw.probes].concat();
        let mut features = part.features.select(Axis(0), &averaged);
        features *= &self.mask(features.dim(), rng);
        let kept = tensor(self.mask((averaged.len(), self.attention.hidden), rng));
        let prints = select(&part.prints, &averaged) * lengths(tensor(features), bound, Some(kept))?;
        let dim = part.prints.ncols();
        let pool = |prints: Tensor<2>, size: usize| -> Tensor<2> {
            let count = prints.dims()[0] / size;
            unit_rows(prints.reshape([count, size, dim]).sum_dim(1).reshape([count, dim]))
        };
        let templates = pool(prints.clone().narrow(0, 0, draw.templates.len()), TEMPLATE);
        let longer = pool(prints.narrow(0, draw.templates.len(), draw.probes.len()), PROBE);
        let probes = Tensor::cat(vec![longer, select(&part.prints, &draw.singles)], 0);
        let cosine = templates.matmul(probes.transpose());
        let scale = bound.get::<1>("logit.scale")?.exp();
        let logit = cosine * scale.unsqueeze::<2>() + bound.get::<1>("logit.offset")?.unsqueeze::<2>();
        let (sign, weight) = draw.comparisons(part);
        // log(1 + exp(−logit)) where they are one person's, log(1 + exp(logit)) where not.
        Ok((softplus(logit * tensor(sign), 1.0) * tensor(weight)).sum())
    }

    /// Dropout: 0 for what is left out, and what is kept makes up for it.
    fn mask(&self, shape: (usize, usize), rng: &mut ChaCha8Rng) -> Array2<f32> {
        let dropout = self.attention.dropout as f32;
        let kept = 1.0 / (1.0 - dropout);
        Array2::from_shape_simple_fn(shape, || if rng.random::<f32>() < dropout { 0.0 } else { kept })
    }
}

/// What a step compares: rows of a part.
struct Draw {
    /// [`TEMPLATE`] for each recording.
    templates: Vec<usize>,
    /// [`PROBE`] for each longer probe of each recording.
    probes: Vec<usize>,
    /// One for each short probe of each recording.
    singles: Vec<usize>,
}

impl Draw {
    fn new(part: &Part, rng: &mut ChaCha8Rng) -> Self {
        let (mut templates, mut probes, mut singles) = (Vec::new(), Vec::new(), Vec::new());
        for (_, _, rows) in &part.recordings {
            let mut run = |size: usize| {
                let start = rng.random_range(0..rows.len() as u64) as usize;
                (start..start + size).map(|at| rows[at % rows.len()])
            };
            templates.extend(run(TEMPLATE));
            (0..PROBES.0).for_each(|_| probes.extend(run(PROBE)));
            (0..PROBES.1).for_each(|_| singles.extend(run(1)));
        }
        Self { templates, probes, singles }
    }

    /// For each template and probe: −1 where they are one person's and 1 where not, and how much the comparison counts: as its
    /// cohort does, nothing within a recording or between two cohorts.
    fn comparisons(&self, part: &Part) -> (Array2<f32>, Array2<f32>) {
        let recordings = &part.recordings;
        let owner = |probe: usize| {
            let longer = recordings.len() * PROBES.0;
            if probe < longer { probe / PROBES.0 } else { (probe - longer) / PROBES.1 }
        };
        let shape = (recordings.len(), recordings.len() * (PROBES.0 + PROBES.1));
        let kind = Array2::from_shape_fn(shape, |(template, probe)| {
            let (one, other) = (&recordings[template], &recordings[owner(probe)]);
            if one.1 == other.1 || part.cohorts[template].0 != part.cohorts[owner(probe)].0 {
                0.0
            } else if one.0 == other.0 {
                -1.0
            } else {
                1.0
            }
        });
        let own = |template: usize| part.cohorts[template].1;
        let total = |wanted: f32| {
            let counted = kind.indexed_iter().filter(|(_, kind)| **kind == wanted);
            counted.map(|((template, _), _)| own(template)).sum::<f32>()
        };
        let (mated, non_mated) = (0.5 / total(-1.0), 0.5 / total(1.0));
        let weight = Array2::from_shape_fn(shape, |(template, probe)| {
            let kind = kind[[template, probe]];
            if kind == 0.0 { 0.0 } else { own(template) * if kind < 0.0 { mated } else { non_mated } }
        });
        (kind, weight)
    }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
