//! Anybody's features as comparisons: templates from some rows of a table, probes from others.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use ndarray::Array2;
use twinprint_comparison::{Pooled, Pooling, cosine, distances};
use twinprint_signal::{FoldIndex, RecordingKey, SubjectId, counted};

use super::trials::Table;
use super::{ScoreOptions, ScoreReport, summary};
use crate::columns::ColumnUse;
use crate::{Features, Filter, ForeignError, read_features};

/// How a template and a probe are compared.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Metric {
    /// Cosine of the angle between means of rows that were scaled to unit length, unless the file says that their lengths are
    /// weights.
    #[default]
    Cosine,
    /// Distance between means of rows as they are; at unit length where the file says that their lengths are weights.
    Euclidean,
}

/// Which rows of a file of features are compared, and how.
#[derive(Debug, Clone)]
pub struct FeatureOptions {
    /// The rows that templates are made of: one of each subject in each fold.
    pub enrol: Filter,
    /// The rows that probes are made of.
    pub probe: Filter,
    /// Consecutive rows of one recording that make a probe, in order of time.
    pub pool: usize,
    /// How they are compared.
    pub metric: Metric,
}

/// Every number of a file of features: all templates against all probes of their fold, scored and then evaluated as
/// [`super::evaluate_scores`] does. `options.dev` is a file of features of other people, `options.distance` follows from the
/// metric, and `options.columns` and `options.by` say nothing.
///
/// # Errors
/// When the file cannot be read (see [`read_features`]), no row is left for templates or for probes, a row is left for both,
/// a row has no direction, or there is no mated or no non-mated comparison.
pub fn evaluate_features(
    path: &Path,
    features: &FeatureOptions,
    options: &ScoreOptions,
) -> Result<ScoreReport, ForeignError> {
    if features.pool == 0 {
        return Err(ForeignError::option("--pool", "0 rows make no probe: write 1 or more"));
    }
    let options = ScoreOptions { distance: features.metric == Metric::Euclidean, ..options.clone() };
    let compared = compare(path, features, &options)?;
    let dev = match &options.dev {
        Some(dev) => Some((dev.clone(), compare(dev, features, &options)?.trials)),
        None => None,
    };
    let mut report = summary::report(path, compared.trials, dev, &options)?;
    report.columns = Some(compared.columns);
    for summary in &mut report.systems {
        summary.absent.splice(0..0, compared.notes.iter().cloned());
    }
    Ok(report)
}

/// The rows behind a template or a probe, and the person of each.
struct Group {
    subject: SubjectId,
    /// The recordings it was made from.
    recordings: BTreeSet<RecordingKey>,
    /// The rows of the file.
    rows: Vec<usize>,
}

/// The comparisons of one fold.
#[derive(Default)]
struct Fold {
    templates: Vec<Group>,
    probes: Vec<Group>,
}

/// All comparisons of a file, and what should be known of them.
struct Compared {
    trials: Table,
    columns: ColumnUse,
    notes: Vec<String>,
}

fn compare(path: &Path, features: &FeatureOptions, options: &ScoreOptions) -> Result<Compared, ForeignError> {
    let table = read_features(path)?;
    table.check_leaks()?;
    let enrol = features.enrol.rows(path, table.infos())?;
    let probe = features.probe.rows(path, table.infos())?;
    apart(&table, &enrol, &probe)?;
    if features.metric == Metric::Cosine {
        directed(&table, enrol.iter().chain(&probe))?;
    }
    let mut folds: BTreeMap<Option<FoldIndex>, Fold> = BTreeMap::new();
    for (fold, rows) in by_fold(&table, &enrol) {
        folds.entry(fold).or_default().templates = templates(&table, rows);
    }
    let mut rest = 0;
    for (fold, rows) in by_fold(&table, &probe) {
        let (probes, left) = probes(&table, rows, features.pool);
        folds.entry(fold).or_default().probes = probes;
        rest += left;
    }
    let mut notes: Vec<String> = strangers(&mut folds).into_iter().collect();
    notes.extend(same_recording(&folds));
    if rest > 0 {
        notes.push(format!(
            "{rest} probe rows are left out: at the end of a recording fewer than {} remain",
            features.pool
        ));
    }
    enough(&table, &folds, features.pool)?;
    let mut trials = Table::new(&[], true, options);
    let mut row = 0;
    for fold in folds.values().filter(|fold| !fold.templates.is_empty() && !fold.probes.is_empty()) {
        let scores = scores(&table, fold, features.metric)?;
        for (template, scores) in fold.templates.iter().zip(scores.rows()) {
            for (probe, score) in fold.probes.iter().zip(scores) {
                row += 1;
                let label = probe.rows[0].to_string();
                let fields = [
                    None,
                    Some(template.subject.as_str()),
                    Some(probe.subject.as_str()),
                    Some(&*label),
                    None,
                ];
                trials.add(path, row, fields, *score, &[])?;
            }
        }
    }
    Ok(Compared { trials, columns: table.columns().clone(), notes })
}

/// Refuses a row that is enrolled and probed.
fn apart(table: &Features, enrol: &[usize], probe: &[usize]) -> Result<(), ForeignError> {
    let enrolled: BTreeSet<usize> = enrol.iter().copied().collect();
    let both: Vec<usize> = probe.iter().copied().filter(|row| enrolled.contains(row)).collect();
    match both.first() {
        None => Ok(()),
        Some(&row) => {
            let epoch = &table.infos()[row].epoch;
            Err(table.refuse(format!(
                "{} of its rows, row {row} ({} at {}) first, are left by --enrol as well as by --probe, and a row always matches itself: make the two exclude one another",
                both.len(),
                epoch.key,
                epoch.start
            )))
        }
    }
}

/// Refuses a row without a direction.
fn directed<'a>(table: &Features, rows: impl Iterator<Item = &'a usize>) -> Result<(), ForeignError> {
    let zero = |row: &&usize| table.values().row(**row).iter().all(|value| *value == 0.0);
    let mut rows = rows.filter(zero);
    match rows.next() {
        None => Ok(()),
        Some(row) => {
            let rows = match rows.count() {
                0 => format!("row {row} holds"),
                others => format!("row {row} and {} hold", counted(others, "other")),
            };
            Err(table.refuse(format!(
                "{rows} nothing but zeros, which have no direction: remove them, or compare with --metric euclidean"
            )))
        }
    }
}

/// Rows fold by fold; in each by recording, then in order of time.
fn by_fold(table: &Features, rows: &[usize]) -> BTreeMap<Option<FoldIndex>, Vec<usize>> {
    let mut folds: BTreeMap<Option<FoldIndex>, Vec<usize>> = BTreeMap::new();
    for &row in rows {
        folds.entry(table.infos()[row].fold).or_default().push(row);
    }
    for rows in folds.values_mut() {
        let place = |row: usize| (&table.infos()[row].epoch.key, table.infos()[row].epoch.start.get());
        rows.sort_by(|&a, &b| {
            let (a, b) = (place(a), place(b));
            a.0.cmp(b.0).then(a.1.total_cmp(&b.1))
        });
    }
    folds
}

impl Group {
    fn of(table: &Features, rows: &[usize]) -> Self {
        let keys = rows.iter().map(|&row| &*table.infos()[row].epoch.key);
        Self {
            subject: table.infos()[rows[0]].epoch.key.subject.clone(),
            recordings: keys.cloned().collect(),
            rows: rows.to_vec(),
        }
    }
}

/// A template of each subject, from all of their rows.
fn templates(table: &Features, rows: Vec<usize>) -> Vec<Group> {
    let subject = |row: usize| &table.infos()[row].epoch.key.subject;
    rows.chunk_by(|&a, &b| subject(a) == subject(b)).map(|rows| Group::of(table, rows)).collect()
}

/// Probes of `pool` rows of one recording each, and how many rows are left at the ends of recordings.
fn probes(table: &Features, rows: Vec<usize>, pool: usize) -> (Vec<Group>, usize) {
    let key = |row: usize| &table.infos()[row].epoch.key;
    let recordings = || rows.chunk_by(|&a, &b| key(a) == key(b));
    let probes = recordings().flat_map(|rows| rows.chunks_exact(pool)).map(|rows| Group::of(table, rows));
    (probes.collect(), recordings().map(|rows| rows.len() % pool).sum())
}

/// Takes out the probes of subjects without a template in their fold; says how many and whose.
fn strangers(folds: &mut BTreeMap<Option<FoldIndex>, Fold>) -> Option<String> {
    let (mut people, mut count) = (BTreeSet::new(), 0);
    for fold in folds.values_mut() {
        let enrolled: BTreeSet<SubjectId> =
            fold.templates.iter().map(|template| template.subject.clone()).collect();
        let (known, unknown): (Vec<Group>, Vec<Group>) =
            fold.probes.drain(..).partition(|probe| enrolled.contains(&probe.subject));
        fold.probes = known;
        count += unknown.len();
        people.extend(unknown.into_iter().map(|probe| probe.subject.to_string()));
    }
    (count > 0).then(|| {
        let first: Vec<&str> = people.iter().take(8).map(String::as_str).collect();
        let more = if people.len() > first.len() { ", …" } else { "" };
        format!(
            "{} of {} without a template left out: {}{more}",
            counted(count, "probe"),
            counted(people.len(), "subject"),
            first.join(", ")
        )
    })
}

/// Says how many probes come from a recording that enrols as well.
fn same_recording(folds: &BTreeMap<Option<FoldIndex>, Fold>) -> Option<String> {
    let (mut near, mut all) = (0, 0);
    for fold in folds.values() {
        let enrolled: BTreeSet<&RecordingKey> = fold.templates.iter().flat_map(|t| &t.recordings).collect();
        all += fold.probes.len();
        near += fold.probes.iter().filter(|p| p.recordings.iter().any(|key| enrolled.contains(key))).count();
    }
    (near > 0).then(|| {
        format!(
            "{near} of {all} probes come from a recording that enrols as well: the error rates say little about another day"
        )
    })
}

fn enough(
    table: &Features,
    folds: &BTreeMap<Option<FoldIndex>, Fold>,
    pool: usize,
) -> Result<(), ForeignError> {
    if folds.values().all(|fold| fold.probes.is_empty()) {
        return Err(table.refuse(format!(
            "no subject has both a template and a probe of {pool} rows in one fold, so nobody can be verified: look at --enrol, --probe and --pool"
        )));
    }
    if folds.values().all(|fold| fold.probes.is_empty() || fold.templates.len() < 2) {
        return Err(table.refuse(
            "no fold has the templates of two subjects, so there is nobody to be told apart from: rows of at least two must be left by --enrol",
        ));
    }
    Ok(())
}

/// Every template of a fold against every probe, `[templates, probes]`.
fn scores(table: &Features, fold: &Fold, metric: Metric) -> Result<Array2<f64>, ForeignError> {
    let pooled = |groups: &[Group]| -> Result<Pooled, ForeignError> {
        let rows: Vec<usize> = groups.iter().flat_map(|group| group.rows.iter().copied()).collect();
        let prints = table.prints(&rows)?;
        let places: Vec<usize> = (0..rows.len()).collect();
        let mut rest = places.as_slice();
        let mut own = Vec::with_capacity(groups.len());
        for group in groups {
            let (places, behind) = rest.split_at(group.rows.len());
            own.push((group.subject.as_str(), places));
            rest = behind;
        }
        match metric {
            Metric::Cosine => Pooled::of(&prints, own.into_iter(), Pooling::Mean)
                .map_err(ForeignError::because(table.path(), "its rows cannot be pooled")),
            Metric::Euclidean => Ok(Pooled::means(&prints, own.into_iter().map(|(_, places)| places))),
        }
    };
    let (templates, probes) = (pooled(&fold.templates)?, pooled(&fold.probes)?);
    let scores = match metric {
        Metric::Cosine => cosine(&templates, &probes).map(|scores| scores.mapv(f64::from)),
        Metric::Euclidean => distances(&templates, &probes),
    };
    scores.map_err(ForeignError::because(table.path(), "its rows cannot be compared"))
}
