//! Values: of a kind, of any kind, and containers of them.

use dryload_core::formats::pickle::opcode::Opcode;
use dryload_core::spec::Kinds;

use super::emit::Gen;
use super::model::{Item, Shape};
use super::names;

/// Where arithmetic goes wrong.
const NUMBERS: &[i64] = &[
    0,
    1,
    2,
    3,
    4,
    7,
    8,
    -1,
    -2,
    127,
    128,
    255,
    256,
    257,
    32767,
    65535,
    65536,
    0x7fff_ffff,
    0x8000_0000,
    -0x8000_0000,
    0xffff_ffff,
    0x1_0000_0000,
    i64::MAX,
    i64::MIN,
];

/// Sizes that are no harm.
const SIZES: &[i64] = &[0, 1, 2, 3, 4, 5, 8, 16, 255, 256, 1000];

/// Texts that mean something to somebody: codecs, type codes, attributes, names.
const WORDS: &[&str] = &[
    "",
    "a",
    "b",
    "key",
    "weight",
    "state",
    "append",
    "update",
    "shape",
    "dtype",
    "latin1",
    "latin-1",
    "ascii",
    "rot13",
    "i",
    "d",
    "u",
    "f4",
    "i8",
    "O",
    "V8",
    "M8[ns]",
    "1.5",
    "-7",
    "2020-01-02",
    "1970-01-01T00:00:00",
    "cpu",
    "cuda:0",
    "storage",
    "MT19937",
    "PCG64",
    "C",
    "F",
    "127.0.0.1",
    "::1",
    "10.0.0.0/8",
    "/tmp/x",
    "..",
    "é☃",
    "\u{1f600}",
    "a\nb",
    "back\\slash",
    "\\u0041",
    "'",
    "__class__",
    "__dict__",
    "__setstate__",
    "__reduce__",
    "_x",
    "numpy",
];

/// Keys as attributes and parameters have them.
const KEYS: &[&str] = &["a", "b", "lr", "step", "name", "weight", "bias", "shape", "n", "data", "mean", "_x"];

/// What a packed date begins with: year 263, December the first.
const PACKED: &[u8] = &[1, 7, 12, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13];

impl Gen<'_> {
    /// Any value, pushed.
    pub(super) fn value(&mut self, depth: usize) {
        let Some(below) = depth.checked_sub(1) else { return self.atom() };
        if self.style.outside > 0 && self.percent(self.style.outside) {
            return self.outside();
        }
        if self.nesting > 4 {
            return self.atom();
        }
        match self.rng.below(24) {
            0..8 => self.atom(),
            8 => self.sequence(Shape::Tuple, below),
            9 | 10 => self.sequence(Shape::List, below),
            11 | 12 => self.mapping(below, false),
            13 => self.members(below),
            14 => {
                if !self.get(|_| true) {
                    self.atom();
                }
            }
            15 => self.library(below),
            16 => self.any_name(),
            17 if self.percent(self.style.hostile) => self.hostile(below),
            _ => self.granted_call(below),
        }
        self.maybe_put();
    }

    /// Calls an allowed name as its entry grants.
    pub(super) fn granted_call(&mut self, depth: usize) {
        if self.nesting > 4 {
            return self.atom();
        }
        if self.percent(self.style.hostile) {
            let (module, name) = self.hostile_name();
            return self.call(module, name, &mut |g| {
                for _ in 0..g.rng.below(3) {
                    g.value(depth);
                }
            });
        }
        if let Some(row) = self.rng.pick(names::callable()) {
            self.granted(row, depth);
        }
    }

    /// A value without parts.
    pub(super) fn atom(&mut self) {
        match self.rng.below(12) {
            0 => self.none(),
            1 => {
                let value = self.rng.one_in(2);
                self.boolean(value);
            }
            2..5 => self.number(),
            5 => self.real(),
            6..9 => self.word(),
            9 => self.blob(),
            10 if self.rng.one_in(4) => self.huge(),
            11 if self.rng.one_in(4) => {
                let bytes = [self.rng.byte(); 3];
                self.bytearray(&bytes);
            }
            _ => {
                let n = i64::from(self.rng.byte());
                self.int(n);
            }
        }
        self.maybe_put();
    }

    fn number(&mut self) {
        let value = self.rng.pick(NUMBERS).copied().unwrap_or(0);
        self.int(value);
    }

    fn real(&mut self) {
        let some = [0.0, -0.0, 1.5, -2.25, 1e300, 5e-324, f64::INFINITY, f64::NEG_INFINITY, f64::NAN, 1e16];
        let value = self.rng.pick(&some).copied().unwrap_or(0.5);
        self.float(value);
    }

    fn word(&mut self) {
        if self.rng.one_in(40) {
            // Past the texts that are kept.
            let long = "x".repeat(self.rng.below(400));
            return self.text(&long);
        }
        let word = self.rng.pick(WORDS).copied().unwrap_or("");
        self.text(word);
    }

    fn blob(&mut self) {
        let len = match self.rng.below(12) {
            0 => 0,
            1 => 256,
            n => n,
        };
        let bytes: Vec<u8> = (0..len).map(|_| self.rng.byte()).collect();
        self.bytes(&bytes);
    }

    fn key(&mut self) {
        if !(self.rng.one_in(4) && self.get(|item| item.shape == Shape::Text)) {
            let keys = if self.percent(self.style.odd) { WORDS } else { KEYS };
            let key = self.rng.pick(keys).copied().unwrap_or("a");
            self.unicode(key);
            self.maybe_put();
        }
    }

    /// A value that can be a key.
    pub(super) fn hashable(&mut self, depth: usize) {
        match self.rng.below(8) {
            0 => self.number(),
            1 if self.get(|item| item.hashable) => {}
            2 if depth > 0 => {
                self.tuple_of(&mut |g| {
                    g.number();
                    g.key();
                });
            }
            3 => self.none(),
            4 if depth > 0 && self.nesting < 3 => self.granted_call(depth.saturating_sub(1)),
            _ => self.key(),
        }
    }

    /// A tuple or a list.
    pub(super) fn sequence(&mut self, shape: Shape, depth: usize) {
        let n = self.rng.below(5);
        if shape == Shape::Tuple {
            return self.tuple_of(&mut |g| {
                for _ in 0..n {
                    g.value(depth);
                }
            });
        }
        if self.rng.one_in(6) {
            self.mark();
            for _ in 0..n {
                self.value(depth);
            }
            return self.close(Opcode::LIST);
        }
        self.empty(Shape::List);
        self.maybe_put();
        if n > 0 {
            self.fill(Opcode::APPENDS, depth);
        }
    }

    /// A dict; with texts as keys, as a state has them.
    pub(super) fn mapping(&mut self, depth: usize, texts: bool) {
        let n = self.rng.below(4);
        if self.rng.one_in(6) {
            self.mark();
            for _ in 0..n {
                if texts {
                    self.key()
                } else {
                    self.hashable(depth)
                }
                self.value(depth);
            }
            return self.close(Opcode::DICT);
        }
        self.empty(Shape::Dict(true));
        self.maybe_put();
        if !texts && n > 0 {
            return self.fill(Opcode::SETITEMS, depth);
        }
        for _ in 0..n {
            self.key();
            self.value(depth);
            self.set_item();
        }
    }

    /// A set or a frozenset.
    fn members(&mut self, depth: usize) {
        if !self.can(Opcode::EMPTY_SET) {
            let name = if self.rng.one_in(2) { "set" } else { "frozenset" };
            return self.call("builtins", name, &mut |g| {
                g.mark();
                for _ in 0..g.rng.below(3) {
                    g.hashable(0);
                }
                g.close(Opcode::LIST);
            });
        }
        if self.rng.one_in(2) {
            self.mark();
            for _ in 0..self.rng.below(4) {
                self.hashable(depth);
            }
            return self.close(Opcode::FROZENSET);
        }
        self.empty(Shape::Set);
        self.maybe_put();
        self.fill(Opcode::ADDITEMS, depth);
    }

    /// Writes items into the top value, by the opcode for many or for one.
    pub(super) fn fill(&mut self, code: Opcode, depth: usize) {
        let n = self.rng.below(4);
        let single = match code {
            Opcode::APPENDS => Some(Opcode::APPEND),
            Opcode::SETITEMS => Some(Opcode::SETITEM),
            _ => None,
        };
        let one_by_one = !self.can(code) || (single.is_some() && self.rng.one_in(3));
        match single.filter(|_| one_by_one) {
            Some(Opcode::APPEND) => {
                for _ in 0..n {
                    self.value(depth);
                    self.raw(Opcode::APPEND, b"");
                    self.model.pop();
                }
            }
            Some(_) => {
                for _ in 0..n {
                    self.hashable(depth);
                    self.value(depth);
                    self.set_item();
                }
            }
            None => {
                self.mark();
                for _ in 0..n {
                    if code == Opcode::APPENDS {
                        self.value(depth)
                    } else {
                        self.hashable(depth)
                    }
                    if code == Opcode::SETITEMS {
                        self.value(depth);
                    }
                }
                self.written(code);
            }
        }
    }

    /// APPENDS, SETITEMS or ADDITEMS: what stands above the mark goes into what
    /// stands under it.
    pub(super) fn written(&mut self, code: Opcode) {
        self.raw(code, b"");
        let items: Vec<Item> = self.model.pop_mark();
        let texts = items.iter().step_by(2).all(|item| item.shape == Shape::Text);
        if code == Opcode::SETITEMS
            && !texts
            && self.model.peek(0).is_some_and(|target| target.shape == Shape::Dict(true))
        {
            self.model.change(false, Shape::Dict(false));
        }
    }

    /// A value of a kind of the policies' grammar.
    pub(super) fn of_kind(&mut self, kind: Kinds, depth: usize) {
        let below = depth.saturating_sub(1);
        match kind {
            Kinds::NONE => self.none(),
            Kinds::BOOL => {
                let value = self.rng.one_in(2);
                self.boolean(value);
            }
            Kinds::INT => {
                if self.rng.one_in(3) {
                    self.number();
                } else {
                    let n = i64::from(self.rng.byte()).saturating_sub(64);
                    self.int(n);
                }
            }
            Kinds::SIZE => {
                let n = self.rng.pick(SIZES).copied().unwrap_or(0);
                let n = if self.percent(self.style.odd) { 0x7fff_ffff } else { n };
                self.int(n);
            }
            Kinds::FLOAT => self.real(),
            Kinds::STR => self.word(),
            Kinds::BYTES => {
                if self.rng.one_in(3) {
                    // A date, a datetime, a double: lengths that are asked for.
                    let n = self.rng.pick(&[4usize, 6, 8, 10, 16]).copied().unwrap_or(4);
                    self.bytes(PACKED.get(..n).unwrap_or(PACKED));
                } else {
                    self.blob();
                }
            }
            Kinds::TUPLE => self.sequence(Shape::Tuple, below),
            Kinds::LIST => self.sequence(Shape::List, below),
            Kinds::DICT => self.mapping(below, true),
            Kinds::SET => self.members(below),
            Kinds::OBJECT if depth == 0 || self.nesting > 4 => self.call("argparse", "Namespace", &mut |_| {}),
            Kinds::OBJECT => {
                if self.rng.one_in(2) {
                    self.library(below);
                } else {
                    self.granted_call(below);
                }
            }
            Kinds::STORAGE => self.storage(),
            Kinds::TYPE => self.name_of(names::types()),
            Kinds::CALLABLE => self.name_of(names::callable()),
            Kinds::GLOBAL => self.any_name(),
            Kinds::EMPTY => self.tuple_of(&mut |g| {
                g.int(0);
                if g.rng.one_in(4) {
                    g.int(3);
                }
            }),
            Kinds::ARRAY => self.array(below),
            Kinds::DTYPE => {
                self.dtype(below);
            }
            Kinds::SLICE => self.call("builtins", "slice", &mut |g| {
                g.none();
                g.int(3);
                g.none();
            }),
            Kinds::EACH => self.empty(Shape::Tuple),
            _ => self.value(below),
        }
    }

    fn name_of(&mut self, rows: &[&names::Allowed]) {
        if self.percent(self.style.hostile) {
            self.any_name();
        } else if let Some(row) = self.rng.pick(rows) {
            self.import(row.module, row.name);
        }
    }
}
