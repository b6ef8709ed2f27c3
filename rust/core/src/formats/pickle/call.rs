//! The one way a pickle calls something, whichever opcode asks for it.
//!
//! REDUCE, INST, OBJ, NEWOBJ and NEWOBJ_EX come to `call`, BUILD to `build`.
//! What the policy allows is held against the entry's arguments; everything
//! else is reported, and its result is tracked as something unproven.

use super::machine::{Break, Flow, Imported, Machine, operand};
use super::opcode::Opcode;
use super::value::{DUNDER_KEY, Kind, LOST_KEY, Node, NodeId, OPAQUE_KEY, PARTIAL, Value};
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

/// No argument tuple is kept with the object.
const NO_ARGS: u32 = u32::MAX;

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
        let mut known = true;
        let mut kept = NO_ARGS;
        if let Callee::Tuple(tuple, kwargs) = args {
            known = self.load_args(tuple, span, out);
            if let (Value::Node(id), true) = (tuple, known) {
                kept = id.index();
            }
            if kwargs.is_some_and(|k| !self.is_empty_dict(k)) {
                known = false;
            }
        }
        let Some(Node { kind: Kind::Global, a: index, .. }) = self.arena.node_of(callee) else {
            let text = format!("({})({})", self.render(callee), self.render_args());
            out.observe(Observation::new(What::ComputedCall { opcode: code.name(), text }, span));
            return self.node(Kind::Computed, 0, 0);
        };
        if let Some(global) = self.imported_mut(index).map(|i| &mut i.global) {
            if global.calls == 0 {
                global.first_call = span.start;
            }
            global.calls = global.calls.saturating_add(1);
        }
        self.judge_call(code, index, known, span, out);
        let made = self.node(Kind::Object, self.class_made(index, known), kept)?;
        if self.imported_at(index).is_some_and(|i| numpy::is_dtype(&i.global)) {
            if self.unbuilt.len() >= MAX_UNBUILT {
                // The oldest counts as settled: a state for it is refused.
                self.unbuilt.remove(0);
            }
            self.unbuilt.push(made);
        }
        Ok(made)
    }

    /// The class of what a call makes: the callee's own, or the one it was
    /// handed, whose entry then says which state it may get.
    fn class_made(&self, callee: u32, known: bool) -> u32 {
        let argument = self.spec_of(callee).and_then(|s| s.makes).filter(|_| known);
        match argument.and_then(|i| self.arena.node_of(*self.args.get(i)?)) {
            Some(Node { kind: Kind::Global, a, .. }) => a,
            _ => callee,
        }
    }

    /// BUILD: a state given to an object.
    pub(super) fn build(&mut self, target: Value, state: Value, span: Span, out: &mut Outbox) -> Result<Flow, Break> {
        let code = Opcode::BUILD;
        let Some(node) = self.arena.node_of(target) else {
            if target == Value::Opaque {
                let name = "a value from outside".to_owned();
                out.observe(Observation::new(What::ForeignWrite { name, opcode: code.name() }, span));
                return Ok(Flow::Next);
            }
            return Ok(self.odd_state(target, span, out));
        };
        match node.kind {
            Kind::Global => {
                let name = self.dotted(node.a);
                out.observe(Observation::new(What::ForeignWrite { name, opcode: code.name() }, span));
                return Ok(Flow::Next);
            }
            Kind::Object | Kind::Computed => {}
            _ => return Ok(self.odd_state(target, span, out)),
        }
        let name = if node.kind == Kind::Object { self.dotted(node.a) } else { "a computed object".to_owned() };
        self.check_keys(state, &name, code, span, out);
        if node.kind == Kind::Object {
            if !self.state_fits(target, node.a, state) {
                self.observe_state(node.a, code, span, out);
            }
            if self.is_array_wrapper(node.a) {
                return joblib::array(self, state, span, out);
            }
        }
        Ok(Flow::Next)
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
        if !spec.state.as_ref().is_some_and(|param| self.fits(param, state)) {
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
        if let (Some(flags), Value::Node(id)) = (agreed, target) {
            self.flag(id, flags);
        }
        agreed.is_some()
    }

    /// Reports a state that would set a dunder attribute, or a computed one.
    fn check_keys(&self, state: Value, name: &str, code: Opcode, span: Span, out: &mut Outbox) {
        let flags = self.state_flags(state);
        if flags & LOST_KEY != 0 {
            out.limit("max_text_bytes", self.arena.max_text_bytes(), span, "a key that was not kept");
        }
        if flags & (DUNDER_KEY | OPAQUE_KEY) != 0 {
            let mut seen = Observation::new(What::DunderState { name: name.to_owned(), opcode: code.name() }, span);
            let dunder = flags & DUNDER_KEY != 0;
            seen.found = if dunder { "a key that starts with __" } else { "a key that is computed" }.to_owned();
            out.observe(seen);
        }
    }

    /// Puts a tuple's items into the scratch list; false when they are not known.
    fn load_args(&mut self, tuple: Value, span: Span, out: &mut Outbox) -> bool {
        self.args.clear();
        match self.arena.node_of(tuple) {
            Some(node) if node.kind == Kind::Tuple && node.flags & PARTIAL == 0 => {
                self.args.extend_from_slice(self.arena.items(node));
                true
            }
            Some(Node { kind: Kind::Tuple | Kind::Object | Kind::Computed, .. }) => false,
            // The C unpickler wants a tuple, the Python one takes any iterable.
            _ => {
                out.defect(operand(span, "a tuple of arguments", &self.render(tuple)));
                false
            }
        }
    }

    fn judge_call(&mut self, code: Opcode, index: u32, known: bool, span: Span, out: &mut Outbox) {
        let Some(imported) = self.imported_at(index) else { return };
        let global = &imported.global;
        if global.side != Side::Allow {
            let name = global.clone();
            let text = if out.is_full() { String::new() } else { self.render_call(&name, known) };
            out.observe(Observation::new(What::Call { name, text, opcode: code.name() }, span));
            return;
        }
        let Some(spec) = self.spec_of(index) else { return };
        if known && self.args_fit(spec, &self.args) && self.inner_fits(spec) {
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
                self.check_keys(state, &name, code, span, out);
            }
            return;
        }
        let (name, spec) = (global.clone(), spec.text.clone());
        let text = if out.is_full() { String::new() } else { self.render_call(&name, known) };
        out.observe(Observation::new(What::Argument { name, text, spec }, span));
    }

    /// A callable that calls one of its arguments: that call is held against
    /// the argument's own entry.
    fn inner_fits(&self, spec: &Spec) -> bool {
        let Some((callee, args)) = spec.applies else { return true };
        let (Some(&callee), Some(&args)) = (self.args.get(callee), self.args.get(args)) else { return false };
        let Some(Node { kind: Kind::Global, a, .. }) = self.arena.node_of(callee) else { return false };
        let Some(inner) = self.spec_of(a) else { return true };
        let node = self.arena.node_of(args).filter(|n| n.kind == Kind::Tuple && n.flags & PARTIAL == 0);
        // One level: an entry that applies again would need its own arguments.
        inner.applies.is_none()
            && inner.updates.is_none()
            && node.is_some_and(|n| self.args_fit(inner, self.arena.items(n)))
    }

    fn args_fit(&self, spec: &Spec, args: &[Value]) -> bool {
        let Some(params) = &spec.call else { return false };
        if args.len() < spec.required || (!spec.rest && args.len() > params.len()) {
            return false;
        }
        args.iter().enumerate().all(|(i, &arg)| spec.param(i).is_some_and(|p| self.fits(p, arg)))
    }

    /// Whether a value is of the kinds a parameter takes.
    pub(super) fn fits(&self, param: &Param, value: Value) -> bool {
        let k = param.kinds;
        let data = Kinds::DATA.or(Kinds::ANY);
        match value {
            Value::None => k.has(Kinds::NONE.or(data)),
            Value::Bool(_) => k.has(Kinds::BOOL.or(Kinds::INT).or(data)),
            Value::Int(n) => k.has(Kinds::INT.or(data)) || (n >= 0 && k.has(Kinds::SIZE)),
            Value::Float => k.has(Kinds::FLOAT.or(data)),
            Value::Bytes(_) => k.has(Kinds::BYTES.or(data)),
            Value::Text(id) => {
                k.has(Kinds::STR.or(data)) || param.literals.iter().any(|l| l.as_bytes() == self.arena.text(id))
            }
            Value::LongText => k.has(Kinds::STR.or(data)),
            Value::Opaque => true,
            Value::Node(id) => self.arena.node(id).is_some_and(|node| self.node_fits(k, &param.literals, node)),
        }
    }

    fn node_fits(&self, k: Kinds, literals: &[String], node: Node) -> bool {
        let data = Kinds::DATA.or(Kinds::ANY);
        match node.kind {
            Kind::Long | Kind::HugeLong => k.has(Kinds::INT.or(data)),
            Kind::Tuple => k.has(Kinds::TUPLE.or(data)) || (k.has(Kinds::EMPTY) && self.is_empty_shape(node)),
            Kind::List => k.has(Kinds::LIST.or(data)),
            Kind::Dict => k.has(Kinds::DICT.or(data)),
            Kind::Set | Kind::FrozenSet => k.has(Kinds::SET.or(data)),
            Kind::Storage => k.has(Kinds::STORAGE.or(data)),
            Kind::Object => match self.spec_of(node.a) {
                Some(spec) => k.has(Kinds::OBJECT.or(spec.gives).or(data)),
                None => true,
            },
            // Reported where it was made or imported.
            Kind::Computed => true,
            Kind::Global => match self.spec_of(node.a) {
                Some(spec) => {
                    let inert = !spec.is_type && spec.call.is_none();
                    k.has(Kinds::ANY.or(Kinds::GLOBAL))
                        || literals.iter().any(|l| *l == self.dotted(node.a))
                        || (spec.is_type && k.has(Kinds::TYPE))
                        || (spec.call.is_some() && k.has(Kinds::CALLABLE))
                        || (inert && k.has(Kinds::DATA))
                }
                None => true,
            },
        }
    }

    /// A shape with a zero in it: an array of no elements, whatever its type.
    fn is_empty_shape(&self, node: Node) -> bool {
        let dims = self.arena.items(node);
        node.flags & PARTIAL == 0 && dims.contains(&Value::Int(0)) && dims.iter().all(|d| matches!(d, Value::Int(0..)))
    }

    /// Flags of the keys of a state: a dict, or a pair of two.
    fn state_flags(&self, state: Value) -> u8 {
        match self.arena.node_of(state) {
            Some(node) if node.kind == Kind::Tuple && node.b == 2 => {
                self.arena.items(node).iter().fold(0, |flags, &v| flags | self.key_flags_of(v))
            }
            _ => self.key_flags_of(state),
        }
    }

    /// Flags of the keys of a mapping. One made by a call from something has
    /// keys that were not seen.
    fn key_flags_of(&self, mapping: Value) -> u8 {
        let Some(node) = self.arena.node_of(mapping) else { return 0 };
        let unseen = match node.kind {
            // Only what takes items is a mapping. What a name that is not allowed
            // makes may be one too: that name was told when it was called.
            Kind::Object if self.spec_of(node.a).is_some_and(|s| s.items) => {
                self.made_by(mapping).is_none_or(|(_, args)| !args.is_empty())
            }
            Kind::Computed => true,
            _ => false,
        };
        node.flags | if unseen { OPAQUE_KEY } else { 0 }
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
        match self.arena.node_of(value)? {
            Node { kind: Kind::Global, a, .. } => self.imported_at(a).map(|i| &i.global),
            _ => None,
        }
    }

    /// The class a value was made by and the arguments it was made with, when
    /// it was made by calling an imported name.
    pub(super) fn made_by(&self, value: Value) -> Option<(&Global, &[Value])> {
        let Node { kind: Kind::Object, a, b, .. } = self.arena.node_of(value)? else { return None };
        let args = self.arena.node(NodeId::at(b)).filter(|n| b != NO_ARGS && n.kind == Kind::Tuple);
        Some((&self.imported_at(a)?.global, args.map_or(&[], |n| self.arena.items(n))))
    }
}
