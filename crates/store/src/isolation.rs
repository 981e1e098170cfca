//! Reading other people's HDF5 and parquet in a second process first.
//!
//! libhdf5 is written in C, and some damaged files lead it to places that end the process, or round in circles: of 1,000 files
//! with a few changed bytes about 10. A damaged parquet table has its decoder ask for more memory than there is, which ends a
//! process too. So the command has a second process of its own read such a file before it does itself: what ends that one is
//! an error here.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use crate::StoreError;

/// What a file's bytes add to the time it is given: a megabyte a second is less than any disk reads.
const BYTES_A_SECOND: u64 = 1 << 20;

/// What is started to read a file.
static READER: OnceLock<Reader> = OnceLock::new();

/// A program that reads a file, its last argument, whole and ends with 0, whether the file is one or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reader {
    /// The program that is started to try the file.
    pub program: PathBuf,
    /// Its arguments before the file.
    pub arguments: Vec<OsString>,
    /// The time that a file of any size is given; a second is added for each megabyte.
    pub patience: Duration,
}

/// From now on other people's files are read by `reader` first. Without this, and in `reader` itself, they are read at once.
pub fn read_first_by(reader: Reader) {
    // The first one stays: there is one command.
    let _ = READER.set(reader);
}

/// Has the file read by the second process, where there is one.
///
/// # Errors
/// [`StoreError::Fatal`] when that process did not outlive it; when it cannot be started.
pub fn survive(path: &Path) -> Result<(), StoreError> {
    READER.get().map_or(Ok(()), |reader| reader.read(path))
}

impl Reader {
    /// Reads a file in the second process, and waits for it.
    ///
    /// # Errors
    /// [`StoreError::Fatal`] when the process ends otherwise than by itself, or comes to no end; when it cannot be started.
    pub fn read(&self, path: &Path) -> Result<(), StoreError> {
        let size = std::fs::metadata(path).map_err(StoreError::io(path, "examine it"))?.len();
        let patience = self.patience + Duration::from_secs(size / BYTES_A_SECOND);
        let failed = || StoreError::io(path, "start a second process that reads it first");
        let mut child = Command::new(&self.program)
            .args(&self.arguments)
            .arg(path)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map_err(failed())?;
        let begin = Instant::now();
        let mut pause = Duration::from_millis(1);
        loop {
            match child.try_wait().map_err(failed())? {
                Some(status) if status.success() => return Ok(()),
                Some(_) => return Err(fatal(path, "ends the process that reads it".to_owned())),
                None if begin.elapsed() > patience => {
                    let _ = child.kill();
                    let _ = child.wait();
                    return Err(fatal(path, format!("comes to no end within {} s", patience.as_secs())));
                }
                None => std::thread::sleep(pause),
            }
            pause = (pause * 2).min(Duration::from_millis(50));
        }
    }
}

fn fatal(path: &Path, how: String) -> StoreError {
    StoreError::Fatal { path: path.to_owned(), how }
}
