//! The header: every rule of the official reader, and the forms on which
//! other readers differ.
//!
//! No owned tree: 24 bytes a tensor, 8 a key, and one look at each byte; names
//! and shapes are read again where they are asked for. Faults do not stop the
//! reading unless the JSON itself breaks, so that a file's defects are all told.

use std::borrow::Cow;

use super::defects;
use super::dtype::Dtype;
use super::layout;
use super::once::Once;
use super::shape::Shape;
use super::table::{Entry, Table, TensorInfo, name_of};
use crate::bytes::{Span, printable, wide};
use crate::defect::{Class, Defect};
use crate::error::Error;
use crate::json::{Fault, Json, Keys};

/// A header read to its end.
#[derive(Clone, Debug, Default)]
pub struct Header<'a> {
    text: &'a str,
    /// Its tensors.
    pub table: Table,
    /// What is wrong, by its place in the file.
    pub errors: Vec<Error>,
    /// A tensor could not be read: the layout of the others says nothing.
    pub(super) unread: bool,
    pub(super) faults: usize,
    notes: usize,
    /// Tensors without a byte.
    empty: u64,
}

/// The key of the metadata.
const METADATA: &str = "__metadata__";
/// Bytes of the length before the header.
pub(super) const PREFIX: u64 = 8;
/// Faults kept, and notes; a file with more is bad enough.
const MAX_FAULTS: usize = 64;
const MAX_NOTES: usize = 32;
/// Bytes of a header that the readers of the Hub still take.
const LARGE_HEADER: u64 = 25_000_000;
/// Bytes of a name, and of a value of the metadata, that are out of the common.
const LONG_NAME: usize = 1024;
const LONG_METADATA: usize = 64 * 1024;
/// Tensors without a byte that are out of the common.
const MANY_EMPTY: u64 = 100_000;

impl<'a> Header<'a> {
    /// Reads a header of a file of `len` bytes.
    #[must_use]
    pub fn read(bytes: &'a [u8], len: u64) -> Self {
        let mut header = Self::default();
        header.check_length(wide(bytes.len()), len);
        let text = match std::str::from_utf8(bytes) {
            Ok(text) => text,
            Err(e) => {
                let span = Span::at(place(e.valid_up_to()), 1);
                header.error(Error::new(&defects::HEADER_UTF8, span));
                return header;
            }
        };
        header.text = text;
        let mut once = Once::default();
        let read = header.object(text, &mut once);
        for repeat in once.repeats(text, MAX_FAULTS) {
            // serde, and so the official reader, keeps the last of two equal
            // tensor names; its README says it refuses them (TOB-SFTN-7
            // believed it).
            let found = format!("{} again, as at {:#x}", printable(repeat.key.as_bytes(), 80), place(repeat.first));
            header.at(&defects::DUPLICATE_KEY, repeat.at, || ("each key once".to_owned(), found));
        }
        match read {
            Err(fault) => {
                let found = text.as_bytes().get(fault.at..).filter(|t| !t.is_empty());
                let found = found.map_or_else(|| "the end of the header".to_owned(), |t| printable(t, 16));
                header
                    .error(Error::new(&defects::HEADER_JSON, Span::at(place(fault.at), 1)).with(fault.expected, found));
            }
            Ok(()) => {
                if header.empty > MANY_EMPTY {
                    let found = format!("{} tensors without a byte", header.empty);
                    header.at(&defects::MANY_EMPTY, 0, || (format!("{MANY_EMPTY} at most"), found));
                }
                layout::check(&mut header, len, PREFIX.saturating_add(wide(bytes.len())));
            }
        }
        header.errors.sort_by_key(|error| error.span.start);
        header
    }

    /// The tensors, in the order of the header.
    pub fn tensors(&self) -> impl Iterator<Item = TensorInfo<'a>> + '_ {
        (0..self.table.len()).filter_map(|index| self.table.tensor_at(self.text, index))
    }

    /// The name of a tensor.
    pub(super) fn name_of(&self, entry: &Entry) -> Option<Cow<'a, str>> {
        name_of(self.text, entry)
    }

    /// The first error that makes the file invalid or unjudged.
    #[must_use]
    pub fn first_fault(&self) -> Option<&Error> {
        self.errors.iter().find(|e| e.defect.class != Class::Note)
    }

    /// Keeps an error, unless there are many already.
    pub(super) fn error(&mut self, error: Error) {
        let (kept, max) = match error.defect.class {
            Class::Note => (&mut self.notes, MAX_NOTES),
            _ => (&mut self.faults, MAX_FAULTS),
        };
        if *kept < max {
            *kept = kept.saturating_add(1);
            self.errors.push(error);
        }
    }

    /// An error at a byte of the header; the words are made only where it is
    /// kept, as a file may have millions.
    fn at(&mut self, defect: &'static Defect, at: usize, told: impl FnOnce() -> (String, String)) {
        let full = if defect.class == Class::Note { self.notes >= MAX_NOTES } else { self.faults >= MAX_FAULTS };
        if !full {
            let (expected, found) = told();
            self.error(Error::new(defect, Span::at(place(at), 1)).with(expected, found));
        }
    }

    fn check_length(&mut self, length: u64, len: u64) {
        if length > LARGE_HEADER {
            let error = Error::new(&defects::LARGE_HEADER, Span::at(0, PREFIX));
            self.error(error.with(format!("{LARGE_HEADER} bytes, which readers of the Hub take"), length.to_string()));
        } else if length > 1_000_000 && length > len / 10 {
            let error = Error::new(&defects::LARGE_HEADER, Span::at(0, PREFIX));
            self.error(error.with("a tenth of the file at most", format!("{length} of {len} bytes")));
        }
    }

    fn object(&mut self, text: &'a str, once: &mut Once) -> Result<(), Fault> {
        let mut json = Json::new(text);
        if !text.starts_with('{') {
            self.at(&defects::HEADER_START, 0, || ("{".to_owned(), printable(text.as_bytes(), 8)));
        }
        json.peek();
        once.open(json.at());
        json.require(b'{', "an object")?;
        if !json.accept(b'}') {
            loop {
                json.peek();
                let at = json.at();
                let key = json.string()?;
                once.key(&key);
                json.require(b':', "a colon")?;
                if key == METADATA {
                    self.metadata_of(&mut json, once)?;
                } else {
                    self.tensor(&key, at, &mut json, once)?;
                }
                if !json.accept(b',') {
                    break;
                }
            }
            json.require(b'}', "a comma or }")?;
        }
        once.close();
        let end = json.at();
        if json.peek().is_some() {
            return Err(json.fault("the end of the header"));
        }
        let padding = text.as_bytes().get(end..).unwrap_or(&[]);
        if let Some(odd) = padding.iter().position(|b| *b != b' ') {
            let found = || ("spaces".to_owned(), printable(padding.get(odd..).unwrap_or(&[]), 8));
            self.at(&defects::ODD_PADDING, end.saturating_add(odd), found);
        }
        Ok(())
    }

    fn metadata_of(&mut self, json: &mut Json<'a>, once: &mut Once) -> Result<(), Fault> {
        let at = (json.peek(), json.at()).1;
        if json.peek() != Some(b'{') {
            json.skip_with(once)?;
            self.at(&defects::METADATA_TYPE, at, || ("an object".to_owned(), "another value".to_owned()));
            return Ok(());
        }
        self.table.metadata_at = Some(at);
        json.require(b'{', "an object")?;
        once.open(at);
        let mut more = !json.accept(b'}');
        while more {
            let key = json.string()?;
            once.key(&key);
            json.require(b':', "a colon")?;
            let value_at = (json.peek(), json.at()).1;
            if json.peek() == Some(b'"') {
                let value = json.string()?;
                if value.len() > LONG_METADATA {
                    let found = || (format!("{LONG_METADATA} bytes at most"), format!("{} bytes", value.len()));
                    self.at(&defects::LARGE_METADATA, value_at, found);
                }
            } else {
                json.skip_with(once)?;
                let found = || ("a string".to_owned(), printable(key.as_bytes(), 80));
                self.at(&defects::METADATA_TYPE, value_at, found);
            }
            more = json.accept(b',');
            if !more {
                json.require(b'}', "a comma or }")?;
            }
        }
        once.close();
        Ok(())
    }

    fn tensor(&mut self, name: &str, at: usize, json: &mut Json<'a>, once: &mut Once) -> Result<(), Fault> {
        if let Some((dtype, shape, (start, end))) = as_written(json) {
            self.check_name(name, at);
            self.keep(&shape, Entry { start, end, at: u32::try_from(at).unwrap_or(u32::MAX), dtype }, name, at);
            return Ok(());
        }
        let begins = (json.peek(), json.at()).1;
        let named = || printable(name.as_bytes(), 80);
        if !json.accept(b'{') {
            json.skip_with(once)?;
            // The official reader takes an array here, the six others do not.
            self.at(&defects::FIELD_TYPE, begins, || ("an object for a tensor".to_owned(), named()));
            self.unread = true;
            return Ok(());
        }
        let (mut dtype, mut shape, mut offsets) = (None, None, None);
        // Of dtype, shape, data_offsets; and whether any other key came.
        let (mut seen, mut others) = ([false; 3], false);
        let mut faulty = false;
        let mut more = !json.accept(b'}');
        while more {
            json.peek();
            let key_at = json.at();
            let key = json.string()?;
            json.require(b':', "a colon")?;
            let (before, value_at) = (*json, (json.peek(), json.at()).1);
            let read = match key.as_ref() {
                "dtype" => self.dtype(json, value_at).map(|d| dtype = d),
                "shape" => Shape::read(json).map(|s| shape = Some(s)),
                "data_offsets" => pair(json).map(|o| offsets = Some(o)),
                other => {
                    if !others {
                        others = true;
                        once.open(begins);
                    }
                    once.key(other);
                    let found = || ("dtype, shape and data_offsets".to_owned(), printable(other.as_bytes(), 80));
                    self.at(&defects::UNKNOWN_FIELD, key_at, found);
                    json.skip_with(once)
                }
            };
            if let Some(known) = FIELDS.iter().position(|f| *f == key).and_then(|i| seen.get_mut(i))
                && std::mem::replace(known, true)
            {
                let found = || ("each key once".to_owned(), printable(key.as_bytes(), 80));
                self.at(&defects::DUPLICATE_KEY, key_at, found);
                faulty = true;
            }
            if let Err(fault) = read {
                // JSON of another type, or no JSON: skipping tells which.
                *json = before;
                json.skip_with(once)?;
                let found = || (fault.expected.to_owned(), printable(key.as_bytes(), 80));
                self.at(&defects::FIELD_TYPE, fault.at, found);
                faulty = true;
            }
            more = json.accept(b',');
            if !more {
                json.require(b'}', "a comma or }")?;
            }
        }
        if others {
            once.close();
        }
        self.check_name(name, at);
        match (dtype, shape, offsets) {
            (Some(dtype), Some(shape), Some((start, end))) if !faulty => {
                self.keep(&shape, Entry { start, end, at: u32::try_from(at).unwrap_or(u32::MAX), dtype }, name, at);
                return Ok(());
            }
            // A dtype that is not known was told.
            (d, s, o) if !faulty && (d.is_some() || !seen.first().is_some_and(|s| *s)) => {
                let lacks = match (d, s, o) {
                    (None, ..) => "dtype",
                    (_, None, _) => "shape",
                    (_, _, None) => "data_offsets",
                    _ => "",
                };
                self.at(&defects::FIELD_MISSING, at, || (lacks.to_owned(), named()));
            }
            _ => {}
        }
        self.unread = true;
        Ok(())
    }

    /// Keeps a tensor; holds its offsets against shape times dtype, and its
    /// shape against what other readers hold.
    fn keep(&mut self, shape: &Shape, entry: Entry, name: &str, at: usize) {
        self.table.dtypes.add(entry.dtype);
        self.empty = self.empty.saturating_add(u64::from(entry.start == entry.end));
        if let Some(error) = layout::check_size(shape, &entry, name, place(at)) {
            self.error(error);
        } else if let Some(found) = shape.is_large() {
            self.at(&defects::LARGE_DIMENSION, at, || ("what every reader holds".to_owned(), found));
        }
        self.table.entries.push(entry);
    }

    fn dtype(&mut self, json: &mut Json<'a>, at: usize) -> Result<Option<Dtype>, Fault> {
        let name = json.string()?;
        let dtype = Dtype::named(&name);
        if dtype.is_none() {
            let found = || ("a dtype of safetensors 0.8.0".to_owned(), printable(name.as_bytes(), 40));
            self.at(&defects::UNKNOWN_DTYPE, at, found);
        }
        Ok(dtype)
    }

    fn check_name(&mut self, name: &str, at: usize) {
        let bytes = name.as_bytes();
        let ordinary = !bytes.is_empty() && bytes.len() <= LONG_NAME && !bytes.starts_with(b"__");
        // Printable ASCII without a backslash, as all names but a few.
        let plain = |odd: bool, b: &u8| odd | !matches!(b, 0x20..=0x5b | 0x5d..=0x7e);
        let dots =
            bytes.iter().zip(bytes.iter().skip(1)).fold(false, |found, (a, b)| found | ((a ^ b'.') | (b ^ b'.') == 0));
        if ordinary && !bytes.iter().fold(false, plain) && !bytes.starts_with(b"/") && !dots {
            return;
        }
        let hidden = |c: char| {
            c.is_control()
                || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
        };
        let path = name.starts_with('/') || name.contains("..") || name.contains('\\');
        let odd = name.is_empty() || name.len() > LONG_NAME || path || name == "__proto__";
        if odd || name.chars().any(hidden) {
            self.at(&defects::SUSPICIOUS_NAME, at, || (String::new(), printable(name.as_bytes(), 80)));
        }
    }
}

/// The fields of a tensor.
const FIELDS: [&str; 3] = ["dtype", "shape", "data_offsets"];

/// A tensor written as the official writer does; where it is not, the cursor
/// stays.
fn as_written(json: &mut Json<'_>) -> Option<(Dtype, Shape, (u64, u64))> {
    let before = *json;
    let read = (|| {
        json.literal(b"{\"dtype\":\"").then_some(())?;
        let dtype = Dtype::named(json.word_before_quote()?)?;
        json.literal(b",\"shape\":").then_some(())?;
        let shape = Shape::read(json).ok()?;
        json.literal(b",\"data_offsets\":[").then_some(())?;
        let start = json.unsigned().ok()?;
        json.literal(b",").then_some(())?;
        let end = json.unsigned().ok()?;
        json.literal(b"]}").then_some((dtype, shape, (start, end)))
    })();
    if read.is_none() {
        *json = before;
    }
    read
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
pub(super) fn place(at: usize) -> u64 {
    PREFIX.saturating_add(wide(at))
}
