//! safetensors: eight bytes of length, a JSON header, tensors without gaps.
//!
//! Stricter than the official reader (safetensors 0.8.0): nothing it rejects
//! is accepted here, and forms on which readers disagree are defects. Tensor
//! bytes are not read.

mod content;
pub mod defects;
mod dtype;
mod header;
mod layout;
mod once;
mod scanner;
mod shape;
mod table;

use super::{Format, Match, Probe};

pub use dtype::{Dtype, Dtypes};
pub use header::Header;
pub use scanner::{check_prefix, header_span};
pub use table::{Table, TensorInfo};

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
        _ if !p.name.ends_with(EXTENSION) => Match::No,
        // Some readers pass a mark or spaces before the header.
        Some(header) if may_begin(header) => Match::Maybe,
        _ => Match::Named,
    }
}

/// Whether a reader may find an object here, or behind what is here.
fn may_begin(header: &[u8]) -> bool {
    let header = header.strip_prefix(b"\xef\xbb\xbf").unwrap_or(header);
    header.iter().find(|b| !matches!(b, 0 | b' ' | b'\t' | b'\n' | b'\r' | 0xfe | 0xff)).is_none_or(|&b| b == b'{')
}
