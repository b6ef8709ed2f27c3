//! A call as a person would write it: `posix.system('true')`.
//!
//! Bounded in depth and length, whatever the file holds; every character that
//! a terminal would act on is escaped again where it is shown.

use super::machine::Machine;
use super::value::{Kind, Value};
use crate::observe::Global;

/// Nesting shown before `...`.
const MAX_DEPTH: u32 = 3;
/// Characters shown before `...`.
const MAX_LEN: usize = 160;
/// Items of one container shown before `...`.
const MAX_ITEMS: usize = 6;

impl Machine {
    /// A value as text.
    pub(super) fn render(&self, value: Value) -> String {
        let mut text = String::new();
        self.write_value(value, MAX_DEPTH, &mut text);
        text
    }

    /// A call with the arguments of the scratch list.
    pub(super) fn render_call(&self, callee: &Global, known: bool) -> String {
        let args = if known { self.render_args() } else { "...".to_owned() };
        format!("{}({args})", callee.dotted())
    }

    /// The arguments of the scratch list.
    pub(super) fn render_args(&self) -> String {
        let mut text = String::new();
        self.write_items(&self.args, MAX_DEPTH, &mut text);
        text
    }

    /// The dotted name of an imported name.
    pub(super) fn dotted(&self, index: u32) -> String {
        self.imported_at(index).map_or_else(|| "?".to_owned(), |i| i.global.dotted())
    }

    fn write_items(&self, items: &[Value], depth: u32, text: &mut String) {
        for (i, &item) in items.iter().enumerate() {
            if i > 0 {
                text.push_str(", ");
            }
            if i >= MAX_ITEMS || text.len() > MAX_LEN {
                text.push_str("...");
                return;
            }
            self.write_value(item, depth, text);
        }
    }

    fn write_value(&self, value: Value, depth: u32, text: &mut String) {
        match value {
            Value::None => text.push_str("None"),
            Value::Bool(b) => text.push_str(if b { "True" } else { "False" }),
            Value::Int(n) => text.push_str(&n.to_string()),
            Value::Float => text.push_str("<float>"),
            Value::HugeLong => text.push_str("<int>"),
            Value::Bytes(u32::MAX) => text.push_str("<bytes>"),
            Value::Bytes(n) => text.push_str(&format!("<{n} bytes>")),
            Value::Text(_, id) => match self.arena.text(id) {
                Some(kept) => quote(kept, text),
                None => text.push_str("<str>"),
            },
            Value::Global(index) => text.push_str(&self.dotted(index)),
            Value::Storage(_) => text.push_str("<storage>"),
            Value::Computed(_) => text.push_str("<computed>"),
            Value::LongText => text.push_str("<long str>"),
            Value::Opaque | Value::Forgotten => text.push_str("<from outside>"),
            Value::Node(..) => self.write_node(value, depth, text),
        }
    }

    fn write_node(&self, value: Value, depth: u32, text: &mut String) {
        let Some(node) = self.arena.node_of(value) else { return };
        let Some(depth) = depth.checked_sub(1) else {
            text.push_str("...");
            return;
        };
        let items = self.arena.items(node);
        match node.kind {
            Kind::Long => text.push_str(&self.arena.int(value).unwrap_or(0).to_string()),
            Kind::Tuple => self.bracket("(", items, if items.len() == 1 { ",)" } else { ")" }, depth, text),
            Kind::List => self.bracket("[", items, "]", depth, text),
            Kind::Set => self.bracket("{", items, "}", depth, text),
            Kind::FrozenSet => self.bracket("frozenset({", items, "})", depth, text),
            Kind::Dict => {
                text.push('{');
                for (i, pair) in items.chunks(2).enumerate() {
                    text.push_str(if i > 0 { ", " } else { "" });
                    if i >= MAX_ITEMS || text.len() > MAX_LEN {
                        text.push_str("...");
                        break;
                    }
                    if let [key, value] = pair {
                        self.write_value(*key, depth, text);
                        text.push_str(": ");
                        self.write_value(*value, depth, text);
                    }
                }
                text.push('}');
            }
            Kind::Object => {
                let (name, args) = match self.made_by(value) {
                    Some((global, args)) => (global.dotted(), args),
                    None => ("?".to_owned(), None),
                };
                text.push_str(&name);
                match args {
                    Some(args) => self.bracket("(", args, ")", depth, text),
                    None => text.push_str("(...)"),
                }
            }
        }
    }

    fn bracket(&self, open: &str, items: &[Value], close: &str, depth: u32, text: &mut String) {
        text.push_str(open);
        self.write_items(items, depth, text);
        text.push_str(close);
    }
}

/// A text in Python's quotes, control characters as escapes.
fn quote(bytes: &[u8], text: &mut String) {
    text.push('\'');
    for (i, c) in String::from_utf8_lossy(bytes).chars().enumerate() {
        if i >= MAX_LEN {
            text.push_str("...");
            break;
        }
        match c {
            '\'' | '\\' => text.extend(['\\', c]),
            '\n' => text.push_str("\\n"),
            '\r' => text.push_str("\\r"),
            '\t' => text.push_str("\\t"),
            '\0'..='\u{1f}' | '\u{7f}'..='\u{9f}' => text.push_str(&format!("\\x{:02x}", u32::from(c))),
            _ => text.push(c),
        }
    }
    text.push('\'');
}
