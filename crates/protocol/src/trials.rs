//! Templates and probes of one fold: every template meets every probe.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use twinprint_signal::{EpochInfo, FoldIndex, RecordingKey, SubjectId};

use crate::error::CLEAN;
use crate::templates::{groups, shares};
use crate::{Fold, OnShort, Plan, ProtocolError, Role};

/// Times closer than this count as equal; far below any sampling interval.
pub(crate) const INSTANT: f64 = 1e-6;

/// Epochs of one recording that become one template or one probe.
#[derive(Debug, Clone, PartialEq)]
pub struct Pool {
    /// Names it in the trial list, unique among the templates, and among the probes, of a fold.
    pub id: String,
    /// The person all its epochs are of.
    pub subject: SubjectId,
    /// The recording it is cut from, or the first of several.
    pub key: Arc<RecordingKey>,
    /// Its epochs, as positions in the list of epochs given, in order of time; no two overlap.
    pub epochs: Vec<usize>,
    /// Seconds from the recording's start to its first sample.
    pub start_second: f64,
    /// Clean seconds in it: epochs times their length.
    pub seconds: f64,
}

/// A person or recording that gave no template or no probe.
#[derive(Debug, Clone, PartialEq)]
pub struct Failure {
    /// The recording, or the first of several.
    pub key: RecordingKey,
    /// Clean seconds there were, in non-overlapping epochs.
    pub available: f64,
    /// Clean seconds that were wanted.
    pub wanted: f64,
}

/// What was left out because the plan says `on_short = "drop"`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Failures {
    /// People without a template (failure to enrol, ISO/IEC 19795-1).
    pub to_enrol: Vec<Failure>,
    /// Probe recordings without a probe (failure to acquire, ISO/IEC 19795-1).
    pub to_acquire: Vec<Failure>,
    /// People who were to be enrolled.
    pub enrol_attempts: usize,
    /// Recordings that were to give probes.
    pub acquire_attempts: usize,
}

/// Everything that is compared in one fold at one probe length: all `templates` × all `probes`.
#[derive(Debug, Clone, PartialEq)]
pub struct FoldTrials {
    /// The fold whose people are compared.
    pub fold: FoldIndex,
    /// Clean seconds in every probe.
    pub probe_seconds: f64,
    /// Templates, by subject, then in order of time.
    pub templates: Vec<Pool>,
    /// Probes, by subject, then in order of time.
    pub probes: Vec<Pool>,
    /// What was left out, and out of how many.
    pub failures: Failures,
}

/// Cuts the templates and probes of a fold's dev or test subjects from the epochs that survived preprocessing.
///
/// `epochs` are all epochs of the cohort in any order, overlapping or not, each `epoch_seconds` long; a subset without
/// overlap is taken, earliest first. A template is the first `enrol.seconds` of an enrolment recording, or of as many together
/// as `enrol.recordings_per_template` says; several templates are taken from the subject's enrolment recordings in turn. Probes are consecutive groups of `probe_seconds`; a rest too
/// short for a group is left. Where one recording serves both, probes begin `guard_seconds` after its last template.
///
/// # Errors
/// When the role compares nobody, a length is no whole number of epochs, or, unless the plan drops them, a subject has
/// too few clean seconds to enrol or a recording has too few for a single probe; and when dropping them leaves no template or
/// no probe at all.
pub fn trials(
    epochs: &[EpochInfo],
    epoch_seconds: f64,
    fold: &Fold,
    role: Role,
    plan: &Plan,
    probe_seconds: f64,
) -> Result<FoldTrials, ProtocolError> {
    let cutter = Cutter::new(epochs, epoch_seconds, plan)?;
    let (enrol, probe) = fold.compared(role);
    if enrol.is_empty() || probe.is_empty() {
        return Err(ProtocolError::EmptyRole { fold: fold.index, role: role.name() });
    }
    let per_template = whole_epochs("enrol.seconds", plan.enrol.seconds, epoch_seconds)?;
    let per_probe = whole_epochs("probe.seconds", probe_seconds, epoch_seconds)?;
    let mut failures = Failures::default();
    let templates = cutter.templates(enrol, per_template, &mut failures)?;
    let probes = cutter.probes(probe, &templates, per_probe, &mut failures)?;
    for (purpose, none, failed) in [
        ("enrol", templates.is_empty(), &failures.to_enrol),
        ("probe", probes.is_empty(), &failures.to_acquire),
    ] {
        let longest = failed.iter().max_by(|a, b| a.available.total_cmp(&b.available));
        if let Some(longest) = longest.filter(|_| none) {
            return Err(ProtocolError::AllTooShort {
                fold: fold.index,
                role: role.name(),
                purpose,
                key: longest.key.clone(),
                available: longest.available,
                wanted: longest.wanted,
                recordings: if purpose == "enrol" { plan.enrol.recordings_per_template } else { 1 },
            });
        }
    }
    Ok(FoldTrials { fold: fold.index, probe_seconds, templates, probes, failures })
}

/// Whether every length that the plan asks for is a whole number of epochs of `epoch_seconds`; [`trials`] asks the same of
/// the epochs there are.
///
/// # Errors
/// [`ProtocolError::NotWholeEpochs`] for the first that is not.
pub fn check_lengths(plan: &Plan, epoch_seconds: f64) -> Result<(), ProtocolError> {
    whole_epochs("enrol.seconds", plan.enrol.seconds, epoch_seconds)?;
    plan.probe.seconds.iter().try_for_each(|&seconds| {
        whole_epochs("probe.seconds", seconds, epoch_seconds)?;
        Ok(())
    })
}

pub(crate) fn whole_epochs(
    key: &'static str,
    seconds: f64,
    epoch_seconds: f64,
) -> Result<usize, ProtocolError> {
    let count = (seconds / epoch_seconds).round();
    if count >= 1.0 && (count * epoch_seconds - seconds).abs() < INSTANT {
        return Ok(count as usize);
    }
    let below = (seconds / epoch_seconds).floor() * epoch_seconds;
    let above = below + epoch_seconds;
    let nearest = if below > 0.0 { format!("{below} or {above}") } else { format!("{above} or more") };
    Err(ProtocolError::NotWholeEpochs { key, seconds, epoch_seconds, nearest })
}

/// The epochs of every recording, in order of time.
fn by_recording(epochs: &[EpochInfo]) -> HashMap<&RecordingKey, Vec<usize>> {
    let mut lists: HashMap<&RecordingKey, Vec<usize>> = HashMap::new();
    for (index, info) in epochs.iter().enumerate() {
        lists.entry(&info.key).or_default().push(index);
    }
    for list in lists.values_mut() {
        list.sort_by(|&a, &b| epochs[a].start.get().total_cmp(&epochs[b].start.get()).then(a.cmp(&b)));
    }
    lists
}

/// Cuts epochs into templates and probes.
pub(crate) struct Cutter<'a> {
    epochs: &'a [EpochInfo],
    epoch_seconds: f64,
    by_recording: HashMap<&'a RecordingKey, Vec<usize>>,
    plan: &'a Plan,
}

impl<'a> Cutter<'a> {
    /// Looks the epochs over.
    pub(crate) fn new(
        epochs: &'a [EpochInfo],
        epoch_seconds: f64,
        plan: &'a Plan,
    ) -> Result<Self, ProtocolError> {
        if !(epoch_seconds.is_finite() && epoch_seconds > 0.0) {
            return Err(ProtocolError::EpochSeconds(epoch_seconds));
        }
        Ok(Self { epochs, epoch_seconds, by_recording: by_recording(epochs), plan })
    }

    /// When a recording's probes may begin: after the guard gap behind its last template, or at once where it has none.
    pub(crate) fn probes_from(&self, key: &RecordingKey, templates: &[Pool]) -> f64 {
        let of_templates = templates.iter().flat_map(|template| &template.epochs);
        of_templates
            .filter(|&&epoch| *self.epochs[epoch].key == *key)
            .map(|&epoch| self.epochs[epoch].start.get() + self.epoch_seconds + self.plan.guard_seconds)
            .fold(f64::NEG_INFINITY, f64::max)
    }

    /// The epochs of a recording from a point in time on, of overlapping ones the earliest.
    pub(crate) fn clear_of_overlap(&self, key: &RecordingKey, from: f64) -> Vec<usize> {
        let mut free_from = from;
        let mut kept = Vec::new();
        for &index in self.by_recording.get(key).map(Vec::as_slice).unwrap_or_default() {
            let start = self.epochs[index].start.get();
            if start >= free_from - INSTANT {
                kept.push(index);
                free_from = start + self.epoch_seconds;
            }
        }
        kept
    }

    fn pool(&self, kind: &str, key: &RecordingKey, group: &[usize]) -> Pool {
        let first = &self.epochs[group[0]];
        let (start_second, seconds) = (first.start.get(), group.len() as f64 * self.epoch_seconds);
        Pool {
            id: format!("{kind}:{key}@{start_second}+{seconds}"),
            subject: key.subject.clone(),
            key: Arc::clone(&first.key),
            epochs: group.to_vec(),
            start_second,
            seconds,
        }
    }

    /// The templates of everybody to be enrolled, by subject, then in order of time.
    pub(crate) fn templates(
        &self,
        enrol: &[RecordingKey],
        per_template: usize,
        failures: &mut Failures,
    ) -> Result<Vec<Pool>, ProtocolError> {
        let mut by_subject: BTreeMap<&SubjectId, Vec<&RecordingKey>> = BTreeMap::new();
        for key in enrol {
            by_subject.entry(&key.subject).or_default().push(key);
        }
        failures.enrol_attempts = by_subject.len();
        let mut templates = Vec::new();
        for keys in by_subject.into_values() {
            let cut = match self.plan.enrol.recordings_per_template {
                1 => self.templates_of_one_recording(&keys, per_template),
                several => self.templates_of_several(&keys, several, per_template)?,
            };
            match cut {
                Ok(mut cut) => {
                    cut.sort_by(|a, b| a.key.cmp(&b.key).then(a.start_second.total_cmp(&b.start_second)));
                    templates.append(&mut cut);
                }
                Err(missing) => {
                    self.fail(missing, "enrol", self.plan.enrol.seconds, &mut failures.to_enrol)?;
                }
            }
        }
        Ok(templates)
    }

    /// A person's templates, each of one recording: one of each in turn, then the next of each.
    fn templates_of_one_recording(
        &self,
        keys: &[&RecordingKey],
        per_template: usize,
    ) -> Result<Vec<Pool>, Failure> {
        let per_subject = self.plan.enrol.templates_per_subject;
        let clear: Vec<Vec<usize>> =
            keys.iter().map(|key| self.clear_of_overlap(key, f64::NEG_INFINITY)).collect();
        let cut: Vec<Pool> = (0..per_subject)
            .flat_map(|round| {
                keys.iter().zip(&clear).filter_map(move |(key, clear)| {
                    clear.chunks_exact(per_template).nth(round).map(|group| (*key, group))
                })
            })
            .take(per_subject)
            .map(|(key, group)| self.pool("enrol", key, group))
            .collect();
        if cut.len() == per_subject {
            return Ok(cut);
        }
        let (best, most) = keys.iter().zip(&clear).fold((keys[0], 0), |(best, most), (key, clear)| {
            if clear.len() > most { (key, clear.len()) } else { (best, most) }
        });
        Err(self.short(best, most, per_template * per_subject))
    }

    /// A person's templates, each of as many recordings as the plan says.
    fn templates_of_several(
        &self,
        keys: &[&RecordingKey],
        per_recordings: usize,
        per_template: usize,
    ) -> Result<Result<Vec<Pool>, Failure>, ProtocolError> {
        let per_subject = self.plan.enrol.templates_per_subject;
        let Some(groups) = groups(keys, per_recordings, per_subject) else {
            if self.plan.on_short == OnShort::Drop {
                return Ok(Err(self.short(keys[0], 0, per_template * per_subject)));
            }
            let (subject, there) = (keys[0].subject.clone(), keys.len());
            let wanted = per_recordings.max(1) * per_subject;
            return Err(ProtocolError::TooFewRecordings { subject, there, wanted });
        };
        let cut = groups.into_iter().map(|group| {
            let clear: Vec<Vec<usize>> =
                group.iter().map(|key| self.clear_of_overlap(key, f64::NEG_INFINITY)).collect();
            let there: Vec<usize> = clear.iter().map(Vec::len).collect();
            let Some(shares) = shares(&there, per_template) else {
                return Err(self.short(group[0], there.iter().sum(), per_template));
            };
            let taken: Vec<usize> =
                clear.iter().zip(shares).flat_map(|(clear, share)| clear[..share].to_vec()).collect();
            let mut pool = self.pool("enrol", group[0], &taken);
            pool.id = format!("{}, {} recordings", pool.id, group.len());
            Ok(pool)
        });
        Ok(cut.collect())
    }

    /// A person with too few clean epochs to be enrolled.
    fn short(&self, key: &RecordingKey, there: usize, wanted: usize) -> Failure {
        let seconds = |epochs: usize| epochs as f64 * self.epoch_seconds;
        Failure { key: key.clone(), available: seconds(there), wanted: seconds(wanted) }
    }

    fn probes(
        &self,
        probe: &[RecordingKey],
        templates: &[Pool],
        per_probe: usize,
        failures: &mut Failures,
    ) -> Result<Vec<Pool>, ProtocolError> {
        failures.acquire_attempts = probe.len();
        let mut probes = Vec::new();
        for key in probe {
            let clear = self.clear_of_overlap(key, self.probes_from(key, templates));
            let groups = clear.chunks_exact(per_probe);
            if groups.len() == 0 {
                let wanted = per_probe as f64 * self.epoch_seconds;
                let available = clear.len() as f64 * self.epoch_seconds;
                let missing = Failure { key: key.clone(), available, wanted };
                self.fail(missing, "probe", wanted, &mut failures.to_acquire)?;
            }
            probes.extend(groups.map(|group| self.pool("probe", key, group)));
        }
        Ok(probes)
    }

    /// Stops with an error or counts the failure, as the plan says.
    fn fail(
        &self,
        missing: Failure,
        purpose: &'static str,
        seconds: f64,
        counted: &mut Vec<Failure>,
    ) -> Result<(), ProtocolError> {
        match self.plan.on_short {
            OnShort::Drop => {
                counted.push(missing);
                Ok(())
            }
            OnShort::Error => Err(ProtocolError::TooShort {
                key: Box::new(missing.key),
                seconds,
                available: missing.available,
                counted: CLEAN,
                wanted: missing.wanted,
                purpose,
            }),
        }
    }
}
