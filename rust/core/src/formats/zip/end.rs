//! The end of central directory record: APPNOTE 4.3.14 to 4.3.16.

use crate::bytes::{Reader, Span, wide, window};

const EOCD: &[u8] = b"PK\x05\x06";
const EOCD_LAST: u8 = 6;
/// Bytes of the fixed part of the record.
pub(super) const EOCD_BYTES: u64 = 22;
/// The fixed part and the longest comment: how far back every reader looks.
pub(super) const MAX_EOCD_BYTES: u64 = EOCD_BYTES + 0xffff;
const ZIP64_LOCATOR_BYTES: u64 = 20;
const ZIP64_RECORD_BYTES: u64 = 56;
/// The zip64 record, its locator and the fixed part: what stands at the very
/// end of an archive without a comment.
pub(super) const LONG_EOCD_BYTES: u64 = ZIP64_RECORD_BYTES + ZIP64_LOCATOR_BYTES + EOCD_BYTES;

/// What the end of an archive says of its directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct End {
    /// Where the record begins; of the zip64 record when there is one.
    pub(super) record: u64,
    /// One past the record and its comment.
    pub(super) end: u64,
    /// Offset of the directory, as declared.
    pub(super) directory: u64,
    /// Size of the directory, as declared.
    pub(super) size: u64,
    /// Entries, as declared.
    pub(super) entries: u64,
    /// The record contradicts itself or its zip64 twin, or names other disks.
    pub(super) twisted: bool,
}

impl End {
    /// Where the directory stands if it ends where the record begins.
    pub(super) const fn directory_by_size(&self) -> Option<u64> {
        self.record.checked_sub(self.size)
    }
}

/// Finds the record in a tail that ends at `len`. The last one counts: every
/// reader searches backwards.
pub(super) fn find(tail: &[u8], len: u64) -> Option<u64> {
    let base = len.checked_sub(wide(tail.len()))?;
    // A record with no comment at the very end is found first by all readers.
    // By its last byte, which is rarer in models and texts than the others.
    let ends = memchr::memrchr_iter(EOCD_LAST, tail);
    let at =
        ends.filter_map(|end| end.checked_sub(3)).find(|&at| tail.get(at..).is_some_and(|t| t.starts_with(EOCD)))?;
    (wide(tail.len()).checked_sub(wide(at))? >= EOCD_BYTES).then_some(())?;
    base.checked_add(wide(at))
}

/// Whether an archive may end in this tail.
pub(super) fn present(tail: &[u8], len: u64) -> bool {
    find(tail, len).is_some()
}

/// Reads the record at `at`, and the zip64 record when a locator stands before
/// it. `Err` is the span that is needed first; `Ok(None)` when it is no record.
pub(super) fn read<'s>(at: u64, get: &dyn Fn(Span) -> Option<&'s [u8]>) -> Result<Option<End>, Span> {
    let fixed = Span::at(at, EOCD_BYTES);
    let mut r = Reader::new(get(fixed).ok_or(fixed)?);
    let Some(Fields { disks, here, entries, size, directory, comment }) = fields(&mut r) else { return Ok(None) };
    let end = fixed.end.saturating_add(u64::from(comment));
    let plain = End {
        record: at,
        end,
        directory: u64::from(directory),
        size: u64::from(size),
        entries: u64::from(entries),
        twisted: disks || here != entries,
    };
    let Some(locator_at) = at.checked_sub(ZIP64_LOCATOR_BYTES) else { return Ok(Some(plain)) };
    let locator = Span::at(locator_at, ZIP64_LOCATOR_BYTES);
    let bytes = get(locator).ok_or(locator)?;
    if !bytes.starts_with(b"PK\x06\x07") {
        return Ok(Some(plain));
    }
    let Some(record) = window(bytes, 8, 8).and_then(|b| Reader::new(b).u64()) else { return Ok(Some(plain)) };
    if record > locator_at.saturating_sub(ZIP64_RECORD_BYTES) {
        return Ok(Some(End { twisted: true, ..plain }));
    }
    let span = Span::at(record, ZIP64_RECORD_BYTES);
    let bytes = get(span).ok_or(span)?;
    if !bytes.starts_with(b"PK\x06\x06") {
        return Ok(Some(End { twisted: true, ..plain }));
    }
    // Some readers follow the locator, others take the record right before it
    // (CVE-2025-8291): there must be one, of the size of its fixed part.
    let room = window(bytes, 4, 8).and_then(|b| Reader::new(b).u64());
    let adjoins = span.end == locator_at && room == Some(ZIP64_RECORD_BYTES - 12);
    let mut r = Reader::new(bytes.get(32..).unwrap_or(&[]));
    match (r.u64(), r.u64(), r.u64()) {
        (Some(entries), Some(size), Some(directory)) => {
            // A plain field is the twin's, or all ones: APPNOTE 4.4.1.4.
            let agree = |plain: u64, ones: u64, twin: u64| plain == ones || plain == twin;
            let twins = agree(plain.entries, 0xffff, entries)
                && agree(plain.size, 0xffff_ffff, size)
                && agree(plain.directory, 0xffff_ffff, directory);
            Ok(Some(End { record, end, directory, size, entries, twisted: plain.twisted || !twins || !adjoins }))
        }
        _ => Ok(Some(plain)),
    }
}

/// The fixed part of the record.
struct Fields {
    /// It is not the only disk.
    disks: bool,
    here: u16,
    entries: u16,
    size: u32,
    directory: u32,
    comment: u16,
}

fn fields(r: &mut Reader<'_>) -> Option<Fields> {
    r.take(4)?;
    let ones = |disk: u16| disk != 0 && disk != 0xffff;
    let disks = ones(r.u16()?) | ones(r.u16()?);
    Some(Fields { disks, here: r.u16()?, entries: r.u16()?, size: r.u32()?, directory: r.u32()?, comment: r.u16()? })
}
