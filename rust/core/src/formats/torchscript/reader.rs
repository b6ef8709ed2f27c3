//! What code names: the operators, the modules of its own archive, and
//! everything else.
//!
//! It looks at names, not at calls: a local variable may stand for an operator
//! (`f = torch.save`), and `getattr(torch, "save")` reaches one by its text, so
//! a name is told wherever it stands, and `torch` without an operator behind it
//! as well. Methods of values are not told: they reach operators whose first
//! argument is the value, none of which acts, or methods of the archive's own
//! classes.

use std::collections::HashSet;
use std::sync::Arc;

use super::lexer::{At, Token};
use super::ops::{self, Standing};
use crate::bytes::{Span, wide};
use crate::error::Error;
use crate::observe::{self, Observation, Outbox, What};

/// What a name behind `class` or `def` is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Expect {
    Class,
    Function,
}

/// A dotted name as far as it was read.
#[derive(Debug, Default)]
struct Path {
    text: String,
    start: u64,
    end: u64,
    /// A dot was read last.
    open: bool,
}

/// The reader.
#[derive(Debug)]
pub(super) struct Reader {
    /// The module this code is: `__torch__.a.b`.
    module: String,
    modules: Arc<HashSet<String>>,
    path: Option<Path>,
    expect: Option<Expect>,
    /// A dot behind something that is no name: what follows is an attribute.
    attribute: bool,
    /// Brackets open: inside them a line does not end.
    depth: u64,
    /// The name of the call whose first argument is next is `getattr`.
    in_getattr: bool,
    /// `__setstate__` that is being read: where it stands and what it calls.
    setstate: Option<(Span, Vec<String>)>,
    /// Classes defined here, with the module.
    pub(super) declares: HashSet<String>,
    pub(super) max_names: u64,
    /// Why the rest cannot be read.
    pub(super) fault: Option<(u64, &'static str)>,
    /// More classes than the limit.
    pub(super) limited: bool,
}

/// Calls of a `__setstate__` that are told.
const MAX_TOLD: usize = 8;

/// Where classes of native code stand.
const NATIVE: &str = "__torch__.torch.classes.";

impl Reader {
    pub(super) fn new(module: String, modules: Arc<HashSet<String>>, max_names: u64) -> Self {
        Self {
            module,
            modules,
            path: None,
            expect: None,
            attribute: false,
            depth: 0,
            in_getattr: false,
            setstate: None,
            declares: HashSet::new(),
            max_names,
            fault: None,
            limited: false,
        }
    }

    /// Takes the next token.
    pub(super) fn take(&mut self, at: At<'_>, out: &mut Outbox) {
        match at.token {
            Token::Name(name) => self.name(name, at, out),
            Token::Sign(b'.') => match &mut self.path {
                Some(path) if !path.open => path.open = true,
                Some(_) => self.wrong(at.start, "a name behind a dot"),
                None => self.attribute = true,
            },
            Token::Sign(b'\n') if self.depth > 0 => {}
            Token::Sign(b'\n') => {
                self.flush(None, out);
                self.attribute = false;
            }
            Token::Sign(sign) => {
                self.flush(Some(sign), out);
                self.attribute = false;
                match sign {
                    b'(' | b'[' | b'{' => self.depth = self.depth.saturating_add(1),
                    b')' | b']' | b'}' => self.depth = self.depth.saturating_sub(1),
                    _ => {}
                }
            }
            Token::Value => {
                self.flush(None, out);
                self.attribute = false;
            }
        }
    }

    /// The end of the code.
    pub(super) fn finish(&mut self, out: &mut Outbox) {
        self.flush(None, out);
        self.end_setstate(out);
    }

    fn wrong(&mut self, at: u64, expected: &'static str) {
        self.fault.get_or_insert((at, expected));
    }

    fn name(&mut self, name: &str, at: At<'_>, out: &mut Outbox) {
        if let Some(path) = self.path.as_mut().filter(|path| path.open) {
            if path.text.len().saturating_add(name.len()) > MAX_PATH {
                let start = path.start;
                return self.wrong(start, "a dotted name of at most 8192 characters");
            }
            path.text.push('.');
            path.text.push_str(name);
            (path.end, path.open) = (at.end, false);
            return;
        }
        self.flush(None, out);
        if std::mem::take(&mut self.attribute) {
            return;
        }
        let path = Path { text: name.to_owned(), start: at.start, end: at.end, open: false };
        self.path = Some(path);
    }

    /// A dotted name is complete; `next` is the sign behind it.
    fn flush(&mut self, next: Option<u8>, out: &mut Outbox) {
        let in_getattr = std::mem::take(&mut self.in_getattr);
        let Some(path) = self.path.take() else {
            // Behind `getattr(`, and behind another bracket, the first argument
            // is still to come.
            self.in_getattr = in_getattr && matches!(next, None | Some(b'('));
            return;
        };
        if path.open {
            return self.wrong(path.end, "a name behind a dot");
        }
        let span = Span { start: path.start, end: path.end };
        match self.expect.take() {
            Some(Expect::Class) => return self.declare(&path.text, span, out),
            Some(Expect::Function) => return self.define(&path, span, out),
            None => {}
        }
        let text = path.text.as_str();
        let called = next == Some(b'(');
        match text.split('.').next().unwrap_or("") {
            "class" => self.expect = Some(Expect::Class),
            "def" => self.expect = Some(Expect::Function),
            "from" | "lambda" | "global" | "nonlocal" | "async" | "await" | "exec" => {
                self.wrong(path.start, "a word that torch writes");
            }
            "torch" | "ops" => self.operator(text, span, out),
            "__torch__" => self.own(text, in_getattr, span, out),
            _ if called && !text.contains('.') => self.call(text, span, out),
            _ if called => self.told(text),
            _ => {}
        }
        // `(getattr)(torch, ...)` puts a bracket between.
        self.in_getattr = text == "getattr";
    }

    /// `class X` of this module.
    fn declare(&mut self, name: &str, span: Span, out: &mut Outbox) {
        self.end_setstate(out);
        if name.contains('.') {
            return self.wrong(span.start, "the name of a class");
        }
        if wide(self.declares.len()) >= self.max_names {
            self.limited = true;
            return;
        }
        self.declares.insert(format!("{}.{name}", self.module));
    }

    /// `def f`, of this module or of a class.
    fn define(&mut self, path: &Path, span: Span, out: &mut Outbox) {
        self.end_setstate(out);
        if path.text.contains('.') {
            return self.wrong(span.start, "the name of a function");
        }
        if path.text == "__setstate__" {
            self.setstate = Some((span, Vec::new()));
        }
    }

    fn end_setstate(&mut self, out: &mut Outbox) {
        let Some((span, calls)) = self.setstate.take() else { return };
        let mut seen = Observation::new(trait_of("script-setstate", &self.module), span);
        seen.found = calls.join(", ");
        out.observe(seen);
    }

    /// Notes what a `__setstate__` calls.
    fn told(&mut self, name: &str) {
        if let Some((_, calls)) = &mut self.setstate
            && calls.len() < MAX_TOLD
            && !calls.iter().any(|call| call == name)
        {
            calls.push(name.to_owned());
        }
    }

    /// `torch.add`, `ops.aten.add`, and those words alone.
    fn operator(&mut self, text: &str, span: Span, out: &mut Outbox) {
        self.told(text);
        let words: Vec<&str> = text.split('.').collect();
        let operator = match words.as_slice() {
            // torch.autograd is the same namespace again, as often as it stands
            // there (`BuiltinModule::attr`).
            ["torch", rest @ .., name] if rest.iter().all(|w| *w == "autograd") => format!("aten::{name}"),
            ["ops", namespace, rest @ .., name] if rest.iter().all(|w| *w == "autograd") => {
                format!("{namespace}::{name}")
            }
            _ => return unknown(text, "a namespace that is handed on as a value", span, out),
        };
        match ops::standing(&operator) {
            Standing::Plain => {}
            Standing::Acts(does) => {
                let mut seen = Observation::new(trait_of("script-act", text), span);
                seen.found = does.to_owned();
                seen.expected = if self.setstate.is_some() { "__setstate__" } else { "" }.to_owned();
                out.observe(seen);
            }
            Standing::Unknown => unknown(text, "an operator that is not one of torch's aten and prim", span, out),
        }
    }

    /// `__torch__.a.b.f`: something of the archive, or a class of native code.
    fn own(&mut self, text: &str, in_getattr: bool, span: Span, out: &mut Outbox) {
        self.told(text);
        let dotted = format!("{text}.");
        if dotted.starts_with(NATIVE) || NATIVE.starts_with(&dotted) || in_getattr {
            return unknown(text, "a class of native code, or a way to one", span, out);
        }
        let mut prefixes = text.match_indices('.').filter_map(|(at, _)| text.get(..at));
        if !prefixes.any(|prefix| self.modules.contains(prefix)) {
            let found = crate::bytes::printable(text.as_bytes(), 160);
            out.defect(Error::new(&observe::MISSING_CLASS, span).with("a module of the archive", found));
        }
    }

    /// A bare name that is called.
    fn call(&mut self, name: &str, span: Span, out: &mut Outbox) {
        if KEYWORDS.contains(&name) {
            return;
        }
        self.told(name);
        if !ops::is_builtin(name) && !is_temporary(name) {
            unknown(name, "a name that the compiler does not know by itself", span, out);
        }
    }
}

/// Whether a name is one that torch's printer gives a value: `_0`. What it
/// stands for was told where it was named.
fn is_temporary(name: &str) -> bool {
    name.strip_prefix('_').is_some_and(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()))
}

fn trait_of(code: &'static str, name: &str) -> What {
    What::Trait { code, name: name.to_owned() }
}

fn unknown(name: &str, why: &str, span: Span, out: &mut Outbox) {
    let mut seen = Observation::new(trait_of("script-name", name), span);
    seen.found = why.to_owned();
    out.observe(seen);
}

/// Longest dotted name.
const MAX_PATH: usize = 8192;

/// Words behind which a bracket calls nothing.
const KEYWORDS: &[&str] = &[
    "and", "assert", "elif", "else", "for", "if", "import", "in", "is", "not", "or", "raise", "return", "while", "with",
];

#[cfg(test)]
mod tests {
    use super::super::lexer::Lexer;
    use super::*;

    fn read(code: &str) -> (Reader, Outbox) {
        let modules = ["__torch__", "__torch__.a"].into_iter().map(str::to_owned).collect();
        let mut reader = Reader::new("__torch__.a".to_owned(), Arc::new(modules), 100);
        let mut out = Outbox::new(100);
        let mut lexer = Lexer::new();
        for byte in code.bytes() {
            assert_eq!(lexer.push(byte, &mut |at| reader.take(at, &mut out)), Ok(()), "{code}");
        }
        assert_eq!(lexer.finish(&mut |at| reader.take(at, &mut out)), Ok(()), "{code}");
        reader.finish(&mut out);
        (reader, out)
    }

    fn codes(code: &str) -> Vec<(&'static str, u64)> {
        read(code).1.observations.iter().map(|o| (o.code(), o.span.start)).collect()
    }

    #[test]
    fn arithmetic_says_nothing() {
        let code = "class A(Module):\n  w : Tensor\n  def forward(self: __torch__.a.A,\n    x: Tensor) -> Tensor:\n    \
                    _1 = __torch__.a.f\n    _1(x)\n    _0 = getattr(self, \"0\")\n    if bool(torch.gt(x, 0)):\n      print(x)\n    else:\n      pass\n    \
                    return (_0).forward(torch.linear(x, self.w, None), ops.prim.device(x), CONSTANTS.c0, )\n";
        assert_eq!(codes(code), []);
        assert!(read(code).0.declares.into_iter().eq(["__torch__.a.A"]));
    }

    #[test]
    fn what_acts_is_told_however_it_is_reached() {
        for (code, at) in [
            ("torch.save(x, \"p\")", 0),
            ("f = torch.save\n", 4),
            ("ops.aten.from_file(\"p\")", 0),
            ("torch.autograd.save(x)", 0),
            ("(torch\n.\n  save)(x)", 1),
            ("(torch # why\n.save)(x)", 1),
            ("torch . save (x)", 0),
            ("return torch.save", 7),
            ("x = prim, ops.prim.rpc_sync", 10),
        ] {
            assert_eq!(codes(code), [("script-act", at)], "{code}");
        }
    }

    #[test]
    fn what_nobody_looked_at_is_told() {
        for (code, at) in [
            ("ops.evil.run(x)", 0),
            ("getattr(torch, \"save\")(x)", 8),
            ("(getattr)(ops.aten, \"save\")", 10),
            ("m = torch\n", 4),
            ("m = ops.aten\nm.save(x)", 4),
            ("m = torch.autograd\n", 4),
            ("torch.ops.aten.save(x)", 0),
            ("w : __torch__.torch.classes.evil.Run", 4),
            ("c = __torch__.torch.classes\n", 4),
            ("c = __torch__.torch\n", 4),
            ("getattr(__torch__.a, \"x\")", 8),
            ("getattr((__torch__.a), \"x\")", 9),
            ("rpc_sync(x)", 0),
            ("eval(x)", 0),
        ] {
            assert_eq!(codes(code), [("script-name", at)], "{code}");
        }
    }

    #[test]
    fn a_module_that_is_not_there_is_a_defect() {
        assert_eq!(codes("x = __torch__.b.f(x)"), []);
        let modules = std::iter::once("__torch__.a".to_owned()).collect();
        let mut reader = Reader::new("__torch__.a".to_owned(), Arc::new(modules), 100);
        let mut out = Outbox::new(9);
        let at = At { token: Token::Name("__torch__.b.f"), start: 3, end: 9 };
        reader.take(at, &mut out);
        reader.finish(&mut out);
        assert_eq!(out.observations.first().map(|o| (o.code(), o.span.start)), Some(("torchscript-missing-class", 3)));
    }

    #[test]
    fn a_setstate_is_told_with_what_it_calls() {
        let code = "class A(Module):\n  def __setstate__(self, s):\n    self.f(s)\n    torch.save(s, \"p\")\n  def f(self):\n    \
                    torch.add(1, 2)\n";
        let (_, out) = read(code);
        let seen: Vec<_> = out.observations.iter().map(|o| (o.code(), o.expected.as_str(), o.found.as_str())).collect();
        assert_eq!(
            seen,
            [("script-act", "__setstate__", "writes a file"), ("script-setstate", "", "self.f, torch.save")]
        );
    }

    #[test]
    fn dots_without_names_are_faults() {
        for (code, at) in [("a. (b)", 1), ("a..b", 2), ("class a.b(X):", 6), ("from a", 0)] {
            assert_eq!(read(code).0.fault.map(|(at, _)| at), Some(at), "{code}");
        }
    }
}
