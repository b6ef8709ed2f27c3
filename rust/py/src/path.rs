//! The rules for names of members, which `dryload.paths` asks, too.

use dryload_core::path::{self, Rule};
use pyo3::prelude::*;

/// The first rule that a name breaks, and the character where; `None` for a
/// name that breaks none.
#[pyfunction]
pub fn check_name(name: &[u8]) -> Option<(&'static str, usize)> {
    path::check(name).err().map(|fault| (fault.rule.id(), fault.at))
}

/// Each rule and what a name does that breaks it, in the order in which they are
/// asked.
#[pyfunction]
pub fn name_rules() -> Vec<(&'static str, &'static str)> {
    Rule::ALL.iter().map(|rule| (rule.id(), rule.text())).collect()
}
