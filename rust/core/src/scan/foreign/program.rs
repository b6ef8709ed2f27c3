//! Programs: what is run, not loaded.

use super::{Foreign, Kind};
use crate::bytes::{Reader, printable, wide, window};

/// The name of programs that run on every system, as llamafiles are.
pub(super) const PORTABLE: &str = "portable-executable";

/// What to do with a program under a model's name.
const RUN: &str = "it is run, not loaded: find out who put it there";

/// A program by its first bytes.
pub(super) fn recognise(head: &[u8], len: u64) -> Option<Foreign> {
    let program = |name, what: &str| Some(Foreign::new(name, Kind::Program, format!("{what}: {RUN}")));
    match head {
        // Actually Portable Executables: a shell script, a PE and an archive.
        [b'M', b'Z', b'q', b'F', b'p', b'D', ..] | [b'j', b'a', b'r', b't', b's', b'r', b'=', b'\'', ..] => {
            let told = "a program with the model inside, as a llamafile: the only way to load it is to run it";
            Some(Foreign::new(PORTABLE, Kind::Program, told))
        }
        [0x7f, b'E', b'L', b'F', ..] => program("elf", "a program or library for Linux (ELF)"),
        [b'M', b'Z', ..] => windows(head, len),
        [0xfe, 0xed, 0xfa, 0xce | 0xcf, ..] | [0xce | 0xcf, 0xfa, 0xed, 0xfe, ..] => {
            program("mach-o", "a program or library for macOS (Mach-O)")
        }
        [0xca, 0xfe, 0xba, 0xbe | 0xbf, a, b, c, d, ..] => match u32::from_be_bytes([*a, *b, *c, *d]) {
            // Java classes and fat binaries share a magic number. Then comes
            // how many architectures there are, or a version from 45 on.
            1..=30 => program("mach-o-fat", "a program or library for macOS (universal Mach-O)"),
            version if version & 0xffff >= 45 && head.get(3) == Some(&0xbe) => program("java-class", "a Java class"),
            _ => None,
        },
        [0xbe | 0xbf, 0xba, 0xfe, 0xca, ..] => {
            program("mach-o-fat", "a program or library for macOS (universal Mach-O)")
        }
        [0, b'a', b's', b'm', _, _, _, 0, ..] => program("wasm", "a WebAssembly module"),
        [_, 0x0c..=0x0f, b'\r', b'\n', ..] if len >= 16 => program("python-bytecode", "compiled Python"),
        [b'#', b'!', rest @ ..] => script(rest),
        _ => None,
    }
}

/// `MZ`, and where its new header says what it is.
fn windows(head: &[u8], len: u64) -> Option<Foreign> {
    let at = Reader::new(window(head, 0x3c, 4)?).u32()?;
    if u64::from(at) < 0x40 || u64::from(at).saturating_add(4) > len {
        return Some(Foreign::new("dos", Kind::Program, format!("a program for DOS: {RUN}")));
    }
    let signature = usize::try_from(at).ok().and_then(|at| window(head, at, 4));
    match signature {
        Some(b"PE\0\0") => {}
        // Farther on than what was read.
        None if u64::from(at).saturating_add(4) > wide(head.len()) => {}
        _ => return Some(Foreign::new("dos", Kind::Program, format!("a program for DOS: {RUN}"))),
    }
    Some(Foreign::new("pe", Kind::Program, format!("a program or library for Windows (PE): {RUN}")))
}

/// `#!` and an interpreter, on one line of text.
fn script(rest: &[u8]) -> Option<Foreign> {
    let line = rest.split(|&b| b == b'\n').next().unwrap_or(rest);
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let first = line.iter().find(|&&b| b != b' ')?;
    let is_text = line.iter().all(|&b| matches!(b, b' '..=b'~' | b'\t'));
    (is_text && *first == b'/').then(|| {
        let line = printable(line.trim_ascii(), 60);
        Foreign::new("script", Kind::Program, format!("a script for {line}: {RUN}"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(head: &[u8]) -> Option<&'static str> {
        recognise(head, 100_000).map(|f| f.name)
    }

    fn mz(at: u32, signature: &[u8]) -> Vec<u8> {
        let mut head = b"MZ\x90\0".to_vec();
        head.resize(0x3c, 0);
        head.extend(at.to_le_bytes());
        head.resize(usize::try_from(at).unwrap_or(0).max(64), 0);
        head.extend_from_slice(signature);
        head
    }

    #[test]
    fn programs_are_told_apart() {
        assert_eq!(name(b"\x7fELF\x02\x01"), Some("elf"));
        assert_eq!(name(&mz(0x80, b"PE\0\0")), Some("pe"));
        assert_eq!(name(&mz(0x80, b"NE\0\0")), Some("dos"));
        assert_eq!(name(&mz(0, b"")), Some("dos"));
        assert_eq!(name(b"MZqFpD='\n"), Some(PORTABLE));
        assert_eq!(name(b"\xcf\xfa\xed\xfe\x07"), Some("mach-o"));
        assert_eq!(name(b"\xfe\xed\xfa\xce\0"), Some("mach-o"));
        assert_eq!(name(b"\xca\xfe\xba\xbe\0\0\0\x02"), Some("mach-o-fat"));
        assert_eq!(name(b"\xca\xfe\xba\xbf\0\0\0\x02"), Some("mach-o-fat"));
        assert_eq!(name(b"\xca\xfe\xba\xbe\0\0\0\x41"), Some("java-class"));
        assert_eq!(name(b"\0asm\x01\0\0\0"), Some("wasm"));
        assert_eq!(name(b"\xa7\x0d\r\n\0\0\0\0"), Some("python-bytecode"));
    }

    #[test]
    fn a_script_names_its_interpreter() {
        let told = recognise(b"#!/usr/bin/env python3\nprint()\n", 40).map(|f| f.told).unwrap_or_default();
        assert!(told.starts_with("a script for /usr/bin/env python3: "), "{told}");
        assert_eq!(name(b"#!\xff\xfe"), None);
        assert_eq!(name(b"#! no path\n"), None);
    }

    #[test]
    fn what_is_no_program_has_no_name() {
        for head in [&b"MZ"[..], b"\xca\xfe\xba\xbe\0\0\0\0", b"\xca\xfe\xba\xbf\0\0\0\x41", b"\0asm", b"ab\r\n"] {
            assert_eq!(name(head), None, "{head:?}");
        }
    }
}
