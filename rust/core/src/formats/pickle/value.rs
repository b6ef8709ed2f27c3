//! Symbolic values: what an unpickler would hold, as far as a verdict needs it.
//!
//! A value is eight bytes. What a container holds stands in the arena; the
//! value itself says what it is, so that it can be judged after the arena has
//! forgotten the rest.

/// A value on the stack or in the memo.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Value {
    /// None
    None,
    /// True or False
    Bool(bool),
    /// An int of 32 bits
    Int(i32),
    /// An int wider than 64 bits
    HugeLong,
    /// A float
    Float,
    /// bytes or bytearray, and how many (up to `u32::MAX`, which may also mean
    /// that it is not known)
    Bytes(u32),
    /// A short text, and whether it starts and ends with two underscores
    Text(bool, TextId),
    /// A text that was too long to keep
    LongText,
    /// An imported name, by its index
    Global(u32),
    /// A torch storage, by its index
    Storage(u32),
    /// Something in the arena: what it is, its class, where it is
    Node(Kind, Class, NodeId),
    /// The result of calling something that is no global, and which one
    Computed(u32),
    /// Something the pickle did not make and that has no name
    Opaque,
    /// Something that the memo forgot altogether; never on the stack
    Forgotten,
}

/// A text of the arena.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TextId(pub(super) u32);

/// A node of the arena.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NodeId(pub(super) u32);

/// The index of an object's class among the imported names, when it is small
/// enough to stand in a value; `Class::WIDE` when it is not, or of no object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Class(pub(super) u16);

impl Class {
    /// Not said here.
    pub const WIDE: Self = Self(u16::MAX);

    /// The class of an index.
    pub(super) fn of(index: u32) -> Self {
        u16::try_from(index).map_or(Self::WIDE, Self)
    }
}

/// What a node is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// An int that needs 64 bits
    Long,
    /// A tuple; its items are kept unless there are too many
    Tuple,
    /// A list made by this pickle
    List,
    /// A dict made by this pickle
    Dict,
    /// A set made by this pickle
    Set,
    /// A frozenset made by this pickle
    FrozenSet,
    /// The result of calling global `a` with the tuple at node `b`
    Object,
}

/// The dict holds a key that starts and ends with two underscores.
pub const DUNDER_KEY: u8 = 1;
/// The dict holds a key that is not a text of this pickle.
pub const OPAQUE_KEY: u8 = 2;
/// The items are not all kept.
pub const PARTIAL: u8 = 4;
/// It is a dtype whose elements hold references.
pub const REFERENCES: u8 = 8;
/// What it holds is not known any more, only what it is.
pub const LOST: u8 = 16;
/// The object was given a state whose keys may stand for its methods.
pub const PLANTED: u8 = 32;

/// It holds a value that stands apart.
pub const APART: u8 = 64;

/// A node: what it is, and two words whose meaning `Kind` gives.
#[derive(Clone, Copy, Debug)]
pub struct Node {
    /// What it is.
    pub kind: Kind,
    /// `DUNDER_KEY`, `OPAQUE_KEY`, `PARTIAL`, `REFERENCES`, `LOST`, `PLANTED`,
    /// `APART`.
    pub flags: u8,
    /// First item; of a partial container, how many it was given; of an object,
    /// the index of its class; low half of a long.
    pub a: u32,
    /// Number of items kept; of a partial container 0; of an object, its
    /// arguments; high half of a long.
    pub b: u32,
}

/// Longest text that is kept: a length byte says how long. No module or
/// qualified name of a published library comes near it.
pub const MAX_TEXT: usize = 255;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_eight_bytes() {
        assert_eq!(std::mem::size_of::<Value>(), 8);
    }
}
