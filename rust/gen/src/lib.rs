//! Inputs for fuzzing, deterministic from a seed.
//!
//! Each format has a folder with the same functions: `valid` makes a file that readers
//! take, `mutate` makes one from two others, `shrinks` smaller ones of one, and `Fault` is
//! the catalogue of what can be wrong with it, by the slug of the rule that sees it. The
//! functions here pick the folder. The same seed and inputs give the same output on every
//! platform: no time, no environment, no files.

pub mod bytes;
mod catalogue;
mod format;
mod minimize;
pub mod npy;
pub mod pickle;
mod rng;
pub mod safetensors;
pub mod zip;

pub use format::Format;
pub use minimize::minimize;
pub use rng::Rng;

use std::ops::ControlFlow;

use minimize::Each;
use zip::torch;

/// A file that readers of the format take.
#[must_use]
pub fn valid(format: Format, rng: &mut Rng) -> Vec<u8> {
    match format {
        Format::Bytes => (0..rng.below(64)).map(|_| rng.byte()).collect(),
        Format::Npy => npy::valid(rng),
        Format::Pickle => {
            let proto = u8::try_from(rng.below(6)).unwrap_or(4);
            pickle::valid(proto, rng)
        }
        Format::Safetensors => safetensors::valid(rng),
        Format::Torch => torch::valid(rng),
        Format::Zip => zip::valid(rng),
    }
}

/// A file of the format: a valid one mostly, now and then one with a fault or with an
/// attack.
#[must_use]
pub fn generate(format: Format, rng: &mut Rng) -> Vec<u8> {
    match (format, rng.below(8)) {
        (Format::Pickle, _) => pickle::generate(rng),
        (_, 0) => {
            let fault = rng.pick(faults(format)).copied().filter(|id| !LONG.contains(id));
            fault.and_then(|id| with_fault(format, id, rng)).unwrap_or_default()
        }
        (Format::Torch, 1..4) => torch::odd(rng),
        (_, 1) => malicious(format, rng),
        _ => valid(format, rng),
    }
}

/// A file whose loading calls the canary; of formats that hold no pickles, a valid one.
#[must_use]
pub fn malicious(format: Format, rng: &mut Rng) -> Vec<u8> {
    match format {
        Format::Pickle => pickle::malicious(rng),
        Format::Npy => npy::of_objects(&pickle::malicious(rng)),
        Format::Torch => torch::around(&pickle::malicious(rng)),
        Format::Zip => zip::around("data.pkl", &pickle::malicious(rng)),
        Format::Bytes | Format::Safetensors => valid(format, rng),
    }
}

/// A mutant of `data`, with parts of `other`: one part of the format changed, mostly; bytes
/// changed in a quarter of the cases; now and then the same in another container.
#[must_use]
pub fn mutate(format: Format, data: &[u8], other: &[u8], rng: &mut Rng) -> Vec<u8> {
    let (data, other) = (data.get(..MAX_LEN).unwrap_or(data), other.get(..MAX_LEN).unwrap_or(other));
    if format != Format::Bytes && rng.one_in(48) {
        return switched(format, data, rng);
    }
    let mut out = match format {
        Format::Bytes => bytes::mutate(data, rng),
        Format::Npy => npy::mutate(data, other, rng),
        Format::Pickle => pickle::mutate(data, other, rng),
        Format::Safetensors => safetensors::mutate(data, other, rng),
        Format::Torch | Format::Zip => zip::mutate(data, other, rng),
    };
    out.truncate(MAX_LEN);
    out
}

/// The first parts of one and the last parts of the other, with headers that fit, mostly;
/// bytes of both in a quarter of the cases, and where one of them has no parts.
#[must_use]
pub fn crossover(format: Format, data: &[u8], other: &[u8], rng: &mut Rng) -> Vec<u8> {
    let (data, other) = (data.get(..MAX_LEN).unwrap_or(data), other.get(..MAX_LEN).unwrap_or(other));
    let parts = match format {
        Format::Bytes => None,
        _ if rng.one_in(4) => None,
        Format::Npy => npy::crossover(data, other, rng),
        Format::Pickle => Some(pickle::crossover(data, other, rng)),
        Format::Safetensors => safetensors::crossover(data, other, rng),
        Format::Torch | Format::Zip => zip::crossover(data, other, rng),
    };
    let mut out = parts.unwrap_or_else(|| bytes::crossover(data, other, rng));
    out.truncate(MAX_LEN);
    out
}

/// Smaller files, those with most left out first; none of a format without parts.
pub(crate) fn shrinks(format: Format, data: &[u8], each: &mut Each<'_>) -> ControlFlow<()> {
    match format {
        Format::Npy => npy::shrinks(data, each),
        Format::Safetensors => safetensors::shrinks(data, each),
        Format::Torch | Format::Zip => zip::shrinks(data, each),
        Format::Bytes | Format::Pickle => ControlFlow::Continue(()),
    }
}

/// The catalogue of a format: slugs of rules.
#[must_use]
pub const fn faults(format: Format) -> &'static [&'static str] {
    match format {
        Format::Bytes => &[],
        Format::Npy => npy::Fault::IDS,
        Format::Pickle => pickle::Fault::IDS,
        Format::Safetensors => safetensors::Fault::IDS,
        Format::Torch => torch::Fault::IDS,
        Format::Zip => zip::Fault::IDS,
    }
}

/// A file with one fault of the catalogue; nothing where the format has no such fault.
#[must_use]
pub fn with_fault(format: Format, id: &str, rng: &mut Rng) -> Option<Vec<u8>> {
    match format {
        Format::Bytes => None,
        Format::Npy => npy::Fault::of(id).map(|fault| fault.file(rng)),
        Format::Pickle => pickle::Fault::of(id).map(|fault| fault.pickle(rng)),
        Format::Safetensors => safetensors::Fault::of(id).map(|fault| fault.file(rng)),
        Format::Torch => torch::Fault::of(id).map(|fault| fault.checkpoint(rng)),
        Format::Zip => zip::Fault::of(id).map(|fault| fault.archive(rng)),
    }
}

/// The content in another container, or without one.
fn switched(format: Format, data: &[u8], rng: &mut Rng) -> Vec<u8> {
    match (format, rng.below(4)) {
        (Format::Torch | Format::Zip, _) => {
            let contents = zip::contents(data);
            rng.pick(&contents).cloned().unwrap_or_default()
        }
        (Format::Pickle, 0) => torch::around(data),
        (Format::Pickle, 1) => npy::of_objects(data),
        (_, 2) => [data, data].concat(),
        _ => zip::around(if format == Format::Npy { "a.npy" } else { "a.pkl" }, data),
    }
}

/// Faults that take a megabyte to make.
const LONG: &[&str] = &["safetensors-large-header", "safetensors-large-metadata", "safetensors-many-empty"];

/// Longest output.
const MAX_LEN: usize = 1 << 16;
