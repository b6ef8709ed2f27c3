//! Hands up what is in a compressed stream.

use crate::bytes::Span;
use crate::decode::{self, Kind};
use crate::formats::{Part, Probe, Scanner, Want, inner_name};
use crate::observe::{Child, Encoding, Outbox, Role};

/// The scanner.
pub(super) struct CompressedScanner {
    kind: Option<Kind>,
    len: u64,
    name: String,
    told: bool,
}

impl CompressedScanner {
    pub(super) fn new(p: &Probe<'_>) -> Self {
        let kind = decode::detect(p.head).map(|(kind, _)| kind);
        Self { kind, len: p.len, name: inner_name(p.name).to_owned(), told: false }
    }
}

impl Scanner for CompressedScanner {
    fn wants(&self, _wants: &mut Vec<Want>) {}

    fn feed(&mut self, _at: u64, _bytes: &[u8], out: &mut Outbox) {
        if let (Some(kind), false) = (self.kind, self.told) {
            self.told = true;
            out.children.push(Child {
                name: self.name.clone(),
                span: Span { start: 0, end: self.len },
                encoding: Encoding::Compressed(kind, None),
                role: Role::Any,
                head: Vec::new(),
            });
        }
    }

    fn part(&mut self) -> Part {
        Part { recognised: self.kind.is_some(), format: self.kind.map_or("", Kind::name), ..Part::default() }
    }
}
