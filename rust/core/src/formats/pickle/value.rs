//! Symbolic values: what an unpickler would hold, as far as a verdict needs it.
//!
//! A value is eight bytes. Containers, tuples, globals and objects stand in an
//! arena by number, so nothing recurses and nothing is owned by a value.

use crate::bytes::wide;
use crate::limits::Limits;

/// A value on the stack or in the memo.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Value {
    /// None
    None,
    /// True or False
    Bool(bool),
    /// An int of 32 bits; a wider one is a node.
    Int(i32),
    /// A float
    Float,
    /// bytes or bytearray, and how many (up to `u32::MAX`)
    Bytes(u32),
    /// A short text, kept
    Text(TextId),
    /// A text that was too long to keep
    LongText,
    /// Something in the arena
    Node(NodeId),
    /// Something the pickle did not make and that has no name
    Opaque,
}

/// A kept text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TextId(u32);

/// A node of the arena.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NodeId(u32);

impl NodeId {
    /// The node at an index that `index` gave.
    pub(super) const fn at(index: u32) -> Self {
        Self(index)
    }

    /// Its index, to keep in another node.
    pub(super) const fn index(self) -> u32 {
        self.0
    }
}

/// What a node is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// An int that needs 64 bits
    Long,
    /// An int wider than that
    HugeLong,
    /// A tuple; its items are kept unless the arena was full
    Tuple,
    /// A list made by this pickle
    List,
    /// A dict made by this pickle
    Dict,
    /// A set made by this pickle
    Set,
    /// A frozenset made by this pickle
    FrozenSet,
    /// An imported name; `a` is its index
    Global,
    /// The result of calling global `a`
    Object,
    /// The result of calling something that is no global
    Computed,
    /// A torch storage
    Storage,
}

/// The dict holds a key that starts with two underscores.
pub const DUNDER_KEY: u8 = 1;
/// The dict holds a key that is not a text of this pickle.
pub const OPAQUE_KEY: u8 = 2;
/// The items are not all kept.
pub const PARTIAL: u8 = 4;
/// It is a dtype whose elements hold references.
pub const REFERENCES: u8 = 8;

/// A node: what it is, and two words whose meaning `Kind` gives.
#[derive(Clone, Copy, Debug)]
pub struct Node {
    /// What it is.
    pub kind: Kind,
    /// `DUNDER_KEY`, `OPAQUE_KEY`, `PARTIAL`, `REFERENCES`.
    pub flags: u8,
    /// First item; of a partial container, how many it was given; index of
    /// the global; low half of a long.
    pub a: u32,
    /// Number of items kept; of a partial container 0; high half of a long.
    pub b: u32,
}

/// A key was a text that there was no room to keep.
pub const LOST_KEY: u8 = 16;

/// Longest text that is kept: a length byte says how long. No module or
/// qualified name of a published library comes near it.
pub const MAX_TEXT: usize = 255;

/// Items kept of a list, set or dict: enough for the attributes of a wrapper,
/// the fields of a structured dtype and an explanation. Tuples are kept whole,
/// as they are arguments.
const MAX_KEPT: usize = 32;

/// Nodes, items and texts of one pickle.
#[derive(Debug, Default)]
pub struct Arena {
    nodes: Vec<Node>,
    items: Vec<Value>,
    texts: Vec<u8>,
    max_nodes: usize,
    max_texts: usize,
}

/// The arena is full.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Full;

impl Arena {
    /// An empty arena with the ceilings of `limits`.
    #[must_use]
    pub fn new(limits: &Limits) -> Self {
        let cap = |n: u64| usize::try_from(n).unwrap_or(usize::MAX).min(0xffff_ff00);
        Self { max_nodes: cap(limits.max_nodes), max_texts: cap(limits.max_text_bytes), ..Self::default() }
    }

    /// Forgets everything, and keeps the memory.
    pub fn clear(&mut self) {
        self.nodes.clear();
        self.items.clear();
        self.texts.clear();
    }

    /// Adds a node.
    ///
    /// # Errors
    /// `Full` at the ceiling of nodes.
    #[inline]
    pub fn push(&mut self, kind: Kind, flags: u8, a: u32, b: u32) -> Result<Value, Full> {
        if self.nodes.len() >= self.max_nodes {
            return Err(Full);
        }
        let id = u32::try_from(self.nodes.len()).map_err(|_| Full)?;
        self.nodes.push(Node { kind, flags, a, b });
        Ok(Value::Node(NodeId(id)))
    }

    /// Adds a tuple with all its items, or a list, set or dict with its first.
    ///
    /// # Errors
    /// `Full` at the ceiling of nodes.
    #[inline]
    pub fn push_items(&mut self, kind: Kind, items: &[Value]) -> Result<Value, Full> {
        let (a, b, flags) = self.keep(kind, items);
        self.push(kind, flags, a, b)
    }

    fn keep(&mut self, kind: Kind, items: &[Value]) -> (u32, u32, u8) {
        let kept =
            if kind == Kind::Tuple || items.len() <= MAX_KEPT { items } else { items.get(..MAX_KEPT).unwrap_or(&[]) };
        if kept.len() < items.len() {
            return (u32::try_from(items.len()).unwrap_or(u32::MAX), 0, PARTIAL);
        }
        // Items are bounded as nodes are: four to a node is the most seen in
        // dense pickles, and beyond it the tuple says it is partial.
        if self.items.len().saturating_add(kept.len()) > self.max_nodes.saturating_mul(2) {
            return (u32::try_from(items.len()).unwrap_or(u32::MAX), 0, PARTIAL);
        }
        let a = u32::try_from(self.items.len()).unwrap_or(u32::MAX);
        self.items.extend_from_slice(kept);
        (a, u32::try_from(kept.len()).unwrap_or(0), 0)
    }

    /// Adds items to a list, set or dict: kept when they are its first.
    #[inline]
    pub fn extend(&mut self, id: NodeId, items: &[Value]) {
        if items.is_empty() {
            return;
        }
        let Some(node) = self.node(id) else { return };
        let is_whole = node.flags & PARTIAL == 0;
        let (a, b, flags) = if node.b == 0 && is_whole {
            self.keep(node.kind, items)
        } else if is_whole && node.kind == Kind::Dict {
            // Protocol 0 writes one pair at a time: the dict moves to the end
            // of the arena, which is small work as few items are kept.
            let all = [self.items(node), items].concat();
            self.keep(node.kind, &all)
        } else {
            // What is not kept is counted.
            let count = self.count(node).saturating_add(u32::try_from(items.len()).unwrap_or(u32::MAX));
            (count, 0, PARTIAL)
        };
        // An object's `a` is its global: its items are never kept.
        let keep = !matches!(node.kind, Kind::Object);
        if let Some(node) = self.node_mut(id) {
            node.flags |= flags;
            if keep {
                (node.a, node.b) = (a, b);
            }
        }
    }

    /// How many items a tuple or list was given.
    #[must_use]
    pub const fn count(&self, node: Node) -> u32 {
        if node.flags & PARTIAL == 0 { node.b } else { node.a }
    }

    /// Whether a text was not kept for want of room.
    #[must_use]
    pub fn texts_full(&self) -> bool {
        self.texts.len() >= self.max_texts
    }

    /// The room for texts, in bytes.
    #[must_use]
    pub fn max_text_bytes(&self) -> u64 {
        wide(self.max_texts)
    }

    /// The node of an id.
    #[must_use]
    #[inline]
    pub fn node(&self, id: NodeId) -> Option<Node> {
        self.nodes.get(usize::try_from(id.0).ok()?).copied()
    }

    /// The node of an id, to set its flags.
    #[inline]
    pub fn node_mut(&mut self, id: NodeId) -> Option<&mut Node> {
        self.nodes.get_mut(usize::try_from(id.0).ok()?)
    }

    /// The node of a value, when it is one.
    #[must_use]
    #[inline]
    pub fn node_of(&self, value: Value) -> Option<Node> {
        match value {
            Value::Node(id) => self.node(id),
            _ => None,
        }
    }

    /// The items kept of a tuple, list, set or dict.
    #[must_use]
    pub fn items(&self, node: Node) -> &[Value] {
        if matches!(node.kind, Kind::Tuple | Kind::List | Kind::Dict | Kind::Set | Kind::FrozenSet) {
            let start = usize::try_from(node.a).unwrap_or(usize::MAX);
            let len = usize::try_from(node.b).unwrap_or(0);
            return self.items.get(start..).and_then(|t| t.get(..len)).unwrap_or(&[]);
        }
        &[]
    }

    /// Adds a text; one that is too long, or comes when the pool is full, is
    /// not kept.
    #[inline]
    pub fn push_text(&mut self, text: &[u8]) -> Value {
        let Ok(len) = u8::try_from(text.len()) else { return Value::LongText };
        if self.texts.len() >= self.max_texts {
            return Value::LongText;
        }
        let Ok(id) = u32::try_from(self.texts.len()) else { return Value::LongText };
        self.texts.push(len);
        self.texts.extend_from_slice(text);
        Value::Text(TextId(id))
    }

    /// A kept text.
    #[must_use]
    pub fn text(&self, id: TextId) -> &[u8] {
        let tail = usize::try_from(id.0).ok().and_then(|i| self.texts.get(i..));
        match tail.and_then(<[u8]>::split_first) {
            Some((&len, rest)) => rest.get(..usize::from(len)).unwrap_or(&[]),
            None => &[],
        }
    }

    /// An int of any width that fits.
    ///
    /// # Errors
    /// `Full` at the ceiling of nodes.
    #[inline]
    pub fn push_int(&mut self, n: i64) -> Result<Value, Full> {
        match i32::try_from(n) {
            Ok(n) => Ok(Value::Int(n)),
            Err(_) => {
                let [a0, a1, a2, a3, b0, b1, b2, b3] = n.to_le_bytes();
                let (a, b) = (u32::from_le_bytes([a0, a1, a2, a3]), u32::from_le_bytes([b0, b1, b2, b3]));
                self.push(Kind::Long, 0, a, b)
            }
        }
    }

    /// The int a value is, when it is one of 64 bits.
    #[must_use]
    pub fn int(&self, value: Value) -> Option<i64> {
        match value {
            Value::Int(n) => Some(i64::from(n)),
            Value::Node(id) => match self.node(id)? {
                Node { kind: Kind::Long, a, b, .. } => Some((u64::from(b) << 32 | u64::from(a)).cast_signed()),
                _ => None,
            },
            _ => None,
        }
    }

    /// The text a value is, when it is one that was kept.
    #[must_use]
    pub fn text_of(&self, value: Value) -> Option<&[u8]> {
        match value {
            Value::Text(id) => Some(self.text(id)),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_eight_bytes() {
        assert_eq!(std::mem::size_of::<Value>(), 8);
    }

    #[test]
    fn ints_of_every_width_come_back() {
        let mut arena = Arena::new(&Limits::default());
        for n in [0, -1, i64::from(i32::MIN), i64::from(i32::MAX), i64::MAX, i64::MIN, 1 << 40] {
            assert_eq!(arena.push_int(n).ok().and_then(|v| arena.int(v)), Some(n));
        }
    }
}
