//! The checksums of members, held against what their headers say.
//!
//! It reads every byte, numbers of tensors too, so it is done only where it is
//! asked for: what a loader interprets is scanned in any case, and the rest
//! says nothing about what loading does.
//!
//! Untrusted input: a member is inflated piece by piece into a buffer of fixed
//! size, and all that comes out is paid for from `max_checksum_bytes`.

use flate2::Crc;

use super::defects;
use super::entries::{DEFLATED, Entry, STORED};
use crate::bytes::{Span, printable, wide};
use crate::decode::{self, Decoder, Kind, Status};
use crate::error::Error;
use crate::limits::Budget;
use crate::observe::Outbox;

/// Compressed bytes asked for at a time.
const FETCH: u64 = 64 * 1024;
/// Bytes inflated in one step.
const ROOM: usize = 64 * 1024;

/// A member whose checksum is to be computed.
struct Member {
    name: Vec<u8>,
    record: Span,
    data: Span,
    deflated: bool,
    size: u64,
    crc: u32,
}

/// The members that are left, the last one in work.
pub(super) struct Checksums {
    /// From the last to the first.
    left: Vec<Member>,
    at: u64,
    crc: Crc,
    decoder: Option<Decoder>,
    ended: bool,
    budget: Budget,
    limit: u64,
}

impl Checksums {
    /// Every member that can be read here; none when nothing may be.
    pub(super) fn of<'e>(entries: impl DoubleEndedIterator<Item = (&'e Entry, Option<Span>)>, limit: u64) -> Self {
        let readable = |entry: &Entry| matches!(entry.method, STORED | DEFLATED) && !entry.is_encrypted();
        let member = |(entry, data): (&Entry, Option<Span>)| {
            let data = data.filter(|_| readable(entry) && limit > 0)?;
            Some(Member {
                name: entry.name.clone(),
                record: entry.record,
                data: Span::at(data.start, entry.compressed),
                deflated: entry.method == DEFLATED,
                size: entry.size,
                crc: entry.crc,
            })
        };
        let mut sums = Self {
            left: entries.rev().filter_map(member).collect(),
            at: 0,
            crc: Crc::new(),
            decoder: None,
            ended: false,
            budget: Budget::new(limit),
            limit,
        };
        sums.begin();
        sums
    }

    fn begin(&mut self) {
        let Some(member) = self.left.last() else { return };
        self.at = member.data.start;
        self.crc = Crc::new();
        self.decoder = member.deflated.then(|| Decoder::new(decode::form(Kind::Deflate)));
        self.ended = false;
    }

    /// The bytes that are needed next; `None` when all is done.
    pub(super) fn want(&self) -> Option<(Span, u64)> {
        let end = self.left.last()?.data.end;
        Some((Span { start: self.at, end: end.min(self.at.saturating_add(FETCH)) }, end))
    }

    /// Whether nothing more needs to be read of the member in work.
    fn is_read(&self) -> bool {
        self.ended || self.left.last().is_none_or(|m| self.at >= m.data.end)
    }

    /// Compares members until bytes are needed.
    pub(super) fn settle(&mut self, out: &mut Outbox) {
        while !self.left.is_empty() && self.is_read() {
            self.compare(out);
        }
    }

    /// Takes bytes that begin where they were wanted.
    pub(super) fn feed(&mut self, mut bytes: &[u8], out: &mut Outbox) {
        let Some(member) = self.left.last() else { return };
        let room = usize::try_from(member.data.end.saturating_sub(self.at)).unwrap_or(usize::MAX);
        bytes = bytes.get(..room).unwrap_or(bytes);
        self.at = self.at.saturating_add(wide(bytes.len()));
        let mut spent = self.budget.spend(wide(bytes.len()));
        match &mut self.decoder {
            None => self.crc.update(bytes),
            Some(decoder) => {
                let mut made = Vec::new();
                while spent && !self.ended {
                    made.clear();
                    let step = decoder.step(bytes, &mut made, ROOM);
                    self.crc.update(&made);
                    spent = self.budget.spend(wide(made.len()));
                    bytes = bytes.get(step.used..).unwrap_or(&[]);
                    // What is broken has no checksum, and was told or will be.
                    self.ended = !matches!(step.status, Status::Running);
                    if step.used == 0 && made.is_empty() {
                        break;
                    }
                }
            }
        }
        if !spent {
            let record = member.record;
            out.limit("max_checksum_bytes", self.limit, record, "members that were not read to compare checksums");
            self.left.clear();
            return;
        }
        self.settle(out);
    }

    fn compare(&mut self, out: &mut Outbox) {
        let Some(member) = self.left.pop() else { return };
        let (sum, made) = (self.crc.sum(), self.crc.amount());
        // The amount is counted in 32 bits.
        let is_whole = u64::from(made) == member.size & u64::from(u32::MAX);
        if sum != member.crc || !is_whole {
            let error = Error::new(&defects::BAD_CHECKSUM, member.record);
            let found = format!("{sum:#010x} of {}", printable(&member.name, 80));
            out.defect(error.with(format!("{:#010x}", member.crc), found));
        }
        self.begin();
    }
}
