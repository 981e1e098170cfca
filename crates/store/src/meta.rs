//! `/meta`: the columns that say whose a row is.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;
use std::sync::Arc;

use hdf5::{Group, H5Type};
use twinprint_signal::{
    EpochInfo, FoldIndex, RecordingId, RecordingKey, RowInfo, Seconds, SessionId, SubjectId,
};

use crate::reader::Reader;
use crate::{StoreError, attributes, strings};

/// Refuses labels that cannot become columns and values that would not come back as they are.
pub(crate) fn check(path: &Path, info: &EpochInfo) -> Result<(), StoreError> {
    for (name, value) in info.labels.iter() {
        if name.is_empty() || name == "." || name.contains(['/', '\0']) {
            let limit = "it becomes the name of a column: not empty, not a dot, no slash and no NUL";
            return Err(StoreError::text(path, "label name", name, limit));
        }
        if value.is_empty() || value.contains('\0') || value.len() > 8192 {
            let limit =
                "it must have 1 to 8192 bytes and no NUL; leave the label out where there is no value";
            return Err(StoreError::text(path, format!("value of label {name}"), value, limit));
        }
    }
    Ok(())
}

/// Writes the columns that every file has.
pub(crate) fn write_epochs(path: &Path, meta: &Group, infos: &[impl AsEpochInfo]) -> Result<(), StoreError> {
    let count = infos.len();
    let key = |row: usize| &infos[row].epoch_info().key;
    strings::write(path, meta, "subject", count, |row| key(row).subject.as_str())?;
    strings::write(path, meta, "session", count, |row| key(row).session.as_str())?;
    strings::write(path, meta, "recording", count, |row| key(row).recording.as_str())?;
    let starts: Vec<f64> = infos.iter().map(|info| info.epoch_info().start.get()).collect();
    let starts = numbers(path, meta, "start_second", &starts)?;
    attributes::write_text(path, &starts, "units", "s")?;
    let labels: BTreeSet<&String> = infos.iter().flat_map(|info| info.epoch_info().labels.keys()).collect();
    let group = meta.create_group("labels").map_err(StoreError::hdf5(path, "create /meta/labels"))?;
    for name in labels {
        let value = |row: usize| infos[row].epoch_info().labels.get(name).map_or("", String::as_str);
        strings::write(path, &group, name, count, value)?;
    }
    Ok(())
}

/// Writes the columns of prints and features: fold (−1 where there is none) and role (empty where there is none).
pub(crate) fn write_roles(path: &Path, meta: &Group, infos: &[RowInfo]) -> Result<(), StoreError> {
    let folds: Vec<i32> =
        infos.iter().map(|info| info.fold.and_then(|fold| fold.0.try_into().ok()).unwrap_or(-1)).collect();
    numbers(path, meta, "fold", &folds)?;
    strings::write(path, meta, "role", infos.len(), |row| infos[row].role.as_deref().unwrap_or(""))?;
    Ok(())
}

fn numbers<T: H5Type>(
    path: &Path,
    meta: &Group,
    name: &str,
    values: &[T],
) -> Result<hdf5::Dataset, StoreError> {
    meta.new_dataset_builder()
        .with_data(values)
        .create(name)
        .map_err(StoreError::hdf5(path, format!("write column {name}")))
}

/// Anything that knows its epoch.
pub(crate) trait AsEpochInfo {
    fn epoch_info(&self) -> &EpochInfo;
}

impl AsEpochInfo for EpochInfo {
    fn epoch_info(&self) -> &EpochInfo {
        self
    }
}

impl AsEpochInfo for RowInfo {
    fn epoch_info(&self) -> &EpochInfo {
        &self.epoch
    }
}

/// Reads `count` descriptions of which only the subject must be there: session and recording default to `1`, the start to the
/// row's number.
pub(crate) fn read_lenient(reader: &Reader, count: usize) -> Result<Vec<RowInfo>, StoreError> {
    let subjects = reader.texts("/meta/subject", count)?;
    let texts = |name: &str| match reader.has(name) {
        true => reader.texts(name, count),
        false => Ok(vec!["1".to_owned(); count]),
    };
    let (sessions, recordings) = (texts("/meta/session")?, texts("/meta/recording")?);
    let starts: Vec<f64> = match reader.has("/meta/start_second") {
        true => reader.numbers("/meta/start_second", count)?,
        false => (0..count).map(|row| row as f64).collect(),
    };
    let epochs = describe(reader, (subjects, sessions, recordings), starts, count)?;
    with_roles(reader, epochs, count)
}

/// Reads `count` descriptions; equal keys and equal labels share their memory.
pub(crate) fn read_epochs(reader: &Reader, count: usize) -> Result<Vec<EpochInfo>, StoreError> {
    let subjects = reader.texts("/meta/subject", count)?;
    let sessions = reader.texts("/meta/session", count)?;
    let recordings = reader.texts("/meta/recording", count)?;
    let starts: Vec<f64> = reader.numbers("/meta/start_second", count)?;
    describe(reader, (subjects, sessions, recordings), starts, count)
}

fn describe(
    reader: &Reader,
    (subjects, sessions, recordings): (Vec<String>, Vec<String>, Vec<String>),
    starts: Vec<f64>,
    count: usize,
) -> Result<Vec<EpochInfo>, StoreError> {
    let labels = read_labels(reader, count)?;
    let mut keys: HashMap<(String, String, String), Arc<RecordingKey>> = HashMap::new();
    let mut infos = Vec::with_capacity(count);
    let columns = subjects.into_iter().zip(sessions).zip(recordings).zip(starts).zip(labels);
    for (row, ((((subject, session), recording), start), labels)) in columns.enumerate() {
        let start = Seconds::new(start).map_err(StoreError::row(reader.path(), "/meta/start_second", row))?;
        let names = (subject, session, recording);
        let key = match keys.get(&names) {
            Some(key) => Arc::clone(key),
            None => {
                let key = Arc::new(key_of(reader.path(), row, &names)?);
                keys.insert(names, Arc::clone(&key));
                key
            }
        };
        infos.push(EpochInfo { key, start, labels });
    }
    Ok(infos)
}

fn key_of(path: &Path, row: usize, names: &(String, String, String)) -> Result<RecordingKey, StoreError> {
    Ok(RecordingKey {
        subject: SubjectId::new(&names.0).map_err(StoreError::row(path, "/meta/subject", row))?,
        session: SessionId::new(&names.1).map_err(StoreError::row(path, "/meta/session", row))?,
        recording: RecordingId::new(&names.2).map_err(StoreError::row(path, "/meta/recording", row))?,
    })
}

type Labels = Arc<BTreeMap<String, String>>;

fn read_labels(reader: &Reader, count: usize) -> Result<Vec<Labels>, StoreError> {
    let names = reader.members("/meta/labels")?;
    let columns = names
        .iter()
        .map(|name| reader.texts(&format!("/meta/labels/{name}"), count))
        .collect::<Result<Vec<_>, _>>()?;
    let mut known: HashMap<Vec<&str>, Labels> = HashMap::new();
    let rows = (0..count).map(|row| {
        let values: Vec<&str> = columns.iter().map(|column| column[row].as_str()).collect();
        let make = |values: &[&str]| {
            let pairs = names.iter().zip(values).filter(|(_, value)| !value.is_empty());
            Arc::new(pairs.map(|(name, value)| (name.clone(), (*value).to_owned())).collect())
        };
        Arc::clone(known.entry(values).or_insert_with_key(|values| make(values)))
    });
    Ok(rows.collect())
}

/// Reads `count` descriptions with fold and role; columns that are absent count as "none".
pub(crate) fn read_rows(reader: &Reader, count: usize) -> Result<Vec<RowInfo>, StoreError> {
    let epochs = read_epochs(reader, count)?;
    with_roles(reader, epochs, count)
}

fn with_roles(reader: &Reader, epochs: Vec<EpochInfo>, count: usize) -> Result<Vec<RowInfo>, StoreError> {
    let folds: Vec<i64> =
        if reader.has("/meta/fold") { reader.numbers("/meta/fold", count)? } else { vec![-1; count] };
    let roles = if reader.has("/meta/role") {
        reader.texts("/meta/role", count)?
    } else {
        vec![String::new(); count]
    };
    let rows = epochs.into_iter().zip(folds).zip(roles).map(|((epoch, fold), role)| RowInfo {
        epoch,
        fold: fold.try_into().ok().map(FoldIndex),
        role: Some(role).filter(|role| !role.is_empty()),
    });
    Ok(rows.collect())
}
