//! What happens when a file that is mapped into memory becomes shorter.
//!
//! Prints and epochs of a run are mapped. A page that is gone when it is touched ends a process by the signal SIGBUS, without a
//! word; the command says what happened and ends as it does for every refused file.

/// Makes the command say why when a mapped file has lost its end, or its disk fails.
#[cfg(target_os = "linux")]
#[allow(unsafe_code, reason = "a signal's handler is set by the operating system's own call")]
pub(crate) fn explain_when_it_ends_early() {
    // SAFETY: the action is made of zeros, which is a valid empty one, and a handler that does nothing but what POSIX allows
    // in one; the old action is not asked for.
    unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        action.sa_sigaction = explain as *const () as libc::sighandler_t;
        action.sa_flags = libc::SA_ONSTACK;
        libc::sigemptyset(&mut action.sa_mask);
        libc::sigaction(libc::SIGBUS, &action, std::ptr::null_mut());
    }
}

/// Elsewhere the system's own message has to do.
#[cfg(not(target_os = "linux"))]
pub(crate) fn explain_when_it_ends_early() {}

#[cfg(target_os = "linux")]
const WORDS: &[u8] = b"\n  x a file was shortened, or its disk failed, while it was read: one of epochs.h5, prints.h5 or a parquet table\n    \
    that twinprint had open; stop what writes to it, and make it again: `twinprint run` with --from and the stage that wrote it\n";

#[cfg(target_os = "linux")]
#[allow(unsafe_code, reason = "a handler may call nothing but the operating system")]
extern "C" fn explain(_: libc::c_int) {
    // SAFETY: `write` and `_exit` may be called in a handler; the words are a constant of the length given.
    unsafe {
        libc::write(libc::STDERR_FILENO, WORDS.as_ptr().cast(), WORDS.len());
        libc::_exit(crate::exit_code::INPUT.into());
    }
}

#[cfg(all(test, target_os = "linux"))]
#[allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]
mod tests {
    use std::fs::File;
    use std::path::Path;
    use std::process::Command;

    use twinprint_signal::{EpochInfo, RecordingId, RecordingKey, RowInfo, Seconds, SessionId, SubjectId};
    use twinprint_store::prints::{PrintFile, PrintWriter};

    /// Set for the child: the file of prints that it maps and shortens.
    const CHILD: &str = "TWINPRINT_SHORTENED";

    fn write(path: &Path) {
        let key = RecordingKey {
            subject: SubjectId::new("a").unwrap(),
            session: SessionId::new("1").unwrap(),
            recording: RecordingId::new("1").unwrap(),
        };
        let epoch =
            EpochInfo { key: key.into(), start: Seconds::new(0.0).unwrap(), labels: Default::default() };
        let row = RowInfo { epoch, fold: None, role: None };
        let mut writer = PrintWriter::create(path, 4096, &Default::default()).unwrap();
        writer.append(ndarray::Array2::ones((100, 4096)).view(), &vec![row; 100]).unwrap();
        writer.finish().unwrap();
    }

    #[test]
    fn a_mapped_file_that_is_shortened_ends_the_command_with_a_sentence_and_code_2() {
        if let Some(path) = std::env::var_os(CHILD) {
            super::explain_when_it_ends_early();
            let file = PrintFile::open(path.as_ref()).unwrap();
            assert_eq!(file.storage(), twinprint_store::Storage::Mapped);
            File::options().write(true).open(path).unwrap().set_len(100_000).unwrap();
            panic!("the sum of what is gone: {}", file.prints().sum());
        }
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("prints.h5");
        write(&path);
        let name =
            "mapped_file::tests::a_mapped_file_that_is_shortened_ends_the_command_with_a_sentence_and_code_2";
        let child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", name, "--nocapture"])
            .env(CHILD, &path)
            .output()
            .unwrap();
        let said = String::from_utf8(child.stderr).unwrap();
        assert_eq!(child.status.code(), Some(2), "{said}");
        assert!(said.contains("a file was shortened") && said.contains("twinprint run"), "{said}");
    }
}
