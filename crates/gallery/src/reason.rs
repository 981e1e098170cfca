//! SQLite's reasons in plain words.

use rusqlite::Error;
use rusqlite::ErrorCode::{
    CannotOpen, DatabaseBusy, DatabaseCorrupt, DatabaseLocked, DiskFull, NotADatabase, OutOfMemory,
    PermissionDenied, ReadOnly, SystemIoFailure,
};

/// Why the database refuses, and what to do.
pub(crate) fn reason(error: &Error) -> String {
    let known = match error.sqlite_error_code() {
        Some(DiskFull | SystemIoFailure) => "the disk is full, or fails: make room, or look at the disk",
        Some(DatabaseBusy | DatabaseLocked) => {
            "another process has been changing it for ten seconds: run the command again"
        }
        Some(ReadOnly) => "the disk or the file can only be read",
        Some(CannotOpen | PermissionDenied) => "this user has no right to the file or its folder",
        Some(DatabaseCorrupt | NotADatabase) => "the file is damaged: put a copy in its place",
        Some(OutOfMemory) => "there is too little memory",
        _ => {
            return format!(
                "its contents are not what they must be ({error}): run `twinprint gallery check`"
            );
        }
    };
    known.to_owned()
}

#[cfg(test)]
mod tests {
    use rusqlite::ffi;

    use super::*;

    #[test]
    fn what_goes_wrong_with_a_disk_is_told_without_the_words_of_sqlite() {
        for (code, words) in [
            (ffi::SQLITE_FULL, "the disk is full"),
            (ffi::SQLITE_IOERR_SHMSIZE, "the disk is full"),
            (ffi::SQLITE_BUSY, "another process"),
            (ffi::SQLITE_READONLY_DBMOVED, "can only be read"),
            (ffi::SQLITE_CANTOPEN, "no right"),
            (ffi::SQLITE_CORRUPT, "damaged"),
            (ffi::SQLITE_NOMEM, "memory"),
        ] {
            let said = reason(&Error::SqliteFailure(ffi::Error::new(code), None));
            assert!(said.contains(words) && !said.contains("Error code"), "{code}: {said}");
        }
    }
}
