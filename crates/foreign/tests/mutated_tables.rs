//! Tables with changed bytes: an error or a reading, never a panic that leaves the library, nor the end of the process.

#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a test stops where it fails and says what it counted"
)]

#[path = "../../../tests/src/numbers.rs"]
mod numbers;

use std::fs;
use std::path::Path;
use std::time::Duration;

use polars::prelude::{Column, DataFrame, ParquetWriter};
use twinprint_foreign::{FeatureOptions, Filter, Metric, ScoreOptions, evaluate_features, evaluate_scores};
use twinprint_store::isolation::{Reader, read_first_by};

use numbers::Numbers;

fn parquet(path: &Path, columns: Vec<Column>) {
    let mut table = DataFrame::new_infer_height(columns).unwrap();
    ParquetWriter::new(fs::File::create(path).unwrap()).finish(&mut table).unwrap();
}

fn originals(folder: &Path) {
    let rows = 40_usize;
    let people: Vec<String> = (0..rows).map(|row| format!("p{}", row % 5)).collect();
    let sessions: Vec<i64> = (0..rows).map(|row| 1 + (row as i64 / 5) % 2).collect();
    // Constant of no person: what is standardised must differ.
    let number = |name: &str, factor: usize| {
        let value = |row: usize| (row % 5) as f32 + (row * factor % 17 + 1) as f32 / 10.0;
        Column::new(name.into(), (0..rows).map(value).collect::<Vec<f32>>())
    };
    parquet(
        &folder.join("features.parquet"),
        vec![
            Column::new("subject".into(), people.clone()),
            Column::new("session".into(), sessions),
            Column::new("eyes_open".into(), (0..rows).map(|row| row % 3 == 0).collect::<Vec<bool>>()),
            number("x", 7),
            number("y", 5),
        ],
    );
    let other: Vec<String> = (0..rows).map(|row| format!("p{}", (row / 5) % 5)).collect();
    let scores: Vec<f64> = (0..rows).map(|row| f64::from((row * 7 % 11) as u8)).collect();
    let csv: String =
        people.iter().zip(&other).zip(&scores).map(|((a, b), s)| format!("{a},{b},{s}\n")).collect();
    fs::write(folder.join("scores.csv"), format!("enrol_subject,probe_subject,score\n{csv}")).unwrap();
    parquet(
        &folder.join("scores.parquet"),
        vec![
            Column::new("enrol_subject".into(), people),
            Column::new("probe_subject".into(), other),
            Column::new("score".into(), scores),
        ],
    );
}

fn changed(whole: &[u8], seed: u64) -> Vec<u8> {
    let (mut bytes, mut numbers) = (whole.to_vec(), Numbers(seed));
    for _ in 0..=numbers.below(4) {
        let at = numbers.below(bytes.len());
        match numbers.below(5) {
            0 => bytes[at] = [0, 0xff, 0x7f][numbers.below(3)],
            1 => bytes[at] ^= 1 << numbers.below(8),
            2 if numbers.below(6) == 0 => bytes.truncate(at.max(8)),
            3 => {
                let (from, length) = (numbers.below(bytes.len()), 1 + numbers.below(16));
                let length = length.min(bytes.len() - at.max(from));
                bytes.copy_within(from..from + length, at);
            }
            _ => bytes[at] = numbers.below(256) as u8,
        }
    }
    bytes
}

/// What tells the second process what it is; the test runner takes it for the name of a test that is not there.
const SECOND: &str = "second-process";

/// What the second process does, when this test is started with a file as its last argument.
#[test]
fn read_the_last_argument() {
    if std::env::args().nth(1).as_deref() == Some(SECOND) {
        let path = std::env::args_os().next_back().unwrap();
        std::panic::set_hook(Box::new(|_| {}));
        let _ = twinprint_foreign::read_parquet(Path::new(&path));
    }
}

#[test]
fn no_changed_table_panics_or_ends_the_process() {
    if std::env::args().nth(1).as_deref() == Some(SECOND) {
        return;
    }
    let arguments = [SECOND, "--exact", "read_the_last_argument"].map(Into::into).to_vec();
    let program = std::env::current_exe().unwrap();
    read_first_by(Reader { program, arguments, patience: Duration::from_secs(3) });
    let folder = tempfile::tempdir().unwrap();
    originals(folder.path());
    let filter = |option, pair: &str| Filter::new(option, &[pair.to_owned()]).unwrap();
    let features = FeatureOptions {
        enrol: filter("--enrol", "session=1"),
        probe: filter("--probe", "session=2"),
        pool: 1,
        metric: Metric::Cosine,
    };
    let options = ScoreOptions { bootstrap: 100, ..ScoreOptions::default() };
    let read = |name: &str, path: &Path| {
        let read = match name {
            "features.parquet" => evaluate_features(path, &features, &options),
            _ => evaluate_scores(path, &options),
        };
        read.map(drop).map_err(|error| error.to_string())
    };
    // `cargo xtask harden` asks for more.
    let count =
        std::env::var("TWINPRINT_HARDEN_FILES").ok().and_then(|count| count.parse().ok()).unwrap_or(150);
    for name in ["features.parquet", "scores.parquet", "scores.csv"] {
        let whole = fs::read(folder.path().join(name)).unwrap();
        assert_eq!(read(name, &folder.path().join(name)), Ok(()), "{name} itself can be read");
        let path = folder.path().join(format!("changed-{name}"));
        let (mut refused, mut fatal) = (0, 0);
        for seed in 0..count {
            fs::write(&path, changed(&whole, seed)).unwrap();
            if let Err(reason) = read(name, &path) {
                refused += 1;
                fatal += usize::from(reason.contains("so damaged that reading it"));
            }
        }
        println!(
            "{name}: {count} changed files, {fatal} ended the second process, {refused} refused in all, the rest read"
        );
    }
}
