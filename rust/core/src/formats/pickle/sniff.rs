//! Whether bytes that nobody calls a pickle are one: how they begin, and
//! whether they run.

use super::scanner::PickleScanner;
use crate::bytes::wide;
use crate::formats::{Probe, Scanner};
use crate::observe::{Outbox, Role};

/// Whether a text could name a module or a class.
pub(super) fn is_identifier(text: &str) -> bool {
    let first = text.chars().next().is_some_and(|c| c.is_alphabetic() || c == '_');
    first && text.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '.'))
}

/// Whether a region begins with PROTO: of a protocol there is or may come to
/// be, or, where the name says pickle, of any.
pub(super) fn begins_with_proto(p: &Probe<'_>) -> bool {
    match p.head {
        [0x80, 0..=9, ..] => true,
        [0x80, ..] => p.named_like_model(),
        _ => false,
    }
}

/// Whether the first bytes of a region run as opcodes: to STOP, to the end of
/// what is known, or to an import before they break.
pub(super) fn sniff(p: &Probe<'_>) -> bool {
    let raw = matches!(p.role, Role::TensorData(_));
    let mut out = Outbox::new(8);
    let mut scanner = PickleScanner::new(p);
    scanner.feed(0, p.head, &mut out);
    let whole = wide(p.head.len()) >= p.len;
    match scanner.broken {
        true if raw => scanner.is_proven(),
        true => scanner.limited || scanner.is_plausible(),
        // A region may not end without a STOP; one opcode proves nothing, and
        // among raw numbers a run of opcodes does not either.
        false if raw => scanner.pickles > 0 || scanner.uses_names(),
        false if whole => scanner.pickles > 0 || out.has_acts(),
        false => scanner.opcodes > 0,
    }
}
