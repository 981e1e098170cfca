//! The learnt features of a plan: how they come to be, on disk, and how an encoder is told of them.

use std::path::Path;
use std::sync::Arc;

use ndarray::{Array2, ArrayView3, s};
use twinprint_signal::ChannelName;

use super::network::LearntNetwork;
use crate::SharedFeatures;
use crate::compute::Compute;
use crate::error::{EncoderError, FormatError};
use crate::files::{layout, parse, read_file, write_atomically};
use crate::head::Head;
use crate::plan::{CheckedPlan, Joined};
use crate::seed::stream;
use crate::weights::Parameter;

const FILE: &str = "joined.safetensors";
/// Shapes of parameters do not depend on the rate of signals.
const ANY_RATE: f64 = 128.0;

/// The networks that a plan's `joined` asks for, as they were learnt.
#[derive(Debug, Clone, Default)]
pub struct JoinedFeatures {
    networks: Vec<Arc<LearntNetwork>>,
    /// What is known of the places of the channels they are computed of, where one of them asks.
    places: Option<Arc<Array2<f32>>>,
}

impl JoinedFeatures {
    /// Those of a plan that joins none.
    pub const fn none() -> Self {
        Self { networks: Vec::new(), places: None }
    }

    pub(crate) fn of(networks: Vec<Arc<LearntNetwork>>) -> Self {
        Self { networks, places: None }
    }

    /// The same for epochs of these channels.
    ///
    /// # Errors
    /// When a network asks where channels lie and one has a name that is no position: the error names it.
    pub fn on(&self, channels: &[ChannelName]) -> Result<Self, EncoderError> {
        let asked = self.networks.iter().any(|network| network.plan.positions);
        let places =
            asked.then(|| Head::of(channels, "joined.positions").map(|head| Arc::new(head.places())));
        Ok(Self { networks: self.networks.clone(), places: places.transpose()? })
    }

    /// What was learnt, computed of epochs `[epochs, channels, samples]` in microvolts, at the rate it was learnt at:
    /// `[epochs, features]`, channel by channel.
    ///
    /// # Errors
    /// When the device fails, or a network asks where channels lie and [`JoinedFeatures::on`] was not told.
    pub fn features(&self, epochs: ArrayView3<f32>) -> Result<Array2<f32>, EncoderError> {
        self.beside(Array2::zeros((epochs.dim().0, 0)), epochs)
    }

    /// Writes them into the folder `dir`, whole or not at all.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn save(&self, dir: &Path) -> Result<(), EncoderError> {
        write_atomically(&dir.join(FILE), &layout(&self.tensors(), None)?)
    }

    /// Reads those of a plan from the folder `dir`.
    ///
    /// # Errors
    /// When the file is missing, damaged, or of another plan.
    pub fn load(dir: &Path, plan: &CheckedPlan, device: &Compute) -> Result<Self, EncoderError> {
        let path = dir.join(FILE);
        let read = |bytes: &[u8]| {
            let tensors = parse(bytes)?;
            Self::from_tensors(plan, device, |name| {
                tensors.get(name).cloned().ok_or_else(|| FormatError::Missing(name.to_owned()))
            })
        };
        read(&read_file(&path)?).map_err(|error| EncoderError::format(&path, error))
    }

    /// What was learnt, by name.
    pub(crate) fn tensors(&self) -> Vec<Parameter> {
        let of = |(index, network): (usize, &Arc<LearntNetwork>)| {
            let named = move |parameter: &Parameter| Parameter {
                name: format!("joined.{index}.{}", parameter.name),
                ..parameter.clone()
            };
            network.parameters.iter().map(named).collect::<Vec<_>>()
        };
        self.networks.iter().enumerate().flat_map(of).collect()
    }

    /// Puts together what [`JoinedFeatures::tensors`] gave; `take` finds a tensor by name.
    pub(crate) fn from_tensors(
        plan: &CheckedPlan,
        device: &Compute,
        take: impl Fn(&str) -> Result<Parameter, FormatError>,
    ) -> Result<Self, FormatError> {
        let networks = plan.joined.iter().enumerate().map(|(index, Joined::SharedConv(settings))| {
            let found = |wanted: Parameter| {
                let given = take(&format!("joined.{index}.{}", wanted.name))?.like(&wanted.shape)?;
                Ok(Parameter { values: given.values, ..wanted })
            };
            let parameters = settings.parameters(ANY_RATE, &mut stream(0, "joined")).into_iter().map(found);
            Ok(Arc::new(LearntNetwork {
                plan: settings.clone(),
                parameters: parameters.collect::<Result<_, FormatError>>()?,
                device: device.device().clone(),
            }))
        });
        networks.collect::<Result<_, _>>().map(Self::of)
    }

    /// How many features an epoch of so many channels has.
    pub(crate) fn width(&self, channels: usize) -> usize {
        self.networks.iter().map(|network| network.plan.dim * channels).sum()
    }

    /// `rows` `[epochs, n]` with the features of `epochs` `[epochs, channels, samples]` to the right of them.
    pub(crate) fn beside(
        &self,
        rows: Array2<f32>,
        epochs: ArrayView3<f32>,
    ) -> Result<Array2<f32>, EncoderError> {
        if self.networks.is_empty() {
            return Ok(rows);
        }
        let (count, own) = rows.dim();
        // Row by row in memory, as networks take it.
        let mut all = Array2::zeros((count, own + self.width(epochs.dim().1)));
        all.slice_mut(s![.., ..own]).assign(&rows);
        let mut start = own;
        for network in &self.networks {
            let features = network.compute(epochs, self.places.as_deref())?;
            let end = start + features.ncols();
            all.slice_mut(s![.., start..end]).assign(&features);
            start = end;
        }
        Ok(all)
    }

    /// Whether nothing is joined.
    pub(crate) fn is_none(&self) -> bool {
        self.networks.is_empty()
    }

    /// Whether they give the same numbers as others.
    pub(crate) fn same(&self, other: &Self) -> bool {
        let same = |(one, other): (&Arc<LearntNetwork>, &Arc<LearntNetwork>)| {
            Arc::ptr_eq(one, other) || one.plan == other.plan && one.parameters == other.parameters
        };
        let pairs = self.networks.iter().zip(&other.networks);
        self.places == other.places && self.len() == other.len() && pairs.into_iter().all(same)
    }

    fn len(&self) -> usize {
        self.networks.len()
    }
}

/// From which everything random of a plan's `index`-th network is derived.
pub(crate) fn seed(plan: &CheckedPlan, index: usize) -> u64 {
    use rand::Rng;
    stream(plan.seed, &format!("joined/{index}")).next_u64()
}

/// A plan, and the learnt features that it joins.
#[derive(Debug, Clone, Copy)]
pub struct Recipe<'a> {
    /// What to fit.
    pub plan: &'a CheckedPlan,
    /// What the plan's `joined` was learnt to be.
    pub joined: &'a JoinedFeatures,
    /// What several encoders of this plan share, where it was computed.
    pub shared: Option<&'a SharedFeatures>,
}

impl<'a> Recipe<'a> {
    /// A plan without what it joins: the closed form alone.
    pub(crate) fn alone(plan: &'a CheckedPlan) -> Self {
        static NONE: JoinedFeatures = JoinedFeatures::none();
        Self { plan, joined: &NONE, shared: None }
    }

    /// Checks that everything was learnt that the plan joins.
    pub(crate) fn check(&self) -> Result<(), EncoderError> {
        let (wanted, learnt) = (self.plan.joined.len(), self.joined.len());
        if wanted == learnt {
            return Ok(());
        }
        Err(EncoderError::data(format!(
            "the plan joins {wanted} learnt networks and {learnt} were given: learn them first, with JoinedFeatures::learn"
        )))
    }
}

impl<'a> From<&'a CheckedPlan> for Recipe<'a> {
    fn from(plan: &'a CheckedPlan) -> Self {
        Self::alone(plan)
    }
}
