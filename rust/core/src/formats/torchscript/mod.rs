//! TorchScript: the code members of an archive that `torch.jit.save` wrote.
//!
//! The code is split into tokens and read for what it names: operators, modules
//! of the archive, native classes, `__setstate__`. Nothing is evaluated, and no
//! type is followed: what a name stands for is read off how it is spelled, so
//! every spelling that torch itself does not write is refused.

pub mod defects;
mod lexer;
mod ops;
mod reader;
mod scanner;

use super::{Format, Match, Probe};
use crate::observe::Role;

/// The format.
pub static FORMAT: Format = Format {
    name: "torchscript",
    extensions: &[],
    proves_itself: true,
    probe,
    open: |probe| Box::new(scanner::CodeScanner::new(probe)),
    defects: defects::ALL,
};

/// Only an archive can say that a text is TorchScript.
const fn probe(p: &Probe<'_>) -> Match {
    if matches!(p.role, Role::ScriptCode(..)) { Match::Sure } else { Match::No }
}
