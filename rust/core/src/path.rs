//! Names of members: where they lead when the archive is unpacked, and what
//! they hide. Archives of every kind ask here, as `dryload.paths` does for
//! programs.

/// A name as it counts when it is unpacked: its steps without `.` and without
/// doubled slashes, joined again, in lower case, as two names that differ in
/// case are one on some systems.
#[must_use]
pub fn plain(name: &[u8]) -> Vec<u8> {
    steps(name).collect::<Vec<_>>().join(&b'/').to_ascii_lowercase()
}

/// Steps of a path, those that lead nowhere left out.
pub fn steps(name: &[u8]) -> impl Iterator<Item = &[u8]> {
    name.split(|&b| b == b'/').filter(|step| !step.is_empty() && *step != b".")
}

/// Whether a path leads out of the folder it is unpacked in, on some system:
/// from a root, through `..`, or to a drive. Windows takes `\` for a slash.
#[must_use]
pub fn is_outside(name: &[u8]) -> bool {
    is_rooted(name) || name.split(|b| matches!(b, b'/' | b'\\')).any(|step| step == b"..")
}

/// Whether a path leads out of the folder on some system, one that a colon alone
/// makes a drive of left out: `w:0.npy` is a variable of a network.
#[must_use]
pub fn leads_out(name: &[u8]) -> bool {
    let drive = matches!(name, [drive, b':', rest, ..] if drive.is_ascii_alphabetic() && !matches!(rest, b'/' | b'\\'));
    is_outside(if drive { name.get(2..).unwrap_or(&[]) } else { name })
}

/// Whether a path begins at a root or at a drive.
#[must_use]
pub fn is_rooted(name: &[u8]) -> bool {
    match name {
        [b'/' | b'\\', ..] => true,
        [drive, b':', ..] => drive.is_ascii_alphabetic(),
        _ => false,
    }
}

/// Whether people or other systems see another name than the one that stands
/// there.
#[must_use]
pub fn is_odd(name: &[u8]) -> bool {
    match std::str::from_utf8(name) {
        Ok("") | Err(_) => true,
        Ok(text) => text.chars().any(|c| c == '\\' || c.is_control() || hides(c)),
    }
}

/// Characters that turn, join or hide text.
const fn hides(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_way_out_is_one_on_any_system() {
        for name in ["/a", "../a", "a/../b", "a/..", "..", "\\a", "a\\..\\b", "C:\\a", "c:a", "\\\\server\\a"] {
            assert!(is_outside(name.as_bytes()), "{name}");
        }
        for name in ["a", "./a", "a/b", "..a", "a..", ".../b", "1:b/c", "ab:c", "a/./b"] {
            assert!(!is_outside(name.as_bytes()), "{name}");
        }
    }

    #[test]
    fn a_colon_alone_leads_nowhere_from_an_archive_of_arrays() {
        for name in ["/a", "../a", "C:\\a", "c:/a", "a:../b", "c:a/../b"] {
            assert!(leads_out(name.as_bytes()), "{name}");
        }
        for name in ["w:0.npy", "dense/kernel:0.npy"] {
            assert!(!leads_out(name.as_bytes()), "{name}");
        }
    }

    #[test]
    fn one_file_has_one_plain_name() {
        for name in ["a/b", "./a/b", "a//b", "a/./b/", "A/b"] {
            assert_eq!(plain(name.as_bytes()), b"a/b", "{name}");
        }
        assert_ne!(plain(b"a/c"), b"a/b");
    }
}
