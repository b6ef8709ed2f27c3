//! Reads the header, weighs the array, hands up an object array's pickle.

use super::defects;
use super::header::{self, Fault};
use crate::bytes::{Span, printable, wide, window};
use crate::error::Error;
use crate::formats::{Array, MAX_DIMENSIONS, Part, Probe, Scanner, Want};
use crate::observe::{Child, Encoding, Outbox, Role};

/// Magic, version and the longer of the two length fields.
const PREAMBLE: u64 = 12;

/// The scanner.
pub(super) struct NpyScanner {
    len: u64,
    max_header: u64,
    need: Span,
    done: bool,
    array: Option<Array>,
}

impl NpyScanner {
    pub(super) fn new(p: &Probe<'_>) -> Self {
        let need = Span { start: 0, end: PREAMBLE.min(p.len) };
        Self { len: p.len, max_header: p.limits.max_npy_header_bytes, need, done: false, array: None }
    }

    fn read(&mut self, bytes: &[u8], out: &mut Outbox) {
        let version = window(bytes, 6, 2).unwrap_or(&[]);
        let (start, length) = match (version, window(bytes, 8, 2), window(bytes, 8, 4)) {
            (&[1, 0], Some(&[a, b]), _) => (10, u64::from(u16::from_le_bytes([a, b]))),
            (&[2 | 3, 0], _, Some(&[a, b, c, d])) => (12, u64::from(u32::from_le_bytes([a, b, c, d]))),
            (&[1..=3, 0] | [], ..) => return self.end(out, Error::new(&defects::TRUNCATED, Span::at(0, self.len))),
            _ => {
                let error = Error::new(&defects::UNSUPPORTED_VERSION, Span::at(6, 2));
                return self.end(out, error.with("1.0, 2.0 or 3.0", printable(version, 2)));
            }
        };
        let head = Span::at(start, length);
        if length > self.max_header {
            // numpy refuses it unless pickles are allowed; before that it
            // asked for as many bytes as the field says, up to 4 GB.
            let error = Error::new(&defects::HEADER_TOO_LONG, Span { start: 8, end: start });
            return self.end(out, error.with(format!("{} bytes at most", self.max_header), length.to_string()));
        }
        if head.end > self.len {
            let error = Error::new(&defects::TRUNCATED, Span { start, end: self.len.max(start) });
            return self.end(
                out,
                error.with(format!("a header of {length} bytes"), format!("{} bytes", self.len.saturating_sub(start))),
            );
        }
        let text = usize::try_from(start).ok().zip(usize::try_from(length).ok()).and_then(|(s, l)| window(bytes, s, l));
        let Some(text) = text else {
            self.need = Span { start: 0, end: head.end };
            return;
        };
        match header::parse(text, version.first().copied().unwrap_or(0)) {
            Ok(header) => {
                self.array = Some(array(&header, text));
                self.weigh(&header, head.end, out);
            }
            Err(Fault::Syntax(at, expected)) => {
                let span = Span::at(start.saturating_add(wide(at)), 1);
                let found = printable(text.get(at..).unwrap_or(&[]), 24);
                self.end(out, Error::new(&defects::HEADER_SYNTAX, span).with(expected, found));
            }
            Err(Fault::Descr(at)) => {
                let span = Span::at(start.saturating_add(wide(at)), 1);
                let found = printable(text.get(at..).unwrap_or(&[]), 24);
                self.end(out, Error::new(&defects::UNKNOWN_DESCR, span).with("a numpy type string", found));
            }
        }
    }

    /// Holds shape × item size against the bytes there are.
    fn weigh(&mut self, header: &header::Header, start: u64, out: &mut Outbox) {
        self.done = true;
        let rest = Span { start, end: self.len };
        self.place(rest);
        // Zero dimensions last, so that they cannot hide an overflow.
        let elements = header.shape.iter().filter(|d| **d != 0).try_fold(1u64, |n, &d| n.checked_mul(d));
        let is_empty = header.shape.contains(&0);
        let Some(item) = header.item else {
            if rest.is_empty() {
                out.defect(Error::new(&defects::TRUNCATED, rest).with("a pickle of the objects", "nothing"));
                return;
            }
            out.children.push(Child {
                name: "object array".to_owned(),
                span: rest,
                encoding: Encoding::Stored,
                role: Role::Pickle,
                head: Vec::new(),
            });
            return;
        };
        // numpy counts the elements too, of no bytes each as well.
        let fits = |n: &u64| i64::try_from(*n).is_ok();
        let bytes = elements.filter(fits).and_then(|n| n.checked_mul(item)).filter(fits);
        let Some(bytes) = bytes else {
            out.defect(
                Error::new(&defects::SHAPE_OVERFLOW, Span { start: 0, end: start })
                    .with("fewer than 2**63 bytes and elements", "more"),
            );
            return;
        };
        let bytes = if is_empty { 0 } else { bytes };
        if bytes > rest.len() {
            out.defect(
                Error::new(&defects::TRUNCATED, rest)
                    .with(format!("{bytes} bytes of array"), format!("{} bytes", rest.len())),
            );
        } else if bytes < rest.len() {
            let after = Span { start: start.saturating_add(bytes), end: self.len };
            out.defect(
                Error::new(&defects::TRAILING_DATA, after)
                    .with("the end of the file", format!("{} bytes", after.len())),
            );
        }
        self.place(Span::at(start, bytes.min(rest.len())));
        out.skip("array-data", bytes.min(rest.len()));
    }

    const fn place(&mut self, data: Span) {
        if let Some(array) = &mut self.array {
            array.data = data;
        }
    }

    fn end(&mut self, out: &mut Outbox, error: Error) {
        out.defect(error);
        self.done = true;
    }
}

impl Scanner for NpyScanner {
    fn wants(&self, wants: &mut Vec<Want>) {
        if !self.done {
            wants.push(Want { span: self.need, until: self.need.end });
        }
    }

    fn feed(&mut self, at: u64, bytes: &[u8], out: &mut Outbox) {
        if !self.done && at == 0 && wide(bytes.len()) >= self.need.end {
            self.read(bytes, out);
        }
    }

    fn part(&mut self) -> Part {
        Part { recognised: true, format: "npy", tensors: Some(1), array: self.array.take(), ..Part::default() }
    }
}

fn array(header: &header::Header, text: &[u8]) -> Array {
    let dtype = printable(text.get(header.descr.clone()).unwrap_or(&[]), MAX_DTYPE);
    let shape = header.shape.iter().copied().take(MAX_DIMENSIONS).collect();
    Array { dtype, shape, cut: header.shape.len() > MAX_DIMENSIONS, fortran: header.fortran, data: Span::default() }
}

/// Characters kept of a dtype: a structured one of some fields.
const MAX_DTYPE: usize = 120;
