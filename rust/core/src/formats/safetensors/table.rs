//! What is kept of a header's tensors, without the text: names, shapes and
//! metadata are read again from it where they are asked for.

use std::borrow::Cow;

use super::dtype::{Dtype, Dtypes};
use super::header::place;
use super::shape::Shape;
use crate::json::Json;

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

/// What is kept of a tensor.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry {
    pub(super) start: u64,
    pub(super) end: u64,
    /// Where its key stands in the header, which is shorter than 4 GB.
    pub(super) at: u32,
    pub(super) dtype: Dtype,
}

/// The tensors of a header, in its order. Every function that takes a text
/// wants the header's own.
#[derive(Clone, Debug, Default)]
pub struct Table {
    pub(super) entries: Vec<Entry>,
    /// Where the value of `__metadata__` begins.
    pub(super) metadata_at: Option<usize>,
    /// The dtypes of its tensors.
    pub dtypes: Dtypes,
}

impl Table {
    /// How many tensors could be read.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The name of a tensor.
    #[must_use]
    pub fn name_at<'a>(&self, text: &'a str, index: usize) -> Option<Cow<'a, str>> {
        name_of(text, self.entries.get(index)?)
    }

    /// A tensor by its place.
    #[must_use]
    pub fn tensor_at<'a>(&self, text: &'a str, index: usize) -> Option<TensorInfo<'a>> {
        let entry = self.entries.get(index)?;
        let at = usize::try_from(entry.at).ok()?;
        let mut json = Json::new_at(text, at);
        let name = json.string().ok()?;
        json.require(b':', "a colon").ok()?;
        json.require(b'{', "an object").ok()?;
        let mut dims = None;
        while dims.is_none() {
            let key = json.string().ok()?;
            json.require(b':', "a colon").ok()?;
            if key == "shape" {
                dims = Some(Shape::dimensions(&mut json).ok()?);
            } else {
                json.skip().ok()?;
            }
            json.accept(b',');
        }
        let data_offsets = (entry.start, entry.end);
        Some(TensorInfo { name, dtype: entry.dtype, shape: dims?, data_offsets, at: place(at) })
    }

    /// `__metadata__`, in the order of the header; what is no string is left out.
    #[must_use]
    pub fn metadata<'a>(&self, text: &'a str) -> Vec<(Cow<'a, str>, Cow<'a, str>)> {
        let mut pairs = Vec::new();
        let Some(at) = self.metadata_at else { return pairs };
        let mut json = Json::new_at(text, at);
        let mut more = json.accept(b'{');
        while more {
            let Ok(key) = json.string() else { break };
            if !json.accept(b':') {
                break;
            }
            if json.peek() == Some(b'"') {
                let Ok(value) = json.string() else { break };
                pairs.push((key, value));
            } else if json.skip().is_err() {
                break;
            }
            more = json.accept(b',');
        }
        pairs
    }
}

/// The name of a tensor.
pub(super) fn name_of<'a>(text: &'a str, entry: &Entry) -> Option<Cow<'a, str>> {
    Json::new_at(text, usize::try_from(entry.at).ok()?).string().ok()
}
