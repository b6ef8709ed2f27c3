//! Reads the schema from its first bracket to its last.

use std::sync::Arc;

use super::defects;
use super::frame::Frame;
use super::judge::{Judge, bad};
use crate::bytes::{Span, wide};
use crate::formats::{Came, Part, Probe, Scanner, Want, Whole};
use crate::json::{Event, Events, Fault};
use crate::observe::{Outbox, Role};

/// The scanner.
pub(super) struct SchemaScanner {
    judge: Judge,
    whole: Whole,
    recognised: bool,
}

/// Brackets in brackets: each node takes two or three, and Python gives up at a
/// thousand nodes.
const MAX_DEPTH: usize = 3000;

/// Protocols whose nodes are those of skops 0.16, save for random generators.
const PROTOCOLS: [u64; 2] = [1, 2];

impl SchemaScanner {
    pub(super) fn new(p: &Probe<'_>) -> Self {
        let members = match p.role {
            Role::SkopsSchema(members) => members.clone(),
            _ => Arc::default(),
        };
        let judge = Judge::new(p.names.clone(), members);
        Self { judge, whole: Whole::new(p.len, p.limits), recognised: false }
    }

    fn read(&mut self, bytes: &[u8], out: &mut Outbox) -> Result<(), Fault> {
        // A schema of something else is not broken: it is not one.
        self.recognised = memchr::memmem::find(bytes, b"__loader__").is_some();
        let text = std::str::from_utf8(bytes).map_err(|e| Fault { at: e.valid_up_to(), expected: "UTF-8" })?;
        let mut events = Events::new(text, MAX_DEPTH);
        let mut open: Vec<Frame> = Vec::new();
        while let Some((at, event)) = events.step()? {
            let Some(frame) = open.last_mut() else {
                if event != Event::Object {
                    return Err(Fault { at, expected: "an object" });
                }
                open.push(Frame::new(at, true));
                continue;
            };
            match event {
                Event::Object | Event::Array => open.push(Frame::new(at, event == Event::Object)),
                Event::Key(key) => {
                    if !frame.take_key(&key) {
                        return Err(Fault { at, expected: "one key of a name" });
                    }
                }
                Event::Text(text) => {
                    if !frame.take_text(text.into_owned(), at) {
                        return Err(Fault { at, expected: "an unsigned integer" });
                    }
                }
                Event::Scalar(text) => {
                    if !frame.take_scalar(text) {
                        return Err(Fault { at, expected: "an unsigned integer" });
                    }
                }
                Event::End => {
                    let Some(frame) = open.pop() else { continue };
                    let is_root = open.is_empty();
                    if is_root && frame.loader.is_none() {
                        self.recognised = false;
                    }
                    let span = Span { start: wide(frame.at), end: wide(at).saturating_add(1) };
                    if is_root && !frame.protocol.is_some_and(|p| PROTOCOLS.contains(&p)) {
                        bad(&defects::PROTOCOL, span, "protocol 1 or 2", "another", out);
                    }
                    let made = self.judge.node(frame, at.saturating_add(1), out);
                    if let Some(parent) = open.last_mut() {
                        parent.take(made);
                    }
                }
            }
        }
        Ok(())
    }
}

impl Scanner for SchemaScanner {
    fn wants(&self, wants: &mut Vec<Want>) {
        self.whole.wants(wants);
    }

    fn feed(&mut self, at: u64, bytes: &[u8], out: &mut Outbox) {
        match self.whole.take(at, bytes, "JSON", out) {
            Came::Nothing => {}
            Came::TooLong => self.recognised = true,
            Came::All(bytes) => {
                if let Err(fault) = self.read(bytes, out) {
                    bad(&defects::BAD_SCHEMA, Span::at(wide(fault.at), 1), fault.expected, "", out);
                }
            }
        }
    }

    fn part(&mut self) -> Part {
        Part {
            recognised: self.recognised,
            format: "skops-schema",
            imports: std::mem::take(&mut self.judge.imports),
            storages: std::mem::take(&mut self.judge.raw),
            ..Part::default()
        }
    }
}
