//! Feeds a code member to the lexer and says what it names.

use super::defects;
use super::lexer::Lexer;
use super::reader::Reader;
use crate::bytes::Span;
use crate::error::Error;
use crate::formats::{Part, Probe, Scanner, Want};
use crate::observe::{Outbox, Role};

/// The scanner.
pub(super) struct CodeScanner {
    lexer: Lexer,
    reader: Reader,
    len: u64,
    max_names: u64,
    done: bool,
}

impl CodeScanner {
    pub(super) fn new(p: &Probe<'_>) -> Self {
        let (module, modules) = match p.role {
            Role::ScriptCode(module, modules) => (module.clone(), modules.clone()),
            _ => Default::default(),
        };
        let max_names = p.limits.max_names;
        Self {
            lexer: Lexer::new(),
            reader: Reader::new(module, modules, max_names),
            len: p.len,
            max_names,
            done: false,
        }
    }

    fn bad(&mut self, at: u64, expected: &str, out: &mut Outbox) {
        out.defect(Error::new(&defects::BAD_CODE, Span::at(at, 1)).with(expected, ""));
        self.reader.finish(out);
        self.done = true;
    }
}

impl Scanner for CodeScanner {
    fn wants(&self, wants: &mut Vec<Want>) {
        if !self.done && self.lexer.at() < self.len {
            wants.push(Want { span: Span::at(self.lexer.at(), 1), until: self.len });
        }
    }

    fn feed(&mut self, at: u64, bytes: &[u8], out: &mut Outbox) {
        if self.done {
            return;
        }
        let from = usize::try_from(self.lexer.at().saturating_sub(at)).unwrap_or(usize::MAX);
        for &byte in bytes.get(from..).unwrap_or(&[]) {
            let Self { lexer, reader, .. } = self;
            if let Err(fault) = lexer.push(byte, &mut |at| reader.take(at, out)) {
                return self.bad(fault.at, fault.expected, out);
            }
            if let Some((at, expected)) = self.reader.fault {
                return self.bad(at, expected, out);
            }
        }
        if self.lexer.at() < self.len {
            return;
        }
        let Self { lexer, reader, .. } = self;
        if let Err(fault) = lexer.finish(&mut |at| reader.take(at, out)) {
            return self.bad(fault.at, fault.expected, out);
        }
        if let Some((at, expected)) = self.reader.fault {
            return self.bad(at, expected, out);
        }
        self.reader.finish(out);
        if self.reader.limited {
            out.limit("max_names", self.max_names, Span { start: 0, end: self.len }, "more classes");
        }
        self.done = true;
    }

    fn part(&mut self) -> Part {
        let declares = std::mem::take(&mut self.reader.declares).into_iter().collect();
        Part { recognised: true, declares, ..Part::default() }
    }
}
