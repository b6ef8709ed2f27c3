//! Local headers: APPNOTE 4.3.7, held against the directory.
//!
//! Python's zipfile trusts the directory and checks the local name; miniz,
//! which torch uses, checks neither name nor sizes (CVE-2025-1944 is a scanner
//! that trusted the other one). Only the header itself is read: of the data
//! behind it, and of an extra field that only pads, nothing.

use super::defects;
use super::entries::{DATA_DESCRIPTOR, Entry};
use super::sparse::Sparse;
use crate::bytes::{Reader, Span, printable};
use crate::error::Error;

/// Bytes of a local header before its name.
pub(super) const LOCAL_BYTES: u64 = 30;

/// A field of 32 bits whose value stands in the zip64 extra field.
const IN_EXTRA: u32 = u32::MAX;
/// The id of that field: APPNOTE 4.5.3.
const ZIP64: u16 = 1;

/// What reading a local header came to.
pub(super) enum Local {
    /// Where its data stands, and how it differs from the directory.
    Read(Span, Vec<Error>),
    /// Bytes that are not here yet.
    Missing(Span),
    /// It is no local header.
    Bad(Error),
}

/// The fields before the name.
struct Fields {
    flags: u16,
    method: u16,
    crc: u32,
    compressed: u32,
    size: u32,
    name: u16,
    extra: u16,
}

impl Fields {
    fn read(bytes: &[u8]) -> Option<Self> {
        let mut r = Reader::new(bytes.strip_prefix(b"PK\x03\x04")?);
        let _version = r.u16()?;
        let (flags, method) = (r.u16()?, r.u16()?);
        let _time = r.u32()?;
        let (crc, compressed, size) = (r.u32()?, r.u32()?, r.u32()?);
        Some(Self { flags, method, crc, compressed, size, name: r.u16()?, extra: r.u16()? })
    }
}

/// Reads a local header and holds it against the directory's record. `record`
/// is where the end record begins: nothing local stands behind it.
pub(super) fn read(sparse: &Sparse, record: u64, entry: &Entry) -> Local {
    let fixed = Span::at(entry.local, LOCAL_BYTES);
    let bad = |expected: &str, found: String, span: Span| {
        Local::Bad(Error::new(&defects::BAD_ENTRY, span).with(expected, found))
    };
    if fixed.end > record {
        return bad("a local header before the directory", format!("{:#x}", entry.local), entry.record);
    }
    let Some(bytes) = sparse.get(fixed) else { return Local::Missing(fixed) };
    let Some(header) = Fields::read(bytes) else {
        return bad("a local header", printable(bytes.get(..4).unwrap_or(&[]), 16), fixed);
    };
    let name = Span::at(fixed.end, u64::from(header.name));
    let extra = Span::at(name.end, u64::from(header.extra));
    if extra.end > record {
        return bad("a local header before the directory", format!("{:#x}", extra.end), fixed);
    }
    let Some(text) = sparse.get(name) else { return Local::Missing(Span { start: fixed.start, end: name.end }) };
    let (mut compressed, mut size) = (u64::from(header.compressed), u64::from(header.size));
    if header.compressed == IN_EXTRA || header.size == IN_EXTRA {
        let Some(bytes) = sparse.get(extra) else { return Local::Missing(Span { start: fixed.start, end: extra.end }) };
        (size, compressed) = zip64(bytes, (header.size, size), (header.compressed, compressed));
    }
    let mut errors = Vec::new();
    if text != entry.name {
        let error = Error::new(&defects::NAME_MISMATCH, fixed);
        errors.push(error.with(printable(&entry.name, 80), printable(text, 80)));
    }
    // With a data descriptor the local fields may be zero: APPNOTE 4.4.4.
    let deferred = header.flags & DATA_DESCRIPTOR != 0;
    for (what, directory, local, may_be_zero) in [
        ("flags", u64::from(entry.flags), u64::from(header.flags), false),
        ("method", u64::from(entry.method), u64::from(header.method), false),
        ("crc", u64::from(entry.crc), u64::from(header.crc), deferred),
        ("compressed size", entry.compressed, compressed, deferred),
        ("size", entry.size, size, deferred),
    ] {
        if directory != local && !(may_be_zero && local == 0) {
            let error = Error::new(&defects::HEADER_MISMATCH, fixed);
            errors.push(error.with(format!("{what} {directory:#x} as in the directory"), format!("{local:#x}")));
        }
    }
    let data = Span { start: extra.end, end: extra.end.saturating_add(entry.compressed) };
    if data.end > record {
        return bad("data before the directory", format!("{:#x}", data.end), fixed);
    }
    Local::Read(data, errors)
}

/// The sizes that stand in a zip64 field, in its order: the size, then the
/// compressed one, each where its own field says so.
fn zip64(mut extra: &[u8], size: (u32, u64), compressed: (u32, u64)) -> (u64, u64) {
    while let Some((head, rest)) = extra.split_at_checked(4) {
        let mut r = Reader::new(head);
        let (Some(id), Some(len)) = (r.u16(), r.u16()) else { break };
        let Some((field, rest)) = rest.split_at_checked(usize::from(len)) else { break };
        if id == ZIP64 {
            let mut r = Reader::new(field);
            let mut of = |(short, plain)| if short == IN_EXTRA { r.u64().unwrap_or(plain) } else { plain };
            let size = of(size);
            return (size, of(compressed));
        }
        extra = rest;
    }
    (size.1, compressed.1)
}
