//! One seed for a run; every random choice has its own, derived from it by name.

/// The seed of the choice called `name` in a run seeded with `seed`.
///
/// Derived through BLAKE3, so that adding a choice never changes the draws of another.
/// 53 bits, so that the number survives JSON and TOML unharmed.
pub fn derive(seed: u64, name: &str) -> u64 {
    let mut hasher = blake3::Hasher::new_derive_key("twinprint 2026 seed of a named random choice");
    hasher.update(&seed.to_le_bytes());
    hasher.update(name.as_bytes());
    let mut bytes = [0; 8];
    bytes.copy_from_slice(&hasher.finalize().as_bytes()[..8]);
    u64::from_le_bytes(bytes) >> 11
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_seeds_both_change_the_draw() {
        assert_eq!(derive(1, "split"), derive(1, "split"));
        assert_ne!(derive(1, "split"), derive(2, "split"));
        assert_ne!(derive(1, "split"), derive(1, "encoder"));
    }
}
