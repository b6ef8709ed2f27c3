//! The operators that code may name, and what some of them do.

use std::collections::HashMap;
use std::sync::LazyLock;

/// What an operator is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// It computes.
    Plain,
    /// It acts; the words say how.
    Acts(&'static str),
    /// Nobody has looked at it.
    Unknown,
}

/// Looks up `namespace::name`.
pub(super) fn standing(operator: &str) -> Standing {
    match TABLE.get(operator) {
        Some(&"") => Standing::Plain,
        Some(does) => Standing::Acts(does),
        None => Standing::Unknown,
    }
}

/// Made by `tools/derive_torchscript.py`; a test says when torch moved on.
static TABLE: LazyLock<HashMap<&'static str, &'static str>> = LazyLock::new(|| {
    let rows = include_str!("ops.tsv").lines().filter(|row| !row.starts_with('#'));
    rows.map(|row| row.split_once('\t').unwrap_or((row, ""))).collect()
});

/// Whether a bare name may be called: what the compiler itself knows by a bare
/// name and that only computes. From `torch/csrc/jit/frontend/ir_emitter.cpp`
/// (`Environment::getSugaredVar`, types included) and
/// `torch/csrc/jit/serialization/import_source.cpp` of torch 2.13.
pub(super) fn is_builtin(name: &str) -> bool {
    BUILTINS.binary_search(&name).is_ok()
}

/// In order, for the binary search.
const BUILTINS: &[&str] = &[
    "AssertionError",
    "_to_tensor",
    "abs",
    "all",
    "annotate",
    "any",
    "awaitable",
    "bin",
    "bool",
    "chr",
    "complex",
    "dict",
    "divmod",
    "enumerate",
    "float",
    "fork",
    "getattr",
    "hasattr",
    "hash",
    "hex",
    "id",
    "int",
    "isinstance",
    "len",
    "list",
    "max",
    "min",
    "oct",
    "ord",
    "pow",
    "print",
    "range",
    "rangelist",
    "reversed",
    "round",
    "slice",
    "sorted",
    "str",
    "sum",
    "tuple",
    "unchecked_cast",
    "uninitialized",
    "zip",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operators_compute_act_or_are_unknown() {
        assert_eq!(standing("aten::linear"), Standing::Plain);
        assert_eq!(standing("prim::RaiseException"), Standing::Plain);
        assert!(matches!(standing("aten::save"), Standing::Acts(_)));
        assert!(matches!(standing("aten::from_file"), Standing::Acts(_)));
        assert_eq!(standing("evil::run"), Standing::Unknown);
        assert_eq!(standing("# made by tools/derive_torchscript.py"), Standing::Unknown);
    }

    #[test]
    fn the_bare_names_stand_in_order() {
        assert!(BUILTINS.is_sorted());
        assert!(is_builtin("zip") && !is_builtin("eval") && !is_builtin("rpc_sync"));
    }
}
