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
/// The kind of a dtype of records, whose size its state says alone.
const RECORD: &[u8] = b"V";
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

/// Whether a callable makes an array that gets its content by BUILD.
pub(super) fn makes_array(global: &Global) -> bool {
    type_argument(global).is_some_and(|i| i > 0)
}

/// Which argument of a callable of numpy names a type.
fn type_argument(global: &Global) -> Option<usize> {
    match (global.module.as_str(), global.qualname.as_str()) {
        ("numpy", "dtype") => Some(0),
        ("numpy.core.multiarray" | "numpy._core.multiarray", "_reconstruct") => Some(2),
        ("numpy.ma.core", "_mareconstruct") => Some(3),
        _ => None,
    }
}

/// Whether a call names its type as numpy's pickles do: a dtype by kind and
/// size, an array that waits for its dtype by one character.
///
/// Of any other text, such as `2i4` or `(2,)i4`, numpy hands a part to
/// `ast.literal_eval` (`numpy/_core/_internal.py`, `_commastring`).
pub(super) fn names_plain_type(machine: &Machine, callee: &Global, args: &[Value]) -> bool {
    let Some(i) = type_argument(callee) else { return true };
    match args.get(i) {
        Some(Value::Bytes(n)) => *n == 1,
        Some(&text @ Value::Text(..)) if i > 0 => machine.arena.text_of(text).is_some_and(|t| t.len() == 1),
        Some(&text @ Value::Text(..)) => machine.arena.text_of(text).is_some_and(is_plain_type),
        Some(Value::LongText) => false,
        // What the argument is stands in the entry; a byte is a byte, as
        // `call` knows the length of what `_codecs.encode` gives.
        Some(Value::Global(_)) => i == 0,
        _ => false,
    }
}

/// `f8`, `<U5`, `|b1`, `O`: a byte order, a kind, and a size.
fn is_plain_type(text: &[u8]) -> bool {
    let text = match text.split_first() {
        Some((b'<' | b'>' | b'|' | b'=', rest)) => rest,
        _ => text,
    };
    let Some((kind, size)) = text.split_first() else { return false };
    b"?biufcmMOSUVa".contains(kind) && size.len() <= 10 && size.iter().all(u8::is_ascii_digit)
}

/// The type string a dtype was made with, unless its elements hold references.
pub(super) fn type_string(machine: &Machine, dtype: Value) -> Option<&[u8]> {
    (!holds_references(machine, dtype)?).then(|| kind_of(machine, dtype)).flatten()
}

/// The type string a dtype was made with. A record array's was made with the
/// class of its records, and is a structure.
fn kind_of(machine: &Machine, dtype: Value) -> Option<&[u8]> {
    let (class, args) = machine.made_by(dtype)?;
    let first = *args?.first().filter(|_| is_dtype(class))?;
    match machine.global_of(first) {
        Some(record) if record.qualname == "record" && record.module.starts_with("numpy") => Some(RECORD),
        Some(_) => None,
        None => machine.arena.text_of(first),
    }
}

/// Whether a dtype's elements are references. One that still waits for its
/// state may become anything, and counts as none.
pub(super) fn holds_references(machine: &Machine, dtype: Value) -> Option<bool> {
    let node = machine.arena.node_of(dtype)?;
    let kind = kind_of(machine, dtype)?;
    if machine.unbuilt.contains(&dtype) {
        return None;
    }
    Some(node.flags & REFERENCES != 0 || kind.starts_with(b"O") || kind.starts_with(b"|O"))
}

/// The flags a dtype's node gets from a state that agrees with it; `None` when
/// the state does not agree, or is not of the form numpy writes.
pub(super) fn agreed_flags(machine: &Machine, dtype: Value, state: Value) -> Option<u8> {
    let kind = kind_of(machine, dtype)?;
    let items = whole(machine, state, Kind::Tuple)?;
    let (&[version, _order, sub, names, fields, size, _alignment, flags], metadata) = items.split_first_chunk::<8>()?;
    let int = |v: Value| machine.arena.int(v);
    let (version, size, flags) = (int(version)?, int(size)?, int(flags)?);
    // numpy reads a unit from the metadata of these, whatever stands there.
    let is_time = kind.starts_with(b"M") || kind.starts_with(b"m");
    if !matches!(version, 3 | 4) || is_time != is_unit(machine, metadata) || (is_time && version != 4) {
        return None;
    }
    let item = if kind == RECORD { u64::try_from(size).ok() } else { item_bytes(kind) };
    let says_size = matches!(kind.first(), Some(b'S' | b'U' | b'V' | b'a'));
    let size_agrees = if says_size { u64::try_from(size).ok() == item } else { size == UNSAID };
    match (sub, names, fields) {
        (Value::None, Value::None, Value::None) if kind.starts_with(b"O") => {
            (flags == OBJECT_FLAGS).then_some(REFERENCES)
        }
        (Value::None, Value::None, Value::None) => {
            (flags & !NEEDS_INIT == 0 && size_agrees && item.is_some()).then_some(0)
        }
        _ if !kind.starts_with(b"V") || !size_agrees => None,
        (Value::None, _, _) => {
            whole(machine, names, Kind::Tuple)?;
            let references = check_fields(machine, fields, item?)?;
            let expected = if references { STRUCTURED_REFERENCES } else { 0 };
            let says = flags & REFERENCE_FLAGS;
            (says == expected).then_some(if references { REFERENCES } else { 0 })
        }
        // A subarray: its base and its shape fill the item.
        (_, Value::None, Value::None) => {
            let &[base, shape] = whole(machine, sub, Kind::Tuple)? else { return None };
            let bytes = product(machine, shape)?.checked_mul(item_bytes(type_string(machine, base)?)?)?;
            (flags == 0 && Some(bytes) == item).then_some(0)
        }
        _ => None,
    }
}

/// The metadata numpy writes for datetimes: `(None or {}, (unit, num, den, event))`.
fn is_unit(machine: &Machine, metadata: &[Value]) -> bool {
    let &[metadata] = metadata else { return false };
    let Some(&[_, unit]) = whole(machine, metadata, Kind::Tuple) else { return false };
    let Some((&name, rest)) = whole(machine, unit, Kind::Tuple).and_then(<[Value]>::split_first) else { return false };
    let is_name = matches!(name, Value::Text(..) | Value::Bytes(_));
    let made = machine.made_by(name).is_some();
    (is_name || made) && rest.len() == 3 && rest.iter().all(|v| matches!(v, Value::Int(0..)))
}

/// Whether the state of an array fits itself: as many references as elements,
/// and a dtype that is settled. numpy compares sizes of bytes itself.
pub(super) fn array_agrees(machine: &Machine, state: Value) -> bool {
    let check = || {
        let items = whole(machine, state, Kind::Tuple)?;
        let &[_version, shape, dtype, _order, data, ..] = items else { return None };
        if !holds_references(machine, dtype)? {
            let is_list = machine.arena.node_of(data).is_some_and(|n| n.kind == Kind::List);
            return Some(!is_list);
        }
        let list = machine.arena.node_of(data).filter(|n| n.kind == Kind::List)?;
        Some(product(machine, shape)? == u64::from(machine.arena.count(list)))
    };
    check().unwrap_or(false)
}

/// The product of a shape: an int, or a tuple of them.
fn product(machine: &Machine, shape: Value) -> Option<u64> {
    if let Some(n) = machine.arena.int(shape) {
        return u64::try_from(n).ok();
    }
    let dims = whole(machine, shape, Kind::Tuple)?.iter();
    dims.map(|&d| u64::try_from(machine.arena.int(d)?).ok()).try_fold(1u64, |n, d| n.checked_mul(d?))
}

/// Every field lies inside the item; gives whether one holds references.
fn check_fields(machine: &Machine, fields: Value, item: u64) -> Option<bool> {
    let mut references = false;
    for pair in whole(machine, fields, Kind::Dict)?.chunks(2) {
        let [_, value] = pair else { return None };
        let (&[dtype, offset], _title) = whole(machine, *value, Kind::Tuple)?.split_first_chunk::<2>()?;
        let offset = u64::try_from(machine.arena.int(offset)?).ok()?;
        let holds = holds_references(machine, dtype)?;
        let kind = kind_of(machine, dtype)?;
        // A plain reference is a pointer; a structure says its size.
        let bytes = if kind.starts_with(b"O") { 8 } else { item_bytes(kind)? };
        if offset.checked_add(bytes)? > item {
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
