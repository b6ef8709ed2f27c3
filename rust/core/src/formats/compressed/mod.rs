//! Compressed streams: gzip, zlib, bzip2, xz, lzma, zstd and lz4, as joblib,
//! pandas and people write them around a model.
//!
//! What comes out is a region of its own, probed as any file is. Nothing is
//! inflated here: the session does that, on its budgets.

pub mod defects;
mod scanner;

use super::{Format, Match, Probe};
use crate::decode::{self, Sureness};

/// The format.
pub static FORMAT: Format = Format {
    name: "compressed",
    extensions: &[],
    proves_itself: true,
    probe,
    open: |probe| Box::new(scanner::CompressedScanner::new(probe)),
    defects: defects::ALL,
};

/// Whether the region begins like a stream. One without a signature is
/// followed where the name is that of a model.
fn probe(p: &Probe<'_>) -> Match {
    match decode::detect(p.head) {
        Some((_, Sureness::Signature)) => Match::Sure,
        Some((_, Sureness::Plausible)) if p.named_like_model() => Match::Maybe,
        _ => Match::No,
    }
}
