//! Properties of the core. Each is a plain function of bytes that panics when
//! it does not hold, so that it runs under `cargo test` on a stable toolchain,
//! under this crate's own mutating runner, and behind a libFuzzer shim.

#![allow(clippy::panic)] // A property that does not hold panics: that is its report.

mod properties;
mod readers;
mod seeds;
mod streams;

pub use properties::{PROPERTIES, Property};
pub use seeds::{generated, seeds};

use dryload_gen::{Format, Rng, bytes, pickle};

/// An input made of `from`: bytes edited, instructions edited, or a pickle from
/// nothing.
#[must_use]
pub fn input<'a>(from: &'a [(String, Vec<u8>)], rng: &mut Rng) -> (&'a str, Vec<u8>) {
    let (Some((name, seed)), Some((_, other))) = (rng.pick(from), rng.pick(from)) else { return ("", Vec::new()) };
    match rng.below(8) {
        0 => ("generated.pkl", pickle::generate(rng)),
        1 => {
            let (_, format) = rng.pick(Format::ALL).copied().unwrap_or(("pickle", Format::Pickle));
            (name_of(format), dryload_gen::generate(format, rng))
        }
        2 => (name, pickle::mutate(seed, other, rng)),
        3 | 4 => {
            let made = dryload_gen::mutate(Format::of(seed), seed, other, rng);
            (name, made)
        }
        _ => (name, bytes::mutate(seed, rng)),
    }
}

/// The name that a file of a format goes by.
#[must_use]
pub const fn name_of(format: Format) -> &'static str {
    match format {
        Format::Bytes => "generated.bin",
        Format::Npy => "generated.npy",
        Format::Pickle => "generated.pkl",
        Format::Safetensors => "generated.safetensors",
        Format::Torch => "generated.pt",
        Format::Zip => "generated.zip",
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
