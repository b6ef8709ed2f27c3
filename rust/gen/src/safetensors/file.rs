//! A safetensors file as a model: a length, a header, data. Right by itself, and
//! wrong where a mutation makes it so.

use super::tree::Node;
use crate::rng::Rng;

/// Dtypes of the format, and their bits.
pub(super) const DTYPES: &[(&str, u64)] = &[
    ("F32", 32),
    ("F16", 16),
    ("BF16", 16),
    ("U8", 8),
    ("I8", 8),
    ("I16", 16),
    ("I32", 32),
    ("I64", 64),
    ("F64", 64),
    ("BOOL", 8),
    ("U16", 16),
    ("U32", 32),
    ("U64", 64),
    ("F8_E4M3", 8),
    ("F8_E5M2", 8),
    ("C64", 64),
];

/// Names as checkpoints have them.
const NAMES: &[&str] =
    &["w", "b", "layer.0.weight", "layer.0.bias", "embed", "lm_head.weight", "a b", "\u{e9}", "x.y.z", "scale"];

/// A file.
#[derive(Clone, Debug)]
pub(super) struct File {
    /// What the length field says, when it is not the length of the header.
    pub(super) length: Option<u64>,
    /// The header, when it is JSON.
    pub(super) header: Result<Node, Vec<u8>>,
    /// Behind the JSON text.
    pub(super) padding: Vec<u8>,
    /// The tensors.
    pub(super) data: Vec<u8>,
}

impl File {
    /// Takes a file apart as far as it is one.
    pub(super) fn parse(bytes: &[u8]) -> Option<Self> {
        let (head, rest) = bytes.split_first_chunk::<8>()?;
        let told = u64::from_le_bytes(*head);
        let (header, data, length) = match usize::try_from(told).ok().and_then(|n| rest.split_at_checked(n)) {
            Some((header, data)) => (header, data, None),
            None => (rest, &[][..], Some(told)),
        };
        let text = header.trim_ascii_end();
        let padding = header.get(text.len()..).unwrap_or(&[]).to_vec();
        let parsed = std::str::from_utf8(text).ok().and_then(Node::parse);
        Some(Self { length, header: parsed.ok_or_else(|| text.to_vec()), padding, data: data.to_vec() })
    }

    /// The bytes.
    pub(super) fn write(&self) -> Vec<u8> {
        let mut header = match &self.header {
            Ok(node) => {
                let mut text = String::new();
                node.write(&mut text);
                text.into_bytes()
            }
            Err(raw) => raw.clone(),
        };
        header.extend_from_slice(&self.padding);
        let length = self.length.unwrap_or(u64::try_from(header.len()).unwrap_or(u64::MAX));
        [&length.to_le_bytes()[..], &header, &self.data].concat()
    }

    /// A file that every reader takes: tensors one after the other, the header
    /// padded so that they are aligned.
    pub(super) fn valid(rng: &mut Rng) -> Self {
        let count = [0, 1, 1, 1, 2, 2, 3, 5].get(rng.below(8)).copied().unwrap_or(1);
        let mut file = Self::of(&(0..count).map(|i| (i, drawn(rng))).collect::<Vec<_>>());
        if rng.one_in(3) {
            let values = [("format", "pt"), ("author", "\u{e9}"), ("", "")];
            let n = rng.below(3).saturating_add(1);
            let texts =
                values.get(..n).unwrap_or(&values).iter().map(|(k, v)| (format!("\"{k}\""), Node::text(v))).collect();
            if let Ok(Node::Object(members)) = &mut file.header {
                let at = if rng.one_in(4) { members.len() } else { 0 };
                members.insert(at, ("\"__metadata__\"".to_owned(), Node::Object(texts)));
            }
        }
        if rng.one_in(3)
            && let Ok(Node::Object(members)) = &mut file.header
        {
            // Writers sort by alignment and readers by offset: the order of the header is free.
            members.reverse();
        }
        file.align();
        rng_fill(&mut file.data, rng);
        file
    }

    /// A file of these tensors: the index of the name, and dtype and shape.
    pub(super) fn of(tensors: &[(usize, Tensor)]) -> Self {
        let mut at = 0u64;
        let mut members = Vec::new();
        // Large elements first, so that all are aligned.
        let mut sorted = tensors.to_vec();
        sorted.sort_by_key(|(_, tensor)| std::cmp::Reverse(tensor.bits));
        for (index, tensor) in &sorted {
            let end = at.saturating_add(tensor.bytes());
            let name = NAMES.get(*index).copied().unwrap_or("t");
            members.push((format!("\"{name}\""), tensor.node(at, end)));
            at = end;
        }
        let data = vec![0; usize::try_from(at).unwrap_or(0)];
        let mut file = Self { length: None, header: Ok(Node::Object(members)), padding: Vec::new(), data };
        file.align();
        file
    }

    /// Spaces behind the header, so that the data begins at a multiple of eight.
    pub(super) fn align(&mut self) {
        self.padding.clear();
        let over = self.write().len().saturating_sub(self.data.len()) & 7;
        if over > 0 {
            self.padding = vec![b' '; 8usize.saturating_sub(over)];
        }
    }

    /// The tensors of the header: the members that are objects, without the metadata.
    pub(super) fn tensors(&mut self) -> Vec<&mut (String, Node)> {
        match &mut self.header {
            Ok(Node::Object(members)) => members
                .iter_mut()
                .filter(|(key, value)| key != "\"__metadata__\"" && matches!(value, Node::Object(_)))
                .collect(),
            _ => Vec::new(),
        }
    }

    /// Gives each tensor whose dtype and shape can be read the bytes that follow those
    /// before it, and as much data as that comes to.
    pub(super) fn repair(&mut self) {
        let mut at = 0u64;
        for (_, node) in self.tensors() {
            let bits = match node.member("dtype") {
                Some(Node::Raw(name)) => {
                    DTYPES.iter().find(|(known, _)| name.trim_matches('"') == *known).map(|(_, bits)| *bits)
                }
                _ => None,
            };
            let elements = match node.member("shape") {
                Some(Node::Array(dims)) => {
                    dims.iter().map(Node::as_number).try_fold(1u64, |n, dim| n.checked_mul(dim?))
                }
                _ => None,
            };
            let bytes = bits.zip(elements).and_then(|(bits, n)| n.checked_mul(bits)).map(|bits| bits / 8);
            let Some(end) = bytes.and_then(|bytes| at.checked_add(bytes)).filter(|&end| end <= MAX_DATA) else {
                continue;
            };
            if let Some(offsets) = node.member("data_offsets") {
                *offsets = Node::Array(vec![Node::number(at), Node::number(end)]);
            }
            at = end;
        }
        self.data.resize(usize::try_from(at).unwrap_or(0), 0);
        self.length = None;
        self.align();
    }
}

/// Data that a repaired file has at most.
const MAX_DATA: u64 = 1 << 14;

/// A tensor.
#[derive(Clone, Debug)]
pub(super) struct Tensor {
    pub(super) dtype: &'static str,
    pub(super) bits: u64,
    pub(super) shape: Vec<u64>,
}

impl Tensor {
    /// A tensor of a dtype of the list.
    pub(super) fn new(dtype: &'static str, shape: &[u64]) -> Self {
        let bits = DTYPES.iter().find(|(name, _)| *name == dtype).map_or(8, |(_, bits)| *bits);
        Self { dtype, bits, shape: shape.to_vec() }
    }

    pub(super) fn bytes(&self) -> u64 {
        self.shape.iter().fold(self.bits / 8, |n, &dim| n.saturating_mul(dim))
    }

    pub(super) fn node(&self, start: u64, end: u64) -> Node {
        Node::Object(vec![
            ("\"dtype\"".to_owned(), Node::text(self.dtype)),
            ("\"shape\"".to_owned(), Node::Array(self.shape.iter().map(|&dim| Node::number(dim)).collect())),
            ("\"data_offsets\"".to_owned(), Node::Array(vec![Node::number(start), Node::number(end)])),
        ])
    }
}

fn drawn(rng: &mut Rng) -> Tensor {
    let (dtype, _) = rng.pick(DTYPES).copied().unwrap_or(("F32", 32));
    let dims = rng.below(4);
    let shape: Vec<u64> = (0..dims).map(|_| [0, 1, 1, 2, 2, 3, 4, 8].get(rng.below(8)).copied().unwrap_or(1)).collect();
    Tensor::new(dtype, &shape)
}

fn rng_fill(data: &mut [u8], rng: &mut Rng) {
    for chunk in data.chunks_mut(8) {
        let bits = rng.bits().to_le_bytes();
        chunk.iter_mut().zip(bits).for_each(|(byte, bit)| *byte = bit);
    }
}
