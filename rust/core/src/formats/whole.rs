//! A region that can only be read as a whole: a JSON member.
//!
//! It is held in memory up to `max_inflated_bytes`, and told where it is longer.

use super::Want;
use crate::bytes::{Span, wide};
use crate::limits::Limits;
use crate::observe::Outbox;

/// Waits for all bytes of a region, once.
pub(crate) struct Whole {
    len: u64,
    max: u64,
    done: bool,
}

/// What came.
pub(crate) enum Came<'b> {
    /// Not all of it, or nothing new.
    Nothing,
    /// The region, from its first byte to its last.
    All(&'b [u8]),
    /// It is longer than may be held, and that was told.
    TooLong,
}

impl Whole {
    /// Of a region of `len` bytes.
    pub(crate) fn new(len: u64, limits: &Limits) -> Self {
        Self { len, max: limits.max_inflated_bytes, done: false }
    }

    /// Asks for the region until it came.
    pub(crate) fn wants(&self, wants: &mut Vec<Want>) {
        if !self.done {
            wants.push(Want { span: self.span(), until: self.len });
        }
    }

    /// Takes bytes that begin at `at`; `what` names them where they are too many.
    pub(crate) fn take<'b>(&mut self, at: u64, bytes: &'b [u8], what: &str, out: &mut Outbox) -> Came<'b> {
        if self.done {
            return Came::Nothing;
        }
        if self.len > self.max {
            self.done = true;
            out.limit("max_inflated_bytes", self.max, self.span(), format!("{} bytes of {what}", self.len));
            return Came::TooLong;
        }
        if at != 0 || wide(bytes.len()) < self.len {
            return Came::Nothing;
        }
        self.done = true;
        let len = usize::try_from(self.len).unwrap_or(usize::MAX);
        Came::All(bytes.get(..len).unwrap_or(bytes))
    }

    const fn span(&self) -> Span {
        Span { start: 0, end: self.len }
    }
}
