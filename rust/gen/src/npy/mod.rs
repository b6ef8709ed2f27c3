//! Arrays of numpy: made from nothing, made from others, and made with one fault.

mod fault;
mod file;
mod mutate;
mod shrink;

pub use fault::Fault;
pub(crate) use mutate::crossover;
pub use mutate::mutate;
pub(crate) use shrink::shrinks;

use crate::rng::Rng;

/// A file that numpy reads without pickles.
#[must_use]
pub fn valid(rng: &mut Rng) -> Vec<u8> {
    file::File::valid(rng).write()
}

/// A file of one object, whose pickle this is.
#[must_use]
pub fn of_objects(pickle: &[u8]) -> Vec<u8> {
    let mut file = file::File::of("'|O'", 8, &[], false);
    file.data = pickle.to_vec();
    file.write()
}
