//! Git LFS pointers (the specification's `docs/spec.md`): short texts that
//! stand for a file. A text that is only like one is none.

use super::{Foreign, Kind};
use crate::bytes::wide;

/// The name a pointer goes by.
pub(crate) const POINTER: &str = "lfs-pointer";

/// First lines: of today, and of the time before the name was settled.
const VERSIONS: &[&str] = &["https://git-lfs.github.com/spec/v1", "https://hawser.github.com/spec/v1"];

/// Reads a pointer, which must be the whole file.
pub(super) fn recognise(head: &[u8], len: u64) -> Option<Foreign> {
    if len > wide(head.len()) {
        return None;
    }
    let mut lines = std::str::from_utf8(head).ok()?.strip_suffix('\n')?.split('\n');
    let version = lines.next()?.strip_prefix("version ")?;
    let (mut oid, mut size, mut before) = (None, None, "");
    for line in lines {
        let (key, value) = line.split_once(' ')?;
        // Keys stand in order, each once.
        if key <= before || !key.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b".-".contains(&b)) {
            return None;
        }
        before = key;
        match key {
            "oid" => oid = value.strip_prefix("sha256:").filter(|hash| is_sha256(hash)),
            "size" => size = value.parse::<u64>().ok().filter(|n| n.to_string() == value),
            _ if key.starts_with("ext-") => {}
            _ => return None,
        }
    }
    let (oid, size) = (oid?, size?);
    let told = format!("a pointer to {size} bytes with sha256 {oid}");
    VERSIONS.contains(&version).then(|| Foreign::new(POINTER, Kind::Pointer, told))
}

fn is_sha256(hash: &str) -> bool {
    hash.len() == 64 && hash.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_pointer(text: &str) -> bool {
        recognise(text.as_bytes(), wide(text.len())).is_some()
    }

    #[test]
    fn a_pointer_is_read_and_names_what_it_stands_for() {
        let hash = "4d".repeat(32);
        let text = format!("version https://git-lfs.github.com/spec/v1\noid sha256:{hash}\nsize 12345\n");
        let told = recognise(text.as_bytes(), wide(text.len())).map(|f| f.told);
        assert_eq!(told, Some(format!("a pointer to 12345 bytes with sha256 {hash}")));
        let extended = text.replace("oid", &format!("ext-0-foo sha256:{hash}\noid"));
        assert!(is_pointer(&extended));
        assert!(recognise(text.as_bytes(), wide(text.len()).saturating_add(1)).is_none());
    }

    #[test]
    fn a_text_that_is_only_like_one_is_none() {
        let hash = "4d".repeat(32);
        let good = format!("version https://git-lfs.github.com/spec/v1\noid sha256:{hash}\nsize 12345\n");
        for (from, to) in [
            ("spec/v1", "spec/v9"),
            ("sha256:4d", "sha256:4D"),
            ("sha256:4d4d", "sha256:4d"),
            ("sha256:", "sha512:"),
            ("12345\n", "12345"),
            ("12345", "012345"),
            ("12345", "+12345"),
            ("12345", "-1"),
            ("12345\n", "12345\nmore\n"),
            ("12345\n", "12345\nzeta 1\n"),
            ("size 12345\n", ""),
            ("oid sha", "oid  sha"),
            ("\n", "\r\n"),
            ("version ", " version "),
        ] {
            let bad = good.replace(from, to);
            assert!(bad != good && !is_pointer(&bad), "{from} as {to}");
        }
    }
}
