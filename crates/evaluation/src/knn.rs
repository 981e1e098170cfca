//! Exact nearest neighbours, and the classifier built on them.

use ndarray::{Array1, Array2, ArrayView1, ArrayView2, Axis};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::PrintError;
use crate::bootstrap::Bootstrap;
use crate::classification::Classification;
use crate::matrix::product_into;
use crate::prints::{LabelledPrints, check, distinct, norm, same_dimension, unit};

/// What "near" means.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Metric {
    /// Cosine similarity; neighbours are reported with it, most similar first. Default.
    #[default]
    Cosine,
    /// Euclidean distance; neighbours are reported with it, nearest first.
    Euclidean,
}

/// The neighbours of each query.
#[derive(Debug, Clone, PartialEq)]
pub struct Neighbours {
    /// Row numbers in the index, `[queries, k]`, nearest first; of equals the lower row first.
    pub rows: Array2<u32>,
    /// Similarity or distance (see [`Metric`]) of each, `[queries, k]`.
    pub values: Array2<f32>,
}

/// Queries per block: with a block of the index, its products stay in the second-level cache.
const QUERIES: usize = 512;
/// Index prints per block: whole tiles of the matrix product (24 or 48 rows) and whole groups.
const PRINTS: usize = 240;

/// The `k` nearest of `index[n, dim]` for each of `queries[m, dim]`, exactly.
///
/// Matrix products block by block; nothing of size n × m is kept.
pub fn search(
    index: ArrayView2<f32>,
    queries: ArrayView2<f32>,
    k: usize,
    metric: Metric,
) -> Result<Neighbours, PrintError> {
    same_dimension(index, queries)?;
    if k == 0 || k > index.nrows() {
        return Err(PrintError::Count { what: "k", value: k, least: 1, most: index.nrows() });
    }
    let (index, queries) = match metric {
        Metric::Cosine => (unit(index, "the index")?, unit(queries, "the queries")?),
        Metric::Euclidean => centred(index, queries)?,
    };
    let dim = index.ncols();
    let half_square = |print: ArrayView1<f32>| (0.5 * norm(print).powi(2)) as f32;
    // The nearest print x of q maximises q·x (cosine) or q·x − |x|²/2 (Euclidean).
    let offsets: Vec<f32> = match metric {
        Metric::Cosine => vec![0.0; index.nrows()],
        Metric::Euclidean => index.axis_iter(Axis(0)).map(half_square).collect(),
    };
    // Fewer queries than threads would fill share the work in smaller blocks.
    let share = queries.nrows().div_ceil(rayon::current_num_threads()).clamp(1, QUERIES);
    let (flat_index, flat_queries) = (flat(&index), flat(&queries));
    let found: Vec<Vec<(f32, u32)>> = flat_queries
        .par_chunks(share * dim)
        .flat_map_iter(|block| search_block(flat_index, &offsets, block, dim, k))
        .collect();
    let shape = (queries.nrows(), k);
    let mut neighbours = Neighbours { rows: Array2::zeros(shape), values: Array2::zeros(shape) };
    for (query, mut found) in found.into_iter().enumerate() {
        if metric == Metric::Euclidean {
            for (value, row) in &mut found {
                *value = distance(queries.row(query), index.row(*row as usize));
            }
            found.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        }
        for (place, (value, row)) in found.into_iter().enumerate() {
            neighbours.rows[[query, place]] = row;
            neighbours.values[[query, place]] =
                if metric == Metric::Cosine { value.clamp(-1.0, 1.0) } else { value };
        }
    }
    Ok(neighbours)
}

/// Both sets moved so that the index has mean zero: distances stay, and little is lost to cancellation in their expansion.
fn centred(
    index: ArrayView2<f32>,
    queries: ArrayView2<f32>,
) -> Result<(Array2<f32>, Array2<f32>), PrintError> {
    check(index, "the index")?;
    check(queries, "the queries")?;
    let mut sum = Array1::<f64>::zeros(index.ncols());
    for print in index.axis_iter(Axis(0)) {
        sum.zip_mut_with(&print, |total, &value| *total += f64::from(value));
    }
    let mean = sum / index.nrows() as f64;
    let shift = |prints: ArrayView2<f32>| {
        let mut shifted = prints.as_standard_layout().into_owned();
        for mut print in shifted.axis_iter_mut(Axis(0)) {
            print.zip_mut_with(&mean, |value, &mean| *value = (f64::from(*value) - mean) as f32);
        }
        shifted
    };
    Ok((shift(index), shift(queries)))
}

fn flat(prints: &Array2<f32>) -> &[f32] {
    prints.as_slice().unwrap_or_default()
}

fn distance(left: ArrayView1<f32>, right: ArrayView1<f32>) -> f32 {
    left.iter().zip(right).map(|(&a, &b)| (f64::from(a) - f64::from(b)).powi(2)).sum::<f64>().sqrt() as f32
}

fn search_block(index: &[f32], offsets: &[f32], block: &[f32], dim: usize, k: usize) -> Vec<Vec<(f32, u32)>> {
    let count = block.len() / dim;
    let mut best: Vec<Best> = (0..count).map(|_| Best::new(k)).collect();
    let mut products = vec![0f32; count * PRINTS];
    let arch = pulp::Arch::new();
    for (number, (prints, offsets)) in index.chunks(PRINTS * dim).zip(offsets.chunks(PRINTS)).enumerate() {
        let products = &mut products[..count * offsets.len()];
        product_into(products, block, prints, dim);
        // Compiled once for each instruction set; the machine's own is chosen here.
        arch.dispatch(
            #[inline(always)]
            || {
                for (best, products) in best.iter_mut().zip(products.chunks(offsets.len())) {
                    best.scan(products, offsets, (number * PRINTS) as u32);
                }
            },
        );
    }
    best.into_iter().map(|best| best.kept).collect()
}

/// The best scores seen so far, best first.
struct Best {
    kept: Vec<(f32, u32)>,
    k: usize,
    /// Score of the last kept once `k` are kept: only better ones enter.
    worst: f32,
}

/// Scores compared at once.
const GROUP: usize = 48;
/// Lanes in which they are compared; the compiler packs them as wide as the machine allows.
const WIDTH: usize = 16;

impl Best {
    fn new(k: usize) -> Self {
        Self { kept: Vec::with_capacity(k + 1), k, worst: f32::NEG_INFINITY }
    }

    /// Takes in a run of scores of consecutive index rows, group by group: most groups hold nothing better than what is
    /// kept already, and one comparison per lane shows it.
    #[inline(always)]
    fn scan(&mut self, products: &[f32], offsets: &[f32], first: u32) {
        let (groups, rest) = products.as_chunks::<GROUP>();
        let (group_offsets, rest_offsets) = offsets.as_chunks::<GROUP>();
        for (number, (products, offsets)) in groups.iter().zip(group_offsets).enumerate() {
            if highest(products, offsets) > self.worst {
                self.insert(products, offsets, first + (number * GROUP) as u32);
            }
        }
        self.insert(rest, rest_offsets, first + (groups.len() * GROUP) as u32);
    }

    #[cold]
    #[inline(never)]
    fn insert(&mut self, products: &[f32], offsets: &[f32], first: u32) {
        for (place, (product, offset)) in products.iter().zip(offsets).enumerate() {
            let score = product - offset;
            if score <= self.worst {
                continue;
            }
            let at = self.kept.partition_point(|&(kept, _)| kept >= score);
            self.kept.insert(at, (score, first + place as u32));
            self.kept.truncate(self.k);
            if self.kept.len() == self.k {
                self.worst = self.kept[self.k - 1].0;
            }
        }
    }
}

/// Highest score of a group, computed lane by lane.
#[inline(always)]
fn highest(products: &[f32; GROUP], offsets: &[f32; GROUP]) -> f32 {
    let mut lanes = [f32::NEG_INFINITY; WIDTH];
    for (products, offsets) in products.as_chunks::<WIDTH>().0.iter().zip(offsets.as_chunks::<WIDTH>().0) {
        for lane in 0..WIDTH {
            let score = products[lane] - offsets[lane];
            lanes[lane] = if score > lanes[lane] { score } else { lanes[lane] };
        }
    }
    let mut width = WIDTH / 2;
    while width > 0 {
        for lane in 0..width {
            lanes[lane] = if lanes[lane + width] > lanes[lane] { lanes[lane + width] } else { lanes[lane] };
        }
        width /= 2;
    }
    lanes[0]
}

/// Classifies `test` by majority among the `k` nearest of `train`; of equally frequent labels the one with the nearer
/// first member wins. `groups[test]` are the subjects over which the interval is taken.
pub fn classify(
    train: &LabelledPrints,
    test: &LabelledPrints,
    groups: &[u32],
    k: usize,
    metric: Metric,
    bootstrap: &Bootstrap,
) -> Result<Classification, PrintError> {
    train.check("the training prints")?;
    test.check("the test prints")?;
    let neighbours = search(train.prints, test.prints, k, metric)?;
    let known = distinct(train.labels);
    let mut votes = vec![0u32; known.len()];
    let predicted: Vec<u32> = neighbours
        .rows
        .axis_iter(Axis(0))
        .map(|rows| {
            votes.fill(0);
            let slot = |row: u32| known.partition_point(|&label| label < train.labels[row as usize]);
            rows.iter().for_each(|&row| votes[slot(row)] += 1);
            let most = votes.iter().copied().max().unwrap_or(0);
            rows.iter().map(|&row| slot(row)).find(|&slot| votes[slot] == most).map_or(0, |slot| known[slot])
        })
        .collect();
    Classification::new(train.labels, test.labels, &predicted, groups, bootstrap)
}
