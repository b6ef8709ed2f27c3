//! The keys of a state: attributes that a pickle sets.
//!
//! A key that begins and ends with two underscores may replace a class or a
//! method, and one that is computed may be any. What stands under a key is held
//! against the entry of the class, where that says so.

use super::machine::Machine;
use super::opcode::Opcode;
use super::value::{DUNDER_KEY, Kind, LOST, OPAQUE_KEY, PARTIAL, Value};
use crate::bytes::Span;
use crate::observe::{Observation, Outbox, What};
use crate::spec::Spec;

impl Machine {
    /// Whether the values of a state are of the kinds that its class's entry
    /// says for their keys.
    pub(super) fn keys_fit(&self, spec: &Spec, state: Value, depth: u32) -> bool {
        if (spec.keys.is_empty() && !spec.closed) || state == Value::None {
            return true;
        }
        let Some(node) = self.arena.node_of(state).filter(|n| n.kind == Kind::Dict && n.flags & PARTIAL == 0) else {
            return false;
        };
        self.arena.items(node).chunks(2).all(|pair| {
            let &[key, value] = pair else { return false };
            let Value::Text(..) = key else { return !spec.closed };
            // A key that is not known any more may be any.
            let Some(text) = self.arena.text_of(key) else { return false };
            let mut said = spec.keys.iter().filter(|(name, _)| name.as_bytes() == text).peekable();
            (said.peek().is_some() || !spec.closed) && said.all(|(_, param)| self.fits_keyed(spec, param, value, depth))
        })
    }

    /// Reports a state that would set a dunder attribute, or a computed one.
    pub(super) fn check_keys(&self, state: Value, name: &str, class: Option<u32>, span: Span, out: &mut Outbox) {
        let flags = self.state_flags(state);
        if flags & LOST != 0 {
            self.lost(span, out);
        }
        if flags & (DUNDER_KEY | OPAQUE_KEY) != 0 {
            self.observe_keys(flags, name, Opcode::BUILD, class, span, out);
        }
    }

    pub(super) fn observe_keys(
        &self,
        flags: u8,
        name: &str,
        code: Opcode,
        class: Option<u32>,
        span: Span,
        out: &mut Outbox,
    ) {
        let opcode = code.name();
        let mut seen = Observation::new(What::DunderState { name: name.to_owned(), opcode }, span);
        seen.imported = class.and_then(|class| self.imported_at(class)).map(|i| i.global.span.start);
        let dunder = flags & DUNDER_KEY != 0;
        seen.found = if dunder { DUNDER_FOUND } else { "a key that is computed" }.to_owned();
        out.observe(seen);
    }

    /// Flags of the keys of a state: a dict, or a pair of two.
    pub(super) fn state_flags(&self, state: Value) -> u8 {
        match self.arena.node_of(state) {
            Some(node) if node.kind == Kind::Tuple && node.b == 2 => {
                self.arena.items(node).iter().fold(0, |flags, &v| flags | self.key_flags_of(v))
            }
            _ => self.key_flags_of(state),
        }
    }

    /// Flags of the keys of a mapping. One made by a call from something has
    /// keys that were not seen.
    pub(super) fn key_flags_of(&self, mapping: Value) -> u8 {
        if matches!(mapping, Value::Computed(_)) {
            return OPAQUE_KEY;
        }
        let Some(node) = self.arena.node_of(mapping) else { return 0 };
        // Only what takes items is a mapping. What a name that is not allowed
        // makes may be one too: that name was told when it was called.
        let is_mapping = node.kind == Kind::Object && self.spec_of(node.a).is_some_and(|s| s.items);
        let unseen = is_mapping && self.arena.args(node).is_none_or(|args| !args.is_empty());
        node.flags & (DUNDER_KEY | OPAQUE_KEY | LOST) | if unseen && node.flags & LOST == 0 { OPAQUE_KEY } else { 0 }
    }

    /// Remembers the keys of a state: other objects of the class fetch them
    /// from the memo.
    pub(super) fn remember_keys(&mut self, state: Value) {
        let node = self.arena.node_of(state).filter(|n| n.kind == Kind::Dict);
        let keys: Vec<Value> =
            node.map(|n| self.arena.items(n).iter().step_by(2).copied().collect()).unwrap_or_default();
        keys.into_iter().for_each(|key| self.arena.remember(key));
    }
}

/// Which dangerous keys stand among pairs.
#[inline]
pub(super) fn key_flags(pairs: &[Value]) -> u8 {
    let mut flags = 0;
    for key in pairs.iter().step_by(2) {
        flags |= match key {
            Value::Text(true, _) => DUNDER_KEY,
            Value::Opaque | Value::Computed(_) | Value::Node(Kind::Object, ..) => OPAQUE_KEY,
            _ => 0,
        };
    }
    flags
}

/// What is told of a state with a key that begins and ends with two
/// underscores.
pub(super) const DUNDER_FOUND: &str = "a key such as __class__";
