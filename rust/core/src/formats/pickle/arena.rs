//! Where the contents of symbolic values stand, in bounded memory.
//!
//! Two generations hold what was made last. When the younger is full the older
//! is forgotten, save for what the stack still holds, which is moved to a third
//! part that lasts as long as the pickle, while there is room. What is forgotten
//! keeps its kind and its class in the value itself; whoever needs more than
//! that is told that it is lost, and says so. An ordinary model never comes so
//! far: a generation is 65,536 containers or 2 MiB of short texts.

use std::collections::BTreeMap;

use super::generation::{Generation, LASTING, NOWHERE, keep, most, push_text};
use super::text::is_dunder;
use super::value::{Class, Kind, LOST, Node, NodeId, PARTIAL, TextId, Value};
use crate::bytes::wide;
use crate::limits::Limits;

/// Nodes of a generation.
const NODES: usize = 64 * 1024;
/// Items of a generation.
const ITEMS: usize = 128 * 1024;
/// Bytes of texts of a generation.
const TEXTS: usize = 2 * 1024 * 1024;

/// Ids begin anew after this one, before they run out: texts of a gigabyte.
const RENEW: u32 = 1 << 30;

/// How deep contents are moved to the part that lasts: a state, the tuple in
/// it, the dtype in that, its arguments.
const DEPTH: u32 = 4;

/// No arguments are kept with an object.
pub(super) const NO_ARGS: u32 = NOWHERE;

/// There is no room: a limit of this name is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Full;

/// Nodes, items and texts of one pickle.
#[derive(Clone, Debug)]
pub struct Arena {
    young: Generation,
    old: Generation,
    lasting: Generation,
    /// Texts that were used as names or words, and where they last.
    words: BTreeMap<u32, TextId>,
    turn_nodes: usize,
    turn_items: usize,
    max_nodes: usize,
    max_texts: usize,
}

impl Arena {
    /// An empty arena with the ceilings of `limits`.
    #[must_use]
    pub fn new(limits: &Limits) -> Self {
        let cap = |n: u64| usize::try_from(n).unwrap_or(usize::MAX).min(0x7fff_ff00);
        Self {
            young: Generation::starting(1),
            old: Generation::starting(1),
            lasting: Generation::starting(LASTING),
            words: BTreeMap::new(),
            turn_nodes: NODES,
            turn_items: ITEMS,
            max_nodes: cap(limits.max_nodes),
            max_texts: cap(limits.max_text_bytes),
        }
    }

    /// Makes room for what a pickle of `len` bytes may hold: to grow by and by costs
    /// a small one a tenth of its time.
    pub fn expect(&mut self, len: u64) {
        let room = |most: usize| usize::try_from(len / 4).unwrap_or(most).min(most);
        self.young.nodes.reserve(room(256));
        self.young.items.reserve(room(1024));
        self.young.texts.reserve(room(1024));
    }

    /// Forgets everything, and keeps the memory.
    pub fn clear(&mut self) {
        self.young.clear(1, 1, 1);
        self.old.clear(1, 1, 1);
        self.lasting.clear(LASTING, LASTING, LASTING);
        self.words.clear();
        (self.turn_nodes, self.turn_items) = (NODES, ITEMS);
    }

    /// Whether the younger generation is full: `turn` is due after this
    /// instruction.
    #[inline]
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.young.nodes.len() >= self.turn_nodes
            || self.young.items.len() >= self.turn_items
            || self.young.texts.len() >= TEXTS
    }

    /// Forgets the older generation, save for what the stack holds.
    #[cold]
    pub fn turn(&mut self, stack: &mut [Value]) {
        for value in stack.iter_mut() {
            if self.is_ageing(*value) {
                *value = self.lasting(*value, DEPTH);
            }
        }
        std::mem::swap(&mut self.young, &mut self.old);
        let (node, item, text) = (self.old.next_node(), self.old.next_item(), self.old.next_text());
        self.young.clear(node, item, text);
        // So that looking at the stack stays small work beside filling a generation.
        self.turn_nodes = NODES.max(stack.len());
        self.turn_items = ITEMS.max(stack.len());
    }

    /// Whether ids run short: `renew` is due.
    #[must_use]
    pub fn is_old(&self) -> bool {
        self.young.first_text.max(self.young.first_node).max(self.young.first_item) >= RENEW
    }

    /// Forgets both generations, save for what the stack holds, and begins
    /// anew with the first ids. Whoever else holds a value must have faded it.
    #[cold]
    pub fn renew(&mut self, stack: &mut [Value]) {
        for value in stack.iter_mut() {
            *value = self.lasting(*value, DEPTH);
        }
        self.young.clear(1, 1, 1);
        self.old.clear(1, 1, 1);
        self.words.clear();
    }

    /// Whether a value's contents are in the generation that goes next.
    fn is_ageing(&self, value: Value) -> bool {
        match value {
            Value::Node(_, _, NodeId(id)) => id >= self.old.first_node && id < self.young.first_node,
            Value::Text(_, TextId(id)) => id >= self.old.first_text && id < self.young.first_text,
            _ => false,
        }
    }

    /// The value, with its contents where they last; without them when there
    /// is no room.
    pub fn lasting(&mut self, value: Value, depth: u32) -> Value {
        let (kind, class, id) = match value {
            Value::Text(dunder, id) => return Value::Text(dunder, self.lasting_text(id)),
            Value::Node(kind, class, id) if id.0 < LASTING => (kind, class, id),
            _ => return value,
        };
        let lost = Value::Node(kind, class, NodeId(NOWHERE));
        let Some(below) = depth.checked_sub(1) else { return lost };
        let Some(mut node) = self.node(id).filter(|_| self.lasting.nodes.len() < self.max_nodes) else { return lost };
        match kind {
            Kind::Long => {}
            Kind::Object => {
                if let Value::Node(_, _, id) =
                    self.lasting(Value::Node(Kind::Tuple, Class::WIDE, NodeId(node.b)), below)
                {
                    node.b = id.0;
                }
            }
            _ if node.flags & PARTIAL == 0 => {
                let mut items = self.items(node).to_vec();
                for item in &mut items {
                    *item = self.lasting(*item, below);
                }
                if self.lasting.items.len().saturating_add(items.len()) > self.max_nodes.saturating_mul(2) {
                    return lost;
                }
                node.a = self.lasting.next_item();
                self.lasting.items.extend_from_slice(&items);
            }
            _ => {}
        }
        let id = self.lasting.next_node();
        self.lasting.nodes.push(node);
        Value::Node(kind, class, NodeId(id))
    }

    fn lasting_text(&mut self, id: TextId) -> TextId {
        if id.0 >= LASTING {
            return id;
        }
        if let Some(&id) = self.words.get(&id.0) {
            return id;
        }
        let Some(text) = self.text(id).map(<[u8]>::to_vec) else { return TextId(NOWHERE) };
        push_text(&mut self.lasting, &text, self.max_texts)
    }

    /// Remembers a text with a meaning: the memo may give it much later.
    pub fn remember(&mut self, value: Value) {
        if let Value::Text(_, id) = value
            && id.0 < LASTING
            && id.0 != NOWHERE
            && self.words.len() < MAX_WORDS
            && !self.words.contains_key(&id.0)
        {
            let lasting = self.lasting_text(id);
            self.words.insert(id.0, lasting);
        }
    }

    /// Adds a node.
    ///
    /// # Errors
    /// `Full` when there are no more ids.
    #[inline]
    pub fn push(&mut self, kind: Kind, class: Class, flags: u8, a: u32, b: u32) -> Result<Value, Full> {
        let id = self.young.next_node();
        if id >= LASTING {
            return Err(Full);
        }
        self.young.nodes.push(Node { kind, flags, a, b });
        Ok(Value::Node(kind, class, NodeId(id)))
    }

    /// Adds a tuple with all its items, or a list, set or dict with its first.
    ///
    /// # Errors
    /// `Full` when there are no more ids.
    #[inline]
    pub fn push_items(&mut self, kind: Kind, flags: u8, items: &[Value]) -> Result<Value, Full> {
        let (a, b, partial) = keep(&mut self.young, kind, items);
        self.push(kind, Class::WIDE, flags | partial, a, b)
    }

    /// Adds items to a list, set or dict: kept when they are its first.
    #[inline]
    pub fn extend(&mut self, id: NodeId, items: &[Value], flags: u8) {
        let Some(node) = self.node(id) else { return };
        if items.is_empty() || node.kind == Kind::Object {
            // An object's words are its class and its arguments.
            return self.flag(id, flags);
        }
        let is_whole = node.flags & PARTIAL == 0;
        let at_end = node.a >= self.young.first_item && node.a.saturating_add(node.b) == self.young.next_item();
        let (a, b, partial) = if is_whole && (node.b == 0 || node.kind == Kind::Dict) {
            let place = if id.0 >= LASTING { &mut self.lasting } else { &mut self.young };
            let kept = usize::try_from(node.b).unwrap_or(usize::MAX);
            if kept == 0 {
                keep(place, node.kind, items)
            } else if at_end && kept.saturating_add(items.len()) <= most(node.kind) {
                // Protocol 0 writes one pair at a time.
                self.young.items.extend_from_slice(items);
                (node.a, u32::try_from(kept.saturating_add(items.len())).unwrap_or(u32::MAX), 0)
            } else {
                // The dict moves to the end: small work, as few items are kept.
                let all = [self.items(node), items].concat();
                let place = if id.0 >= LASTING { &mut self.lasting } else { &mut self.young };
                keep(place, node.kind, &all)
            }
        } else {
            // What is not kept is counted.
            let count = self.count(node).saturating_add(u32::try_from(items.len()).unwrap_or(u32::MAX));
            (count, 0, PARTIAL)
        };
        if let Some(node) = self.node_mut(id) {
            node.flags |= flags | partial;
            (node.a, node.b) = (a, b);
        }
    }

    /// Sets flags of a node.
    #[inline]
    pub fn flag(&mut self, id: NodeId, flags: u8) {
        if flags != 0
            && let Some(node) = self.node_mut(id)
        {
            node.flags |= flags;
        }
    }

    /// How many items a tuple or list was given.
    #[must_use]
    pub const fn count(&self, node: Node) -> u32 {
        if node.flags & PARTIAL == 0 { node.b } else { node.a }
    }

    /// The room for texts that last, in bytes.
    #[must_use]
    pub fn max_text_bytes(&self) -> u64 {
        wide(self.max_texts)
    }

    #[inline]
    fn node(&self, NodeId(id): NodeId) -> Option<Node> {
        if let Some(i) = id.checked_sub(LASTING) {
            return self.lasting.nodes.get(usize::try_from(i).ok()?).copied();
        }
        let from = if id >= self.young.first_node { &self.young } else { &self.old };
        from.nodes.get(usize::try_from(id.checked_sub(from.first_node)?).ok()?).copied()
    }

    #[inline]
    fn node_mut(&mut self, NodeId(id): NodeId) -> Option<&mut Node> {
        if let Some(i) = id.checked_sub(LASTING) {
            return self.lasting.nodes.get_mut(usize::try_from(i).ok()?);
        }
        let from = if id >= self.young.first_node { &mut self.young } else { &mut self.old };
        from.nodes.get_mut(usize::try_from(id.checked_sub(from.first_node)?).ok()?)
    }

    /// The id of the node that is made next.
    pub fn next_id(&self) -> u32 {
        self.young.next_node()
    }

    /// Whether an id is of the part that lasts.
    pub const fn is_lasting(&self, NodeId(id): NodeId) -> bool {
        id >= LASTING
    }

    /// The node of a value, when it is one. Of one that is forgotten, what the
    /// value still says, marked `LOST`.
    #[must_use]
    #[inline]
    pub fn node_of(&self, value: Value) -> Option<Node> {
        let Value::Node(kind, class, id) = value else { return None };
        let lost = Node { kind, flags: LOST | PARTIAL, a: u32::from(class.0), b: NO_ARGS };
        Some(self.node(id).unwrap_or(lost))
    }

    /// The items kept of a tuple, list, set or dict.
    #[must_use]
    pub fn items(&self, node: Node) -> &[Value] {
        if node.flags & PARTIAL != 0 || matches!(node.kind, Kind::Object | Kind::Long) {
            return &[];
        }
        let (from, first) = match node.a {
            LASTING.. => (&self.lasting, LASTING),
            a if a >= self.young.first_item => (&self.young, self.young.first_item),
            _ => (&self.old, self.old.first_item),
        };
        let start = usize::try_from(node.a.saturating_sub(first)).unwrap_or(usize::MAX);
        let len = usize::try_from(node.b).unwrap_or(0);
        from.items.get(start..).and_then(|t| t.get(..len)).unwrap_or(&[])
    }

    /// The arguments an object was made with; `None` when they are not known.
    #[must_use]
    pub fn args(&self, object: Node) -> Option<&[Value]> {
        let node = self.node(NodeId(object.b)).filter(|n| object.b != NO_ARGS && n.kind == Kind::Tuple)?;
        (node.flags & PARTIAL == 0).then(|| self.items(node))
    }

    /// Adds a text; one that is too long is not kept.
    #[inline]
    pub fn push_text(&mut self, text: &[u8]) -> Value {
        let Ok(len) = u8::try_from(text.len()) else { return Value::LongText };
        let id = self.young.next_text();
        if id < LASTING {
            self.young.texts.push(len);
            self.young.texts.extend_from_slice(text);
        }
        Value::Text(is_dunder(text), TextId(if id < LASTING { id } else { NOWHERE }))
    }

    /// Adds a text that stands after its length byte, as SHORT_BINUNICODE has it.
    #[inline]
    pub fn push_counted_text(&mut self, counted: &[u8]) -> Value {
        let id = self.young.next_text();
        if id < LASTING {
            self.young.texts.extend_from_slice(counted);
        }
        let dunder = counted.get(1..).is_some_and(is_dunder);
        Value::Text(dunder, TextId(if id < LASTING { id } else { NOWHERE }))
    }

    /// A kept text.
    #[must_use]
    pub fn text(&self, TextId(id): TextId) -> Option<&[u8]> {
        if id >= LASTING {
            return self.lasting.text(id);
        }
        if id >= self.young.first_text {
            return self.young.text(id);
        }
        self.old.text(id).or_else(|| self.lasting.text(self.words.get(&id)?.0))
    }

    /// The text a value is, when it is one that is kept.
    #[must_use]
    pub fn text_of(&self, value: Value) -> Option<&[u8]> {
        match value {
            Value::Text(_, id) => self.text(id),
            _ => None,
        }
    }

    /// Whether a value's contents are forgotten.
    #[must_use]
    pub fn is_lost(&self, value: Value) -> bool {
        match value {
            Value::Text(_, id) => self.text(id).is_none(),
            Value::Node(_, _, id) => self.node(id).is_none(),
            _ => false,
        }
    }

    /// The value as the memo keeps it once its turn is long over: what it is,
    /// without its contents, unless they last.
    #[must_use]
    pub fn faded(&self, value: Value) -> Value {
        match value {
            Value::Text(dunder, id) if id.0 < LASTING => {
                Value::Text(dunder, self.words.get(&id.0).copied().unwrap_or(TextId(NOWHERE)))
            }
            Value::Node(kind, class, id) if id.0 < LASTING => Value::Node(kind, class, NodeId(NOWHERE)),
            // numpy's arrays are made with one byte, fetched from the memo.
            Value::Bytes(n) if n != 1 => Value::Bytes(u32::MAX),
            // No pickler puts a number into the memo.
            Value::Int(_) => Value::HugeLong,
            _ => value,
        }
    }

    /// An int of any width that fits.
    ///
    /// # Errors
    /// `Full` when there are no more ids.
    #[inline]
    pub fn push_int(&mut self, n: i64) -> Result<Value, Full> {
        match i32::try_from(n) {
            Ok(n) => Ok(Value::Int(n)),
            Err(_) => {
                let [a0, a1, a2, a3, b0, b1, b2, b3] = n.to_le_bytes();
                let (a, b) = (u32::from_le_bytes([a0, a1, a2, a3]), u32::from_le_bytes([b0, b1, b2, b3]));
                self.push(Kind::Long, Class::WIDE, 0, a, b)
            }
        }
    }

    /// The int a value is, when it is one of 64 bits.
    #[must_use]
    pub fn int(&self, value: Value) -> Option<i64> {
        match value {
            Value::Int(n) => Some(i64::from(n)),
            Value::Node(Kind::Long, _, id) => {
                let Node { a, b, .. } = self.node(id)?;
                Some((u64::from(b) << 32 | u64::from(a)).cast_signed())
            }
            _ => None,
        }
    }
}

/// Texts remembered in one pickle.
const MAX_WORDS: usize = 100_000;

#[cfg(test)]
mod tests {
    use super::*;

    fn arena() -> Arena {
        Arena::new(&Limits::default())
    }

    #[test]
    fn ints_of_every_width_come_back() {
        let mut arena = arena();
        for n in [0, -1, i64::from(i32::MIN), i64::from(i32::MAX), i64::MAX, i64::MIN, 1 << 40] {
            assert_eq!(arena.push_int(n).ok().and_then(|v| arena.int(v)), Some(n));
        }
    }

    #[test]
    fn what_the_stack_holds_lasts_and_the_rest_keeps_its_kind() -> Result<(), Full> {
        let mut arena = arena();
        let text = arena.push_text(b"__class__");
        let held = arena.push_items(Kind::Tuple, 0, &[text, Value::Int(1)])?;
        let dropped = arena.push_items(Kind::Dict, 0, &[text, Value::Int(2)])?;
        let word = arena.push_text(b"latin1");
        arena.remember(word);
        let mut stack = [held];
        for _ in 0..3 {
            while !arena.is_full() {
                arena.push(Kind::List, Class::WIDE, 0, 0, 0)?;
            }
            arena.turn(&mut stack);
            arena.push_text(&[b'x'; 200]);
        }
        let [held] = stack;
        let items = arena.node_of(held).map(|n| arena.items(n).to_vec()).unwrap_or_default();
        assert_eq!(items.first().and_then(|t| arena.text_of(*t)), Some(&b"__class__"[..]));
        assert_eq!(items.get(1), Some(&Value::Int(1)));
        assert!(arena.is_lost(dropped) && !arena.is_lost(held));
        assert!(arena.node_of(dropped).is_some_and(|n| n.kind == Kind::Dict && n.flags & LOST != 0));
        assert_eq!(arena.text_of(word), Some(&b"latin1"[..]));
        assert!(matches!(text, Value::Text(true, _)));
        Ok(())
    }

    #[test]
    fn ids_that_begin_anew_name_nothing_old() -> Result<(), Full> {
        let mut arena = arena();
        arena.young.clear(RENEW, RENEW, RENEW);
        assert!(arena.is_old());
        let held = arena.push_text(b"held");
        let word = arena.push_text(b"latin1");
        arena.remember(word);
        let (dropped, list) = (arena.push_text(b"dropped"), arena.push_items(Kind::List, 0, &[held])?);
        let faded = [word, dropped, list].map(|value| arena.faded(value));
        let mut stack = [held, list];
        arena.renew(&mut stack);
        assert!(!arena.is_old());
        for _ in 0..9 {
            arena.push_text(b"another");
            arena.push(Kind::Dict, Class::WIDE, 0, 0, 0)?;
        }
        let [held, list] = stack;
        assert_eq!(arena.text_of(held), Some(&b"held"[..]));
        assert_eq!(arena.node_of(list).map(|n| arena.items(n).len()), Some(1));
        let [word, dropped, list] = faded;
        assert_eq!(arena.text_of(word), Some(&b"latin1"[..]));
        assert!(arena.is_lost(dropped) && arena.is_lost(list));
        Ok(())
    }
}
