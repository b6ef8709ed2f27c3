//! The persistent ids of torch checkpoints: which storage, of how many bytes.
//!
//! `torch.serialization.persistent_id` writes `('storage', class, key,
//! location, numel)`; the legacy stream adds `view_metadata`.

use std::collections::HashMap;

use super::defects;
use super::machine::Machine;
use super::value::{Kind, PARTIAL, Value};
use crate::bytes::Span;
use crate::error::Error;
use crate::names::Side;
use crate::observe::{Global, UNSTORED};

/// A storage as a persistent id declares it.
pub(super) struct Storage {
    /// Its key: the name of its member under `data/`.
    pub(super) key: Vec<u8>,
    /// numel × itemsize; `None` when that overflows.
    pub(super) bytes: Option<u64>,
    /// Bytes of an element; 1 of an untyped storage.
    pub(super) item: u64,
    /// The name of its class.
    pub(super) class: &'static str,
}

/// What a storage was declared as first, by its key.
#[derive(Clone, Copy, Debug)]
pub(super) struct Declared {
    pub(super) bytes: u64,
    class: &'static str,
}

impl Declared {
    pub(super) fn of(storage: &Storage) -> Self {
        Self { bytes: storage.bytes.unwrap_or(u64::MAX), class: storage.class }
    }
}

/// Holds a storage that is named again against what it was named as first:
/// torch takes the class and the size of the one or of the other, by release.
/// One of no bytes is shared by tensors of any class.
pub(super) fn check_again(storage: &Storage, first: Declared, span: Span) -> Option<Error> {
    let same = storage.bytes == Some(first.bytes) && (storage.class == first.class || first.bytes == 0);
    let (was, is) = (first.class, storage.class);
    let bytes = storage.bytes.map_or_else(|| "more than 2**64".to_owned(), |b| b.to_string());
    let key = String::from_utf8_lossy(&storage.key);
    (!same).then(|| {
        Error::new(&defects::STORAGE_SIZE, span)
            .with(format!("data/{key} as before, a {was} of {} bytes", first.bytes), format!("a {is} of {bytes} bytes"))
    })
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
    let &(class, item) = row(global)?;
    let numel = u64::try_from(machine.arena.int(numel)?).ok();
    Some(Storage {
        key: machine.arena.text_of(key)?.to_vec(),
        bytes: numel.and_then(|n| n.checked_mul(item)),
        item,
        class,
    })
}

/// Bytes of an element of a storage class that the policy allows.
pub(super) fn item_bytes(class: &Global) -> Option<u64> {
    row(class).map(|(_, bytes)| *bytes)
}

/// The row of a storage class that the policy allows.
fn row(class: &Global) -> Option<&'static (&'static str, u64)> {
    let known = matches!(class.module.as_str(), "torch" | "torch.storage" | "torch.cuda") && class.side == Side::Allow;
    let row = ITEM_BYTES.binary_search_by(|(name, _)| (*name).cmp(&class.qualname)).ok().filter(|_| known)?;
    ITEM_BYTES.get(row)
}

/// Holds a storage against its member: torch reads as many bytes as the id
/// says, wherever the member ends (the class of CVE-2026-24747).
pub(super) fn check(storage: &Storage, members: &HashMap<String, u64>, span: Span) -> Option<Error> {
    let key = String::from_utf8_lossy(&storage.key);
    let Some(&size) = members.get(key.as_ref()) else {
        return Some(Error::new(&defects::STORAGE_MISSING, span).with(format!("a member data/{key}"), "none"));
    };
    if storage.bytes == Some(size) || size == UNSTORED {
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
    ("bcomplex32", 4),
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
    if global.module != "torch._utils" {
        return None;
    }
    if global.qualname == SPARSE {
        return sparse(machine, args, span);
    }
    let tensor = Tensor::read(machine, global, args)?;
    let needed = tensor.last.and_then(|n| n.checked_mul(tensor.item));
    if needed.is_none_or(|n| tensor.bytes.is_none_or(|b| n > b)) {
        let found = needed.map_or_else(|| "no place in it".to_owned(), |n| format!("a tensor up to byte {n}"));
        let bytes = tensor.bytes;
        let expected =
            bytes.map_or_else(|| "a storage with a size".to_owned(), |b| format!("inside {b} bytes of storage"));
        return Some(Error::new(&defects::STORAGE_SIZE, span).with(expected, found));
    }
    let Some(numel) = tensor.numel.filter(|n| i64::try_from(*n).is_ok()) else {
        return Some(Error::new(&defects::STORAGE_SIZE, span).with("fewer than 2**63 elements", "more"));
    };
    if global.qualname == QUANTISED {
        // torch allocates a tensor of this size before it takes the storage.
        if !tensor.class.starts_with('Q') {
            return Some(Error::new(&defects::STORAGE_SIZE, span).with("a quantised storage", tensor.class));
        }
        return too_many(&tensor, numel, span);
    }
    let marks = if global.qualname == "_rebuild_tensor_v3" { args.get(7) } else { args.get(6) };
    let marked = marks.is_none_or(|&marks| marks_fit(machine, marks, tensor.class));
    (!marked).then(|| {
        Error::new(&defects::STORAGE_SIZE, span).with(
            "metadata of 'neg', and 'conj' of complex numbers",
            machine.render(marks.copied().unwrap_or(Value::None)),
        )
    })
}

/// What a rebuilder is told of a tensor.
struct Tensor {
    /// Bytes of its storage.
    bytes: Option<u64>,
    class: &'static str,
    /// Bytes of an element.
    item: u64,
    /// Elements of storage up to the last one it touches.
    last: Option<u64>,
    /// Elements it has.
    numel: Option<u64>,
}

impl Tensor {
    fn read(machine: &Machine, global: &Global, args: &[Value]) -> Option<Self> {
        if !REBUILDERS.contains(&global.qualname.as_str()) {
            return None;
        }
        let (&[storage, offset, size, stride], rest) = args.split_first_chunk::<4>()?;
        let Value::Storage(index) = storage else { return None };
        let &(bytes, item, class) = machine.storage_bytes.get(usize::try_from(index).ok()?)?;
        // v3: requires_grad and hooks, then the dtype of an untyped storage.
        let item = match rest.get(2).and_then(|&dtype| machine.global_of(dtype)) {
            Some(dtype) if global.qualname == "_rebuild_tensor_v3" => {
                let known = DTYPE_BYTES.binary_search_by(|(name, _)| (*name).cmp(&dtype.qualname));
                // What is not known is held to be wider than anything known.
                known.ok().and_then(|i| DTYPE_BYTES.get(i)).map_or(32, |(_, bytes)| *bytes)
            }
            _ => item,
        };
        let numel = dims(machine, size).and_then(|d| d.iter().try_fold(1u64, |n, d| n.checked_mul(*d)));
        Some(Self { bytes, class, item, last: last_element(machine, offset, size, stride), numel })
    }
}

/// A tensor whose elements are all made anew has no more of them than its
/// storage.
fn too_many(tensor: &Tensor, numel: u64, span: Span) -> Option<Error> {
    let bytes = numel.checked_mul(tensor.item);
    let fits = bytes.is_some_and(|n| tensor.bytes.is_some_and(|b| n <= b));
    (!fits).then(|| {
        let storage = tensor.bytes.unwrap_or(0);
        Error::new(&defects::STORAGE_SIZE, span)
            .with(format!("no more elements than {storage} bytes hold"), format!("{numel} elements"))
    })
}

/// The tensors of a sparse one: torch widens their indices, and looks at each.
fn sparse(machine: &Machine, args: &[Value], span: Span) -> Option<Error> {
    let node = machine.arena.node_of(*args.get(1)?).filter(|n| n.kind == Kind::Tuple)?;
    machine.arena.items(node).iter().find_map(|&part| {
        let (global, args) = machine.made_by(part)?;
        let tensor = Tensor::read(machine, global, args?)?;
        too_many(&tensor, tensor.numel.unwrap_or(u64::MAX), span)
    })
}

/// Whether the metadata of a tensor is what torch writes: None, or a dict of
/// `conj` and `neg` to booleans.
fn marks_fit(machine: &Machine, marks: Value, class: &str) -> bool {
    let Some(node) = machine.arena.node_of(marks) else { return marks == Value::None };
    node.kind == Kind::Dict
        && node.flags & PARTIAL == 0
        && machine.arena.items(node).chunks(2).all(|pair| match pair {
            [key, Value::Bool(set)] => match machine.arena.text_of(*key) {
                Some(b"neg") => true,
                Some(b"conj") => !set || class.starts_with("Complex") || class == "UntypedStorage",
                _ => false,
            },
            _ => false,
        })
}

/// The rebuilders whose first four arguments are storage, offset, size, stride.
const REBUILDERS: &[&str] = &[QUANTISED, "_rebuild_tensor", "_rebuild_tensor_v2", "_rebuild_tensor_v3"];
const QUANTISED: &str = "_rebuild_qtensor";
const SPARSE: &str = "_rebuild_sparse_tensor";

/// The numbers of a size or a stride, when all of them are known.
fn dims(machine: &Machine, value: Value) -> Option<Vec<u64>> {
    let node = machine.arena.node_of(value).filter(|n| n.kind == Kind::Tuple && n.flags & PARTIAL == 0)?;
    machine.arena.items(node).iter().map(|&d| u64::try_from(machine.arena.int(d)?).ok()).collect()
}

/// Elements of storage up to the last one that a tensor touches.
fn last_element(machine: &Machine, offset: Value, size: Value, stride: Value) -> Option<u64> {
    let offset = u64::try_from(machine.arena.int(offset)?).ok()?;
    let (size, stride) = (dims(machine, size)?, dims(machine, stride)?);
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
