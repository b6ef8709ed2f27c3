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
use crate::observe::Global;

/// A storage as a persistent id declares it.
pub(super) struct Storage {
    /// Its key: the name of its member under `data/`.
    pub(super) key: Vec<u8>,
    /// numel × itemsize; `None` when that overflows.
    pub(super) bytes: Option<u64>,
    /// Bytes of an element; 1 of an untyped storage.
    pub(super) item: u64,
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
    if machine.arena.text_of(tag)? != b"storage" {
        return None;
    }
    machine.arena.text_of(location)?;
    // A view of another storage takes no bytes of its own; (key, offset, size).
    if !matches!(view, [] | [Value::None]) {
        return None;
    }
    let item = item_bytes(global)?;
    let numel = u64::try_from(machine.arena.int(numel)?).ok();
    Some(Storage { key: machine.arena.text_of(key)?.to_vec(), bytes: numel.and_then(|n| n.checked_mul(item)), item })
}

/// Bytes of an element of a storage class that the policy allows.
pub(super) fn item_bytes(class: &Global) -> Option<u64> {
    let known = matches!(class.module.as_str(), "torch" | "torch.storage" | "torch.cuda") && class.side == Side::Allow;
    let item = ITEM_BYTES.binary_search_by(|(name, _)| (*name).cmp(&class.qualname)).ok().filter(|_| known)?;
    ITEM_BYTES.get(item).map(|(_, bytes)| *bytes)
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

/// Bytes of an element, by the dtype that `_rebuild_tensor_v3` names.
static DTYPE_BYTES: &[(&str, u64)] = &[
    ("bfloat16", 2),
    ("bits16", 2),
    ("bits1x8", 1),
    ("bits2x4", 1),
    ("bits4x2", 1),
    ("bits8", 1),
    ("bool", 1),
    ("complex128", 16),
    ("complex32", 4),
    ("complex64", 8),
    ("float16", 2),
    ("float32", 4),
    ("float4_e2m1fn_x2", 1),
    ("float64", 8),
    ("float8_e4m3fn", 1),
    ("float8_e4m3fnuz", 1),
    ("float8_e5m2", 1),
    ("float8_e5m2fnuz", 1),
    ("float8_e8m0fnu", 1),
    ("int16", 2),
    ("int32", 4),
    ("int64", 8),
    ("int8", 1),
    ("qint32", 4),
    ("qint8", 1),
    ("quint2x4", 1),
    ("quint4x2", 1),
    ("quint8", 1),
    ("uint16", 2),
    ("uint32", 4),
    ("uint64", 8),
    ("uint8", 1),
];

/// Holds a rebuilt tensor against its storage: offset, size and stride must
/// stay inside it. torch checks some of them, some of the time; what it does
/// not check is memory of the process (CVE-2026-24747 is of this class).
///
/// `Some` is the defect; other callables than torch's rebuilders have none.
pub(super) fn extent(machine: &Machine, global: &Global, args: &[Value], span: Span) -> Option<Error> {
    if global.module != "torch._utils" || !REBUILDERS.contains(&global.qualname.as_str()) {
        return None;
    }
    let (&[storage, offset, size, stride], rest) = args.split_first_chunk::<4>()?;
    let Value::Storage(index) = storage else { return None };
    let &(bytes, item) = machine.storage_bytes.get(usize::try_from(index).ok()?)?;
    // v3: requires_grad and hooks, then the dtype of an untyped storage.
    let item = match rest.get(2).and_then(|&dtype| machine.global_of(dtype)) {
        Some(dtype) if global.qualname == "_rebuild_tensor_v3" => {
            let known = DTYPE_BYTES.binary_search_by(|(name, _)| (*name).cmp(&dtype.qualname));
            // What is not known is held to be wider than anything known.
            known.ok().and_then(|i| DTYPE_BYTES.get(i)).map_or(32, |(_, bytes)| *bytes)
        }
        _ => item,
    };
    let needed = last_element(machine, offset, size, stride).and_then(|n| n.checked_mul(item));
    if needed.is_some_and(|n| bytes.is_some_and(|b| n <= b)) {
        return None;
    }
    let found = needed.map_or_else(|| "no place in it".to_owned(), |n| format!("a tensor up to byte {n}"));
    let expected = bytes.map_or_else(|| "a storage with a size".to_owned(), |b| format!("inside {b} bytes of storage"));
    Some(Error::new(&defects::STORAGE_SIZE, span).with(expected, found))
}

/// The rebuilders whose first four arguments are storage, offset, size, stride.
const REBUILDERS: &[&str] = &["_rebuild_qtensor", "_rebuild_tensor", "_rebuild_tensor_v2", "_rebuild_tensor_v3"];

/// Elements of storage up to the last one that a tensor touches.
fn last_element(machine: &Machine, offset: Value, size: Value, stride: Value) -> Option<u64> {
    let offset = u64::try_from(machine.arena.int(offset)?).ok()?;
    let dims = |v: Value| {
        let node = machine.arena.node_of(v).filter(|n| n.kind == Kind::Tuple)?;
        machine.arena.items(node).iter().map(|&d| u64::try_from(machine.arena.int(d)?).ok()).collect::<Option<Vec<_>>>()
    };
    let (size, stride) = (dims(size)?, dims(stride)?);
    if size.len() != stride.len() {
        return None;
    }
    if size.contains(&0) {
        return Some(offset);
    }
    let mut last = offset;
    for (size, stride) in size.iter().zip(&stride) {
        last = last.checked_add(size.saturating_sub(1).checked_mul(*stride)?)?;
    }
    last.checked_add(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted() {
        assert!(ITEM_BYTES.is_sorted_by_key(|(name, _)| *name));
        assert!(DTYPE_BYTES.is_sorted_by_key(|(name, _)| *name));
    }
}
