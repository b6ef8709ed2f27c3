//! pax records: `LENGTH KEY=VALUE\n`, where the length counts the whole record
//! (POSIX.1-2008, "pax Extended Header").
//!
//! Strict: what one reader would take otherwise is no record. The value of
//! `path` and `linkpath` is bytes; all keys are looked at, few are kept.

use crate::bytes::{printable, wide};

/// What records say of a member.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Records {
    pub(super) path: Option<Vec<u8>>,
    pub(super) linkpath: Option<Vec<u8>>,
    pub(super) size: Option<u64>,
    /// Records of GNU's sparse formats, 0.0 to 1.0.
    pub(super) is_sparse: bool,
    /// The name of a sparse file: that of the header is made up.
    pub(super) sparse_name: Option<Vec<u8>>,
}

/// A record that is none, in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fault {
    /// Where in the records.
    pub(super) at: u64,
    pub(super) expected: &'static str,
    pub(super) found: String,
}

impl Records {
    /// Whether they say what or how large a member is.
    pub(super) const fn places(&self) -> bool {
        self.path.is_some() || self.linkpath.is_some() || self.size.is_some() || self.is_sparse
    }
}

/// Reads records up to the first fault; what came before it counts.
pub(super) fn read(bytes: &[u8]) -> (Records, Option<Fault>) {
    let mut records = Records::default();
    let mut rest = bytes;
    while !rest.is_empty() {
        let at = wide(bytes.len().saturating_sub(rest.len()));
        let fault = |expected, found: &[u8]| Some(Fault { at, expected, found: printable(found, 40) });
        let Some((key, value, after)) = record(rest) else {
            return (records, fault("LENGTH KEY=VALUE and a newline", rest));
        };
        rest = after;
        let slot = match key {
            b"path" => &mut records.path,
            b"linkpath" => &mut records.linkpath,
            b"GNU.sparse.name" => &mut records.sparse_name,
            b"size" => {
                let Some(size) = digits(value) else { return (records, fault("a size in decimal digits", value)) };
                if records.size.replace(size).is_some() {
                    return (records, fault("one size", value));
                }
                continue;
            }
            _ => {
                records.is_sparse |= key.starts_with(b"GNU.sparse.");
                continue;
            }
        };
        records.is_sparse |= key.starts_with(b"GNU.sparse.");
        let slot_was = slot.replace(value.to_vec());
        if value.is_empty() || slot_was.is_some() {
            let found = if value.is_empty() { b"nothing" } else { value };
            return (records, fault("one name of a key", found));
        }
    }
    (records, None)
}

/// The first record and what follows it.
fn record(bytes: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let space = bytes.iter().take(20).position(|&b| b == b' ')?;
    let (length, _) = bytes.split_at(space);
    let length = usize::try_from(digits(length)?).ok()?;
    let (record, after) = bytes.split_at_checked(length)?;
    let body = record.get(space.saturating_add(1)..)?.strip_suffix(b"\n")?;
    let equals = body.iter().position(|&b| b == b'=')?;
    let (key, value) = body.split_at(equals);
    (!key.is_empty() && !key.contains(&0)).then_some((key, value.get(1..)?, after))
}

/// Decimal digits, as every writer writes them.
fn digits(text: &[u8]) -> Option<u64> {
    let plain = text.iter().all(u8::is_ascii_digit) && (text == b"0" || !text.starts_with(b"0"));
    if plain { std::str::from_utf8(text).ok()?.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_read_by_their_length() {
        let (records, fault) = read(b"22 path=a=b\n12 size=1\n11 size=99\n");
        assert_eq!(fault, None);
        assert_eq!(records.path.as_deref(), Some(&b"a=b\n12 size=1"[..]));
        assert_eq!(records.size, Some(99));
    }

    #[test]
    fn what_one_reader_takes_otherwise_is_a_fault() {
        for bytes in [
            &b"9 path=ab\n"[..],
            b"011 path=a\n",
            b" 9 path=a\n",
            b"9 path=a\0",
            b"5 =a\n",
            b"7 path\n",
            b"0 path=a\n",
            b"99999999999999999999 path=a\n",
            b"9 path=a\n\0\0",
            b"8 path=\n",
            b"9 path=a\n9 path=b\n",
            b"9 size=a\n",
            b"11 size=-1\n",
            b"12 size=1_0\n",
        ] {
            assert!(read(bytes).1.is_some(), "{bytes:?}");
        }
    }
}
