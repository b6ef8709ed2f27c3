//! Properties of the core. Each is a plain function of bytes that panics when
//! it does not hold, so that it runs under `cargo test` on a stable toolchain,
//! under this crate's own mutating runner, and behind a libFuzzer shim.

#![allow(clippy::panic)] // A property that does not hold panics: that is its report.

mod properties;
mod seeds;

pub use properties::{PROPERTIES, Property};
pub use seeds::seeds;

/// A policy with a name on each side, so that every branch of a judgement runs.
#[must_use]
pub fn policy() -> std::sync::Arc<dryload_core::names::Names> {
    let mut names = dryload_core::names::Names::default();
    let rows = [
        ("collections", "OrderedDict", "type call(list|tuple|dict?) state(dict) items"),
        ("builtins", "set", "type call(list?) append gives(set)"),
        ("torch._utils", "_rebuild_tensor_v2", "call(storage, int, tuple, tuple, bool, object)"),
        ("torch", "FloatStorage", "type"),
        ("torch", "FloatTensor", "type"),
        ("joblib.numpy_pickle", "NumpyArrayWrapper", "type call() state(dict)"),
        ("numpy", "ndarray", "type"),
        ("numpy", "dtype", "type call(str, bool, bool) state(tuple)"),
    ];
    for (module, name, spec) in rows {
        if let Err(e) = names.allow(module, name, spec) {
            panic!("{module}.{name}: {e}");
        }
    }
    names.deny("posix", "*", "runs processes");
    std::sync::Arc::new(names)
}
