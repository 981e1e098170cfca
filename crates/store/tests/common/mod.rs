//! Descriptions that the tests share.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use twinprint_signal::RowInfo;
use twinprint_signal::{
    ChannelName, EpochInfo, FoldIndex, RecordingId, RecordingKey, Seconds, SessionId, SubjectId,
};
use twinprint_store::StoreError;
use twinprint_store::export::{ExportWriter, Table};

pub fn info(subject: &str, recording: &str, start: f64, labels: &[(&str, &str)]) -> EpochInfo {
    EpochInfo {
        key: Arc::new(RecordingKey {
            subject: SubjectId::new(subject).unwrap(),
            session: SessionId::new("ses-1").unwrap(),
            recording: RecordingId::new(recording).unwrap(),
        }),
        start: Seconds::new(start).unwrap(),
        labels: Arc::new(labels.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect()),
    }
}

/// `count` epochs of three people, two recordings each, some with labels, some without.
pub fn infos(count: usize) -> Vec<EpochInfo> {
    (0..count)
        .map(|k| {
            let labels: &[(&str, &str)] = match k % 3 {
                0 => &[("task", "rest"), ("group", "contrôle")],
                1 => &[("task", "counting backwards by 7 — λόγος")],
                _ => &[],
            };
            info(["Anna", "Zoë", "李雷"][k % 3], ["1", "2"][k / 3 % 2], k as f64 * 0.5, labels)
        })
        .collect()
}

#[allow(dead_code)]
pub fn rows(count: usize) -> Vec<RowInfo> {
    infos(count)
        .into_iter()
        .enumerate()
        .map(|(k, epoch)| RowInfo {
            epoch,
            fold: (k % 4 != 3).then_some(FoldIndex(k as u32 % 4)),
            role: ["enroll", "probe"].get(k % 3).map(|role| (*role).to_owned()),
        })
        .collect()
}

#[allow(dead_code)]
pub fn channels(names: &[&str]) -> Vec<ChannelName> {
    names.iter().map(ChannelName::new).collect()
}

pub fn attributes() -> BTreeMap<String, String> {
    [
        ("plan_hash", "0badc0de"),
        ("encoder_hash", "a1b2"),
        ("twinprint_version", "0.1.0"),
        ("dataset", "Größe"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into()
}

/// A file with one table, `/features`.
pub fn feature_writer(path: &Path, columns: &[String]) -> Result<ExportWriter, StoreError> {
    let table = Table { name: "features".to_owned(), columns: columns.to_vec(), units: "1".to_owned() };
    ExportWriter::create(path, &[table], None, &attributes())
}
