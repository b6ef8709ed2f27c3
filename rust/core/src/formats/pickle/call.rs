//! The one way a pickle calls something, whichever opcode asks for it.
//!
//! REDUCE, INST, OBJ, NEWOBJ and NEWOBJ_EX come to `call`, BUILD to `build`.
//! What the policy allows is held against the entry's arguments; everything
//! else is reported, and its result is tracked as something unproven.

use super::apart::MAX_KEYED;
use super::arena::NO_ARGS;
use super::machine::{Break, Flow, Imported, Machine, operand};
use super::opcode::Opcode;
use super::places::Step;
use super::text::is_zone;
use super::value::{Class, DUNDER_KEY, Kind, LOST, Node, NodeId, OPAQUE_KEY, PARTIAL, PLANTED, Value};
use super::{joblib, numpy, torch};
use crate::bytes::Span;
use crate::names::Side;
use crate::observe::{Global, Observation, Outbox, What};
use crate::spec::{Kinds, Param, Spec};

/// Where the arguments of a call stand.
#[derive(Clone, Copy, Debug)]
pub(super) enum Callee {
    /// In the machine's scratch list: INST and OBJ.
    Items,
    /// In a tuple, with the keyword arguments of NEWOBJ_EX.
    Tuple(Value, Option<Value>),
}

/// dtypes that wait for their state at a time: as deep as structures nest.
const MAX_UNBUILT: usize = 32;

/// Largest `small` integer: as many elements are gigabytes, and no more.
const SMALL: u32 = 1 << 26;

/// How deep a dtype is kept for good: its arguments, and what they hold.
const DTYPE_DEPTH: u32 = 3;

/// Whether the arguments of a call stand in the machine's scratch list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Args {
    /// They do.
    Known,
    /// They were never to be seen.
    Unknown,
    /// They were made too long ago.
    Lost,
}

impl Machine {
    /// Calls `callee`; gives the symbolic result.
    pub(super) fn call(
        &mut self,
        code: Opcode,
        callee: Value,
        args: Callee,
        span: Span,
        out: &mut Outbox,
    ) -> Result<Value, Break> {
        let (args, kept) = match args {
            Callee::Items => {
                let kept = self.arena.push_items(Kind::Tuple, 0, &self.args).map_err(|full| self.full(full))?;
                if self.places.is_active() {
                    self.places.hold(&self.args, kept);
                }
                (Args::Known, kept)
            }
            // torch writes an enum of TorchScript as its class and the bare value.
            Callee::Tuple(value, None) if self.is_own_class(callee) && !self.is_tuple(value) => {
                self.args.clear();
                self.args.push(value);
                (Args::Known, value)
            }
            Callee::Tuple(tuple, kwargs) => {
                let args = self.load_args(tuple, span, out);
                (if kwargs.is_some_and(|k| !self.is_empty_dict(k)) { Args::Unknown } else { args }, tuple)
            }
        };
        let kept = match kept {
            Value::Node(Kind::Tuple, _, id) if args == Args::Known => id.0,
            _ => NO_ARGS,
        };
        let Value::Global(index) = callee else {
            let text = format!("({})({})", self.render(callee), self.render_args());
            out.observe(Observation::new(What::ComputedCall { opcode: code.name(), text }, span));
            return Ok(self.computed());
        };
        if let Some(global) = self.imported_mut(index).map(|i| &mut i.global) {
            if global.calls == 0 {
                global.first_call = span.start;
            }
            global.calls = global.calls.saturating_add(1);
        }
        let fits = self.judge_call(code, index, args, span, out);
        if args == Args::Known {
            if self.is_one_byte(index) {
                return Ok(Value::Bytes(1));
            }
            if fits && let Some(value) = self.attribute(index, code, span, out)? {
                return Ok(value);
            }
        }
        let class = self.class_made(index, args);
        self.note_made(class);
        let made = self.arena.push(Kind::Object, Class::of(class), 0, class, kept).map_err(|full| self.full(full))?;
        if self.places.is_active() {
            self.places.link(callee, made, Step::Callee);
            if class != index {
                self.places.link_class(Value::Global(class), made);
            }
            if kept != NO_ARGS {
                self.places.link(Value::Node(Kind::Tuple, Class::WIDE, NodeId(kept)), made, Step::Args);
            }
        }
        if self.imported_at(index).is_some_and(|i| numpy::is_dtype(&i.global)) {
            // Arrays refer to it until the end of the file.
            let made = self.arena.lasting(made, DTYPE_DEPTH);
            if self.unbuilt.len() >= MAX_UNBUILT {
                // The oldest counts as settled: a state for it is refused.
                self.unbuilt.remove(0);
            }
            self.unbuilt.push(made);
            return Ok(made);
        }
        Ok(made)
    }

    /// Whether a call gives a single byte: protocol 2 has no bytes, and writes
    /// `_codecs.encode('b', 'latin1')`. The value itself says its length, so
    /// that it is known however long ago it was made.
    fn is_one_byte(&self, callee: u32) -> bool {
        let encodes = |i: &Imported| i.global.module == "_codecs" && i.global.qualname == "encode";
        let text = || self.arena.text_of(*self.args.first()?);
        self.imported_at(callee).is_some_and(encodes) && text().is_some_and(|t| t.is_ascii() && t.len() == 1)
    }

    /// The class of what a call makes: the callee's own, or the one it was
    /// handed, whose entry then says which state it may get.
    fn class_made(&self, callee: u32, args: Args) -> u32 {
        let argument = self.spec_of(callee).and_then(|s| s.makes).filter(|_| args == Args::Known);
        match argument.and_then(|i| self.args.get(i)) {
            Some(Value::Global(class)) => *class,
            _ => callee,
        }
    }

    /// BUILD: a state given to an object.
    pub(super) fn build(&mut self, target: Value, state: Value, span: Span, out: &mut Outbox) -> Result<Flow, Break> {
        let code = Opcode::BUILD;
        if self.places.is_active() {
            self.places.link(state, target, Step::State);
        }
        let class = match target {
            Value::Global(index) => {
                self.foreign_write(index, code, span, out);
                return Ok(Flow::Next);
            }
            Value::Opaque => {
                foreign_value(code, span, out);
                return Ok(Flow::Next);
            }
            Value::Node(Kind::Object, ..) => self.class_of(target),
            Value::Computed(_) => None,
            _ => return Ok(self.odd_state(target, span, out)),
        };
        let name = class.map_or_else(|| "a computed object".to_owned(), |class| self.dotted(class));
        self.check_keys(state, &name, class, span, out);
        let Some(class) = class else {
            if !matches!(target, Value::Computed(_)) {
                self.lost(span, out);
            }
            return Ok(Flow::Next);
        };
        let dtype = self.imported_at(class).is_some_and(|i| numpy::is_dtype(&i.global));
        if self.arena.is_lost(state) || (dtype && self.arena.is_lost(target)) {
            self.lost(span, out);
            return Ok(Flow::Next);
        }
        if self.arena.node_of(target).is_some_and(|node| node.flags & PLANTED != 0) {
            // `__setstate__` is looked up on the object, whose dictionary may
            // be the first state itself, and may have got the key since.
            self.planted(class, code, span, out);
        }
        if self.arena.is_lost(target) {
            self.lost(span, out);
        }
        if !self.state_fits(target, class, state) {
            self.observe_state(class, code, span, out);
        }
        if let Value::Node(_, _, id) = target {
            self.arena.flag(id, PLANTED);
        }
        if self.is_array_wrapper(class) && !self.is_nested() {
            let flow = joblib::array(self, state, span, out);
            self.remember_keys(state);
            return flow;
        }
        if self.spec_of(class).is_some_and(|spec| !spec.keys.is_empty()) {
            self.remember_keys(state);
        }
        Ok(Flow::Next)
    }

    /// The index of an object's class; `None` when it is not known any more.
    pub(super) fn class_of(&self, object: Value) -> Option<u32> {
        let node = self.arena.node_of(object).filter(|n| n.kind == Kind::Object)?;
        let known = node.flags & LOST == 0 || node.a != u32::from(Class::WIDE.0);
        known.then_some(node.a)
    }

    /// SETITEM(S), APPEND(S) or ADDITEMS into an object.
    pub(super) fn write_object(&mut self, code: Opcode, target: Value, flags: u8, span: Span, out: &mut Outbox) {
        let pairs = matches!(code, Opcode::SETITEM | Opcode::SETITEMS);
        let (Some(node), Some(class)) = (self.arena.node_of(target), self.class_of(target)) else {
            return self.lost(span, out);
        };
        if !pairs && node.flags & PLANTED != 0 {
            // The state may hold a callable under the name of the method that
            // this opcode looks up. Picklers write items before the state.
            return self.planted(class, code, span, out);
        }
        let Some(spec) = self.spec_of(class) else { return };
        if spec.attributes && flags & (DUNDER_KEY | OPAQUE_KEY) != 0 {
            let name = self.dotted(class);
            self.observe_keys(flags, &name, code, Some(class), span, out);
        }
        if !(if pairs { spec.items } else { spec.append }) {
            self.observe_state(class, code, span, out);
        } else if !pairs && spec.state.is_some() && node.flags & LOST != 0 {
            self.lost(span, out);
        }
    }

    /// A method is called that the state of an object may have set.
    fn planted(&self, class: u32, code: Opcode, span: Span, out: &mut Outbox) {
        let name = self.dotted(class);
        let mut seen = Observation::new(What::PlantedMethod { name, opcode: code.name() }, span);
        seen.imported = self.imported_at(class).map(|i| i.global.span.start);
        out.observe(seen);
    }

    /// A write into something that was imported.
    pub(super) fn foreign_write(&self, index: u32, code: Opcode, span: Span, out: &mut Outbox) {
        let name = self.dotted(index);
        let mut seen = Observation::new(What::ForeignWrite { name, opcode: code.name() }, span);
        seen.imported = self.imported_at(index).map(|i| i.global.span.start);
        out.observe(seen);
    }

    /// A state for a value that takes none. With an empty state unpicklers go
    /// on, with any other they raise.
    #[cold]
    fn odd_state(&self, target: Value, span: Span, out: &mut Outbox) -> Flow {
        out.defect(operand(span, "an object for BUILD", &self.render(target)));
        Flow::Next
    }

    /// Whether the entry of an object's class grants a state.
    fn state_fits(&mut self, target: Value, class: u32, state: Value) -> bool {
        // A name that is not allowed was reported when it was called.
        let Some(spec) = self.spec_of(class) else { return true };
        let takes = |param: &Param| {
            // Of these, every value that the state holds is held against a parameter.
            let looked_through = spec.closed || spec.fields.is_some();
            if looked_through { self.fits_plain(param, state) } else { self.fits(param, state) }
        };
        let fits = match &spec.fields {
            Some(_) => self.fields_fit(spec, state),
            None => self.keys_fit(spec, state, MAX_KEYED),
        };
        if !fits || !spec.state.as_ref().is_some_and(takes) {
            return false;
        }
        let Some(global) = self.imported_at(class).map(|i| &i.global) else { return true };
        if numpy::makes_array(global) {
            return numpy::array_agrees(self, state);
        }
        if !numpy::is_dtype(global) {
            return true;
        }
        let waits = self.unbuilt.contains(&target);
        self.unbuilt.retain(|v| *v != target);
        let agreed = numpy::agreed_flags(self, target, state).filter(|_| waits);
        if let (Some(flags), Value::Node(_, _, id)) = (agreed, target) {
            self.arena.flag(id, flags);
        }
        agreed.is_some()
    }

    /// Puts a tuple's items into the scratch list.
    fn load_args(&mut self, tuple: Value, span: Span, out: &mut Outbox) -> Args {
        self.args.clear();
        match self.arena.node_of(tuple) {
            Some(node) if node.kind == Kind::Tuple && node.flags & PARTIAL == 0 => {
                self.args.extend_from_slice(self.arena.items(node));
                Args::Known
            }
            Some(node) if node.kind == Kind::Tuple => {
                if node.flags & LOST != 0 {
                    Args::Lost
                } else {
                    Args::Unknown
                }
            }
            Some(Node { kind: Kind::Object, .. }) => Args::Unknown,
            None if matches!(tuple, Value::Computed(_)) => Args::Unknown,
            // The C unpickler wants a tuple, the Python one takes any iterable.
            _ => {
                out.defect(operand(span, "a tuple of arguments", &self.render(tuple)));
                Args::Unknown
            }
        }
    }

    /// Holds a call against the policy; gives whether its entry grants it.
    fn judge_call(&mut self, code: Opcode, index: u32, args: Args, span: Span, out: &mut Outbox) -> bool {
        let known = args == Args::Known;
        let Some(imported) = self.imported_at(index) else { return false };
        let global = &imported.global;
        if global.side != Side::Allow {
            let name = global.clone();
            let dropped = if name.side == Side::Deny { out.is_closed() } else { out.is_full() };
            let text = if dropped { String::new() } else { self.render_call(&name, known) };
            out.observe(Observation::new(What::Call { name, text, opcode: code.name() }, span));
            return false;
        }
        let Some(spec) = self.spec_of(index) else { return false };
        let runs = spec.new && !matches!(code, Opcode::NEWOBJ | Opcode::NEWOBJ_EX);
        if known && !runs && self.args_fit(global, spec, &self.args) && self.inner_fits(spec) {
            let inner = spec.applies.and_then(|(callee, args)| {
                let args = self.arena.node_of(*self.args.get(args)?)?;
                Some((self.global_of(*self.args.get(callee)?)?, self.arena.items(args)))
            });
            for (callee, args) in [Some((global, &*self.args)), inner].into_iter().flatten() {
                if let Some(error) = torch::extent(self, callee, args, span) {
                    out.defect(error);
                }
            }
            let updated = spec.updates.and_then(|i| self.args.get(i).copied());
            if let Some(state) = updated {
                let name = self.dotted(index);
                self.check_keys(state, &name, Some(index), span, out);
            }
            self.remember_words(index);
            let keyed = self.spec_of(index).and_then(|s| self.args.get(s.keyed?).copied());
            keyed.into_iter().for_each(|keys| self.remember_keys(keys));
            return true;
        }
        if args == Args::Lost || self.args.iter().any(|v| self.arena.is_lost(*v)) {
            self.lost(span, out);
            return false;
        }
        let Some(spec) = self.spec_of(index) else { return false };
        let is_attribute = spec.attribute;
        let (name, spec) = (global.clone(), spec.text.clone());
        let dropped = if is_attribute { out.is_closed() } else { out.is_full() };
        let text = if dropped { String::new() } else { self.render_call(&name, known) };
        let what = if is_attribute {
            What::Call { name: self.denied(&name), text, opcode: code.name() }
        } else {
            What::Argument { name, text, spec }
        };
        out.observe(Observation::new(what, span));
        false
    }

    /// Remembers texts that had to be what they are: `latin1` of a million
    /// calls is one text, fetched from the memo.
    fn remember_words(&mut self, index: u32) {
        for i in 0..self.args.len() {
            let is_word = self.spec_of(index).and_then(|s| s.param(i)).is_some_and(|p| !p.literals.is_empty());
            if let (true, Some(&word)) = (is_word, self.args.get(i)) {
                self.arena.remember(word);
            }
        }
    }

    /// A callable that calls one of its arguments: that call is held against
    /// the argument's own entry.
    fn inner_fits(&self, spec: &Spec) -> bool {
        let Some((callee, args)) = spec.applies else { return true };
        let (Some(&callee), Some(&args)) = (self.args.get(callee), self.args.get(args)) else { return false };
        let Value::Global(index) = callee else { return false };
        let (Some(inner), Some(imported)) = (self.spec_of(index), self.imported_at(index)) else { return true };
        let node = self.arena.node_of(args).filter(|n| n.kind == Kind::Tuple && n.flags & PARTIAL == 0);
        // One level: an entry that applies again would need its own arguments.
        inner.applies.is_none()
            && !inner.new
            && inner.updates.is_none()
            && node.is_some_and(|n| self.args_fit(&imported.global, inner, self.arena.items(n)))
    }

    fn args_fit(&self, callee: &Global, spec: &Spec, args: &[Value]) -> bool {
        let Some(params) = &spec.call else { return false };
        if args.len() < spec.required || (!spec.rest && args.len() > params.len()) {
            return false;
        }
        if !numpy::names_plain_type(self, callee, args) {
            return false;
        }
        args.iter().enumerate().all(|(i, &arg)| {
            let Some(param) = spec.param(i) else { return false };
            if spec.keyed == Some(i) {
                self.fits_plain(param, arg) && self.keys_fit(spec, arg, MAX_KEYED)
            } else {
                self.fits(param, arg)
            }
        })
    }

    /// Whether a value is of the kinds a parameter takes, and stands apart
    /// only where the parameter asks for it.
    pub(super) fn fits(&self, param: &Param, value: Value) -> bool {
        let Value::Node(kind, ..) = value else { return self.fits_plain(param, value) };
        if self.is_apart(value) {
            return self.fits_apart(param, value);
        }
        if param.kinds.has(Kinds::EACH) && matches!(kind, Kind::Tuple | Kind::List) {
            return self.arena.node_of(value).is_some_and(|node| self.each_fits(param, node));
        }
        self.fits_plain(param, value)
    }

    /// Whether a value is of the kinds a parameter takes.
    pub(super) fn fits_plain(&self, param: &Param, value: Value) -> bool {
        let k = param.kinds;
        let data = Kinds::DATA.or(Kinds::ANY);
        match value {
            Value::None => k.has(Kinds::NONE.or(data)),
            Value::Bool(_) => k.has(Kinds::BOOL.or(Kinds::INT).or(data)),
            Value::Int(n) => {
                k.has(Kinds::INT.or(data))
                    || (n >= 0 && k.has(Kinds::SIZE))
                    || (n.unsigned_abs() <= SMALL && k.has(Kinds::SMALL))
            }
            Value::Float => k.has(Kinds::FLOAT.or(data)),
            Value::Bytes(_) => k.has(Kinds::BYTES.or(data)),
            Value::Text(_, id) => {
                k.has(Kinds::STR.or(data))
                    || (k.has(Kinds::ZONE) && self.arena.text(id).is_some_and(is_zone))
                    || self.arena.text(id).is_some_and(|t| param.literals.iter().any(|l| l.as_bytes() == t))
            }
            Value::LongText => k.has(Kinds::STR.or(data)),
            Value::HugeLong => k.has(Kinds::INT.or(data)),
            Value::Storage(_) => k.has(Kinds::STORAGE.or(data)),
            Value::Global(index) => self.global_fits(k, &param.literals, index),
            // Reported where it was made or imported.
            Value::Opaque | Value::Computed(_) | Value::Forgotten => true,
            Value::Node(kind, ..) => self.node_fits(k, kind, value),
        }
    }

    fn global_fits(&self, k: Kinds, literals: &[String], index: u32) -> bool {
        // A name that is not allowed was reported when it was imported.
        let Some(spec) = self.spec_of(index) else { return true };
        let inert = !spec.is_type && spec.call.is_none();
        if spec.attribute {
            return false;
        }
        k.has(Kinds::ANY.or(Kinds::GLOBAL))
            || literals.iter().any(|l| *l == self.dotted(index))
            || (spec.is_type && k.has(Kinds::TYPE))
            || (spec.call.is_some() && !spec.new && k.has(Kinds::CALLABLE))
            || (inert && k.has(Kinds::DATA))
    }

    fn node_fits(&self, k: Kinds, kind: Kind, value: Value) -> bool {
        let data = Kinds::DATA.or(Kinds::ANY);
        match kind {
            Kind::Long => k.has(Kinds::INT.or(data)),
            Kind::Tuple => k.has(Kinds::TUPLE.or(data)) || (k.has(Kinds::EMPTY) && self.is_empty_shape(value)),
            Kind::List => k.has(Kinds::LIST.or(data)),
            Kind::Dict => k.has(Kinds::DICT.or(data)),
            Kind::Set | Kind::FrozenSet => k.has(Kinds::SET.or(data)),
            Kind::Object => match self.class_of(value) {
                Some(class) => match self.spec_of(class) {
                    Some(spec) if k.has(Kinds::ARRAY) && spec.gives.has(Kinds::ARRAY) => {
                        spec.state.is_none() || self.is_built(value)
                    }
                    Some(spec) => k.has(Kinds::OBJECT.or(spec.gives).or(data)),
                    None => true,
                },
                None => false,
            },
        }
    }

    /// A shape with a zero in it: an array of no elements, whatever its type.
    fn is_empty_shape(&self, shape: Value) -> bool {
        let Some(node) = self.arena.node_of(shape) else { return false };
        let dims = self.arena.items(node);
        node.flags & PARTIAL == 0 && dims.contains(&Value::Int(0)) && dims.iter().all(|d| matches!(d, Value::Int(0..)))
    }

    pub(super) fn observe_state(&mut self, index: u32, code: Opcode, span: Span, out: &mut Outbox) {
        if let Some(imported) = self.imported_at(index) {
            let name = imported.global.clone();
            out.observe(Observation::new(What::State { name, opcode: code.name() }, span));
        }
    }

    fn is_empty_dict(&self, value: Value) -> bool {
        self.arena.node_of(value).is_some_and(|n| n.kind == Kind::Dict && n.b == 0 && n.flags & PARTIAL == 0)
    }

    fn is_array_wrapper(&self, index: u32) -> bool {
        self.imported_at(index).is_some_and(|i| joblib::is_wrapper(&i.global))
    }

    pub(super) fn imported_at(&self, index: u32) -> Option<&Imported> {
        self.imported.get(usize::try_from(index).ok()?)
    }

    fn imported_mut(&mut self, index: u32) -> Option<&mut Imported> {
        self.imported.get_mut(usize::try_from(index).ok()?)
    }

    /// The entry of an allowed name.
    pub(super) fn spec_of(&self, index: u32) -> Option<&Spec> {
        self.names.spec(self.imported_at(index)?.spec?)
    }

    /// The name a value is, when it is an imported one.
    pub(super) fn global_of(&self, value: Value) -> Option<&Global> {
        match value {
            Value::Global(index) => self.imported_at(index).map(|i| &i.global),
            _ => None,
        }
    }

    /// The class a value was made by, when it was made by calling an imported
    /// name, and the arguments it was made with, when they are known.
    pub(super) fn made_by(&self, value: Value) -> Option<(&Global, Option<&[Value]>)> {
        let class = self.class_of(value)?;
        let args = self.arena.node_of(value).and_then(|node| self.arena.args(node));
        Some((&self.imported_at(class)?.global, args))
    }
}

/// A write into a value from outside.
pub(super) fn foreign_value(code: Opcode, span: Span, out: &mut Outbox) {
    let name = "a value from outside".to_owned();
    out.observe(Observation::new(What::ForeignWrite { name, opcode: code.name() }, span));
}
