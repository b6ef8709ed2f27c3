//! Values that libraries write in a form of their own: what the kinds of a
//! policy's grammar say too little about.
//!
//! Each is right by default; now and then one number in it is not, as the
//! checks of the core are for exactly that.

use dryload_core::formats::pickle::opcode::Opcode;

use super::emit::Gen;
use super::model::{Item, Shape};

/// Type strings of numpy, and the bytes of an item.
const DTYPES: &[(&str, i64)] = &[
    ("b1", 1),
    ("i1", 1),
    ("u2", 2),
    ("i4", 4),
    ("u8", 8),
    ("f2", 2),
    ("f4", 4),
    ("f8", 8),
    ("c16", 16),
    ("S5", 5),
    ("U5", 20),
    ("V7", 7),
    ("M8", 8),
    ("m8", 8),
    ("O8", 8),
];

/// Storages of torch, with the numbers of elements that their keys stand for:
/// key `0` is always four floats, so that a container can hold them.
const STORAGES: &[(&str, i64, i64)] = &[("FloatStorage", 4, 4), ("LongStorage", 2, 8), ("ByteStorage", 8, 1)];

/// Modules of numpy by its major version.
const MULTIARRAY: &[&str] = &["numpy.core.multiarray", "numpy._core.multiarray"];

impl Gen<'_> {
    /// A value as numpy, torch or the standard library writes it.
    pub(super) fn library(&mut self, depth: usize) {
        if self.nesting > 5 {
            return self.atom();
        }
        match self.rng.below(16) {
            0..2 => {
                self.dtype(depth);
            }
            2..6 => self.array(depth),
            6 => self.scalar(),
            7 => self.buffer(),
            8 => self.masked(),
            9 => self.tensor(depth),
            10 => self.date(),
            11 => self.reconstructed(depth),
            12 => self.typed_array(),
            13 => self.call("fractions", "Fraction", &mut |g| {
                g.int(1);
                g.int(3);
            }),
            14 => self.call("decimal", "Decimal", &mut |g| g.unicode("1.5")),
            _ => self.ordered(depth),
        }
        self.maybe_put();
    }

    /// A number, or now and then another one.
    fn exactly(&mut self, n: i64) {
        let n = match self.rng.below(100) {
            _ if self.style.odd == 0 => n,
            0 => n.wrapping_add(1),
            1 => -1,
            2 => 0x7fff_ffff,
            _ => n,
        };
        self.int(n);
    }

    fn multiarray(&mut self) -> &'static str {
        self.rng.pick(MULTIARRAY).copied().unwrap_or("numpy.core.multiarray")
    }

    /// A dtype; gives the bytes of an item, 0 for references.
    pub(super) fn dtype(&mut self, depth: usize) -> i64 {
        if depth > 0 && self.rng.one_in(6) {
            return self.structure(depth);
        }
        let (kind, size) = self.rng.pick(DTYPES).copied().unwrap_or(("f4", 4));
        let first = kind.bytes().next().unwrap_or(b'f');
        self.new_dtype(kind);
        let order = if size == 1 || matches!(first, b'S' | b'V' | b'O') { "|" } else { "<" };
        let (said, flags) = match first {
            b'S' | b'V' => (size, 0),
            b'U' => (size, 8),
            b'O' => (-1, 63),
            _ => (-1, 0),
        };
        let is_time = matches!(first, b'M' | b'm');
        self.mark();
        self.exactly(if is_time { 4 } else { 3 });
        self.unicode(order);
        for _ in 0..3 {
            self.none();
        }
        self.exactly(said);
        self.exactly(if said == -1 { -1 } else { 1 });
        self.exactly(flags);
        if is_time {
            self.tuple_of(&mut |g| {
                g.empty(Shape::Dict(true));
                g.tuple_of(&mut |g| {
                    g.bytes(b"ns");
                    g.int(1);
                    g.int(1);
                    g.int(1);
                });
            });
        }
        self.close(Opcode::TUPLE);
        self.build();
        self.maybe_put();
        if first == b'O' { 0 } else { size }
    }

    fn new_dtype(&mut self, kind: &str) {
        self.call("numpy", "dtype", &mut |g| {
            g.unicode(kind);
            g.boolean(false);
            g.boolean(true);
        });
    }

    /// A dtype of two fields.
    fn structure(&mut self, depth: usize) -> i64 {
        self.new_dtype("V12");
        self.mark();
        self.exactly(3);
        self.unicode("|");
        self.none();
        self.tuple_of(&mut |g| {
            g.unicode("x");
            g.unicode("y");
        });
        self.empty(Shape::Dict(true));
        for (name, offset) in [("x", 0), ("y", 4)] {
            self.unicode(name);
            self.tuple_of(&mut |g| {
                if g.style.odd > 0 && g.rng.one_in(8) {
                    g.dtype(depth.saturating_sub(1));
                } else {
                    g.new_dtype("f4");
                    g.tuple_state();
                }
                g.exactly(offset);
            });
            self.set_item();
        }
        self.exactly(12);
        self.exactly(1);
        self.exactly(16);
        self.close(Opcode::TUPLE);
        self.build();
        12
    }

    /// The state of a plain number's dtype, given to the top value.
    fn tuple_state(&mut self) {
        self.mark();
        self.int(3);
        self.unicode("<");
        for _ in 0..3 {
            self.none();
        }
        for n in [-1, -1, 0] {
            self.int(n);
        }
        self.close(Opcode::TUPLE);
        self.build();
    }

    /// An array with its state.
    pub(super) fn array(&mut self, depth: usize) {
        let module = self.multiarray();
        self.call(module, "_reconstruct", &mut |g| {
            g.import("numpy", "ndarray");
            g.tuple_of(&mut |g| g.int(0));
            g.bytes(b"b");
        });
        self.array_state(1, depth);
        self.build();
        self.maybe_put();
    }

    /// The state that arrays share: version, shape, dtype, order, data.
    fn array_state(&mut self, version: i64, depth: usize) {
        let (rows, columns) = (self.rng.below(3), self.rng.below(3));
        let (rows, columns) = (i64::try_from(rows).unwrap_or(0), i64::try_from(columns).unwrap_or(0));
        self.mark();
        self.exactly(version);
        self.tuple_of(&mut |g| {
            g.exactly(rows);
            g.exactly(columns);
        });
        let item = self.dtype(depth);
        self.boolean(false);
        let count = rows.saturating_mul(columns);
        if item == 0 {
            self.empty(Shape::List);
            let count = if self.style.odd > 0 && self.rng.one_in(12) { 1000 } else { count };
            for _ in 0..count.min(12) {
                self.atom();
                self.raw(Opcode::APPEND, b"");
                self.model.pop();
            }
        } else {
            let bytes = usize::try_from(count.saturating_mul(item)).unwrap_or(0).min(1 << 10);
            self.bytes(&vec![0x41; bytes]);
        }
        self.close(Opcode::TUPLE);
    }

    fn scalar(&mut self) {
        let module = self.multiarray();
        self.call(module, "scalar", &mut |g| {
            g.new_dtype("f8");
            g.tuple_state();
            g.bytes(&[0; 8]);
        });
    }

    /// Protocol 5: a buffer and its dtype.
    fn buffer(&mut self) {
        let module = if self.rng.one_in(2) { "numpy.core.numeric" } else { "numpy._core.numeric" };
        self.call(module, "_frombuffer", &mut |g| {
            if g.rng.one_in(2) {
                g.bytes(&[1; 16])
            } else {
                g.bytearray(&[1; 16])
            }
            g.new_dtype("f8");
            g.tuple_state();
            g.tuple_of(&mut |g| g.exactly(2));
            g.unicode("C");
        });
    }

    fn masked(&mut self) {
        self.call("numpy.ma.core", "_mareconstruct", &mut |g| {
            g.import("numpy.ma", "MaskedArray");
            g.import("numpy", "ndarray");
            g.tuple_of(&mut |g| g.int(0));
            g.bytes(b"b");
        });
        self.mark();
        self.int(1);
        self.tuple_of(&mut |g| g.exactly(2));
        self.new_dtype("f8");
        self.tuple_state();
        self.boolean(false);
        self.bytes(&[0; 16]);
        self.bytes(&[0, 1]);
        self.none();
        self.close(Opcode::TUPLE);
        self.build();
    }

    /// A storage of torch, by a persistent load.
    pub(super) fn storage(&mut self) {
        let key = self.rng.below(STORAGES.len());
        let (class, numel, _) = STORAGES.get(key).copied().unwrap_or(("FloatStorage", 4, 4));
        if !self.can(Opcode::BINPERSID) {
            return self.persistent_line(&format!("storage{key}"));
        }
        self.tuple_of(&mut |g| {
            g.unicode("storage");
            g.import("torch", class);
            g.unicode(&key.to_string());
            g.unicode("cpu");
            g.exactly(numel);
        });
        self.raw(Opcode::BINPERSID, b"");
        self.became(1, Shape::Object);
        self.maybe_put();
    }

    /// A tensor over a storage of its own.
    pub(super) fn tensor(&mut self, depth: usize) {
        let parameter = depth > 0 && self.rng.one_in(4);
        if parameter {
            return self.call("torch._utils", "_rebuild_parameter", &mut |g| {
                g.tensor(0);
                g.boolean(true);
                g.ordered(0);
            });
        }
        self.call("torch._utils", "_rebuild_tensor_v2", &mut |g| {
            g.storage();
            g.exactly(0);
            g.tuple_of(&mut |g| g.exactly(2));
            g.tuple_of(&mut |g| g.exactly(1));
            g.boolean(false);
            g.call("collections", "OrderedDict", &mut |_| {});
        });
    }

    fn ordered(&mut self, depth: usize) {
        self.call("collections", "OrderedDict", &mut |_| {});
        if depth > 0 {
            self.fill(Opcode::SETITEMS, depth.saturating_sub(1));
        }
    }

    fn date(&mut self) {
        if self.rng.one_in(2) {
            return self.call("datetime", "date", &mut |g| g.bytes(b"\x07\xe4\x01\x02"));
        }
        self.call("datetime", "datetime", &mut |g| {
            g.bytes(b"\x07\xe4\x01\x02\x03\0\0\0\0\0");
            if g.rng.one_in(2) {
                g.call("datetime", "timezone", &mut |g| {
                    g.call("datetime", "timedelta", &mut |g| {
                        for _ in 0..3 {
                            g.int(0);
                        }
                    });
                });
            }
        });
    }

    /// How protocols 0 and 1 rebuild plain objects.
    fn reconstructed(&mut self, depth: usize) {
        let module = if self.style.proto < 3 && self.rng.one_in(2) { "copy_reg" } else { "copyreg" };
        self.call(module, "_reconstructor", &mut |g| {
            g.import("argparse", "Namespace");
            g.import(if module == "copyreg" { "builtins" } else { "__builtin__" }, "object");
            g.none();
        });
        self.mapping(depth, true);
        self.build();
    }

    fn typed_array(&mut self) {
        self.call("array", "_array_reconstructor", &mut |g| {
            g.import("array", "array");
            g.unicode("i");
            g.exactly(8);
            g.bytes(&[1, 0, 0, 0, 2, 0, 0, 0]);
        });
    }

    /// What only a hostile file has: extension codes, buffers from outside,
    /// persistent ids of any kind, writes into what was imported.
    pub(super) fn hostile(&mut self, depth: usize) {
        match self.rng.below(10) {
            0 => self.extension(),
            1 => self.outside_buffer(),
            2 => self.persistent_line("outside"),
            3 => {
                self.value(depth);
                self.raw(Opcode::BINPERSID, b"");
                self.became(1, Shape::Object);
            }
            4 => {
                // A write into an imported name.
                let (module, name) = self.hostile_name();
                self.import(module, name);
                match self.rng.below(3) {
                    0 => {
                        self.mapping(depth, true);
                        self.build();
                    }
                    1 => self.fill(Opcode::SETITEMS, depth),
                    _ => self.fill(Opcode::APPENDS, depth),
                }
            }
            5 => {
                // A computed callee.
                self.granted_call(depth);
                self.empty(Shape::Tuple);
                self.raw(Opcode::REDUCE, b"");
                self.became(2, Shape::Object);
            }
            6 => {
                // A computed name.
                self.granted_call(depth);
                self.unicode("system");
                self.raw(Opcode::STACK_GLOBAL, b"");
                self.became(2, Shape::Name);
            }
            7 => self.counted_text(Opcode::SHORT_BINSTRING, b"caf\xe9"),
            _ => {
                let (module, name) = self.hostile_name();
                self.call(module, name, &mut |g| g.value(depth));
            }
        }
        self.maybe_put();
    }

    /// What an unpickler gets from its caller: an extension code, a buffer, a
    /// persistent id; by opcodes that the style has.
    pub(super) fn outside(&mut self) {
        match self.rng.below(3) {
            0 if self.can(Opcode::EXT1) => self.extension(),
            1 if self.can(Opcode::NEXT_BUFFER) => self.outside_buffer(),
            _ if self.can(Opcode::BINPERSID) && self.rng.one_in(2) => {
                self.unicode("outside");
                self.raw(Opcode::BINPERSID, b"");
                self.became(1, Shape::Object);
            }
            _ => self.persistent_line("outside"),
        }
    }

    fn extension(&mut self) {
        let code = self.rng.pick(&[Opcode::EXT1, Opcode::EXT2, Opcode::EXT4]).copied().unwrap_or(Opcode::EXT1);
        let argument: &[u8] = match code {
            Opcode::EXT1 => &[240],
            Opcode::EXT2 => &[240, 0],
            _ => &[240, 0, 0, 0],
        };
        self.raw(code, argument);
        self.model.push(Item::of(Shape::Name));
    }

    fn outside_buffer(&mut self) {
        self.raw(Opcode::NEXT_BUFFER, b"");
        self.model.push(Item { shape: Shape::Plain, hashable: false });
        if self.rng.one_in(2) {
            self.raw(Opcode::READONLY_BUFFER, b"");
        }
    }

    /// A str of Python 2 that is no ASCII.
    fn counted_text(&mut self, code: Opcode, bytes: &[u8]) {
        self.counted(code, bytes);
        self.model.push(Item::of(Shape::Text));
    }
}
