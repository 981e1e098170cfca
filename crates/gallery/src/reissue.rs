//! New keys for old templates.

use ndarray::{ArrayView1, Axis};

use crate::gallery::set_meta;
use crate::record::{Acquisition, Event, Happening};
use crate::schema::database;
use crate::seal::Seal;
use crate::{Gallery, GalleryError, Projection, Protection, Secret, Template, Wanted};

impl Gallery {
    /// Projects and seals every template under another secret, in one transaction, and removes the old bytes. Whoever
    /// holds a copy of the old file and its secret can no longer match it against this one.
    ///
    /// `entropy` is 16 random bytes, the new passphrase's salt.
    ///
    /// # Errors
    /// When the gallery is not protected, keeps fewer dimensions than prints have (then there is no way back to the
    /// prints, and people must enrol anew), or the new secret is the old one.
    pub fn reissue(self, secret: &Secret, entropy: [u8; 16], at: &str) -> Result<Self, GalleryError> {
        let refuse = |reason: String| GalleryError::Secret { path: self.path.clone(), reason };
        if self.protection.kdf.is_none() {
            return Err(refuse("this gallery is not protected, so there is no key to change".to_owned()));
        }
        if let Some(kept) = self.protection.cancelable.filter(|kept| *kept < self.lock.dim) {
            return Err(refuse(format!(
                "its templates keep {kept} of {} dimensions, from which there is no way back: make a new gallery and enrol anew",
                self.lock.dim
            )));
        }
        let wanted = Wanted { seal: self.protection.sealed, cancelable: self.protection.cancelable };
        let (protection, key) =
            Protection::settle(wanted, self.lock.dim, Some(secret), &entropy).map_err(refuse)?;
        if self.protection.unlock(Some(secret)).is_ok() {
            return Err(refuse("the new key is the old one: give another".to_owned()));
        }
        let projection = protection
            .cancelable
            .zip(key.as_ref())
            .map(|(kept, key)| Projection::of_key(key, self.lock.dim, kept));
        let mut next = Self {
            path: self.path.clone(),
            connection: self.writer()?,
            lock: self.lock.clone(),
            thresholds: self.thresholds.clone(),
            seal: Seal::new(key.as_ref().filter(|_| protection.sealed), &self.id),
            protection,
            projection,
            id: self.id.clone(),
            created: self.created().to_owned(),
        };
        next.rewrite(&self, at)?;
        let path = self.path.clone();
        self.connection.close().map_err(|(_, error)| database(&path, "close it")(error))?;
        next.connection = next.writer()?;
        next.compact()?;
        Ok(next)
    }

    /// Writes everything of `old` under this gallery's keys.
    fn rewrite(&self, old: &Self, at: &str) -> Result<(), GalleryError> {
        let fail = || database(&self.path, "write it under the new key");
        let mut writer = self.writer()?;
        let transaction = Self::begin(&mut writer, &self.path)?;
        let (people, log) = (old.people()?, old.log()?);
        transaction.execute_batch("DELETE FROM person; DELETE FROM event;").map_err(fail())?;
        for person in people {
            let template = self.carry(old, &person.template)?;
            let reissued = Event {
                what: Happening::Reissued,
                at: at.to_owned(),
                sources: Vec::new(),
                acquisition: Acquisition::default(),
                forced: false,
            };
            for event in person.events.iter().chain([&reissued]) {
                self.write(&transaction, &person.subject, &template, event)?;
            }
        }
        for event in log {
            let record = self.seal.close("event", b"", self.json(&event)?.as_bytes());
            transaction
                .execute("INSERT INTO event (person, record) VALUES (NULL, ?1)", [record])
                .map_err(fail())?;
        }
        set_meta(&transaction, "protection", &self.json(&self.protection)?).map_err(fail())?;
        transaction.commit().map_err(fail())
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
