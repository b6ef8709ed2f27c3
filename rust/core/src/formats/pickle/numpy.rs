//! The state of a numpy dtype, held against the dtype it is given to.
//!
//! `numpy.dtype.__setstate__` trusts what it is told: a flag that says there
//! are references makes numpy follow bytes as pointers, and makes joblib read
//! a pickle where the item size says there are numbers; a flag that hides
//! them crashes it (measured with numpy 1.26 and 2.4). Sizes and offsets of
//! fields are trusted too.

use super::machine::Machine;
use super::value::{Kind, Node, PARTIAL, REFERENCES, Value};
use crate::observe::Global;

/// `NPY_ITEM_REFCOUNT`, `NPY_LIST_PICKLE`, `NPY_ITEM_IS_POINTER`: bytes are
/// taken for references.
const REFERENCE_FLAGS: i64 = 0b111;
/// What they are of a structured dtype with an object in it.
const STRUCTURED_REFERENCES: i64 = 0b011;
/// `NPY_NEEDS_INIT`, which unicode dtypes have.
const NEEDS_INIT: i64 = 8;
/// The flags of `dtype('O')`: `NPY_OBJECT_DTYPE_FLAGS`.
const OBJECT_FLAGS: i64 = 63;
/// What a size or an alignment is when the type string says it.
const UNSAID: i64 = -1;

/// Whether a class is numpy's dtype.
pub(super) fn is_dtype(global: &Global) -> bool {
    global.module == "numpy" && global.qualname == "dtype"
}

/// Bytes of an element of a numpy type string: `f4`, `U5`, `V12`.
pub(super) fn item_bytes(text: &[u8]) -> Option<u64> {
    let text = match text.split_first()? {
        (b'<' | b'>' | b'|' | b'=', rest) => rest,
        _ => text,
    };
    let (&kind, digits) = text.split_first()?;
    let n: u64 = std::str::from_utf8(digits).ok()?.parse().ok()?;
    match kind {
        b'b' | b'i' | b'u' | b'f' | b'c' | b'S' | b'V' | b'M' | b'm' | b'a' => Some(n),
        // Four bytes a character.
        b'U' => n.checked_mul(4),
        _ => None,
    }
}

/// The type string a dtype was made with, unless its elements hold references.
pub(super) fn type_string(machine: &Machine, dtype: Value) -> Option<&[u8]> {
    let node = machine.arena.node_of(dtype)?;
    let (class, args) = machine.made_by(dtype)?;
    (is_dtype(class) && node.flags & REFERENCES == 0).then_some(())?;
    machine.arena.text_of(*args.first()?)
}

/// The flags a dtype's node gets from a state that agrees with it; `None` when
/// the state does not agree, or is not of the form numpy writes.
pub(super) fn agreed_flags(machine: &Machine, dtype: Value, state: Value) -> Option<u8> {
    let (_, args) = machine.made_by(dtype)?;
    let kind = machine.arena.text_of(*args.first()?)?;
    let items = whole(machine, state, Kind::Tuple)?;
    let (&[version, _order, sub, names, fields, size, _alignment, flags], metadata) = items.split_first_chunk::<8>()?;
    let int = |v: Value| machine.arena.int(v);
    if !matches!(int(version)?, 3 | 4) || metadata.len() > 1 {
        return None;
    }
    let (size, flags) = (int(size)?, int(flags)?);
    let item = item_bytes(kind);
    let size_agrees = size == UNSAID || u64::try_from(size).ok() == item;
    match (sub, names, fields) {
        (Value::None, Value::None, Value::None) if kind.starts_with(b"O") => {
            (flags == OBJECT_FLAGS).then_some(REFERENCES)
        }
        (Value::None, Value::None, Value::None) => {
            (flags & !NEEDS_INIT == 0 && size_agrees && item.is_some()).then_some(0)
        }
        (Value::None, _, _) => {
            whole(machine, names, Kind::Tuple)?;
            let references = check_fields(machine, fields, item?)?;
            let expected = if references { STRUCTURED_REFERENCES } else { 0 };
            let says = flags & REFERENCE_FLAGS;
            (size_agrees && says == expected).then_some(if references { REFERENCES } else { 0 })
        }
        // A subarray: its base, and a shape whose size the type string says.
        _ => {
            let base = whole(machine, sub, Kind::Tuple)?.first().copied()?;
            (flags == 0 && size_agrees && type_string(machine, base).is_some()).then_some(0)
        }
    }
}

/// Every field lies inside the item; gives whether one holds references.
fn check_fields(machine: &Machine, fields: Value, item: u64) -> Option<bool> {
    let mut references = false;
    for pair in whole(machine, fields, Kind::Dict)?.chunks(2) {
        let [_, value] = pair else { return None };
        let (&[dtype, offset], _title) = whole(machine, *value, Kind::Tuple)?.split_first_chunk::<2>()?;
        let offset = u64::try_from(machine.arena.int(offset)?).ok()?;
        let (class, args) = machine.made_by(dtype)?;
        let kind = machine.arena.text_of(*args.first()?)?;
        let holds = machine.arena.node_of(dtype)?.flags & REFERENCES != 0 || kind.starts_with(b"O");
        let bytes = if holds { item_bytes(kind).unwrap_or(8) } else { item_bytes(kind)? };
        if !is_dtype(class) || offset.checked_add(bytes)? > item {
            return None;
        }
        references |= holds;
    }
    Some(references)
}

/// The items of a container of a kind, when all of them are kept.
fn whole(machine: &Machine, value: Value, kind: Kind) -> Option<&[Value]> {
    let node: Node = machine.arena.node_of(value)?;
    (node.kind == kind && node.flags & PARTIAL == 0).then(|| machine.arena.items(node))
}
