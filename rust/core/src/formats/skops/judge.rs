//! What each loader does with the class of its node.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::defects;
use super::frame::Frame;
use super::made::{self, Made, data};
use crate::bytes::{Span, printable, wide};
use crate::defect::Defect;
use crate::error::Error;
use crate::names::{Names, Side};
use crate::observe::{Global, Observation, Outbox, What};
use crate::spec::{Kinds, Spec};

/// Holds nodes against the policy.
pub(super) struct Judge {
    names: Arc<Names>,
    /// Names of all members of the archive.
    members: Arc<HashSet<String>>,
    index: HashMap<String, usize>,
    pub(super) imports: Vec<Global>,
    /// Members that are bytes and nothing else.
    pub(super) raw: Vec<String>,
    by_id: HashMap<u64, Made>,
}

impl Judge {
    pub(super) fn new(names: Arc<Names>, members: Arc<HashSet<String>>) -> Self {
        Self { names, members, index: HashMap::new(), imports: Vec::new(), raw: Vec::new(), by_id: HashMap::new() }
    }

    /// What a node makes; what it does is told.
    pub(super) fn node(&mut self, mut frame: Frame, end: usize, out: &mut Outbox) -> Made {
        let span = Span { start: wide(frame.at), end: wide(end) };
        let Some((loader, at)) = frame.loader.take() else {
            frame.inner.method = frame.func.take().map(|(func, _)| func).unwrap_or_default();
            return frame.inner;
        };
        let id = frame.id;
        if loader == "CachedNode" {
            let known = id.and_then(|id| self.by_id.get(&id).cloned());
            return known.unwrap_or_else(|| {
                bad(&defects::REUSED_ID, span, "a number that stood before", "", out);
                Made::default()
            });
        }
        let (Some((class, class_at)), Some((module, _))) = (frame.class.take(), frame.module.take()) else {
            bad(&defects::BAD_SCHEMA, span, "a class and a module", "", out);
            return Made::default();
        };
        let Some(known) = LOADERS.iter().find(|known| **known == loader) else {
            let span = Span::at(wide(at), wide(loader.len()).saturating_add(2));
            bad(&defects::LOADER, span, "a loader of skops", &printable(loader.as_bytes(), 80), out);
            return Made::default();
        };
        let place = Span::at(wide(class_at), wide(class.len()).saturating_add(2));
        let node = Node { loader: known, class: &class, module: &module, span, place };
        let mut made = self.judge(&node, &mut frame, out);
        made.name = format!("{module}:{class}");
        made.loader = loader;
        if let Some(id) = id {
            // skops takes the first node of a number for all others.
            match self.by_id.get(&id) {
                Some(first) if *first != made => {
                    bad(&defects::REUSED_ID, span, "the node of that number", "another", out)
                }
                Some(_) => {}
                None => drop(self.by_id.insert(id, made.clone())),
            }
        }
        made
    }

    fn judge(&mut self, node: &Node<'_>, frame: &mut Frame, out: &mut Outbox) -> Made {
        let content = frame.content.take();
        let mut made = content.clone().unwrap_or_default();
        match node.loader {
            "JsonNode" => match &frame.text {
                Some((text, _)) => return Made::of(made::of_json(text)),
                None => bad(&defects::BAD_SCHEMA, node.span, "a text of JSON", "", out),
            },
            "DictNode" => {
                let keys = frame.key_types.take().unwrap_or_default();
                if keys.loader != "ListNode" || !keys.all_key_types {
                    // Each is called with a key, whatever it is.
                    let what = What::ComputedCall { opcode: node.loader, text: "key_types".to_owned() };
                    out.observe(Observation::new(what, node.span));
                }
                if made.has_dunder {
                    let name = node.dotted();
                    let mut seen = Observation::new(What::DunderState { name, opcode: node.loader }, node.place);
                    seen.found = "a key such as __class__".to_owned();
                    out.observe(seen);
                }
                made.kind = data(Kinds::DICT);
                if !node.is("builtins", "dict") {
                    made.kind = data(Kinds::OBJECT);
                    self.call(node, &Made::default(), out);
                    if self.spec(node).is_some_and(|spec| !spec.items) {
                        self.state_unfit(node, out);
                    }
                }
                return made;
            }
            "ListNode" | "TupleNode" | "SetNode" => {
                let (class, kind) = match node.loader {
                    "ListNode" => ("list", Kinds::LIST),
                    "TupleNode" => ("tuple", Kinds::TUPLE),
                    _ => ("set", Kinds::SET),
                };
                made.kind = data(kind);
                if !node.is("builtins", class) {
                    made.kind = data(Kinds::OBJECT);
                    self.call(node, &Made { partial: true, ..Made::default() }, out);
                }
                return made;
            }
            "TypeNode" => {
                let is_key = KEY_TYPES.contains(&(node.module, node.class));
                if !is_key {
                    self.import(node, out);
                }
                return Made::of(if is_key { Kinds::TYPE } else { Kinds::GLOBAL });
            }
            "FunctionNode" => {
                self.import(node, out);
                return Made::of(Kinds::GLOBAL);
            }
            "MethodNode" => {
                let class = format!("{}.{}", node.class, made.method);
                self.import(&Node { class: &class, ..*node }, out);
                return Made::of(Kinds::GLOBAL);
            }
            "BytesNode" | "BytearrayNode" => {
                if let Some(file) = self.file(node, frame, out) {
                    self.raw.push(file);
                }
                return Made::of(data(Kinds::BYTES));
            }
            "NdArrayNode" | "SparseMatrixNode" => {
                if frame.kind.as_ref().is_none_or(|(kind, _)| kind != "json") {
                    self.file(node, frame, out);
                }
                if node.loader == "NdArrayNode" && !node.is("numpy", "ndarray") && !is_scalar(node) {
                    self.call(node, &Made { partial: true, ..Made::default() }, out);
                }
            }
            "SliceNode" => self.fixed(node, &[("builtins", "slice")], out),
            "DefaultDictNode" => self.fixed(node, &[("collections", "defaultdict")], out),
            "DTypeNode" => self.fixed(node, &[("numpy", "dtype")], out),
            "MaskedArrayNode" => {
                self.fixed(node, &[("numpy.ma", "MaskedArray"), ("numpy.ma.core", "MaskedArray")], out);
                if !made.all_arrays {
                    // numpy asks what is no array for attributes of many names.
                    self.call(node, &Made { partial: true, ..Made::default() }, out);
                }
            }
            "RandomStateNode" if RANDOM_STATES.contains(&(node.module, node.class)) => {}
            "ObjectNode" => {
                self.call(node, &Made::default(), out);
                self.state(node, content.as_ref(), out);
            }
            "TreeNode" | "LossNode" => {
                if node.loader == "TreeNode" {
                    self.fixed(node, &[("sklearn.tree._tree", "Tree")], out);
                }
                self.call(node, &frame.reduce.take().unwrap_or_default(), out);
                // skops leaves an empty state out.
                self.state(node, content.as_ref().filter(|state| !state.is_empty_dict()), out);
            }
            "ConstructorFromReduceNode" => self.call(node, &made, out),
            "PartialNode" => {
                let partial = Node { module: "functools", class: "partial", ..*node };
                self.call(&partial, &Made { partial: true, ..Made::default() }, out);
            }
            "OperatorFuncNode" => {
                // skops before 0.12 did not look at the module (CVE-2025-54412).
                let function = Node { module: "operator", ..*node };
                self.call(&function, &Made { partial: true, ..Made::default() }, out);
            }
            // RandomGeneratorNode and the rest call their class, or one that a
            // text names, with what the file says.
            _ => self.call(node, &Made { partial: true, ..Made::default() }, out),
        }
        Made::of(data(Kinds::OBJECT))
    }

    /// A loader that takes one class and no other.
    fn fixed(&self, node: &Node<'_>, classes: &[(&str, &str)], out: &mut Outbox) {
        if !classes.contains(&(node.module, node.class)) {
            bad(&defects::LOADER, node.place, node.loader, &node.dotted(), out);
        }
    }

    /// The member that a node reads.
    fn file(&self, node: &Node<'_>, frame: &mut Frame, out: &mut Outbox) -> Option<String> {
        let Some((file, at)) = frame.file.take() else {
            bad(&defects::BAD_SCHEMA, node.span, "a file", "", out);
            return None;
        };
        if !self.members.contains(&file) {
            let span = Span::at(wide(at), wide(file.len()).saturating_add(2));
            bad(&defects::MISSING_FILE, span, "a member of the archive", &printable(file.as_bytes(), 80), out);
            return None;
        }
        Some(file)
    }

    /// The name of a node is imported; gives its place in the list.
    fn import(&mut self, node: &Node<'_>, out: &mut Outbox) -> usize {
        let key = format!("{}:{}{}", node.module.len(), node.module, node.class);
        if let Some(&index) = self.index.get(&key) {
            if let Some(global) = self.imports.get_mut(index) {
                global.count = global.count.saturating_add(1);
            }
            return index;
        }
        let side = self.names.side(node.module, node.class).0;
        let global = Global {
            module: node.module.to_owned(),
            qualname: node.class.to_owned(),
            raw: String::new(),
            side,
            reason: self.names.reason(node.module, node.class).filter(|_| side == Side::Deny).unwrap_or("").to_owned(),
            opcode: node.loader,
            span: node.place,
            count: 1,
            calls: 0,
            first_call: 0,
        };
        if side != Side::Allow {
            out.observe(Observation::new(What::Import(global.clone()), node.place));
        }
        let index = self.imports.len();
        self.imports.push(global);
        self.index.insert(key, index);
        index
    }

    /// The name of a node is called; `args` that are partial are any.
    fn call(&mut self, node: &Node<'_>, args: &Made, out: &mut Outbox) {
        let index = self.import(node, out);
        let Some(global) = self.imports.get_mut(index) else { return };
        if global.calls == 0 {
            global.first_call = node.place.start;
        }
        global.calls = global.calls.saturating_add(1);
        let name = global.clone();
        let text = format!("{}({})", name.dotted(), if args.partial || !args.items.is_empty() { "..." } else { "" });
        match self.spec(node) {
            Some(spec) if args.is_granted(spec) => {}
            Some(spec) => {
                let spec = spec.text.clone();
                out.observe(Observation::new(What::Argument { name, text, spec }, node.place));
            }
            None => out.observe(Observation::new(What::Call { name, text, opcode: node.loader }, node.place)),
        }
    }

    /// What was made gets a state.
    fn state(&mut self, node: &Node<'_>, state: Option<&Made>, out: &mut Outbox) {
        let (Some(state), Some(spec)) = (state, self.spec(node)) else { return };
        if !state.is_state(spec) {
            self.state_unfit(node, out);
        }
    }

    fn state_unfit(&mut self, node: &Node<'_>, out: &mut Outbox) {
        let index = self.import(node, out);
        if let Some(name) = self.imports.get(index).cloned() {
            out.observe(Observation::new(What::State { name, opcode: node.loader }, node.place));
        }
    }

    fn spec(&self, node: &Node<'_>) -> Option<&Spec> {
        self.names.side(node.module, node.class).1.and_then(|index| self.names.spec(index))
    }
}

/// A node as its loader sees it.
#[derive(Clone, Copy)]
struct Node<'n> {
    loader: &'static str,
    class: &'n str,
    module: &'n str,
    span: Span,
    /// Where the class stands.
    place: Span,
}

impl Node<'_> {
    fn is(&self, module: &str, class: &str) -> bool {
        self.module == module && self.class == class
    }

    fn dotted(&self) -> String {
        printable(format!("{}.{}", self.module, self.class).as_bytes(), 160)
    }
}

pub(super) fn bad(defect: &'static Defect, span: Span, expected: &str, found: &str, out: &mut Outbox) {
    out.defect(Error::new(defect, span).with(expected, found));
}

/// Whether a class is a scalar of numpy, which takes its number out of an array.
fn is_scalar(node: &Node<'_>) -> bool {
    node.module == "numpy" && (KEY_TYPES.contains(&("numpy", node.class)) || SCALARS.contains(&node.class))
}

/// All loaders of skops 0.16.
const LOADERS: &[&str] = &[
    "BytearrayNode",
    "BytesNode",
    "ConstructorFromReduceNode",
    "DTypeNode",
    "DefaultDictNode",
    "DictNode",
    "FunctionNode",
    "JsonNode",
    "ListNode",
    "LossNode",
    "MaskedArrayNode",
    "MethodNode",
    "NdArrayNode",
    "ObjectNode",
    "OperatorFuncNode",
    "PartialNode",
    "RandomGeneratorNode",
    "RandomStateNode",
    "ReduceNode",
    "SetNode",
    "SliceNode",
    "SparseMatrixNode",
    "TreeNode",
    "TupleNode",
    "TypeNode",
    "_DictWithDeprecatedKeysNode",
];

/// Types that make a key of a text and do nothing else.
const KEY_TYPES: &[(&str, &str)] = &[
    ("builtins", "bool"),
    ("builtins", "float"),
    ("builtins", "int"),
    ("builtins", "str"),
    ("numpy", "bool"),
    ("numpy", "bool_"),
    ("numpy", "float32"),
    ("numpy", "float64"),
    ("numpy", "int32"),
    ("numpy", "int64"),
    ("numpy", "str_"),
];

const SCALARS: &[&str] =
    &["bytes_", "complex128", "complex64", "float16", "int16", "int8", "uint16", "uint32", "uint64", "uint8"];

const RANDOM_STATES: &[(&str, &str)] = &[("numpy.random", "RandomState"), ("numpy.random.mtrand", "RandomState")];
