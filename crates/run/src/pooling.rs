//! How the recordings of several cohorts come to the same channels, rate and length of epochs.

use twinprint_preprocess::{CheckedPlan, OnMissing, Reference, common_channels};
use twinprint_signal::{ChannelName, Hertz, counted};

use crate::cohort::Cohort;
use crate::cohort_plan::{CohortChannels, CohortSettings};
use crate::{Plan, RunError};

/// What a cohort's recordings go through.
#[derive(Debug, Clone)]
pub(crate) struct Road {
    /// The channels to read.
    pub(crate) channels: Vec<ChannelName>,
    /// What is done to them.
    pub(crate) preprocess: CheckedPlan,
}

/// Settles for every cohort of the plan, in its order, what its recordings go through.
///
/// # Errors
/// When a cohort, or all of them together, have too few channels, or cohorts come out at different rates or lengths.
pub(crate) fn roads(plan: &Plan, recordings: &Cohort) -> Result<Vec<Road>, RunError> {
    one_rate(plan, recordings)?;
    same_epochs(plan, recordings)?;
    let cohorts = plan.cohorts();
    let read = (0..cohorts.len())
        .map(|index| channels_to_read(plan, index, recordings))
        .collect::<Result<Vec<_>, _>>()?;
    let pooled = cohorts.iter().filter(|cohort| cohort.is_pooled()).count();
    let main = cohorts.iter().position(|cohort| cohort.role.is_tested()).unwrap_or(0);
    let target = match &cohorts[main].channels {
        CohortChannels::Montage(positions) => Some(positions.clone()),
        _ if pooled > 1 => Some(common(plan, main, &read)?),
        _ => None,
    };
    let road = |(settings, read): (&CohortSettings, Vec<ChannelName>)| {
        let mut own = settings.preprocess.clone();
        let mut channels = read;
        if let Some(target) = target.as_ref().filter(|_| settings.is_pooled()) {
            own.channels.pick.clone_from(target);
            own.channels.drop.retain(|name| !target.contains(name));
            if matches!(settings.channels, CohortChannels::Montage(_)) {
                own.channels.on_missing = OnMissing::Interpolate;
            } else if own.channels.on_missing == OnMissing::Error {
                channels.retain(|name| target.contains(name) || is_reference(&own.reference, name));
            }
        }
        let preprocess = own.checked().map_err(|error| plan.invalid_preprocess(settings, error))?;
        Ok(Road { channels, preprocess })
    };
    cohorts.iter().zip(read).map(road).collect()
}

fn is_reference(reference: &Reference, name: &ChannelName) -> bool {
    matches!(reference, Reference::Channels(names) if names.contains(name))
}

/// The channels to read of a cohort's recordings: those picked, or all where a montage is interpolated from them, or else those
/// that all its recordings have.
fn channels_to_read(plan: &Plan, index: usize, recordings: &Cohort) -> Result<Vec<ChannelName>, RunError> {
    let settings = &plan.cohorts()[index];
    let lists: Vec<&[ChannelName]> = recordings.of(index).map(|member| member.channels.as_slice()).collect();
    let montage = matches!(settings.channels, CohortChannels::Montage(_));
    if montage || !settings.preprocess.channels.pick.is_empty() {
        let mut all: Vec<ChannelName> = Vec::new();
        for name in lists.into_iter().flatten() {
            if !all.contains(name) {
                all.push(name.clone());
            }
        }
        return Ok(all);
    }
    let common = common_channels(&lists);
    if common.is_empty() {
        let problem = settings.prefixed(
            "no channel is in every recording: name the channels to use in preprocess.channels.pick",
            ": ",
        );
        return Err(plan.invalid("preprocess.channels", problem));
    }
    Ok(common)
}

/// The channels that all pooled cohorts hand out, in the order of the main one.
fn common(plan: &Plan, main: usize, read: &[Vec<ChannelName>]) -> Result<Vec<ChannelName>, RunError> {
    let cohorts = plan.cohorts();
    let handed_out = |index: usize| -> &[ChannelName] {
        let pick = &cohorts[index].preprocess.channels.pick;
        if pick.is_empty() { &read[index] } else { pick }
    };
    let others = (0..cohorts.len()).filter(|&index| index != main && cohorts[index].is_pooled());
    let lists: Vec<&[ChannelName]> = std::iter::once(main).chain(others).map(handed_out).collect();
    let common = common_channels(&lists);
    if common.len() >= 2 {
        return Ok(common);
    }
    let has = |(index, settings): (usize, &CohortSettings)| {
        let names: Vec<&str> = handed_out(index).iter().map(ChannelName::as_str).collect();
        settings.prefixed(&names.join(" "), " has ")
    };
    let all: Vec<String> =
        cohorts.iter().enumerate().filter(|(_, settings)| settings.is_pooled()).map(has).collect();
    Err(plan.invalid(
        "channels",
        format!(
            "the cohorts have {} in common, and 2 or more are needed: {}; interpolate them onto named positions with channels = {{ montage = [\"Fp1\", \"Fp2\"] }} above the first table of the plan",
            counted(common.len(), "channel"),
            all.join("; ")
        ),
    ))
}

/// Refuses recordings of one cohort that have several rates where nothing brings them together.
fn one_rate(plan: &Plan, recordings: &Cohort) -> Result<(), RunError> {
    for (index, settings) in plan.cohorts().iter().enumerate() {
        let mut members = recordings.of(index);
        let Some(first) = members.next().filter(|_| settings.preprocess.resample.is_none()) else { continue };
        if let Some(other) = members.find(|member| member.rate != first.rate) {
            return Err(plan.invalid(
                "preprocess.resample",
                format!(
                    "{} has {} and {} has {}, and epochs must be of one rate: bring them there with preprocess.resample.sfreq, or leave recordings out with dataset.exclude_recordings",
                    first.facts.key, first.rate, other.facts.key, other.rate
                ),
            ));
        }
    }
    Ok(())
}

/// Refuses cohorts whose epochs would be of another rate or length than the main one's.
fn same_epochs(plan: &Plan, recordings: &Cohort) -> Result<(), RunError> {
    let epochs = |index: usize, settings: &CohortSettings| -> Option<(Hertz, usize)> {
        let recorded = recordings.of(index).next()?.rate;
        let rate = settings.preprocess.resample.as_ref().map_or(recorded, |resample| resample.sfreq);
        Some((rate, settings.preprocess.epochs.samples(rate).0))
    };
    let all: Vec<(&CohortSettings, Hertz, usize)> = plan
        .cohorts()
        .iter()
        .enumerate()
        .filter_map(|(index, settings)| epochs(index, settings).map(|(rate, len)| (settings, rate, len)))
        .collect();
    let Some(&(first, rate, length)) = all.first() else { return Ok(()) };
    let Some(&(other, its_rate, its_length)) =
        all.iter().find(|(_, its_rate, its_length)| (*its_rate, *its_length) != (rate, length))
    else {
        return Ok(());
    };
    let shown = |settings: &CohortSettings, rate: Hertz, length: usize| {
        let seconds = length as f64 / rate.get();
        settings.prefixed(&format!("epochs of {seconds} s at {rate}"), " has ")
    };
    Err(plan.invalid(
        &other.key,
        format!(
            "{}, but {}: write the same preprocess.resample.sfreq and preprocess.epochs for both, best once in [preprocess]",
            shown(first, rate, length),
            shown(other, its_rate, its_length)
        ),
    ))
}
