//! A second reading of the same opcodes, where two loaders start from different
//! memos.
//!
//! An array of objects inside a joblib stream is read with a fresh memo by
//! joblib and with the outer one by `pickle.load`. The second of two pickles in
//! a row is read with a fresh memo by `pickle.load`, and with that of the first
//! by an `Unpickler` that is asked twice. So a word fetched from the memo is
//! another word.
//!
//! What the second reading would do that no policy can allow counts. Its
//! imports of unlisted names do not: the memo slots of any honest file, read
//! so, give two random words of it.

use super::keys::DUNDER_FOUND;
use super::machine::{Break, Flow, Machine};
use super::scanner::PickleScanner;
use crate::names::Side;
use crate::observe::{Observation, Outbox, What};

impl PickleScanner {
    /// Whether another reader would still be reading here, with another memo.
    #[inline]
    pub(super) const fn reads_twice(&self) -> bool {
        self.other.is_some()
    }

    /// Lets the other reading take a step; where it breaks it ends. Gives what
    /// it would do.
    #[inline]
    pub(super) fn step_other(
        &mut self,
        step: impl FnOnce(&mut Machine, &mut Outbox) -> Result<Flow, Break>,
    ) -> Vec<Observation> {
        let Some(other) = &mut self.other else { return Vec::new() };
        let mut aside = Outbox::new(8);
        if step(other, &mut aside).is_ok() {
            other.settle();
        } else {
            self.other = None;
        }
        aside.observations.retain(is_grave);
        aside.observations
    }

    /// What the other reading did counts, unless it imported the same name from
    /// another module: the module has no such name, and the reader ends there.
    /// So do honest files, in which a module's name is fetched from the memo.
    pub(super) fn tell_other(&mut self, seen: Vec<Observation>, out: &mut Outbox) {
        if let Some(other) = &self.other
            && let (Some(name), Some(here)) = (other.top_name(), self.machine.top_name())
            && name.module != here.module
            && name.qualname == here.qualname
        {
            self.other = None;
            return;
        }
        for seen in seen {
            if !out.observations.iter().any(|o| o.span == seen.span && o.code() == seen.code()) {
                out.observe(seen);
            }
        }
    }

    /// A pickle is complete and another follows: an `Unpickler` that is asked
    /// again keeps its memo.
    pub(super) fn keep_memo(&mut self) {
        if self.pickles == 1 && !self.machine.memo.is_empty() {
            self.other = Some(Box::new(self.machine.clone()));
        }
        if let Some(other) = &mut self.other {
            other.resume();
        }
    }
}

/// Whether no policy could allow it.
fn is_grave(seen: &Observation) -> bool {
    match &seen.what {
        What::Import(name) | What::Call { name, .. } => name.side == Side::Deny,
        What::DunderState { .. } => seen.found == DUNDER_FOUND,
        What::Extension(_) | What::ForeignWrite { .. } | What::PlantedMethod { .. } => true,
        _ => false,
    }
}
