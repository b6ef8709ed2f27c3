//! A policy compiled to a look-up by exact (module, qualified name).
//!
//! The core does not judge: it says whether a name stands on the allow side,
//! on the deny side or on neither, and what the allow entry grants. Safety
//! rests on the allow side alone; the deny side only chooses a word.

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::spec::{Spec, SpecError};

/// Which side of the policy a name stands on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// On the allow side.
    Allow,
    /// On neither.
    Unknown,
    /// On the deny side.
    Deny,
}

impl Side {
    /// As reports spell it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Unknown => "unknown",
            Self::Deny => "deny",
        }
    }
}

/// The look-up. Immutable once built, shared by threads.
#[derive(Debug, Default)]
pub struct Names {
    /// module → qualified name → index into `specs`
    allow: HashMap<String, HashMap<String, u32>>,
    specs: Vec<Spec>,
    /// Index by text: most rows of a library share one.
    parsed: HashMap<String, u32>,
    deny: HashMap<String, HashMap<String, String>>,
}

/// The qualified name of a deny row that stands for everything below a module.
const WHOLE_MODULE: &str = "*";

impl Names {
    /// Adds an allow row.
    ///
    /// # Errors
    /// The spec is not of the grammar.
    pub fn allow(&mut self, module: &str, qualname: &str, spec: &str) -> Result<(), SpecError> {
        let index = match self.parsed.get(spec) {
            Some(&index) => index,
            None => {
                let index = u32::try_from(self.specs.len()).unwrap_or(u32::MAX);
                self.specs.push(Spec::parse(spec)?);
                self.parsed.insert(spec.to_owned(), index);
                index
            }
        };
        self.allow.entry(module.to_owned()).or_default().insert(qualname.to_owned(), index);
        Ok(())
    }

    /// Adds a deny row; `*` is the module and every module below it.
    pub fn deny(&mut self, module: &str, qualname: &str, reason: &str) {
        self.deny.entry(module.to_owned()).or_default().insert(qualname.to_owned(), reason.to_owned());
    }

    /// Rows on the allow side.
    #[must_use]
    pub fn len(&self) -> usize {
        self.allow.values().map(HashMap::len).sum()
    }

    /// Whether nothing is allowed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.allow.is_empty()
    }

    /// The side of a name, and the index of its spec when it is allowed.
    #[must_use]
    pub fn side(&self, module: &str, qualname: &str) -> (Side, Option<u32>) {
        if let Some(&index) = self.allow.get(module).and_then(|m| m.get(qualname)) {
            return (Side::Allow, Some(index));
        }
        if self.reason(module, qualname).is_some() { (Side::Deny, None) } else { (Side::Unknown, None) }
    }

    /// Why a name stands on the deny side. A dotted name is denied when what
    /// it starts with is: `os:environ.pop` for `os`.
    #[must_use]
    pub fn reason(&self, module: &str, qualname: &str) -> Option<&str> {
        if let Some(of_module) = self.deny.get(module) {
            let exact = prefixes(qualname).find_map(|q| of_module.get(q));
            if let Some(reason) = exact {
                return Some(reason);
            }
        }
        prefixes(module).find_map(|m| self.deny.get(m)?.get(WHOLE_MODULE)).map(String::as_str)
    }

    /// The spec at an index that `side` gave.
    #[must_use]
    pub fn spec(&self, index: u32) -> Option<&Spec> {
        if index == OWN_CLASS {
            return OWN_CLASS_SPEC.as_ref();
        }
        self.specs.get(usize::try_from(index).ok()?)
    }
}

/// The index of the entry of a class that the file defines itself: code that
/// was read, whose objects may be made and given any state.
pub const OWN_CLASS: u32 = u32::MAX;

static OWN_CLASS_SPEC: LazyLock<Option<Spec>> = LazyLock::new(|| Spec::parse("type call(any*) state(any)").ok());

/// `a.b.c`, `a.b`, `a`: a dotted text and what it starts with, longest first.
fn prefixes(dotted: &str) -> impl Iterator<Item = &str> {
    let ends = dotted.rmatch_indices('.').map(|(i, _)| i);
    std::iter::once(dotted.len()).chain(ends).filter_map(move |i| dotted.get(..i))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn allow_is_exact_and_deny_reaches_below() {
        let mut names = Names::default();
        assert_eq!(names.allow("collections", "OrderedDict", "type call() items"), Ok(()));
        names.deny("os", "*", "runs processes");
        names.deny("builtins", "eval", "runs code");
        assert_eq!(names.side("collections", "OrderedDict").0, Side::Allow);
        assert_eq!(names.side("collections", "OrderedDict.pop").0, Side::Unknown);
        assert_eq!(names.side("os", "system").0, Side::Deny);
        assert_eq!(names.side("os.path", "join").0, Side::Deny);
        assert_eq!(names.side("oslo", "x").0, Side::Unknown);
        assert_eq!(names.side("builtins", "eval").0, Side::Deny);
        assert_eq!(names.side("builtins", "evaluate").0, Side::Unknown);
    }
}
