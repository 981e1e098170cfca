//! Readers whose crates take long to build: pipelines, tables, galleries, models.

use std::path::Path;

use twinprint_foreign::{ScoreOptions, evaluate_scores, read_features};
use twinprint_gallery::Gallery;
use twinprint_run::{CarriedModel, Source};

use super::light::Target;

/// The targets whose crates build slowly.
pub const TARGETS: [Target; 6] = [
    ("pipeline", pipeline),
    ("scores", scores),
    ("features", features),
    ("parquet", parquet),
    ("gallery", gallery),
    ("model", model),
];

/// A pipeline, and its settings one by one.
pub fn pipeline(bytes: &[u8]) -> bool {
    let source = Source::new("fuzzed.toml", String::from_utf8_lossy(bytes));
    let Ok(config) = source.parse() else { return false };
    let _ = (
        source.written_out().is_ok(),
        config.preprocess.checked().is_ok(),
        config.protocol.validate().is_ok(),
    );
    true
}

/// A score file as CSV.
pub fn scores(bytes: &[u8]) -> bool {
    file(bytes, "a.csv", |path| {
        evaluate_scores(path, &ScoreOptions { bootstrap: 20, ..ScoreOptions::default() }).is_ok()
    })
}

/// Features as CSV.
pub fn features(bytes: &[u8]) -> bool {
    file(bytes, "a.csv", |path| read_features(path).is_ok())
}

/// Features as parquet.
pub fn parquet(bytes: &[u8]) -> bool {
    file(bytes, "a.parquet", |path| read_features(path).is_ok())
}

/// A gallery.
pub fn gallery(bytes: &[u8]) -> bool {
    file(bytes, "a.gallery", |path| {
        let Ok(gallery) = Gallery::open(path, None) else { return false };
        let _ = (gallery.people().is_ok(), gallery.index().is_ok());
        true
    })
}

/// A packed model.
pub fn model(bytes: &[u8]) -> bool {
    file(bytes, "a.twinprint", |path| CarriedModel::open(path).is_ok())
}

fn file(bytes: &[u8], name: &str, then: impl FnOnce(&Path) -> bool) -> bool {
    let Ok(folder) = tempfile::tempdir() else { return false };
    let path = folder.path().join(name);
    std::fs::write(&path, bytes).is_ok() && then(&path)
}
