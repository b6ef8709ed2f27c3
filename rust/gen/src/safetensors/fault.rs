//! Files with one fault each.

use super::file::{File, Tensor};
use super::tree::Node;
use crate::catalogue::catalogue;
use crate::rng::Rng;

catalogue! {
    /// What can be wrong with a safetensors file, by the rule that sees it.
    {
        HeaderTooSmall = "safetensors-header-too-small",
        HeaderTooLarge = "safetensors-header-too-large",
        TrailingData = "safetensors-trailing-data",
        Truncated = "safetensors-truncated",
        HeaderUtf8 = "safetensors-header-utf8",
        ForeignTensor = "safetensors-foreign-tensor",
        HeaderJson = "safetensors-header-json",
        HeaderStart = "safetensors-header-start",
        DuplicateKey = "safetensors-duplicate-key",
        FieldMissing = "safetensors-field-missing",
        FieldType = "safetensors-field-type",
        UnknownField = "safetensors-unknown-field",
        UnknownDtype = "safetensors-unknown-dtype",
        MetadataType = "safetensors-metadata-type",
        ShapeOverflow = "safetensors-shape-overflow",
        SubByteSize = "safetensors-sub-byte-size",
        SizeMismatch = "safetensors-size-mismatch",
        OffsetOrder = "safetensors-offset-order",
        OffsetGap = "safetensors-offset-gap",
        OffsetOverlap = "safetensors-offset-overlap",
        LargeDimension = "safetensors-large-dimension",
        LargeHeader = "safetensors-large-header",
        LargeMetadata = "safetensors-large-metadata",
        ManyEmpty = "safetensors-many-empty",
        OddPadding = "safetensors-odd-padding",
        UnalignedData = "safetensors-unaligned-data",
        SuspiciousName = "safetensors-suspicious-name",
    }
}

impl Fault {
    /// A file with this fault and no other.
    #[must_use]
    pub fn file(self, rng: &mut Rng) -> Vec<u8> {
        let mut file = base(rng);
        match self {
            Self::HeaderTooSmall => {
                return vec![b'{'; rng.below(7).saturating_add(1)];
            }
            Self::HeaderTooLarge => {
                let over = rng.pick(&[100_000_001, 1 << 32, u64::MAX, 1 << 63]).copied();
                file.length = over;
            }
            Self::TrailingData => {
                let more = rng.below(9).saturating_add(1);
                file.data.extend(std::iter::repeat_n(b'x', more));
            }
            Self::Truncated => {
                let keep = file.data.len().saturating_sub(rng.below(file.data.len()).saturating_add(1));
                file.data.truncate(keep);
            }
            Self::HeaderUtf8 => {
                let mut raw = written(&file);
                let bad = rng.pick(&[b"\xff".as_slice(), b"\xc3(", b"\xed\xa0\x80"]).copied().unwrap_or(b"\xff");
                raw.splice(2..2, bad.iter().copied());
                file.header = Err(raw);
                file.align();
            }
            Self::HeaderJson => {
                let mut raw = written(&file);
                match rng.below(4) {
                    0 => raw.insert(raw.len().saturating_sub(1), b','),
                    1 => {
                        raw.pop();
                    }
                    2 => raw.push(b'}'),
                    _ => {
                        raw.splice(1..1, b"a:1,".iter().copied());
                    }
                }
                file.header = Err(raw);
                file.align();
            }
            Self::HeaderStart => {
                let mut raw = written(&file);
                raw.insert(0, rng.pick(b" \n\t").copied().unwrap_or(b' '));
                file.header = Err(raw);
                file.align();
            }
            Self::OddPadding => {
                file.padding = vec![b' '; 8];
                let odd = rng.pick(b"\n\t\r").copied().unwrap_or(b'\n');
                file.padding.push(odd);
                while file.write().len().saturating_sub(file.data.len()) & 7 != 0 {
                    file.padding.push(b' ');
                }
            }
            Self::UnalignedData => {
                file.padding.push(b' ');
            }
            Self::LargeHeader => {
                // More than the warning's megabyte, in texts that are each small enough.
                let texts =
                    (0..LARGE_TEXTS).map(|i| (format!("\"k{i}\""), Node::text(&"x".repeat(LARGE_TEXT)))).collect();
                metadata(&mut file, Node::Object(texts));
            }
            Self::LargeMetadata => {
                let text = "x".repeat(65_537usize.saturating_add(rng.below(100)));
                metadata(&mut file, Node::Object(vec![("\"k\"".to_owned(), Node::text(&text))]));
            }
            Self::MetadataType => {
                let wrong = rng
                    .pick(&["1", "null", "[]", "{\"k\":1}", "{\"k\":null}", "\"text\"", "{\"k\":{}}"])
                    .copied()
                    .unwrap_or("1");
                metadata(&mut file, Node::Raw(wrong.to_owned()));
            }
            Self::ManyEmpty => {
                let empty = Tensor::new("U8", &[0]).node(0, 0);
                let mut text = String::new();
                empty.write(&mut text);
                let members = (0..EMPTY).map(|i| (format!("\"{i}\""), Node::Raw(text.clone()))).collect();
                file = File { length: None, header: Ok(Node::Object(members)), padding: Vec::new(), data: Vec::new() };
                file.align();
            }
            _ => self.spoil_tensor(&mut file, rng),
        }
        let made = file.write();
        if matches!(made.as_slice(), [0x80, 0..6, ..]) && file.length.is_none() {
            // A length that reads as PROTO: with a broken header, it is as much a broken
            // pickle.
            file.padding.splice(0..0, *b"        ");
            return file.write();
        }
        made
    }

    /// Faults inside the entry of one tensor, which is `U8 [8]` and the last of the
    /// data.
    fn spoil_tensor(self, file: &mut File, rng: &mut Rng) {
        let end = u64::try_from(file.data.len()).unwrap_or(0);
        let Ok(Node::Object(members)) = &mut file.header else { return };
        let Some((name, last)) = members.last_mut() else { return };
        let start = end.saturating_sub(8);
        let mut set = |field: &str, value: Node| {
            if let Some(node) = last.member(field) {
                *node = value;
            }
        };
        let raw = |rng: &mut Rng, from: &[&str]| Node::Raw(rng.pick(from).copied().unwrap_or("1").to_owned());
        let offsets = |from: u64, to: u64| Node::Array(vec![Node::number(from), Node::number(to)]);
        match self {
            Self::DuplicateKey => match rng.below(3) {
                0 => {
                    let copy = last.members().and_then(|fields| fields.first().cloned());
                    if let (Some(fields), Some(copy)) = (last.members(), copy) {
                        fields.insert(rng.below(fields.len()), copy);
                    }
                }
                1 => {
                    // The same name, and bytes of its own.
                    let copy = (name.clone(), Tensor::new("U8", &[8]).node(end, end.saturating_add(8)));
                    members.push(copy);
                    let len = file.data.len().saturating_add(8);
                    file.data.resize(len, 0);
                }
                _ => {
                    let texts = || Node::Raw("{\"k\":\"a\",\"k\":\"b\"}".to_owned());
                    metadata(file, texts());
                }
            },
            Self::ForeignTensor => {
                let program = rng.pick(PROGRAMS).copied().unwrap_or(b"\x7fELF\x02\x01\x01\0");
                let keep = file.data.len().saturating_sub(8);
                file.data.truncate(keep);
                file.data.extend_from_slice(program);
            }
            Self::SuspiciousName => *name = rng.pick(SUSPICIOUS).copied().unwrap_or("\"../w\"").to_owned(),
            Self::FieldMissing => {
                if let Some(fields) = last.members() {
                    fields.remove(rng.below(fields.len()));
                }
            }
            Self::UnknownField => {
                if let Some(fields) = last.members() {
                    let at = rng.below(fields.len().saturating_add(1));
                    fields.insert(at, ("\"device\"".to_owned(), Node::text("cpu")));
                }
            }
            Self::FieldType => match rng.below(3) {
                0 => set("dtype", raw(rng, &["1", "null", "[]", "true"])),
                1 => set("shape", raw(rng, &["8", "[8.0]", "[-8]", "[\"8\"]", "[true]", "null", "{}", "[8e0]"])),
                _ => set("data_offsets", raw(rng, &["0", "[0]", "[0,1,2]", "[0,\"8\"]", "[-1,8]", "[0.0,8]", "null"])),
            },
            Self::UnknownDtype => set("dtype", raw(rng, &["\"f32\"", "\"F33\"", "\"\"", "\"u8\"", "\"Q4_0\""])),
            Self::ShapeOverflow => {
                set(
                    "shape",
                    raw(
                        rng,
                        &[
                            "[4294967296,4294967296,16]",
                            "[9223372036854775807,16]",
                            "[18446744073709551615,18446744073709551615]",
                        ],
                    ),
                );
            }
            Self::SubByteSize => {
                set("dtype", Node::text("F4"));
                set("shape", raw(rng, &["[15]", "[5,3]", "[1]"]));
            }
            Self::SizeMismatch => set("shape", raw(rng, &["[7]", "[9]", "[]", "[2,3]", "[16]"])),
            Self::OffsetOrder => {
                // Backwards, over bytes that the first tensor has.
                let len = file.data.len().saturating_sub(8);
                set("data_offsets", offsets(start, 0));
                file.data.truncate(len);
            }
            Self::OffsetGap => {
                let gap = u64::try_from(rng.below(16)).unwrap_or(0).saturating_add(1);
                set("data_offsets", offsets(start.saturating_add(gap), end.saturating_add(gap)));
                let len = file.data.len().saturating_add(usize::try_from(gap).unwrap_or(0));
                file.data.resize(len, 0);
            }
            Self::OffsetOverlap => {
                let back = u64::try_from(rng.below(8)).unwrap_or(0).saturating_add(1);
                set("data_offsets", offsets(start.saturating_sub(back), end.saturating_sub(back)));
                let len = file.data.len().saturating_sub(usize::try_from(back).unwrap_or(0));
                file.data.truncate(len);
            }
            Self::LargeDimension => {
                set("shape", raw(rng, &["[0,2147483648]", "[4294967296,0]", "[0,9007199254740993]"]));
                set("data_offsets", offsets(start, start));
                let len = file.data.len().saturating_sub(8);
                file.data.truncate(len);
            }
            _ => {}
        }
        file.align();
    }
}

/// Two tensors: the second is `U8 [8]`, ends the data, and is what most faults are in.
fn base(rng: &mut Rng) -> File {
    let dtype = rng.pick(&["F32", "I64", "F64", "BF16"]).copied().unwrap_or("F32");
    let n = [4, 8, 12].get(rng.below(3)).copied().unwrap_or(4);
    let mut file = File::of(&[(0, Tensor::new(dtype, &[n])), (1, Tensor::new("U8", &[8]))]);
    if rng.one_in(3) {
        metadata(&mut file, Node::Object(vec![("\"format\"".to_owned(), Node::text("pt"))]));
    }
    file
}

/// Puts metadata before the tensors, in the place of what was there.
fn metadata(file: &mut File, node: Node) {
    if let Ok(Node::Object(members)) = &mut file.header {
        members.retain(|(key, _)| key != "\"__metadata__\"");
        members.insert(0, ("\"__metadata__\"".to_owned(), node));
    }
    file.align();
}

/// The text of a header.
fn written(file: &File) -> Vec<u8> {
    let mut text = String::new();
    if let Ok(node) = &file.header {
        node.write(&mut text);
    }
    text.into_bytes()
}

/// What tensors do not begin with.
const PROGRAMS: &[&[u8; 8]] = &[b"\x7fELF\x02\x01\x01\0"];

/// Names that lead somewhere else, or look like another.
const SUSPICIOUS: &[&str] = &["\"../../weights\"", "\"/etc/weights\"", "\"\"", "\"a\\nb\"", "\"__proto__\""];

/// Texts of a large header: together more than its limit, each less than its own.
const LARGE_TEXTS: usize = 18;
const LARGE_TEXT: usize = 60_000;

/// Tensors without bytes: one more than the limit.
const EMPTY: usize = 100_001;
