//! Formats that are recognised and not read: their names, so that a file is
//! inconclusive for a reason a person can act on.
//!
//! A name here decides nothing but words: what is not read is never passed.

mod lfs;
mod program;
mod protobuf;
mod text;

pub(super) use lfs::POINTER;

/// What a recognised format is to somebody who wants to load a model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Made to hold models, or any files.
    Model,
    /// A compressed stream.
    Stream,
    /// Code that is run, not loaded.
    Program,
    /// A page, a text, an image: no model at all.
    Other,
    /// A Git LFS pointer.
    Pointer,
}

/// A format by its first bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Foreign {
    /// As reports spell it.
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    /// What it is and what to do about it; empty where the name says it all.
    pub(super) told: String,
}

impl Foreign {
    fn new(name: &'static str, kind: Kind, told: impl Into<String>) -> Self {
        Self { name, kind, told: told.into() }
    }

    /// Whether a format is made to hold models or files. A script, a page or a
    /// compressed stream in a folder is no model unless its name says so.
    pub(super) fn may_hold_model(&self) -> bool {
        matches!(self.kind, Kind::Model | Kind::Pointer) || self.name == program::PORTABLE
    }

    /// Whether it cannot be the model that a name promises.
    pub(super) const fn is_no_model(&self) -> bool {
        matches!(self.kind, Kind::Program | Kind::Other)
    }
}

/// A signature: its offset, its bytes, the name, the kind.
static SIGNATURES: &[(usize, &[u8], &str, Kind)] = &[
    (0, b"]\0\0", "lzma", Kind::Stream),
    (0, b"\x02\x21\x4c\x18", "lz4-legacy", Kind::Stream),
    (0, b"\x37\x7a\xbc\xaf\x27\x1c", "7z", Kind::Model),
    (0, b"Rar!\x1a\x07\0", "rar4", Kind::Model),
    (0, b"Rar!\x1a\x07\x01\0", "rar5", Kind::Model),
    (0, b"MSCF\0\0\0\0", "cab", Kind::Model),
    (0, b"\x89HDF\r\n\x1a\n", "hdf5", Kind::Model),
    (0, b"GGUF", "gguf", Kind::Model),
    // The predecessors of GGUF: numbers written little-endian.
    (0, b"lmgg", "ggml", Kind::Model),
    (0, b"fmgg", "ggmf", Kind::Model),
    (0, b"tjgg", "ggjt", Kind::Model),
    (0, b"algg", "ggla", Kind::Model),
    (4, b"TFL3", "tflite", Kind::Model),
    (4, b"PTMF", "pytorch-mobile", Kind::Model),
    (0, b"CBM1", "catboost", Kind::Model),
    (0, b"tree\nversion=", "lightgbm-text", Kind::Model),
    (0, b"RDX2\n", "rdata", Kind::Model),
    (0, b"RDX3\n", "rdata", Kind::Model),
    (0, b"RDA2\n", "rdata", Kind::Model),
    (0, b"RDA3\n", "rdata", Kind::Model),
    (0, b"X\n\0\0\0\x02", "rds", Kind::Model),
    (0, b"X\n\0\0\0\x03", "rds", Kind::Model),
    (0, b"A\n2\n", "rds", Kind::Model),
    (0, b"A\n3\n", "rds", Kind::Model),
    (0, b"MATLAB 5.0 MAT-file", "matlab", Kind::Model),
    (0, b"PAR1", "parquet", Kind::Other),
    (0, b"ARROW1\0\0", "arrow", Kind::Other),
    (0, b"SQLite format 3\0", "sqlite", Kind::Other),
    (0, b"%PDF-", "pdf", Kind::Other),
    (0, b"\x89PNG\r\n\x1a\n", "png", Kind::Other),
    (0, b"\xff\xd8\xff", "jpeg", Kind::Other),
    (0, b"GIF87a", "gif", Kind::Other),
    (0, b"GIF89a", "gif", Kind::Other),
];

/// Second bytes of a zlib stream whose first is 0x78 (RFC 1950, by level).
const ZLIB_LEVELS: [u8; 4] = [0x01, 0x5e, 0x9c, 0xda];

/// The format that a region begins like, when it is none that is read. The
/// name, in lower case, tells apart what begins alike.
pub(super) fn recognise(head: &[u8], len: u64, name: &str) -> Option<Foreign> {
    let signed = SIGNATURES.iter().find(|(at, bytes, ..)| head.get(*at..).is_some_and(|h| h.starts_with(bytes)));
    let signed = signed.map(|&(_, _, name, kind)| {
        let told = if kind == Kind::Other { format!("a file of the format {name}") } else { String::new() };
        Foreign::new(name, kind, told)
    });
    lfs::recognise(head, len)
        .or(signed)
        .or_else(|| flatbuffer(head))
        .or_else(|| program::recognise(head, len))
        .or_else(|| text::recognise(head, len))
        .or_else(|| protobuf::recognise(head, len, name))
        .or_else(|| xgboost(head))
        .or_else(|| {
            let zlib = matches!(head, [0x78, level, ..] if ZLIB_LEVELS.contains(level));
            zlib.then(|| Foreign::new("zlib", Kind::Stream, ""))
        })
}

/// ExecuTorch's identifier: `ET` and the number of the schema.
fn flatbuffer(head: &[u8]) -> Option<Foreign> {
    match head.get(4..8) {
        Some([b'E', b'T', a, b]) if a.is_ascii_digit() && b.is_ascii_digit() => {
            Some(Foreign::new("executorch", Kind::Model, ""))
        }
        _ => None,
    }
}

/// xgboost's own format, which begins with a word and then numbers, and its
/// UBJSON: an object whose first key is a short word.
fn xgboost(head: &[u8]) -> Option<Foreign> {
    if head.starts_with(b"binf") && head.get(4..32).is_some_and(|numbers| numbers.contains(&0)) {
        return Some(Foreign::new("xgboost-binary", Kind::Model, ""));
    }
    let rest = head.strip_prefix(b"{L\0\0\0\0\0\0\0")?;
    let (&len, rest) = rest.split_first()?;
    let key = rest.get(..usize::from(len)).filter(|key| !key.is_empty())?;
    key.iter().all(|b| b.is_ascii_alphanumeric() || *b == b'_').then(|| Foreign::new("ubjson", Kind::Model, ""))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(head: &[u8]) -> Option<&'static str> {
        recognise(head, u64::try_from(head.len()).unwrap_or(0), "blob").map(|f| f.name)
    }

    #[test]
    fn every_magic_number_has_its_own_name() {
        for (head, expected) in [
            (&b"Rar!\x1a\x07\0..."[..], "rar4"),
            (b"Rar!\x1a\x07\x01\0..", "rar5"),
            (b"\x1c\0\0\0TFL3", "tflite"),
            (b"\x1c\0\0\0ET12", "executorch"),
            (b"tjgg\x03\0\0\0", "ggjt"),
            (b"RDX3\nX\n", "rdata"),
            (b"{L\0\0\0\0\0\0\0\x07learner{", "ubjson"),
            (b"\xff\xd8\xff\xe0", "jpeg"),
            (b"x\x9c\x4b\x04", "zlib"),
        ] {
            assert_eq!(name(head), Some(expected), "{head:?}");
        }
    }

    #[test]
    fn what_begins_like_nothing_has_no_name() {
        for head in [&b""[..], b"Rar!", b"\0\0\0\0", b"RDX9\n", b"just some words", b"x\x02", b"{L\0\0\0\0\0\0\0\0"] {
            assert_eq!(name(head), None, "{head:?}");
        }
    }
}
