//! Zip archives, and the model formats that are zips: torch's and npz.
//!
//! The directory is read through rawzip and held against the local headers and
//! against the layout: members must tile the file from its first byte to the
//! directory, so that a reader that trusts one sees what a reader that trusts
//! the other sees. Every member is handed up, whatever its name.

mod ahead;
mod checksum;
mod defects;
mod end;
mod entries;
mod local;
mod profile;
mod scanner;
mod sparse;

use super::{Format, Match, Probe};

/// The format.
pub static FORMAT: Format = Format {
    name: "zip",
    extensions: &[".zip", ".npz", ".pt2", ".ptl"],
    proves_itself: true,
    probe,
    open: |probe| Box::new(scanner::ZipScanner::new(probe)),
    defects: defects::ALL,
};

/// Bytes from the end in which every reader looks for the end record.
pub const TAIL_BYTES: u64 = end::MAX_EOCD_BYTES;

/// Bytes of an end record without a comment, and of its zip64 twin.
pub const END_BYTES: u64 = end::LONG_EOCD_BYTES;

/// The two signatures an archive can begin with: a member, or its own end.
const SIGNATURES: [&[u8]; 2] = [b"PK\x03\x04", b"PK\x05\x06"];

fn probe(p: &Probe<'_>) -> Match {
    if SIGNATURES.iter().any(|s| p.head.starts_with(s)) {
        return Match::Sure;
    }
    // An end record makes a zip of any file, whatever it begins with.
    if end::present(p.tail, p.len) { Match::Maybe } else { Match::No }
}
