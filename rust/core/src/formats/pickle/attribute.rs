//! The one computed name that is let through: `getattr` of a class and a word.
//!
//! A bound class method is pickled as `getattr(ZoneInfo, '_unpickle')`. Where an
//! entry says `attribute`, such a call gives the dotted name, and the policy
//! judges that. Everything else done with such a callable is what it would be
//! without the entry: on the deny side. So whatever puts it on the stack must be
//! answered by a call that takes it off.

use super::machine::{Break, Machine};
use super::opcode::Opcode;
use super::value::Value;
use crate::bytes::Span;
use crate::names::Side;
use crate::observe::{Global, Observation, Outbox, What};

/// Uses of such callables in a pickle.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Uses {
    /// Times one was put on the stack.
    pushed: u32,
    /// Times one was called as its entry says.
    called: u32,
    /// The last name that was put there.
    last: u32,
}

impl Uses {
    /// Whether none was put on the stack: nothing needs to be counted.
    #[inline]
    pub(super) const fn is_none(self) -> bool {
        self.pushed == 0
    }
}

impl Machine {
    /// Counts a name that is put on the stack.
    pub(super) fn note_pushed(&mut self, value: Value) {
        if let Value::Global(index) = value
            && self.spec_of(index).is_some_and(|s| s.attribute)
        {
            self.uses.pushed = self.uses.pushed.saturating_add(1);
            self.uses.last = index;
        }
    }

    /// What a call of such a callable gives, when it is one that fits.
    pub(super) fn attribute(
        &mut self,
        callee: u32,
        code: Opcode,
        span: Span,
        out: &mut Outbox,
    ) -> Result<Option<Value>, Break> {
        let (Some(&class), Some(&word)) = (self.args.first(), self.args.get(1)) else { return Ok(None) };
        let of = self.spec_of(callee).filter(|s| s.attribute).and(self.global_of(class)).cloned();
        let (Some(of), Some(word)) = (of, self.arena.text_of(word).map(<[u8]>::to_vec)) else { return Ok(None) };
        self.uses.called = self.uses.called.saturating_add(1);
        let name = [of.qualname.as_bytes(), b".", &word].concat();
        self.import(of.module.as_bytes(), &name, code, span, out).map(Some)
    }

    /// A name as it stands without the entry that lets an attribute through.
    pub(super) fn denied(&self, name: &Global) -> Global {
        let reason = self.names.reason(&name.module, &name.qualname).unwrap_or("reaches anything that a name holds");
        Global { side: Side::Deny, reason: reason.to_owned(), ..name.clone() }
    }

    /// Tells of a callable that was used for something else; due at the end.
    pub(super) fn tell_uses(&mut self, out: &mut Outbox) {
        let uses = std::mem::take(&mut self.uses);
        if uses.pushed != uses.called
            && let Some(imported) = self.imported_at(uses.last)
        {
            let name = self.denied(&imported.global);
            let span = name.span;
            out.observe(Observation::new(What::Import(name), span));
        }
    }
}
