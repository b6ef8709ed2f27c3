//! Pickles: made from nothing, and made from others.
//!
//! `generate` follows the stack, the marks and the memo, so that most of what
//! it makes is read to the end by a real unpickler. `mutate` works on whole
//! instructions of a seed. Both are pure functions of their inputs and of the
//! state of the random generator: no time, no environment, no files.

mod call;
mod emit;
mod fault;
mod frames;
mod generate;
mod library;
mod model;
mod mutate;
mod names;
mod split;
mod spoil;
mod value;
mod walk;

pub use fault::Fault;
pub use generate::{generate, malicious, valid};
pub(crate) use mutate::crossover;
pub use mutate::mutate;
pub use names::{Allowed, allowed};
pub use split::pieces;
