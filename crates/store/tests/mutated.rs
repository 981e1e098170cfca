//! HDF5 files with changed bytes: an error or a reading, never the end of the process.
//!
//! libhdf5 is written in C: where it goes wrong it takes the process with it. So the files are read in a second process first.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a test fails by panicking, and knows the environment"
)]

mod common;

#[path = "../../../tests/src/numbers.rs"]
mod numbers;

use std::fs;
use std::path::Path;
use std::time::Duration;

use common::{attributes, feature_writer, rows};
use hdf5::types::VarLenUnicode;
use ndarray::{Array2, arr2};
use twinprint_store::StoreError;
use twinprint_store::isolation::Reader;
use twinprint_store::matlab::MatlabFile;
use twinprint_store::prints::{PrintFile, PrintWriter};

use numbers::Numbers;

/// What tells the second process what it is; the test runner takes it for the name of a test that is not there.
const SECOND: &str = "second-process";

/// Prints as a run has them, a table as an export has it, and a file as MATLAB 7.3 writes one.
fn originals(folder: &Path) {
    let values = Array2::from_shape_fn((24, 6), |(row, column)| (row * 7 + column) as f32);
    let mut writer = PrintWriter::create(&folder.join("prints.h5"), 6, &attributes()).unwrap();
    writer.append(values.view(), &rows(24)).unwrap();
    writer.finish().unwrap();
    let columns: Vec<String> = (0..6).map(|column| format!("power:{column}")).collect();
    let mut writer = feature_writer(&folder.join("features.h5"), &columns).unwrap();
    writer.append(&[values.view()], None, &rows(24)).unwrap();
    writer.finish().unwrap();
    let file = hdf5::File::create(folder.join("matlab.h5")).unwrap();
    let eeg = file.create_group("EEG").unwrap();
    eeg.new_dataset_builder().with_data(&arr2(&[[128.0_f64]])).create("srate").unwrap();
    let name = eeg
        .new_dataset_builder()
        .with_data(&arr2(&[[82_u16], [101], [115], [116]]))
        .create("setname")
        .unwrap();
    name.new_attr::<i32>().create("MATLAB_int_decode").unwrap().write_scalar(&2).unwrap();
    let class: VarLenUnicode = "char".parse().unwrap();
    name.new_attr::<VarLenUnicode>().create("MATLAB_class").unwrap().write_scalar(&class).unwrap();
    eeg.new_dataset_builder().with_data(&values).create("data").unwrap();
}

/// The bytes with a few changes: of single bytes, of a stretch, or of the length.
fn changed(whole: &[u8], seed: u64) -> Vec<u8> {
    let (mut bytes, mut numbers) = (whole.to_vec(), Numbers(seed));
    for _ in 0..=numbers.below(6) {
        let at = numbers.below(bytes.len());
        match numbers.below(8) {
            0 => bytes[at] = 0,
            1 => bytes[at] = 0xff,
            2 => bytes[at] ^= 1 << numbers.below(8),
            3 => {
                let end = bytes.len().min(at + 1 + numbers.below(16));
                bytes[at..end].fill([0, 0xff][numbers.below(2)]);
            }
            4 => {
                let (from, length) = (numbers.below(bytes.len()), 1 + numbers.below(32));
                let length = length.min(bytes.len() - at.max(from));
                bytes.copy_within(from..from + length, at);
            }
            5 if numbers.below(4) == 0 => bytes.truncate(at.max(16)),
            _ => bytes[at] = numbers.below(256) as u8,
        }
    }
    bytes
}

/// Reads all that is read of such files; how many could be opened.
fn read(path: &Path) -> usize {
    let mut opened = 0;
    for file in [PrintFile::open(path), PrintFile::open_any(path)].into_iter().flatten() {
        opened += 1;
        let total: f64 = file.prints().iter().map(|value| f64::from(*value)).sum();
        assert!(!total.is_infinite() || !file.infos().is_empty());
        let _ = (file.attributes().len(), file.columns().len(), file.lengths());
    }
    if let Ok(file) = MatlabFile::open(path) {
        for name in ["/EEG/srate", "/EEG/setname", "/EEG/data"] {
            opened += usize::from(file.value(name).is_ok());
            let _ = file.values(name);
        }
        if let Ok(matrix) = file.matrix("/EEG/data") {
            let _ = matrix.columns(0..matrix.width().min(24));
        }
    }
    opened
}

/// Changes where the file is not empty: samples lie behind 64 KiB of mostly nothing.
fn changed_where_it_counts(whole: &[u8], seed: u64) -> Vec<u8> {
    let blocks: Vec<usize> = (0..whole.len()).step_by(512).collect();
    let used: Vec<usize> = blocks
        .into_iter()
        .filter(|&at| whole[at..whole.len().min(at + 512)].iter().any(|byte| *byte != 0))
        .collect();
    let packed: Vec<u8> = used.iter().flat_map(|&at| whole[at..whole.len().min(at + 512)].to_vec()).collect();
    let packed = changed(&packed, seed);
    let mut bytes = whole.to_vec();
    for (part, &at) in packed.chunks(512).zip(&used) {
        let end = bytes.len().min(at + part.len());
        bytes[at..end].copy_from_slice(&part[..end - at]);
    }
    if packed.len() < used.len() * 512 - 511 {
        bytes.truncate(used[packed.len() / 512] + packed.len() % 512);
    }
    bytes
}

/// What the second process does, when this test is started with a file as its last argument.
#[test]
fn read_the_last_argument() {
    if std::env::args().nth(1).as_deref() == Some(SECOND) {
        let path = std::env::args_os().next_back().unwrap();
        read(Path::new(&path));
    }
}

fn second_process() -> Reader {
    let arguments = [SECOND, "--exact", "read_the_last_argument"].map(Into::into).to_vec();
    Reader { program: std::env::current_exe().unwrap(), arguments, patience: Duration::from_secs(3) }
}

#[test]
fn no_changed_file_ends_the_process() {
    let folder = tempfile::tempdir().unwrap();
    originals(folder.path());
    assert_eq!(read(&folder.path().join("prints.h5")), 2 + 3, "the originals can be read");
    let (second, path) = (second_process(), folder.path().join("changed.h5"));
    // `cargo xtask harden` asks for more.
    let count =
        std::env::var("TWINPRINT_HARDEN_FILES").ok().and_then(|count| count.parse().ok()).unwrap_or(60);
    let (mut fatal, mut refused) = (0, 0);
    for name in ["prints.h5", "features.h5", "matlab.h5"] {
        let whole = fs::read(folder.path().join(name)).unwrap();
        for seed in 0..count {
            fs::write(&path, changed_where_it_counts(&whole, seed)).unwrap();
            match second.read(&path) {
                // What the second process outlived, this one does too.
                Ok(()) => refused += usize::from(read(&path) == 0),
                Err(StoreError::Fatal { .. }) => fatal += 1,
                Err(other) => panic!("{name}, seed {seed}: {other}"),
            }
        }
    }
    println!(
        "{} changed files: {fatal} ended the second process, {refused} were refused, the rest read",
        3 * count
    );
}

#[cfg(unix)]
#[test]
fn a_file_that_ends_the_process_that_reads_it_is_refused_with_a_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("prints.h5");
    originals(folder.path());
    let shell = |command: &str| Reader {
        program: "sh".into(),
        arguments: vec!["-c".into(), command.into(), "sh".into()],
        patience: Duration::from_secs(1),
    };
    let said = shell("kill -SEGV $$").read(&path).unwrap_err().to_string();
    assert!(said.contains("prints.h5: it is so damaged that reading it ends the process"), "{said}");
    assert!(said.contains("copy or make it again, or write it as CSV"), "{said}");
    let said = shell("sleep 30").read(&path).unwrap_err().to_string();
    assert!(said.contains("comes to no end within 1 s"), "{said}");
    shell("test -f \"$1\"").read(&path).unwrap();
}
