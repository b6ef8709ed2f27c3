//! Tar archives: v7, ustar, GNU and pax, and the model formats that are tars:
//! torch's of 0.1 and NeMo's.
//!
//! Headers are read in their order, as Python's `tarfile` reads them; where
//! GNU tar, Go's or another reader would see other members, or the same ones
//! elsewhere, that is a defect. Data is never read here: every member is
//! handed up, whatever its name. Nothing is asked for from the end, so that an
//! archive can come out of a stream.

pub mod defects;
mod header;
mod links;
mod members;
mod number;
mod pax;
mod scanner;

use super::{Format, Match, Probe};
use header::{BLOCK, Header};

/// The format.
pub static FORMAT: Format = Format {
    name: "tar",
    extensions: &[".tar", ".nemo"],
    proves_itself: true,
    probe,
    open: |probe| Box::new(scanner::TarScanner::new(probe)),
    defects: defects::ALL,
};

/// Whether the first block is a header. `tarfile` asks for no magic number, so
/// that the sum alone decides; a blank sum is believed only when more follows.
fn probe(p: &Probe<'_>) -> Match {
    let Some(block) = p.head.first_chunk::<BLOCK>() else { return Match::No };
    match Header::read(block) {
        Some(header) if header.summed && (header.has_magic() || !header.has_blank_sum) => Match::Sure,
        Some(header) if header.summed || header.has_magic() => Match::Maybe,
        _ => Match::No,
    }
}
