//! The plots of the page, one file each.

pub(crate) mod bars;
pub(crate) mod cmc;
pub(crate) mod confusion;
pub(crate) mod det;
pub(crate) mod few_shot;
pub(crate) mod map;
pub(crate) mod people;
pub(crate) mod quality;
pub(crate) mod recorded_spectra;
pub(crate) mod scalp;
pub(crate) mod scores;
pub(crate) mod spectra;
pub(crate) mod sweep;
pub(crate) mod systems;
pub(crate) mod training;
