//! `synth`: a synthetic cohort.

use std::process::ExitCode;

use twinprint_dataset::synth::{self, Cohort};
use twinprint_run::Progress;

use crate::arguments::SynthArguments;
use crate::failure::Failure;
use crate::progress::Terminal;
use crate::say::say;

/// Writes the cohort and says what was written.
pub(crate) fn write(given: &SynthArguments, progress: &Terminal) -> Result<ExitCode, Failure> {
    let cohort = Cohort {
        subjects: given.subjects,
        sessions: given.sessions,
        seconds: given.seconds,
        channels: given.channels,
        rate: given.rate,
        seed: given.seed,
        identity_strength: given.identity,
        session_drift: given.drift,
        ..Cohort::default()
    };
    progress.begin("synth", Some(given.subjects.saturating_mul(given.sessions) as u64));
    let summary =
        synth::write(&cohort, &given.out, &mut |done, of| progress.step(&format!("{done}/{of} recordings")))?;
    progress.end(&format!(
        "{} synthetic recordings of {} made-up people, {:.1} MB; for learning and testing only",
        summary.recordings,
        summary.subjects,
        summary.bytes as f64 / 1e6
    ));
    say!("{}", given.out.display());
    Ok(ExitCode::SUCCESS)
}
