//! A name as the most lenient of all readers takes it.
//!
//! No single system does all of this; but where a name leads out after it, there
//! may be one for which it does, and no writer of models needs such a name.
//!
//! Untrusted input: linear in the name, and never much longer than it.

use super::marks;

/// The name with `/` for each slash and `..` for each step that climbs:
/// characters that are not shown dropped, those that are taken for others
/// changed, percent-encoded and overlong ones decoded, however often. A home
/// becomes a root.
pub(super) fn folded(name: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(name.len());
    for chunk in name.utf8_chunks() {
        for c in chunk.valid().chars().filter(|&c| !marks::is_invisible(c)) {
            let mut utf8 = [0; 4];
            let text = marks::reads_as(c).unwrap_or_else(|| c.encode_utf8(&mut utf8));
            text.bytes().for_each(|b| push(&mut out, b));
        }
        chunk.invalid().iter().for_each(|&b| push(&mut out, b));
    }
    let is_home = out.first() == Some(&b'~');
    let mut steps: Vec<&[u8]> = out.split(|b| matches!(b, b'/' | b'\\' | 0)).map(step).collect();
    if let [home, _, ..] = steps.as_mut_slice()
        && is_home
    {
        *home = b"";
    }
    steps.join(&b'/')
}

/// A step, without what Windows drops at its end where that makes it climb. One
/// of dots alone, `...`, is no climb to any system of today.
fn step(bytes: &[u8]) -> &[u8] {
    match bytes {
        [b'.', b'.', rest @ ..] if rest.contains(&b' ') && rest.iter().all(|b| matches!(b, b' ' | b'.')) => b"..",
        _ => bytes,
    }
}

/// Appends a byte, and decodes what is whole with it.
fn push(out: &mut Vec<u8>, byte: u8) {
    out.push(byte);
    while let Some((len, byte)) = decoded(out) {
        out.truncate(out.len().saturating_sub(len));
        out.push(byte);
    }
}

/// What the last bytes are decoded to, and how many they are. Of overlong forms
/// and of `%u`, those of ASCII: they alone can be a mark of a path.
fn decoded(out: &[u8]) -> Option<(usize, u8)> {
    match *out {
        [.., 0xf0, 0x80, high @ 0x80..=0x81, low @ 0x80..=0xbf] => Some((4, overlong(high, low))),
        [.., 0xe0, high @ 0x80..=0x81, low @ 0x80..=0xbf] => Some((3, overlong(high, low))),
        [.., high @ 0xc0..=0xc1, low @ 0x80..=0xbf] => Some((2, overlong(high, low))),
        [.., b'%', b'u' | b'U', b'0', b'0', high, low] => Some((6, hex(high, low).filter(u8::is_ascii)?)),
        [.., b'%', high, low] => Some((3, hex(high, low)?)),
        _ => None,
    }
}

const fn overlong(high: u8, low: u8) -> u8 {
    ((high & 1) << 6) | (low & 0x3f)
}

fn hex(high: u8, low: u8) -> Option<u8> {
    let digit = |b: u8| char::from(b).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    Some((digit(high)? << 4) | digit(low)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_others_decode_or_drop_is_a_climb() {
        for name in [
            &b"%2e%2e/a"[..],
            b"%252e%252E%2fa",
            b"%u002e%U002e\\a",
            b"\xc0\xae\xc0\xae\xc0\xafa",
            b"\xe0\x80\xae\xf0\x80\x80\xae/a",
            b"%c0%ae.%5ca",
            ".\u{200c}./a".as_bytes(),
            "\u{2025}\u{2215}a".as_bytes(),
            b".. /a",
            b".. .\\a",
            b"..\0a",
        ] {
            assert_eq!(String::from_utf8_lossy(&folded(name)), "../a", "{name:?}");
        }
        assert_eq!(folded(b"~root/a"), b"/a");
    }

    #[test]
    fn what_nobody_takes_for_a_climb_stays() {
        for name in ["a/.../b", "50%de.txt", "~a", "%2", "%u00", ". ./a", "...", "日本/é"] {
            let is_climb = folded(name.as_bytes()).split(|&b| b == b'/').any(|step| step == b"..");
            assert!(!is_climb && !folded(name.as_bytes()).starts_with(b"/"), "{name}");
        }
    }
}
