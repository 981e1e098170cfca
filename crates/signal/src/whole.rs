use std::fmt::{Debug, Display};

/// An error of a library whose words hold those of its causes: it shows no cause below it, so that nothing is said twice.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Whole<E: Debug + Display>(pub E);
