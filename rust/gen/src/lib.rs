//! Inputs for fuzzing, deterministic from a seed.
//!
//! Byte-level mutation that knows which bytes matter to these formats:
//! opcodes, length fields, zip signatures. The same seed and input give the
//! same output on every platform.

mod mutate;
mod rng;

pub use mutate::mutate;
pub use rng::Rng;
