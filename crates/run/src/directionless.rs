//! Prints that point nowhere, all zeros or no numbers: an epoch without signal gives some systems such a print.
//!
//! What no system can compare, none compares: such an epoch is a failure to enrol or to acquire for every system, so that all
//! are scored on the same trials.

use twinprint_protocol::Role;
use twinprint_signal::Prints;

use crate::scoring::SystemSides;
use crate::trials::Places;

/// Epochs that some system could give no direction, fold by fold.
#[derive(Debug, Default)]
pub(crate) struct Directionless {
    test: Vec<Places>,
    dev: Vec<Places>,
    train: Vec<Places>,
    /// One sentence a system that has such prints.
    pub(crate) sentences: Vec<String>,
}

impl Directionless {
    /// Looks through the prints of one more system; those of one fold and role stand in the same order in all.
    pub(crate) fn look(&mut self, sides: &SystemSides) {
        let mut count = 0;
        let mut first = None;
        for (places, sides) in
            [(&mut self.test, &sides.test), (&mut self.dev, &sides.dev), (&mut self.train, &sides.train)]
        {
            places.resize_with(places.len().max(sides.len()), Places::new);
            for (places, side) in places.iter_mut().zip(sides) {
                let own = of(side);
                count += own.len();
                if let Some(&place) = own.first() {
                    let info = &side.infos()[place];
                    first.get_or_insert_with(|| format!("{} at {} s", info.key, info.start.get()));
                }
                places.extend(own);
            }
        }
        if let Some(first) = first {
            let system = sides.system;
            let epochs = match count {
                1 => "1 epoch".to_owned(),
                _ => format!("{count} epochs, the first of them"),
            };
            self.sentences.push(format!("{system} gives no direction to {epochs}: {first}"));
        }
    }

    /// The places in a fold's role.
    pub(crate) fn places(&self, role: Role, fold: usize) -> &Places {
        static NONE: Places = Places::new();
        let folds = match role {
            Role::Test => &self.test,
            Role::Dev => &self.dev,
            Role::Train => &self.train,
        };
        folds.get(fold).unwrap_or(&NONE)
    }
}

/// The places of prints without a direction.
pub(crate) fn of(prints: &Prints) -> Places {
    (0..prints.len()).filter(|&place| !prints.has_direction(place)).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use ndarray::{Array2, array};
    use twinprint_protocol::{Failures, FoldTrials, Pool};
    use twinprint_signal::{
        EmbeddingSpace, EpochInfo, FoldIndex, LengthMeaning, RecordingId, RecordingKey, Seconds, SessionId,
        SubjectId,
    };

    use super::*;
    use crate::system::System;
    use crate::trials::leave_out;

    fn key() -> Arc<RecordingKey> {
        Arc::new(RecordingKey {
            subject: SubjectId::new("1").unwrap(),
            session: SessionId::new("1").unwrap(),
            recording: RecordingId::new("rest").unwrap(),
        })
    }

    fn sides(system: System, values: Array2<f32>) -> SystemSides {
        let info = |at: usize| EpochInfo {
            key: key(),
            start: Seconds::new(2.0 * at as f64).unwrap(),
            labels: Arc::default(),
        };
        let infos: Vec<EpochInfo> = (0..values.nrows()).map(info).collect();
        let space = EmbeddingSpace { model: "test".to_owned(), fold: Some(FoldIndex(0)) };
        let prints = Prints::new(values, infos, space, LengthMeaning::Nothing).unwrap();
        SystemSides { system, test: vec![prints], dev: Vec::new(), train: Vec::new() }
    }

    #[test]
    fn what_one_system_cannot_compare_costs_its_trials_in_every_system() {
        let mut found = Directionless::default();
        found.look(&sides(System::Encoder, array![[1.0, 0.0], [0.0, 1.0], [1.0, 1.0], [1.0, 2.0]]));
        found.look(&sides(System::TangentWccn, array![[1.0, 0.0], [0.0, 0.0], [1.0, 1.0], [f32::NAN, 2.0]]));
        let places = found.places(Role::Test, 0);
        assert_eq!(places.iter().copied().collect::<Vec<_>>(), [1, 3]);
        assert!(found.places(Role::Dev, 0).is_empty());
        assert_eq!(found.sentences.len(), 1);
        assert!(
            found.sentences[0]
                .contains("tangent_wccn gives no direction to 2 epochs, the first of them: 1/1/rest"),
            "{found:?}"
        );

        let pool = |epochs: &[usize]| Pool {
            id: format!("{epochs:?}"),
            subject: key().subject.clone(),
            key: key(),
            epochs: epochs.to_vec(),
            start_second: 0.0,
            seconds: 2.0 * epochs.len() as f64,
        };
        let mut trials = FoldTrials {
            fold: FoldIndex(0),
            probe_seconds: 2.0,
            templates: vec![pool(&[0, 1]), pool(&[0, 2])],
            probes: vec![pool(&[2]), pool(&[3])],
            failures: Failures::default(),
        };
        leave_out(&mut trials, places);
        let left = |pools: &[Pool]| pools.iter().map(|pool| pool.epochs.clone()).collect::<Vec<_>>();
        assert_eq!((left(&trials.templates), left(&trials.probes)), (vec![vec![0, 2]], vec![vec![2]]));
        let failures = &trials.failures;
        assert_eq!((failures.to_enrol.len(), failures.to_acquire.len()), (1, 1));
        assert_eq!((failures.to_enrol[0].available, failures.to_enrol[0].wanted), (2.0, 4.0));
    }
}
