//! The plots of the page, one file each.

pub(crate) mod bars;
pub(crate) mod cmc;
pub(crate) mod det;
pub(crate) mod map;
pub(crate) mod scores;
pub(crate) mod sweep;
pub(crate) mod systems;
pub(crate) mod training;
