//! Uncertainty over subjects: draws of cohorts, what they give, and the intervals made from it.

pub(crate) mod curve_intervals;
pub(crate) mod draws;
pub(crate) mod interval;
pub(crate) mod jackknife;
pub(crate) mod weighted_pass;
