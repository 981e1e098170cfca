//! A synthetic cohort.
