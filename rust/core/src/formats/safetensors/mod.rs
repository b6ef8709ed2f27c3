//! safetensors: eight bytes of length, a JSON header, tensors without gaps.
//!
//! Stricter than the official reader (safetensors 0.8.0): nothing it rejects
//! is accepted here, and forms on which readers disagree are defects. Tensor
//! bytes are not read.

pub mod defects;
mod dtype;
mod header;
mod scanner;

use super::{Format, Match, Probe};

pub use dtype::Dtype;
pub use header::{Header, TensorInfo};
pub use scanner::{check_prefix, header_span};

/// The format.
pub static FORMAT: Format = Format {
    name: "safetensors",
    extensions: &[EXTENSION],
    proves_itself: false,
    probe,
    open: |p| Box::new(scanner::SafetensorsScanner::new(p)),
    defects: defects::ALL,
};

const EXTENSION: &str = ".safetensors";

fn probe(p: &Probe<'_>) -> Match {
    // There is no magic: a plausible length, then an object with a key.
    let plausible = scanner::length(p.head)
        .is_some_and(|n| n >= 2 && n <= p.len.saturating_sub(8) && n <= p.limits.max_header_bytes);
    match p.head.get(8..) {
        Some([b'{', b'"' | b'}' | b' ' | b'\n', ..]) if plausible => Match::Sure,
        _ if p.name.ends_with(EXTENSION) => Match::Maybe,
        _ => Match::No,
    }
}
