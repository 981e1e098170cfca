//! From which score on a probe matches, and what that costs: thresholds with the error rates measured beside them.

use serde::{Deserialize, Serialize};

use crate::{Bounds, GalleryError, Linkage};

/// Whose scores set the thresholds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum People {
    /// People set aside for it: thresholds come from them, error rates from the test people.
    Dev,
    /// The test people themselves, since nobody was set aside: the error rates are those of the very scores that set the
    /// threshold, and flatter a little.
    Test,
    /// Everybody who was tested, each by the encoder of a fold that had not seen them: thresholds come from all folds, error rates
    /// from thresholds of all folds but one on the one left out.
    OutOfFold,
    /// Nobody: prints came from elsewhere, and a threshold must be stated.
    Nobody,
}

/// An error rate with its 95 % interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Rate {
    /// The rate itself, a share from 0 to 1.
    pub value: f64,
    /// Over people; absent with too few of them.
    pub ci95: Option<[f64; 2]>,
}

/// One threshold and what it does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OperatingPoint {
    /// Epochs a template.
    pub enrol_epochs: usize,
    /// Epochs a probe.
    pub probe_epochs: usize,
    /// The false match rate aimed at.
    pub target_fmr: f64,
    /// Least score of a match.
    pub threshold: f64,
    /// False match rate observed.
    pub fmr: Rate,
    /// False non-match rate to expect.
    pub fnmr: Rate,
    /// Comparisons of the same person behind the FNMR.
    pub mated: usize,
    /// Comparisons of two people behind the FMR.
    pub non_mated: usize,
}

/// What making templates cancelable costs and gives, measured on the people who set the thresholds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Cost {
    /// Dimensions of a print.
    pub dim: usize,
    /// Dimensions kept.
    pub kept: usize,
    /// Equal error rate of the prints as they are.
    pub eer_plain: f64,
    /// Equal error rate of the projected ones.
    pub eer_projected: f64,
    /// Equal error rate of templates under one key against others of the same people under another: 0.5 tells nothing.
    pub eer_across: Rate,
    /// What one template under this key tells about one under another.
    pub linkage: Option<Linkage>,
    /// The share of people paired rightly from the angles within two galleries of the same templates.
    pub set_linkage: f64,
    /// Pairs of keys behind the two.
    pub keys: usize,
}

/// From which score on two templates are taken for one person's.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct DuplicatePoint {
    /// Epochs a template.
    pub enrol_epochs: usize,
    /// How often templates of two people reach the threshold: measured, or with the highest threshold, which none reached, at
    /// most so often (3 / `comparisons`, with 95 % confidence).
    pub fmr: f64,
    /// Least score of a duplicate.
    pub threshold: f64,
    /// Comparisons of two people's templates behind it.
    pub comparisons: usize,
    /// Whether the rate is lower than so many comparisons resolve, and the threshold where their tail leads to.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub extrapolated: bool,
}

/// All thresholds of a gallery.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Thresholds {
    /// Whose scores set them.
    pub people: People,
    /// How many people the thresholds were measured on.
    pub subjects: usize,
    /// Fixed lengths of probe.
    pub points: Vec<OperatingPoint>,
    /// Sequential rules.
    pub bounds: Vec<Bounds>,
    /// Thresholds between templates; none in galleries of earlier versions.
    #[serde(default)]
    pub duplicates: Vec<DuplicatePoint>,
    /// The spread that 95 of 100 templates of these people do not exceed.
    pub usual_spread: Option<f64>,
    /// What cancelable templates cost, where they are.
    pub cost: Option<Cost>,
    /// What to know before trusting them, in sentences.
    pub notes: Vec<String>,
}

impl Thresholds {
    /// No thresholds, and why.
    pub fn none(why: impl Into<String>) -> Self {
        Self {
            people: People::Nobody,
            subjects: 0,
            points: Vec::new(),
            bounds: Vec::new(),
            duplicates: Vec::new(),
            usual_spread: None,
            cost: None,
            notes: vec![why.into()],
        }
    }

    /// The threshold for `target_fmr`, measured with templates and probes as long as these or the next shorter.
    ///
    /// # Errors
    /// When the false match rate is not one of those that enough comparisons stand behind; the error lists them.
    pub fn point(
        &self,
        target_fmr: f64,
        enrol_epochs: usize,
        probe_epochs: usize,
    ) -> Result<&OperatingPoint, GalleryError> {
        let enrol = nearest(self.points.iter().map(|point| point.enrol_epochs), enrol_epochs);
        let of_template = || self.points.iter().filter(|point| Some(point.enrol_epochs) == enrol);
        let probe = nearest(of_template().map(|point| point.probe_epochs), probe_epochs);
        let of_length: Vec<_> = of_template().filter(|point| Some(point.probe_epochs) == probe).collect();
        let found = of_length.iter().find(|point| same(point.target_fmr, target_fmr)).copied();
        found.ok_or_else(|| self.refuse(target_fmr, of_length.iter().map(|point| point.target_fmr)))
    }

    /// The sequential rule for `target_fmr` and templates as long as this or the next shorter.
    ///
    /// # Errors
    /// As [`Thresholds::point`].
    pub fn rule(&self, target_fmr: f64, enrol_epochs: usize) -> Result<&Bounds, GalleryError> {
        let enrol = nearest(self.bounds.iter().map(|bounds| bounds.enrol_epochs), enrol_epochs);
        let of_template: Vec<_> =
            self.bounds.iter().filter(|bounds| Some(bounds.enrol_epochs) == enrol).collect();
        let found = of_template.iter().find(|bounds| same(bounds.target_fmr, target_fmr)).copied();
        found.ok_or_else(|| self.refuse(target_fmr, of_template.iter().map(|bounds| bounds.target_fmr)))
    }

    /// The least false match rate at or above `wanted` that was measured for templates as long as this or the next shorter,
    /// and for probes of every length.
    pub fn default_fmr(&self, wanted: f64, enrol_epochs: usize) -> Option<f64> {
        let enrol = nearest(self.bounds.iter().map(|bounds| bounds.enrol_epochs), enrol_epochs);
        let of_template = self.bounds.iter().filter(|bounds| Some(bounds.enrol_epochs) == enrol);
        let rates = of_template.map(|bounds| bounds.target_fmr);
        rates.filter(|rate| *rate >= wanted * (1.0 - 1e-9)).min_by(f64::total_cmp)
    }

    /// From which score on a new template of `enrol_epochs` is taken for that of one of the `people` who are there, and the
    /// chance that somebody who is not there is taken for one of them, were comparisons independent: the lowest threshold at
    /// which that chance is at most `chance`, or the highest there is. Nothing where none was measured.
    pub fn duplicate(&self, enrol_epochs: usize, people: usize, chance: f64) -> Option<(f64, f64)> {
        let length = nearest(self.duplicates.iter().map(|point| point.enrol_epochs), enrol_epochs)?;
        let of_search = |point: &&DuplicatePoint| 1.0 - (1.0 - point.fmr).powf(people as f64);
        let of_length = || self.duplicates.iter().filter(move |point| point.enrol_epochs == length);
        let holds = of_length().filter(|point| of_search(point) <= chance * (1.0 + 1e-9));
        let lowest = holds.min_by(|a, b| a.threshold.total_cmp(&b.threshold));
        let found = lowest.or_else(|| of_length().max_by(|a, b| a.threshold.total_cmp(&b.threshold)))?;
        Some((found.threshold, of_search(&found)))
    }

    fn refuse(&self, wanted: f64, measured: impl Iterator<Item = f64>) -> GalleryError {
        let mut measured: Vec<f64> = measured.collect();
        measured.sort_by(f64::total_cmp);
        let limit = if measured.is_empty() {
            "this gallery has no measured threshold; state one with --threshold".to_owned()
        } else {
            let list: Vec<String> = measured.iter().map(f64::to_string).collect();
            format!(
                "this gallery's thresholds were measured for {}; a lower rate needs 30 / rate comparisons of different people, a rate between needs none: take the next lower, or state a score with --threshold",
                list.join(", ")
            )
        };
        GalleryError::Setting { name: "--fmr", value: wanted.to_string(), limit }
    }
}

fn same(left: f64, right: f64) -> bool {
    (left / right - 1.0).abs() < 1e-9
}

/// The greatest length not above the wanted one, else the least there is.
fn nearest(lengths: impl Iterator<Item = usize>, wanted: usize) -> Option<usize> {
    let lengths: Vec<usize> = lengths.collect();
    lengths.iter().copied().filter(|&length| length <= wanted).max().or_else(|| lengths.into_iter().min())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_wish_the_rate_is_the_least_measured_for_templates_of_that_length() {
        let rate = Rate { value: 0.0, ci95: None };
        let bounds = |enrol_epochs, target_fmr| Bounds {
            enrol_epochs,
            target_fmr,
            accept: vec![0.5],
            reject: vec![0.5],
            fmr: rate,
            fnmr: rate,
            mated_epochs: 1.0,
            non_mated_epochs: 1.0,
            mated: 10,
            non_mated: 1000,
        };
        let all = vec![bounds(15, 0.2), bounds(15, 0.1), bounds(1, 0.02)];
        let thresholds = Thresholds { bounds: all, ..Thresholds::none("") };
        assert_eq!(thresholds.default_fmr(0.01, 20), Some(0.1));
        assert_eq!(thresholds.default_fmr(0.15, 20), Some(0.2));
        assert_eq!(thresholds.default_fmr(0.01, 3), Some(0.02));
        assert_eq!(thresholds.default_fmr(0.3, 20), None);
    }

    #[test]
    fn a_search_for_duplicates_keeps_the_chance_of_the_whole_search() {
        let point = |fmr, threshold| DuplicatePoint {
            enrol_epochs: 15,
            fmr,
            threshold,
            comparisons: 3000,
            extrapolated: false,
        };
        let duplicates = vec![point(0.1, 0.3), point(0.01, 0.5), point(0.001, 0.7)];
        let thresholds = Thresholds { duplicates, ..Thresholds::none("") };
        let found = |people, chance| thresholds.duplicate(15, people, chance).unwrap();
        assert_eq!(found(0, 0.01), (0.3, 0.0));
        assert_eq!(found(1, 0.01).0, 0.5);
        // The more people there are, the stricter each comparison.
        assert_eq!(found(2, 0.01).0, 0.7);
        assert!((found(2, 0.01).1 - 0.001999).abs() < 1e-9);
        // As strict as was measured, and the chance said.
        assert_eq!(found(100, 0.01).0, 0.7);
        assert!((found(100, 0.01).1 - 0.0952).abs() < 1e-4);
        assert_eq!(Thresholds::none("").duplicate(15, 3, 0.01), None);
    }

    #[test]
    fn a_rate_that_was_not_measured_is_refused_with_those_that_were() {
        let rate = Rate { value: 0.0, ci95: None };
        let point = |enrol, probe, fmr, threshold| OperatingPoint {
            enrol_epochs: enrol,
            probe_epochs: probe,
            target_fmr: fmr,
            threshold,
            fmr: rate,
            fnmr: rate,
            mated: 10,
            non_mated: 1000,
        };
        let thresholds = Thresholds {
            points: vec![point(5, 1, 0.1, 0.3), point(15, 1, 0.1, 0.4), point(15, 5, 0.05, 0.5)],
            ..Thresholds::none("")
        };
        assert_eq!(thresholds.point(0.1, 99, 1).unwrap().threshold, 0.4);
        assert_eq!(thresholds.point(0.1, 14, 9).unwrap().threshold, 0.3);
        assert_eq!(thresholds.point(0.05, 15, 7).unwrap().threshold, 0.5);
        let said = thresholds.point(0.01, 15, 5).unwrap_err().to_string();
        assert!(
            said.contains("--fmr = 0.01") && said.contains("0.05") && said.contains("--threshold"),
            "{said}"
        );
        assert!(
            Thresholds::none("").rule(0.01, 1).unwrap_err().to_string().contains("no measured threshold")
        );
    }
}
