//! Deflate (RFC 1951) alone, as in zip members, and in zlib's frame (RFC 1950).
//!
//! Untrusted input: `flate2` with its backend in Rust; a window of 32 KiB.

use flate2::{Decompress, FlushDecompress};

use super::form::{Decode, Form, Kind, Status, Step, since};

/// The form without a frame.
pub static DEFLATE: Form = Form {
    kind: Kind::Deflate,
    name: "deflate",
    endings: &[],
    is_signed: false,
    begins: |_| false,
    has_members: false,
    padding: 0,
    begin_cost: 0,
    open: || Some(Box::new(Deflate::new(false))),
};

/// The form of RFC 1950. Python's `zlib` and joblib read one stream and nothing
/// behind it.
pub static ZLIB: Form = Form {
    kind: Kind::Zlib,
    name: "zlib",
    endings: &[".z"],
    is_signed: false,
    // Deflate in a window of 32 KiB, no preset dictionary, by level.
    begins: |head| matches!(head, [0x78, 0x01 | 0x5e | 0x9c | 0xda, ..]),
    has_members: false,
    padding: 0,
    begin_cost: 0,
    open: || Some(Box::new(Deflate::new(true))),
};

/// What deflate refers back to.
pub(super) const WINDOW: u64 = 32 * 1024;

struct Deflate {
    inner: Decompress,
    is_framed: bool,
}

impl Deflate {
    fn new(is_framed: bool) -> Self {
        Self { inner: Decompress::new(is_framed), is_framed }
    }
}

impl Decode for Deflate {
    fn step(&mut self, input: &[u8], space: &mut [u8]) -> Step {
        inflate(&mut self.inner, input, space)
    }

    fn restart(&mut self) {
        self.inner.reset(self.is_framed);
    }

    fn window(&self) -> u64 {
        WINDOW
    }
}

pub(super) fn inflate(inner: &mut Decompress, input: &[u8], space: &mut [u8]) -> Step {
    let (from, to) = (inner.total_in(), inner.total_out());
    let status = match inner.decompress(input, space, FlushDecompress::None) {
        Ok(flate2::Status::StreamEnd) => Status::Ended,
        Ok(_) => Status::Running,
        // A preset dictionary (RFC 1950, 2.2) is asked for as an error.
        Err(e) if e.needs_dictionary().is_some() => Status::Unsupported("a preset dictionary"),
        Err(_) => Status::Broken("deflate data or a checksum that is wrong"),
    };
    Step::new(since(inner.total_in(), from), since(inner.total_out(), to), status)
}
