//! What a node makes, as far as the nodes around it ask.

use crate::spec::{Kinds, Param, Spec};

/// The value of a node, or of the brackets between nodes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Made {
    /// The loader of the node; empty between nodes.
    pub(super) loader: String,
    /// `module:class` of the node.
    pub(super) name: String,
    /// The kinds it counts as.
    pub(super) kind: Kinds,
    /// Those of its items, or of the arguments under `args`.
    pub(super) items: Vec<Kinds>,
    /// Its keys and the kinds under them.
    pub(super) entries: Vec<(String, Kinds)>,
    /// A key that begins and ends with two underscores.
    pub(super) has_dunder: bool,
    /// The method that a MethodNode looks up.
    pub(super) method: String,
    /// It has more items or keys than are kept.
    pub(super) partial: bool,
    /// All its items are types that make a key of a text.
    pub(super) all_key_types: bool,
    /// All its items are arrays or plain values.
    pub(super) all_arrays: bool,
}

/// Items and keys that are kept: a state with keys of its own has fewer.
pub(super) const MAX_KEPT: usize = 128;

impl Made {
    pub(super) fn of(kind: Kinds) -> Self {
        Self { kind, ..Self::default() }
    }

    /// Whether a call with these items as arguments is granted.
    pub(super) fn is_granted(&self, spec: &Spec) -> bool {
        let Some(params) = &spec.call else { return false };
        let plain = spec.applies.is_none() && spec.makes.is_none() && spec.updates.is_none();
        let few = self.items.len() >= spec.required && (spec.rest || self.items.len() <= params.len());
        let fit = |(index, kind): (usize, &Kinds)| spec.param(index).is_some_and(|param| fits(param, *kind));
        plain && few && !self.partial && self.items.iter().enumerate().all(fit)
    }

    /// Whether it is a dict of nothing.
    pub(super) fn is_empty_dict(&self) -> bool {
        self.kind.has(Kinds::DICT) && self.entries.is_empty() && !self.partial
    }

    /// Whether it may be the state of an object.
    pub(super) fn is_state(&self, spec: &Spec) -> bool {
        if self.kind.has(Kinds::NONE) {
            // skops leaves it out.
            return true;
        }
        if !spec.state.as_ref().is_some_and(|param| fits(param, self.kind)) {
            return false;
        }
        if spec.keys.is_empty() {
            return true;
        }
        let known = self.kind.has(Kinds::DICT) && !self.partial;
        known
            && spec.keys.iter().all(|(name, param)| {
                self.entries.iter().filter(|(key, _)| key == name).all(|(_, kind)| fits(param, *kind))
            })
    }
}

fn fits(param: &Param, kind: Kinds) -> bool {
    param.kinds.has(Kinds::ANY) || param.kinds.has(kind)
}

/// A kind and `data`, which it is as well.
pub(super) const fn data(kind: Kinds) -> Kinds {
    kind.or(Kinds::DATA)
}

/// The kind of what `json.loads` makes of the content of a JsonNode.
pub(super) fn of_json(text: &str) -> Kinds {
    let text = text.trim();
    match text.as_bytes().first() {
        Some(b'"') => data(Kinds::STR),
        Some(b'[') => data(Kinds::LIST),
        Some(b'{') => data(Kinds::DICT),
        Some(b'n') => data(Kinds::NONE),
        Some(b't' | b'f') => data(Kinds::BOOL).or(Kinds::INT),
        _ if text.parse::<u32>().is_ok_and(|n| n <= i32::MAX.unsigned_abs()) => data(Kinds::INT).or(Kinds::SIZE),
        _ if text.parse::<i128>().is_ok() => data(Kinds::INT),
        _ => data(Kinds::FLOAT),
    }
}
