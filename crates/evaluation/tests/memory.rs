//! Memory of an evaluation does not grow with its trials. A test program of its own: it counts every byte that is allocated.
#![allow(
    unsafe_code,
    clippy::unwrap_used,
    reason = "an allocator that counts is one that is called as any other; a test fails by panicking"
)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};

use ndarray::Array2;
use twinprint_evaluation::identification::closed_set;
use twinprint_evaluation::{Blocks, Bootstrap, Comparisons, Sides};

/// The system's allocator, with the bytes in use and the most there were.
struct Counting;

static IN_USE: AtomicUsize = AtomicUsize::new(0);
static MOST: AtomicUsize = AtomicUsize::new(0);

// SAFETY: every call goes to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let now = IN_USE.fetch_add(layout.size(), Ordering::Relaxed) + layout.size();
        MOST.fetch_max(now, Ordering::Relaxed);
        // SAFETY: the caller's promises are the system's.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        IN_USE.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: as above; `alloc` had the place from the system.
        unsafe { System.dealloc(place, layout) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

/// Scores that are computed from their places alone: 60 people with a template each, and as many probes as are asked for.
struct Endless {
    templates: Vec<u32>,
    probes: Vec<u32>,
}

impl Endless {
    fn new(probes_each: u32) -> Self {
        Self {
            templates: (0..60).collect(),
            probes: (0..60 * probes_each).map(|probe| probe / probes_each).collect(),
        }
    }
}

impl Blocks for Endless {
    fn folds(&self) -> usize {
        1
    }

    fn sides(&self, _: usize) -> Sides<'_> {
        Sides { templates: &self.templates, probes: &self.probes }
    }

    fn scores(&self, _: usize, templates: Range<usize>, probes: Range<usize>) -> Array2<f64> {
        Array2::from_shape_fn((templates.len(), probes.len()), |(row, column)| {
            let (template, probe) = (templates.start + row, probes.start + column);
            let mixed = (template as u64 * 1_000_003 + probe as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            let noise = (mixed >> 40) as f64 / (1 << 24) as f64;
            noise + if self.templates[template] == self.probes[probe] { 0.5 } else { 0.0 }
        })
    }
}

/// The most bytes that were in use at a time while everything is asked of the trials.
fn most_bytes(blocks: &Endless, laid_out_up_to: usize) -> usize {
    let before = IN_USE.load(Ordering::Relaxed);
    MOST.store(before, Ordering::Relaxed);
    let bootstrap = Bootstrap { replicates: 200, ..Bootstrap::default() };
    let all = Comparisons::laid_out_up_to(blocks, laid_out_up_to).unwrap();
    all.verification(&bootstrap).unwrap();
    all.resampled(&bootstrap).unwrap();
    all.det_curve().thinned(400);
    all.distribution(60);
    all.left_out(&[0.1]).unwrap_err();
    closed_set(&all.searches().unwrap(), &bootstrap).unwrap();
    MOST.load(Ordering::Relaxed) - before
}

#[test]
fn four_times_the_trials_take_no_more_memory_but_for_the_mated_ones() {
    let (few, many) = (Endless::new(150), Endless::new(600));
    let trials = |blocks: &Endless| blocks.templates.len() * blocks.probes.len();
    assert_eq!((trials(&few), trials(&many)), (540_000, 2_160_000));
    let (small, large) = (most_bytes(&few, 0), most_bytes(&many, 0));
    // A mated score is kept with whose it is, a search with what it found; the rest is the same.
    let kept = 150 * (many.probes.len() - few.probes.len());
    assert!(large < small + kept + small / 10, "{small} bytes, then {large}");
    assert!(large < 64 << 20, "{large} bytes");
    // What the limit is for: laid out, every trial takes its bytes.
    let laid_out = most_bytes(&many, usize::MAX);
    assert!(laid_out > trials(&many) * 40, "{laid_out} bytes");
}
