//! AdamW over flat parameters, with gradient clipping and a running average of the weights.

use burn::optim::{AdamW, AdamWConfig, AdamWState, AdaptiveMomentumState, Optimizer};
use burn::tensor::{Device, Gradients, Tensor};

use crate::EncoderError;
use crate::plan::Optimiser;
use crate::weights::{Parameter, read};

/// The weights of one encoder while they are trained, and the optimiser's state.
pub(crate) struct Weights {
    pub parameters: Vec<Parameter>,
    pub tensors: Vec<Tensor<1>>,
    pub moments: Vec<Option<AdamWState<1>>>,
    pub average: Option<Vec<Tensor<1>>>,
    rule: AdamW,
    plan: Optimiser,
}

/// PyTorch's default; burn's is 10⁻⁵, too coarse for the small gradients of a normalised head.
const EPSILON: f32 = 1e-8;

impl Weights {
    pub fn new(parameters: Vec<Parameter>, plan: &Optimiser, device: &Device) -> Self {
        let rule =
            AdamWConfig::new().with_epsilon(EPSILON).with_weight_decay(plan.weight_decay as f32).build();
        let tensors: Vec<Tensor<1>> = parameters.iter().map(|p| p.tensor(device)).collect();
        Self {
            moments: vec![None; parameters.len()],
            average: (plan.average > 0.0).then(|| tensors.clone()),
            parameters,
            tensors,
            rule,
            plan: plan.clone(),
        }
    }

    /// The weights as leaves of a new autodiff graph.
    pub fn leaves(&self) -> Vec<Tensor<1>> {
        let leaf = |(p, t): (&Parameter, &Tensor<1>)| {
            let tensor = t.clone().autodiff();
            if p.trained { tensor.require_grad() } else { tensor }
        };
        self.parameters.iter().zip(&self.tensors).map(leaf).collect()
    }

    /// One step down the gradients of `leaves`; returns the gradient's L2 norm before clipping.
    pub fn step(
        &mut self,
        step: usize,
        leaves: &[Tensor<1>],
        mut gradients: Gradients,
    ) -> Result<f64, EncoderError> {
        let found: Vec<Option<Tensor<1>>> =
            leaves.iter().map(|leaf| leaf.grad_remove(&mut gradients)).collect();
        let mut square = 0.0;
        for gradient in found.iter().flatten() {
            square += f64::from(read(gradient.clone().square().sum())?.first().copied().unwrap_or(0.0));
        }
        let norm = square.sqrt();
        let factor = if self.plan.clip > 0.0 && norm > self.plan.clip { self.plan.clip / norm } else { 1.0 };
        let rate = self.plan.rate(step);
        for (at, gradient) in found.into_iter().enumerate() {
            let Some(gradient) = gradient else { continue };
            let gradient = if factor == 1.0 { gradient } else { gradient.mul_scalar(factor) };
            let (tensor, moments) =
                self.rule.step(rate, self.tensors[at].clone(), gradient, self.moments[at].take());
            self.tensors[at] = tensor;
            self.moments[at] = moments;
        }
        self.fold_into_average(step);
        Ok(norm)
    }

    /// The average forgets its start faster at first, so that a short run is not stuck there: the decay at step n is at
    /// most (n + 1)/(n + 10).
    fn fold_into_average(&mut self, step: usize) {
        let decay = self.plan.average.min((step + 1) as f64 / (step + 10) as f64);
        if let Some(average) = &mut self.average {
            for (mean, tensor) in average.iter_mut().zip(&self.tensors) {
                *mean = mean.clone().mul_scalar(decay) + tensor.clone().mul_scalar(1.0 - decay);
            }
        }
    }

    /// Everything of this state that is numbers, under names that [`Weights::restore`] finds them by, and how many steps
    /// each parameter has taken.
    pub fn capture(&self) -> Result<(Vec<Parameter>, Vec<usize>), EncoderError> {
        let mut tensors = Vec::new();
        let mut times = Vec::new();
        for (at, parameter) in self.parameters.iter().enumerate() {
            let mut keep = |part: &str, tensor: &Tensor<1>| {
                let name = format!("{part}.{}", parameter.name);
                let values = read(tensor.clone())?;
                tensors.push(Parameter { name, values, ..parameter.clone() });
                Ok::<(), EncoderError>(())
            };
            keep("weights", &self.tensors[at])?;
            if let Some(average) = &self.average {
                keep("average", &average[at])?;
            }
            if let Some(AdamWState { momentum }) = &self.moments[at] {
                keep("moment_1", &momentum.moment_1)?;
                keep("moment_2", &momentum.moment_2)?;
            }
            times.push(self.moments[at].as_ref().map_or(0, |state| state.momentum.time));
        }
        Ok((tensors, times))
    }

    /// Puts back what [`Weights::capture`] gave; `take` finds the values of a name.
    pub fn restore(
        &mut self,
        times: &[usize],
        device: &Device,
        take: impl Fn(&str, &[usize]) -> Result<Vec<f32>, EncoderError>,
    ) -> Result<(), EncoderError> {
        for (at, parameter) in self.parameters.iter_mut().enumerate() {
            let find = |part: &str| {
                let name = format!("{part}.{}", parameter.name);
                let values = take(&name, &parameter.shape)?;
                Ok::<Parameter, EncoderError>(Parameter { name, values, ..parameter.clone() })
            };
            let weights = find("weights")?;
            if let Some(average) = &mut self.average {
                average[at] = find("average")?.tensor(device);
            }
            if let Some(&time) = times.get(at).filter(|&&time| time > 0) {
                let [moment_1, moment_2] =
                    [find("moment_1")?.tensor(device), find("moment_2")?.tensor(device)];
                let momentum = AdaptiveMomentumState { time, moment_1, moment_2, max_moment_2: None };
                self.moments[at] = Some(AdamWState { momentum });
            }
            self.tensors[at] = weights.tensor(device);
            parameter.values = weights.values;
        }
        Ok(())
    }

    /// Replaces a parameter that gradients do not change.
    pub fn set(&mut self, name: &str, values: Vec<f32>, device: &Device) {
        if let Some(at) = self.parameters.iter().position(|p| p.name == name) {
            self.parameters[at].values = values;
            self.tensors[at] = self.parameters[at].tensor(device);
        }
    }

    /// The weights to use, on the host: the running average where the plan keeps one.
    pub fn snapshot(&self) -> Result<Vec<Parameter>, EncoderError> {
        let tensors = self.average.as_ref().unwrap_or(&self.tensors);
        let value =
            |(p, t): (&Parameter, &Tensor<1>)| Ok(Parameter { values: read(t.clone())?, ..p.clone() });
        self.parameters.iter().zip(tensors).map(value).collect()
    }
}
