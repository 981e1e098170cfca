//! What training tells its caller, and asks.

use std::ops::ControlFlow;

use ndarray::{Array2, ArrayView3};

use crate::EncoderError;

/// One step of training.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StepReport {
    /// The encoder of the ensemble, from 0.
    pub member: usize,
    /// The step just done, from 1.
    pub step: usize,
    /// Steps planned.
    pub steps: usize,
    /// The loss of its batch, before the step.
    pub loss: f64,
    /// Its learning rate.
    pub learning_rate: f64,
    /// The gradient's L2 norm before clipping.
    pub gradient_norm: f64,
    /// What [`Monitor::dev_score`] answered after this step, where it was asked.
    pub dev_score: Option<f64>,
}

/// Makes unit prints `[epochs, dim]` of epochs `[epochs, channels, samples]` with the weights as they stand.
pub type Embed<'a> = dyn Fn(ArrayView3<f32>) -> Result<Array2<f32>, EncoderError> + 'a;

/// The caller's side of training.
pub trait Monitor {
    /// Hears of a step; `Break` stops training with [`EncoderError::Stopped`].
    fn step(&mut self, step: &StepReport) -> ControlFlow<()>;

    /// After how many of its steps an encoder of the ensemble is done, where that is known before, as from the dev subjects of
    /// other folds; the learning rate goes on as if all were taken. `None` to take them all.
    fn stop_after(&mut self, member: usize) -> Option<usize> {
        let _ = member;
        None
    }

    /// Scores the dev subjects, lower is better: an equal error rate. `None` where there are none; then nothing is
    /// stopped early.
    fn dev_score(&mut self, embed: &Embed) -> Option<f64> {
        let _ = embed;
        None
    }
}

/// A monitor that hears nothing and has no dev subjects.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Monitor for Silent {
    fn step(&mut self, _: &StepReport) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }
}
