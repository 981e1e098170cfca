//! Which epochs serve enrolment and which serve as probes, for whatever is asked of single prints.

use twinprint_signal::EpochInfo;

use crate::trials::{Cutter, whole_epochs};
use crate::{Failures, Fold, Plan, ProtocolError, Role};

/// The epochs of a fold's dev or test subjects by what the protocol gives them to, as positions in the list of epochs given,
/// in its order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EpochUses {
    /// Those that people may be learnt from.
    pub enrol: Vec<usize>,
    /// Those that may be asked about.
    pub probe: Vec<usize>,
}

/// Divides the epochs between enrolment and probes: what classifiers and few-shot episodes may learn from, and what they may
/// be asked about.
///
/// A recording that serves one of the two gives it all its epochs that overlap no other. One that serves both gives
/// enrolment the windows of its templates, and probes what follows the guard gap behind the last of them, as [`crate::trials`]
/// does.
///
/// # Errors
/// As [`crate::trials`].
pub fn epoch_uses(
    epochs: &[EpochInfo],
    epoch_seconds: f64,
    fold: &Fold,
    role: Role,
    plan: &Plan,
) -> Result<EpochUses, ProtocolError> {
    let (enrol, probe) = fold.compared(role);
    let cutter = Cutter::new(epochs, epoch_seconds, plan)?;
    let per_template = whole_epochs("enrol.seconds", plan.enrol.seconds, epoch_seconds)?;
    let templates = cutter.templates(enrol, per_template, &mut Failures::default())?;
    let mut uses = EpochUses::default();
    for key in enrol {
        if probe.contains(key) {
            let of_templates = templates.iter().flat_map(|template| template.epochs.iter().copied());
            uses.enrol.extend(of_templates.filter(|&epoch| *epochs[epoch].key == *key));
        } else {
            uses.enrol.extend(cutter.clear_of_overlap(key, f64::NEG_INFINITY));
        }
    }
    for key in probe {
        uses.probe.extend(cutter.clear_of_overlap(key, cutter.probes_from(key, &templates)));
    }
    uses.enrol.sort_unstable();
    uses.probe.sort_unstable();
    Ok(uses)
}
