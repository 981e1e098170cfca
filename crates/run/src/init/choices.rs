//! What is chosen for a folder of recordings, and why.

use std::collections::{BTreeMap, BTreeSet};

use twinprint_dataset::{Guess, Layout};
use twinprint_protocol::Variant;
use twinprint_signal::{ChannelName, RecordingKey, counted};

use super::Header;

/// Seconds of an epoch.
const EPOCH: f64 = 2.0;
/// Rates above this are brought down to it: EEG that tells people apart lies far below half of it.
const ENOUGH: f64 = 128.0;
/// A recording shorter than this share of the usual one would make templates and probes short for everybody.
const SHORT: f64 = 0.25;
/// From more channels than this on, their covariances are so many that fitting them takes long: the 10-20 system's are taken.
const MANY: usize = 32;
/// The electrodes of the 10-20 system.
const TEN_TWENTY: [&str; 19] = [
    "Fp1", "Fp2", "F7", "F3", "Fz", "F4", "F8", "T7", "C3", "Cz", "C4", "T8", "P7", "P3", "Pz", "P4", "P8",
    "O1", "O2",
];
/// From so many channels on their average is near neutral.
const AVERAGE: usize = 8;

/// Everything that a pipeline says of its folder.
pub(super) struct Choices {
    pub(super) layout: Layout,
    /// Recordings that cannot be read or lack the channels, with the reason.
    pub(super) excluded: Vec<(RecordingKey, String)>,
    /// Files that the layout does not name.
    left_out: Vec<String>,
    pub(super) people: usize,
    pub(super) recordings: usize,
    formats: BTreeMap<String, usize>,
    /// The channels, where not every recording has the same.
    pub(super) pick: Vec<ChannelName>,
    pub(super) channels: usize,
    /// How many channels every recording has, where only some of them are taken.
    pub(super) of_many: Option<usize>,
    others: BTreeSet<String>,
    pub(super) unitless: bool,
    rates: BTreeSet<u64>,
    pub(super) resample: Option<f64>,
    /// The highest frequency kept.
    pub(super) highest: f64,
    pub(super) average: bool,
    pub(super) variant: Variant,
    pub(super) enrol: Vec<String>,
    pub(super) probe: Vec<String>,
    pub(super) enrol_seconds: f64,
    pub(super) probe_seconds: Vec<f64>,
    pub(super) folds: usize,
    pub(super) dev: usize,
    shortest: f64,
    longest: f64,
}

impl Choices {
    pub(super) fn of(guess: &Guess, headers: &[Header], unreadable: &[(RecordingKey, String)]) -> Self {
        let (headers, short) = without_short(headers);
        let headers = headers.as_slice();
        let mut excluded = unreadable.to_vec();
        excluded.extend(short);
        let mut common = common(headers);
        let all: BTreeSet<&ChannelName> = headers.iter().flat_map(|header| &header.channels).collect();
        let there = common.len();
        if there > MANY {
            let known = TEN_TWENTY.map(ChannelName::new);
            let some: Vec<ChannelName> = common.iter().filter(|name| known.contains(name)).cloned().collect();
            common = if some.len() >= AVERAGE { some } else { common };
        }
        let few = common.len() < there;
        let pick = if common.len() == all.len() { Vec::new() } else { common.clone() };
        let people: BTreeSet<&str> = headers.iter().map(|header| header.key.subject.as_str()).collect();
        let lowest = headers.iter().map(|header| header.rate).fold(f64::INFINITY, f64::min);
        let rates: BTreeSet<u64> = headers.iter().map(|header| header.rate.round() as u64).collect();
        let resample = if lowest > 1.5 * ENOUGH || (rates.len() > 1 && lowest >= ENOUGH) {
            Some(ENOUGH)
        } else {
            // Said where it is so: a plan that names no rate has this one.
            (rates.len() > 1).then_some(lowest).or((lowest != ENOUGH).then_some(ENOUGH))
        };
        let (variant, enrol, probe) = roles(headers);
        let seconds = |wanted: &[String]| {
            let named = headers.iter().filter(|header| wanted.is_empty() || names(header, wanted));
            named.map(|header| header.seconds).fold(f64::INFINITY, f64::min)
        };
        let within = variant == Variant::WithinRecording;
        let (enrol_room, probe_room) = if within {
            (0.4 * seconds(&[]), 0.4 * seconds(&[]))
        } else {
            (0.8 * seconds(&enrol), 0.8 * seconds(&probe))
        };
        let whole = |seconds: f64| (seconds / EPOCH).floor().max(1.0) * EPOCH;
        let probe_seconds: Vec<f64> =
            [2.0, 10.0].into_iter().filter(|&length| length <= probe_room.max(2.0)).collect();
        let durations = || headers.iter().map(|header| header.seconds);
        excluded.sort_by(|a, b| a.0.cmp(&b.0));
        Self {
            layout: guess.layout.clone(),
            excluded,
            left_out: guess.left_out.clone(),
            people: people.len(),
            recordings: headers.len(),
            formats: headers.iter().fold(BTreeMap::new(), |mut counts, header| {
                *counts.entry(header.format.clone()).or_default() += 1;
                counts
            }),
            channels: common.len(),
            of_many: few.then_some(there),
            average: common.len() >= AVERAGE,
            pick,
            others: headers.iter().flat_map(|header| header.others.iter().cloned()).collect(),
            unitless: headers.iter().any(|header| header.unitless),
            rates,
            resample,
            highest: 40.0_f64.min((0.42 * resample.unwrap_or(lowest).min(lowest)).floor()),
            variant,
            enrol,
            probe,
            enrol_seconds: whole(enrol_room.min(30.0)),
            probe_seconds,
            folds: if people.len() >= 12 { 3 } else { 2 },
            dev: if people.len() >= 18 { 4 } else { 0 },
            shortest: durations().fold(f64::INFINITY, f64::min),
            longest: durations().fold(0.0, f64::max),
        }
    }

    /// What was guessed, for people.
    pub(super) fn said(&self) -> Vec<(&'static str, String)> {
        let list = |items: &[String]| items.join(", ");
        let layout = match &self.layout {
            Layout::Bids(_) => "BIDS-EEG".to_owned(),
            Layout::Pattern(pattern) => format!("files named {}", pattern.pattern),
            Layout::Manifest { name } => format!("the manifest {name}"),
        };
        let formats: Vec<String> =
            self.formats.iter().map(|(format, count)| format!("{count} in {format}")).collect();
        let mut said = vec![
            ("layout", layout),
            (
                "people",
                format!("{} in {} ({})", self.people, counted(self.recordings, "recording"), list(&formats)),
            ),
            ("length", format!("{:.0} to {:.0} s a recording", self.shortest, self.longest)),
        ];
        let others: Vec<String> = self.others.iter().take(6).cloned().collect();
        let aside =
            if others.is_empty() { String::new() } else { format!("; taken for no EEG: {}", list(&others)) };
        let shared = match (self.of_many, self.pick.is_empty()) {
            (Some(there), _) => format!("of the {there} that every recording has, those of the 10-20 system"),
            (None, true) => "in every recording".to_owned(),
            (None, false) => "that every recording has; others are left out".to_owned(),
        };
        said.push(("channels", format!("{} of EEG {shared}{aside}", self.channels)));
        let rates: Vec<String> = self.rates.iter().map(u64::to_string).collect();
        let to = self.resample.map_or_else(String::new, |rate| format!("; resampled to {rate} Hz"));
        said.push(("rate", format!("{} Hz{to}", rates.join(", "))));
        let sides =
            |names: &[String], empty: &str| if names.is_empty() { empty.to_owned() } else { list(names) };
        said.push((
            "protocol",
            match self.variant {
                Variant::WithinRecording => {
                    "one recording a person: enrolled from its beginning, probed with its rest, which flatters".to_owned()
                }
                variant => format!(
                    "{variant}: enrolled from {}, probed with {}",
                    sides(&self.enrol, "each person's first recording"),
                    sides(&self.probe, "the others")
                ),
            },
        ));
        let probes: Vec<String> = self.probe_seconds.iter().map(f64::to_string).collect();
        said.push((
            "lengths",
            format!(
                "{} s to enrol, probes of {} s, {} folds",
                self.enrol_seconds,
                probes.join(" and "),
                self.folds
            ),
        ));
        for (key, reason) in &self.excluded {
            said.push(("left out", format!("{key}: {reason}")));
        }
        if !self.left_out.is_empty() {
            said.push(("left out", format!("names of another form: {}", list(&self.left_out))));
        }
        said
    }
}

/// Without recordings that are far shorter than most, and those with the reason.
fn without_short(headers: &[Header]) -> (Vec<Header>, Vec<(RecordingKey, String)>) {
    let mut lengths: Vec<f64> = headers.iter().map(|header| header.seconds).collect();
    lengths.sort_by(f64::total_cmp);
    let usual = lengths.get(lengths.len() / 2).copied().unwrap_or(0.0);
    let (short, kept): (Vec<Header>, Vec<Header>) =
        headers.iter().cloned().partition(|header| header.seconds < SHORT * usual);
    let reason = |header: &Header| {
        format!("{:.0} s, and half of the recordings have {usual:.0} s or more", header.seconds)
    };
    (kept, short.iter().map(|header| (header.key.clone(), reason(header))).collect())
}

/// The channels that every recording has, in the order of the first.
fn common(headers: &[Header]) -> Vec<ChannelName> {
    let Some(first) = headers.first() else { return Vec::new() };
    let everywhere = |name: &&ChannelName| headers.iter().all(|header| header.channels.contains(name));
    first.channels.iter().filter(everywhere).cloned().collect()
}

/// Whether one of these names means this recording.
fn names(header: &Header, wanted: &[String]) -> bool {
    wanted.iter().any(|name| name == header.key.recording.as_str() || name == header.key.session.as_str())
}

/// Who enrols and who probes: sessions where people have several, else recordings, else parts of the one there is.
fn roles(headers: &[Header]) -> (Variant, Vec<String>, Vec<String>) {
    let of_people = |of: fn(&RecordingKey) -> String| -> Vec<BTreeSet<String>> {
        let mut people: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
        for header in headers {
            people.entry(header.key.subject.as_str()).or_default().insert(of(&header.key));
        }
        people.into_values().collect()
    };
    let sessions = of_people(|key| key.session.to_string());
    let recordings = of_people(|key| key.recording.to_string());
    let have_several =
        |sets: &[BTreeSet<String>]| 2 * sets.iter().filter(|set| set.len() > 1).count() >= sets.len();
    if have_several(&sessions) {
        let (enrol, probe) = parted(&sessions);
        return (Variant::CrossSession, enrol, probe);
    }
    if have_several(&recordings) {
        // A name that a session has too would mean all of it: then everybody's first recording enrols and the others probe.
        let visits: BTreeSet<&String> = sessions.iter().flatten().collect();
        let (enrol, probe) = parted(&recordings);
        let plain = enrol.iter().chain(&probe).all(|name| !visits.contains(name));
        let (enrol, probe) = if plain { (enrol, probe) } else { (Vec::new(), Vec::new()) };
        return (Variant::UnseenSubjects, enrol, probe);
    }
    (Variant::WithinRecording, Vec::new(), Vec::new())
}

/// The first of the names that everybody has, and the others; nothing where people have no two in common.
fn parted(sets: &[BTreeSet<String>]) -> (Vec<String>, Vec<String>) {
    let shared = sets.iter().skip(1).fold(sets.first().cloned().unwrap_or_default(), |shared, set| {
        shared.intersection(set).cloned().collect()
    });
    let mut shared = shared.into_iter();
    match (shared.next(), shared.next()) {
        (Some(first), Some(second)) => (vec![first], std::iter::once(second).chain(shared).collect()),
        _ => (Vec::new(), Vec::new()),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use twinprint_dataset::{Bids, Dataset};
    use twinprint_signal::{RecordingId, SessionId, SubjectId};

    use super::*;

    fn header(subject: usize, session: usize, channels: &[&str], seconds: f64) -> Header {
        Header {
            key: RecordingKey {
                subject: SubjectId::new(format!("p{subject}")).unwrap(),
                session: SessionId::new(session.to_string()).unwrap(),
                recording: RecordingId::new("1").unwrap(),
            },
            channels: channels.iter().map(ChannelName::new).collect(),
            others: Vec::new(),
            unitless: false,
            rate: 250.0,
            seconds,
            format: "EDF".into(),
        }
    }

    fn chosen(headers: &[Header]) -> Choices {
        let layout = Layout::Bids(Bids::default());
        Choices::of(&Guess { layout, dataset: Dataset::default(), left_out: Vec::new() }, headers, &[])
    }

    #[test]
    fn one_recording_of_three_seconds_does_not_shorten_everybody() {
        let mut headers: Vec<Header> = (0..12).map(|n| header(n / 2, n % 2, &["C3", "C4"], 60.0)).collect();
        headers[3].seconds = 3.0;
        let choices = chosen(&headers);
        assert_eq!((choices.enrol_seconds, choices.probe_seconds.clone()), (30.0, vec![2.0, 10.0]));
        let left_out: Vec<String> =
            choices.excluded.iter().map(|(key, why)| format!("{key} {why}")).collect();
        assert_eq!(left_out.len(), 1);
        assert!(left_out[0].starts_with("p1/1/1") && left_out[0].contains("3 s"), "{left_out:?}");
    }

    #[test]
    fn a_rate_that_the_run_changes_is_said_to_be_changed() {
        let at = |rate: f64| {
            let channels = ["C3", "C4"];
            let headers: Vec<Header> =
                (0..12).map(|n| Header { rate, ..header(n / 2, n % 2, &channels, 60.0) }).collect();
            let choices = chosen(&headers);
            (choices.resample, choices.highest)
        };
        assert_eq!(
            (at(100.0), at(128.0), at(160.0)),
            ((Some(128.0), 40.0), (None, 40.0), (Some(128.0), 40.0))
        );
        assert_eq!(at(64.0), (Some(128.0), 26.0));
    }

    #[test]
    fn of_64_channels_those_of_the_10_20_system_are_taken_and_the_reason_is_written() {
        let own: Vec<String> = (0..45).map(|n| format!("E{n}")).collect();
        let many: Vec<&str> = TEN_TWENTY.into_iter().chain(own.iter().map(String::as_str)).collect();
        let headers: Vec<Header> = (0..12).map(|n| header(n / 2, n % 2, &many, 60.0)).collect();
        let choices = chosen(&headers);
        assert_eq!((choices.channels, choices.of_many, choices.pick.len()), (19, Some(64), 19));
        let text = super::super::text::pipeline(
            std::path::Path::new("."),
            std::path::Path::new("own.toml"),
            &choices,
        );
        assert!(text.contains("64 channels have 12480 covariances") && text.contains("\"Fp1\""), "{text}");
        let few = chosen(&(0..12).map(|n| header(n / 2, n % 2, &many[..19], 60.0)).collect::<Vec<_>>());
        assert_eq!((few.channels, few.of_many, few.pick.len()), (19, None, 0));
    }
}
