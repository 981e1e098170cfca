//! Which channels of a recording are read: those the plan picks, or every one that seems to be EEG.

use twinprint_dataset::RecordingFile;
use twinprint_preprocess::{OnMissing, Plan, Reference};
use twinprint_recordings::{Channel, Kind, RecordingReader};
use twinprint_signal::{ChannelName, Hertz};

/// Channels to read, and what a user should know of the others.
pub(crate) struct Chosen {
    /// Positions in the file.
    pub(crate) signals: Vec<usize>,
    /// Their names, in the same order.
    pub(crate) channels: Vec<ChannelName>,
    /// Which channels were set aside, and why.
    pub(crate) said: Vec<String>,
}

/// The channels that the plan picks and those it references to, with all others that are EEG where one of them is to be estimated; or
/// else all that are EEG, are not dropped, and have one rate.
///
/// # Errors
/// When a picked channel is not there, or reading the chosen ones would be refused: a unit that is empty or no voltage, one
/// electrode twice, several rates that nothing brings together. Each error has the key of the plan that mends it.
pub(crate) fn choose(plan: &Plan, reader: &RecordingReader, file: &RecordingFile) -> Result<Chosen, String> {
    let all = reader.channels();
    let offered: Vec<usize> =
        (0..all.len()).filter(|&at| !file.other_channels.contains(&all[at].name)).collect();
    let (mut signals, mut said) = if plan.channels.pick.is_empty() {
        all_eeg(plan, all, &offered, file)
    } else {
        let mut signals = picked(plan, all, &offered, &plan.channels.pick)?;
        let mut said = Vec::new();
        if signals.len() < plan.channels.pick.len() {
            // What is missing is estimated from all others.
            let (others, aside) = all_eeg(plan, all, &offered, file);
            signals.extend(others.into_iter().filter(|at| !plan.channels.pick.contains(&all[*at].name)));
            said = aside;
        }
        (signals, said)
    };
    if let Reference::Channels(reference) = &plan.reference {
        let extra: Vec<ChannelName> = reference
            .iter()
            .filter(|name| !signals.iter().any(|&at| all[at].name == **name))
            .cloned()
            .collect();
        signals.extend(picked(plan, all, &offered, &extra)?);
    }
    said.retain(|text| !text.is_empty());
    check(plan, all, &signals)?;
    let channels = signals.iter().map(|&at| all[at].name.clone()).collect();
    Ok(Chosen { signals, channels, said })
}

/// The positions of named channels.
fn picked(
    plan: &Plan,
    all: &[Channel],
    offered: &[usize],
    names: &[ChannelName],
) -> Result<Vec<usize>, String> {
    let places =
        |name: &ChannelName| offered.iter().copied().filter(|&at| all[at].name == *name).collect::<Vec<_>>();
    let (mut found, mut missing) = (Vec::new(), Vec::new());
    for name in names {
        match places(name).as_slice() {
            [] => missing.push(name.as_str()),
            places => found.extend(places),
        }
    }
    if !missing.is_empty() && plan.channels.on_missing == OnMissing::Error {
        return Err(format!(
            "it has no channel {}; it has {}. Correct preprocess.channels.pick, or estimate missing channels with preprocess.channels.on_missing = \"interpolate\"",
            missing.join(", "),
            listed(offered.iter().map(|&at| all[at].name.as_str()))
        ));
    }
    Ok(found)
}

/// Every channel that is EEG as far as type, unit and name say, and what is said of the others. What `channels.tsv` calls
/// EEG is EEG.
fn all_eeg(
    plan: &Plan,
    all: &[Channel],
    offered: &[usize],
    file: &RecordingFile,
) -> (Vec<usize>, Vec<String>) {
    let kept = offered.iter().copied().filter(|&at| !plan.channels.drop.contains(&all[at].name));
    let (mut signals, mut aside) = (Vec::new(), Vec::new());
    for at in kept {
        match &all[at].kind {
            Kind::Other(why) if !file.listed_channels.contains(&all[at].name) => {
                aside.push(format!("{} ({why})", all[at].label));
            }
            _ => signals.push(at),
        }
    }
    if plan.resample.is_none()
        && let Some(rate) = usual_rate(all, &signals)
    {
        let (same, other): (Vec<usize>, Vec<usize>) =
            signals.into_iter().partition(|&at| all[at].rate == rate);
        aside.extend(other.iter().map(|&at| format!("{} (its rate is {})", all[at].label, all[at].rate)));
        signals = same;
    }
    let said = match aside.is_empty() {
        true => Vec::new(),
        false => vec![format!("channels set aside as no EEG: {}", aside.join(", "))],
    };
    (signals, said)
}

/// The rate that most channels have, the higher of two that as many have.
fn usual_rate(all: &[Channel], signals: &[usize]) -> Option<Hertz> {
    let count = |rate: Hertz| signals.iter().filter(|&&at| all[at].rate == rate).count();
    let rates = signals.iter().map(|&at| all[at].rate);
    rates.max_by(|a, b| count(*a).cmp(&count(*b)).then(a.get().total_cmp(&b.get())))
}

/// Refuses what reading the channels together would refuse.
fn check(plan: &Plan, all: &[Channel], signals: &[usize]) -> Result<(), String> {
    let chosen = || signals.iter().map(|&at| &all[at]);
    let empty: Vec<&str> =
        chosen().filter(|channel| channel.unit.is_empty()).map(|channel| channel.label.as_str()).collect();
    if !empty.is_empty() {
        return Err(format!(
            "it states no unit for {}: write the one its samples have in preprocess.channels.unit, as in unit = \"uV\"",
            listed(empty.into_iter())
        ));
    }
    if let Some(channel) = chosen().find(|channel| channel.microvolts_per_unit.is_none()) {
        return Err(format!(
            "{} is in {:?}, which is no voltage: leave it out with preprocess.channels.drop, or name the channels to take in preprocess.channels.pick",
            channel.label, channel.unit
        ));
    }
    for (order, channel) in chosen().enumerate() {
        if let Some(other) = chosen().take(order).find(|other| other.name == channel.name) {
            return Err(format!(
                "two of its channels, {:?} and {:?}, are {}: leave the electrode out with preprocess.channels.drop, or rename one in the file",
                other.label, channel.label, channel.name
            ));
        }
    }
    let mut rates = chosen().map(|channel| (channel, channel.rate.get()));
    let Some((first, rate)) = rates.next() else { return Ok(()) };
    match rates.find(|(_, other)| *other != rate).filter(|_| plan.resample.is_none()) {
        Some((channel, other)) => Err(format!(
            "{} has {rate} Hz and {} has {other} Hz: bring them to one rate with preprocess.resample.sfreq, or pick channels of one rate in preprocess.channels.pick",
            first.label, channel.label
        )),
        None => Ok(()),
    }
}

fn listed<'a>(names: impl Iterator<Item = &'a str>) -> String {
    names.collect::<Vec<_>>().join(", ")
}
