//! Equal error rates of resampled cohorts, from one sort of the trials.
//!
//! Drawing subject *s* `w[s]` times gives its mated comparisons weight `w[s]` and the comparison of subjects *i* and *j*
//! weight `w[i]·w[j]`: each drawn copy brings its own comparisons. Copies of one subject are never compared with one
//! another, since such a comparison would be mated in truth and non-mated in name.

use rayon::prelude::*;

use super::draws::{Bootstrap, draw_scorable};
use crate::Scores;
use crate::det::crossing;

/// Replicates that share one pass over the trials.
const LANES: usize = 16;
/// Trials whose weights are summed in `f32`, which is exact for weights up to 64.
const CHUNK: usize = 4096;
/// Blocks kept of long lists. In shorter ones every group of equal scores is a block of its own.
const BLOCKS: usize = 1 << 16;
/// Marks the last trial of a group of equal scores.
const GROUP_END: u32 = 1 << 31;

/// Trials in ascending order of score, with dense subject numbers.
pub(crate) struct WeightedTrials {
    /// Enrolled subject (with [`GROUP_END`]) and probed subject.
    pairs: Vec<[u32; 2]>,
    /// End of each block, always at the end of a group of equal scores.
    block_ends: Vec<usize>,
    subjects: usize,
}

/// Sums of weights below a cut, for one replicate.
#[derive(Clone, Copy, Default)]
pub(crate) struct Below {
    /// Of mated trials.
    pub mated: f64,
    /// Of non-mated trials.
    pub non_mated: f64,
}

/// One pass over the trials: the weights of up to [`LANES`] replicates and their sums below the end of every block.
pub(crate) struct Pass<'a> {
    trials: &'a WeightedTrials,
    /// Weight of each subject in each replicate.
    table: Vec<[f32; LANES]>,
    /// From nothing below to everything below.
    sums: Vec<[Below; LANES]>,
}

impl WeightedTrials {
    /// Sorts the trials, O(n log n).
    pub fn new(scores: &Scores) -> Self {
        let subjects = scores.subjects();
        let number = |subject: &u32| subjects.partition_point(|known| known < subject) as u32;
        let mut order: Vec<(f64, u32)> =
            scores.similarity().par_iter().enumerate().map(|(trial, &score)| (score, trial as u32)).collect();
        order.par_sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        let pairs: Vec<[u32; 2]> = order
            .par_iter()
            .enumerate()
            .map(|(place, &(score, trial))| {
                let last = order.get(place + 1).is_none_or(|next| next.0 != score);
                let mark = if last { GROUP_END } else { 0 };
                let trial = trial as usize;
                [number(&scores.enrol_subject()[trial]) | mark, number(&scores.probe_subject()[trial])]
            })
            .collect();
        let block = pairs.len().div_ceil(BLOCKS);
        let mut block_ends = Vec::with_capacity(pairs.len().min(BLOCKS));
        let mut start = 0;
        for (place, pair) in pairs.iter().enumerate() {
            if pair[0] & GROUP_END != 0 && (place + 1 - start >= block || place + 1 == pairs.len()) {
                start = place + 1;
                block_ends.push(start);
            }
        }
        Self { pairs, block_ends, subjects: subjects.len() }
    }

    /// Number of distinct subjects, enrolled or probed.
    pub fn subjects(&self) -> usize {
        self.subjects
    }

    /// Equal error rate of each resampled cohort; `None` where no draw had comparisons of both kinds.
    pub fn replicates(&self, bootstrap: &Bootstrap) -> Vec<Option<f64>> {
        self.resample(bootstrap, |pass, lane| pass.eer(lane))
    }

    /// What `read` makes of each resampled cohort, given the pass it took part in and its lane there.
    pub fn resample<T: Send>(
        &self,
        bootstrap: &Bootstrap,
        read: impl Fn(&Pass, usize) -> Option<T> + Sync,
    ) -> Vec<Option<T>> {
        let batches = bootstrap.replicates.div_ceil(LANES);
        (0..batches)
            .into_par_iter()
            .flat_map_iter(|batch| {
                let first = batch * LANES;
                let count = LANES.min(bootstrap.replicates - first);
                let draws: Vec<Vec<u16>> =
                    (0..count).map(|lane| draw_scorable(bootstrap, first + lane, self.subjects)).collect();
                let pass = self.pass(&draws);
                (0..count).map(|lane| read(&pass, lane)).collect::<Vec<_>>()
            })
            .collect()
    }

    /// Sums the weights of at most [`LANES`] weightings of the subjects.
    pub fn pass(&self, weightings: &[Vec<u16>]) -> Pass<'_> {
        let mut table = vec![[0f32; LANES]; self.subjects];
        for (lane, weights) in weightings.iter().enumerate() {
            for (row, &weight) in table.iter_mut().zip(weights) {
                row[lane] = f32::from(weight);
            }
        }
        let mut sums: Vec<[Below; LANES]> = Vec::with_capacity(self.block_ends.len() + 1);
        let mut total = [Below::default(); LANES];
        sums.push(total);
        let mut start = 0;
        for &end in &self.block_ends {
            for chunk in self.pairs[start..end].chunks(CHUNK) {
                add_chunk(chunk, &table, &mut total);
            }
            sums.push(total);
            start = end;
        }
        Pass { trials: self, table, sums }
    }
}

impl Pass<'_> {
    /// The sums of one replicate below the end of every block, from nothing to everything; `None` when it has no
    /// comparison of one kind.
    pub fn below(&self, lane: usize) -> Option<impl Iterator<Item = Below> + Clone> {
        let total = self.sums.last()?[lane];
        (total.mated > 0.0 && total.non_mated > 0.0).then(|| self.sums.iter().map(move |sum| sum[lane]))
    }

    /// Equal error rate of one replicate: finds the block in which FNMR overtakes FMR, then the cut inside it.
    pub fn eer(&self, lane: usize) -> Option<f64> {
        let total = self.sums.last()?[lane];
        if total.mated == 0.0 || total.non_mated == 0.0 {
            return None;
        }
        let rates = |below: Below| (1.0 - below.non_mated / total.non_mated, below.mated / total.mated);
        let crossed = |below: Below| {
            let (fmr, fnmr) = rates(below);
            fnmr >= fmr
        };
        let block = self.sums.partition_point(|sum| !crossed(sum[lane])).checked_sub(1)?;
        let ends = &self.trials.block_ends;
        let start = if block == 0 { 0 } else { ends[block - 1] };
        let mut before = self.sums[block][lane];
        let mut below = before;
        for pair in &self.trials.pairs[start..ends[block]] {
            let (enrol, probe) = ((pair[0] & !GROUP_END) as usize, pair[1] as usize);
            let weight = f64::from(self.table[enrol][lane]);
            if enrol == probe {
                below.mated += weight;
            } else {
                below.non_mated += weight * f64::from(self.table[probe][lane]);
            }
            if pair[0] & GROUP_END != 0 {
                if crossed(below) {
                    return Some(crossing(rates(before), rates(below)));
                }
                before = below;
            }
        }
        None
    }
}

/// Adds the weights of at most [`CHUNK`] trials, all replicates at once.
fn add_chunk(chunk: &[[u32; 2]], table: &[[f32; LANES]], total: &mut [Below; LANES]) {
    let mut mated = [0f32; LANES];
    let mut non_mated = [0f32; LANES];
    for pair in chunk {
        let (enrol, probe) = ((pair[0] & !GROUP_END) as usize, pair[1] as usize);
        let (left, right) = (&table[enrol], &table[probe]);
        if enrol == probe {
            for lane in 0..LANES {
                mated[lane] += left[lane];
            }
        } else {
            for lane in 0..LANES {
                non_mated[lane] += left[lane] * right[lane];
            }
        }
    }
    for lane in 0..LANES {
        total[lane].mated += f64::from(mated[lane]);
        total[lane].non_mated += f64::from(non_mated[lane]);
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::sorted_scores::SortedScores;
    use proptest::prelude::*;

    /// Writes every drawn copy out as its own trials and scores those.
    pub(crate) fn spelt_out(scores: &Scores, weights: &[u16]) -> Option<SortedScores> {
        let subjects = scores.subjects();
        let weight = |subject: u32| usize::from(weights[subjects.binary_search(&subject).unwrap()]);
        let (mut mated, mut non_mated) = (vec![], vec![]);
        for (trial, &score) in scores.similarity().iter().enumerate() {
            let (enrol, probe) = (scores.enrol_subject()[trial], scores.probe_subject()[trial]);
            if enrol == probe {
                mated.extend(std::iter::repeat_n(score, weight(enrol)));
            } else {
                non_mated.extend(std::iter::repeat_n(score, weight(enrol) * weight(probe)));
            }
        }
        (!mated.is_empty() && !non_mated.is_empty()).then(|| SortedScores::from_parts(mated, non_mated))
    }

    /// Trials of up to seven subjects with ties among the scores.
    pub(crate) fn trials(most: usize) -> impl Strategy<Value = Scores> {
        prop::collection::vec((-40i32..40, 0u32..7, 0u32..7), 2..most).prop_filter_map(
            "both kinds",
            |trials| {
                let scores = trials.iter().map(|&(score, ..)| f64::from(score)).collect();
                let enrol = trials.iter().map(|&(_, enrol, _)| 10 * enrol).collect();
                let probe = trials.iter().map(|&(.., probe)| 10 * probe).collect();
                Scores::new(scores, enrol, probe).ok()
            },
        )
    }

    proptest! {
        #[test]
        fn a_weighted_pass_equals_writing_out_every_drawn_copy(
            scores in trials(300),
            weights in prop::collection::vec(prop::collection::vec(0u16..4, 7), 1..=LANES),
        ) {
            let sorted = WeightedTrials::new(&scores);
            let weights: Vec<Vec<u16>> =
                weights.into_iter().map(|weights| weights[..sorted.subjects()].to_vec()).collect();
            let pass = sorted.pass(&weights);
            for (lane, weights) in weights.iter().enumerate() {
                let found = pass.eer(lane);
                let expected = spelt_out(&scores, weights).map(|spelt| spelt.eer().value);
                prop_assert_eq!(found.is_some(), expected.is_some());
                if let (Some(found), Some(expected)) = (found, expected) {
                    prop_assert!((found - expected).abs() < 1e-12, "{} {}", found, expected);
                }
            }
        }
    }

    #[test]
    fn lists_of_many_blocks_are_cut_in_the_right_block() {
        let bootstrap = Bootstrap { replicates: 40, ..Bootstrap::default() };
        let count = 200_000u32;
        let score = |trial: u32| f64::from(trial.wrapping_mul(2_654_435_761) >> 8);
        let subject = |trial: u32| trial % 9;
        let scores = Scores::new(
            (0..count).map(|trial| score(trial) + if trial % 7 == 0 { 9e6 } else { 0.0 }).collect(),
            (0..count).map(subject).collect(),
            (0..count)
                .map(|trial| if trial % 7 == 0 { subject(trial) } else { subject(trial / 9) })
                .collect(),
        )
        .unwrap();
        let sorted = WeightedTrials::new(&scores);
        assert!(sorted.block_ends.len() < count as usize / 2);
        for (replicate, found) in sorted.replicates(&bootstrap).into_iter().enumerate() {
            let weights = draw_scorable(&bootstrap, replicate, sorted.subjects());
            let expected = spelt_out(&scores, &weights).unwrap().eer().value;
            assert!((found.unwrap() - expected).abs() < 1e-12);
        }
    }
}
