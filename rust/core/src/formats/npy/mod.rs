//! npy arrays, versions 1.0 to 3.0 (numpy NEP 1 and `numpy.lib.format`).
//!
//! The header is a Python literal; it is read by a parser of exactly the
//! literal that numpy writes, never evaluated. Array data is skipped by its
//! size; an object array is a pickle, and is handed up as one.

pub mod defects;
mod header;
mod scanner;

use super::{Format, Match};

/// The format.
pub static FORMAT: Format = Format {
    name: "npy",
    extensions: &[".npy"],
    proves_itself: false,
    probe: |p| if p.head.starts_with(MAGIC) { Match::Sure } else { Match::No },
    open: |p| Box::new(scanner::NpyScanner::new(p)),
    defects: defects::ALL,
};

const MAGIC: &[u8] = b"\x93NUMPY";
