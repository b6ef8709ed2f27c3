//! Formats that are recognised and not read: their names, so that a file is
//! inconclusive for a reason a person can act on.

/// A signature: its offset, its bytes, the name.
static SIGNATURES: &[(usize, &[u8], &str)] = &[
    (0, b"version https://git-lfs", LFS_POINTER),
    (0, b"]\0\0", "lzma"),
    (0, b"\x28\xb5\x2f\xfd", "zstd"),
    (0, b"\x04\x22\x4d\x18", "lz4"),
    (0, b"\x37\x7a\xbc\xaf\x27\x1c", "7z"),
    (0, b"Rar!\x1a\x07", "rar"),
    (257, b"ustar", "tar"),
    (0, b"\x89HDF\r\n\x1a\n", "hdf5"),
    (0, b"GGUF", "gguf"),
    (4, b"TFL3", "tflite"),
    (0, b"\x7fELF", "elf"),
    (0, b"MZ", "pe"),
    (0, b"\xcf\xfa\xed\xfe", "mach-o"),
    (0, b"\xca\xfe\xba\xbe", "mach-o"),
    (0, b"#!", "script"),
    (0, b"<!DOCTYPE html", "html"),
    (0, b"<!doctype html", "html"),
    (0, b"<html", "html"),
];

/// The name a Git LFS pointer goes by.
pub(super) const LFS_POINTER: &str = "lfs-pointer";

/// Second bytes of a zlib stream whose first is 0x78 (RFC 1950, by level).
const ZLIB_LEVELS: [u8; 4] = [0x01, 0x5e, 0x9c, 0xda];

/// The format a region begins like, when it is none that is read.
pub(super) fn name(head: &[u8]) -> Option<&'static str> {
    let signed = SIGNATURES.iter().find(|(at, bytes, _)| head.get(*at..).is_some_and(|h| h.starts_with(bytes)));
    if let Some((_, _, name)) = signed {
        return Some(name);
    }
    matches!(head, [0x78, level, ..] if ZLIB_LEVELS.contains(level)).then_some("zlib")
}

/// Whether a format is made to hold models or files. A script, a page or a
/// compressed stream in a folder is no model unless its name says so.
pub(super) fn may_hold_model(name: &str) -> bool {
    matches!(name, "7z" | "rar" | "tar" | "hdf5" | "gguf" | "tflite" | LFS_POINTER)
}
