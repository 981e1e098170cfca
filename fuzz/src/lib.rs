//! What every fuzz target does with its bytes. `tests/tests/corpus.rs` does the same with the files of `corpus/` and with
//! changed copies of them, without a fuzzer.

#[cfg(feature = "heavy")]
pub mod heavy;
pub mod light;
