//! The memo: dense while indices are, and bounded when they are not.

use crate::bytes::wide;
use std::collections::BTreeMap;

use super::value::Value;

/// A slot is dense while at most this many times the slots in use lie below
/// it; past that it goes to the sparse part, so that a put costs a bounded
/// number of bytes. An unpickler allocates every slot below: gigabytes for one
/// LONG_BINPUT of 2**32 - 1.
const SPREAD: u64 = 4;
/// Slots that are dense in any case.
const ALWAYS: u64 = 1024;

/// Values by memo index.
#[derive(Debug, Default)]
pub struct Memo {
    dense: Vec<Option<Value>>,
    sparse: BTreeMap<u64, Value>,
    filled: u64,
}

impl Memo {
    /// Forgets everything, and keeps the memory.
    pub fn clear(&mut self) {
        self.dense.clear();
        self.sparse.clear();
        self.filled = 0;
    }

    /// The value of a slot that was written.
    #[inline]
    #[must_use]
    pub fn get(&self, index: u64) -> Option<Value> {
        match usize::try_from(index).ok().and_then(|i| self.dense.get(i)) {
            Some(slot) => *slot,
            None => self.sparse.get(&index).copied(),
        }
    }

    /// Writes a slot; gives how many slots are in use.
    #[inline]
    pub fn put(&mut self, index: u64, value: Value) -> u64 {
        let near = index < self.filled.saturating_mul(SPREAD).saturating_add(ALWAYS);
        let dense = usize::try_from(index).ok().filter(|&i| near || i < self.dense.len());
        let new = match dense {
            Some(i) => {
                if i >= self.dense.len() {
                    self.grow(i);
                }
                self.dense.get_mut(i).is_none_or(|slot| slot.replace(value).is_none())
            }
            None => self.sparse.insert(index, value).is_none(),
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

    /// Makes room up to a dense index, and moves there what was sparse below
    /// it, so that a slot has one home.
    #[cold]
    fn grow_moving(&mut self, index: usize) {
        let end = index.saturating_add(1);
        self.dense.resize(end, None);
        // By order of keys: each is looked at once in its life.
        while let Some(first) = self.sparse.first_entry().filter(|e| *e.key() < wide(end)) {
            let (key, value) = first.remove_entry();
            if let Some(slot) = usize::try_from(key).ok().and_then(|k| self.dense.get_mut(k)) {
                *slot = Some(value);
            }
        }
    }

    #[inline]
    fn grow(&mut self, index: usize) {
        if self.sparse.is_empty() {
            self.dense.resize(index.saturating_add(1), None);
        } else {
            self.grow_moving(index);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slot_has_one_home_whatever_the_order() {
        let mut memo = Memo::default();
        memo.put(70_000, Value::Int(1));
        assert_eq!(memo.get(0), None);
        memo.put(60_000, Value::Int(2));
        memo.put(80_000, Value::Int(3));
        assert_eq!(memo.get(70_000), Some(Value::Int(1)));
        assert_eq!(memo.put(70_000, Value::Int(4)), 3);
        assert_eq!(memo.get(70_000), Some(Value::Int(4)));
        assert_eq!(memo.put(u64::from(u32::MAX), Value::None), 4);
        assert_eq!(memo.get(u64::from(u32::MAX)), Some(Value::None));
    }
}
