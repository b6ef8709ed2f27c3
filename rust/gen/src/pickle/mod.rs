//! Pickles: made from nothing, and made from others.
//!
//! `generate` follows the stack, the marks and the memo, so that most of what
//! it makes is read to the end by a real unpickler. `mutate` works on whole
//! instructions of a seed. Both are pure functions of their inputs and of the
//! state of the random generator: no time, no environment, no files.

mod call;
mod emit;
mod faults;
mod frames;
mod generate;
mod library;
mod model;
mod mutate;
mod names;
mod split;
mod value;
mod walk;

pub use generate::generate;
pub use mutate::mutate;
pub use names::{Allowed, allowed};
