//! The memo: what was put, by index, in bounded memory.
//!
//! Indices that follow each other stand in pages. A page whose turn is long
//! over is faded: its values say what they are and nothing else, and as there
//! are few kinds of things, a value takes two bits, four or eight. What does
//! not fit into eight is forgotten, and whoever fetches it is told.

use std::collections::BTreeMap;

use super::arena::Arena;
use super::value::Value;

/// Slots of a page.
const PAGE: usize = 4096;
/// Pages that are kept as they are: those of the arena's two generations.
const FRESH: usize = 64;
/// A slot stands in a page while at most this many times the slots in use lie
/// below it; past that it goes to the sparse part, so that a put costs a
/// bounded number of bytes. An unpickler allocates every slot below: gigabytes
/// for one LONG_BINPUT of 2**32 - 1.
const SPREAD: u64 = 4;
/// Slots that stand in pages in any case.
const ALWAYS: u64 = 1024;
/// Slots outside of pages.
const MAX_SPARSE: usize = 64 * 1024;
/// Values that a packed page tells apart.
const MAX_VALUES: usize = 256;
/// Bytes that packed pages may take in all; a page past that is forgotten.
const MAX_PACKED: usize = 20 * 1024 * 1024;
/// Bytes of a value that may be missing.
const VALUE_BYTES: usize = 12;
/// What a packed page takes beside its indices and values.
const PAGE_BYTES: usize = 64;

/// 4096 slots.
#[derive(Clone, Debug)]
enum Page {
    /// As they were put.
    Plain(Vec<Option<Value>>),
    /// Faded: an index into the values that occur, `2 ** halvings` to a byte.
    Packed { values: Vec<Option<Value>>, halvings: u32, indices: Vec<u8> },
    /// Forgotten altogether, there was no room.
    Gone,
}

/// Values by memo index.
#[derive(Clone, Debug, Default)]
pub struct Memo {
    pages: Vec<Page>,
    /// The page that is being filled, in order.
    last: Vec<Option<Value>>,
    /// Slots before `last`.
    before: u64,
    /// Slots in use.
    filled: u64,
    sparse: BTreeMap<u64, Value>,
    /// Room of pages that were packed.
    spare: Vec<Vec<Option<Value>>>,
    /// Pages that were looked at for packing.
    aged: usize,
    /// Bytes that packed pages take.
    packed: usize,
}

impl Memo {
    /// Forgets everything, and keeps the memory of a small pickle.
    pub fn clear(&mut self) {
        self.pages.clear();
        self.last.clear();
        self.sparse.clear();
        (self.before, self.filled, self.aged, self.packed) = (0, 0, 0, 0);
    }

    /// Keeps of every value what it is, and what lasts: the rest of the arena
    /// is about to go.
    #[cold]
    pub fn fade(&mut self, arena: &Arena) {
        let plain = self.pages.iter_mut().filter_map(|page| match page {
            Page::Plain(slots) => Some(slots),
            Page::Packed { .. } | Page::Gone => None,
        });
        for value in plain.chain([&mut self.last]).flatten().flatten().chain(self.sparse.values_mut()) {
            *value = arena.faded(*value);
        }
    }

    /// The value of a slot that was written and is not forgotten.
    #[inline]
    #[must_use]
    pub fn fetch(&self, index: u64) -> Option<Value> {
        self.get(index).filter(|v| *v != Value::Forgotten)
    }

    /// The value of a slot that was written.
    #[inline]
    #[must_use]
    pub fn get(&self, index: u64) -> Option<Value> {
        if let Some(i) = index.checked_sub(self.before) {
            return match usize::try_from(i).ok().and_then(|i| self.last.get(i)) {
                Some(slot) => *slot,
                None => self.sparse.get(&index).copied(),
            };
        }
        let (page, slot) = place(index)?;
        match self.pages.get(page)? {
            Page::Plain(slots) => *slots.get(slot)?,
            Page::Packed { values, halvings, indices } => *values.get(unpacked(indices, *halvings, slot))?,
            Page::Gone => Some(Value::Forgotten),
        }
    }

    /// Writes the slot that follows the last one; false when the index is
    /// another, or a page is full: then `put` does it.
    #[inline]
    pub fn put_next(&mut self, index: u64, value: Value) -> bool {
        let follows = index.checked_sub(self.before).and_then(|i| usize::try_from(i).ok()) == Some(self.last.len());
        if !follows || self.last.len() >= PAGE.wrapping_sub(1) || !self.sparse.is_empty() {
            return false;
        }
        self.last.push(Some(value));
        self.filled = self.filled.wrapping_add(1);
        true
    }

    /// Writes a slot; gives how many slots are in use, `u64::MAX` when there
    /// is no room for an index so far away.
    pub fn put(&mut self, index: u64, value: Value, arena: &Arena) -> u64 {
        let end = self.before.saturating_add(crate::bytes::wide(self.last.len()));
        let near = index < self.filled.saturating_mul(SPREAD).saturating_add(ALWAYS);
        let new = if index >= end && near {
            let new = self.sparse.remove(&index).is_none();
            for _ in end..index {
                self.append(None, arena);
            }
            self.append(Some(value), arena);
            self.settle(arena);
            new
        } else if index >= end {
            if self.sparse.len() >= MAX_SPARSE {
                return u64::MAX;
            }
            self.sparse.insert(index, value).is_none()
        } else {
            match self.rewrite(index, value, arena) {
                Some(new) => new,
                None => return u64::MAX,
            }
        };
        self.filled = self.filled.saturating_add(u64::from(new));
        self.filled
    }

    /// The index MEMOIZE writes: the number of slots in use.
    #[inline]
    #[must_use]
    pub const fn len(&self) -> u64 {
        self.filled
    }

    /// The index after the last slot of a page, or of those in use if that is
    /// more.
    #[inline]
    #[must_use]
    pub fn end(&self) -> u64 {
        self.before.saturating_add(crate::bytes::wide(self.last.len())).max(self.filled)
    }

    /// Whether no slot is in use.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.filled == 0
    }

    fn append(&mut self, value: Option<Value>, arena: &Arena) {
        self.last.push(value);
        if self.last.len() < PAGE {
            return;
        }
        let room = self.spare.pop().unwrap_or_else(|| Vec::with_capacity(PAGE));
        self.before = self.before.saturating_add(crate::bytes::wide(self.last.len()));
        self.pages.push(Page::Plain(std::mem::replace(&mut self.last, room)));
        while self.aged.saturating_add(FRESH) < self.pages.len() {
            if let Some(page) = self.pages.get_mut(self.aged)
                && let Page::Plain(slots) = page
                && let packed = packed(slots, arena, &mut self.packed)
                && let Page::Plain(mut room) = std::mem::replace(page, packed)
            {
                room.clear();
                self.spare.push(room);
            }
            self.aged = self.aged.saturating_add(1);
        }
    }

    /// Moves what was sparse and now lies below the end into the pages, so
    /// that a slot has one home. By order of keys: each is looked at once.
    fn settle(&mut self, arena: &Arena) {
        while let Some(first) = self.sparse.first_entry() {
            let end = self.before.saturating_add(crate::bytes::wide(self.last.len()));
            match *first.key() {
                key if key < end => {
                    let (key, value) = first.remove_entry();
                    self.rewrite(key, value, arena);
                }
                key if key == end => {
                    let (_, value) = first.remove_entry();
                    self.append(Some(value), arena);
                }
                _ => return,
            }
        }
    }

    /// Writes a slot that stands in a page; true when it was not in use, `None`
    /// when that is not known any more.
    fn rewrite(&mut self, index: u64, value: Value, arena: &Arena) -> Option<bool> {
        let slots = match index.checked_sub(self.before) {
            Some(i) => usize::try_from(i).ok().map(|i| (i, &mut self.last)),
            None => {
                let (page, slot) = place(index)?;
                match self.pages.get_mut(page) {
                    Some(Page::Plain(slots)) => Some((slot, slots)),
                    Some(Page::Packed { values, halvings, indices }) => {
                        if *halvings > 0 {
                            self.packed = self.packed.saturating_add(PAGE);
                            if self.packed > MAX_PACKED {
                                return None;
                            }
                            *indices = (0..PAGE).map(|i| narrow(unpacked(indices, *halvings, i))).collect();
                            *halvings = 0;
                        }
                        let known = values.len();
                        let faded = index_of(values, Some(arena.faded(value)));
                        let grown = values.len().saturating_sub(known).saturating_mul(VALUE_BYTES);
                        self.packed = self.packed.saturating_add(grown);
                        let new = values.get(unpacked(indices, 0, slot)) == Some(&None);
                        if let Some(place) = indices.get_mut(slot) {
                            *place = faded;
                        }
                        return Some(new);
                    }
                    Some(Page::Gone) | None => None,
                }
            }
        };
        let slot = slots.and_then(|(i, slots)| slots.get_mut(i));
        slot.map(|slot| slot.replace(value).is_none())
    }
}

/// Page and slot of an index.
#[inline]
fn place(index: u64) -> Option<(usize, usize)> {
    let index = usize::try_from(index).ok()?;
    Some((index.wrapping_div(PAGE), index.wrapping_rem(PAGE)))
}

/// The index of a slot among the values of a packed page, `2 ** halvings` of
/// which stand in a byte.
#[inline]
fn unpacked(indices: &[u8], halvings: u32, slot: usize) -> usize {
    let byte = indices.get(slot.wrapping_shr(halvings)).copied().unwrap_or(0);
    let bits = 8u32.wrapping_shr(halvings);
    let inside = u32::try_from(slot).unwrap_or(0) & 1u32.wrapping_shl(halvings).wrapping_sub(1);
    let mask = u8::MAX.wrapping_shr(8u32.wrapping_sub(bits));
    usize::from(byte.wrapping_shr(inside.wrapping_mul(bits)) & mask)
}

/// The index of a value among those of a packed page, where it is added when
/// there is room. The last stands for all that came too late.
fn index_of(values: &mut Vec<Option<Value>>, value: Option<Value>) -> u8 {
    let place = values.iter().position(|v| *v == value).unwrap_or_else(|| {
        let room = values.len() < MAX_VALUES.wrapping_sub(1);
        match (room, value) {
            (true, _) => values.push(value),
            (false, _) if values.len() < MAX_VALUES => values.push(Some(Value::Forgotten)),
            _ => {}
        }
        values.len().wrapping_sub(1)
    });
    narrow(place)
}

fn narrow(index: usize) -> u8 {
    u8::try_from(index).unwrap_or(u8::MAX)
}

/// The page with faded values; a forgotten one when they take too much.
fn packed(slots: &[Option<Value>], arena: &Arena, bytes: &mut usize) -> Page {
    // A slot that is not in use is told apart whatever else is in the page.
    let mut values: Vec<Option<Value>> = Vec::new();
    if slots.contains(&None) {
        values.push(None);
    }
    let which: Vec<u8> = slots.iter().map(|slot| index_of(&mut values, slot.map(|value| arena.faded(value)))).collect();
    let halvings: u32 = match values.len() {
        0..=4 => 2,
        5..=16 => 1,
        _ => 0,
    };
    let bits = 8u32.wrapping_shr(halvings);
    let indices: Vec<u8> = which
        .chunks(1usize.wrapping_shl(halvings))
        .map(|chunk| chunk.iter().rev().fold(0u8, |byte, i| byte.checked_shl(bits).unwrap_or(0) | i))
        .collect();
    let own = values.len().saturating_mul(VALUE_BYTES).saturating_add(indices.len()).saturating_add(PAGE_BYTES);
    *bytes = bytes.saturating_add(own);
    if *bytes > MAX_PACKED {
        *bytes = bytes.saturating_sub(own).saturating_add(PAGE_BYTES);
        return Page::Gone;
    }
    values.shrink_to_fit();
    Page::Packed { values, halvings, indices }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::Limits;

    #[test]
    fn a_slot_has_one_home_whatever_the_order() {
        let arena = Arena::new(&Limits::default());
        let mut memo = Memo::default();
        memo.put(70_000, Value::Int(1), &arena);
        assert_eq!(memo.get(0), None);
        memo.put(60_000, Value::Int(2), &arena);
        memo.put(80_000, Value::Int(3), &arena);
        assert_eq!(memo.get(70_000), Some(Value::Int(1)));
        assert_eq!(memo.put(70_000, Value::Int(4), &arena), 3);
        assert_eq!(memo.get(70_000), Some(Value::Int(4)));
        assert_eq!(memo.put(u64::from(u32::MAX), Value::None, &arena), 4);
        assert_eq!(memo.get(u64::from(u32::MAX)), Some(Value::None));
    }

    #[test]
    fn what_was_sparse_is_found_after_the_pages_reach_it() {
        let arena = Arena::new(&Limits::default());
        let mut memo = Memo::default();
        memo.put(9_000, Value::Int(9), &arena);
        for i in 0..9_000u64 {
            assert!(memo.put_next(i, Value::None) || memo.put(i, Value::None, &arena) > 0);
        }
        assert_eq!(memo.get(9_000), Some(Value::Int(9)));
        assert_eq!(memo.len(), 9_001);
        assert_eq!(memo.put(9_001, Value::Int(1), &arena), 9_002);
        assert_eq!((memo.get(9_000), memo.get(9_001)), (Some(Value::Int(9)), Some(Value::Int(1))));
    }

    #[test]
    fn every_width_of_a_packed_page_gives_back_what_was_put() {
        let arena = Arena::new(&Limits::default());
        for kinds in [1u32, 4, 5, 16, 17, 255, 256, 1000] {
            let mut memo = Memo::default();
            let slots = crate::bytes::wide(PAGE * (FRESH + 3));
            let value = |i: u64| Value::Global(u32::try_from(i).unwrap_or(0) % kinds);
            for i in 0..slots {
                assert!(memo.put_next(i, value(i)) || memo.put(i, value(i), &arena) > 0);
            }
            assert!(matches!(memo.pages.first(), Some(Page::Packed { .. })));
            let wrong = (0..slots).filter(|&i| memo.get(i) != Some(value(i)));
            let forgotten = wrong.inspect(|&i| assert_eq!(memo.get(i), Some(Value::Forgotten))).count();
            assert_eq!(forgotten > 0, kinds > 255, "{kinds}");
            memo.put(3, Value::Float, &arena);
            memo.put(4, Value::None, &arena);
            let put = if kinds >= 255 { Value::Forgotten } else { Value::Float };
            assert_eq!((memo.get(2), memo.get(3)), (Some(value(2)), Some(put)));
            assert_eq!(memo.len(), slots);
        }
    }
}
