//! What is read in the round of the local headers: the pickles of a checkpoint
//! and the first bytes of its tensors, where they must stand if the archive is
//! laid out as its directory says.
//!
//! A guess costs a read when it is wrong and decides nothing: where the data
//! stands is what the local header says.

use super::entries::{DATA_DESCRIPTOR, Entry, STORED};
use super::local::LOCAL_BYTES;
use super::profile::Profile;
use crate::bytes::{Span, wide};
use crate::formats::TENSOR_HEAD;
use crate::observe::Role;

/// Bytes of a pickle read ahead, and of all that is read ahead of pickles.
pub(super) const PICKLE_AHEAD: u64 = 256 * 1024;

/// Spans to read, for members of at least `large` bytes; smaller ones come with
/// their headers. `directory` is where the last member ends.
pub(super) fn guesses(entries: &[Entry], profile: &Profile, directory: u64, large: u64) -> Vec<Span> {
    let mut order: Vec<&Entry> = entries.iter().collect();
    order.sort_unstable_by_key(|entry| entry.local);
    let ends = order.iter().skip(1).map(|entry| entry.local).chain([directory]);
    let mut room = PICKLE_AHEAD;
    let mut spans = Vec::new();
    for (entry, end) in order.iter().zip(ends) {
        if entry.method != STORED || entry.compressed < large {
            continue;
        }
        let len = match profile.role(&entry.text()) {
            Role::TensorData(_) => TENSOR_HEAD,
            Role::TorchPickle(_) => room.min(entry.compressed),
            _ => continue,
        };
        let Some(start) = end.checked_sub(entry.compressed.saturating_add(descriptor(entry))) else { continue };
        if start < entry.local.saturating_add(LOCAL_BYTES).saturating_add(wide(entry.name.len())) {
            continue;
        }
        if len > TENSOR_HEAD {
            room = room.saturating_sub(len);
        }
        spans.push(Span::at(start, len));
    }
    spans
}

/// Bytes of a data descriptor with a signature: APPNOTE 4.3.9.
const fn descriptor(entry: &Entry) -> u64 {
    match entry.flags & DATA_DESCRIPTOR {
        0 => 0,
        _ if entry.compressed > u32::MAX as u64 => 24,
        _ => 16,
    }
}
