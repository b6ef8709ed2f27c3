//! The graph of a torch.export archive: what it calls, and which of its texts
//! the loader evaluates.
//!
//! The loader turns a target into a callable by walking from `torch`, `operator`
//! or `math` (`torch/_export/serde/serialize.py`, `deserialize_operator`), gives
//! shape expressions to `sympy.sympify`, which is an eval, and imports what the
//! context of a tree of values names (`torch/utils/_pytree.py`).

use super::ops::{self, Standing};
use super::{defects, expression};
use crate::bytes::{Span, printable, wide};
use crate::error::Error;
use crate::json::{Event, Events, Fault};
use crate::observe::{Observation, Outbox, What};

/// Reads a graph.
pub(super) fn read(text: &str, out: &mut Outbox) -> Result<(), Fault> {
    let mut events = Events::new(text, MAX_DEPTH);
    // The key of each open container, and whether one is a list of guards.
    let mut keys: Vec<String> = Vec::new();
    let mut key = String::new();
    while let Some((at, event)) = events.step()? {
        match event {
            Event::Object | Event::Array => keys.push(std::mem::take(&mut key)),
            Event::End => {
                keys.pop();
            }
            Event::Key(name) => {
                told_key(&name, at, out);
                key = name.into_owned();
            }
            Event::Text(value) => {
                let span = Span { start: wide(at), end: wide(at).saturating_add(wide(value.len()).saturating_add(2)) };
                let guard = keys.last().is_some_and(|k| k == "guards_code");
                judge(if guard { "guards_code" } else { &key }, &value, span, out);
                key.clear();
            }
            Event::Scalar(_) => key.clear(),
        }
    }
    Ok(())
}

fn judge(key: &str, value: &str, span: Span, out: &mut Outbox) {
    match key {
        "target" | "as_operator" => target(value, span, out),
        "expr_str" if !expression::is_arithmetic(value) => {
            let mut seen = Observation::new(
                What::Trait { code: "export-evaluated", name: printable(value.as_bytes(), 160) },
                span,
            );
            seen.found = "gives to sympy.sympify, which evaluates it".to_owned();
            out.observe(seen);
        }
        "guards_code" if expression::is_guard(value) => {}
        "guards_code" => unknown(value, "Python code that using the program runs", span, out),
        "class_fqn" => unknown(value, "a class of native code, or one that registered itself", span, out),
        _ => nested(value, span, out),
    }
}

/// What a node calls.
fn target(value: &str, span: Span, out: &mut Outbox) {
    let words: Vec<&str> = value.split('.').collect();
    let standing = match words.as_slice() {
        ["torch", "ops", namespace, name] | ["torch", "ops", namespace, name, _] => {
            ops::standing(&format!("{namespace}::{name}"))
        }
        ["_operator" | "operator", name] if OPERATORS.contains(name) => Standing::Plain,
        ["math", name] if MATH.contains(name) => Standing::Plain,
        ["torch", name] if name.starts_with("sym_") => Standing::Plain,
        _ => Standing::Unknown,
    };
    match standing {
        Standing::Plain => {}
        Standing::Acts(does) => {
            let mut seen = Observation::new(What::Trait { code: "script-act", name: value.to_owned() }, span);
            seen.found = does.to_owned();
            out.observe(seen);
        }
        Standing::Unknown => unknown(value, "a target that is not one of torch's aten and prim", span, out),
    }
}

/// Keys that make the loader import what stands under them.
fn told_key(name: &str, at: usize, out: &mut Outbox) {
    if IMPORTING.contains(&name) {
        let span = Span::at(wide(at), wide(name.len()).saturating_add(2));
        unknown(name, "a key under which a module to import is named", span, out);
    }
}

/// Trees of values are JSON in a text, and their contexts JSON in a text again.
fn nested(value: &str, span: Span, out: &mut Outbox) {
    let mut texts = vec![(value.to_owned(), 0_u8)];
    while let Some((text, depth)) = texts.pop() {
        if !text.trim_start().starts_with(['{', '[', '"']) {
            continue;
        }
        if depth >= MAX_NESTED {
            unknown(value, "JSON in a text in a text, deeper than torch writes", span, out);
            return;
        }
        let mut events = Events::new(&text, MAX_DEPTH);
        // What is no JSON to its end is none to the loader either.
        while let Ok(Some((_, event))) = events.step() {
            match event {
                Event::Key(name) if IMPORTING.contains(&&*name) => {
                    // Told with the text behind it, and with the whole where
                    // something else stands there.
                    let module = match events.step() {
                        Ok(Some((_, Event::Text(module)))) => module.into_owned(),
                        _ => text.clone(),
                    };
                    return unknown(&module, "a module that the loader imports, or of it", span, out);
                }
                Event::Text(inner) => texts.push((inner.into_owned(), depth.saturating_add(1))),
                _ => {}
            }
        }
    }
}

fn unknown(name: &str, why: &str, span: Span, out: &mut Outbox) {
    let mut seen = Observation::new(What::Trait { code: "export-name", name: printable(name.as_bytes(), 160) }, span);
    seen.found = why.to_owned();
    out.observe(seen);
}

/// Says of a member that it is no JSON.
pub(super) fn bad(fault: Fault, out: &mut Outbox) {
    let error = Error::new(&defects::BAD_LAYOUT, Span::at(wide(fault.at), 1));
    out.defect(error.with(fault.expected, ""));
}

/// Containers in containers; a graph in a graph takes ten.
const MAX_DEPTH: usize = 1000;

/// Texts in texts: a tree, its context, and what that holds.
const MAX_NESTED: u8 = 8;

/// Keys under which `torch/utils/_pytree.py` finds the name of a module.
const IMPORTING: &[&str] = &["__enum__", "default_factory_module", "default_factory_name"];

/// Of `operator`, what takes and gives numbers and items.
const OPERATORS: &[&str] = &[
    "abs", "add", "and_", "eq", "floordiv", "ge", "getitem", "gt", "index", "le", "lshift", "lt", "mod", "mul", "ne",
    "neg", "not_", "or_", "pos", "pow", "rshift", "sub", "truediv", "xor",
];

/// Of `math`, what takes and gives numbers.
const MATH: &[&str] = &["ceil", "floor", "log2", "pow", "sqrt", "trunc"];

#[cfg(test)]
mod tests {
    use super::*;

    fn codes(text: &str) -> Vec<(&'static str, u64)> {
        let mut out = Outbox::new(99);
        assert_eq!(read(text, &mut out), Ok(()), "{text}");
        out.observations.iter().map(|o| (o.code(), o.span.start)).collect()
    }

    #[test]
    fn arithmetic_says_nothing() {
        for text in [
            r#"{"nodes": [{"target": "torch.ops.aten.linear.default"}, {"target": "_operator.getitem"}]}"#,
            r#"{"expr_str": "Mod(s0 + 2*u1, 8)"}"#,
            r#"{"expr_str": "Eq(s77, 1.5)", "guards_code": ["L['x'].size()[0] >= 3"], "target": null}"#,
            r#"{"in_spec": "[1, {\"type\": \"builtins.dict\", \"context\": \"[\\\"a\\\"]\"}]"}"#,
            r#"{"target": "torch.sym_max", "metadata": {"stack_trace": "import os; os.system('x')"}}"#,
        ] {
            assert_eq!(codes(text), [], "{text}");
        }
    }

    #[test]
    fn what_reaches_further_is_told_with_its_place() {
        for (text, code, at) in [
            (r#"{"target": "torch.ops.aten.save.default"}"#, "script-act", 11),
            (r#"{"target": "torch.ops.evil.run"}"#, "export-name", 11),
            (r#"{"target": "torch.os.system"}"#, "export-name", 11),
            (r#"{"as_operator": "_operator.methodcaller"}"#, "export-name", 16),
            (r##"{"target": "#evil:x"}"##, "export-name", 11),
            (r#"{"expr_str": "__import__('os').system('x')"}"#, "export-evaluated", 13),
            (r#"{"expr_str": "s0.__class__"}"#, "export-evaluated", 13),
            (r#"{"expr_str": "sympify(s0)"}"#, "export-evaluated", 13),
            (r#"{"expr_str": "1.real"}"#, "export-evaluated", 13),
            (r#"{"guards_code": ["L['x'].size()[0] == exit()"]}"#, "export-name", 17),
            (r#"{"class_fqn": "__torch__.torch.classes.a.B"}"#, "export-name", 14),
            (r#"{"a": "[{\"context\": \"{\\\"default_factory_module\\\": \\\"os\\\"}\"}]"}"#, "export-name", 6),
            (r#"{"a": "{\"\\u005f_enum__\": true}"}"#, "export-name", 6),
            (r#"{"__enum__": true}"#, "export-name", 1),
        ] {
            assert_eq!(codes(text), [(code, at)], "{text}");
        }
    }
}
