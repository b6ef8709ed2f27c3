//! The legacy stream of torch: five pickles, then raw storages.

use super::defects;
use super::scanner::{Phase, PickleScanner};
use crate::bytes::Span;
use crate::error::Error;
use crate::observe::{Outbox, Role};

/// Pickles in a legacy torch stream: magic, protocol, system, object, keys.
pub(super) const LEGACY_PICKLES: u64 = 5;

/// The first value of a legacy torch stream, as LONG1 holds it:
/// `0x1950a86a20f9469cfc6c` (`torch.serialization.MAGIC_NUMBER`).
pub(super) const LEGACY_MAGIC: &[u8] = b"\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19";

impl PickleScanner {
    pub(super) fn is_legacy(&self) -> bool {
        matches!(self.machine.role, Role::TorchLegacy)
    }

    /// The raw storages of a legacy stream: each is eight bytes of numel and
    /// then its data. Their sizes must fill the file to its last byte.
    pub(super) fn storages(&mut self, out: &mut Outbox) {
        let bytes = self.machine.storages.values().try_fold(0u64, |sum, d| sum.checked_add(d.bytes)?.checked_add(8));
        let rest = Span { start: self.pos, end: self.len };
        if bytes != Some(rest.len()) {
            let expected =
                bytes.map_or_else(|| "fewer than 2**64 bytes".to_owned(), |b| format!("{b} bytes of storages"));
            out.defect(Error::new(&defects::LEGACY_LAYOUT, rest).with(expected, format!("{} bytes", rest.len())));
        }
        out.skip("tensor-data", rest.len());
        self.phase = Phase::Done;
    }
}
