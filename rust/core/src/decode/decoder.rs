//! One decoder for each form of compression, fed piece by piece.
//!
//! Well-kept crates do the work; a decoder here bounds what comes out of a
//! step, checks what the form itself declares, and says when it is over.
//!
//! Untrusted input: never panics, puts out at most `room` bytes a step, and
//! keeps no more than the form's own window, which is limited.

use flate2::{Crc, FlushDecompress};
use liblzma::stream as lzma;

pub use crate::observe::Kind;

/// What a step came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// More may come out.
    Running,
    /// The stream, member or frame is complete.
    Ended,
    /// It is broken, for this reason.
    Broken(&'static str),
}

/// How much of the input a step used, and where the decoder stands.
#[derive(Clone, Copy, Debug)]
pub struct Step {
    /// Bytes of the input taken in.
    pub used: usize,
    /// Where it stands.
    pub status: Status,
}

/// How sure a form is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sureness {
    /// A signature of several bytes.
    Signature,
    /// The first fields could be its.
    Plausible,
}

/// The form that a region begins like.
#[must_use]
pub fn detect(head: &[u8]) -> Option<(Kind, Sureness)> {
    match head {
        [0x1f, 0x8b, 8, ..] => Some((Kind::Gzip, Sureness::Signature)),
        [b'B', b'Z', b'h', b'1'..=b'9', rest @ ..] if rest.starts_with(BZ_BLOCK) || rest.starts_with(BZ_END) => {
            Some((Kind::Bzip2, Sureness::Signature))
        }
        [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => Some((Kind::Xz, Sureness::Signature)),
        // RFC 1950: deflate in a window of 32 KiB, no preset dictionary, by level.
        [0x78, 0x01 | 0x5e | 0x9c | 0xda, ..] => Some((Kind::Zlib, Sureness::Plausible)),
        [0x5d, 0, 0, _, _, size @ ..] if size.len() >= 8 && plausible_size(size) => {
            Some((Kind::Lzma, Sureness::Plausible))
        }
        _ => None,
    }
}

/// The number of a block of bzip2, and of the end of a stream without one.
const BZ_BLOCK: &[u8] = b"\x31\x41\x59\x26\x53\x59";
const BZ_END: &[u8] = b"\x17\x72\x45\x38\x50\x90";

/// The size an lzma stream declares: not known, or less than a terabyte.
fn plausible_size(field: &[u8]) -> bool {
    let field = field.get(..8).unwrap_or(&[]);
    field == [0xff; 8] || field.get(5..) == Some(&[0; 3])
}

/// Bytes that the window of an xz or lzma stream may take; xz -9 takes 65 MiB.
const MAX_WINDOW: u64 = 80 * 1024 * 1024;

/// Bytes that the header of a gzip member may take: two texts and an extra
/// field of 64 KiB.
const MAX_GZIP_HEADER: usize = 128 * 1024;

/// A decoder.
pub struct Decoder {
    form: Form,
}

enum Form {
    Flate(flate2::Decompress),
    Gzip(Box<Gzip>),
    Bzip2(bzip2::Decompress),
    Lzma(lzma::Stream),
    /// It could not be made.
    Failed,
}

impl Decoder {
    /// A decoder at the start of a stream or member.
    #[must_use]
    pub fn new(kind: Kind) -> Self {
        let form = match kind {
            Kind::Deflate => Form::Flate(flate2::Decompress::new(false)),
            Kind::Zlib => Form::Flate(flate2::Decompress::new(true)),
            Kind::Gzip => Form::Gzip(Box::default()),
            Kind::Bzip2 => Form::Bzip2(bzip2::Decompress::new(false)),
            Kind::Xz => lzma::Stream::new_stream_decoder(MAX_WINDOW, 0).map_or(Form::Failed, Form::Lzma),
            Kind::Lzma => lzma::Stream::new_lzma_decoder(MAX_WINDOW).map_or(Form::Failed, Form::Lzma),
        };
        Self { form }
    }

    /// Takes input and appends at most `room` bytes to `out`.
    pub fn step(&mut self, input: &[u8], out: &mut Vec<u8>, room: usize) -> Step {
        let before = out.len();
        out.resize(before.saturating_add(room), 0);
        let space = out.get_mut(before..).unwrap_or(&mut []);
        let (used, made, status) = match &mut self.form {
            Form::Flate(inner) => flate(inner, input, space),
            Form::Gzip(inner) => inner.step(input, space),
            Form::Bzip2(inner) => {
                let (from, to) = (inner.total_in(), inner.total_out());
                let status = match inner.decompress(input, space) {
                    Ok(bzip2::Status::StreamEnd) => Status::Ended,
                    Ok(_) => Status::Running,
                    Err(_) => Status::Broken("bzip2 data that is wrong"),
                };
                (since(inner.total_in(), from), since(inner.total_out(), to), status)
            }
            Form::Lzma(inner) => {
                let (from, to) = (inner.total_in(), inner.total_out());
                let status = match inner.process(input, space, lzma::Action::Run) {
                    Ok(lzma::Status::StreamEnd) => Status::Ended,
                    Ok(_) => Status::Running,
                    Err(lzma::Error::MemLimit) => Status::Broken("a window of more than 80 MiB"),
                    Err(_) => Status::Broken("lzma data that is wrong"),
                };
                (since(inner.total_in(), from), since(inner.total_out(), to), status)
            }
            Form::Failed => (0, 0, Status::Broken("no room for a decoder")),
        };
        out.truncate(before.saturating_add(made));
        Step { used, status }
    }
}

fn since(total: u64, before: u64) -> usize {
    usize::try_from(total.saturating_sub(before)).unwrap_or(usize::MAX)
}

fn flate(inner: &mut flate2::Decompress, input: &[u8], space: &mut [u8]) -> (usize, usize, Status) {
    let (from, to) = (inner.total_in(), inner.total_out());
    let status = match inner.decompress(input, space, FlushDecompress::None) {
        Ok(flate2::Status::StreamEnd) => Status::Ended,
        Ok(_) => Status::Running,
        Err(_) => Status::Broken("deflate data or a checksum that is wrong"),
    };
    (since(inner.total_in(), from), since(inner.total_out(), to), status)
}

/// One member of a gzip file (RFC 1952): header, deflate, checksum and size.
struct Gzip {
    /// Bytes of the header, then of the trailer, while they are gathered.
    field: Vec<u8>,
    body: Option<flate2::Decompress>,
    ended: bool,
    crc: Crc,
}

impl Default for Gzip {
    fn default() -> Self {
        Self { field: Vec::new(), body: None, ended: false, crc: Crc::new() }
    }
}

impl Gzip {
    fn step(&mut self, input: &[u8], space: &mut [u8]) -> (usize, usize, Status) {
        if self.ended {
            return self.trailer(input);
        }
        let Some(body) = &mut self.body else { return self.header(input) };
        let (used, made, status) = flate(body, input, space);
        self.crc.update(space.get(..made).unwrap_or(&[]));
        if status == Status::Ended {
            self.ended = true;
            return (used, made, Status::Running);
        }
        (used, made, status)
    }

    /// Gathers the header byte by byte: it is short, and where it ends is only
    /// known when it does.
    fn header(&mut self, input: &[u8]) -> (usize, usize, Status) {
        for (i, &byte) in input.iter().enumerate() {
            self.field.push(byte);
            let used = i.saturating_add(1);
            match header_ends(&self.field) {
                Header::Ends => {
                    self.field.clear();
                    self.body = Some(flate2::Decompress::new(false));
                    return (used, 0, Status::Running);
                }
                Header::Wrong => return (used, 0, Status::Broken("a gzip header that is wrong")),
                Header::GoesOn if self.field.len() > MAX_GZIP_HEADER => {
                    return (used, 0, Status::Broken("a gzip header of more than 128 KiB"));
                }
                Header::GoesOn => {}
            }
        }
        (input.len(), 0, Status::Running)
    }

    fn trailer(&mut self, input: &[u8]) -> (usize, usize, Status) {
        let missing = 8usize.saturating_sub(self.field.len()).min(input.len());
        self.field.extend_from_slice(input.get(..missing).unwrap_or(&[]));
        let &[a, b, c, d, e, f, g, h] = self.field.as_slice() else { return (missing, 0, Status::Running) };
        let right =
            u32::from_le_bytes([a, b, c, d]) == self.crc.sum() && u32::from_le_bytes([e, f, g, h]) == self.crc.amount();
        (missing, 0, if right { Status::Ended } else { Status::Broken("a checksum or a size that is wrong") })
    }
}

enum Header {
    GoesOn,
    Ends,
    Wrong,
}

/// Whether the header of a gzip member is complete.
fn header_ends(field: &[u8]) -> Header {
    let fixed: &[u8] = &[0x1f, 0x8b, 8];
    let known = field.len().min(3);
    if field.get(..known) != fixed.get(..known) {
        return Header::Wrong;
    }
    let Some((&[_, _, _, flags, ..], mut rest)) = field.split_first_chunk::<10>() else { return Header::GoesOn };
    if flags & 0xe0 != 0 {
        return Header::Wrong;
    }
    if flags & 4 != 0 {
        let Some((&[a, b], after)) = rest.split_first_chunk::<2>() else { return Header::GoesOn };
        match after.get(usize::from(u16::from_le_bytes([a, b]))..) {
            Some(after) => rest = after,
            None => return Header::GoesOn,
        }
    }
    for text in [8, 16] {
        if flags & text != 0 {
            match rest.iter().position(|&b| b == 0) {
                Some(end) => rest = rest.get(end.saturating_add(1)..).unwrap_or(&[]),
                None => return Header::GoesOn,
            }
        }
    }
    if flags & 2 != 0 && rest.len() < 2 { Header::GoesOn } else { Header::Ends }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What Python's gzip, bz2, lzma and zlib write for `b"dryload" * 3`.
    const STREAMS: &[(Kind, &[u8])] = &[
        (Kind::Deflate, &[0x4b, 0x29, 0xaa, 0xcc, 0xc9, 0x4f, 0x4c, 0x49, 0x41, 0xa1, 0x00]),
        (
            Kind::Zlib,
            &[0x78, 0x9c, 0x4b, 0x29, 0xaa, 0xcc, 0xc9, 0x4f, 0x4c, 0x49, 0x41, 0xa1, 0x00, 0x61, 0x68, 0x08, 0xce],
        ),
        (
            Kind::Gzip,
            &[
                0x1f, 0x8b, 0x08, 0x08, 0x00, 0x00, 0x00, 0x00, 0x02, 0xff, 0x6d, 0x2e, 0x70, 0x6b, 0x6c, 0x00, 0x4b,
                0x29, 0xaa, 0xcc, 0xc9, 0x4f, 0x4c, 0x49, 0x41, 0xa1, 0x00, 0xee, 0x3e, 0x59, 0xd8, 0x15, 0x00, 0x00,
                0x00,
            ],
        ),
        (
            Kind::Bzip2,
            &[
                0x42, 0x5a, 0x68, 0x39, 0x31, 0x41, 0x59, 0x26, 0x53, 0x59, 0x36, 0xc0, 0xac, 0x39, 0x00, 0x00, 0x04,
                0x01, 0x80, 0x24, 0x04, 0x90, 0x20, 0x20, 0x00, 0x22, 0x3f, 0x54, 0x1a, 0x0c, 0x03, 0x56, 0xc4, 0x73,
                0x11, 0xe2, 0xee, 0x48, 0xa7, 0x0a, 0x12, 0x06, 0xd8, 0x15, 0x87, 0x20,
            ],
        ),
        (
            Kind::Xz,
            &[
                0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00, 0x00, 0x04, 0xe6, 0xd6, 0xb4, 0x46, 0x02, 0x00, 0x21, 0x01, 0x16,
                0x00, 0x00, 0x00, 0x74, 0x2f, 0xe5, 0xa3, 0xe0, 0x00, 0x14, 0x00, 0x0d, 0x5d, 0x00, 0x32, 0x1c, 0x8b,
                0x92, 0x32, 0xb7, 0x8a, 0x83, 0x22, 0x12, 0xba, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x18, 0x30, 0x69,
                0xa6, 0x8e, 0xfa, 0xf2, 0xf7, 0x00, 0x01, 0x29, 0x15, 0x2b, 0xce, 0x1d, 0x09, 0x1f, 0xb6, 0xf3, 0x7d,
                0x01, 0x00, 0x00, 0x00, 0x00, 0x04, 0x59, 0x5a,
            ],
        ),
        (
            Kind::Lzma,
            &[
                0x5d, 0x00, 0x00, 0x80, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x00, 0x32, 0x1c, 0x8b,
                0x92, 0x32, 0xb7, 0x8a, 0x83, 0x22, 0x20, 0x33, 0xdd, 0xff, 0xff, 0xf9, 0xaa, 0x20, 0x00,
            ],
        ),
    ];

    fn decode(kind: Kind, stream: &[u8], piece: usize, room: usize) -> (Vec<u8>, Status, usize) {
        let (mut decoder, mut out, mut at) = (Decoder::new(kind), Vec::new(), 0usize);
        for _ in 0..10_000 {
            let end = at.saturating_add(piece).min(stream.len());
            let before = out.len();
            let step = decoder.step(stream.get(at..end).unwrap_or(&[]), &mut out, room);
            assert!(out.len().saturating_sub(before) <= room);
            at = at.saturating_add(step.used);
            let stuck = step.used == 0 && out.len() == before && at >= stream.len();
            if step.status != Status::Running || stuck {
                return (out, step.status, at);
            }
        }
        (out, Status::Running, at)
    }

    #[test]
    fn every_form_comes_out_whole_however_it_is_cut() {
        for &(kind, stream) in STREAMS {
            assert!(kind == Kind::Deflate || detect(stream).is_some_and(|(found, _)| found == kind), "{kind:?}");
            for piece in [1, 2, 7, 4096] {
                for room in [1, 5, 65_536] {
                    let mut longer = stream.to_vec();
                    longer.extend_from_slice(b"behind it");
                    let (out, status, used) = decode(kind, &longer, piece, room);
                    assert_eq!((out, status, used), (b"dryload".repeat(3), Status::Ended, stream.len()), "{kind:?}");
                }
            }
        }
    }

    #[test]
    fn a_stream_that_is_cut_never_ends_and_a_changed_byte_never_panics() {
        for &(kind, stream) in STREAMS {
            for cut in 0..stream.len() {
                let (_, status, _) = decode(kind, stream.get(..cut).unwrap_or(&[]), 4096, 64);
                assert_ne!(status, Status::Ended, "{kind:?} cut at {cut}");
            }
            for (at, bit) in (0..stream.len()).flat_map(|at| (0..8).map(move |bit| (at, bit))) {
                let mut changed = stream.to_vec();
                if let Some(byte) = changed.get_mut(at) {
                    *byte ^= 1 << bit;
                }
                let (out, _, _) = decode(kind, &changed, 4096, 64);
                assert!(out.len() <= 640_000);
            }
        }
    }
}
