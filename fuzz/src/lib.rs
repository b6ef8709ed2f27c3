//! Properties of the core. Each is a plain function of bytes that panics when
//! it does not hold, so that it runs under `cargo test` on a stable toolchain,
//! under this crate's own mutating runner, and behind a libFuzzer shim.

#![allow(clippy::panic)] // A property that does not hold panics: that is its report.

mod properties;
mod seeds;
mod streams;

pub use properties::{PROPERTIES, Property};
pub use seeds::{generated, seeds};

use dryload_gen::{Rng, bytes, pickle};

/// An input made of `from`: bytes edited, instructions edited, or a pickle from
/// nothing.
#[must_use]
pub fn input<'a>(from: &'a [(String, Vec<u8>)], rng: &mut Rng) -> (&'a str, Vec<u8>) {
    let (Some((name, seed)), Some((_, other))) = (rng.pick(from), rng.pick(from)) else { return ("", Vec::new()) };
    match rng.below(4) {
        0 => ("generated.pkl", pickle::generate(rng)),
        1 => (name, pickle::mutate(seed, other, rng)),
        _ => (name, bytes::mutate(seed, rng)),
    }
}

/// A policy with names on each side, so that every branch of a judgement runs.
#[must_use]
pub fn policy() -> std::sync::Arc<dryload_core::names::Names> {
    let mut names = dryload_core::names::Names::default();
    for row in pickle::allowed() {
        if let Err(e) = names.allow(row.module, row.name, &row.spec.text) {
            panic!("{}.{}: {e}", row.module, row.name);
        }
    }
    names.deny("posix", "*", "runs processes");
    std::sync::Arc::new(names)
}
