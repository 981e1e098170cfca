//! What attacks are made of: the run's epochs and prints, and the people of a fold as templates and probes.

use std::collections::HashMap;

use ndarray::{Array2, Array3, Axis};
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha20Rng;
use twinprint_gallery::{Source, Template};
use twinprint_protocol::{Fold, Role, shares};
use twinprint_run::folder::EPOCHS;
use twinprint_run::{EncoderPrints, FinishedRun, RunError, derive};
use twinprint_signal::{EpochRow, RecordingKey, RowInfo, SubjectId};
use twinprint_store::epochs::EpochFile;

use crate::DeskError;
use crate::open_encoder::Encoder;

/// People of a fold who are attacked, at most.
const MOST_VICTIMS: usize = 50;
/// Other people whose recordings an attacker has, at most.
const MOST_OTHERS: usize = 20;
/// Probes of a person, at most.
const MOST_PROBES: usize = 10;

/// The files of a run that attacks are made of.
pub(super) struct Material {
    pub(super) prints: EncoderPrints,
    epochs: EpochFile,
    /// The row of an epoch by its recording and the bits of its start.
    place: HashMap<(RecordingKey, u64), EpochRow>,
    /// The hash of each recording's samples.
    hashes: HashMap<RecordingKey, String>,
}

/// Somebody whom the encoder of the fold never saw, enrolled from the first epochs that the protocol gives to a template.
pub(super) struct Person {
    /// Their number among all people tested.
    pub(super) number: u32,
    pub(super) subject: SubjectId,
    /// Rows of prints behind the template, and how many of each recording.
    pub(super) enrolled: (Vec<usize>, Vec<usize>),
    pub(super) template: Template,
    /// Another template of theirs, of other epochs, where there is one.
    pub(super) second: Option<Template>,
    /// Rows of prints of each probe.
    pub(super) probes: Vec<Vec<usize>>,
    /// The recordings behind the template.
    pub(super) sources: Vec<Source>,
}

/// One fold: its encoder, and the people whom it never saw.
pub(super) struct AttackedFold<'a> {
    pub(super) material: &'a Material,
    /// The place among the folds.
    pub(super) place: usize,
    pub(super) encoder: Encoder,
    /// The thresholds of the operating points.
    pub(super) thresholds: Vec<f64>,
    pub(super) people: Vec<Person>,
    /// Epochs a probe.
    pub(super) looks: usize,
    seed: u64,
}

/// Epochs of a template and of a probe.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lengths {
    pub(super) enrol: usize,
    pub(super) looks: usize,
}

impl Material {
    /// Opens the files.
    ///
    /// # Errors
    /// When one is missing, as in a pruned run, or damaged.
    pub(super) fn open(run: &FinishedRun, prints: EncoderPrints) -> Result<Self, DeskError> {
        let path = run.folder.path(EPOCHS);
        let remedy = "attacks go through the run's epochs: run its pipeline with --from preprocess";
        let epochs =
            EpochFile::open(&path).map_err(|error| RunError::run_folder_with(&path, error, remedy))?;
        let infos = epochs.infos().iter().enumerate();
        let place = infos
            .map(|(at, info)| (((*info.key).clone(), info.start.get().to_bits()), EpochRow(at)))
            .collect();
        let hashes = run.recordings()?.into_iter().map(|known| (known.key, known.samples)).collect();
        Ok(Self { prints, epochs, place, hashes })
    }

    /// Prints `[rows, dim]` of people tested.
    pub(super) fn prints(&self, rows: &[usize]) -> Array2<f32> {
        self.prints.of(Role::Test).prints().select(Axis(0), rows)
    }

    /// The epochs behind prints of people tested, `[rows, channels, samples]`.
    ///
    /// # Errors
    /// When one is not among the run's epochs.
    pub(super) fn signals(&self, rows: &[usize]) -> Result<Array3<f32>, DeskError> {
        let place = |&row: &usize| {
            let epoch = &self.prints.of(Role::Test).infos()[row].epoch;
            self.place.get(&((*epoch.key).clone(), epoch.start.get().to_bits())).copied()
        };
        let places: Option<Vec<EpochRow>> = rows.iter().map(place).collect();
        let places = places.ok_or_else(|| {
            DeskError::Request(format!(
                "prints of the run are of epochs that {EPOCHS} does not hold: run its pipeline with --from embed"
            ))
        })?;
        Ok(EpochRow::select(self.epochs.samples(), &places))
    }

    /// Rows of prints of a recording of somebody tested in a fold, in order of time.
    fn rows(&self, fold: &Fold, key: &RecordingKey) -> Vec<usize> {
        let infos = self.prints.of(Role::Test).infos();
        let wanted = |info: &RowInfo| info.fold == Some(fold.index) && *info.epoch.key == *key;
        let mut rows: Vec<usize> = (0..infos.len()).filter(|&row| wanted(&infos[row])).collect();
        rows.sort_by(|&a, &b| infos[a].epoch.start.get().total_cmp(&infos[b].epoch.start.get()));
        rows
    }

    /// The people tested in a fold who can be enrolled and probed at these lengths, numbered from `first` on.
    pub(super) fn people(
        &self,
        fold: &Fold,
        lengths: Lengths,
        per_template: usize,
        first: u32,
    ) -> Result<Vec<Person>, DeskError> {
        let (enrol, probe) = fold.compared(Role::Test);
        let mut people = Vec::new();
        for subject in fold.subjects(Role::Test) {
            let of = |keys: &[RecordingKey]| -> Vec<(RecordingKey, Vec<usize>)> {
                let own = keys.iter().filter(|key| key.subject == *subject);
                own.map(|key| (key.clone(), self.rows(fold, key))).collect()
            };
            let enrol = of(enrol);
            let probes: Vec<Vec<usize>> = of(probe)
                .iter()
                .flat_map(|(_, rows)| rows.chunks_exact(lengths.looks))
                .map(<[usize]>::to_vec)
                .take(MOST_PROBES)
                .collect();
            let size = if per_template == 0 { enrol.len() } else { per_template }.max(1);
            let groups: Vec<_> = enrol.chunks_exact(size).collect();
            let taken = |group: &&[(RecordingKey, Vec<usize>)], skip: usize| {
                let left: Vec<&[usize]> =
                    group.iter().map(|(_, rows)| rows.get(skip..).unwrap_or(&[])).collect();
                let counts = shares(&left.iter().map(|rows| rows.len()).collect::<Vec<_>>(), lengths.enrol)?;
                let rows: Vec<usize> =
                    left.iter().zip(&counts).flat_map(|(rows, &count)| &rows[..count]).copied().collect();
                Some((rows, counts))
            };
            let found = groups.iter().find_map(|group| Some((group, taken(group, 0)?)));
            let (Some((group, (rows, counts))), false) = (found, probes.is_empty()) else { continue };
            let longest = counts.iter().copied().max().unwrap_or_default();
            let second = taken(group, longest);
            let template = |rows: &[usize], counts: &[usize]| {
                let counts: Vec<usize> = counts.iter().copied().filter(|&count| count > 0).collect();
                Template::of_recordings(self.prints(rows).view(), &counts)
            };
            let sources = group.iter().map(|(key, _)| Source {
                name: key.recording.to_string(),
                samples: self.hashes.get(key).cloned().unwrap_or_default(),
            });
            people.push(Person {
                number: first + people.len() as u32,
                subject: subject.clone(),
                template: template(&rows, &counts)?,
                second: second.map(|(rows, counts)| template(&rows, &counts)).transpose()?,
                enrolled: (rows, counts.into_iter().filter(|&count| count > 0).collect()),
                probes,
                sources: sources.filter(|source| !source.samples.is_empty()).collect(),
            });
        }
        Ok(people)
    }
}

impl<'a> AttackedFold<'a> {
    pub(super) fn new(
        material: &'a Material,
        (place, encoder): (usize, Encoder),
        thresholds: Vec<f64>,
        people: Vec<Person>,
        (looks, seed): (usize, u64),
    ) -> Self {
        Self { material, place, encoder, thresholds, people, looks, seed }
    }

    /// The generator of one kind of draw about one person.
    pub(super) fn rng(&self, what: &str, person: u32) -> ChaCha20Rng {
        let seed = derive(self.seed, &format!("attacks: {what}, fold {}, person {person}", self.place));
        ChaCha20Rng::seed_from_u64(seed)
    }

    /// Those who are attacked: all, or a draw where there are many.
    pub(super) fn victims(&self) -> Vec<&Person> {
        let mut all: Vec<&Person> = self.people.iter().collect();
        if all.len() > MOST_VICTIMS {
            all.shuffle(&mut self.rng("victims", 0));
            all.truncate(MOST_VICTIMS);
            all.sort_by_key(|person| person.number);
        }
        all
    }

    /// The others of the fold, of whom an attacker of this person has recordings: all, or a draw where there are many.
    pub(super) fn others(&self, victim: &Person) -> Vec<&Person> {
        let mut all: Vec<&Person> =
            self.people.iter().filter(|person| person.number != victim.number).collect();
        if all.len() > MOST_OTHERS {
            all.shuffle(&mut self.rng("others", victim.number));
            all.truncate(MOST_OTHERS);
            all.sort_by_key(|person| person.number);
        }
        all
    }

    /// The score of prints `[epochs, dim]` against somebody's template; NaN where they have no direction.
    pub(super) fn score(&self, victim: &Person, prints: &Array2<f32>) -> f64 {
        Template::of(prints.view()).map_or(f64::NAN, |probe| victim.template.score(&probe))
    }

    /// Epochs `[epochs, channels, samples]` through the fold's encoder; nothing where it makes no print of them.
    pub(super) fn embed(&self, epochs: &Array3<f32>) -> Option<Array2<f32>> {
        self.encoder.model.embed(epochs.view()).ok()
    }
}
