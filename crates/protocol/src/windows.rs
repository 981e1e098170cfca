//! Windows of different roles must keep their distance inside a recording.

use std::collections::HashMap;

use twinprint_signal::{EpochInfo, FoldIndex, RecordingKey, SubjectId};

use crate::leak::judge;
use crate::trials::INSTANT;
use crate::{EpochUses, Fold, FoldTrials, Leak, LeakError, Notice, Plan, Row, Variant};

/// What a window is used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Use {
    /// The encoder learns from it.
    Train,
    /// Part of a template.
    Enrol,
    /// Part of a probe.
    Probe,
}

impl Use {
    const ALL: [Self; 3] = [Self::Train, Self::Enrol, Self::Probe];

    /// `train`, `enrol` or `probe`.
    fn name(self) -> &'static str {
        match self {
            Self::Train => "train",
            Self::Enrol => "enrol",
            Self::Probe => "probe",
        }
    }
}

/// One stretch of a recording with its use.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Window<'a> {
    /// What it is used for.
    pub usage: Use,
    /// The recording it is cut from.
    pub key: &'a RecordingKey,
    /// Seconds from the recording's start.
    pub start: f64,
    /// Seconds it lasts.
    pub seconds: f64,
}

impl Window<'_> {
    fn end(&self) -> f64 {
        self.start + self.seconds
    }

    fn row(&self) -> Row {
        Row::new(self.usage.name(), self.key, format!("{} to {} s", self.start, self.end()))
    }
}

/// Looks over the windows a fold really uses: training epochs, templates and probes, and the single epochs that classifiers and
/// few-shot episodes learn from and are asked about.
///
/// The fold's training recordings give all their epochs in `learnt_from`, overlapping ones included; trials and uses are cut from
/// `compared`.
///
/// # Errors
/// For every recording and pair of uses the first two windows that overlap, touch, or lie closer than
/// `guard_seconds`, unless the plan allows [`Leak::WindowsWithoutGuard`]. Under `seen-subjects` training and enrolment share
/// recordings by definition and are not held apart; nor are training and the rest for subjects in two roles on purpose, whom
/// the notice of that leak covers.
pub fn check_windows<'a>(
    learnt_from: &'a [EpochInfo],
    compared: &'a [EpochInfo],
    epoch_seconds: f64,
    fold: &Fold,
    trials: &FoldTrials,
    uses: &EpochUses,
    plan: &Plan,
) -> Result<Vec<Notice>, Vec<LeakError>> {
    let mut by_recording: HashMap<&RecordingKey, Vec<Window>> = HashMap::new();
    let mut add = |usage, info: &'a EpochInfo| {
        let window = Window { usage, key: &info.key, start: info.start.get(), seconds: epoch_seconds };
        by_recording.entry(&info.key).or_default().push(window);
    };
    fold.training_epochs(learnt_from).for_each(|info| add(Use::Train, info));
    for (usage, pools, single) in
        [(Use::Enrol, &trials.templates, &uses.enrol), (Use::Probe, &trials.probes, &uses.probe)]
    {
        let places = pools.iter().flat_map(|pool| &pool.epochs).chain(single);
        places.for_each(|&place| add(usage, &compared[place]));
    }
    let mut recordings: Vec<_> = by_recording.into_iter().collect();
    recordings.sort_by_key(|(key, _)| *key);
    let mut found = Vec::new();
    let two_roles = |subject: &SubjectId| {
        plan.allows(Leak::SubjectInTwoRoles) && fold.train.contains(subject) && fold.test.contains(subject)
    };
    for (_, windows) in &mut recordings {
        let pairs = too_close(windows, plan.guard_seconds);
        let seen = plan.variant == Variant::SeenSubjects;
        let kept = pairs.into_iter().filter(|(a, b)| {
            let both = (a.usage.min(b.usage), a.usage.max(b.usage));
            let trained_on = both.0 == Use::Train;
            !(seen && both == (Use::Train, Use::Enrol) || trained_on && two_roles(&a.key.subject))
        });
        found.extend(kept.map(|(a, b)| leak(fold.index, &a, &b, plan.guard_seconds)));
    }
    judge(found, &plan.allow_leak, Vec::new())
}

fn leak(fold: FoldIndex, a: &Window, b: &Window, guard: f64) -> LeakError {
    let gap = b.start - a.end();
    let how = if gap < -INSTANT {
        "overlap".to_owned()
    } else if gap < INSTANT {
        "touch".to_owned()
    } else {
        format!("lie {gap} s apart where the guard gap is {guard} s")
    };
    LeakError {
        leak: Leak::WindowsWithoutGuard,
        fold: Some(fold),
        what: format!("windows for {} and {} of one recording {how}", a.usage.name(), b.usage.name()),
        rows: [a.row(), b.row()],
    }
}

/// The first offending pair of every two uses among the windows of one recording; O(n log n).
pub(crate) fn too_close<'a>(windows: &mut [Window<'a>], guard: f64) -> Vec<(Window<'a>, Window<'a>)> {
    windows.sort_by(|a, b| a.start.total_cmp(&b.start).then(a.usage.cmp(&b.usage)));
    let mut latest: [Option<Window>; 3] = [None; 3];
    let mut pairs: Vec<(Window, Window)> = Vec::new();
    for window in windows.iter() {
        for usage in Use::ALL.into_iter().filter(|usage| *usage != window.usage) {
            let Some(earlier) = latest[usage as usize] else { continue };
            let gap = window.start - earlier.end();
            let offends = gap < INSTANT || gap < guard - INSTANT;
            let uses = |a: &Window, b: &Window| (a.usage.min(b.usage), a.usage.max(b.usage));
            let new = !pairs.iter().any(|(a, b)| uses(a, b) == uses(&earlier, window));
            if offends && new {
                pairs.push((earlier, *window));
            }
        }
        let slot = &mut latest[window.usage as usize];
        if slot.is_none_or(|known| known.end() < window.end()) {
            *slot = Some(*window);
        }
    }
    pairs
}
