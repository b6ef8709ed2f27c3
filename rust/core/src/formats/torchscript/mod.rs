//! The programs of torch: the code members of an archive that `torch.jit.save`
//! wrote, and the JSON of one that `torch.export.save` wrote.
//!
//! Code is split into tokens and read for what it names: operators, modules
//! of the archive, native classes, `__setstate__`. Nothing is evaluated, and no
//! type is followed: what a name stands for is read off how it is spelled, so
//! every spelling that torch itself does not write is refused.

pub mod defects;
mod expression;
mod graph;
mod layout;
mod lexer;
mod ops;
mod payload;
mod reader;
mod scanner;

use super::{Format, Match, Probe, Scanner};
use crate::observe::Role;

/// The format.
pub static FORMAT: Format =
    Format { name: "torchscript", extensions: &[], proves_itself: true, probe, open, defects: defects::ALL };

/// Only an archive can say that a text is part of a program.
const fn probe(p: &Probe<'_>) -> Match {
    if matches!(p.role, Role::ScriptCode(..) | Role::Layout(_)) { Match::Sure } else { Match::No }
}

fn open(p: &Probe<'_>) -> Box<dyn Scanner> {
    match p.role {
        Role::Layout(_) => Box::new(layout::LayoutScanner::new(p)),
        _ => Box::new(scanner::CodeScanner::new(p)),
    }
}
