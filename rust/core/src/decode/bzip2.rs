//! bzip2, of one or more streams.
//!
//! Untrusted input: a block is at most 900,000 bytes, and its decoder, which is
//! in Rust, holds four bytes for each.

use bzip2::{Decompress, Status as Inner};

use super::form::{Decode, Form, Kind, Status, Step, since};

/// The form. Python's `bz2` passes over anything behind the last stream, and so
/// does bzip2, with a warning; neither looks for another stream in it.
pub static FORM: Form = Form {
    kind: Kind::Bzip2,
    name: "bzip2",
    endings: &[".bz2"],
    is_signed: true,
    begins: |head| matches!(head, [b'B', b'Z', b'h', b'1'..=b'9', rest @ ..] if rest.starts_with(BLOCK) || rest.starts_with(END)),
    has_members: true,
    padding: 0,
    // 75 µs: it clears a block, also for a stream of 14 bytes without one.
    begin_cost: 256 * 1024,
    open: || Some(Box::new(Bzip2(Decompress::new(false)))),
};

/// The number of a block, and of the end of a stream without one.
const BLOCK: &[u8] = b"\x31\x41\x59\x26\x53\x59";
const END: &[u8] = b"\x17\x72\x45\x38\x50\x90";

/// What a decoder holds of the largest block.
const WINDOW: u64 = 4 * 900_000;

struct Bzip2(Decompress);

impl Decode for Bzip2 {
    fn step(&mut self, input: &[u8], space: &mut [u8]) -> Step {
        let (from, to) = (self.0.total_in(), self.0.total_out());
        let status = match self.0.decompress(input, space) {
            Ok(Inner::StreamEnd) => Status::Ended,
            Ok(_) => Status::Running,
            Err(_) => Status::Broken("bzip2 data that is wrong"),
        };
        Step::new(since(self.0.total_in(), from), since(self.0.total_out(), to), status)
    }

    fn restart(&mut self) {
        self.0 = Decompress::new(false);
    }

    fn window(&self) -> u64 {
        WINDOW
    }
}
