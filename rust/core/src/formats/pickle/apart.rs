//! Values that stand apart: handed to nothing but what asks for them by tag.
//!
//! A frame of pandas answers for an attribute it does not have with what its
//! labels say, so that numpy, asked to make an array of one, takes a label
//! `__array_interface__` for an address in memory. Its parts, taken out of
//! their order, index memory that is not theirs. So an entry with a tag makes
//! values that may stand in the pickle's own containers, and in a call or a
//! state only where the entry says `#tag`.
//!
//! Containers are held by reference: whatever exists when such a value is
//! written somewhere may hold it from then on. Nothing is walked: a container
//! of before that time counts as one that does, unless all it holds is plain.

use super::machine::Machine;
use super::value::{APART, Kind, LOST, Node, PARTIAL, PLANTED, Value};
use crate::spec::{Kinds, Param, Spec};

/// How deep mappings stand in a state: pandas puts lists of them under a
/// version, in a mapping, in a tuple.
pub(super) const MAX_KEYED: u32 = 4;

/// What a machine knows of values that stand apart.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Apart {
    /// One was made in this pickle.
    made: bool,
    /// One was made in a pickle inside this one, which is an array here.
    in_arrays: bool,
    /// Nodes before this one existed when one was last written into another.
    before: u32,
}

impl Apart {
    /// Whether none was made: nothing needs to be looked at.
    #[inline]
    pub(super) const fn is_none(self) -> bool {
        !self.made
    }

    /// What is known after a pickle inside this one.
    pub(super) const fn after(self, inner: Self) -> Self {
        Self { made: self.made || inner.made, in_arrays: self.in_arrays || inner.made, before: self.before }
    }
}

impl Machine {
    /// Notes what a call made, by its class.
    pub(super) fn note_made(&mut self, class: u32) {
        if self.spec_of(class).is_some_and(|s| s.tag.is_some()) {
            self.apart.made = true;
        }
    }

    /// Notes that values are written into a container.
    pub(super) fn note_apart(&mut self, items: &[Value]) {
        if items.iter().any(|&v| self.is_apart(v)) {
            self.apart.before = self.arena.next_id();
        }
    }

    /// The flag of a new container with these items.
    pub(super) fn apart_flag(&self, items: &[Value]) -> u8 {
        if items.iter().any(|&v| self.is_apart(v)) { APART } else { 0 }
    }

    /// Nodes were numbered anew: all that there are count as holding one.
    pub(super) fn renumbered(&mut self) {
        self.apart.before = if self.apart.made { self.arena.next_id() } else { 0 };
    }

    /// Whether a value stands apart, or may hold one that does.
    pub(super) fn is_apart(&self, value: Value) -> bool {
        let Some(node) = self.arena.node_of(value).filter(|_| self.apart.made) else { return false };
        match node.kind {
            Kind::Long => false,
            Kind::Object => {
                let Some(spec) = self.class_of(value).map(|class| self.spec_of(class)) else { return true };
                // What a name that is not allowed makes was told.
                let Some(spec) = spec else { return false };
                spec.tag.is_some()
                    || (self.apart.in_arrays && spec.gives.has(Kinds::ARRAY))
                    || ((spec.items || spec.append) && self.is_before(value, node))
            }
            _ => self.is_before(value, node) && self.may_hold(node),
        }
    }

    fn is_before(&self, value: Value, node: Node) -> bool {
        let Value::Node(_, _, id) = value else { return false };
        let written = self.apart.before > 0 && (id.0 < self.apart.before || self.arena.is_lasting(id));
        node.flags & (APART | LOST) != 0 || written
    }

    /// What is known to hold nothing but plain values holds none now.
    fn may_hold(&self, node: Node) -> bool {
        let is_plain = |v: &Value| matches!(v, Value::Node(Kind::Long, ..)) || !matches!(v, Value::Node(..));
        node.flags & PARTIAL != 0 || !self.arena.items(node).iter().all(is_plain)
    }

    /// Whether a parameter asks for a value that stands apart. `any` does: no
    /// entry of ours says it, and whoever writes it vouches for the name.
    pub(super) fn fits_apart(&self, param: &Param, value: Value) -> bool {
        if param.kinds.has(Kinds::ANY) {
            return true;
        }
        let Some(node) = self.arena.node_of(value) else { return false };
        match node.kind {
            Kind::Object => self.is_tagged(param, value),
            Kind::Tuple | Kind::List => param.kinds.has(Kinds::EACH) && self.each_fits(param, node),
            _ => false,
        }
    }

    /// Whether a value has a tag that a parameter asks for. What takes
    /// fields must have got them: an array of pandas without has no memory.
    fn is_tagged(&self, param: &Param, value: Value) -> bool {
        let spec = self.class_of(value).and_then(|class| self.spec_of(class));
        let Some((spec, tag)) = spec.and_then(|s| Some((s, s.tag.as_deref()?))) else { return false };
        param.tags.iter().any(|t| t == tag) && (spec.fields.is_none() || self.is_built(value))
    }

    /// Whether an object got its state.
    pub(super) fn is_built(&self, value: Value) -> bool {
        self.arena.node_of(value).is_some_and(|n| n.flags & (PLANTED | LOST) == PLANTED)
    }

    /// Whether all items of a tuple or list are there, and each fits.
    pub(super) fn each_fits(&self, param: &Param, node: Node) -> bool {
        node.flags & PARTIAL == 0
            && self.arena.items(node).iter().all(|&item| {
                if self.is_apart(item) { self.is_tagged(param, item) } else { self.fits_plain(param, item) }
            })
    }

    /// Whether a state fits that is a tuple of fields.
    pub(super) fn fields_fit(&self, spec: &Spec, state: Value) -> bool {
        let Some(fields) = &spec.fields else { return true };
        let Some(node) = self.arena.node_of(state).filter(|n| n.kind == Kind::Tuple && n.flags & PARTIAL == 0) else {
            return false;
        };
        let items = self.arena.items(node);
        let most = fields.len();
        let least = most.saturating_sub(spec.optional_fields);
        (least..=most).contains(&items.len())
            && fields.iter().zip(items).all(|(param, &item)| self.fits_keyed(spec, param, item, MAX_KEYED))
    }

    /// Whether a value fits; a mapping, or a list of them, by the keys of the
    /// entry, where the parameter says `keyed`.
    pub(super) fn fits_keyed(&self, spec: &Spec, param: &Param, value: Value, depth: u32) -> bool {
        let (Some(node), Some(below)) = (self.arena.node_of(value), depth.checked_sub(1)) else {
            return self.fits(param, value);
        };
        match node.kind {
            Kind::Dict if param.kinds.has(Kinds::KEYED) => self.keys_fit(spec, value, below),
            Kind::List if param.kinds.has(Kinds::KEYED) => {
                let is_keyed = |v: Value| matches!(v, Value::Node(Kind::Dict, ..)) && self.keys_fit(spec, v, below);
                node.flags & PARTIAL == 0 && self.arena.items(node).iter().all(|&v| is_keyed(v))
            }
            _ => self.fits(param, value),
        }
    }
}
