//! Imports and calls, in every form there is.
//!
//! A name comes by GLOBAL, or by STACK_GLOBAL with operands that are literal,
//! memoised or shuffled into place; a call by REDUCE, NEWOBJ, NEWOBJ_EX, OBJ
//! or INST; a state by BUILD; items by the six opcodes that write.

use dryload_core::formats::pickle::opcode::Opcode;
use dryload_core::spec::{Kinds, Param, Spec};

use super::emit::Gen;
use super::model::{Item, Shape};
use super::names::{self, Allowed, DENIED, DOTTED, PYTHON2, UNKNOWN};

/// Writes the arguments of a call, one value after the other.
pub(super) type Arguments<'a> = &'a mut dyn FnMut(&mut Gen<'_>);

/// The forms of a call that takes a tuple.
const BY_TUPLE: &[Opcode] =
    &[Opcode::REDUCE, Opcode::REDUCE, Opcode::REDUCE, Opcode::NEWOBJ, Opcode::NEWOBJ, Opcode::NEWOBJ_EX];

impl Gen<'_> {
    /// Pushes an imported name; now and then from a slot that held another one
    /// before.
    pub(super) fn import(&mut self, module: &str, name: &str) {
        if !self.rng.one_in(24) {
            return self.import_here(module, name);
        }
        if let Some(row) = self.rng.pick(names::allowed()) {
            self.import_here(row.module, row.name);
        }
        let slot = self.kept();
        self.pop();
        self.import_here(module, name);
        self.put_slot(slot);
        self.pop();
        self.get_slot(slot);
    }

    fn import_here(&mut self, module: &str, name: &str) {
        let plain = !module.contains('\n') && !name.contains('\n');
        if plain && !(self.can(Opcode::STACK_GLOBAL) && self.rng.one_in(2)) {
            self.pair(Opcode::GLOBAL, module, name);
        } else {
            match self.rng.below(10) {
                8 => {
                    // A slot that held another name before.
                    let before = self.rng.pick(names::allowed()).map_or("secret", |row| row.name);
                    self.unicode(before);
                    let slot = self.kept();
                    self.pop();
                    self.unicode(name);
                    self.put_slot(slot);
                    self.pop();
                    self.unicode(module);
                    self.get_slot(slot);
                }
                0 => {
                    // Both operands from the memo.
                    self.unicode(module);
                    let first = self.kept();
                    self.pop();
                    self.unicode(name);
                    let second = self.kept();
                    self.pop();
                    self.get_slot(first);
                    self.get_slot(second);
                }
                1 => {
                    // The name was said before the module.
                    self.unicode(name);
                    let slot = self.kept();
                    self.pop();
                    self.unicode(module);
                    self.get_slot(slot);
                }
                2 => {
                    // Noise between the operands.
                    self.unicode(module);
                    self.maybe_put();
                    self.none();
                    self.pop();
                    self.mark();
                    self.raw(Opcode::POP_MARK, b"");
                    self.model.pop_mark();
                    self.unicode(name);
                }
                _ => {
                    self.unicode(module);
                    self.maybe_put();
                    self.unicode(name);
                    self.maybe_put();
                }
            }
            self.raw(Opcode::STACK_GLOBAL, b"");
            self.model.pop();
            self.became(1, Shape::Name);
            self.maybe_put();
            return;
        }
        self.model.push(Item::of(Shape::Name));
        self.maybe_put();
    }

    /// Puts the top value into the next slot, and gives the slot.
    fn kept(&mut self) -> u64 {
        let slot = self.model.memo_len();
        if self.can(Opcode::MEMOIZE) {
            self.raw(Opcode::MEMOIZE, b"");
        } else if self.can(Opcode::LONG_BINPUT) {
            self.raw(Opcode::LONG_BINPUT, &u32::try_from(slot).unwrap_or(0).to_le_bytes());
        } else {
            self.raw(Opcode::PUT, format!("{slot}\n").as_bytes());
        }
        self.model.put(slot);
        slot
    }

    /// Pushes a name that the style draws: an allowed one, or another.
    pub(super) fn any_name(&mut self) {
        if self.percent(self.style.hostile) {
            let (module, name) = self.hostile_name();
            self.import(module, name);
        } else if let Some(row) = self.rng.pick(names::allowed()) {
            self.import(row.module, row.name);
        }
    }

    /// A name that is not allowed, or is by another spelling.
    pub(super) fn hostile_name(&mut self) -> (&'static str, &'static str) {
        let table = match self.rng.below(10) {
            0..3 => PYTHON2,
            3..6 => DOTTED,
            6..8 => DENIED,
            _ => UNKNOWN,
        };
        self.rng.pick(table).copied().unwrap_or(("verymod", "secret"))
    }

    /// Calls a name; the result stays on the stack.
    pub(super) fn call(&mut self, module: &str, name: &str, arguments: Arguments<'_>) {
        self.nesting = self.nesting.saturating_add(1);
        let plain = !module.contains('\n') && !name.contains('\n');
        match self.rng.below(12) {
            0 if plain => {
                self.mark();
                arguments(self);
                self.pair(Opcode::INST, module, name);
                self.model.pop_mark();
                self.model.push(Item::of(Shape::Object));
            }
            1 if self.can(Opcode::OBJ) => {
                self.mark();
                self.import(module, name);
                arguments(self);
                self.raw(Opcode::OBJ, b"");
                self.model.pop_mark();
                self.model.push(Item::of(Shape::Object));
            }
            _ => {
                self.import(module, name);
                self.tuple_of(arguments);
                // NEWOBJ takes a class only; a loader refuses a function there.
                let class = names::is_class(module, name) || self.rng.one_in(12);
                self.apply(class);
            }
        }
        self.nesting = self.nesting.saturating_sub(1);
        self.maybe_put();
    }

    /// Calls the second value from the top with the tuple above it, as a class
    /// or as any callable.
    pub(super) fn apply(&mut self, class: bool) {
        let class = class && self.model.peek(1).is_some_and(|item| item.shape == Shape::Name);
        let code = if class { self.choose(BY_TUPLE) } else { None };
        match code.unwrap_or(Opcode::REDUCE) {
            Opcode::NEWOBJ_EX => {
                self.empty(Shape::Dict(true));
                if self.percent(self.style.odd) {
                    self.unicode("copy");
                    self.none();
                    self.set_item();
                }
                self.raw(Opcode::NEWOBJ_EX, b"");
                self.became(3, Shape::Object);
            }
            code => {
                self.raw(code, b"");
                self.became(2, Shape::Object);
            }
        }
    }

    /// A tuple of what the arguments push.
    pub(super) fn tuple_of(&mut self, arguments: Arguments<'_>) {
        let short = self.can(Opcode::TUPLE2) && !self.rng.one_in(6);
        let before = self.out.len();
        let height = self.model.height();
        let starts = self.starts.len();
        if !short {
            self.mark();
        }
        arguments(self);
        if !short {
            return self.close(Opcode::TUPLE);
        }
        match self.model.height().saturating_sub(height) {
            0 => self.empty(Shape::Tuple),
            n @ 1..4 => self.short_tuple(n),
            n => {
                // Too many: the mark is put in where they begin.
                self.out.insert(before, Opcode::MARK.0);
                self.starts.iter_mut().skip(starts).for_each(|at| *at = at.saturating_add(1));
                self.starts.insert(starts.min(self.starts.len()), before);
                self.raw(Opcode::TUPLE, b"");
                let items: Vec<_> = (0..n).filter_map(|_| self.model.pop()).collect();
                let hashable = items.iter().all(|item| item.hashable);
                self.model.push(Item { shape: Shape::Tuple, hashable });
            }
        }
    }

    /// Calls an allowed name with arguments that its entry grants, and does to
    /// the result what else it grants.
    pub(super) fn granted(&mut self, row: &Allowed, depth: usize) {
        let spec = &row.spec;
        let params = spec.call.as_deref().unwrap_or(&[]);
        let mut count = spec.required;
        let optional = params.len().saturating_sub(spec.required);
        count = count.saturating_add(self.rng.below(optional.saturating_add(1)));
        if spec.rest {
            count = count.saturating_add(self.rng.below(4));
        }
        if self.percent(self.style.odd) {
            count = self.rng.below(4);
        }
        self.call(row.module, row.name, &mut |g| {
            for i in 0..count {
                match spec.param(i) {
                    Some(_) if spec.keyed == Some(i) => g.keyed(spec, depth),
                    Some(param) => g.argument(param, depth),
                    None => g.value(depth),
                }
            }
        });
        if let Some(state) = spec.state.as_ref().filter(|_| self.rng.below(4) > 0) {
            if let Some(fields) = &spec.fields {
                self.tuple_of(&mut |g| fields.iter().for_each(|field| g.argument(field, depth)));
            } else if spec.closed {
                self.keyed(spec, depth);
            } else {
                self.argument(state, depth);
            }
            self.build();
        }
        if spec.items && self.rng.one_in(2) {
            self.fill(Opcode::SETITEMS, depth);
        }
        if spec.append && self.rng.one_in(2) {
            let code = if spec.gives.has(Kinds::SET) && self.can(Opcode::ADDITEMS) {
                Opcode::ADDITEMS
            } else {
                Opcode::APPENDS
            };
            self.fill(code, depth);
        }
    }

    /// A value that stands apart, made as the entries of its tag say.
    fn tagged(&mut self, tag: &str, depth: usize) {
        self.nesting = self.nesting.saturating_add(1);
        let rows: Vec<&Allowed> = names::allowed().iter().filter(|row| row.spec.tag.as_deref() == Some(tag)).collect();
        if let Some(row) = self.rng.pick(&rows) {
            self.granted(row, depth.saturating_sub(1));
        }
        self.nesting = self.nesting.saturating_sub(1);
    }

    /// A mapping with the keys of an entry.
    fn keyed(&mut self, spec: &Spec, depth: usize) {
        self.empty(Shape::Dict(true));
        for (key, param) in &spec.keys {
            if self.rng.one_in(4) {
                continue;
            }
            self.unicode(key);
            if param.kinds.has(Kinds::KEYED) {
                self.empty(Shape::Dict(true));
            } else {
                self.argument(param, depth.saturating_sub(1));
            }
            self.set_item();
        }
    }

    /// BUILD: the top value becomes the state of the one below.
    pub(super) fn build(&mut self) {
        self.raw(Opcode::BUILD, b"");
        self.model.pop();
    }

    /// SETITEM.
    pub(super) fn set_item(&mut self) {
        let text = self.model.peek(1).is_some_and(|item| item.shape == Shape::Text);
        self.raw(Opcode::SETITEM, b"");
        self.model.pop();
        self.model.pop();
        if let (Some(item), false) = (self.model.peek(0), text)
            && item.shape == Shape::Dict(true)
        {
            self.model.change(false, Shape::Dict(false));
        }
    }

    /// A value of one of the kinds that a parameter takes.
    pub(super) fn argument(&mut self, param: &Param, depth: usize) {
        if self.percent(self.style.odd) {
            return self.value(depth);
        }
        if let Some(tag) = self.rng.pick(&param.tags)
            && self.nesting < 8
            && (param.kinds == Kinds::default() || self.rng.one_in(2))
        {
            return self.tagged(tag, depth);
        }
        let literals = param.literals.len();
        let kinds: Vec<Kinds> = KINDS.iter().copied().filter(|&kind| param.kinds.has(kind)).collect();
        let at = self.rng.below(literals.saturating_mul(2).saturating_add(kinds.len()));
        if let Some(literal) = param.literals.get(at / 2).filter(|_| literals > 0) {
            return match literal.rsplit_once('.').filter(|(m, n)| names::is_allowed(m, n)) {
                Some((module, name)) => self.import(module, name),
                None => self.unicode(literal),
            };
        }
        match self.rng.pick(&kinds) {
            Some(&kind) => self.of_kind(kind, depth),
            None => self.none(),
        }
    }
}

/// Kinds from the simplest on.
const KINDS: &[Kinds] = &[
    Kinds::NONE,
    Kinds::BOOL,
    Kinds::INT,
    Kinds::SIZE,
    Kinds::FLOAT,
    Kinds::STR,
    Kinds::BYTES,
    Kinds::TUPLE,
    Kinds::LIST,
    Kinds::DICT,
    Kinds::SET,
    Kinds::OBJECT,
    Kinds::STORAGE,
    Kinds::TYPE,
    Kinds::CALLABLE,
    Kinds::GLOBAL,
    Kinds::ARRAY,
    Kinds::DTYPE,
    Kinds::SLICE,
    Kinds::EACH,
    Kinds::DATA,
    Kinds::ANY,
    Kinds::EMPTY,
];
