//! Exact nearest neighbours, and the classifier built on them.

mod k_best;
mod metric;
#[cfg(target_arch = "x86_64")]
mod quantised;

use std::sync::LazyLock;

use ndarray::{Array1, Array2, ArrayView1, ArrayView2, Axis};
use rayon::prelude::*;
use twinprint_closed::dot_products_into;

use self::k_best::KBest;
pub use self::metric::Metric;
#[cfg(target_arch = "x86_64")]
use self::quantised::QuantisedIndex;
use twinprint_comparison::{check, norm, same_dimension, unit};

use crate::PrintError;
use crate::bootstrap::draws::Bootstrap;
use crate::classification::Classification;
use crate::prints::{LabelledPrints, distinct};

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

/// Queries from which on packing the index for the first pass pays.
#[cfg(target_arch = "x86_64")]
const ENOUGH: usize = 100;
/// Queries that show whether it rules out enough.
#[cfg(target_arch = "x86_64")]
const TRIED: usize = 24;
/// Least queries per block there. Blocks do not depend on the threads: each takes the one path or the other as a whole.
#[cfg(target_arch = "x86_64")]
const LEAST: usize = 96;

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
    let offsets = LazyLock::new(|| match metric {
        Metric::Cosine => vec![0.0; index.nrows()],
        Metric::Euclidean => index.axis_iter(Axis(0)).map(half_square).collect(),
    });
    let (flat_index, flat_queries) = (flat(&index), flat(&queries));
    // Fewer queries than threads would fill share the work in smaller blocks.
    #[allow(unused_mut)]
    let mut share = queries.nrows().div_ceil(rayon::current_num_threads()).clamp(1, QUERIES);
    #[cfg(target_arch = "x86_64")]
    let quantised = (queries.nrows() >= ENOUGH)
        .then(|| QuantisedIndex::new(flat_index, dim, metric))
        .flatten()
        .filter(|quantised| quantised.search(&flat_queries[..TRIED * dim], k).is_some());
    #[cfg(target_arch = "x86_64")]
    if quantised.is_some() {
        share = queries.nrows().div_ceil(16).clamp(LEAST, QUERIES).next_multiple_of(6);
    }
    let block = |block: &[f32]| {
        #[cfg(target_arch = "x86_64")]
        if let Some(found) = quantised.as_ref().and_then(|quantised| quantised.search(block, k)) {
            return found;
        }
        search_block(flat_index, &offsets, (block, dim), k, metric)
    };
    let found: Vec<KBest> = flat_queries.par_chunks(share * dim).flat_map_iter(block).collect();
    let shape = (queries.nrows(), k);
    let mut neighbours = Neighbours { rows: Array2::zeros(shape), values: Array2::zeros(shape) };
    for (query, best) in found.into_iter().enumerate() {
        for (place, (value, row)) in best.kept.into_iter().enumerate() {
            neighbours.rows[[query, place]] = row;
            neighbours.values[[query, place]] = match metric {
                Metric::Cosine => value.clamp(-1.0, 1.0),
                Metric::Euclidean => -value,
            };
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
        shifted.axis_iter_mut(Axis(0)).into_par_iter().for_each(|mut print| {
            print.zip_mut_with(&mean, |value, &mean| *value = (f64::from(*value) - mean) as f32);
        });
        shifted
    };
    Ok((shift(index), shift(queries)))
}

fn flat(prints: &Array2<f32>) -> &[f32] {
    prints.as_slice().unwrap_or_default()
}

/// The best of each query of a block, by products in 32 bits; their order by the metric itself.
fn search_block(
    index: &[f32],
    offsets: &[f32],
    (block, dim): (&[f32], usize),
    k: usize,
    metric: Metric,
) -> Vec<KBest> {
    let count = block.len() / dim;
    let mut best: Vec<KBest> = (0..count).map(|_| KBest::new(k)).collect();
    let mut products = vec![0f32; count * PRINTS];
    let arch = pulp::Arch::new();
    for (number, (prints, offsets)) in index.chunks(PRINTS * dim).zip(offsets.chunks(PRINTS)).enumerate() {
        let products = &mut products[..count * offsets.len()];
        dot_products_into(products, block, prints, dim);
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
    for (best, query) in best.iter_mut().zip(block.chunks(dim)) {
        for (score, row) in &mut best.kept {
            let at = *row as usize * dim;
            *score = metric.closeness(query, &index[at..at + dim]);
        }
        best.kept.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    }
    best
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
