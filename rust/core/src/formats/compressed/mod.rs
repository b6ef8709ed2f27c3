//! Compressed streams: gzip, zlib, bzip2, xz, lzma, zstd frames and lz4 frames,
//! as joblib, pandas and people write them around a model.
//!
//! What comes out, of all members or frames as one content, is a region of its
//! own, probed as any file is. Nothing is inflated here: the session does that,
//! on its budgets, with the decoders of `decode`.
//!
//! zlib and lzma have no signature and are tried where the name is that of a
//! model. Not read, and never inert: streams that need a dictionary or a window
//! of more than 128 MiB, lz4 legacy frames and bare lz4 blocks, and the old
//! formats of zstd before 0.8.

pub mod defects;
mod scanner;

use super::{Format, Match, Probe};
use crate::decode::{self, Decoder, Form, Status};

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
/// followed where the name is that of a model; one that breaks before anything
/// comes out of it, only where the region is nothing else: a safetensors header
/// of 40,056 bytes begins as zlib does.
fn probe(p: &Probe<'_>) -> Match {
    match decode::detect(p.head) {
        Some(form) if breaks_at_once(form, p.head) => Match::Named,
        Some(form) if form.is_signed => Match::Sure,
        Some(_) if p.named_like_model() => Match::Maybe,
        _ => Match::No,
    }
}

/// Bytes that a trial may put out.
const ROOM: usize = 64;

fn breaks_at_once(form: &Form, head: &[u8]) -> bool {
    let (mut decoder, mut rest, mut out) = (Decoder::new(form), head, Vec::new());
    loop {
        let step = decoder.step(rest, &mut out, ROOM);
        if !out.is_empty() || step.status != Status::Running || step.used == 0 {
            return out.is_empty() && matches!(step.status, Status::Broken(_));
        }
        rest = rest.get(step.used..).unwrap_or(&[]);
    }
}
