//! Identification: one or many probes against every template, exactly.

use ndarray::{Array2, ArrayView2, Axis};
use rayon::prelude::*;
use twinprint_closed::dot_products_into;
use twinprint_signal::SubjectId;

use crate::GalleryError;

/// Templates compared at a time by one thread: their scores stay in the cache.
const ROWS: usize = 2048;
/// Probes compared at a time.
const PROBES: usize = 256;

/// All templates of a gallery in memory, at unit length.
pub struct Index {
    names: Vec<SubjectId>,
    /// `[templates, dim]`, row-major.
    rows: Array2<f32>,
}

/// Somebody a probe may come from.
#[derive(Debug, Clone, PartialEq)]
pub struct Candidate {
    /// The name they are enrolled under.
    pub subject: SubjectId,
    /// The cosine similarity of template and probe, -1 to 1.
    pub score: f64,
}

impl Index {
    /// Takes templates `[templates, dim]`, brought to unit length here, and their names.
    ///
    /// # Errors
    /// When there is not one name a template, or a template has no direction.
    pub fn new(names: Vec<SubjectId>, templates: Array2<f32>) -> Result<Self, GalleryError> {
        if names.len() != templates.nrows() {
            let found = format!("{} names for {} templates", names.len(), templates.nrows());
            return Err(GalleryError::Prints(found));
        }
        let mut rows = if templates.is_standard_layout() {
            templates
        } else {
            templates.as_standard_layout().into_owned()
        };
        unit(&mut rows, "template")?;
        Ok(Self { names, rows })
    }

    /// How many templates it holds.
    pub fn len(&self) -> usize {
        self.names.len()
    }

    /// Whether nobody is in it.
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// The `top` best candidates for each probe `[probes, dim]`, best first; of equals the one enrolled first.
    ///
    /// Every template is compared with every probe in 32-bit arithmetic; nothing is approximated or skipped.
    ///
    /// # Errors
    /// When probes have another dimension than templates, or one has no direction.
    pub fn search(
        &self,
        probes: ArrayView2<'_, f32>,
        top: usize,
    ) -> Result<Vec<Vec<Candidate>>, GalleryError> {
        if probes.ncols() != self.rows.ncols() {
            return Err(GalleryError::Prints(format!(
                "a probe has {} numbers, the gallery's templates have {}",
                probes.ncols(),
                self.rows.ncols()
            )));
        }
        let mut probes = probes.as_standard_layout().into_owned();
        unit(&mut probes, "probe")?;
        let mut found = Vec::with_capacity(probes.nrows());
        for batch in probes.axis_chunks_iter(Axis(0), PROBES) {
            found.extend(self.search_batch(batch, top));
        }
        Ok(found)
    }

    fn search_batch(&self, probes: ArrayView2<'_, f32>, top: usize) -> Vec<Vec<Candidate>> {
        let dim = probes.ncols();
        let probes = probes.iter().copied().collect::<Vec<f32>>();
        let best = best_rows(self.rows.as_slice().unwrap_or_default(), &probes, dim, top);
        let name = |(score, row): (f32, usize)| Candidate {
            subject: self.names[row].clone(),
            score: f64::from(score).clamp(-1.0, 1.0),
        };
        best.into_iter().map(|best| best.into_iter().map(name).collect()).collect()
    }
}

/// The `top` rows of `templates` `[n · dim]` with the greatest dot product with each of `probes` `[m · dim]`, and the products; the
/// greatest first, of equals the earlier row.
pub(crate) fn best_rows(templates: &[f32], probes: &[f32], dim: usize, top: usize) -> Vec<Vec<(f32, usize)>> {
    let count = probes.len() / dim.max(1);
    let compare = |mut work: Work, (chunk, rows): (usize, &[f32])| {
        let n = rows.len() / dim;
        let scores = &mut work.scores[..n * count];
        dot_products_into(scores, probes, rows, dim);
        for (best, scores) in work.best.iter_mut().zip(scores.chunks_exact(n)) {
            best.offer(chunk * ROWS, scores);
        }
        work
    };
    let best = templates
        .par_chunks(ROWS * dim.max(1))
        .enumerate()
        .fold(|| Work { best: vec![Best::new(top); count], scores: vec![0.0; ROWS * count] }, compare)
        .map(|work| work.best)
        .reduce(
            || vec![Best::new(top); count],
            |left, right| left.into_iter().zip(right).map(|(left, right)| left.join(right)).collect(),
        );
    best.into_iter().map(|best| best.found).collect()
}

/// What one thread has found so far, and its buffer.
struct Work {
    best: Vec<Best>,
    scores: Vec<f32>,
}

/// The best scores of one probe, in order.
#[derive(Clone)]
struct Best {
    top: usize,
    found: Vec<(f32, usize)>,
}

impl Best {
    fn new(top: usize) -> Self {
        Self { top, found: Vec::with_capacity(top.min(1024)) }
    }

    /// Takes the scores of rows `first..`, in order.
    fn offer(&mut self, first: usize, scores: &[f32]) {
        if self.top == 0 {
            return;
        }
        for (row, &score) in scores.iter().enumerate() {
            let full = self.found.len() == self.top;
            if full
                && self.found.last().is_some_and(|&(worst, at)| !better((score, first + row), (worst, at)))
            {
                continue;
            }
            self.insert((score, first + row));
        }
    }

    fn insert(&mut self, new: (f32, usize)) {
        let at = self.found.partition_point(|&old| better(old, new));
        self.found.insert(at, new);
        self.found.truncate(self.top);
    }

    fn join(mut self, other: Self) -> Self {
        other.found.into_iter().for_each(|new| self.insert(new));
        self
    }
}

/// Higher scores first; of equals the earlier row, whichever thread met it.
fn better(left: (f32, usize), right: (f32, usize)) -> bool {
    left.0 > right.0 || (left.0 == right.0 && left.1 < right.1)
}

fn unit(rows: &mut Array2<f32>, what: &str) -> Result<(), GalleryError> {
    for (at, mut row) in rows.rows_mut().into_iter().enumerate() {
        // Rows of an array in row-major order are slices.
        let Some(row) = row.as_slice_mut() else { continue };
        unit_row(row).map_err(|square| {
            let why = format!("{what} {at} has no direction (its squared length is {square}): leave it out");
            GalleryError::Prints(why)
        })?;
    }
    Ok(())
}

/// Brings a row to unit length; a row without a direction is left, and its squared length given back.
pub(crate) fn unit_row(row: &mut [f32]) -> Result<(), f32> {
    let square: f32 = row.iter().map(|x| x * x).sum();
    if !square.is_finite() || square <= 1e-24 {
        return Err(square);
    }
    let scale = square.sqrt().recip();
    row.iter_mut().for_each(|x| *x *= scale);
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rand_chacha::ChaCha20Rng;
    use rand_chacha::rand_core::SeedableRng;
    use rand_distr::{Distribution, StandardNormal};

    use super::*;

    fn random(rows: usize, dim: usize, seed: u8) -> Array2<f32> {
        let mut rng = ChaCha20Rng::from_seed([seed; 32]);
        Array2::from_shape_simple_fn((rows, dim), || StandardNormal.sample(&mut rng))
    }

    fn names(count: usize) -> Vec<SubjectId> {
        (0..count).map(|k| SubjectId::new(format!("sub-{k}")).unwrap()).collect()
    }

    /// The slow way: all scores in 64 bits, sorted.
    fn slow(templates: &Array2<f32>, probe: ndarray::ArrayView1<'_, f32>, top: usize) -> Vec<(usize, f64)> {
        let length =
            |row: ndarray::ArrayView1<'_, f32>| row.iter().map(|&x| f64::from(x).powi(2)).sum::<f64>().sqrt();
        let mut scores: Vec<(usize, f64)> = templates
            .rows()
            .into_iter()
            .map(|row| {
                let dot: f64 = row.iter().zip(&probe).map(|(&a, &b)| f64::from(a) * f64::from(b)).sum();
                dot / (length(row) * length(probe))
            })
            .enumerate()
            .collect();
        scores.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        scores.truncate(top);
        scores
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(12))]
        #[test]
        fn the_fast_search_finds_what_the_slow_one_does(count in 1usize..5000, probes in 1usize..300, dim in 1usize..40, top in 1usize..8) {
            let (templates, probes) = (random(count, dim, 1), random(probes, dim, 2));
            let found = Index::new(names(count), templates.clone()).unwrap().search(probes.view(), top).unwrap();
            prop_assert_eq!(found.len(), probes.nrows());
            for (found, probe) in found.iter().zip(probes.rows()).take(20) {
                let expected = slow(&templates, probe, top);
                prop_assert_eq!(found.len(), expected.len());
                for (found, (row, score)) in found.iter().zip(expected) {
                    // Scores within rounding of one another may change places.
                    prop_assert!((found.score - score).abs() < 1e-5, "{:?} {} {}", found, row, score);
                }
            }
        }
    }

    #[test]
    fn of_equal_scores_the_one_enrolled_first_leads_whatever_the_threads() {
        let templates = Array2::from_elem((3 * ROWS, 4), 1.0);
        let index = Index::new(names(3 * ROWS), templates).unwrap();
        let found = index.search(Array2::from_elem((1, 4), 2.0).view(), 3).unwrap();
        let order: Vec<&str> = found[0].iter().map(|candidate| candidate.subject.as_str()).collect();
        assert_eq!(order, ["sub-0", "sub-1", "sub-2"]);
    }

    #[test]
    fn an_empty_index_finds_nobody_and_odd_probes_are_refused() {
        let index = Index::new(Vec::new(), Array2::zeros((0, 4))).unwrap();
        assert_eq!(index.search(random(2, 4, 3).view(), 5).unwrap(), vec![Vec::new(), Vec::new()]);
        assert!(index.search(random(2, 5, 3).view(), 5).is_err());
        assert!(index.search(Array2::zeros((1, 4)).view(), 5).is_err());
    }
}
