//! zstd (RFC 8878), of one or more frames.
//!
//! Untrusted input: the reference decoder, which takes and gives pieces of any
//! size and holds one window. A header is read here first, as what it asks for
//! decides whether the frame is followed: its window and its dictionary.

use zstd_safe::{DCtx, DParameter, InBuffer, OutBuffer, ResetDirective};

use super::form::{Decode, Form, Kind, LARGE_WINDOW, MAX_WINDOW, Status, Step};
use super::skippable;

/// The form. zstd and Python's `zstandard.open` and `compression.zstd` read all
/// frames as one content; `zstandard.ZstdDecompressor.decompress` reads one.
pub static FORM: Form = Form {
    kind: Kind::Zstd,
    name: "zstd",
    endings: &[".zst"],
    is_signed: true,
    begins: |head| skippable::behind(head).starts_with(&NUMBER.to_le_bytes()),
    has_members: true,
    padding: 0,
    begin_cost: 0,
    open: || Zstd::new().map(|zstd| Box::new(zstd) as Box<dyn Decode>),
};

const NUMBER: u32 = 0xfd2f_b528;

/// Logarithm of the largest window.
const WINDOW_LOG: u32 = MAX_WINDOW.ilog2();

struct Zstd {
    inner: DCtx<'static>,
    /// Bytes of the header, until all of it is here.
    header: Vec<u8>,
    /// How many of them the decoder was given.
    given: usize,
    /// Window of the frame; `None` while its header is read.
    window: Option<u64>,
}

impl Zstd {
    fn new() -> Option<Self> {
        let mut inner = DCtx::try_create()?;
        inner.set_parameter(DParameter::WindowLogMax(WINDOW_LOG)).ok()?;
        Some(Self { inner, header: Vec::new(), given: 0, window: None })
    }

    /// Gathers the header byte by byte: it is short.
    fn read_header(&mut self, input: &[u8]) -> Step {
        for (i, &byte) in input.iter().enumerate() {
            self.header.push(byte);
            let status = match frame(&self.header) {
                Frame::GoesOn => continue,
                Frame::Wrong => Status::Broken("a zstd frame header that is wrong"),
                Frame::Dictionary => Status::Unsupported("a dictionary that is not in the stream"),
                Frame::Window(window) if window > MAX_WINDOW => LARGE_WINDOW,
                Frame::Window(window) => {
                    self.window = Some(window);
                    Status::Running
                }
            };
            return Step::new(i.saturating_add(1), 0, status);
        }
        Step::new(input.len(), 0, Status::Running)
    }
}

impl Decode for Zstd {
    fn step(&mut self, input: &[u8], space: &mut [u8]) -> Step {
        if self.window.is_none() {
            return self.read_header(input);
        }
        let ahead = self.header.get(self.given..).filter(|rest| !rest.is_empty());
        let mut from = InBuffer::around(ahead.unwrap_or(input));
        let mut to = OutBuffer::around(space);
        let result = self.inner.decompress_stream(&mut to, &mut from);
        let (used, made) = (from.pos(), to.pos());
        let status = match result {
            // Complete, and all of it came out.
            Ok(0) => Status::Ended,
            Ok(_) => Status::Running,
            Err(_) => Status::Broken("zstd data or a checksum that is wrong"),
        };
        if ahead.is_some() {
            self.given = self.given.saturating_add(used);
            // What was gathered was used before; more of it may be left to give.
            return match status {
                Status::Running if used > 0 => self.step(input, space),
                _ => Step::new(0, made, status),
            };
        }
        Step::new(used, made, status)
    }

    fn restart(&mut self) {
        // Between frames there is nothing that could fail.
        let _ = self.inner.reset(ResetDirective::SessionOnly);
        (self.given, self.window) = (0, None);
        self.header.clear();
    }

    fn window(&self) -> u64 {
        self.window.unwrap_or(0)
    }
}

enum Frame {
    GoesOn,
    Wrong,
    /// A frame that needs a dictionary.
    Dictionary,
    /// A frame with this window.
    Window(u64),
}

/// What the header of a frame says, when it is complete.
fn frame(header: &[u8]) -> Frame {
    let Some((&[a, b, c, d], rest)) = header.split_first_chunk::<4>() else { return Frame::GoesOn };
    let number = u32::from_le_bytes([a, b, c, d]);
    if skippable::is_skippable(number) {
        return if rest.len() < 4 { Frame::GoesOn } else { Frame::Window(0) };
    }
    if number != NUMBER {
        return Frame::Wrong;
    }
    let Some((&descriptor, rest)) = rest.split_first() else { return Frame::GoesOn };
    if descriptor & 0x08 != 0 {
        return Frame::Wrong;
    }
    let is_single = descriptor & 0x20 != 0;
    let id_len = [0usize, 1, 2, 4].get(usize::from(descriptor & 3)).copied().unwrap_or(0);
    let size_len = match descriptor >> 6 {
        0 => usize::from(is_single),
        1 => 2,
        2 => 4,
        _ => 8,
    };
    let window_len = usize::from(!is_single);
    let (id_at, size_at) = (window_len, window_len.saturating_add(id_len));
    let end = size_at.saturating_add(size_len);
    if rest.len() < end {
        return Frame::GoesOn;
    }
    let number = |from: usize, until: usize| {
        rest.get(from..until).unwrap_or(&[]).iter().rev().fold(0u64, |n, &b| n.wrapping_shl(8) | u64::from(b))
    };
    if number(id_at, size_at) != 0 {
        return Frame::Dictionary;
    }
    if is_single {
        let more = if size_len == 2 { 256 } else { 0 };
        return Frame::Window(number(size_at, end).saturating_add(more));
    }
    let window = number(0, 1);
    let base = 1024u64.wrapping_shl(u32::try_from(window >> 3).unwrap_or(0));
    Frame::Window(base.saturating_add((base >> 3).saturating_mul(window & 7)))
}
