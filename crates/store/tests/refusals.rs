//! Bad input and damaged files end in an error that names what is wrong, and leave no half file behind.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stderr,
    reason = "a test fails by panicking and says what it skips"
)]

mod common;

use std::path::Path;

use common::{attributes, channels, feature_writer, info, infos, rows};
use ndarray::{Array2, Array3};
use twinprint_signal::Hertz;
use twinprint_store::StoreError;
use twinprint_store::epochs::{EpochFile, EpochWriter};
use twinprint_store::prints::{PrintFile, PrintWriter};

fn rate() -> Hertz {
    Hertz::new(128.0).unwrap()
}

fn writer(path: &Path) -> EpochWriter {
    EpochWriter::create(path, rate(), &channels(&["C3", "C4"]), 16, &attributes()).unwrap()
}

fn write(path: &Path) {
    let mut writer = writer(path);
    writer.append(Array3::from_elem((5, 2, 16), 1.5).view(), &infos(5)).unwrap();
    writer.finish().unwrap();
}

fn refusal<T>(result: Result<T, StoreError>) -> String {
    let error = result.err().expect("refused");
    let mut text = error.to_string();
    let mut source = std::error::Error::source(&error);
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}

fn left_in(folder: &Path) -> usize {
    std::fs::read_dir(folder).unwrap().count()
}

#[test]
fn a_writer_that_is_dropped_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let mut writer = writer(&folder.path().join("e.h5"));
    writer.append(Array3::zeros((5, 2, 16)).view(), &infos(5)).unwrap();
    drop(writer);
    drop(PrintWriter::create(&folder.path().join("p.h5"), 3, &attributes()).unwrap());
    drop(feature_writer(&folder.path().join("f.h5"), &["a".to_owned()]).unwrap());
    assert_eq!(left_in(folder.path()), 0);
}

#[test]
fn a_file_replaced_while_open_keeps_its_old_content_for_its_reader() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("e.h5");
    write(&path);
    let mut second = writer(&path);
    second.append(Array3::zeros((1, 2, 16)).view(), &infos(1)).unwrap();
    let before = EpochFile::open(&path).unwrap();
    second.finish().unwrap();
    assert_eq!(before.samples()[[4, 1, 15]], 1.5, "a file replaced while open keeps its old content");
    assert_eq!(EpochFile::open(&path).unwrap().infos().len(), 1);
    assert_eq!(left_in(folder.path()), 1);
}

#[test]
fn rows_that_do_not_fit_are_refused_and_not_kept() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("e.h5");
    let mut writer = writer(&path);
    let text = refusal(writer.append(Array3::zeros((1, 3, 16)).view(), &infos(1)));
    assert!(text.contains("[3 channels, 16 samples]") && text.contains("[2 channels, 16 samples]"), "{text}");
    let text = refusal(writer.append(Array3::zeros((2, 2, 16)).view(), &infos(1)));
    assert!(text.contains("number of descriptions is 1") && text.contains("2, one an epoch"), "{text}");
    for (name, value) in [("a/b", "x"), ("", "x"), (".", "x"), ("task", ""), ("task", "a\0b")] {
        let bad = [info("S", "1", 0.0, &[(name, value)])];
        assert!(writer.append(Array3::zeros((1, 2, 16)).view(), &bad).is_err(), "{name:?} = {value:?}");
    }
    writer.finish().unwrap();
    assert_eq!(EpochFile::open(&path).unwrap().samples().dim(), (0, 2, 16));
}

#[test]
fn names_of_attributes_and_columns_are_checked() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.h5");
    for name in ["README", "schema", ""] {
        let bad = [(name.to_owned(), "x".to_owned())].into();
        assert!(PrintWriter::create(&path, 2, &bad).is_err(), "{name}");
    }
    let twice = ["a".to_owned(), "b".to_owned(), "a".to_owned()];
    assert!(refusal(feature_writer(&path, &twice)).contains("two columns have it"));
    assert!(feature_writer(&path, &[]).is_err());
    assert!(PrintWriter::create(&path, 0, &attributes()).is_err());
    assert!(EpochWriter::create(&path, rate(), &[], 4, &attributes()).is_err());
    let absent = folder.path().join("absent").join("x.h5");
    assert!(
        refusal(PrintWriter::create(&absent, 2, &attributes())).contains("cannot create a temporary file")
    );
    assert_eq!(left_in(folder.path()), 0);
}

#[test]
fn a_file_of_another_format_or_kind_is_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("e.h5");
    assert!(refusal(EpochFile::open(&path)).contains("cannot open it"));
    std::fs::write(&path, b"0       X X X X".repeat(40)).unwrap();
    assert!(refusal(EpochFile::open(&path)).contains("not an HDF5 file"));
    std::fs::write(&path, b"").unwrap();
    assert!(refusal(EpochFile::open(&path)).contains("not an HDF5 file"));
    write(&path);
    let text = refusal(PrintFile::open(&path));
    assert!(text.contains("twinprint-epochs/1") && text.contains("twinprint-prints/1"), "{text}");
    hdf5::File::create(&path).unwrap().close().unwrap();
    assert!(refusal(EpochFile::open(&path)).contains("dataset /epochs is missing"));
    assert!(refusal(PrintFile::open_any(&path)).contains("dataset /prints or /features is missing"));
}

#[test]
fn each_missing_part_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("e.h5");
    let parts = ["epochs", "meta", "meta/subject", "meta/session", "meta/recording", "meta/start_second"];
    for part in parts {
        write(&path);
        let file = hdf5::File::open_rw(&path).unwrap();
        file.unlink(part).unwrap();
        file.close().unwrap();
        let text = refusal(EpochFile::open(&path));
        assert!(text.contains(part) && text.contains("is missing"), "{part}: {text}");
    }
    for attribute in ["sfreq", "units", "ch_names"] {
        write(&path);
        let file = hdf5::File::open_rw(&path).unwrap();
        file.dataset("epochs").unwrap().delete_attr(attribute).unwrap();
        file.close().unwrap();
        let text = refusal(EpochFile::open(&path));
        assert!(text.contains(attribute) && text.contains("is missing"), "{attribute}: {text}");
    }
}

#[test]
fn parts_of_another_form_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("p.h5");
    let change = |name: &str, make: &dyn Fn(&hdf5::File)| {
        let mut writer = PrintWriter::create(&path, 3, &attributes()).unwrap();
        writer.append(Array2::zeros((6, 3)).view(), &rows(6)).unwrap();
        writer.finish().unwrap();
        let file = hdf5::File::open_rw(&path).unwrap();
        file.unlink(name).unwrap();
        make(&file);
        file.close().unwrap();
        refusal(PrintFile::open(&path))
    };
    let text = change("prints", &|f| drop(f.new_dataset_builder().with_data(&[1.0f32; 6]).create("prints")));
    assert!(text.contains("of 2 axes [rows, columns]"), "{text}");
    let truth = Array2::<bool>::default((6, 3));
    let text = change("prints", &|f| drop(f.new_dataset_builder().with_data(&truth).create("prints")));
    assert!(text.contains("of type bool") && text.contains("float32"), "{text}");
    let starts =
        |f: &hdf5::File| drop(f.new_dataset_builder().with_data(&[0.0; 5]).create("meta/start_second"));
    assert!(change("meta/start_second", &starts).contains("[5]"));
    let nan =
        |f: &hdf5::File| drop(f.new_dataset_builder().with_data(&[f64::NAN; 6]).create("meta/start_second"));
    assert!(change("meta/start_second", &nan).contains("row 0 of /meta/start_second: NaN"));
    let numbers = |f: &hdf5::File| drop(f.new_dataset_builder().with_data(&[7.5; 6]).create("meta/subject"));
    assert!(change("meta/subject", &numbers).contains("text of at most 8192 bytes, or whole numbers"));
    let nobody = hdf5::types::FixedUnicode::<4>::new();
    let empty = |f: &hdf5::File| drop(f.new_dataset_builder().with_data(&[nobody; 6]).create("meta/subject"));
    assert!(change("meta/subject", &empty).contains("row 0 of /meta/subject"));
}

#[test]
fn a_file_cut_anywhere_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("e.h5");
    write(&path);
    let whole = std::fs::read(&path).unwrap();
    for length in (0..whole.len()).step_by(97).chain([whole.len() - 1]) {
        std::fs::write(&path, &whole[..length]).unwrap();
        assert!(EpochFile::open(&path).is_err(), "cut at {length} of {}", whole.len());
    }
}

#[test]
fn a_dataset_that_claims_more_than_was_written_is_refused_before_memory_is_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("p.h5");
    let file = hdf5::File::create(&path).unwrap();
    file.new_dataset::<f32>().chunk((1, 128)).shape((1usize << 40, 128)).create("prints").unwrap();
    file.close().unwrap();
    let text = refusal(PrintFile::open(&path));
    assert!(text.contains("0 bytes for shape"), "{text}");
}
