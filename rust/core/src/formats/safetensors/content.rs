//! Whether a tensor of bytes begins as a file of another kind: no reader of
//! the format runs it, and somebody put it there.

use super::defects;
use super::header::Header;
use crate::bytes::Span;
use crate::error::Error;
use crate::formats::Want;

/// First bytes read of a tensor, and tensors that are looked at.
const HEAD: u64 = 8;
const MAX_LOOKED_AT: usize = 16;

/// Signatures long enough not to stand among numbers by chance.
static SIGNATURES: &[(&[u8], &str)] = &[
    (b"\x7fELF", "an ELF program"),
    (b"MZ\x90\0", "a Windows program"),
    (b"\xcf\xfa\xed\xfe", "a Mach-O program"),
    (b"\xca\xfe\xba\xbe", "a Mach-O or Java program"),
    (b"#!/", "a script"),
    (b"PK\x03\x04", "a zip archive"),
    (b"\x1f\x8b\x08", "a gzip stream"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"\xfd7zXZ\0", "an xz stream"),
    (b"\x89HDF\r\n", "an HDF5 file"),
    (b"GGUF", "a GGUF file"),
    (b"\x93NUMPY", "an npy array"),
    (b"\x80\x05\x95", "a pickle"),
    (b"\x80\x04\x95", "a pickle"),
    (b"\x80\x02c", "a pickle"),
    (b"\x80\x02}q", "a pickle"),
    (b"\x80\x02]q", "a pickle"),
    (b"\x80\x03c", "a pickle"),
    (b"\x80\x03}q", "a pickle"),
];

/// A tensor to be looked at: its name, where its key stands and where its
/// first bytes do.
pub(super) struct Look {
    name: String,
    key: u64,
    pub(super) span: Span,
}

/// The first tensors of bytes of a file.
pub(super) fn looks(header: &Header<'_>, data_start: u64) -> Vec<Look> {
    let bytes = header.table.entries.iter().filter(|entry| matches!(entry.dtype.name(), "U8" | "I8"));
    let long = bytes.filter(|entry| entry.end.saturating_sub(entry.start) >= HEAD);
    long.take(MAX_LOOKED_AT)
        .map(|entry| Look {
            name: header.name_of(entry).unwrap_or_default().into_owned(),
            key: super::header::place(usize::try_from(entry.at).unwrap_or(0)),
            span: Span::at(data_start.saturating_add(entry.start), HEAD),
        })
        .collect()
}

impl Look {
    pub(super) fn want(&self) -> Want {
        Want { span: self.span, until: self.span.end }
    }

    /// What it begins as.
    pub(super) fn judge(&self, bytes: &[u8]) -> Option<Error> {
        let (_, what) = SIGNATURES.iter().find(|(signature, _)| bytes.starts_with(signature))?;
        let found = format!("{} begins as {what}", crate::bytes::printable(self.name.as_bytes(), 80));
        Some(Error::new(&defects::FOREIGN_TENSOR, Span::at(self.key, 1)).with("numbers", found))
    }
}
