//! The process that reads other people's HDF5 and parquet before the command itself does: see `twinprint_store::isolation`.

use std::panic::catch_unwind;
use std::path::Path;
use std::time::Duration;

use twinprint_recordings::{RecordingReader, Strictness};
use twinprint_store::isolation::{Reader, read_first_by};
use twinprint_store::prints::PrintFile;

/// The command's name, which nobody types.
pub(crate) const NAME: &str = "read-foreign";

/// What a small file is given on a busy machine.
const PATIENCE: Duration = Duration::from_secs(20);
/// Samples read at a time.
const BLOCK: u64 = 1 << 16;

/// From now on such files are read by a process of this program first. Where the program cannot find itself, they are read
/// at once.
pub(crate) fn have_it_read_first() {
    if let Ok(program) = std::env::current_exe() {
        read_first_by(Reader { program, arguments: vec![NAME.into()], patience: PATIENCE });
    }
}

/// Reads all of a file that the command may come to read. What is wrong with it, the command says; here it is enough to live.
pub(crate) fn read(path: &Path) {
    std::panic::set_hook(Box::new(|_| {}));
    let _ = catch_unwind(|| {
        if twinprint_foreign::read_parquet(path).is_ok() {
            // A table.
        } else if twinprint_recordings::is_recording_name(&path.to_string_lossy()) {
            read_recording(path);
        } else if let Ok(file) = PrintFile::open_any(path) {
            std::hint::black_box(file.prints().sum());
        }
    });
}

fn read_recording(path: &Path) {
    let Ok(reader) = RecordingReader::open(path, Strictness::Lenient) else { return };
    let mut block = vec![0.0; BLOCK as usize];
    for (index, channel) in reader.channels().iter().enumerate() {
        let mut start = 0;
        while start < channel.total_samples {
            let end = channel.total_samples.min(start + BLOCK);
            if reader.read(index, start..end, &mut block[..(end - start) as usize]).is_err() {
                return;
            }
            start = end;
        }
    }
}
