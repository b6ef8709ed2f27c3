//! gzip (RFC 1952), of one or more members.
//!
//! Untrusted input: `flate2` inflates; header, checksum and size are read here,
//! so that a header of any length is bounded and a trailer is always checked.

use flate2::{Crc, Decompress};

use super::deflate::{WINDOW, inflate};
use super::form::{Decode, Form, Kind, Status, Step};

/// The form. Zeros may stand behind the last member, where blocks of a fixed
/// size are written: Python's `gzip` and GNU gzip pass over them. Between two
/// members Python passes over them, too, and GNU gzip stops.
pub static FORM: Form = Form {
    kind: Kind::Gzip,
    name: "gzip",
    endings: &[".gz"],
    is_signed: true,
    begins: |head| head.starts_with(&[0x1f, 0x8b, 8]),
    has_members: true,
    padding: 1,
    begin_cost: 0,
    open: || Some(Box::new(Gzip::default())),
};

/// Bytes that the header of a member may take: two texts and an extra field of
/// 64 KiB.
const MAX_HEADER: usize = 128 * 1024;

/// Where a member is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Header,
    Body,
    Trailer,
}

/// One member after the other: header, deflate, checksum and size.
struct Gzip {
    place: Place,
    /// Bytes of the header, then of the trailer, while they are gathered.
    field: Vec<u8>,
    /// Made when a header is complete; the next member takes it over.
    body: Option<Decompress>,
    crc: Crc,
}

impl Default for Gzip {
    fn default() -> Self {
        Self { place: Place::Header, field: Vec::new(), body: None, crc: Crc::new() }
    }
}

impl Decode for Gzip {
    fn step(&mut self, input: &[u8], space: &mut [u8]) -> Step {
        match (self.place, &mut self.body) {
            (Place::Trailer, _) => self.trailer(input),
            (Place::Body, Some(body)) => {
                let step = inflate(body, input, space);
                self.crc.update(space.get(..step.made).unwrap_or(&[]));
                if step.status == Status::Ended {
                    self.place = Place::Trailer;
                    return Step::new(step.used, step.made, Status::Running);
                }
                step
            }
            _ => self.header(input),
        }
    }

    fn restart(&mut self) {
        self.place = Place::Header;
        self.field.clear();
        self.crc = Crc::new();
    }

    fn window(&self) -> u64 {
        WINDOW
    }
}

impl Gzip {
    /// Gathers the header byte by byte: it is short, and where it ends is only
    /// known when it does.
    fn header(&mut self, input: &[u8]) -> Step {
        for (i, &byte) in input.iter().enumerate() {
            self.field.push(byte);
            let status = match header_ends(&self.field) {
                Header::GoesOn if self.field.len() > MAX_HEADER => Status::Broken("a gzip header of more than 128 KiB"),
                Header::GoesOn => continue,
                Header::Wrong => Status::Broken("a gzip header that is wrong"),
                Header::Ends => {
                    self.field.clear();
                    match &mut self.body {
                        Some(body) => body.reset(false),
                        None => self.body = Some(Decompress::new(false)),
                    }
                    self.place = Place::Body;
                    Status::Running
                }
            };
            return Step::new(i.saturating_add(1), 0, status);
        }
        Step::new(input.len(), 0, Status::Running)
    }

    fn trailer(&mut self, input: &[u8]) -> Step {
        let missing = 8usize.saturating_sub(self.field.len()).min(input.len());
        self.field.extend_from_slice(input.get(..missing).unwrap_or(&[]));
        let &[a, b, c, d, e, f, g, h] = self.field.as_slice() else { return Step::new(missing, 0, Status::Running) };
        let right =
            u32::from_le_bytes([a, b, c, d]) == self.crc.sum() && u32::from_le_bytes([e, f, g, h]) == self.crc.amount();
        Step::new(missing, 0, if right { Status::Ended } else { Status::Broken("a checksum or a size that is wrong") })
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
