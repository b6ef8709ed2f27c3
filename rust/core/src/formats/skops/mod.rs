//! skops: the `schema.json` of an archive that `skops.io.dump` wrote.
//!
//! Each node of it names a class and a loader; the loader decides what is done
//! with the class, so both are read together (skops 0.16, `skops/io`). A name is
//! held against the policy as one of a pickle is: `ObjectNode` makes an object
//! and gives it a state, as NEWOBJ and BUILD do.

pub mod defects;
mod frame;
mod judge;
mod made;
mod scanner;

use super::{Format, Match, Probe};
use crate::observe::Role;

/// The format.
pub static FORMAT: Format = Format {
    name: "skops",
    extensions: &[".skops"],
    proves_itself: true,
    probe,
    open: |probe| Box::new(scanner::SchemaScanner::new(probe)),
    defects: defects::ALL,
};

/// Only an archive can say that a text is its schema.
const fn probe(p: &Probe<'_>) -> Match {
    if matches!(p.role, Role::SkopsSchema(_)) { Match::Sure } else { Match::No }
}
