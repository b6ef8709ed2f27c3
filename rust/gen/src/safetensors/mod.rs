//! Safetensors: made from nothing, made from others, and made with one fault.
//!
//! The header is edited as a tree, the offsets and lengths follow the edit or do
//! not: a file of which only one thing is wrong gets past what is checked before it.

mod fault;
mod file;
mod mutate;
mod shrink;
mod tree;

pub use fault::Fault;
pub(crate) use mutate::crossover;
pub use mutate::mutate;
pub(crate) use shrink::shrinks;

use crate::rng::Rng;

/// A file that the official reader takes.
#[must_use]
pub fn valid(rng: &mut Rng) -> Vec<u8> {
    file::File::valid(rng).write()
}
