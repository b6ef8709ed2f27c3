//! Models written as protocol buffers, which have no magic number: ONNX,
//! TensorFlow's SavedModel and graphs, Core ML. The first fields are read, and
//! all of them must be ones of the format.

use super::{Foreign, Kind};
use crate::bytes::wide;

/// A field: its number, and what it holds.
enum Value<'h> {
    Varint(u64),
    /// How many bytes, and as many of them as are here.
    Bytes(u64, &'h [u8]),
}

/// The formats by their first fields.
pub(super) fn recognise(head: &[u8], len: u64, name: &str) -> Option<Foreign> {
    let model = |name| Some(Foreign::new(name, Kind::Model, ""));
    let mut fields = Fields { rest: head, left: len };
    match fields.next()? {
        (1, Value::Varint(version @ 1..=64)) => {
            if name.ends_with(".mlmodel") && matches!(fields.next(), Some((2, Value::Bytes(..)))) {
                return model("coreml");
            }
            if is_onnx(head, len) {
                return model("onnx");
            }
            // SavedModel: schema version 1, then meta graphs.
            let mut fields = Fields { rest: head, left: len };
            let second = fields.nth(1);
            let meta = matches!(second, Some((2, Value::Bytes(2.., [0x0a | 0x12, ..]))));
            if version == 1 && meta { model("saved-model") } else { None }
        }
        (1, Value::Bytes(size, node)) if is_node(node, size) => model("tensorflow-graph"),
        _ => None,
    }
}

/// `ModelProto`: an IR version, then fields of its own, among them a graph or
/// the operator sets.
fn is_onnx(head: &[u8], len: u64) -> bool {
    let mut sure = false;
    for (number, value) in (Fields { rest: head, left: len }) {
        match (number, value) {
            (1 | 5, Value::Varint(_)) | (14 | 20 | 25 | 26, Value::Bytes(..)) => {}
            (2..=4 | 6, Value::Bytes(size, text)) => {
                // Cut only where a long text leaves the head.
                let whole = wide(text.len()) == size || size > 64;
                if !whole || !text.iter().all(|b| matches!(b, b' '..=b'~' | b'\n' | b'\t' | 0x80..)) {
                    return false;
                }
            }
            (7, Value::Bytes(1.., [0x0a | 0x12 | 0x2a | 0x52 | 0x5a | 0x62, ..])) => sure = true,
            (8, Value::Bytes(2..=64, [0x0a | 0x10, ..])) => sure = true,
            _ => return false,
        }
    }
    sure
}

/// `NodeDef`: a name and an operation, both short words.
fn is_node(node: &[u8], size: u64) -> bool {
    let word = |value: Option<(u64, Value<'_>)>, number: u64| match value {
        Some((n, Value::Bytes(size, text))) => {
            n == number
                && !text.is_empty()
                && wide(text.len()) == size
                && text.iter().all(|b| b.is_ascii_alphanumeric() || b"_./-:>".contains(b))
        }
        _ => false,
    };
    let mut fields = Fields { rest: node, left: size };
    word(fields.next(), 1) && word(fields.next(), 2)
}

/// Fields, as far as they begin in the head; a field that cannot be one ends
/// them with number 0.
struct Fields<'h> {
    rest: &'h [u8],
    left: u64,
}

impl Fields<'_> {
    fn varint(&mut self) -> Option<u64> {
        let mut value = 0u64;
        for shift in (0..64).step_by(7) {
            let (&b, rest) = self.rest.split_first()?;
            (self.rest, self.left) = (rest, self.left.checked_sub(1)?);
            value |= u64::from(b & 0x7f).checked_shl(shift)?;
            if b < 0x80 {
                return Some(value);
            }
        }
        None
    }
}

impl<'h> Iterator for Fields<'h> {
    type Item = (u64, Value<'h>);

    fn next(&mut self) -> Option<Self::Item> {
        let tag = self.varint()?;
        let bad = Some((0, Value::Varint(0)));
        match tag & 7 {
            0 => Some((tag >> 3, Value::Varint(self.varint()?))),
            2 => {
                let size = self.varint()?;
                let Some(left) = self.left.checked_sub(size) else {
                    self.rest = &[];
                    return bad;
                };
                let here = usize::try_from(size).unwrap_or(usize::MAX).min(self.rest.len());
                let (bytes, rest) = self.rest.split_at_checked(here)?;
                (self.rest, self.left) = (rest, left);
                Some((tag >> 3, Value::Bytes(size, bytes)))
            }
            _ => {
                self.rest = &[];
                bad
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(head: &[u8], file: &str) -> Option<&'static str> {
        recognise(head, wide(head.len()), file).map(|f| f.name)
    }

    const ONNX: &[u8] = b"\x08\x07\x12\x07pytorch\x1a\x031.9\x3a\x04\x0a\x02\x0a\0\x42\x02\x10\x0d";

    #[test]
    fn models_are_told_by_their_fields() {
        assert_eq!(name(ONNX, "blob"), Some("onnx"));
        assert_eq!(name(b"\x08\x01\x12\x06\x0a\x04\x22\x02ab", "saved_model.pb"), Some("saved-model"));
        assert_eq!(name(b"\x0a\x10\x0a\x01x\x12\x0bPlace", "graph.pb"), None);
        assert_eq!(name(b"\x0a\x10\x0a\x01x\x12\x0bPlaceholder", "graph.pb"), Some("tensorflow-graph"));
        assert_eq!(name(b"\x08\x04\x12\x06\x0a\x04\x0a\x02ab", "a.mlmodel"), Some("coreml"));
    }

    #[test]
    fn other_messages_are_none_of_them() {
        for head in [
            &b"\x08\x07"[..],
            b"\x08\x07\x12\x07pytorch",
            b"\x08\x07\x12\x07py\0orch\x42\x02\x10\x0d",
            b"\x08\x07\x1a\xff\x7f",
            b"\x08\x07\x4a\x01a\x42\x02\x10\x0d",
            b"\x08\x02\x12\x06\x0a\x04\x22\x02ab",
            b"\x08\x07\0\0\0\0\0\0{",
        ] {
            assert_eq!(name(head, "blob"), None, "{head:?}");
        }
    }
}
