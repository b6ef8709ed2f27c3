//! lz4 frames (`lz4_Frame_format.md` 1.6), as joblib and Python's `lz4.frame` write
//! them.
//!
//! The crate decodes a block; the frame around it is read here, as the crate's
//! own frame decoder wants a reader that it can wait for. Legacy frames and the
//! bare blocks of `lz4.block` have no place here.
//!
//! Untrusted input: holds one block as stored, one decoded (4 MiB each at most)
//! and the 64 KiB before it.

use std::hash::Hasher;

use lz4_flex::block::{decompress_into, decompress_into_with_dict};
use twox_hash::XxHash32;

use super::form::{Decode, Form, Kind, Status, Step};
use super::skippable;

/// The form. joblib's reader, `lz4.frame.LZ4FrameFile`, reads all frames as one
/// content, `lz4.frame.decompress` reads one.
pub static FORM: Form = Form {
    kind: Kind::Lz4,
    name: "lz4",
    endings: &[".lz4"],
    is_signed: true,
    begins: |head| skippable::behind(head).starts_with(&NUMBER.to_le_bytes()),
    has_members: true,
    padding: 0,
    begin_cost: 0,
    open: || Some(Box::new(Lz4::new())),
};

const NUMBER: u32 = 0x184d_2204;

/// How far back a block may refer.
const HISTORY: usize = 64 * 1024;

/// What a block that is not compressed has in its size.
const PLAIN: u32 = 0x8000_0000;

const BAD_DATA: Status = Status::Broken("lz4 data that is wrong");
const BAD_HEADER: Status = Status::Broken("an lz4 frame header that is wrong");
const BAD_SUM: Status = Status::Broken("a checksum that is wrong");

/// Which field comes next.
#[derive(Clone, Copy, Debug)]
enum Next {
    Header,
    /// The data of a skippable frame.
    Skip(u32),
    BlockSize,
    /// The data of a block of this size, and its checksum.
    Block(u32),
    /// What a block came to, from this byte of it on.
    Plain(usize),
    Sum,
    Done,
}

struct Lz4 {
    next: Next,
    /// Bytes of the field that is read, as far as they came.
    field: Vec<u8>,
    header: Header,
    /// The block that came out last, in the part of it that is used.
    plain: Vec<u8>,
    made: usize,
    history: Vec<u8>,
    sum: XxHash32,
    total: u64,
}

/// What a frame says of itself.
#[derive(Clone, Copy, Debug, Default)]
struct Header {
    is_linked: bool,
    has_block_sums: bool,
    has_sum: bool,
    size: Option<u64>,
    max_block: usize,
}

impl Lz4 {
    fn new() -> Self {
        Self {
            next: Next::Header,
            field: Vec::new(),
            header: Header::default(),
            plain: Vec::new(),
            made: 0,
            history: Vec::new(),
            sum: XxHash32::with_seed(0),
            total: 0,
        }
    }

    /// Takes bytes of a field of `len`; true when it is complete.
    fn gather(&mut self, input: &[u8], len: usize) -> (usize, bool) {
        let missing = len.saturating_sub(self.field.len()).min(input.len());
        self.field.extend_from_slice(input.get(..missing).unwrap_or(&[]));
        (missing, self.field.len() >= len)
    }

    fn number(&self) -> u32 {
        self.field.first_chunk::<4>().map_or(0, |b| u32::from_le_bytes(*b))
    }

    /// The header comes byte by byte: its own flags say how long it is.
    fn header(&mut self, input: &[u8]) -> (usize, Status) {
        for (i, &byte) in input.iter().enumerate() {
            self.field.push(byte);
            let status = match frame(&self.field) {
                Frame::GoesOn => continue,
                Frame::Wrong => BAD_HEADER,
                Frame::Dictionary => Status::Unsupported("a dictionary that is not in the stream"),
                Frame::Skippable(len) => {
                    self.next = Next::Skip(len);
                    if len == 0 { Status::Ended } else { Status::Running }
                }
                Frame::Is(header) => {
                    (self.header, self.next) = (header, Next::BlockSize);
                    Status::Running
                }
            };
            self.field.clear();
            return (i.saturating_add(1), status);
        }
        (input.len(), Status::Running)
    }

    fn block_size(&mut self, input: &[u8]) -> (usize, Status) {
        let (used, complete) = self.gather(input, 4);
        if !complete {
            return (used, Status::Running);
        }
        let size = self.number();
        self.field.clear();
        if size == 0 {
            if self.header.size.is_some_and(|size| size != self.total) {
                return (used, Status::Broken("a content size that is wrong"));
            }
            self.next = if self.header.has_sum { Next::Sum } else { Next::Done };
            return (used, if self.header.has_sum { Status::Running } else { Status::Ended });
        }
        if usize::try_from(size & !PLAIN).map_or(true, |len| len > self.header.max_block) {
            return (used, BAD_DATA);
        }
        self.next = Next::Block(size);
        (used, Status::Running)
    }

    fn block(&mut self, input: &[u8], size: u32) -> (usize, Status) {
        let len = usize::try_from(size & !PLAIN).unwrap_or(usize::MAX);
        let sum_len = if self.header.has_block_sums { 4 } else { 0 };
        let (used, complete) = self.gather(input, len.saturating_add(sum_len));
        if !complete {
            return (used, Status::Running);
        }
        let (stored, sum) = self.field.split_at_checked(len).unwrap_or((&[], &[]));
        if let Some(sum) = sum.first_chunk::<4>()
            && XxHash32::oneshot(0, stored) != u32::from_le_bytes(*sum)
        {
            return (used, BAD_SUM);
        }
        // As much as a block may be: the first one pays for it, and only what
        // is written to is really held.
        if self.plain.len() < self.header.max_block {
            self.plain = vec![0; self.header.max_block];
        }
        let room = self.plain.get_mut(..self.header.max_block).unwrap_or(&mut []);
        let made = if size & PLAIN != 0 {
            if let Some(room) = room.get_mut(..len) {
                room.copy_from_slice(stored);
            }
            Ok(len)
        } else if self.history.is_empty() {
            decompress_into(stored, room)
        } else {
            decompress_into_with_dict(stored, room, &self.history)
        };
        self.field.clear();
        let Some(plain) = made.ok().and_then(|made| self.plain.get(..made)) else { return (used, BAD_DATA) };
        self.made = plain.len();
        self.total = self.total.saturating_add(crate::bytes::wide(plain.len()));
        if self.header.has_sum {
            self.sum.write(plain);
        }
        if self.header.is_linked {
            let kept = HISTORY.saturating_sub(plain.len()).min(self.history.len());
            self.history.drain(..self.history.len().saturating_sub(kept));
            self.history.extend_from_slice(plain.get(plain.len().saturating_sub(HISTORY)..).unwrap_or(&[]));
        }
        self.next = Next::Plain(0);
        (used, Status::Running)
    }

    /// Hands out what a block came to.
    fn plain(&mut self, from: usize, space: &mut [u8]) -> usize {
        let rest = self.plain.get(from..self.made).unwrap_or(&[]);
        let made = rest.len().min(space.len());
        if let (Some(to), Some(rest)) = (space.get_mut(..made), rest.get(..made)) {
            to.copy_from_slice(rest);
        }
        let until = from.saturating_add(made);
        self.next = if until < self.made { Next::Plain(until) } else { Next::BlockSize };
        made
    }

    fn sum(&mut self, input: &[u8]) -> (usize, Status) {
        let (used, complete) = self.gather(input, 4);
        if !complete {
            return (used, Status::Running);
        }
        self.next = Next::Done;
        (used, if u64::from(self.number()) == self.sum.finish() { Status::Ended } else { BAD_SUM })
    }
}

impl Decode for Lz4 {
    fn step(&mut self, input: &[u8], space: &mut [u8]) -> Step {
        let (used, status) = match self.next {
            Next::Header => self.header(input),
            Next::Skip(left) => {
                let used = input.len().min(usize::try_from(left).unwrap_or(usize::MAX));
                let left = left.saturating_sub(u32::try_from(used).unwrap_or(u32::MAX));
                self.next = Next::Skip(left);
                (used, if left == 0 { Status::Ended } else { Status::Running })
            }
            Next::BlockSize => self.block_size(input),
            Next::Block(size) => self.block(input, size),
            Next::Plain(from) => return Step::new(0, self.plain(from, space), Status::Running),
            Next::Sum => self.sum(input),
            Next::Done => (0, Status::Ended),
        };
        Step::new(used, 0, status)
    }

    fn restart(&mut self) {
        // The buffer of a block is kept: a frame may be a few bytes.
        *self = Self { plain: std::mem::take(&mut self.plain), ..Self::new() };
    }

    fn window(&self) -> u64 {
        crate::bytes::wide(self.header.max_block.saturating_mul(2).saturating_add(HISTORY))
    }
}

enum Frame {
    GoesOn,
    Wrong,
    Dictionary,
    Skippable(u32),
    Is(Header),
}

/// What the header of a frame says, when it is complete.
fn frame(field: &[u8]) -> Frame {
    let Some((&[a, b, c, d], rest)) = field.split_first_chunk::<4>() else { return Frame::GoesOn };
    let number = u32::from_le_bytes([a, b, c, d]);
    if skippable::is_skippable(number) {
        return rest.first_chunk::<4>().map_or(Frame::GoesOn, |len| Frame::Skippable(u32::from_le_bytes(*len)));
    }
    if number != NUMBER {
        return Frame::Wrong;
    }
    let &[flags, sizes, ..] = rest else { return Frame::GoesOn };
    // Version 01, bits that are reserved, and a block of 64 KiB to 4 MiB.
    let max_block = match sizes {
        0x40 => 64 * 1024,
        0x50 => 256 * 1024,
        0x60 => 1024 * 1024,
        0x70 => 4 * 1024 * 1024,
        _ => return Frame::Wrong,
    };
    if flags & 0xc2 != 0x40 {
        return Frame::Wrong;
    }
    let (has_size, has_dictionary) = (flags & 8 != 0, flags & 1 != 0);
    let len = 2usize.saturating_add(if has_size { 8 } else { 0 }).saturating_add(if has_dictionary { 4 } else { 0 });
    let Some((described, &[sum, ..])) = rest.split_at_checked(len) else { return Frame::GoesOn };
    let [_, expected, ..] = XxHash32::oneshot(0, described).to_le_bytes();
    if sum != expected {
        return Frame::Wrong;
    }
    if has_dictionary {
        return Frame::Dictionary;
    }
    Frame::Is(Header {
        is_linked: flags & 0x20 == 0,
        has_block_sums: flags & 0x10 != 0,
        has_sum: flags & 4 != 0,
        size: described
            .get(2..)
            .and_then(|s| s.first_chunk::<8>())
            .filter(|_| has_size)
            .map(|b| u64::from_le_bytes(*b)),
        max_block,
    })
}
