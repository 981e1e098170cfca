//! Random number streams, each derived from the plan's seed by name.

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

/// The stream called `name`; streams of different names or seeds are independent of one another.
///
/// The key is the BLAKE3 hash of seed and name, so adding a stream never shifts another.
pub fn stream(seed: u64, name: &str) -> ChaCha8Rng {
    let mut hasher = blake3::Hasher::new_derive_key("twinprint encoder random stream 1");
    hasher.update(&seed.to_le_bytes());
    hasher.update(name.as_bytes());
    ChaCha8Rng::from_seed(*hasher.finalize().as_bytes())
}

/// The seed of the `index`-th encoder of an ensemble.
pub(crate) fn member_seed(seed: u64, index: usize) -> u64 {
    use rand::Rng;
    stream(seed, &format!("member/{index}")).next_u64()
}

#[cfg(test)]
mod tests {
    use rand::Rng;

    use super::*;

    #[test]
    fn streams_repeat_by_seed_and_name_and_differ_otherwise() {
        let draw = |seed, name| stream(seed, name).next_u64();
        assert_eq!(draw(1, "batches"), draw(1, "batches"));
        assert_ne!(draw(1, "batches"), draw(2, "batches"));
        assert_ne!(draw(1, "batches"), draw(1, "weights"));
    }
}
