//! Trials that are computed when they are looked at, block by block, and never laid out whole.

use std::ops::Range;

use ndarray::Array2;
use rayon::prelude::*;

/// Most scores of a block, unless a single subject's templates have more with all probes of their fold.
pub(crate) const SCORES: usize = 1 << 18;
/// Blocks that are in memory at a time, as far as there are threads for them.
const WAVE: usize = 16;

/// The subjects behind the templates and the probes of one fold, by number. Templates of one subject stand together.
#[derive(Debug, Clone, Copy)]
pub struct Sides<'a> {
    /// Subject of each template.
    pub templates: &'a [u32],
    /// Subject of each probe.
    pub probes: &'a [u32],
}

/// All trials of one system at one probe length: every template of a fold against every probe of the fold. Scores are computed
/// whenever they are asked for.
pub trait Blocks: Sync {
    /// The number of folds.
    fn folds(&self) -> usize;

    /// Whose the templates and probes of a fold are.
    fn sides(&self, fold: usize) -> Sides<'_>;

    /// The scores of some templates of a fold with some of its probes, `[templates, probes]`: the same each time for the same templates
    /// and probes. Other blocks with the same trial may give it another last bit.
    fn scores(&self, fold: usize, templates: Range<usize>, probes: Range<usize>) -> Array2<f64>;
}

/// Some templates of a fold against all its probes.
#[derive(Debug)]
pub struct Block {
    /// The fold, from 0.
    pub fold: usize,
    /// Places of the templates in the fold: all those of one subject or more.
    pub templates: Range<usize>,
    /// `[templates, probes]`.
    pub scores: Array2<f64>,
}

/// Computes every trial once: `visit` sees the blocks on all threads, `take` is given what it makes of them, one after the other in
/// the order of the trials. The same whatever the number of threads.
///
/// # Errors
/// The first of `take`.
pub fn in_order<T: Send, E>(
    blocks: &dyn Blocks,
    visit: impl Fn(Block) -> T + Sync,
    mut take: impl FnMut(T) -> Result<(), E>,
) -> Result<(), E> {
    for fold in 0..blocks.folds() {
        in_order_of_fold(blocks, fold, &visit, &mut take)?;
    }
    Ok(())
}

/// [`in_order`] for one fold.
pub(crate) fn in_order_of_fold<T: Send, E>(
    blocks: &dyn Blocks,
    fold: usize,
    visit: impl Fn(Block) -> T + Sync,
    mut take: impl FnMut(T) -> Result<(), E>,
) -> Result<(), E> {
    let sides = blocks.sides(fold);
    let probes = sides.probes.len();
    for wave in places(sides).chunks(WAVE) {
        let block = |templates: &Range<usize>| {
            let scores = blocks.scores(fold, templates.clone(), 0..probes);
            visit(Block { fold, templates: templates.clone(), scores })
        };
        let seen: Vec<T> = wave.par_iter().map(block).collect();
        seen.into_iter().try_for_each(&mut take)?;
    }
    Ok(())
}

/// Cuts the templates of a fold into blocks, subjects whole.
fn places(sides: Sides) -> Vec<Range<usize>> {
    let rows = (SCORES / sides.probes.len().max(1)).max(1);
    let mut places = Vec::new();
    let (mut start, mut end) = (0, 0);
    for of_subject in sides.templates.chunk_by(|a, b| a == b) {
        if end > start && end - start + of_subject.len() > rows {
            places.push(start..end);
            start = end;
        }
        end += of_subject.len();
    }
    if end > start {
        places.push(start..end);
    }
    places
}

/// The number of trials.
pub fn trials(blocks: &dyn Blocks) -> usize {
    let of_fold = |fold| blocks.sides(fold).templates.len() * blocks.sides(fold).probes.len();
    (0..blocks.folds()).map(of_fold).sum()
}
