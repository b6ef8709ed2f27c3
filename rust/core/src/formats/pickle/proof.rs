//! Whether a region is a pickle at all, by what was seen of it.
//!
//! Bytes of other formats run as opcodes for a while. What is believed here is
//! told with its findings; what is not stays with the format that is sure.

use super::scanner::PickleScanner;
use super::sniff::is_identifier;
use crate::names::Side;
use crate::observe::{Global, Observation, Outbox, What};

/// A pickle of pure data that ends within so many bytes may be one by chance:
/// a safetensors header of 11,912 bytes begins with NEWTRUE and STOP.
const CHANCE_BYTES: u64 = 8;

impl PickleScanner {
    /// Keeps what decides whether the region is a pickle at all.
    pub(super) fn note(&mut self, out: &Outbox) {
        if out.observations.is_empty() {
            return;
        }
        self.acted = self.acted || out.has_acts();
        let moves = |o: &Observation| o.is_act() && !matches!(o.what, What::Extension(_));
        self.moved = self.moved || out.observations.iter().any(moves);
        self.odd = self.odd || !out.observations.iter().all(Observation::is_act);
    }

    /// Whether a region that does not begin as a pickle for sure is one.
    ///
    /// Where another format is sure, a lone EXT opcode is by chance, as it is
    /// among raw numbers: one in 85 lengths and storages begins with one.
    pub(super) fn is_believed(&self) -> bool {
        match (self.raw, self.contested, self.named) {
            (false, true, _) => self.moved || (self.pickles > 0 && self.ended > CHANCE_BYTES),
            (false, false, true) => self.is_plausible(),
            _ => self.is_proven(),
        }
    }

    /// Whether a region that is named like a pickle is one: a whole pickle, or
    /// an import or worse before it breaks.
    pub(super) fn is_plausible(&self) -> bool {
        self.pickles > 0 || self.acted
    }

    /// Whether a region that neither begins nor is named like a pickle is one.
    /// Prose and code run as opcodes for a while: `class A:` is an import of
    /// `lass A:`. A whole canonical pickle proves it, or an import of a name
    /// that can be one and is called, is denied, or is followed by more.
    pub(super) fn is_proven(&self) -> bool {
        let whole = self.pickles > 0 && !self.broken && !self.odd;
        whole || (self.acted && self.uses_names())
    }

    /// Whether a name was imported that can be one, and was used.
    pub(super) fn uses_names(&self) -> bool {
        let import = |g: &Global| {
            let used = g.calls > 0 || g.side == Side::Deny || self.opcodes > self.import_at.saturating_add(1);
            is_identifier(&g.module) && is_identifier(&g.qualname) && used
        };
        self.machine.globals().any(import)
    }
}
