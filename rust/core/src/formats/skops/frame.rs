//! One bracket of the schema while it is open.

use std::collections::HashSet;

use super::made::{MAX_KEPT, Made};
use crate::spec::Kinds;

/// A text and where it stands.
pub(super) type Text = Option<(String, usize)>;

/// An object or array that is open.
#[derive(Debug, Default)]
pub(super) struct Frame {
    pub(super) at: usize,
    pub(super) is_object: bool,
    /// The key whose value follows.
    pub(super) key: String,
    keys: HashSet<String>,
    pub(super) class: Text,
    pub(super) module: Text,
    pub(super) loader: Text,
    pub(super) file: Text,
    /// `content`, where that is a text: of a JsonNode.
    pub(super) text: Text,
    /// `type` of an array's node.
    pub(super) kind: Text,
    /// `func` of a method's content.
    pub(super) func: Text,
    /// `__id__`.
    pub(super) id: Option<u64>,
    pub(super) protocol: Option<u64>,
    pub(super) content: Option<Made>,
    pub(super) key_types: Option<Made>,
    pub(super) reduce: Option<Made>,
    /// What stands in it, where it is no node.
    pub(super) inner: Made,
}

impl Frame {
    pub(super) fn new(at: usize, is_object: bool) -> Self {
        let inner = Made { all_key_types: true, all_arrays: true, ..Made::default() };
        Self { at, is_object, inner, ..Self::default() }
    }

    /// Takes a key; false when it stood there before.
    pub(super) fn take_key(&mut self, key: &str) -> bool {
        key.clone_into(&mut self.key);
        self.inner.has_dunder |= key.starts_with("__") && key.ends_with("__");
        self.keys.insert(key.to_owned())
    }

    /// Takes a text that is a value; false for one that stands for a number.
    pub(super) fn take_text(&mut self, text: String, at: usize) -> bool {
        let slot = match self.key.as_str() {
            "__class__" => &mut self.class,
            "__module__" => &mut self.module,
            "__loader__" => &mut self.loader,
            "file" => &mut self.file,
            "content" => &mut self.text,
            "type" => &mut self.kind,
            "func" => &mut self.func,
            other => return other != "__id__",
        };
        *slot = Some((text, at));
        true
    }

    /// Takes a number, true, false or null.
    pub(super) fn take_scalar(&mut self, text: &str) -> bool {
        match self.key.as_str() {
            "__id__" => {
                self.id = text.parse().ok();
                self.id.is_some()
            }
            "protocol" => {
                self.protocol = text.parse().ok();
                true
            }
            _ => true,
        }
    }

    /// Takes what the bracket inside this one made.
    pub(super) fn take(&mut self, made: Made) {
        if self.inner.entries.len() >= MAX_KEPT || self.inner.items.len() >= MAX_KEPT {
            self.inner.partial = true;
        } else if self.is_object {
            self.inner.entries.push((self.key.clone(), made.kind));
        } else {
            self.inner.items.push(made.kind);
        }
        self.inner.all_key_types &= made.kind.has(Kinds::TYPE);
        self.inner.all_arrays &= matches!(made.loader.as_str(), "NdArrayNode" | "JsonNode");
        match self.key.as_str() {
            "args" if self.is_object => {
                self.inner.partial |= made.partial || made.loader != "TupleNode";
                self.inner.items = made.items;
            }
            "content" | "attrs" => self.content = Some(made),
            "key_types" => self.key_types = Some(made),
            "__reduce__" => self.reduce = Some(made),
            _ => {}
        }
    }
}
