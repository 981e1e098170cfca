//! New keys for old templates.

use ndarray::{ArrayView1, Axis};
use rand::CryptoRng;

use crate::gallery::Description;
use crate::meta::set_meta;
use crate::people::Written;
use crate::record::{Event, Happening};
use crate::schema::database;
use crate::{Gallery, GalleryError, Protection, Secret, SecretError, Template, Wanted};

impl Gallery {
    /// Projects and seals every template under another secret, in one transaction, and removes the old bytes. Whoever
    /// holds a copy of the old file and its secret can no longer match it against this one.
    ///
    /// # Errors
    /// When the gallery is not protected, keeps fewer dimensions than prints have (then there is no way back to the
    /// prints, and people must enrol anew), or the new secret is the old one.
    pub fn reissue(self, secret: &Secret, at: &str, rng: &mut dyn CryptoRng) -> Result<Self, GalleryError> {
        let dim = self.encoder.dim;
        let refuse = |problem| GalleryError::Secret { path: self.path.clone(), problem };
        if self.protection.kdf.is_none() {
            return Err(refuse(SecretError::NothingToReissue));
        }
        if let Some(kept) = self.protection.cancelable.filter(|kept| *kept < dim) {
            return Err(refuse(SecretError::NoWayBack { kept, dim }));
        }
        let wanted = Wanted { seal: self.protection.sealed, cancelable: self.protection.cancelable };
        let mut salt = [0; 16];
        rng.fill_bytes(&mut salt);
        let (protection, key) =
            Protection::settle(wanted, dim, Some(secret), (&self.id, &salt)).map_err(refuse)?;
        if self.protection.unlock(Some(secret), (!self.unstamped).then_some(self.id.as_str())).is_ok() {
            return Err(refuse(SecretError::SameKey));
        }
        let description = Description {
            encoder: self.encoder.clone(),
            thresholds: self.thresholds.clone(),
            protection,
            id: self.id.clone(),
            created: self.created().to_owned(),
        };
        let mut next = Self::assemble(self.path.clone(), self.writer()?, description, key, false);
        next.counter.clone_from(&self.counter);
        next.rewrite(&self, at, rng)?;
        let path = self.path.clone();
        self.connection.close().map_err(|(_, error)| database(&path, "close it")(error))?;
        next.connection = next.writer()?;
        next.compact()?;
        Ok(next)
    }

    /// Writes everything of `old` under this gallery's keys.
    fn rewrite(&self, old: &Self, at: &str, rng: &mut dyn CryptoRng) -> Result<(), GalleryError> {
        let fail = || database(&self.path, "write it under the new key");
        let mut writer = self.writer()?;
        let change = old.begin(&mut writer, rng)?;
        let transaction = &change.transaction;
        let (people, log) = (old.people()?, old.log()?);
        transaction
            .execute_batch("DELETE FROM person; DELETE FROM event; DELETE FROM attempt;")
            .map_err(fail())?;
        for person in people {
            let template = self.carry(old, &person.template)?;
            let reissued = Event::without_recording(Happening::Reissued, at);
            for event in person.events.iter().chain([&reissued]) {
                let written = Written { subject: &person.subject, template: &template, event };
                self.write(transaction, &written, rng)?;
            }
        }
        for event in log {
            self.write_event(transaction, None, b"", &event, rng)?;
        }
        set_meta(transaction, "protection", &self.json(&self.protection)?).map_err(fail())?;
        self.commit(change).map(drop)
    }

    fn carry(&self, old: &Self, template: &Template) -> Result<Template, GalleryError> {
        let row = |mean: ArrayView1<'_, f32>| mean.to_owned().insert_axis(Axis(0));
        let mut mean = row(template.mean());
        if let Some(projection) = &old.projection {
            mean = projection.invert(mean.view());
        }
        if let Some(projection) = &self.projection {
            mean = projection.apply(mean.view());
        }
        Template::from_mean(mean.row(0).to_owned(), template.epochs(), template.weight())
    }
}
