//! What joblib writes between two opcodes: the raw bytes of an array, which are
//! skipped, and an array of objects, which is a pickle inside the pickle.
//!
//! joblib reads the latter with a fresh stack and memo and then goes on with
//! the outer one. `pickle.load`, which knows nothing of arrays, runs the same
//! opcodes on the stack and memo it has: `other` follows that reading.

use super::apart::Apart;
use super::arena::Arena;
use super::defects;
use super::joblib::MAX_PADDING;
use super::machine::{Break, Machine};
use super::memo::Memo;
use super::places::Places;
use super::scanner::{NO_FRAME, Phase, PickleScanner};
use super::value::Value;
use crate::bytes::Span;
use crate::error::Error;
use crate::limits::Limits;
use crate::observe::Outbox;

/// What is to be restored after a pickle that stands inside another.
pub(super) struct Nested {
    start: u64,
    starts_with_proto: bool,
}

/// What belongs to one pickle, of the machine that follows another inside it.
#[derive(Clone)]
pub(super) struct Outer {
    arena: Arena,
    storage_bytes: Vec<(Option<u64>, u64, &'static str)>,
    unbuilt: Vec<Value>,
    apart: Apart,
    proto: u8,
    stack: Vec<Value>,
    marks: Vec<usize>,
    memo: Memo,
    places: Places,
}

impl PickleScanner {
    /// Skips a joblib array: a length byte, that much padding, the data.
    pub(super) fn array(&mut self, array: u64, window: &[u8], out: &mut Outbox) -> bool {
        let span = Span::at(self.pos, 1);
        if self.pos >= self.len {
            self.truncated("an array", out);
            return true;
        }
        let Some(&padding) = window.first() else {
            self.need = 1;
            return false;
        };
        let wrong = if self.frame_end != NO_FRAME {
            Some(("an array outside of frames", "a frame that goes on".to_owned()))
        } else if padding > MAX_PADDING {
            Some(("a padding of 0 to 16 bytes", padding.to_string()))
        } else {
            None
        };
        if let Some((expected, found)) = wrong {
            let error = Error::new(&defects::ARRAY_LAYOUT, span).with(expected, found);
            self.break_off(Break::Bad(Box::new(error)), out);
            return true;
        }
        let end = self.pos.saturating_add(1).saturating_add(u64::from(padding)).saturating_add(array);
        if end > self.len {
            self.truncated("an array", out);
            return true;
        }
        out.skip("array-data", array);
        self.pos = end;
        self.phase = Phase::Ops;
        self.need = 1;
        true
    }

    /// Begins the pickle that stands here, inside the one that was followed.
    pub(super) fn enter(&mut self, out: &mut Outbox) {
        self.joblib = true;
        let plain = Box::new(self.machine.clone());
        let open = self.frame_end != NO_FRAME;
        if open || !self.machine.enter(&self.limits) {
            let error = Error::new(&defects::ARRAY_LAYOUT, Span::at(self.pos, 1));
            let error = error.with("an array outside of frames", "a frame that goes on");
            self.break_off(Break::Bad(Box::new(error)), out);
            return;
        }
        self.nested = Some(Nested { start: self.start, starts_with_proto: self.starts_with_proto });
        self.other = Some(plain);
        self.start = self.pos;
        self.phase = Phase::Ops;
        self.need = 1;
    }

    /// Goes back to the outer pickle, if this was one inside it.
    pub(super) fn leave(&mut self) -> bool {
        let Some(nested) = self.nested.take() else { return false };
        self.other = None;
        self.start = nested.start;
        self.starts_with_proto = nested.starts_with_proto;
        self.need = 1;
        self.machine.leave()
    }
}

impl Machine {
    /// Begins the pickle that stands inside this one; false inside another.
    pub fn enter(&mut self, limits: &Limits) -> bool {
        if self.outer.is_some() {
            return false;
        }
        self.outer = Some(Box::new(Outer {
            arena: std::mem::replace(&mut self.arena, Arena::new(limits)),
            storage_bytes: std::mem::take(&mut self.storage_bytes),
            unbuilt: std::mem::take(&mut self.unbuilt),
            apart: std::mem::take(&mut self.apart),
            proto: std::mem::take(&mut self.proto),
            stack: std::mem::take(&mut self.stack),
            marks: std::mem::take(&mut self.marks),
            memo: std::mem::take(&mut self.memo),
            places: std::mem::take(&mut self.places),
        }));
        true
    }

    /// Goes on with the outer pickle; false when there is none.
    pub fn leave(&mut self) -> bool {
        let Some(outer) = self.outer.take() else { return false };
        self.arena = outer.arena;
        self.storage_bytes = outer.storage_bytes;
        self.unbuilt = outer.unbuilt;
        self.apart = outer.apart.after(self.apart);
        self.proto = outer.proto;
        self.stack = outer.stack;
        self.marks = outer.marks;
        self.memo = outer.memo;
        self.places = outer.places;
        true
    }

    /// Whether it follows a pickle inside another.
    #[must_use]
    pub const fn is_nested(&self) -> bool {
        self.outer.is_some()
    }
}
