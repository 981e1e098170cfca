//! What the measured rates say of a cohort that nobody has run here.

use super::fit::line;
use super::{STAGES, Size};

/// The cohort: people, sessions, bytes of recordings.
pub(crate) const PEOPLE: f64 = 15_000.0;
pub(crate) const SESSIONS: f64 = 28_000.0;
pub(crate) const BYTES: f64 = 10e12;
/// The memory of a worker that a stage must fit in, in bytes.
pub(crate) const WORKER: f64 = 64.0 * (1u64 << 30) as f64;
/// Hours that a shard may take on one core.
pub(crate) const SHARD_HOURS: f64 = 1.0;

/// One stage on that cohort.
pub(crate) struct Stage {
    pub(crate) name: &'static str,
    pub(crate) core_hours: f64,
    /// Bytes of memory that one process would hold.
    pub(crate) memory: f64,
    /// Bytes of recordings, or for a stage that compares people their number, at which one process holds [`WORKER`].
    pub(crate) breaks_at: Option<f64>,
}

/// What it would take.
pub(crate) struct Paper {
    pub(crate) stages: Vec<Stage>,
    pub(crate) shards: f64,
    /// Bytes of epochs on disk.
    pub(crate) epochs: f64,
}

/// Whether a stage's work grows with comparisons of people rather than with what was recorded.
pub(crate) fn compares(stage: &str) -> bool {
    matches!(stage, "evaluate" | "report")
}

/// Carries straight lines through what was measured on to the cohort: seconds of processor and memory over the bytes of recordings,
/// and for the stages that compare people over the square of their number and over their number.
pub(crate) fn of(sizes: &[Size]) -> Paper {
    let stages: Vec<Stage> = STAGES
        .iter()
        .enumerate()
        .map(|(at, name)| {
            let over = |x: fn(&Size) -> f64, y: fn(&super::Measured) -> f64| {
                line(&sizes.iter().map(|size| (x(size), y(&size.stages[at]))).collect::<Vec<_>>())
            };
            let (bytes, people) = (|size: &Size| size.bytes as f64, |size: &Size| size.people as f64);
            let memory = |measured: &super::Measured| measured.peak as f64;
            let ((start, rate), (base, growth), much) = match compares(name) {
                true => {
                    let pairs = |size: &Size| (size.people as f64).powi(2);
                    let time = over(pairs, |measured| measured.processor);
                    ((time.0, time.1 * PEOPLE), over(people, memory), PEOPLE)
                }
                false => (over(bytes, |measured| measured.processor), over(bytes, memory), BYTES),
            };
            Stage {
                name,
                core_hours: (start + rate * much).max(0.0) / 3600.0,
                memory: (base + growth * much).max(base.max(0.0)),
                breaks_at: (growth > 0.0).then(|| ((WORKER - base) / growth).max(0.0)),
            }
        })
        .collect();
    let shards = stages.first().map_or(0.0, |stage| (stage.core_hours / SHARD_HOURS).ceil());
    let (read, cut): (u64, u64) =
        sizes.iter().fold((0, 0), |(a, b), size| (a + size.bytes, b + size.epoch_bytes));
    Paper { stages, shards, epochs: BYTES * cut as f64 / read.max(1) as f64 }
}

#[cfg(test)]
mod tests {
    use super::super::measure::Measured;
    use super::*;

    #[test]
    fn stages_are_carried_on_by_bytes_and_by_pairs_of_people() {
        let size = |people: usize| {
            let (bytes, n) = (people as f64 * 1e6, people as f64);
            let measured =
                |processor: f64, peak: f64| Measured { seconds: 1.0, processor, peak: peak as u64 };
            let linear = measured(bytes * 1e-7, 1e8 + bytes);
            let stages = vec![linear, linear, linear, measured(n * n * 1e-4, 2e8), measured(1.0, 1e8)];
            Size { people, bytes: bytes as u64, epoch_bytes: 2 * bytes as u64, stages }
        };
        let paper = of(&[size(20), size(80), size(320)]);
        assert!((paper.stages[0].core_hours - 1e6 / 3600.0).abs() < 1.0);
        assert_eq!(paper.shards, 278.0);
        assert!((paper.epochs - 2.0 * BYTES).abs() < 1.0);
        assert!((paper.stages[2].breaks_at.unwrap() - (WORKER - 1e8)).abs() < 1e6);
        assert!((paper.stages[3].core_hours - PEOPLE * PEOPLE * 1e-4 / 3600.0).abs() < 0.01);
        assert!(paper.stages[3].breaks_at.is_none(), "what does not grow does not break");
    }
}
