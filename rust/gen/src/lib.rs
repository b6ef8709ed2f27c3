//! Inputs for fuzzing, deterministic from a seed.
//!
//! Each format has a module with the same functions: `generate` makes an
//! input from nothing, `mutate` makes one from two others. `mutate` of the
//! crate knows no format; it edits bytes, at places where these formats keep
//! opcodes, lengths and signatures. The same seed and inputs give the same
//! output on every platform.

mod mutate;
pub mod pickle;
mod rng;

pub use mutate::mutate;
pub use rng::Rng;
