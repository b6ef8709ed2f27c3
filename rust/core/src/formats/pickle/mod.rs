//! Pickle, protocols 0 to 5, and the streams made of pickles: torch's legacy
//! stream of five, and joblib's with arrays between the opcodes.
//!
//! Nothing is imported, called or resolved. Bytes nobody interprets (BINBYTES,
//! array data) are skipped by their length.

mod apart;
mod arena;
mod attribute;
mod call;
mod compat;
pub mod defects;
mod fast;
mod generation;
mod import;
mod inline;
mod joblib;
mod keys;
mod legacy;
mod literal;
mod machine;
mod memo;
mod numpy;
pub mod op;
pub mod opcode;
mod other;
mod places;
mod proof;
mod render;
mod scanner;
mod sniff;
mod text;
mod torch;
mod torch_tar;
mod value;

use super::{Format, Match, Probe};
pub use compat::rows as compat_rows;

/// The format.
pub static FORMAT: Format = Format {
    name: "pickle",
    extensions: &[".pkl", ".pickle", ".p", ".joblib", ".pt", ".pth", ".bin", ".ckpt", ".model", ".sav", ".dump"],
    proves_itself: true,
    probe,
    open: |probe| Box::new(scanner::PickleScanner::with_room(probe)),
    defects: defects::ALL,
};

/// Whether the region begins like a pickle: by PROTO, by its role or name, or
/// because its first bytes run through the machine.
fn probe(p: &Probe<'_>) -> Match {
    if p.role.is_pickle() {
        return Match::Sure;
    }
    if p.head.starts_with(b"PK") {
        // PERSID as a first opcode: no unpickler goes on from it, and every
        // zip begins so.
        return Match::No;
    }
    let runs = sniff::sniff(p);
    match p.head {
        [0x80, 0..=5, ..] if runs => Match::Sure,
        _ if sniff::begins_with_proto(p) => Match::Maybe,
        _ if runs || p.named(FORMAT.extensions) => Match::Maybe,
        _ => Match::No,
    }
}
