//! Recordings that differ from their cohort in rate or duration.

use std::collections::BTreeMap;

use twinprint_signal::{Hertz, RecordingId, RecordingKey, Seconds};

/// Share of the usual duration by which a recording may be longer or shorter before it is named.
const TOLERANCE: f64 = 0.1;
/// Recordings of the same id that it takes to speak of a usual duration.
const ENOUGH: usize = 4;

/// A recording that differs from its cohort.
#[derive(Debug, Clone, PartialEq)]
pub struct Deviation {
    /// The recording that differs.
    pub key: RecordingKey,
    /// In what, by how much, and from how many.
    pub reason: String,
}

/// Names the recordings that differ from the cohort, in the order given; one that differs twice is named once, with both reasons.
///
/// A rate deviates when more than half of all recordings have another. Where no rate has a majority every recording
/// deviates. A duration deviates when it differs by more than a tenth from the median of four or more recordings with
/// the same id (`2`, `ses-1_task-rest`), which compares rest with rest and task with task. Nothing is dropped: what to do is
/// the caller's choice.
pub fn deviations(recordings: &[(RecordingKey, Hertz, Seconds)]) -> Vec<Deviation> {
    let usual_rate = majority(recordings);
    let usual_durations = medians(recordings);
    recordings
        .iter()
        .filter_map(|(key, rate, duration)| {
            let mut reasons = Vec::new();
            match usual_rate {
                Some((usual, count)) if usual != *rate => {
                    reasons.push(format!(
                        "{rate}, where {count} of {} recordings have {usual}",
                        recordings.len()
                    ));
                }
                Some(_) => {}
                None => {
                    reasons.push(format!("{rate}, and no rate is that of more than half of the recordings"))
                }
            }
            if let Some((usual, count)) = usual_durations.get(&key.recording)
                && (duration.get() - usual).abs() > TOLERANCE * usual
            {
                let (seconds, id) = (duration.get(), &key.recording);
                reasons.push(format!(
                    "{seconds:.1} s, where the median of {count} recordings {id} is {usual:.1} s"
                ));
            }
            (!reasons.is_empty()).then(|| Deviation { key: key.clone(), reason: reasons.join("; ") })
        })
        .collect()
}

/// The rate of more than half of the recordings, and how many have it.
fn majority(recordings: &[(RecordingKey, Hertz, Seconds)]) -> Option<(Hertz, usize)> {
    let mut counts: BTreeMap<u64, (Hertz, usize)> = BTreeMap::new();
    for (_, rate, _) in recordings {
        counts.entry(rate.get().to_bits()).or_insert((*rate, 0)).1 += 1;
    }
    counts.into_values().max_by_key(|(_, count)| *count).filter(|(_, count)| 2 * count > recordings.len())
}

fn medians(recordings: &[(RecordingKey, Hertz, Seconds)]) -> BTreeMap<&RecordingId, (f64, usize)> {
    let mut groups: BTreeMap<&RecordingId, Vec<f64>> = BTreeMap::new();
    for (key, _, duration) in recordings {
        groups.entry(&key.recording).or_default().push(duration.get());
    }
    let large = groups.into_iter().filter(|(_, group)| group.len() >= ENOUGH);
    large
        .map(|(id, mut group)| {
            group.sort_by(f64::total_cmp);
            (id, (group[group.len() / 2], group.len()))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use twinprint_signal::{SessionId, SubjectId};

    use super::*;

    fn recording(subject: usize, id: &str, rate: f64, seconds: f64) -> (RecordingKey, Hertz, Seconds) {
        let key = RecordingKey {
            subject: SubjectId::new(format!("S{subject:03}")).unwrap(),
            session: SessionId::new("1").unwrap(),
            recording: RecordingId::new(id).unwrap(),
        };
        (key, Hertz::new(rate).unwrap(), Seconds::new(seconds).unwrap())
    }

    #[test]
    fn a_rate_that_most_do_not_have_is_named() {
        let mut cohort: Vec<_> = (1..=20).map(|s| recording(s, "03", 160.0, 125.0)).collect();
        cohort.push(recording(88, "03", 128.0, 125.0));
        let found = deviations(&cohort);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].key.subject.as_str(), "S088");
        assert_eq!(found[0].reason, "128 Hz, where 20 of 21 recordings have 160 Hz");
    }

    #[test]
    fn durations_are_compared_within_recordings_of_one_id() {
        let mut cohort: Vec<_> =
            (1..=5).flat_map(|s| [recording(s, "1", 500.0, 182.0), recording(s, "2", 500.0, 62.0)]).collect();
        assert_eq!(deviations(&cohort), []);
        cohort.push(recording(6, "1", 500.0, 62.0));
        let found = deviations(&cohort);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].reason, "62.0 s, where the median of 6 recordings 1 is 182.0 s");
    }

    #[test]
    fn without_a_majority_every_rate_deviates() {
        let cohort = [recording(1, "1", 128.0, 60.0), recording(2, "1", 256.0, 60.0)];
        assert_eq!(deviations(&cohort).len(), 2);
    }
}
