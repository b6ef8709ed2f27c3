//! Asks for the length, then for the header, then for the first bytes of a few
//! tensors.

use super::content::{self, Look};
use super::defects;
use super::header::Header;
use crate::bytes::{Reader, Span};
use crate::error::Error;
use crate::formats::{Part, Probe, Scanner, Want};
use crate::observe::Outbox;

/// Bytes of the length before the header.
const PREFIX: u64 = 8;

/// The header's length, when the first eight bytes are here.
pub(super) fn length(head: &[u8]) -> Option<u64> {
    Reader::new(head).u64()
}

/// The header's bytes in the file.
#[must_use]
pub fn header_span(length: u64) -> Span {
    Span::at(PREFIX, length)
}

/// Holds the length against the file: the rules that come before the JSON.
///
/// # Errors
/// The file is too short for its length or its header, or the header too long.
pub fn check_prefix(head: &[u8], len: u64, max: u64) -> Result<u64, Error> {
    let first = Span { start: 0, end: PREFIX.min(len) };
    if len < PREFIX {
        return Err(Error::new(&defects::HEADER_TOO_SMALL, first).with("8 bytes", format!("{len} bytes")));
    }
    let Some(length) = length(head) else {
        return Err(Error::new(&defects::HEADER_TOO_SMALL, first));
    };
    if length > max {
        return Err(Error::new(&defects::HEADER_TOO_LARGE, first)
            .with(format!("{max} bytes at most"), format!("{length} bytes")));
    }
    let left = len.saturating_sub(PREFIX);
    if length > left {
        return Err(
            Error::new(&defects::TRUNCATED, first).with(format!("a header of {length} bytes"), format!("{left} bytes"))
        );
    }
    Ok(length)
}

/// The scanner.
pub(super) struct SafetensorsScanner {
    len: u64,
    max: u64,
    need: Span,
    tensors: u64,
    done: bool,
    /// Tensors of bytes whose first ones are awaited.
    looks: Vec<Look>,
}

impl SafetensorsScanner {
    pub(super) fn new(p: &Probe<'_>) -> Self {
        let need = Span { start: 0, end: PREFIX.min(p.len) };
        Self { len: p.len, max: p.limits.max_header_bytes, need, tensors: 0, done: false, looks: Vec::new() }
    }
}

impl Scanner for SafetensorsScanner {
    fn wants(&self, wants: &mut Vec<Want>) {
        if !self.done {
            wants.push(Want { span: self.need, until: self.need.end });
        }
        wants.extend(self.looks.iter().map(Look::want));
    }

    fn feed(&mut self, at: u64, bytes: &[u8], out: &mut Outbox) {
        if self.done {
            if let Some(index) = self.looks.iter().position(|look| look.span.start == at) {
                self.looks.remove(index).judge(bytes).into_iter().for_each(|error| out.defect(error));
            }
            return;
        }
        if at != 0 {
            return;
        }
        let length = match check_prefix(bytes, self.len, self.max) {
            Ok(length) => length,
            Err(error) => {
                out.defect(error);
                self.done = true;
                return;
            }
        };
        let span = header_span(length);
        self.need = Span { start: 0, end: span.end };
        let header = usize::try_from(length).ok().and_then(|n| bytes.get(8..)?.get(..n));
        let Some(header) = header else { return };
        let header = Header::read(header, self.len);
        self.tensors = u64::try_from(header.table.len()).unwrap_or(u64::MAX);
        if header.first_fault().is_none() {
            self.looks = content::looks(&header, span.end);
        }
        header.errors.into_iter().for_each(|e| out.defect(e));
        out.skip("tensor-data", self.len.saturating_sub(span.end));
        self.done = true;
    }

    fn part(&mut self) -> Part {
        Part { recognised: true, format: "safetensors", tensors: Some(self.tensors), ..Part::default() }
    }
}
