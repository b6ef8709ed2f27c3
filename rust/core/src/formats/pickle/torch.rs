//! The persistent ids of torch checkpoints: which storage, of how many bytes.
//!
//! `torch.serialization.persistent_id` writes `('storage', class, key,
//! location, numel)`; the legacy stream adds `view_metadata`.

use std::collections::HashMap;

use super::defects;
use super::machine::Machine;
use super::value::{Kind, Value};
use crate::bytes::Span;
use crate::error::Error;
use crate::names::Side;

/// A storage as a persistent id declares it.
pub(super) struct Storage {
    /// Its key: the name of its member under `data/`.
    pub(super) key: Vec<u8>,
    /// numel × itemsize; `None` when that overflows.
    pub(super) bytes: Option<u64>,
}

/// Bytes of an element, by the class a persistent id names.
static ITEM_BYTES: &[(&str, u64)] = &[
    ("BFloat16Storage", 2),
    ("BoolStorage", 1),
    ("ByteStorage", 1),
    ("CharStorage", 1),
    ("ComplexDoubleStorage", 16),
    ("ComplexFloatStorage", 8),
    ("DoubleStorage", 8),
    ("FloatStorage", 4),
    ("HalfStorage", 2),
    ("IntStorage", 4),
    ("LongStorage", 8),
    ("QInt32Storage", 4),
    ("QInt8Storage", 1),
    ("QUInt2x4Storage", 1),
    ("QUInt4x2Storage", 1),
    ("QUInt8Storage", 1),
    ("ShortStorage", 2),
    ("UntypedStorage", 1),
];

/// Reads a persistent id; `None` when it is not the tuple torch writes.
pub(super) fn storage(machine: &Machine, id: Value) -> Option<Storage> {
    let node = machine.arena.node_of(id).filter(|n| n.kind == Kind::Tuple)?;
    let (&[tag, class, key, location, numel], view) = machine.arena.items(node).split_first_chunk::<5>()?;
    let global = machine.global_of(class)?;
    let known = matches!(global.module.as_str(), "torch" | "torch.storage" | "torch.cuda");
    if machine.arena.text_of(tag)? != b"storage" || !known || global.side != Side::Allow {
        return None;
    }
    machine.arena.text_of(location)?;
    // A view of another storage takes no bytes of its own; (key, offset, size).
    if !matches!(view, [] | [Value::None]) {
        return None;
    }
    let item = ITEM_BYTES.binary_search_by(|(name, _)| (*name).cmp(&global.qualname)).ok()?;
    let item = ITEM_BYTES.get(item)?.1;
    let numel = u64::try_from(machine.arena.int(numel)?).ok();
    Some(Storage { key: machine.arena.text_of(key)?.to_vec(), bytes: numel.and_then(|n| n.checked_mul(item)) })
}

/// Holds a storage against its member: torch reads as many bytes as the id
/// says, wherever the member ends (the class of CVE-2026-24747).
pub(super) fn check(storage: &Storage, members: &HashMap<String, u64>, span: Span) -> Option<Error> {
    let key = String::from_utf8_lossy(&storage.key);
    let Some(&size) = members.get(key.as_ref()) else {
        return Some(Error::new(&defects::STORAGE_MISSING, span).with(format!("a member data/{key}"), "none"));
    };
    if storage.bytes == Some(size) {
        return None;
    }
    let declared = storage.bytes.map_or_else(|| "more than 2**64".to_owned(), |b| b.to_string());
    Some(
        Error::new(&defects::STORAGE_SIZE, span)
            .with(format!("{declared} bytes in data/{key}"), format!("{size} bytes")),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted() {
        assert!(ITEM_BYTES.is_sorted_by_key(|(name, _)| *name));
    }
}
