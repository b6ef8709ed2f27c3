//! Texts inside pickles: numbers, quoted strings, raw-unicode-escape, UTF-8.
//!
//! Each function is strict about the form every unpickler reads the same way,
//! and says how the laxest one would read the rest.

/// An integer in the one form on which all unpicklers agree: as `repr` writes
/// it, `-?[1-9][0-9]*` or `0`.
///
/// C and older Python unpicklers read base 0 (`0x1`, `010`) and stop at a NUL;
/// pickletools and newer ones do not (gh-126992, gh-126996). `-0` is False to
/// one and 0 to the other.
#[must_use]
pub fn is_canonical_int(text: &[u8]) -> bool {
    let digits = text.strip_prefix(b"-").unwrap_or(text);
    match digits {
        b"0" => text == b"0",
        [b'1'..=b'9', rest @ ..] => rest.iter().all(u8::is_ascii_digit),
        _ => false,
    }
}

/// Whether a name is of those that Python looks up by itself. `__doc__` is a
/// text for people: frozen distributions of scipy carry one in their state.
#[inline]
#[must_use]
pub fn is_dunder(text: &[u8]) -> bool {
    matches!(text, [b'_', b'_', .., b'_', b'_']) && text != b"__doc__"
}

/// Whether a text names a time zone as the zone database does: `Europe/Berlin`,
/// `Etc/GMT+1`. zoneinfo makes a path of it, and a name of a package.
#[must_use]
pub fn is_zone(text: &[u8]) -> bool {
    let plain = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'+' | b'-');
    let step = |s: &[u8]| s.first().is_some_and(u8::is_ascii_alphabetic) && s.iter().all(plain);
    text.len() <= 64 && text.split(|b| *b == b'/').all(step)
}

/// The integer a canonical text stands for, when it fits 64 bits.
#[must_use]
pub fn int(text: &[u8]) -> Option<i64> {
    std::str::from_utf8(text).ok()?.parse().ok()
}

/// A float in the form `repr` writes: no underscore, space or NUL in it.
#[must_use]
pub fn is_canonical_float(text: &[u8]) -> bool {
    let body = text.strip_prefix(b"-").or_else(|| text.strip_prefix(b"+")).unwrap_or(text);
    if body == b"inf" || body == b"nan" {
        return true;
    }
    let (mantissa, exponent) = match body.iter().position(|b| matches!(b, b'e' | b'E')) {
        Some(at) => (body.get(..at).unwrap_or(&[]), body.get(at.saturating_add(1)..)),
        None => (body, None),
    };
    let mut parts = mantissa.splitn(2, |&b| b == b'.');
    let whole = parts.next().unwrap_or(&[]);
    let fraction = parts.next().unwrap_or(&[]);
    let digits = |t: &[u8]| t.iter().all(u8::is_ascii_digit);
    let exponent_is_int = exponent.is_none_or(|e| {
        let e = e.strip_prefix(b"-").or_else(|| e.strip_prefix(b"+")).unwrap_or(e);
        !e.is_empty() && digits(e)
    });
    let is_number = (!whole.is_empty() || !fraction.is_empty()) && digits(whole) && digits(fraction) && exponent_is_int;
    // Past all floats C raises and Python reads inf.
    is_number && std::str::from_utf8(text).ok().and_then(|t| t.parse::<f64>().ok()).is_some_and(f64::is_finite)
}

/// The body of a STRING argument: the same quote at both ends.
#[must_use]
pub fn unquote(line: &[u8]) -> Option<&[u8]> {
    let (&open, rest) = line.split_first()?;
    let (&close, body) = rest.split_last()?;
    (open == close && matches!(open, b'\'' | b'"')).then_some(body)
}

/// Undoes the escapes of a bytes literal, as `codecs.escape_decode` does; an
/// unknown escape keeps its backslash.
#[must_use]
pub fn unescape(body: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(body.len().min(256));
    let mut rest = body;
    while let Some((&b, tail)) = rest.split_first() {
        rest = tail;
        if b != b'\\' {
            out.push(b);
            continue;
        }
        let Some((&e, tail)) = rest.split_first() else {
            out.push(b);
            break;
        };
        rest = tail;
        match e {
            b'\n' => {}
            b'\\' | b'\'' | b'"' => out.push(e),
            b'a' => out.push(7),
            b'b' => out.push(8),
            b'f' => out.push(12),
            b'n' => out.push(b'\n'),
            b'r' => out.push(b'\r'),
            b't' => out.push(b'\t'),
            b'v' => out.push(11),
            b'0'..=b'7' => {
                let mut n = u32::from(e.saturating_sub(b'0'));
                for _ in 0..2 {
                    match rest.split_first() {
                        Some((&d @ b'0'..=b'7', tail)) => {
                            n = n.wrapping_mul(8).wrapping_add(u32::from(d.saturating_sub(b'0')));
                            rest = tail;
                        }
                        _ => break,
                    }
                }
                // `\777` wraps to a byte in CPython too.
                out.extend(u8::try_from(n & 0xff));
            }
            b'x' => match hex(rest, 2) {
                Some((n, tail)) => {
                    out.extend(u8::try_from(n));
                    rest = tail;
                }
                None => out.extend_from_slice(b"\\x"),
            },
            _ => out.extend_from_slice(&[b'\\', e]),
        }
    }
    out
}

/// Decodes raw-unicode-escape to UTF-8; a surrogate or a broken escape stays
/// as it is written.
#[must_use]
pub fn raw_unicode_escape(line: &[u8]) -> Vec<u8> {
    let mut out = String::new();
    let mut rest = line;
    while let Some((&b, tail)) = rest.split_first() {
        if b == b'\\' {
            if tail.first() == Some(&b'\\') {
                // A doubled backslash escapes nothing, itself included.
                out.push_str("\\\\");
                rest = tail.get(1..).unwrap_or(&[]);
                continue;
            }
            let escape = match tail.split_first() {
                Some((b'u', digits)) => hex(digits, 4),
                Some((b'U', digits)) => hex(digits, 8),
                _ => None,
            };
            if let Some((n, after)) = escape
                && let Some(c) = char::from_u32(n)
            {
                out.push(c);
                rest = after;
                continue;
            }
        }
        out.push(char::from(b));
        rest = tail;
    }
    out.into_bytes()
}

fn hex(text: &[u8], digits: usize) -> Option<(u32, &[u8])> {
    let (head, tail) = text.split_at_checked(digits)?;
    if !head.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    let n = u32::from_str_radix(std::str::from_utf8(head).ok()?, 16).ok()?;
    Some((n, tail))
}

/// How much of a window is UTF-8 with surrogates let through, as
/// `surrogatepass` reads it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Utf8 {
    /// All of it.
    Valid,
    /// Up to here; the rest may be the start of a character.
    Cut(usize),
    /// Up to here; then a byte that no reader accepts.
    Bad(usize),
}

/// Checks a window of text.
#[must_use]
pub fn utf8(bytes: &[u8]) -> Utf8 {
    let mut from: usize = 0;
    loop {
        let rest = bytes.get(from..).unwrap_or(&[]);
        let error = match std::str::from_utf8(rest) {
            Ok(_) => return Utf8::Valid,
            Err(e) => e,
        };
        let at = from.saturating_add(error.valid_up_to());
        match bytes.get(at..).unwrap_or(&[]) {
            [0xed, 0xa0..=0xbf, 0x80..=0xbf, ..] => from = at.saturating_add(3),
            [0xed] | [0xed, 0xa0..=0xbf] => return Utf8::Cut(at),
            _ if error.error_len().is_none() => return Utf8::Cut(at),
            _ => return Utf8::Bad(at),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_decimals_are_canonical() {
        for good in ["0", "-1", "10", "123456789012345678901234567890"] {
            assert!(is_canonical_int(good.as_bytes()), "{good}");
        }
        for bad in ["", "-", "-0", "00", "010", "0x1", "0b1", "1\0zz", "1_0", " 1", "+1", "1L"] {
            assert!(!is_canonical_int(bad.as_bytes()), "{bad:?}");
        }
        for good in ["1.5", "-inf", "nan", "1e+16", "1e-07", "0.0", "1"] {
            assert!(is_canonical_float(good.as_bytes()), "{good}");
        }
        for bad in ["", ".", "1_0.5", "1.5\0x", " 1.5", "1e", "1e999", "infinity", "0x1p3"] {
            assert!(!is_canonical_float(bad.as_bytes()), "{bad:?}");
        }
    }

    #[test]
    fn escapes_come_out_as_cpython_reads_them() {
        assert_eq!(unescape(br"a\x41\101\n\'\q\\"), b"aAA\n'\\q\\");
        assert_eq!(raw_unicode_escape(b"\\\\u0041"), b"\\\\u0041");
        assert_eq!(raw_unicode_escape(b"\\u0041\\U00000042\xe9\\n"), "AB\u{e9}\\n".as_bytes());
        assert_eq!(unquote(b"'a'"), Some(&b"a"[..]));
        assert_eq!(unquote(b"'a\""), None);
        assert_eq!(unquote(b"'"), None);
    }

    #[test]
    fn surrogates_pass_and_cuts_are_told_from_faults() {
        assert_eq!(utf8("é☃".as_bytes()), Utf8::Valid);
        assert_eq!(utf8(b"a\xed\xa0\x80b"), Utf8::Valid);
        assert_eq!(utf8(b"a\xe2\x98"), Utf8::Cut(1));
        assert_eq!(utf8(b"a\xed\xa0"), Utf8::Cut(1));
        assert_eq!(utf8(b"a\xffb"), Utf8::Bad(1));
    }
}
