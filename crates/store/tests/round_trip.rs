//! What is written comes back bit for bit, mapped or read.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stderr,
    reason = "a test fails by panicking and says what it skips"
)]

mod common;

use common::{attributes, channels, feature_writer, infos, rows};
use hdf5::types::VarLenUnicode;
use ndarray::{Array2, Array3, ArrayD, Axis, s};
use proptest::prelude::*;
use twinprint_signal::Hertz;
use twinprint_signal::RowInfo;
use twinprint_store::Storage;
use twinprint_store::epochs::{EpochFile, EpochWriter};
use twinprint_store::prints::{PrintFile, PrintWriter};

fn bits<'a>(values: impl IntoIterator<Item = &'a f32>) -> Vec<u32> {
    values.into_iter().map(|value| value.to_bits()).collect()
}

fn any_float() -> impl Strategy<Value = f32> {
    any::<u32>().prop_map(f32::from_bits)
}

prop_compose! {
    fn any_cube()(shape in (0usize..9, 1usize..5, 1usize..40))(
        values in prop::collection::vec(any_float(), shape.0 * shape.1 * shape.2),
        shape in Just(shape),
    ) -> Array3<f32> {
        Array3::from_shape_vec(shape, values).unwrap()
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn epochs_come_back_bit_for_bit_however_they_were_split(cube in any_cube(), cut in 0usize..9, rate in 0.5f64..2000.0) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("epochs.h5");
        let rate = Hertz::new(rate).unwrap();
        let channels = channels(&["Fp1", "T3", "EEG A2-A1", "Ω"][..cube.dim().1]);
        let infos = infos(cube.dim().0);
        let mut writer = EpochWriter::create(&path, rate, &channels, cube.dim().2, &attributes()).unwrap();
        let cut = cut.min(infos.len());
        writer.append(cube.slice(s![..cut, .., ..]), &infos[..cut]).unwrap();
        writer.append(cube.slice(s![cut.., .., ..]), &infos[cut..]).unwrap();
        writer.finish().unwrap();

        let file = EpochFile::open(&path).unwrap();
        prop_assert_eq!(file.samples().dim(), cube.dim());
        prop_assert_eq!(bits(file.samples().iter()), bits(cube.iter()));
        prop_assert_eq!(file.infos(), &infos[..]);
        prop_assert_eq!(file.channels(), &channels[..]);
        prop_assert_eq!(file.rate(), rate);
        prop_assert_eq!(file.storage() == Storage::Mapped, !infos.is_empty());

        let direct = hdf5::File::open(&path).unwrap();
        for (name, value) in attributes() {
            let written: VarLenUnicode = direct.attr(&name).unwrap().read_scalar().unwrap();
            prop_assert_eq!(written.as_str(), value);
        }
        let direct = direct.dataset("epochs").unwrap();
        let read: ArrayD<f32> = direct.read_dyn().unwrap();
        prop_assert_eq!(bits(read.iter()), bits(file.samples().iter()), "the map equals what libhdf5 reads");
    }

    #[test]
    fn prints_and_features_come_back_bit_for_bit(rows_and_columns in (0usize..40, 1usize..30), seed in any::<u32>()) {
        let values = Array2::from_shape_fn(rows_and_columns, |(i, j)| {
            f32::from_bits(seed.wrapping_mul(2654435761).wrapping_add((i * 31 + j) as u32 * 40503))
        });
        let infos = rows(values.nrows());
        let folder = tempfile::tempdir().unwrap();

        let path = folder.path().join("prints.h5");
        let mut writer = PrintWriter::create(&path, values.ncols(), &attributes()).unwrap();
        writer.append(values.view(), &infos).unwrap();
        writer.finish().unwrap();
        let file = PrintFile::open(&path).unwrap();
        let known = attributes().into_iter().filter(|(name, _)| name != "dataset");
        prop_assert!(known.into_iter().all(|(name, value)| file.attributes().get(&name) == Some(&value)));
        prop_assert_eq!((file.prints().nrows(), file.dim()), values.dim());
        prop_assert_eq!(bits(file.prints().iter()), bits(values.iter()));
        prop_assert_eq!(file.infos(), &infos[..]);

        let path = folder.path().join("features.h5");
        let columns: Vec<String> = (0..values.ncols()).map(|k| format!("log_psd:Fp1:{k}Hz")).collect();
        let mut writer = feature_writer(&path, &columns).unwrap();
        writer.append(&[values.view()], None, &infos).unwrap();
        writer.finish().unwrap();
        let file = PrintFile::open_any(&path).unwrap();
        prop_assert_eq!(bits(file.prints().iter()), bits(values.iter()));
        prop_assert_eq!((file.infos(), file.columns()), (&infos[..], &columns[..]));
    }
}

#[test]
fn an_array_in_another_memory_order_is_written_row_by_row() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("e.h5");
    let cube = Array3::from_shape_fn((4, 7, 2), |(a, b, c)| (a * 100 + b * 10 + c) as f32);
    let turned = cube.view().permuted_axes([0, 2, 1]);
    let rate = Hertz::new(128.0).unwrap();
    let mut writer = EpochWriter::create(&path, rate, &channels(&["C3", "C4"]), 7, &attributes()).unwrap();
    writer.append(turned, &infos(4)).unwrap();
    writer.finish().unwrap();
    assert_eq!(EpochFile::open(&path).unwrap().samples(), turned);
}

/// Small and large files are put together differently.
#[test]
fn files_of_every_size_are_whole_mapped_and_read_by_libhdf5_alike() {
    let folder = tempfile::tempdir().unwrap();
    for prints in [1, 100, 16_383, 16_384, 16_385, 200_000] {
        let path = folder.path().join("p.h5");
        let values = Array2::from_shape_fn((prints, 1), |(k, _)| k as f32 + 0.5);
        let infos = rows(3).into_iter().cycle().take(prints).collect::<Vec<_>>();
        let mut writer = PrintWriter::create(&path, 1, &attributes()).unwrap();
        writer.append(values.view(), &infos).unwrap();
        writer.finish().unwrap();
        let file = PrintFile::open(&path).unwrap();
        assert_eq!((file.prints(), file.storage()), (values.view(), Storage::Mapped));
        let direct = hdf5::File::open(&path).unwrap();
        let dataset = direct.dataset("prints").unwrap();
        assert_eq!(dataset.read_2d::<f32>().unwrap(), values);
        assert_eq!(dataset.offset().unwrap() % 4096, 0, "{prints} prints lie on a page");
        assert_eq!(direct.size(), std::fs::metadata(&path).unwrap().len(), "{prints} prints");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}

#[test]
fn features_may_come_in_blocks_of_any_memory_order() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("f.h5");
    let values = Array2::from_shape_fn((3, 5000), |(a, b)| (a * 7 + b) as f32);
    let columns = vec!["a".to_owned(), "b".to_owned(), "c".to_owned()];
    let mut writer = feature_writer(&path, &columns).unwrap();
    let all = rows(5000);
    for (block, infos) in values.t().axis_chunks_iter(Axis(0), 777).zip(all.chunks(777)) {
        writer.append(&[block], None, infos).unwrap();
    }
    writer.finish().unwrap();
    let file = PrintFile::open_any(&path).unwrap();
    assert_eq!(file.prints(), values.t());
    assert_eq!(file.infos(), &all[..]);
}

#[test]
fn a_file_rewritten_with_compression_or_in_double_precision_still_opens() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("p.h5");
    let values = Array2::from_shape_fn((50, 6), |(a, b)| a as f32 - b as f32 / 3.0);
    let mut writer = PrintWriter::create(&path, 6, &attributes()).unwrap();
    writer.append(values.view(), &rows(50)).unwrap();
    writer.finish().unwrap();
    let rewritten = hdf5::File::open_rw(&path).unwrap();
    rewritten.unlink("prints").unwrap();
    let builder = rewritten.new_dataset_builder().chunk((8, 6)).shuffle().deflate(5);
    builder.with_data(&values.mapv(f64::from)).create("prints").unwrap();
    rewritten.close().unwrap();
    let file = PrintFile::open(&path).unwrap();
    assert_eq!(file.storage(), Storage::InMemory);
    assert_eq!(file.prints(), values);
}

#[test]
fn many_rows_with_long_texts_are_compressed_and_come_back() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("p.h5");
    let subject = "s".repeat(200);
    let infos: Vec<RowInfo> = (0..20_000)
        .map(|k| {
            common::info(&subject, "1", k as f64, &[("note", if k % 2 == 0 { "x" } else { "y" })]).into()
        })
        .collect();
    let mut writer = PrintWriter::create(&path, 1, &attributes()).unwrap();
    writer.append(Array2::zeros((infos.len(), 1)).view(), &infos).unwrap();
    writer.finish().unwrap();
    assert!(std::fs::metadata(&path).unwrap().len() < 1 << 20, "4 MB of subject names compress");
    assert_eq!(PrintFile::open(&path).unwrap().infos(), &infos[..]);
}

#[test]
fn threads_may_write_and_read_at_once() {
    let folder = tempfile::tempdir().unwrap();
    std::thread::scope(|scope| {
        for k in 0..8 {
            let path = folder.path().join(format!("{k}.h5"));
            scope.spawn(move || {
                let values = Array2::from_elem((100, 3), k as f32);
                for _ in 0..5 {
                    let mut writer = PrintWriter::create(&path, 3, &attributes()).unwrap();
                    writer.append(values.view(), &rows(100)).unwrap();
                    writer.finish().unwrap();
                    assert_eq!(PrintFile::open(&path).unwrap().prints(), values);
                }
            });
        }
    });
}
