//! A first pass of the nearest-neighbour search in one-byte arithmetic: it rules out nearly every pair of query and print,
//! and the few that are left are compared in 64 bits. Nothing is lost, because the error of the first pass is bounded.
//!
//! Both metrics ask for the prints x of highest q·x − o(x), where q and x are taken relative to a mean m, and o(x) is |x|²/2
//! (Euclidean) or −m·x (cosine): q·x of the vectors (q, c) and (x, −o(x)/c), whatever c. These are rounded to whole
//! multiples of a scale, `x = s·x̂ + r`. By Cauchy and Schwarz, `|q·x − s·q̂·s'·x̂| ≤ |r_q||x| + |s·q̂||r_x|`, of which all
//! norms are known. So a print whose q̂·x̂ lies below the kth best so far by more than that cannot be among the k best.
//!
//! The scales keep |q̂||x̂| within 2¹⁵ − 1. A sum of products in 16 bits may then wrap on its way but ends on q̂·x̂, and each
//! instruction multiplies and adds 32 pairs, four times as many as in 32-bit floats.

#![allow(unsafe_code, reason = "whoever calls vector instructions vouches that the machine has them")]

use std::arch::x86_64::*;

use pulp::bytemuck::cast;
use rayon::prelude::*;

use super::k_best::KBest;
use super::metric::Metric;
use crate::prints::sum;

/// Queries and prints that the innermost loop takes at once: their products fill 12 of 16 registers.
const QUERIES: usize = 6;
const PRINTS: usize = 32;
/// Prints that share a scale; they stay in the first-level cache.
const GROUP: usize = 4 * PRINTS;
/// Numbers a print may have: beyond, rounding alone could bring the norm of whole numbers near its limit.
const LONGEST: usize = 4096;
/// Norm of rounded prints and queries: 180² < 2¹⁵ − 1.
const NORM: f64 = 180.0;
/// Largest whole numbers of queries and prints: two products of them, one factor moved by 128, fit in 16 bits.
const LEVELS: [f64; 2] = [64.0, 127.0];
/// Rows looked at for the mean, and for what else may be chosen freely.
const SAMPLE: usize = 1000;
/// Error of sums in 64 bits, relative to the product of norms: generous.
const ROUNDING: f64 = 1e-11;

/// Prints in bytes, and where they come from.
pub(crate) struct QuantisedIndex<'a> {
    metric: Metric,
    index: &'a [f32],
    dim: usize,
    mean: Vec<f64>,
    /// Offsets are taken relative to this one.
    middle: f64,
    /// The c above: it shares the offset between print and query.
    share: f64,
    groups: Vec<Group>,
    /// No print is longer.
    longest: f64,
}

/// Up to [`GROUP`] prints.
struct Group {
    scale: f64,
    /// Largest norm, and largest norm of what rounding took.
    norm: f64,
    lost: f64,
    /// `[tiles][pairs of values]`: for each of 32 prints two bytes, moved by 128.
    bytes: Vec<[[u8; PRINTS]; 2]>,
}

/// Up to six queries.
struct Tile {
    /// `[pairs of values]`: for each query two bytes, twice.
    bytes: Vec<[[i8; 4]; QUERIES]>,
    /// What undoes the move of the prints by 128.
    start: [i16; QUERIES],
    scale: [f64; QUERIES],
    norm: [f64; QUERIES],
    lost: [f64; QUERIES],
    /// What the score of the metric lacks: |q|²/2 (Euclidean) or −q·m (cosine).
    rest: [f64; QUERIES],
    slack: [f64; QUERIES],
}

impl<'a> QuantisedIndex<'a> {
    /// Packs `index[n·dim]`; nothing where the machine lacks the instructions or prints are too long.
    pub(crate) fn new(index: &'a [f32], dim: usize, metric: Metric) -> Option<Self> {
        if dim > LONGEST || !is_x86_feature_detected!("avx2") {
            return None;
        }
        let count = index.len() / dim;
        let sample = || index.chunks_exact(dim).step_by(count.div_ceil(SAMPLE));
        let sampled = sample().count() as f64;
        let mut mean = vec![0.0; dim];
        for print in sample() {
            mean.iter_mut().zip(print).for_each(|(mean, &value)| *mean += f64::from(value) / sampled);
        }
        let mut quantised =
            Self { metric, index, dim, mean, middle: 0.0, share: 1.0, groups: vec![], longest: 0.0 };
        let mut row = vec![0.0; dim + 1];
        let mut offset = |print| quantised.centre(print, &mut row);
        let middle = sample().map(&mut offset).sum::<f64>() / sampled;
        let spread = (sample().map(|print| (offset(print) - middle).powi(2)).sum::<f64>() / sampled).sqrt();
        quantised.middle = middle;
        quantised.share = if spread > 0.0 { spread.sqrt() } else { 1.0 };
        // SAFETY: AVX2 was asked for above.
        let pack = |prints: &[f32]| unsafe { quantised.group(prints) };
        let groups: Vec<Group> = index.par_chunks(GROUP * dim).map(pack).collect();
        quantised.longest = groups.iter().map(|group| group.norm).fold(0.0, f64::max);
        quantised.groups = groups;
        Some(quantised)
    }

    /// Writes a print relative to the mean to the first values of `row` and gives back its offset.
    #[inline(always)]
    fn centre(&self, print: &[f32], row: &mut [f64]) -> f64 {
        for ((to, &value), mean) in row.iter_mut().zip(print).zip(&self.mean) {
            *to = f64::from(value) - mean;
        }
        let row = &row[..self.dim];
        match self.metric {
            Metric::Euclidean => 0.5 * dot(row, row),
            Metric::Cosine => -dot(row, &self.mean),
        }
    }

    #[target_feature(enable = "avx2")]
    fn group(&self, prints: &[f32]) -> Group {
        let (width, pairs) = (self.dim + 1, self.pairs());
        let mut rows = vec![0.0; GROUP * width];
        let (mut norm, mut highest) = (0.0f64, 0.0f64);
        for (row, print) in rows.chunks_exact_mut(width).zip(prints.chunks_exact(self.dim)) {
            let offset = self.centre(print, row);
            row[self.dim] = (self.middle - offset) / self.share;
            norm = norm.max(dot(row, row).sqrt());
            highest = row.iter().fold(highest, |highest, value| highest.max(value.abs()));
        }
        let scale = scale(norm, highest, self.dim, LEVELS[1]);
        let mut bytes = vec![[[128; PRINTS]; 2]; GROUP / PRINTS * pairs];
        let mut lost = 0.0f64;
        for (number, row) in rows.chunks_exact_mut(width).enumerate() {
            lost = lost.max(round(row, scale));
            let (tile, half, place) = (number / PRINTS * pairs, number % PRINTS / 16, number % 16 * 2);
            for (pair, values) in bytes[tile..tile + pairs].iter_mut().zip(row.chunks(2)) {
                for (byte, &value) in pair[half][place..].iter_mut().zip(values) {
                    *byte = (value as i32 + 128) as u8;
                }
            }
        }
        Group { scale, norm, lost, bytes }
    }

    /// Queries `[up to 6 · dim]`.
    #[target_feature(enable = "avx2")]
    fn tile(&self, queries: &[f32]) -> Tile {
        let (zeros, none) = ([0.0; QUERIES], [0; QUERIES]);
        let bytes = vec![[[0; 4]; QUERIES]; self.pairs()];
        let mut tile = Tile {
            bytes,
            start: none,
            scale: [1.0; QUERIES],
            norm: zeros,
            lost: zeros,
            rest: zeros,
            slack: zeros,
        };
        let mut row = vec![0.0; self.dim + 1];
        let mean = dot(&self.mean, &self.mean).sqrt();
        for (at, query) in queries.chunks_exact(self.dim).enumerate() {
            let offset = self.centre(query, &mut row);
            row[self.dim] = self.share;
            let norm = dot(&row, &row).sqrt();
            let highest = row.iter().fold(0.0f64, |highest, value| highest.max(value.abs()));
            tile.rest[at] = match self.metric {
                Metric::Euclidean => offset,
                Metric::Cosine => offset - mean.powi(2),
            };
            tile.scale[at] = scale(norm, highest, self.dim, LEVELS[0]);
            tile.norm[at] = norm;
            tile.slack[at] = ROUNDING * (norm + mean + self.longest).powi(2);
            tile.lost[at] = round(&mut row, tile.scale[at]);
            let sum: f64 = row.iter().sum();
            tile.start[at] = (-128 * sum as i32) as i16;
            for (pair, values) in tile.bytes.iter_mut().zip(row.chunks(2)) {
                let (first, second) = (values[0] as i8, values.get(1).map_or(0, |&value| value as i8));
                pair[at] = [first, second, first, second];
            }
        }
        tile
    }

    /// Pairs of values of a print and its offset.
    fn pairs(&self) -> usize {
        (self.dim + 1).div_ceil(2)
    }

    /// The `k` best rows for each of `queries[m·dim]` with the negative distance or the similarity; nothing where the data
    /// leave so many that comparing all in 32 bits takes less time.
    pub(crate) fn search(&self, queries: &[f32], k: usize) -> Option<Vec<KBest>> {
        // SAFETY: `new` asked for AVX2.
        unsafe { self.best(queries, k) }
    }

    #[target_feature(enable = "avx2")]
    fn best(&self, queries: &[f32], k: usize) -> Option<Vec<KBest>> {
        let tiles: Vec<Tile> = queries.chunks(QUERIES * self.dim).map(|queries| self.tile(queries)).collect();
        let count = queries.len() / self.dim;
        let mut best: Vec<KBest> = (0..count).map(|_| KBest::new(k)).collect();
        // One comparison in 64 bits costs about as much as eight of a whole matrix in 32 bits.
        let (mut compared, most) = (0, count * GROUP * (2 + self.groups.len() / 32));
        for (number, group) in self.groups.iter().enumerate() {
            let tiles = tiles.iter().zip(best.chunks_mut(QUERIES)).zip(queries.chunks(QUERIES * self.dim));
            for ((tile, best), queries) in tiles {
                compared += self.compare(number * GROUP, group, tile, best, queries);
            }
            if compared > most {
                return None;
            }
        }
        Some(best)
    }

    /// Compares a group, of which `first` is the first row, with up to six queries; gives back how many pairs passed.
    #[target_feature(enable = "avx2")]
    fn compare(
        &self,
        first: usize,
        group: &Group,
        tile: &Tile,
        best: &mut [KBest],
        queries: &[f32],
    ) -> usize {
        let mut limits = [i16::MAX; QUERIES];
        for (at, (limit, best)) in limits.iter_mut().zip(best.iter()).enumerate() {
            let worst = f64::from(best.worst);
            let score = match self.metric {
                Metric::Euclidean => tile.rest[at] - 0.5 * worst * worst,
                Metric::Cosine => tile.rest[at] + worst,
            };
            let error =
                tile.lost[at] * group.norm + (tile.norm[at] + tile.lost[at]) * group.lost + tile.slack[at];
            // Out of range, the conversion gives the nearest number: every sum lies above the lowest, none above the highest.
            *limit = ((score + self.middle - error) / (tile.scale[at] * group.scale)).floor() as i16;
        }
        let mut compared = 0;
        for (number, prints) in group.bytes.chunks_exact(self.pairs()).enumerate() {
            let above = above(tile, prints, &limits);
            for (at, mut above) in above.into_iter().enumerate() {
                while above != 0 {
                    let row = first + number * PRINTS + above.trailing_zeros() as usize;
                    above &= above - 1;
                    let Some(print) = self.index.get(row * self.dim..(row + 1) * self.dim) else { break };
                    let query = &queries[at * self.dim..(at + 1) * self.dim];
                    best[at].offer(self.metric.closeness(query, print), row as u32);
                    compared += 1;
                }
            }
        }
        compared
    }
}

/// For each query a bit for each of 32 prints: whether the product exceeds the query's limit.
#[target_feature(enable = "avx2")]
fn above(tile: &Tile, prints: &[[[u8; PRINTS]; 2]], limits: &[i16; QUERIES]) -> [u32; QUERIES] {
    let mut sums = [[_mm256_setzero_si256(); 2]; QUERIES];
    for (sums, &start) in sums.iter_mut().zip(&tile.start) {
        *sums = [_mm256_set1_epi16(start); 2];
    }
    for (queries, prints) in tile.bytes.iter().zip(prints) {
        let (first, second): (__m256i, __m256i) = (cast(prints[0]), cast(prints[1]));
        for (sums, &query) in sums.iter_mut().zip(queries) {
            let query = _mm256_set1_epi32(cast(query));
            sums[0] = _mm256_add_epi16(sums[0], _mm256_maddubs_epi16(first, query));
            sums[1] = _mm256_add_epi16(sums[1], _mm256_maddubs_epi16(second, query));
        }
    }
    let mut masks = [0; QUERIES];
    for ((mask, [low, high]), &limit) in masks.iter_mut().zip(sums).zip(limits) {
        let limit = _mm256_set1_epi16(limit);
        let (low, high) = (_mm256_cmpgt_epi16(low, limit), _mm256_cmpgt_epi16(high, limit));
        // Packing works on halves of registers; the permutation puts its quarters in order.
        let bytes = _mm256_permute4x64_epi64::<0b11_01_10_00>(_mm256_packs_epi16(low, high));
        *mask = _mm256_movemask_epi8(bytes) as u32;
    }
    masks
}

/// The scale that keeps the rounded norm within [`NORM`] and whole numbers within `levels`.
fn scale(norm: f64, highest: f64, dim: usize, levels: f64) -> f64 {
    let scale = (norm / (NORM - 0.5 * (dim as f64 + 1.0).sqrt())).max(highest / levels);
    if scale > 0.0 { scale } else { 1.0 }
}

/// Replaces values by whole multiples of `scale`, counted; gives back the norm of what that took.
#[inline(always)]
fn round(row: &mut [f64], scale: f64) -> f64 {
    let whole: Vec<f64> = row.iter().map(|value| (value / scale).round_ties_even()).collect();
    let lost = sum(row, &whole, |value, whole| (value - whole * scale).powi(2)).sqrt();
    row.copy_from_slice(&whole);
    lost
}

#[inline(always)]
fn dot(left: &[f64], right: &[f64]) -> f64 {
    sum(left, right, |a, b| a * b)
}

#[cfg(test)]
mod tests {
    use ndarray::Array2;
    use proptest::prelude::*;
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;
    use rand_distr::{Distribution, StandardNormal};

    use super::*;
    use twinprint_comparison::unit;

    /// Random prints around `centre`, every tenth `stretch` times as long, of which `equal` in a hundred copy another.
    fn prints(
        seed: u64,
        (rows, dim): (usize, usize),
        scale: f32,
        centre: f32,
        stretch: f32,
        equal: u32,
    ) -> Array2<f32> {
        let mut generator = ChaCha8Rng::seed_from_u64(seed);
        let mut prints = Array2::zeros((rows, dim));
        for row in 0..rows {
            let copied =
                (row > 0 && generator.random_range(0..100) < equal).then(|| generator.random_range(0..row));
            let length = scale * if row % 10 == 9 { stretch } else { 1.0 };
            for column in 0..dim {
                let normal: f32 = StandardNormal.sample(&mut generator);
                prints[[row, column]] =
                    copied.map_or((centre + normal) * length, |copied| prints[[copied, column]]);
            }
        }
        prints
    }

    /// Compares everything and sorts it.
    fn slow(index: &Array2<f32>, query: &[f32], k: usize, metric: Metric) -> Vec<(f32, u32)> {
        let rows = index.rows();
        let score = |row: ndarray::ArrayView1<f32>| metric.closeness(query, row.as_slice().unwrap());
        let mut all: Vec<(f32, u32)> = rows.into_iter().map(score).zip(0..).collect();
        all.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        all.truncate(k);
        all
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]
        #[test]
        fn nothing_that_belongs_to_the_best_is_ruled_out(
            seed in any::<u64>(), (rows, queries, dim) in (1usize..1500, 1usize..30, 1usize..150), k in 1usize..12,
            metric in prop_oneof![Just(Metric::Cosine), Just(Metric::Euclidean)],
            power in -15i32..15, centre in prop_oneof![Just(0f32), Just(5.0), Just(1000.0)],
            stretch in prop_oneof![Just(1f32), Just(30.0), Just(1e4)], equal in prop_oneof![Just(0u32), Just(50), Just(99)],
        ) {
            let scale = 10f32.powi(power);
            let mut index = prints(seed, (rows, dim), scale, centre, stretch, equal);
            let mut queries = prints(seed ^ 1, (queries, dim), scale, centre, stretch, 0);
            // Some queries are prints.
            for (row, mut query) in queries.rows_mut().into_iter().enumerate().step_by(3) {
                query.assign(&index.row(row % rows));
            }
            if metric == Metric::Cosine {
                (index, queries) = (unit(index.view(), "").unwrap(), unit(queries.view(), "").unwrap());
            }
            let k = k.min(rows);
            let Some(quantised) = QuantisedIndex::new(index.as_slice().unwrap(), dim, metric) else { return Ok(()) };
            let Some(found) = quantised.search(queries.as_slice().unwrap(), k) else {
                prop_assert!(rows > 2 * GROUP);
                return Ok(());
            };
            for (found, query) in found.iter().zip(queries.rows()) {
                prop_assert_eq!(&found.kept, &slow(&index, query.as_slice().unwrap(), k, metric));
            }
        }
    }

    #[test]
    fn ordinary_prints_are_worth_a_first_pass_and_equal_ones_are_not() {
        let (index, queries) =
            (prints(1, (20_000, 128), 1.0, 0.0, 1.0, 0), prints(2, (60, 128), 1.0, 0.0, 1.0, 0));
        let Some(quantised) = QuantisedIndex::new(index.as_slice().unwrap(), 128, Metric::Euclidean) else {
            return;
        };
        assert!(quantised.search(queries.as_slice().unwrap(), 5).is_some());
        let equal = vec![1.0; 20_000 * 16];
        let quantised = QuantisedIndex::new(&equal, 16, Metric::Euclidean).unwrap();
        assert!(quantised.search(&equal[..16 * 60], 5).is_none());
    }
}
