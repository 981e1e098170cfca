//! Templates against probes: scores as they are asked for, a block or all of them.

use std::ops::Range;

use ndarray::{Array2, ArrayView2, Axis, Slice};
use twinprint_closed::dot_products;

use crate::normalisation::statistics;
use crate::pooled::Pooled;
use crate::vectors::{same_dimension, unit};
use crate::{ComparisonError, Normalisation};

/// Probes whose scores with a cohort are computed at a time.
const AT_ONCE: usize = 1024;

/// Templates and probes made ready for comparison. Any block of their scores is computed when it is asked for, so that nothing of
/// the size templates × probes need ever be held.
#[derive(Debug, Clone)]
pub struct Comparer {
    /// Of unit length, `[templates, dim]`.
    templates: Array2<f32>,
    /// Of unit length, `[probes, dim]`.
    probes: Array2<f32>,
    /// Mean and deviation of each template's scores with the cohort, where scores are taken relative to them.
    of_templates: Option<Vec<(f64, f64)>>,
    /// The same of each probe.
    of_probes: Option<Vec<(f64, f64)>>,
}

impl Comparer {
    /// For cosine similarities, from -1 to 1.
    ///
    /// # Errors
    /// When the two come from different encoders, or a print has no direction.
    pub fn new(templates: &Pooled, probes: &Pooled) -> Result<Self, ComparisonError> {
        templates.comparable(probes)?;
        Self::of_rows(templates.values(), probes.values())
    }

    /// For cosine similarities normalised with the prints of a cohort that nobody in the trials belongs to.
    ///
    /// # Errors
    /// As [`Comparer::new`], and when the cohort has fewer than two prints or no spread.
    pub fn normalised(
        templates: &Pooled,
        probes: &Pooled,
        cohort: &Pooled,
        normalisation: Normalisation,
    ) -> Result<Self, ComparisonError> {
        let (by_templates, by_probes, top) = normalisation.parts();
        let mut comparer = Self::new(templates, probes)?;
        let against = |own: &Pooled, rows: &Array2<f32>, what: &'static str| {
            own.comparable(cohort)?;
            let cohort = unit(cohort.values(), "the cohort")?;
            let mut found = Vec::with_capacity(rows.nrows());
            for (number, rows) in rows.axis_chunks_iter(Axis(0), AT_ONCE).enumerate() {
                let scores = similarities(rows, cohort.view());
                found.extend(statistics(scores.view(), top, (what, number * AT_ONCE))?);
            }
            Ok(found)
        };
        if by_templates {
            comparer.of_templates = Some(against(templates, &comparer.templates, "the templates")?);
        }
        if by_probes {
            comparer.of_probes = Some(against(probes, &comparer.probes, "the probes")?);
        }
        Ok(comparer)
    }

    fn of_rows(templates: ArrayView2<f32>, probes: ArrayView2<f32>) -> Result<Self, ComparisonError> {
        same_dimension(templates, probes)?;
        let (templates, probes) = (unit(templates, "the templates")?, unit(probes, "the probes")?);
        Ok(Self { templates, probes, of_templates: None, of_probes: None })
    }

    /// The scores of some templates with some probes, `[templates, probes]`.
    pub fn scores(&self, templates: Range<usize>, probes: Range<usize>) -> Array2<f32> {
        let part = |of: &Range<usize>| Slice::from(of.clone());
        let own = self.templates.slice_axis(Axis(0), part(&templates));
        let mut scores = similarities(own, self.probes.slice_axis(Axis(0), part(&probes)));
        let share = if self.of_templates.is_some() && self.of_probes.is_some() { 0.5 } else { 1.0 };
        if self.of_templates.is_none() && self.of_probes.is_none() {
            return scores;
        }
        for (row, mut line) in scores.axis_iter_mut(Axis(0)).enumerate() {
            for (column, score) in line.iter_mut().enumerate() {
                let raw = f64::from(*score);
                let relative = |(mean, deviation): (f64, f64)| (raw - mean) / deviation;
                let of_template = self.of_templates.as_ref().map(|all| relative(all[templates.start + row]));
                let of_probe = self.of_probes.as_ref().map(|all| relative(all[probes.start + column]));
                *score = (share * (of_template.unwrap_or(0.0) + of_probe.unwrap_or(0.0))) as f32;
            }
        }
        scores
    }

    /// All scores, `[templates, probes]`.
    pub fn all(&self) -> Array2<f32> {
        self.scores(0..self.templates.nrows(), 0..self.probes.nrows())
    }
}

/// Cosine similarity of every template with every probe, `[templates, probes]`, from -1 to 1.
///
/// # Errors
/// When the two come from different encoders, or a print has no direction.
pub fn cosine(templates: &Pooled, probes: &Pooled) -> Result<Array2<f32>, ComparisonError> {
    Ok(Comparer::new(templates, probes)?.all())
}

/// Cosine similarity of rows whose space the caller answers for, as of one template under two keys: `[left, dim]` ×
/// `[right, dim]` to `[left, right]`, from -1 to 1.
///
/// # Errors
/// When the rows differ in length, or one has no direction.
pub fn cosine_of_rows(left: ArrayView2<f32>, right: ArrayView2<f32>) -> Result<Array2<f32>, ComparisonError> {
    Ok(Comparer::of_rows(left, right)?.all())
}

/// Cosine similarities of rows of unit length.
fn similarities(left: ArrayView2<f32>, right: ArrayView2<f32>) -> Array2<f32> {
    let mut scores = dot_products(left, right);
    scores.mapv_inplace(|score| score.clamp(-1.0, 1.0));
    scores
}
