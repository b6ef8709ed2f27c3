//! Hands up what is in a compressed stream.

use crate::bytes::Span;
use crate::decode::{self, Form};
use crate::formats::{Part, Probe, Scanner, Want, inner_name};
use crate::observe::{Child, Encoding, Outbox, Role};

/// The scanner.
pub(super) struct CompressedScanner {
    form: Option<&'static Form>,
    len: u64,
    name: String,
    told: bool,
}

impl CompressedScanner {
    pub(super) fn new(p: &Probe<'_>) -> Self {
        Self { form: decode::detect(p.head), len: p.len, name: inner_name(p.name).to_owned(), told: false }
    }
}

impl Scanner for CompressedScanner {
    fn wants(&self, _wants: &mut Vec<Want>) {}

    fn feed(&mut self, _at: u64, _bytes: &[u8], out: &mut Outbox) {
        if let (Some(form), false) = (self.form, self.told) {
            self.told = true;
            out.children.push(Child {
                name: self.name.clone(),
                span: Span { start: 0, end: self.len },
                encoding: Encoding::Compressed(form.kind, None),
                role: Role::Any,
                head: Vec::new(),
            });
        }
    }

    fn part(&mut self) -> Part {
        Part { recognised: self.form.is_some(), format: self.form.map_or("", |form| form.name), ..Part::default() }
    }
}
