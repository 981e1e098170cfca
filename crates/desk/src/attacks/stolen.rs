//! Stolen galleries: plain, sealed and cancelable, each with its key and without.

use std::path::{Path, PathBuf};

use ndarray::Axis;
use rand::Rng;
use twinprint_gallery::{Enrolment, Gallery, GalleryError, NewGallery, Secret, Template, Thresholds, Wanted};

use super::attempt::{Attack, Attempt, Outcome};
use super::material::AttackedFold;
use crate::DeskError;

/// When the galleries say they were made: no clock decides a number here.
const NOW: &str = "1970-01-01T00:00:00Z";
/// What refuses a thief.
const SEALED: &str = "the seal: no key, no template";
/// Numbers of a template that are looked for in a file.
const NUMBERS: usize = 8;

/// A fold's people in three galleries, in a folder that is removed with it.
pub(super) struct Galleries {
    folder: tempfile::TempDir,
    pub(super) plain: Gallery,
    sealed: Gallery,
    cancelable: Gallery,
}

impl Galleries {
    /// Enrols the people of a fold who are attacked.
    ///
    /// # Errors
    /// When the temporary folder cannot be written.
    pub(super) fn new(fold: &AttackedFold) -> Result<Self, DeskError> {
        let folder = tempfile::tempdir()
            .map_err(|error| DeskError::Request(format!(
                "no temporary folder can be made in {} ({error}): make room there, or name another with TMPDIR",
                std::env::temp_dir().display()
            )))?;
        let make = |name: &str, wanted: Wanted| -> Result<Gallery, DeskError> {
            let mut rng = fold.rng(name, 0);
            let secret = (wanted != Wanted::default()).then(|| key(fold, name)).transpose()?;
            let encoder = fold.encoder.identity.clone();
            let new = NewGallery { encoder, wanted, secret: secret.as_ref(), now: NOW };
            let path = folder.path().join(name);
            let thresholds = |_: Option<&_>| Ok::<_, GalleryError>(Thresholds::none("an attack sets none"));
            let gallery = Gallery::create(&path, new, thresholds, &mut rng)?;
            for victim in fold.victims() {
                let (rows, counts) = &victim.enrolled;
                let prints = fold.material.prints(rows);
                let mut request = Enrolment::new(&victim.subject, prints.view(), NOW);
                request.recordings = counts.clone();
                request.sources = victim.sources.clone();
                request.force = true;
                gallery.enrol(&request, &mut rng)?;
            }
            Ok(gallery)
        };
        Ok(Self {
            plain: make("plain", Wanted::default())?,
            sealed: make("sealed", Wanted { seal: true, cancelable: None })?,
            cancelable: make("cancelable", Wanted { seal: false, cancelable: Some(0) })?,
            folder,
        })
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

fn key(fold: &AttackedFold, name: &str) -> Result<Secret, DeskError> {
    let mut bytes = vec![0; 32];
    fold.rng(&format!("key of {name}"), 0).fill_bytes(&mut bytes);
    Ok(Secret::key_file(bytes)?)
}

/// What each theft gives.
pub(super) fn thefts(fold: &AttackedFold, galleries: &Galleries) -> Result<Vec<Attack>, DeskError> {
    let mut attacks = [
        ("stolen plain gallery: its templates as probes", "the file"),
        ("stolen plain gallery, against templates of other epochs", "the file"),
        ("stolen sealed gallery, without its key", "the file"),
        ("stolen sealed gallery, with its key", "the file and its key"),
        ("stolen cancelable gallery, without its key", "the file"),
        ("stolen cancelable gallery, with its key", "the file and its key"),
    ]
    .map(|(name, has)| Attack::new(name, has, "prints"));
    attacks[2].hands_in = "file";
    let Galleries { plain, sealed, cancelable, .. } = galleries;
    let opens = Gallery::open(&galleries.path("sealed"), None).is_ok();
    let bytes = bytes_of(&galleries.path("sealed"))?;
    for victim in fold.victims() {
        let attempt = |score: f64| Attempt::scored(fold.place, &[victim.number], score);
        let stored = |gallery: &Gallery| Ok::<_, GalleryError>(gallery.person(&victim.subject)?.template);
        let stolen = stored(plain)?;
        attacks[0].attempts.push(attempt(victim.template.score(&stolen)));
        attacks[1].attempts.extend(victim.second.iter().map(|second| attempt(second.score(&stolen))));
        let read = opens || holds(&bytes, &stolen);
        let refused = (!read).then_some(SEALED);
        attacks[2]
            .attempts
            .push(Attempt { outcome: Outcome::Done(read), ..attempt(f64::NAN) }.checked(refused));
        attacks[3].attempts.push(attempt(victim.template.score(&stored(sealed)?)));
        // What stands in the file is handed in as if it were a print, which the gallery projects once more.
        let projected = stored(cancelable)?;
        let row = projected.mean().insert_axis(Axis(0)).to_owned();
        let score = |prints: &ndarray::Array2<f32>| -> Result<f64, GalleryError> {
            let probe = Template::of(cancelable.project(prints.view())?.view());
            Ok(probe.map_or(f64::NAN, |probe| projected.score(&probe)))
        };
        attacks[4].attempts.push(attempt(score(&row)?));
        let back = cancelable.unproject(row.view());
        attacks[5].attempts.push(attempt(back.map_or(Ok(f64::NAN), |prints| score(&prints))?));
    }
    Ok(attacks.into())
}

/// The file and its write-ahead log.
fn bytes_of(path: &Path) -> Result<Vec<u8>, DeskError> {
    let read =
        |path: &Path| std::fs::read(path).map_err(|source| DeskError::Read { path: path.to_owned(), source });
    let log = PathBuf::from(format!("{}-wal", path.display()));
    let mut bytes = read(path)?;
    if log.exists() {
        bytes.extend(read(&log)?);
    }
    Ok(bytes)
}

/// Whether the first numbers of a template stand in a file as they are.
fn holds(bytes: &[u8], template: &Template) -> bool {
    let numbers: Vec<u8> = template.mean().iter().take(NUMBERS).flat_map(|x| x.to_le_bytes()).collect();
    bytes.windows(numbers.len().max(1)).any(|window| window == numbers)
}

#[cfg(test)]
mod tests {
    use ndarray::array;
    use rand::SeedableRng;
    use rand_chacha::ChaCha20Rng;
    use twinprint_gallery::EncoderIdentity;
    use twinprint_signal::{EmbeddingSpace, SubjectId};

    use super::*;

    /// The search that finds nothing in a sealed gallery finds the template in a plain one.
    #[test]
    fn a_template_is_found_in_a_plain_gallery_and_not_in_a_sealed_one() {
        let folder = tempfile::tempdir().unwrap();
        let print = array![[0.5, -0.25, 0.125, 0.7, 0.1, 0.2, 0.3, 0.4, 0.9_f32]];
        let template = Template::of(print.view()).unwrap();
        for seal in [false, true] {
            let path = folder.path().join(format!("{seal}"));
            let mut rng = ChaCha20Rng::seed_from_u64(1);
            let secret = seal.then(|| Secret::key_file(vec![7; 32]).unwrap());
            let space = EmbeddingSpace { model: "elsewhere".to_owned(), fold: None };
            let new = NewGallery {
                encoder: EncoderIdentity::elsewhere(&space, print.ncols(), "a test"),
                wanted: Wanted { seal, cancelable: None },
                secret: secret.as_ref(),
                now: NOW,
            };
            let thresholds = |_: Option<&_>| Ok::<_, GalleryError>(Thresholds::none("a test"));
            let gallery = Gallery::create(&path, new, thresholds, &mut rng).unwrap();
            let ann = SubjectId::new("ann").unwrap();
            gallery.enrol(&Enrolment::new(&ann, print.view(), NOW), &mut rng).unwrap();
            assert_eq!(holds(&bytes_of(&path).unwrap(), &template), !seal);
            assert_eq!(Gallery::open(&path, None).is_ok(), !seal);
        }
    }
}
