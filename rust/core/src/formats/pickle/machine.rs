//! The symbolic pickle machine: what the opcodes would build, without building it.
//!
//! It follows the stack and the memo as an unpickler does, so that every
//! import, call and write has its true operands. It imports nothing, calls
//! nothing and resolves no attribute.
//!
//! Untrusted input: no panic, no recursion, and every container counts against
//! a limit.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::apart::Apart;
use super::arena::{Arena, Full};
use super::attribute::Uses;
use super::call::{Callee, foreign_value};
use super::defects;
use super::inline::Outer;
use super::keys::key_flags;
use super::memo::Memo;
use super::op::{Arg, Op};
use super::opcode::Opcode;
use super::places::Places;
use super::text;
use super::torch;
use super::value::{Class, Kind, Value};
use crate::bytes::{Span, wide};
use crate::error::Error;
use crate::limits::Limits;
use crate::names::Names;
use crate::observe::{Global, Observation, Outbox, Role, What};

/// What the machine asks of the scanner after an instruction.
#[derive(Debug, PartialEq, Eq)]
pub enum Flow {
    /// Go on with the next one.
    Next,
    /// STOP: the pickle is complete.
    Stop,
    /// Raw array bytes of a joblib stream follow.
    Array(u64),
    /// A pickle of its own follows, in place of an array of objects.
    Nested,
}

/// Why a pickle cannot be followed further.
#[derive(Debug)]
pub enum Break {
    /// The bytes are wrong.
    Bad(Box<Error>),
    /// A limit of this name was reached.
    Limit(&'static str, u64),
}

impl From<Error> for Break {
    #[cold]
    fn from(e: Error) -> Self {
        Self::Bad(Box::new(e))
    }
}

/// A name this part imported.
#[derive(Clone, Debug)]
pub(super) struct Imported {
    pub(super) global: Global,
    pub(super) spec: Option<u32>,
}

/// The machine. One serves all the pickles of a part: names are kept from one
/// to the next, stack and memo are not.
#[derive(Clone)]
pub struct Machine {
    pub(super) names: Arc<Names>,
    pub(super) arena: Arena,
    pub(super) imported: Vec<Imported>,
    pub(super) args: Vec<Value>,
    pub(super) role: Role,
    /// Classes that the code of the archive defines, where there is code.
    pub(super) classes: Option<Arc<HashSet<String>>>,
    pub(super) storages: HashMap<Vec<u8>, torch::Declared>,
    /// Bytes of each storage, by the index its node holds.
    pub(super) storage_bytes: Vec<(Option<u64>, u64, &'static str)>,
    /// dtypes that wait for their state and that nothing else holds yet.
    pub(super) unbuilt: Vec<Value>,
    pub(super) apart: Apart,
    pub(super) uses: Uses,
    pub(super) index: HashMap<String, usize>,
    pub(super) key: String,
    pub(super) proto: u8,
    pub(super) max_nodes: u64,
    pub(super) max_names: u64,
    pub(super) stack: Vec<Value>,
    pub(super) marks: Vec<usize>,
    pub(super) memo: Memo,
    pub(super) max_memo: u64,
    pub(super) max_stack: usize,
    pub(super) places: Places,
    computed: u32,
    /// What the last complete pickle gave.
    pub(super) root: Value,
    pub(super) outer: Option<Box<Outer>>,
}

type Result<T> = std::result::Result<T, Break>;

impl Machine {
    /// A machine with an empty stack.
    #[must_use]
    pub fn new(names: Arc<Names>, limits: &Limits, role: Role) -> Self {
        Self {
            names,
            arena: Arena::new(limits),
            imported: Vec::new(),
            args: Vec::new(),
            role,
            classes: None,
            storages: HashMap::new(),
            storage_bytes: Vec::new(),
            stack: Vec::new(),
            marks: Vec::new(),
            memo: Memo::default(),
            unbuilt: Vec::new(),
            apart: Apart::default(),
            uses: Uses::default(),
            index: HashMap::new(),
            key: String::new(),
            proto: 0,
            max_memo: limits.max_memo,
            max_nodes: limits.max_nodes,
            max_names: limits.max_names,
            max_stack: usize::try_from(limits.max_stack).unwrap_or(usize::MAX),
            places: Places::default(),
            computed: 0,
            root: Value::None,
            outer: None,
        }
    }

    /// Begins another pickle.
    pub fn restart(&mut self) {
        self.stack.clear();
        self.marks.clear();
        self.memo.clear();
        self.arena.clear();
        self.storage_bytes.clear();
        self.unbuilt.clear();
        (self.apart, self.uses) = (Apart::default(), Uses::default());
        self.places = Places::default();
        self.proto = 0;
    }

    /// The result of something that cannot be followed.
    pub(super) fn computed(&mut self) -> Value {
        self.computed = self.computed.wrapping_add(1);
        Value::Computed(self.computed)
    }

    /// Begins another pickle with the memo of the one before.
    pub fn resume(&mut self) {
        self.stack.clear();
        self.marks.clear();
        self.places = Places::default();
        self.proto = 0;
    }

    /// The imported name on top of the stack, when it is one.
    #[must_use]
    pub fn top_name(&self) -> Option<&Global> {
        self.stack.last().and_then(|&value| self.global_of(value))
    }

    /// Names imported so far, in order of first import.
    pub fn globals(&self) -> impl Iterator<Item = &Global> {
        self.imported.iter().map(|i| &i.global)
    }

    /// The protocol PROTO announced; 0 without one.
    #[must_use]
    pub const fn proto(&self) -> u8 {
        self.proto
    }

    /// Marks open, for the disassembler's indent.
    #[must_use]
    pub fn depth(&self) -> usize {
        self.marks.len()
    }

    /// Follows one instruction. `payload` is its counted argument when that is
    /// text or an integer and the window holds it.
    ///
    /// # Errors
    /// `Break` when no unpickler, or not every one, would go on.
    #[inline]
    pub fn apply(&mut self, op: &Op<'_>, payload: Option<&[u8]>, span: Span, out: &mut Outbox) -> Result<Flow> {
        match (op.code, op.arg) {
            (Opcode::MARK, _) => {
                let most = self.max_stack.min(MAX_MARKS);
                if self.marks.len() >= most {
                    return Err(Break::Limit("max_stack", wide(most)));
                }
                self.marks.push(self.stack.len());
            }
            (Opcode::STOP, _) => {
                self.root = self.pop(span)?;
                self.places.tell(self.root, out);
                self.tell_uses(out);
                return Ok(Flow::Stop);
            }
            (Opcode::POP, _) => {
                // POP on a bare mark takes the mark, in C and in Python.
                if self.marks.last() == Some(&self.stack.len()) {
                    self.marks.pop();
                } else {
                    self.pop(span)?;
                }
            }
            (Opcode::POP_MARK, _) => {
                let at = self.pop_mark(span)?;
                self.stack.truncate(at);
            }
            (Opcode::DUP, _) => {
                let value = self.pop(span)?;
                self.shared(value);
                self.note_pushed(value);
                self.stack.push(value);
                self.push(value)?;
            }
            (Opcode::NONE, _) => self.push(Value::None)?,
            (Opcode::NEWTRUE, _) => self.push(Value::Bool(true))?,
            (Opcode::NEWFALSE, _) => self.push(Value::Bool(false))?,
            (Opcode::BININT | Opcode::BININT1 | Opcode::BININT2, Arg::Int(n)) => {
                // Four bytes at most: they fit.
                self.push(i32::try_from(n).map_or(Value::Opaque, Value::Int))?;
            }
            (Opcode::BINFLOAT, _) => self.push(Value::Float)?,
            (Opcode::INT | Opcode::LONG | Opcode::FLOAT, Arg::Line(line)) => self.number(op.code, line, span, out)?,
            (Opcode::STRING, Arg::Line(line)) => self.string(line, span, out)?,
            (Opcode::UNICODE, Arg::Line(line)) => {
                let value = self.arena.push_text(&text::raw_unicode_escape(line));
                self.push(value)?;
            }
            (_, Arg::Counted { payload: kind, len, .. }) => self.counted(kind, len, payload, span)?,
            (Opcode::EMPTY_TUPLE, _) => {
                let value = self.arena.push_items(Kind::Tuple, 0, &[]).map_err(|full| self.full(full))?;
                self.push(value)?;
            }
            (Opcode::EMPTY_LIST, _) => self.push_new(Kind::List)?,
            (Opcode::EMPTY_DICT, _) => self.push_new(Kind::Dict)?,
            (Opcode::EMPTY_SET, _) => self.push_new(Kind::Set)?,
            (Opcode::TUPLE1, _) => self.tuple(1, span)?,
            (Opcode::TUPLE2, _) => self.tuple(2, span)?,
            (Opcode::TUPLE3, _) => self.tuple(3, span)?,
            (Opcode::TUPLE, _) => self.collect(Kind::Tuple, span)?,
            (Opcode::LIST, _) => self.collect(Kind::List, span)?,
            (Opcode::DICT, _) => self.collect(Kind::Dict, span)?,
            (Opcode::FROZENSET, _) => self.collect(Kind::FrozenSet, span)?,
            (Opcode::APPEND, _) => {
                let value = self.pop(span)?;
                self.write(op.code, &[value], span, out)?;
            }
            (Opcode::SETITEM, _) => {
                let value = self.pop(span)?;
                let key = self.pop(span)?;
                self.write(op.code, &[key, value], span, out)?;
            }
            (Opcode::APPENDS | Opcode::SETITEMS | Opcode::ADDITEMS, _) => {
                let at = self.pop_mark(span)?;
                let mut items = std::mem::take(&mut self.args);
                items.clear();
                items.extend(self.stack.drain(at.min(self.stack.len())..));
                self.write(op.code, &items, span, out)?;
                self.args = items;
            }
            (Opcode::PUT | Opcode::GET, Arg::Line(line)) => {
                if !text::is_canonical_int(line) || line.starts_with(b"-") {
                    numeric(line, span, out);
                }
                let index = lax_int(line).and_then(|n| u64::try_from(n).ok());
                let Some(index) = index else { return Err(operand(span, "a memo index", &printable(line)).into()) };
                self.memo_op(op.code == Opcode::PUT, index, span, out)?;
            }
            (Opcode::BINPUT | Opcode::LONG_BINPUT, Arg::Int(n)) => self.memo_op(true, n.unsigned_abs(), span, out)?,
            (Opcode::BINGET | Opcode::LONG_BINGET, Arg::Int(n)) => self.memo_op(false, n.unsigned_abs(), span, out)?,
            (Opcode::MEMOIZE, _) => self.memo_op(true, self.memo.len(), span, out)?,
            (Opcode::PROTO, Arg::Int(n)) => self.proto = u8::try_from(n).unwrap_or(u8::MAX),
            (Opcode::FRAME, _) => {}
            (Opcode::GLOBAL, Arg::Pair(module, name)) => {
                let value = self.import(module, name, op.code, span, out)?;
                self.note_pushed(value);
                self.push(value)?;
            }
            (Opcode::STACK_GLOBAL, _) => self.stack_global(span, out)?,
            (Opcode::INST, Arg::Pair(module, name)) => {
                let at = self.pop_mark(span)?;
                self.args.clear();
                self.args.extend(self.stack.drain(at.min(self.stack.len())..));
                let callee = self.import(module, name, op.code, span, out)?;
                self.note_pushed(callee);
                let value = self.call(op.code, callee, Callee::Items, span, out)?;
                self.push(value)?;
            }
            (Opcode::OBJ, _) => {
                let at = self.pop_mark(span)?;
                self.args.clear();
                self.args.extend(self.stack.drain(at.min(self.stack.len())..));
                if self.args.is_empty() {
                    return Err(underflow(span).into());
                }
                let callee = self.args.remove(0);
                let value = self.call(op.code, callee, Callee::Items, span, out)?;
                self.push(value)?;
            }
            (Opcode::REDUCE | Opcode::NEWOBJ, _) => {
                let args = self.pop(span)?;
                let callee = self.pop(span)?;
                let value = self.call(op.code, callee, Callee::Tuple(args, None), span, out)?;
                self.push(value)?;
            }
            (Opcode::NEWOBJ_EX, _) => {
                let kwargs = self.pop(span)?;
                let args = self.pop(span)?;
                let callee = self.pop(span)?;
                let value = self.call(op.code, callee, Callee::Tuple(args, Some(kwargs)), span, out)?;
                self.push(value)?;
            }
            (Opcode::BUILD, _) => {
                let state = self.pop(span)?;
                let target = self.pop(span)?;
                self.stack.push(target);
                return self.build(target, state, span, out);
            }
            (Opcode::EXT1 | Opcode::EXT2 | Opcode::EXT4, Arg::Int(n)) => {
                let mut seen = Observation::new(What::Extension(op.code.name()), span);
                seen.found = n.to_string();
                out.observe(seen);
                let value = self.computed();
                self.push(value)?;
            }
            (Opcode::PERSID, Arg::Line(line)) => {
                let id = self.arena.push_text(line);
                let value = self.persistent(id, op.code, span, out)?;
                self.push(value)?;
            }
            (Opcode::BINPERSID, _) => {
                let id = self.pop(span)?;
                let value = self.persistent(id, op.code, span, out)?;
                self.push(value)?;
            }
            (Opcode::NEXT_BUFFER, _) => {
                out.observe(Observation::new(What::Buffer, span));
                self.push(Value::Opaque)?;
            }
            (Opcode::READONLY_BUFFER, _) => {
                let value = self.pop(span)?;
                self.stack.push(value);
            }
            // The decoder gives no other pair of opcode and argument.
            (code, _) => return Err(operand(span, "an argument", code.name()).into()),
        }
        Ok(Flow::Next)
    }

    /// Pushes a text that was too long for the window, checked elsewhere.
    ///
    /// # Errors
    /// `Break::Limit` at the ceiling of the stack.
    pub fn push_long_text(&mut self) -> Result<()> {
        self.push(Value::LongText)
    }

    #[inline]
    pub(super) fn push(&mut self, value: Value) -> Result<()> {
        if self.stack.len() >= self.max_stack {
            return Err(Break::Limit("max_stack", wide(self.max_stack)));
        }
        self.stack.push(value);
        Ok(())
    }

    #[inline]
    fn push_new(&mut self, kind: Kind) -> Result<()> {
        let value = self.arena.push(kind, Class::WIDE, 0, 0, 0).map_err(|full| self.full(full))?;
        self.push(value)
    }

    #[cold]
    pub(super) fn full(&self, Full: Full) -> Break {
        Break::Limit("max_nodes", self.max_nodes)
    }

    /// Makes room in the arena when it is full; due after each instruction.
    #[inline]
    pub fn settle(&mut self) {
        if self.arena.is_full() {
            self.turn();
        }
    }

    #[cold]
    fn turn(&mut self) {
        let before = if self.places.is_active() { self.stack.clone() } else { Vec::new() };
        self.arena.turn(&mut self.stack);
        if self.arena.is_old() {
            self.memo.fade(&self.arena);
            self.arena.renew(&mut self.stack);
            self.renumbered();
            self.places = Places::default();
        }
        for (&old, &new) in before.iter().zip(&self.stack) {
            self.places.moved(old, new);
        }
    }

    /// Says that a value is needed that was made too long ago to be kept.
    #[cold]
    pub(super) fn lost(&self, span: Span, out: &mut Outbox) {
        out.limit("max_nodes", self.max_nodes, span, "a value of so long ago that it is not kept");
    }

    /// Pops a value above the innermost mark.
    #[inline]
    pub(super) fn pop(&mut self, span: Span) -> Result<Value> {
        let fence = self.marks.last().copied().unwrap_or(0);
        if self.stack.len() <= fence {
            return Err(underflow(span).into());
        }
        self.stack.pop().ok_or_else(|| underflow(span).into())
    }

    #[inline]
    fn pop_mark(&mut self, span: Span) -> Result<usize> {
        self.marks.pop().ok_or_else(|| underflow(span).into())
    }

    #[inline]
    fn tuple(&mut self, n: usize, span: Span) -> Result<()> {
        let fence = self.marks.last().copied().unwrap_or(0);
        let Some(at) = self.stack.len().checked_sub(n).filter(|&at| at >= fence) else {
            return Err(underflow(span).into());
        };
        self.gather(Kind::Tuple, at)
    }

    #[inline]
    fn collect(&mut self, kind: Kind, span: Span) -> Result<()> {
        let at = self.pop_mark(span)?;
        if kind == Kind::Dict && self.stack.len().saturating_sub(at) % 2 != 0 {
            return Err(operand(span, "pairs", "an odd number of items").into());
        }
        self.gather(kind, at)
    }

    #[inline]
    fn gather(&mut self, kind: Kind, at: usize) -> Result<()> {
        let items = self.stack.get(at..).unwrap_or(&[]);
        let mut flags = if kind == Kind::Dict { key_flags(items) } else { 0 };
        if !self.apart.is_none() {
            flags |= self.apart_flag(items);
        }
        let value = self.arena.push_items(kind, flags, items).map_err(|full| self.full(full))?;
        if self.places.is_active() {
            self.note_items(value, at, 0);
        }
        self.stack.truncate(at);
        self.stack.push(value);
        Ok(())
    }

    /// A value is held twice from here on: a state given to it later would
    /// change what was already made with it.
    #[inline]
    fn shared(&mut self, value: Value) {
        if !self.unbuilt.is_empty() {
            self.unbuilt.retain(|v| *v != value);
        }
    }

    #[inline]
    fn memo_op(&mut self, put: bool, index: u64, span: Span, out: &mut Outbox) -> Result<()> {
        if put {
            let value = self.pop(span)?;
            self.stack.push(value);
            if index >= self.max_memo {
                // C makes room for every slot below and runs out of memory,
                // Python goes on.
                let expected = format!("a memo index below {}", self.max_memo);
                out.defect(operand(span, &expected, &index.to_string()));
            }
            if !self.memo.put_next(index, value) && self.memo.put(index, value, &self.arena) > self.max_memo {
                return Err(Break::Limit("max_memo", self.max_memo));
            }
            return Ok(());
        }
        match self.memo.get(index) {
            Some(Value::Forgotten) => Err(Break::Limit("max_memo", self.max_memo)),
            Some(value) => {
                self.shared(value);
                self.note_pushed(value);
                self.push(value)
            }
            None => Err(Error::new(&defects::MEMO_MISSING, span).with("", format!("slot {index}")).into()),
        }
    }

    /// SETITEM(S), APPEND(S) and ADDITEMS: into something this pickle made.
    fn write(&mut self, code: Opcode, items: &[Value], span: Span, out: &mut Outbox) -> Result<()> {
        let pairs = matches!(code, Opcode::SETITEM | Opcode::SETITEMS);
        if pairs && !items.len().is_multiple_of(2) {
            return Err(operand(span, "pairs", "an odd number of items").into());
        }
        let target = self.pop(span)?;
        self.stack.push(target);
        let flags = if pairs { key_flags(items) } else { 0 };
        let fits = match target {
            Value::Node(Kind::Dict, ..) => pairs,
            Value::Node(Kind::List, ..) => matches!(code, Opcode::APPEND | Opcode::APPENDS),
            Value::Node(Kind::Set, ..) => code == Opcode::ADDITEMS,
            Value::Node(Kind::Object, ..) => {
                self.write_object(code, target, flags, span, out);
                true
            }
            // What it is was reported when it was made.
            Value::Computed(_) => true,
            Value::Global(index) => {
                self.foreign_write(index, code, span, out);
                true
            }
            _ => false,
        };
        if !fits {
            return self.odd_target(code, target, span, out);
        }
        if self.places.is_active() {
            self.note_written(target, items, pairs);
        }
        if let Value::Node(_, _, id) = target {
            self.arena.extend(id, items, flags);
        }
        if !self.apart.is_none() {
            self.note_apart(items);
        }
        Ok(())
    }

    /// A write into a value that has no such method: unpicklers raise, unless
    /// there is nothing to write; then they go on.
    #[cold]
    fn odd_target(&mut self, code: Opcode, target: Value, span: Span, out: &mut Outbox) -> Result<()> {
        if target == Value::Opaque {
            foreign_value(code, span, out);
            return Ok(());
        }
        out.defect(operand(span, &format!("a container for {}", code.name()), &self.render(target)));
        Ok(())
    }
}

/// Marks open at a time, whatever the stack may hold; Python's own recursion
/// ends at a thousand.
pub(super) const MAX_MARKS: usize = 512 * 1024;

/// An integer as the laxest unpickler reads a memo index: up to a NUL, then
/// as `int()` reads it, with white space around and underscores inside.
fn lax_int(line: &[u8]) -> Option<i64> {
    let end = line.iter().position(|&b| b == 0).unwrap_or(line.len());
    let digits = line.get(..end)?.trim_ascii();
    let digits: Vec<u8> = digits.strip_prefix(b"+").unwrap_or(digits).iter().copied().filter(|b| *b != b'_').collect();
    text::int(&digits)
}

pub(super) fn printable(bytes: &[u8]) -> String {
    crate::bytes::printable(bytes, 60)
}

#[cold]
pub(super) fn numeric(line: &[u8], span: Span, out: &mut Outbox) {
    out.defect(Error::new(&defects::NUMERIC_TEXT, span).with("decimal digits", printable(line)));
}

#[cold]
fn underflow(span: Span) -> Error {
    Error::new(&defects::STACK_UNDERFLOW, span)
}

#[cold]
pub(super) fn operand(span: Span, expected: &str, found: &str) -> Error {
    Error::new(&defects::OPERAND_TYPE, span).with(expected, found)
}
