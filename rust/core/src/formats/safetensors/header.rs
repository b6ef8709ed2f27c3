//! The header: every rule of the official reader, and the forms on which
//! other readers differ.
//!
//! No owned tree: a few words a tensor and one look at each byte. Faults do
//! not stop the reading unless the JSON itself breaks, so that a file's
//! defects are all told.

use std::borrow::Cow;
use std::collections::HashMap;

use super::defects;
use super::dtype::Dtype;
use crate::bytes::{Span, printable, wide};
use crate::defect::{Class, Defect};
use crate::error::Error;
use crate::json::{Fault, Json};

/// A tensor as the header declares it.
#[derive(Clone, Debug)]
pub struct TensorInfo<'a> {
    /// Name, escapes undone.
    pub name: Cow<'a, str>,
    /// Element type.
    pub dtype: Dtype,
    /// Dimensions.
    pub shape: Vec<u64>,
    /// Start and end in the data section, in bytes.
    pub data_offsets: (u64, u64),
    /// Where its key stands in the file.
    pub at: u64,
}

/// A header read to its end.
#[derive(Clone, Debug, Default)]
pub struct Header<'a> {
    /// Tensors in the order of the header.
    pub tensors: Vec<TensorInfo<'a>>,
    /// `__metadata__`, in the order of the header.
    pub metadata: Vec<(Cow<'a, str>, Cow<'a, str>)>,
    /// What is wrong, in the order it was met.
    pub errors: Vec<Error>,
    /// A tensor could not be read: the layout of the others says nothing.
    unread: bool,
}

/// The key of the metadata.
const METADATA: &str = "__metadata__";
/// Bytes of the length before the header.
const PREFIX: u64 = 8;
/// The largest dimension a signed reader holds; tinygrad, MLX and gguf are signed.
const MAX_DIM: u64 = i64::MAX.unsigned_abs();
/// Errors kept; a file with more is bad enough.
const MAX_ERRORS: usize = 64;

impl<'a> Header<'a> {
    /// Reads a header of a file of `len` bytes.
    #[must_use]
    pub fn read(bytes: &'a [u8], len: u64) -> Self {
        let mut header = Self::default();
        let text = match std::str::from_utf8(bytes) {
            Ok(text) => text,
            Err(e) => {
                let span = Span::at(place(e.valid_up_to()), 1);
                header.errors.push(Error::new(&defects::HEADER_UTF8, span));
                return header;
            }
        };
        if let Err(fault) = header.object(text) {
            let found = text.as_bytes().get(fault.at..).filter(|t| !t.is_empty());
            let found = found.map_or_else(|| "the end of the header".to_owned(), |t| printable(t, 16));
            header.error(Error::new(&defects::HEADER_JSON, Span::at(place(fault.at), 1)).with(fault.expected, found));
            return header;
        }
        header.layout(len, PREFIX.saturating_add(wide(bytes.len())));
        header
    }

    /// The first error that makes the file invalid or unjudged.
    #[must_use]
    pub fn first_fault(&self) -> Option<&Error> {
        self.errors.iter().find(|e| e.defect.class != Class::Note)
    }

    fn error(&mut self, error: Error) {
        if self.errors.len() < MAX_ERRORS {
            self.errors.push(error);
        }
    }

    fn at(&mut self, defect: &'static Defect, at: usize, expected: impl Into<String>, found: impl Into<String>) {
        self.error(Error::new(defect, Span::at(place(at), 1)).with(expected, found));
    }

    fn object(&mut self, text: &'a str) -> Result<(), Fault> {
        let mut json = Json::new(text);
        if !text.starts_with('{') {
            self.at(&defects::HEADER_START, 0, "{", printable(text.as_bytes(), 8));
        }
        json.require(b'{', "an object")?;
        let mut seen: HashMap<Cow<'a, str>, usize> = HashMap::new();
        if !json.accept(b'}') {
            loop {
                json.peek();
                let at = json.at();
                let key = json.string()?;
                self.once(&mut seen, key.clone(), at);
                json.require(b':', "a colon")?;
                if key == METADATA {
                    self.metadata(&mut json)?;
                } else {
                    self.tensor(key, at, &mut json)?;
                }
                if !json.accept(b',') {
                    break;
                }
            }
            json.require(b'}', "a comma or }")?;
        }
        if json.peek().is_some() {
            return Err(json.fault("the end of the header"));
        }
        Ok(())
    }

    /// serde, and so the official reader, keeps the last of two equal tensor
    /// names; its README says it refuses them (TOB-SFTN-7 believed it).
    fn once(&mut self, seen: &mut HashMap<Cow<'a, str>, usize>, key: Cow<'a, str>, at: usize) {
        if let Some(first) = seen.get(&key) {
            let found = format!("{} again, as at {:#x}", printable(key.as_bytes(), 80), place(*first));
            self.at(&defects::DUPLICATE_KEY, at, "each key once", found);
        } else {
            seen.insert(key, at);
        }
    }

    fn metadata(&mut self, json: &mut Json<'a>) -> Result<(), Fault> {
        if json.peek() != Some(b'{') {
            let at = json.at();
            json.skip()?;
            self.at(&defects::METADATA_TYPE, at, "an object", "another value");
            return Ok(());
        }
        json.require(b'{', "an object")?;
        let mut seen = HashMap::new();
        if json.accept(b'}') {
            return Ok(());
        }
        loop {
            json.peek();
            let at = json.at();
            let key = json.string()?;
            self.once(&mut seen, key.clone(), at);
            json.require(b':', "a colon")?;
            if json.peek() == Some(b'"') {
                let value = json.string()?;
                self.metadata.push((key, value));
            } else {
                let at = json.at();
                json.skip()?;
                self.at(&defects::METADATA_TYPE, at, "a string", printable(key.as_bytes(), 80));
            }
            if !json.accept(b',') {
                return json.require(b'}', "a comma or }");
            }
        }
    }

    fn tensor(&mut self, name: Cow<'a, str>, at: usize, json: &mut Json<'a>) -> Result<(), Fault> {
        if json.peek() != Some(b'{') {
            let value_at = json.at();
            json.skip()?;
            // The official reader takes an array here, the six others do not.
            self.at(&defects::FIELD_TYPE, value_at, "an object for a tensor", printable(name.as_bytes(), 80));
            self.unread = true;
            return Ok(());
        }
        json.require(b'{', "an object")?;
        let (mut dtype, mut shape, mut offsets) = (None, None, None);
        let mut seen: Vec<Cow<'a, str>> = Vec::with_capacity(3);
        let mut faulty = false;
        let mut more = !json.accept(b'}');
        while more {
            json.peek();
            let key_at = json.at();
            let key = json.string()?;
            json.require(b':', "a colon")?;
            if seen.contains(&key) {
                self.at(&defects::DUPLICATE_KEY, key_at, "each key once", printable(key.as_bytes(), 80));
                faulty = true;
            }
            let (before, at) = (*json, {
                json.peek();
                json.at()
            });
            let read = match key.as_ref() {
                "dtype" => self.dtype(json, at).map(|d| dtype = d),
                "shape" => list(json).map(|s| shape = Some(s)),
                "data_offsets" => pair(json).map(|o| offsets = Some(o)),
                other => {
                    self.at(
                        &defects::UNKNOWN_FIELD,
                        key_at,
                        "dtype, shape and data_offsets",
                        printable(other.as_bytes(), 80),
                    );
                    json.skip()
                }
            };
            if let Err(fault) = read {
                // JSON of another type, or no JSON: skipping tells which.
                *json = before;
                json.skip()?;
                self.at(&defects::FIELD_TYPE, fault.at, fault.expected, printable(key.as_bytes(), 80));
                faulty = true;
            }
            if seen.len() < 8 {
                seen.push(key);
            }
            more = json.accept(b',');
            if !more {
                json.require(b'}', "a comma or }")?;
            }
        }
        self.check_name(&name, at);
        match (dtype, shape, offsets) {
            (Some(dtype), Some(shape), Some(data_offsets)) if !faulty => {
                self.tensors.push(TensorInfo { name, dtype, shape, data_offsets, at: place(at) });
            }
            (d, s, o) if !faulty && (d.is_some() || !seen.iter().any(|k| k == "dtype")) => {
                let lacks = if d.is_none() {
                    "dtype"
                } else if s.is_none() {
                    "shape"
                } else if o.is_none() {
                    "data_offsets"
                } else {
                    ""
                };
                self.at(&defects::FIELD_MISSING, at, lacks, printable(name.as_bytes(), 80));
                self.unread = true;
            }
            _ => self.unread = true,
        }
        Ok(())
    }

    fn dtype(&mut self, json: &mut Json<'a>, at: usize) -> Result<Option<Dtype>, Fault> {
        let name = json.string()?;
        let dtype = Dtype::named(&name);
        if dtype.is_none() {
            self.at(&defects::UNKNOWN_DTYPE, at, "a dtype of safetensors 0.8.0", printable(name.as_bytes(), 40));
        }
        Ok(dtype)
    }

    fn check_name(&mut self, name: &str, at: usize) {
        let hidden = |c: char| {
            c.is_control()
                || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
        };
        let path = name.starts_with('/') || name.contains("..") || name.contains('\\');
        if name.is_empty() || path || name == "__proto__" || name.chars().any(hidden) {
            self.at(&defects::SUSPICIOUS_NAME, at, "", printable(name.as_bytes(), 80));
        }
    }

    /// Sizes, then the data section: no gap, no overlap, up to the last byte.
    fn layout(&mut self, len: u64, data_start: u64) {
        let tensors = std::mem::take(&mut self.tensors);
        for tensor in &tensors {
            if let Some(error) = check_size(tensor) {
                self.error(error);
            }
        }
        if self.unread {
            self.tensors = tensors;
            return;
        }
        let mut order: Vec<&TensorInfo<'_>> = tensors.iter().collect();
        // Files written by the official writer are sorted already.
        order.sort_by_key(|t| t.data_offsets);
        let mut end = 0;
        for tensor in order {
            let (start, stop) = tensor.data_offsets;
            let at = Span::at(tensor.at, 1);
            let name = || printable(tensor.name.as_bytes(), 80);
            if stop < start {
                self.error(
                    Error::new(&defects::OFFSET_ORDER, at)
                        .with(format!("an end at or after {start:#x}"), format!("{} ends at {stop:#x}", name())),
                );
                continue;
            }
            if start != end {
                let defect = if start > end { &defects::OFFSET_GAP } else { &defects::OFFSET_OVERLAP };
                self.error(
                    Error::new(defect, at).with(format!("{end:#x}"), format!("{} starts at {start:#x}", name())),
                );
            }
            end = end.max(stop);
        }
        let rest = Span { start: data_start, end: len };
        if end > rest.len() {
            let found = format!("{} bytes", rest.len());
            self.error(
                Error::new(&defects::TRUNCATED, Span { start: len, end: len })
                    .with(format!("{end} bytes of tensors"), found),
            );
        } else if end < rest.len() {
            let after = Span { start: data_start.saturating_add(end), end: len };
            self.error(
                Error::new(&defects::TRAILING_DATA, after)
                    .with("the end of the file", format!("{} bytes", after.len())),
            );
        }
        self.tensors = tensors;
    }
}

/// Holds data_offsets against shape times dtype.
fn check_size(tensor: &TensorInfo<'_>) -> Option<Error> {
    let at = Span::at(tensor.at, 1);
    let name = || printable(tensor.name.as_bytes(), 80);
    // Zeros last: a zero must not hide an overflow, in whatever order the
    // reader multiplies.
    let product = tensor.shape.iter().filter(|d| **d != 0).try_fold(1u64, |n, &d| n.checked_mul(d));
    let fits = tensor.shape.iter().all(|d| *d <= MAX_DIM);
    let Some(bits) = product.filter(|_| fits).and_then(|n| n.checked_mul(tensor.dtype.bits())) else {
        let shape = format!("{} of shape {:?}", name(), tensor.shape.get(..8).unwrap_or(&tensor.shape));
        return Some(Error::new(&defects::SHAPE_OVERFLOW, at).with("fewer than 2**64 bits", shape));
    };
    let bits = if tensor.shape.contains(&0) { 0 } else { bits };
    if bits % 8 != 0 {
        return Some(
            Error::new(&defects::SUB_BYTE_SIZE, at).with("a multiple of 8 bits", format!("{} of {bits} bits", name())),
        );
    }
    let (start, stop) = tensor.data_offsets;
    let size = stop.checked_sub(start)?;
    if size != bits / 8 {
        return Some(
            Error::new(&defects::SIZE_MISMATCH, at)
                .with(format!("{} bytes", bits / 8), format!("{} of {size} bytes", name())),
        );
    }
    None
}

/// An array of unsigned integers.
fn list(json: &mut Json<'_>) -> Result<Vec<u64>, Fault> {
    json.require(b'[', "an array of unsigned integers")?;
    let mut values = Vec::new();
    if json.accept(b']') {
        return Ok(values);
    }
    loop {
        values.push(json.unsigned()?);
        if !json.accept(b',') {
            json.require(b']', "a comma or ]")?;
            return Ok(values);
        }
    }
}

/// An array of exactly two unsigned integers.
fn pair(json: &mut Json<'_>) -> Result<(u64, u64), Fault> {
    json.require(b'[', "an array of two unsigned integers")?;
    let start = json.unsigned()?;
    json.require(b',', "two unsigned integers")?;
    let end = json.unsigned()?;
    json.require(b']', "two unsigned integers")?;
    Ok((start, end))
}

/// An offset in the header as an offset in the file.
fn place(at: usize) -> u64 {
    PREFIX.saturating_add(wide(at))
}
