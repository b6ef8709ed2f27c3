//! What an unpickler would hold: the shapes on the stack, the marks, the memo.
//!
//! It knows as much as decides whether the C unpickler goes on: what takes
//! items, what can be called, what can be a key. It does not know values.

use std::collections::BTreeMap;

/// What a value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// None, a boolean, a number, bytes: nothing can be done with it.
    Plain,
    /// A text.
    Text,
    /// A bytearray: plain, but no key.
    ByteArray,
    /// A tuple.
    Tuple,
    /// A list.
    List,
    /// A dict, and whether all its keys are texts.
    Dict(bool),
    /// A set.
    Set,
    /// An imported name.
    Name,
    /// What a call or a persistent load gave.
    Object,
}

/// A value: its shape, and whether it can be a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Item {
    pub(super) shape: Shape,
    pub(super) hashable: bool,
}

impl Item {
    pub(super) const fn of(shape: Shape) -> Self {
        let hashable = !matches!(shape, Shape::ByteArray | Shape::List | Shape::Dict(_) | Shape::Set);
        Self { shape, hashable }
    }

    /// Whether APPEND and APPENDS go on with it as their target.
    pub(super) const fn takes_appends(self) -> bool {
        matches!(self.shape, Shape::List | Shape::Object)
    }

    /// Whether SETITEM and SETITEMS do.
    pub(super) const fn takes_pairs(self) -> bool {
        matches!(self.shape, Shape::Dict(_) | Shape::Object)
    }

    /// Whether ADDITEMS does.
    pub(super) const fn takes_members(self) -> bool {
        matches!(self.shape, Shape::Set | Shape::Object)
    }
}

/// The state of an unpickler between two instructions.
#[derive(Debug, Default)]
pub(super) struct Model {
    stack: Vec<Item>,
    marks: Vec<usize>,
    memo: BTreeMap<u64, Item>,
}

impl Model {
    pub(super) fn push(&mut self, item: Item) {
        self.stack.push(item);
    }

    /// Takes the top value, if one lies above the innermost mark.
    pub(super) fn pop(&mut self) -> Option<Item> {
        if self.height() == 0 { None } else { self.stack.pop() }
    }

    /// The value `down` places below the top, above the innermost mark.
    pub(super) fn peek(&self, down: usize) -> Option<Item> {
        if down >= self.height() {
            return None;
        }
        self.stack.iter().rev().nth(down).copied()
    }

    /// The value under the innermost mark.
    pub(super) fn under_mark(&self) -> Option<Item> {
        let (&at, outer) = self.marks.split_last()?;
        let fence = outer.last().copied().unwrap_or(0);
        if at > fence { self.stack.get(at.checked_sub(1)?).copied() } else { None }
    }

    /// Changes the value under the innermost mark, or the top one.
    pub(super) fn change(&mut self, under_mark: bool, shape: Shape) {
        let at = if under_mark { self.marks.last().copied() } else { Some(self.stack.len()) };
        if let Some(item) = at.and_then(|at| at.checked_sub(1)).and_then(|at| self.stack.get_mut(at)) {
            *item = Item::of(shape);
        }
    }

    /// Values above the innermost mark.
    pub(super) fn height(&self) -> usize {
        self.stack.len().saturating_sub(self.marks.last().copied().unwrap_or(0))
    }

    /// Values above the innermost mark, lowest first.
    pub(super) fn above(&self) -> &[Item] {
        self.stack.get(self.marks.last().copied().unwrap_or(0)..).unwrap_or(&[])
    }

    pub(super) fn mark(&mut self) {
        self.marks.push(self.stack.len());
    }

    /// Open marks.
    pub(super) fn depth(&self) -> usize {
        self.marks.len()
    }

    /// Takes the innermost mark and all above it.
    pub(super) fn pop_mark(&mut self) -> Vec<Item> {
        match self.marks.pop() {
            Some(at) => self.stack.split_off(at.min(self.stack.len())),
            None => Vec::new(),
        }
    }

    /// Takes the innermost mark alone.
    pub(super) fn drop_mark(&mut self) {
        self.marks.pop();
    }

    /// Slots of the memo in use: the index that MEMOIZE writes.
    pub(super) fn memo_len(&self) -> u64 {
        u64::try_from(self.memo.len()).unwrap_or(u64::MAX)
    }

    /// Writes the top value into a slot.
    pub(super) fn put(&mut self, index: u64) {
        if let Some(item) = self.peek(0) {
            self.memo.insert(index, item);
        }
    }

    /// Pushes the value of a slot.
    pub(super) fn get(&mut self, index: u64) {
        if let Some(&item) = self.memo.get(&index) {
            self.push(item);
        }
    }

    /// The slots that hold a value of which `wanted` holds.
    pub(super) fn slots(&self, wanted: impl Fn(Item) -> bool) -> Vec<u64> {
        self.memo.iter().filter(|(_, item)| wanted(**item)).map(|(index, _)| *index).collect()
    }
}
