//! h5py reads every part of every file.
//!
//! Runs `tests/interop/read_with_h5py.py` with the first Python that can import h5py: that of `TWINPRINT_PYTHON`, of a virtual
//! environment `tests/interop/.venv`, or of the system.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stderr,
    reason = "a test fails by panicking and says what it skips"
)]

mod common;

use std::path::{Path, PathBuf};
use std::process::Command;

use common::{attributes, channels, feature_writer, rows};
use ndarray::{Array, Dimension};
use serde_json::{Value, json};
use twinprint_signal::RowInfo;
use twinprint_signal::{EpochInfo, Hertz};
use twinprint_store::epochs::EpochWriter;
use twinprint_store::prints::PrintWriter;

#[allow(clippy::disallowed_methods)]
fn python(scripts: &Path) -> Option<PathBuf> {
    let named = std::env::var("TWINPRINT_PYTHON").ok().map(PathBuf::from);
    let known = [scripts.join(".venv/bin/python"), "python3".into()];
    let imports = |python: &PathBuf| {
        Command::new(python).args(["-c", "import h5py"]).output().is_ok_and(|output| output.status.success())
    };
    named.into_iter().chain(known).find(imports)
}

fn values<D: Dimension>(array: &Array<f32, D>) -> Value {
    let bits: Vec<u32> = array.iter().map(|value| value.to_bits()).collect();
    json!({ "shape": array.shape(), "bits": bits })
}

fn meta(infos: &[EpochInfo]) -> Value {
    let column = |pick: &dyn Fn(&EpochInfo) -> String| infos.iter().map(pick).collect::<Vec<_>>();
    let label = |name: &str| column(&|i| i.labels.get(name).cloned().unwrap_or_default());
    json!({
        "subject": column(&|i| i.key.subject.to_string()),
        "session": column(&|i| i.key.session.to_string()),
        "recording": column(&|i| i.key.recording.to_string()),
        "start_second": infos.iter().map(|i| i.start.get()).collect::<Vec<_>>(),
        "labels": { "task": label("task"), "group": label("group") },
    })
}

#[test]
fn h5py_reads_what_was_written() {
    let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/interop");
    let Some(python) = python(&scripts) else {
        eprintln!(
            "SKIPPED: no Python with h5py (pip install -r tests/interop/requirements.txt, or set TWINPRINT_PYTHON)"
        );
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let rows: Vec<RowInfo> = rows(11);
    let infos: Vec<EpochInfo> = rows.iter().map(|row| row.epoch.clone()).collect();
    let epochs = Array::from_shape_fn((11, 3, 64), |(a, b, c)| ((a * 331 + b * 31 + c) as f32).sin() * 40.0);
    let prints = Array::from_shape_fn((11, 8), |(a, b)| 1.0 / (1.0 + a as f32 * 8.0 + b as f32));
    let columns: Vec<String> = (0..8).map(|k| format!("band_power:Fp1:{k}-{}Hz", k + 1)).collect();

    let rate = Hertz::new(128.0).unwrap();
    let names = channels(&["EEG Fp1", "T3", "Pz"]);
    let mut writer =
        EpochWriter::create(&folder.path().join("epochs.h5"), rate, &names, 64, &attributes()).unwrap();
    writer.append(epochs.view(), &infos).unwrap();
    writer.finish().unwrap();
    let mut writer = PrintWriter::create(&folder.path().join("prints.h5"), 8, &attributes()).unwrap();
    writer.append(prints.view(), &rows).unwrap();
    writer.finish().unwrap();
    let mut writer = feature_writer(&folder.path().join("features.h5"), &columns).unwrap();
    writer.append(&[prints.view()], None, &rows).unwrap();
    writer.finish().unwrap();

    let mut of_rows = meta(&infos);
    of_rows["fold"] = rows.iter().map(|row| row.fold.map_or(-1, |fold| i64::from(fold.0))).collect();
    of_rows["role"] = rows.iter().map(|row| row.role.clone().unwrap_or_default()).collect();
    let expected = json!({
        "epochs": { "values": values(&epochs), "sfreq": 128.0, "ch_names": ["Fp1", "T7", "Pz"] },
        "prints": values(&prints),
        "features": { "values": values(&prints), "columns": columns },
        "meta": { "epochs": meta(&infos), "rows": of_rows },
        "attributes": attributes(),
    });
    std::fs::write(folder.path().join("expected.json"), expected.to_string()).unwrap();
    let output =
        Command::new(python).arg(scripts.join("read_with_h5py.py")).arg(folder.path()).output().unwrap();
    let said =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    assert!(said.contains("all checks passed"), "{said}");
    eprintln!("{said}");
}
