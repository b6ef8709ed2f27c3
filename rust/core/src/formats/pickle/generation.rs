//! What was made one after the other: nodes, their items, and short texts.
//!
//! `arena` holds several and decides what becomes of them. An id says nothing
//! but how many came before; whoever has one asks the generation it is of.

use super::value::{Kind, MAX_TEXT, Node, PARTIAL, TextId, Value};

/// Items kept of a list or set. Tuples are kept whole, as they are arguments,
/// and dicts longer, as they are states: an estimator has sixty attributes.
const MAX_KEPT: usize = 32;
const MAX_PAIRED: usize = 256;

/// Ids from here on are of the part that lasts.
pub(super) const LASTING: u32 = 1 << 31;
/// The id of nothing: below every generation.
pub(super) const NOWHERE: u32 = 0;

/// Nodes, items and texts that came one after the other.
#[derive(Clone, Debug, Default)]
pub(super) struct Generation {
    pub(super) nodes: Vec<Node>,
    pub(super) items: Vec<Value>,
    pub(super) texts: Vec<u8>,
    /// Ids of the first node, item and byte of text.
    pub(super) first_node: u32,
    pub(super) first_item: u32,
    pub(super) first_text: u32,
}

impl Generation {
    pub(super) const fn starting(first: u32) -> Self {
        Self {
            nodes: Vec::new(),
            items: Vec::new(),
            texts: Vec::new(),
            first_node: first,
            first_item: first,
            first_text: first,
        }
    }

    pub(super) fn clear(&mut self, node: u32, item: u32, text: u32) {
        self.nodes.clear();
        self.items.clear();
        self.texts.clear();
        (self.first_node, self.first_item, self.first_text) = (node, item, text);
    }

    #[inline]
    pub(super) fn next_node(&self) -> u32 {
        next(self.first_node, self.nodes.len())
    }

    #[inline]
    pub(super) fn next_item(&self) -> u32 {
        next(self.first_item, self.items.len())
    }

    #[inline]
    pub(super) fn next_text(&self) -> u32 {
        next(self.first_text, self.texts.len())
    }

    pub(super) fn text(&self, id: u32) -> Option<&[u8]> {
        let start = usize::try_from(id.checked_sub(self.first_text)?).ok()?;
        let (&len, rest) = self.texts.get(start..)?.split_first()?;
        rest.get(..usize::from(len))
    }
}

/// The id after `len` from `first`; `u32::MAX` when there is none.
#[inline]
fn next(first: u32, len: usize) -> u32 {
    u32::try_from(len).map_or(u32::MAX, |len| first.saturating_add(len))
}

/// How many items are kept of a kind of container.
pub(super) const fn most(kind: Kind) -> usize {
    match kind {
        Kind::Tuple => usize::MAX,
        Kind::Dict => MAX_PAIRED,
        _ => MAX_KEPT,
    }
}

/// Puts items where they belong: first item, number, flags.
#[inline]
pub(super) fn keep(place: &mut Generation, kind: Kind, items: &[Value]) -> (u32, u32, u8) {
    let a = place.next_item();
    let fits = items.len() <= most(kind);
    match u32::try_from(items.len()) {
        Ok(b) if fits && (a < LASTING || place.first_item == LASTING) && a != u32::MAX => {
            place.items.extend_from_slice(items);
            (a, b, 0)
        }
        len => (len.unwrap_or(u32::MAX), 0, PARTIAL),
    }
}

pub(super) fn push_text(place: &mut Generation, text: &[u8], max: usize) -> TextId {
    let id = place.next_text();
    match u8::try_from(text.len()) {
        Ok(len) if place.texts.len() < max && text.len() <= MAX_TEXT => {
            place.texts.push(len);
            place.texts.extend_from_slice(text);
            TextId(id)
        }
        _ => TextId(NOWHERE),
    }
}
