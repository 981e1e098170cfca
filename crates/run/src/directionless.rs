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
    /// Looks through the prints of every system; those of one fold and role stand in the same order in all.
    pub(crate) fn among(systems: &[SystemSides]) -> Self {
        let mut found = Self::default();
        for sides in systems {
            let mut count = 0;
            let mut first = None;
            for (places, sides) in [
                (&mut found.test, &sides.test),
                (&mut found.dev, &sides.dev),
                (&mut found.train, &sides.train),
            ] {
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
                found
                    .sentences
                    .push(format!("{system} gives {count} epochs no direction, the first {first}"));
            }
        }
        found
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
