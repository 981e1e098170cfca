//! Every number of a score file.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Serialize;
use twinprint_evaluation::calibration::Calibration;
use twinprint_evaluation::{
    Bootstrap, Estimate, Interval, Remark, Scores, calibrated_cost, det_curve, identification, transport,
    verification,
};
use twinprint_report::results::TransportedThreshold;
use twinprint_signal::one_name_twice;

use super::identification::searches;
use super::trials::{Part, Table};
use super::{SCORES_SCHEMA, ScoreOptions};
use crate::ForeignError;
use crate::columns::ColumnUse;
use crate::error::Cause;
use twinprint_run::{TARGETS, carried, intervals, rates};

/// Points kept of the trade-off curve.
const DET_POINTS: usize = 200;

/// What a score file says, part by part.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ScoreReport {
    /// Always [`SCORES_SCHEMA`].
    pub schema: String,
    /// The file of scores or features, as it was given.
    pub file: String,
    /// How many comparisons it holds.
    pub trials: usize,
    /// What was made of the columns of a file of features; absent for files of scores.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub columns: Option<ColumnUse>,
    /// One entry for each combination of the columns grouped by; one in all without such columns.
    pub systems: Vec<ScoreSummary>,
}

/// The numbers of one list of comparisons; keys as in `results.json`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ScoreSummary {
    /// The columns grouped by and their values.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub group: BTreeMap<String, String>,
    /// Distinct subjects.
    pub subjects: usize,
    /// Mated comparisons.
    pub mated: usize,
    /// Non-mated comparisons.
    pub non_mated: usize,
    /// Equal error rate with one threshold for everybody.
    pub eer: Estimate,
    /// That threshold, in the file's own direction.
    pub threshold: f64,
    /// False non-match rate at the false match rate that is the key.
    pub fnmr_at_fmr: BTreeMap<String, f64>,
    /// Area under the ROC curve.
    pub auc: f64,
    /// Sensitivity index.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub d_prime: Option<f64>,
    /// Least detection cost at a prior of 0.01.
    pub min_dcf: f64,
    /// Cost of the scores as calibrated on the dev file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cllr: Option<f64>,
    /// Log-likelihood-ratio cost after the best increasing map of the scores, in bits.
    pub min_cllr: f64,
    /// Mean EER with a threshold for each subject; flatters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub eer_per_subject_mean: Option<f64>,
    /// 95 % intervals of the numbers above by their keys; those of `fnmr_at_fmr` as `fnmr_at_fmr.0.1`.
    pub ci95: BTreeMap<String, Interval>,
    /// What thresholds chosen on the dev file gave here.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub transported: Vec<TransportedThreshold>,
    /// Who is it? Where the file names probes and compares each with its own subject and with others.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub identification: Option<ScoreIdentification>,
    /// False match and false non-match rates along the threshold, at most 200 points of the curve.
    pub det: Vec<[f64; 2]>,
    /// Why numbers are absent, and what limits those present.
    pub absent: Vec<String>,
}

/// Closed and open set identification.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ScoreIdentification {
    /// How many probes were searched for.
    pub probes: usize,
    /// Share of probes whose own subject comes first.
    pub rank1: Estimate,
    /// The rank-1 rate of guessing, 0 to 1: one over the people searched among.
    pub chance: f64,
    /// Share of probes whose own subject is among the first 1, 2, 3, ….
    pub cmc: Vec<f64>,
    /// Detection and identification rate at the false alarm rate that is the key.
    pub dir_at_far: BTreeMap<String, Estimate>,
}

pub(super) fn report(
    path: &Path,
    table: Table,
    dev: Option<(PathBuf, Table)>,
    options: &ScoreOptions,
) -> Result<ScoreReport, ForeignError> {
    if let Some((dev_path, dev)) = &dev
        && let Some(name) = table.subjects.first_shared(&dev.subjects)
    {
        let shared = table.subjects.shared(&dev.subjects);
        return Err(ForeignError::file(
            dev_path,
            format!(
                "{shared} of its subjects, {name:?} among them, are in {} as well: what is calibrated on people who are tested knows the test; use scores of other people",
                path.display()
            ),
        ));
    }
    let mut names = table.subjects.sorted();
    names.extend(dev.iter().flat_map(|(_, dev)| dev.subjects.sorted()));
    if let Some(pair) = one_name_twice(names) {
        return Err(ForeignError::one_person_twice(path, pair));
    }
    let trials = table.parts.iter().map(|part| part.score.len()).sum();
    let mut systems = Vec::with_capacity(table.parts.len());
    let mut dev = dev;
    for part in table.parts {
        let dev_scores = match &mut dev {
            Some((dev_path, dev)) => Some(matching(dev_path, dev, &part.group)?),
            None => None,
        };
        let what = unevaluated(&part.group);
        let failed = ForeignError::because(path, what);
        systems.push(summary(part, dev_scores.as_ref(), options).map_err(failed)?);
    }
    let file = path.to_string_lossy().into_owned();
    Ok(ScoreReport { schema: SCORES_SCHEMA.to_owned(), file, trials, columns: None, systems })
}

/// The dev scores of the same group.
fn matching(path: &Path, dev: &mut Table, group: &[(String, String)]) -> Result<Scores, ForeignError> {
    let part = dev.parts.iter_mut().find(|part| part.group == group);
    let absent = || ForeignError::file(path, format!("it has no comparison{}", shown(group)));
    let part = part.ok_or_else(absent)?;
    let (score, enrol, probe) =
        (std::mem::take(&mut part.score), std::mem::take(&mut part.enrol), std::mem::take(&mut part.probe));
    Scores::new(score, enrol, probe).map_err(ForeignError::because(path, unevaluated(group)))
}

fn shown(group: &[(String, String)]) -> String {
    group.iter().map(|(name, value)| format!(" of {name} {value}")).collect()
}

fn unevaluated(group: &[(String, String)]) -> String {
    format!("its comparisons{} cannot be evaluated", shown(group))
}

fn summary(part: Part, dev: Option<&Scores>, options: &ScoreOptions) -> Result<ScoreSummary, Cause> {
    let bootstrap = Bootstrap { replicates: options.bootstrap, seed: options.seed, ..Bootstrap::default() };
    bootstrap.validate()?;
    let (mut part, mut absent) = (part, Vec::new());
    part.settle();
    let infinite = part.settle_infinite();
    if infinite > 0 {
        absent.push(format!(
            "{infinite} scores are infinite and count as beyond all others; d′ and Cllr are absent"
        ));
    }
    let unnamed = part.unnamed;
    let identified = identified(&part, &bootstrap, &mut absent)?;
    let scores = Scores::new(part.score, part.enrol, part.probe)?;
    let found = verification(&scores, &bootstrap)?;
    absent.extend(upside_down(found.auc, &scores, options));
    let det = det_curve(&scores).thinned(DET_POINTS);
    let (mut cllr, mut transported) = (None, Vec::new());
    if let Some(dev) = dev {
        let map = Calibration::fit(dev)?;
        let ratios = map.apply(&scores)?;
        cllr = Some(calibrated_cost(&ratios, &bootstrap));
        for target_fmr in TARGETS {
            let moved = transport(dev, &scores, target_fmr)?;
            let threshold = moved.thresholds.first().map(|threshold| directed(*threshold, options));
            transported.push(carried(target_fmr, threshold, &moved));
        }
    }
    // What is said of resampled people means nothing where there are none.
    let told = |remark: &&Remark| !unnamed || matches!(remark, Remark::NoFnmr(_) | Remark::NoDPrime);
    absent.extend(found.remarks.iter().filter(told).map(ToString::to_string));
    if cllr.is_none() {
        absent.push(
            "Cllr and carried-over thresholds are absent: they need the scores of other people, --dev FILE"
                .to_owned(),
        );
    }
    let summary = ScoreSummary {
        group: part.group.into_iter().collect(),
        subjects: found.subjects,
        mated: found.mated,
        non_mated: found.non_mated,
        eer: found.eer,
        threshold: directed(found.threshold, options),
        fnmr_at_fmr: rates(&found),
        auc: found.auc.value,
        d_prime: found.d_prime.map(|found| found.value),
        min_dcf: found.min_dcf.value,
        cllr: cllr.map(|cllr| cllr.value),
        min_cllr: found.min_cllr.value,
        eer_per_subject_mean: found.eer_per_subject_mean.map(|mean| mean.value),
        ci95: intervals(&found, cllr),
        transported,
        identification: identified,
        det: det.points.iter().map(|point| [point.fmr, point.fnmr]).collect(),
        absent,
    };
    let summary = if infinite > 0 { summary.of_ranks() } else { summary };
    Ok(if unnamed { summary.of_nobody() } else { summary })
}

impl ScoreSummary {
    /// Leaves out what infinite scores make meaningless: numbers that depend on more than the order of scores.
    fn of_ranks(mut self) -> Self {
        (self.d_prime, self.cllr) = (None, None);
        self.ci95.retain(|key, _| !["d_prime", "cllr"].contains(&key.as_str()));
        self
    }

    /// Leaves out what needs to know people: who is compared with whom, and with it every interval.
    fn of_nobody(mut self) -> Self {
        (self.subjects, self.eer.ci95, self.eer_per_subject_mean) = (0, None, None);
        self.ci95.clear();
        for moved in &mut self.transported {
            (moved.fmr_ci95, moved.fnmr_ci95) = (None, None);
        }
        let why =
            "no intervals: the file names no people, and comparisons of one person are no independent draws";
        self.absent.insert(0, why.to_owned());
        self
    }
}

/// Says that scores fall where people are alike: the area under the ROC curve is below one half by more than chance, which
/// its interval tells or else the deviation of the Mann-Whitney statistic of unrelated scores.
fn upside_down(auc: Estimate, scores: &Scores, options: &ScoreOptions) -> Option<String> {
    let (mated, non_mated) = (scores.mated() as f64, scores.non_mated() as f64);
    let deviation = ((mated + non_mated + 1.0) / (12.0 * mated * non_mated)).sqrt();
    let high = auc.ci95.map_or(auc.value + 2.0 * deviation, |interval| interval.high);
    let remedy = match options.distance {
        true => "are these similarities? Then leave --distance out",
        false => "are these distances? Then write --distance",
    };
    (high < 0.5).then(|| {
        format!(
            "scores are lower where both are one person (AUC {:.3}, below 0.5 by more than chance): {remedy}",
            auc.value
        )
    })
}

/// A threshold as the file counts: distances are kept negated inside.
fn directed(threshold: f64, options: &ScoreOptions) -> f64 {
    if options.distance { -threshold } else { threshold }
}

fn identified(
    part: &Part,
    bootstrap: &Bootstrap,
    absent: &mut Vec<String>,
) -> Result<Option<ScoreIdentification>, twinprint_evaluation::PrintError> {
    let searches = match searches(part) {
        Ok(searches) => searches,
        Err(reason) => {
            absent.push(reason);
            return Ok(None);
        }
    };
    let closed = identification::closed_set(&searches, bootstrap)?;
    let mut dir_at_far = BTreeMap::new();
    for far in TARGETS {
        let open = identification::open_set(&searches, far, bootstrap)?;
        match open.dir {
            Ok(dir) => drop(dir_at_far.insert(far.to_string(), dir)),
            Err(too_few) => absent.push(too_few.to_string()),
        }
    }
    Ok(Some(ScoreIdentification {
        probes: closed.probes,
        rank1: closed.rank1,
        chance: closed.chance,
        cmc: closed.cmc.iter().map(|share| share.value).collect(),
        dir_at_far,
    }))
}
