//! Score files and features of any tool: read, checked, and turned into every number that scores can tell.

mod delimited;
mod identification;
mod of_features;
mod parquet;
mod summary;
mod text;
mod trials;

use std::io::Read;
use std::path::{Path, PathBuf};

use crate::ForeignError;
use crate::csv_file::{first_line, open};

pub use of_features::{FeatureOptions, Metric, evaluate_features};
pub use summary::{ScoreIdentification, ScoreReport, ScoreSummary};
pub use text::score_table;

use trials::Table;

/// The format of a score report in JSON.
const SCORES_SCHEMA: &str = "twinprint-scores/1";

/// What a column of a score file is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// The comparison score.
    Score,
    /// Who is enrolled.
    EnrolSubject,
    /// Who is probed.
    ProbeSubject,
    /// Names the probe; without it nobody is identified.
    Probe,
    /// Whether both are one person, as the file has it; compared with the subjects.
    Mated,
}

impl Role {
    const ALL: [Self; 5] = [Self::Score, Self::EnrolSubject, Self::ProbeSubject, Self::Probe, Self::Mated];

    /// The name of the role, and of its column unless another is given.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Score => "score",
            Self::EnrolSubject => "enrol_subject",
            Self::ProbeSubject => "probe_subject",
            Self::Probe => "probe",
            Self::Mated => "mated",
        }
    }

    fn needed(self) -> bool {
        matches!(self, Self::Score | Self::EnrolSubject | Self::ProbeSubject)
    }
}

/// Names of a column that says whether both are one person, in files that name nobody.
const LABELS: [&str; 6] = ["label", "target", "is_target", "genuine", "same", "y_true"];

/// How a score file is to be read and evaluated.
#[derive(Debug, Clone)]
pub struct ScoreOptions {
    /// Columns under other names than their role's: `score=similarity`.
    pub columns: Vec<String>,
    /// Columns whose every combination of values is evaluated on its own; empty for `system` and `probe_seconds`
    /// where the file has them.
    pub by: Vec<String>,
    /// Whether lower scores mean more alike.
    pub distance: bool,
    /// Scores of other subjects to calibrate and to choose thresholds on.
    pub dev: Option<PathBuf>,
    /// Bootstrap replicates behind every interval.
    pub bootstrap: usize,
    /// Seed of the bootstrap.
    pub seed: u64,
}

impl Default for ScoreOptions {
    fn default() -> Self {
        Self { columns: Vec::new(), by: Vec::new(), distance: false, dev: None, bootstrap: 1000, seed: 1 }
    }
}

/// Every number of a score file, and of each part of it that stands for a system of its own.
///
/// Parquet, or CSV with a header (comma, semicolon or tab), with the columns `enrol_subject`, `probe_subject`, `score` and, where
/// there is one, `probe`; or text without a header in three columns (claimed subject, real subject, score), four (a label of
/// the probe before the score, or `target`/`nontarget` behind it) or five (a model after the claimed subject). A label and a
/// score alone (`mated` or `label`, `score`, or two bare columns) give numbers without intervals over people. Infinite scores
/// are the ends of the order. Read in pieces: memory holds some twenty bytes a trial, and
/// about twice as much while they are sorted.
///
/// # Errors
/// When the file cannot be read, a column is missing, a value is missing or no number, `mated` contradicts the subjects, or
/// there is no mated or no non-mated comparison.
///
/// ```
/// use twinprint_foreign::{ScoreOptions, evaluate_scores};
///
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("scores.csv");
/// let text = "enrol_subject,probe_subject,score\nann,ann,0.9\nann,bob,0.4\nbob,ann,0.2\nbob,bob,0.8\n";
/// std::fs::write(&path, text)?;
///
/// let report = evaluate_scores(&path, &ScoreOptions { bootstrap: 100, ..ScoreOptions::default() })?;
/// assert_eq!((report.systems[0].mated, report.systems[0].non_mated), (2, 2));
/// assert_eq!(report.systems[0].eer.value, 0.0, "a threshold between 0.4 and 0.8 errs with nobody");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn evaluate_scores(path: &Path, options: &ScoreOptions) -> Result<ScoreReport, ForeignError> {
    let table = read(path, options)?;
    let dev = match &options.dev {
        Some(dev) => Some((dev.clone(), read(dev, options)?)),
        None => None,
    };
    summary::report(path, table, dev, options)
}

fn read(path: &Path, options: &ScoreOptions) -> Result<Table, ForeignError> {
    let mut start = Vec::new();
    open(path)?.take(4).read_to_end(&mut start).map_err(ForeignError::read(path))?;
    let table = if start == b"PAR1" {
        parquet::read(path, options)?
    } else {
        match delimited::bare_columns(path, &first_line(path)?)? {
            Some(columns) => delimited::read_bare(path, columns, options)?,
            None => delimited::read_with_header(path, options)?,
        }
    };
    if table.is_empty() {
        return Err(ForeignError::file(path, "it holds no comparison: a score file has a row for each"));
    }
    Ok(table)
}

/// Where the roles and the columns to group by stand in a file, as positions in its header.
#[derive(Debug, Clone)]
struct Layout {
    /// By [`Role::ALL`].
    roles: [Option<usize>; 5],
    by: Vec<usize>,
    by_names: Vec<String>,
}

impl Layout {
    fn of(path: &Path, header: &[String], options: &ScoreOptions) -> Result<Self, ForeignError> {
        let has = header.join(", ");
        let folded = |name: &str| header.iter().position(|column| column.eq_ignore_ascii_case(name));
        let place = |name: &str| header.iter().position(|column| column == name).or_else(|| folded(name));
        let mut names: Vec<(Role, &str, bool)> =
            Role::ALL.iter().map(|role| (*role, role.name(), false)).collect();
        for given in &options.columns {
            let pair = given.split_once('=').map(|(role, name)| (role.trim(), name.trim()));
            let found = pair.and_then(|(role, name)| {
                names.iter_mut().find(|known| known.0.name() == role).map(|known| (known, name))
            });
            let Some((known, name)) = found else {
                let roles: Vec<&str> = Role::ALL.iter().map(|role| role.name()).collect();
                let reason = format!("{given:?} must read ROLE=NAME with a role of {}", roles.join(", "));
                return Err(ForeignError::option("--column", reason));
            };
            (known.1, known.2) = (name, true);
        }
        // Where nobody is named, a label may say whether both are one person.
        let subject =
            |role: Role| names.iter().find(|known| known.0 == role).and_then(|known| place(known.1));
        let labelled = place(Role::Mated.name()).or_else(|| LABELS.iter().find_map(|name| place(name)));
        let unnamed = subject(Role::EnrolSubject).is_none()
            && subject(Role::ProbeSubject).is_none()
            && (labelled.is_some() || options.columns.iter().any(|given| given.starts_with("mated=")))
            && !options.columns.iter().any(|given| given.contains("_subject="));
        let mut roles = [None; 5];
        for (slot, (role, name, given)) in roles.iter_mut().zip(&names) {
            *slot = place(name);
            if slot.is_none() && *role == Role::Mated && !*given {
                *slot = LABELS.iter().find_map(|name| place(name)).filter(|_| unnamed);
            }
            let needed = role.needed() && !(unnamed && *role != Role::Score);
            if slot.is_none() && (needed || *given) {
                let role = role.name();
                return Err(ForeignError::file(
                    path,
                    format!(
                        "it has no column {name:?}; it has {has}. Say which one it is with --column {role}=NAME"
                    ),
                ));
            }
        }
        let wanted = if options.by.is_empty() {
            ["system", "probe_seconds"]
                .iter()
                .filter(|name| place(name).is_some())
                .map(ToString::to_string)
                .collect()
        } else {
            options.by.clone()
        };
        let by = wanted
            .iter()
            .map(|name| {
                place(name).ok_or_else(|| {
                    ForeignError::file(path, format!("it has no column {name:?} to group by; it has {has}"))
                })
            })
            .collect::<Result<_, _>>()?;
        Ok(Self { roles, by, by_names: wanted })
    }

    fn place(&self, role: Role) -> Option<usize> {
        self.roles[role as usize]
    }
}
