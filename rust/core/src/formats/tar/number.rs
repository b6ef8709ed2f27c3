//! Numbers of a header: octal text, or base 256 where that is too short.
//!
//! Each is read as `tarfile.nti` reads it, and said to be clean when every
//! reader takes the same from it.

/// A number as it stands in a header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Number {
    /// As `tarfile` reads it.
    pub(super) value: i128,
    /// Every reader reads the same.
    pub(super) is_clean: bool,
    /// Nothing stands there.
    pub(super) is_blank: bool,
}

impl Number {
    /// The number, where it counts something.
    pub(super) fn count(self) -> Option<u64> {
        u64::try_from(self.value).ok()
    }
}

/// Reads a field; `None` where `tarfile` calls it invalid.
pub(super) fn number(field: &[u8]) -> Option<Number> {
    match field.split_first()? {
        // Others take any first byte of 0x80 and more for base 256.
        (&0x80, rest) => big_endian(rest).map(|value| clean(value, value <= i128::from(i64::MAX))),
        (&0xff, rest) => {
            let bits = u32::try_from(rest.len()).ok()?.checked_mul(8)?;
            let value = big_endian(rest)?.checked_sub(1i128.checked_shl(bits)?)?;
            Some(clean(value, value >= i128::from(i64::MIN)))
        }
        _ => octal(field),
    }
}

const fn clean(value: i128, is_clean: bool) -> Number {
    Number { value, is_clean, is_blank: false }
}

/// At most eleven bytes, so that it fits.
fn big_endian(bytes: &[u8]) -> Option<i128> {
    bytes.iter().try_fold(0i128, |n, &b| n.checked_mul(256)?.checked_add(i128::from(b)))
}

/// What `int(text.strip() or "0", 8)` makes of the text before the first NUL.
fn octal(field: &[u8]) -> Option<Number> {
    let end = field.iter().position(|&b| b == 0).unwrap_or(field.len());
    let (text, after) = field.split_at(end);
    // GNU tar looks for digits behind a first NUL, too.
    let mut is_clean = after.iter().all(|b| matches!(b, 0 | b' '));
    let stripped = strip(text, is_python_space);
    is_clean &= stripped == strip(text, |b| b == b' ');
    if stripped.is_empty() {
        return Some(Number { value: 0, is_clean, is_blank: true });
    }
    is_clean &= stripped.iter().all(|b| matches!(b, b'0'..=b'7'));
    let (negative, digits) = match stripped.split_first()? {
        (b'-', rest) => (true, rest),
        (b'+', rest) => (false, rest),
        _ => (false, stripped),
    };
    let digits = match digits {
        // `0o_17` is a number, `_17` is none.
        [b'0', b'o' | b'O', rest @ ..] => rest.strip_prefix(b"_").unwrap_or(rest),
        _ => digits,
    };
    let mut value: i128 = 0;
    let mut is_digit = false;
    for &b in digits {
        match b {
            b'0'..=b'7' => value = value.checked_mul(8)?.checked_add(i128::from(b & 7))?,
            b'_' if is_digit => {}
            _ => return None,
        }
        is_digit = b != b'_';
    }
    is_digit.then(|| clean(if negative { value.saturating_neg() } else { value }, is_clean))
}

fn is_python_space(b: u8) -> bool {
    matches!(b, b' ' | 0x09..=0x0d | 0x1c..=0x1f)
}

fn strip(text: &[u8], is_space: impl Fn(u8) -> bool) -> &[u8] {
    let start = text.iter().position(|&b| !is_space(b)).unwrap_or(text.len());
    let end = text.iter().rposition(|&b| !is_space(b)).map_or(start, |last| last.saturating_add(1));
    text.get(start..end).unwrap_or(&[])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(field: &[u8]) -> Option<(i128, bool)> {
        number(field).map(|n| (n.value, n.is_clean))
    }

    #[test]
    fn numbers_that_all_readers_read_alike_are_clean() {
        assert_eq!(value(b"0000644\0"), Some((0o644, true)));
        assert_eq!(value(b"   644 \0"), Some((0o644, true)));
        assert_eq!(value(b"00000001750 "), Some((0o1750, true)));
        assert_eq!(value(b"\0\0\0\0\0\0\0\0"), Some((0, true)));
        assert_eq!(value(b"\x80\0\0\0\0\0\0\x02\0\0\0\0"), Some((1 << 33, true)));
        assert_eq!(value(b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"), Some((-1, true)));
    }

    #[test]
    fn numbers_that_python_alone_reads_are_not() {
        for (field, read) in [
            (b"0o17\0\0\0\0", 15),
            (b"1_0\0\0\0\0\0", 8),
            (b"-5\0\0\0\0\0\0", -5),
            (b"\t17\0\0\0\0\0", 15),
            (b"17\x00123\0\0", 15),
            (b"\x00017\0\0\0\0", 0),
        ] {
            assert_eq!(value(field), Some((read, false)), "{field:?}");
        }
    }

    #[test]
    fn what_python_refuses_is_no_number() {
        for field in [
            b"19\0\0\0\0\0\0",
            b"1__0\0\0\0\0",
            b"_1\0\0\0\0\0\0",
            b"0o\0\0\0\0\0\0",
            b"1 2\0\0\0\0\0",
            b"\x81\0\0\0\0\0\0\0",
        ] {
            assert_eq!(value(field), None, "{field:?}");
        }
    }
}
