//! The best k of many scores.

/// The best scores seen so far, best first.
pub(crate) struct KBest {
    pub(crate) kept: Vec<(f32, u32)>,
    k: usize,
    /// Score of the last kept once `k` are kept: only better ones enter.
    pub(crate) worst: f32,
}

/// Scores compared at once.
const GROUP: usize = 48;
/// Lanes in which they are compared; the compiler packs them as wide as the machine allows.
const WIDTH: usize = 16;

impl KBest {
    pub(crate) fn new(k: usize) -> Self {
        Self { kept: Vec::with_capacity(k + 1), k, worst: f32::NEG_INFINITY }
    }

    /// Takes in a run of scores of consecutive index rows, group by group: most groups hold nothing better than what is
    /// kept already, and one comparison per lane shows it.
    #[inline(always)]
    pub(crate) fn scan(&mut self, products: &[f32], offsets: &[f32], first: u32) {
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
            self.offer(product - offset, first + place as u32);
        }
    }

    /// Takes in a row that lies behind all rows so far.
    #[inline(always)]
    pub(crate) fn offer(&mut self, score: f32, row: u32) {
        if score > self.worst {
            let at = self.kept.partition_point(|&(kept, _)| kept >= score);
            self.kept.insert(at, (score, row));
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
