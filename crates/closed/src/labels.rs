//! Whose the rows of a table of features are.

/// Whose each row is, in any numbers that are equal for the same person and the same recording, and how much it counts.
#[derive(Debug, Clone, Copy)]
pub struct Labels<'a> {
    /// The person of each row.
    pub subject: &'a [u32],
    /// The recording of each row; empty where recordings are not told apart.
    pub recording: &'a [u32],
    /// How much each row counts, above 0 and the same for all rows of a person; empty where all count alike.
    pub weight: &'a [f32],
}
