//! The data section: sizes, then no gap, no overlap, up to the last byte.

use super::defects;
use super::header::{Header, place};
use super::shape::Shape;
use super::table::Entry;
use crate::bytes::{Span, printable};
use crate::error::Error;

/// Where the tensors of a file stand.
pub(super) fn check(header: &mut Header<'_>, len: u64, data_start: u64) {
    if header.unread {
        return;
    }
    let entries = std::mem::take(&mut header.table.entries);
    let key = |entry: &Entry| (entry.start, entry.end);
    let mut walk = Walk { header, end: 0, unaligned: false, data_start };
    // Files written by the official writer are sorted already.
    if entries.is_sorted_by_key(key) {
        entries.iter().for_each(|entry| walk.step(entry));
    } else {
        let mut order: Vec<u32> = (0..u32::try_from(entries.len()).unwrap_or(u32::MAX)).collect();
        let entry = |index: &u32| usize::try_from(*index).ok().and_then(|index| entries.get(index));
        // In the order of the header where two are equal.
        order.sort_unstable_by_key(|index| (entry(index).map(key), *index));
        order.iter().filter_map(entry).for_each(|entry| walk.step(entry));
    }
    let end = walk.end;
    header.table.entries = entries;
    let rest = Span { start: data_start, end: len };
    if end > rest.len() {
        let error = Error::new(&defects::TRUNCATED, Span { start: len, end: len });
        header.error(error.with(format!("{end} bytes of tensors"), format!("{} bytes", rest.len())));
    } else if end < rest.len() {
        let after = Span { start: data_start.saturating_add(end), end: len };
        let error = Error::new(&defects::TRAILING_DATA, after);
        header.error(error.with("the end of the file", format!("{} bytes", after.len())));
    }
}

/// Tensors in the order of their data.
struct Walk<'h, 'a> {
    header: &'h mut Header<'a>,
    end: u64,
    /// Told once: where one is, most are.
    unaligned: bool,
    data_start: u64,
}

impl Walk<'_, '_> {
    fn step(&mut self, entry: &Entry) {
        let at = Span::at(place(usize::try_from(entry.at).unwrap_or(0)), 1);
        let Entry { start, end: stop, .. } = *entry;
        if stop < start {
            let found = format!("{} ends at {stop:#x}", self.name(entry));
            let error = Error::new(&defects::OFFSET_ORDER, at);
            self.header.error(error.with(format!("an end at or after {start:#x}"), found));
            return;
        }
        if start != self.end {
            let defect = if start > self.end { &defects::OFFSET_GAP } else { &defects::OFFSET_OVERLAP };
            let found = format!("{} starts at {start:#x}", self.name(entry));
            self.header.error(Error::new(defect, at).with(format!("{:#x}", self.end), found));
        }
        let bytes = entry.dtype.bits().div_ceil(8).max(1);
        let place = self.data_start.saturating_add(start);
        if !self.unaligned && stop > start && place.checked_rem(bytes).is_some_and(|rest| rest != 0) {
            self.unaligned = true;
            let found = format!("{} of {} at {place:#x}", self.name(entry), entry.dtype.name());
            let error = Error::new(&defects::UNALIGNED_DATA, at);
            self.header.error(error.with(format!("a multiple of {bytes}"), found));
        }
        self.end = self.end.max(stop);
    }

    fn name(&self, entry: &Entry) -> String {
        self.header.name_of(entry).map_or_else(String::new, |name| printable(name.as_bytes(), 80))
    }
}

/// Holds data_offsets against shape times dtype.
pub(super) fn check_size(shape: &Shape, entry: &Entry, name: &str, at: u64) -> Option<Error> {
    let at = Span::at(at, 1);
    let name = || printable(name.as_bytes(), 80);
    let Some(bits) = shape.bits(entry.dtype.bits()) else {
        let found = format!("{} of shape {}", name(), shape.text());
        return Some(Error::new(&defects::SHAPE_OVERFLOW, at).with("fewer than 2**64 bits", found));
    };
    if bits % 8 != 0 {
        let found = format!("{} of {bits} bits", name());
        return Some(Error::new(&defects::SUB_BYTE_SIZE, at).with("a multiple of 8 bits", found));
    }
    let size = entry.end.checked_sub(entry.start)?;
    (size != bits / 8).then(|| {
        let found = format!("{} of {size} bytes", name());
        Error::new(&defects::SIZE_MISMATCH, at).with(format!("{} bytes", bits / 8), found)
    })
}
