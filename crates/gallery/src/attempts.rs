//! Attempts that did not match: after several in a row against one person, the next must wait.
//!
//! Scores that are answered as fast as they are asked for let somebody climb from any recording to one that is accepted. The
//! counts stand beside the templates and outside the stamp: who can change the file can also try on a copy of it.

use rusqlite::{OptionalExtension, TransactionBehavior, params};
use twinprint_signal::SubjectId;

use crate::schema::database;
use crate::{Gallery, GalleryError};

/// Non-matches in a row before one has to wait: more than trying a few dozen people against one another takes, and half of what
/// the fastest climb needed that was seen.
const FREE: u32 = 20;
/// Seconds that one has to wait at most: nobody is shut out for long by somebody else's attempts.
const LONGEST: u64 = 300;

/// Seconds to wait after so many non-matches in a row: none, then 1, 2, 4, … up to five minutes.
fn pause(misses: u32) -> u64 {
    misses.checked_sub(FREE).map_or(0, |over| 1u64.checked_shl(over).unwrap_or(u64::MAX).min(LONGEST))
}

/// How many attempts against one person, none of which matches, a gallery answers in so many seconds.
///
/// ```
/// assert_eq!(twinprint_gallery::attempts_within(0), 20);
/// assert_eq!(twinprint_gallery::attempts_within(24 * 3600), 315);
/// ```
pub fn attempts_within(seconds: u64) -> u32 {
    let (mut attempts, mut waited) = (1, pause(1));
    while waited <= seconds {
        attempts += 1;
        waited += pause(attempts);
    }
    attempts
}

impl Gallery {
    /// Counts an attempt against a person, or against everybody where none is named, as one that did not match until
    /// [`Gallery::attempt_matched`] says otherwise. `now` is in seconds since 1970. Gives back whether it could be counted:
    /// not where the gallery cannot be written to or an earlier version wrote it.
    ///
    /// # Errors
    /// [`GalleryError::TooManyAttempts`] while one has to wait; when the database refuses.
    pub fn begin_attempt(&self, subject: Option<&SubjectId>, now: u64) -> Result<bool, GalleryError> {
        if self.unstamped || self.is_read_only() {
            return Ok(false);
        }
        let fail = || database(&self.path, "count an attempt");
        let handle = self.attempt_handle(subject);
        let mut writer = self.writer()?;
        let transaction = writer.transaction_with_behavior(TransactionBehavior::Immediate).map_err(fail())?;
        let before = transaction
            .query_row("SELECT misses, last FROM attempt WHERE handle = ?1", [&handle], |row| {
                Ok((row.get::<_, u32>(0)?, row.get::<_, i64>(1)? as u64))
            })
            .optional()
            .map_err(fail())?;
        let (misses, last) = before.unwrap_or((0, now));
        // A clock that was set back makes nobody wait longer.
        let waited = now.checked_sub(last).unwrap_or(LONGEST);
        let seconds = pause(misses).saturating_sub(waited);
        if seconds > 0 {
            return Err(GalleryError::TooManyAttempts { subject: subject.cloned(), misses, seconds });
        }
        transaction
            .execute(
                "INSERT INTO attempt (handle, misses, last) VALUES (?1, 1, ?2)
                 ON CONFLICT (handle) DO UPDATE SET misses = min(misses + 1, 1000), last = excluded.last",
                params![handle, now as i64],
            )
            .map_err(fail())?;
        transaction.commit().map_err(fail())?;
        Ok(true)
    }

    /// Forgets a person's non-matches after a match.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn attempt_matched(&self, subject: Option<&SubjectId>) -> Result<(), GalleryError> {
        if self.unstamped || self.is_read_only() {
            return Ok(());
        }
        let handle = self.attempt_handle(subject);
        self.writer()?
            .execute("DELETE FROM attempt WHERE handle = ?1", [handle])
            .map(drop)
            .map_err(database(&self.path, "forget attempts"))
    }

    fn attempt_handle(&self, subject: Option<&SubjectId>) -> Vec<u8> {
        subject.map_or_else(Vec::new, |subject| self.seal.handle(subject).to_vec())
    }

    fn is_read_only(&self) -> bool {
        self.connection.is_readonly("main").unwrap_or(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_doubles_and_ends_at_five_minutes() {
        let waits: Vec<u64> = [0, 19, 20, 21, 22, 28, 29, 90, u32::MAX].into_iter().map(pause).collect();
        assert_eq!(waits, [0, 0, 1, 2, 4, 256, 300, 300, 300]);
    }
}
