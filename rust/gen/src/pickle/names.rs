//! The names that a pickle may import, of every side.
//!
//! The allowed ones are those of the built-in policies, read from the table
//! that the package ships, so that a new entry is exercised as soon as it is
//! there. The others are a few of each kind: the mutator needs no more.

use std::collections::HashSet;
use std::sync::OnceLock;

use dryload_core::spec::Spec;

/// A name that a built-in policy allows.
#[derive(Clone, Debug)]
pub struct Allowed {
    /// The policy whose entry it is.
    pub policy: &'static str,
    /// Module.
    pub module: &'static str,
    /// Qualified name.
    pub name: &'static str,
    /// What the entry grants.
    pub spec: Spec,
}

/// Every row of every built-in policy.
#[must_use]
pub fn allowed() -> &'static [Allowed] {
    static ROWS: OnceLock<Vec<Allowed>> = OnceLock::new();
    ROWS.get_or_init(|| {
        let mut policy = "";
        let mut rows = Vec::new();
        for line in TABLE.lines() {
            let mut fields = line.split('\t');
            match (fields.next(), fields.next(), fields.next(), fields.next()) {
                (Some("policy"), Some(name), None, _) => policy = name,
                (Some("allow"), Some(module), Some(name), Some(spec)) => {
                    rows.extend(Spec::parse(spec).ok().map(|spec| Allowed { policy, module, name, spec }));
                }
                _ => {}
            }
        }
        rows
    })
}

/// Allowed names that can be called: two in three names of the table are bare
/// types.
#[must_use]
pub(super) fn callable() -> &'static [&'static Allowed] {
    static ROWS: OnceLock<Vec<&Allowed>> = OnceLock::new();
    ROWS.get_or_init(|| allowed().iter().filter(|row| row.spec.call.is_some()).collect())
}

/// Whether a name is allowed.
#[must_use]
pub(super) fn is_allowed(module: &str, name: &str) -> bool {
    static NAMES: OnceLock<HashSet<(&str, &str)>> = OnceLock::new();
    let names = NAMES.get_or_init(|| allowed().iter().map(|row| (row.module, row.name)).collect());
    names.contains(&(module, name))
}

/// Whether a name is that of an allowed class.
#[must_use]
pub(super) fn is_class(module: &str, name: &str) -> bool {
    static NAMES: OnceLock<HashSet<(&str, &str)>> = OnceLock::new();
    let names = NAMES.get_or_init(|| types().iter().map(|row| (row.module, row.name)).collect());
    names.contains(&(module, name))
}

/// Allowed names that may stand where a type is expected.
#[must_use]
pub(super) fn types() -> &'static [&'static Allowed] {
    static ROWS: OnceLock<Vec<&Allowed>> = OnceLock::new();
    ROWS.get_or_init(|| allowed().iter().filter(|row| row.spec.is_type).collect())
}

/// The policies as the package ships them.
const TABLE: &str = include_str!("../../../../python/dryload/data/policies.tsv");

/// Spellings of Python 2, which `fix_imports` maps below protocol 3, and some
/// that look like one.
pub(super) const PYTHON2: &[(&str, &str)] = &[
    ("__builtin__", "set"),
    ("__builtin__", "object"),
    ("__builtin__", "bytearray"),
    ("__builtin__", "eval"),
    ("__builtin__", "unicode"),
    ("__builtin__", "xrange"),
    ("__builtin__", "reduce"),
    ("copy_reg", "_reconstructor"),
    ("UserDict", "UserDict"),
    ("UserDict", "IterableUserDict"),
    ("itertools", "izip"),
    ("exceptions", "ValueError"),
    ("exceptions", "StandardError"),
    ("commands", "getoutput"),
    ("cPickle", "loads"),
    ("Queue", "Queue"),
    ("collections", "UserList"),
    ("whichdb", "whichdb"),
    ("builtins", "xrange"),
    ("copyreg", "_reconstructor"),
];

/// A dotted name is another name, whatever its first part is.
pub(super) const DOTTED: &[(&str, &str)] = &[
    ("collections", "OrderedDict.fromkeys"),
    ("collections", "Counter.update"),
    ("collections", "_sys.modules"),
    ("datetime", "datetime.now"),
    ("numpy", "ndarray.tofile"),
    ("random", "_os.system"),
    ("builtins", "object.__subclasses__"),
    ("builtins", "str.join"),
    ("collections.abc", "Mapping"),
    ("fractions", "Fraction.__new__"),
    ("verymod", "a.b.c"),
    ("verymod", ".secret"),
    ("verymod", "secret."),
    ("os.path", "join"),
];

/// Names of the deny side.
pub(super) const DENIED: &[(&str, &str)] = &[
    ("posix", "system"),
    ("os", "system"),
    ("builtins", "eval"),
    ("builtins", "exec"),
    ("builtins", "getattr"),
    ("subprocess", "Popen"),
    ("operator", "attrgetter"),
    ("importlib", "import_module"),
    ("pickle", "loads"),
    ("sys", "modules"),
    ("types", "FunctionType"),
];

/// Names that no policy knows.
pub(super) const UNKNOWN: &[(&str, &str)] = &[
    ("verymod", "secret"),
    ("mycorp.features", "Scaler"),
    ("functools", "partial"),
    ("__main__", "Model"),
    ("collections", "ordereddict"),
    ("Collections", "OrderedDict"),
    ("collections ", "OrderedDict"),
    ("collections", " OrderedDict"),
    ("", "OrderedDict"),
    ("collections", ""),
    ("collectionsOrdered", "Dict"),
    ("caf\u{e9}", "x"),
    ("numpy.core", "ndarray"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_of_the_table_is_read() {
        let rows = TABLE.lines().filter(|line| line.starts_with("allow\t")).count();
        assert!(rows > 300);
        assert_eq!(allowed().len(), rows);
        assert!(callable().len() > 50 && types().len() > 50);
    }
}
