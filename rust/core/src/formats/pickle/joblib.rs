//! Arrays inside joblib streams: raw bytes between two opcodes.
//!
//! `joblib.numpy_pickle.NumpyArrayWrapper` is built, and its bytes follow at
//! once: a length byte, that much padding, then dtype × shape. The length byte
//! is 0 to 16, which is no opcode, so that `pickle.load`, which knows nothing
//! of arrays, stops there: both readers see the same opcodes up to it.
//!
//! In place of an array of objects stands a pickle of its own, which joblib
//! reads with a fresh stack and memo. `pickle.load` reads the same opcodes with
//! those it has: the scanner follows both.

use super::machine::{Break, Flow, Machine};
use super::value::{Kind, PARTIAL, Value};
use super::{defects, numpy};
use crate::bytes::Span;
use crate::error::Error;
use crate::observe::{Global, Outbox};

/// Largest padding joblib writes: its alignment.
pub(super) const MAX_PADDING: u8 = 16;

/// Whether a class is the wrapper whose array follows.
pub(super) fn is_wrapper(global: &Global) -> bool {
    global.module == "joblib.numpy_pickle" && global.qualname == "NumpyArrayWrapper"
}

/// The bytes of the array that follows a wrapper with this state.
pub(super) fn array(machine: &Machine, state: Value, span: Span, out: &mut Outbox) -> Result<Flow, Break> {
    let unsupported = |what: &str| Break::from(Error::new(&defects::UNSUPPORTED_ARRAY, span).with("", what));
    let Some(node) = machine.arena.node_of(state).filter(|n| n.kind == Kind::Dict && n.flags & PARTIAL == 0) else {
        return Err(unsupported("a wrapper whose state is not a small dict"));
    };
    let find = |name: &str| {
        // The last of two equal keys wins, as in the dict.
        machine.arena.items(node).chunks(2).rev().find_map(|pair| match pair {
            [key, value] if machine.arena.text_of(*key) == Some(name.as_bytes()) => Some(*value),
            _ => None,
        })
    };
    let dtype = find("dtype");
    if dtype.and_then(|d| numpy::holds_references(machine, d)) == Some(true) {
        return Ok(Flow::Nested);
    }
    if find("numpy_array_alignment_bytes").and_then(|v| machine.arena.int(v)) != Some(i64::from(MAX_PADDING)) {
        return Err(unsupported("an array without padding, as joblib before 1.2 wrote it"));
    }
    let item = dtype.and_then(|d| numpy::type_string(machine, d));
    let Some(item) = item.and_then(numpy::item_bytes) else {
        return Err(unsupported("an array of a dtype that is not read"));
    };
    let shape = find("shape").and_then(|s| machine.arena.node_of(s)).filter(|n| n.kind == Kind::Tuple);
    let dims = shape.map(|n| machine.arena.items(n)).unwrap_or_default().iter().map(|&d| machine.arena.int(d));
    let bytes = dims.fold(shape.map(|_| item), |bytes, dim| bytes?.checked_mul(u64::try_from(dim?).ok()?));
    match bytes {
        Some(bytes) => Ok(Flow::Array(bytes)),
        None => {
            out.defect(Error::new(&defects::ARRAY_LAYOUT, span).with("a shape of non-negative ints", "another"));
            Err(unsupported("an array without a size"))
        }
    }
}
