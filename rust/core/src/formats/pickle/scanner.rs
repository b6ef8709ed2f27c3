//! Follows a region of pickles window by window.
//!
//! It keeps the place, the frames and what stands after STOP; the machine
//! keeps the meaning. What it says does not depend on how the bytes were cut
//! into windows.

use std::sync::Arc;

use super::defects;
use super::fast;
use super::inline::Nested;
use super::legacy::{LEGACY_MAGIC, LEGACY_PICKLES};
use super::machine::{Break, Flow, Machine};
use super::op::{Arg, Op, Stop, decode};
use super::opcode::{Opcode, Payload};
use super::sniff::begins_with_proto;
use super::text::{Utf8, utf8};
use super::torch_tar::Stream;
use crate::bytes::{Span, wide};
use crate::error::Error;
use crate::formats::{Part, Probe, Scanner, Want};
use crate::limits::Limits;
use crate::observe::{Observation, Outbox, Role};
use crate::trace::Row;

/// Longest text that must stand in one window; a longer one is checked as it
/// comes. One page holds every name and nearly every key.
const INLINE: u64 = 4096;

/// No frame is open.
pub(super) const NO_FRAME: u64 = u64::MAX;

/// Highest protocol there is.
const MAX_PROTOCOL: i64 = 5;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// At an opcode.
    Ops,
    /// Inside a text too long for a window; it ends here.
    Text(u64),
    /// At the padding of a joblib array of so many bytes.
    Padding(u64),
    /// At raw numbers of a torch tar, of so many bytes each.
    Raw(u64),
    /// Finished.
    Done,
}

/// The scanner.
pub(super) struct PickleScanner {
    pub(super) machine: Machine,
    /// What a stream of a torch tar has next.
    pub(super) tar: Stream,
    /// Set while a pickle that stands inside another is followed.
    pub(super) nested: Option<Nested>,
    /// A reading with another memo.
    pub(super) other: Option<Box<Machine>>,
    pub(super) limits: Arc<Limits>,
    pub(super) phase: Phase,
    pub(super) pos: u64,
    pub(super) len: u64,
    pub(super) need: u64,
    pub(super) frame_end: u64,
    pub(super) opcodes: u64,
    max_line: u64,
    /// Pickles completed, and where the last one ended.
    pub(super) pickles: u64,
    pub(super) ended: u64,
    /// Where the current one began, and how much had been seen by then.
    pub(super) start: u64,
    seen_before: usize,
    pub(super) starts_with_proto: bool,
    protocol: Option<u8>,
    saw_magic: bool,
    pub(super) joblib: bool,
    /// Broken off: a defect that ends the reading.
    pub(super) broken: bool,
    cut: bool,
    /// A limit ended the reading.
    pub(super) limited: bool,
    /// An import or worse was seen; and more than an EXT opcode.
    pub(super) acted: bool,
    pub(super) moved: bool,
    /// Whether a break at the start is the file's fault, not a wrong guess.
    confident: bool,
    pub(super) named: bool,
    /// Another format is sure of the region.
    pub(super) contested: bool,
    /// The region is raw numbers by what its parent says.
    pub(super) raw: bool,
    /// A defect was seen, if one that reading survives.
    pub(super) odd: bool,
    /// Opcodes up to the last import.
    pub(super) import_at: u64,
}

impl PickleScanner {
    pub(super) fn new(p: &Probe<'_>) -> Self {
        let mut scanner = Self {
            machine: Machine::new(p.names.clone(), p.limits, p.role.clone()),
            tar: Stream::default(),
            nested: None,
            other: None,
            limits: p.limits.clone(),
            phase: Phase::Ops,
            pos: 0,
            len: p.len,
            need: 1,
            frame_end: NO_FRAME,
            opcodes: 0,
            max_line: p.limits.max_line_bytes,
            pickles: 0,
            start: 0,
            seen_before: 0,
            starts_with_proto: false,
            protocol: None,
            saw_magic: false,
            joblib: false,
            broken: false,
            cut: false,
            limited: false,
            acted: false,
            moved: false,
            ended: 0,
            confident: p.role.is_pickle() || (begins_with_proto(p) && !p.contested),
            named: p.named_like_model() && !p.contested,
            contested: p.contested,
            raw: matches!(p.role, Role::TensorData(_)),
            odd: false,
            import_at: 0,
        };
        scanner.machine.classes = p.classes.cloned();
        if p.len == 0 {
            scanner.phase = Phase::Done;
        }
        scanner
    }

    /// As `new`, for one that follows all of it.
    pub(super) fn with_room(p: &Probe<'_>) -> Self {
        let mut scanner = Self::new(p);
        scanner.machine.arena.expect(p.len);
        scanner
    }

    /// Follows the window as far as it goes.
    fn run(&mut self, at: u64, bytes: &[u8], out: &mut Outbox) {
        let tracing = out.trace.is_some();
        while self.phase != Phase::Done {
            let from = usize::try_from(self.pos.saturating_sub(at)).unwrap_or(usize::MAX);
            let Some(window) = bytes.get(from..) else { return };
            let advanced = match self.phase {
                Phase::Ops => self.ops(window, tracing, out),
                Phase::Text(end) => self.long_text(end, window, out),
                Phase::Padding(array) => self.array(array, window, out),
                Phase::Raw(item) => self.raw(item, window, out),
                Phase::Done => false,
            };
            if !advanced {
                return;
            }
        }
    }

    /// Runs opcodes; false when the window is too short for the next one.
    #[inline]
    fn ops(&mut self, window: &[u8], tracing: bool, out: &mut Outbox) -> bool {
        let mut rest = window;
        // The first opcode of a pickle says what it is, and a trace wants all.
        let fast = !tracing && self.max_line >= fast::MAX_LINE;
        while self.phase == Phase::Ops {
            if fast && self.pos > self.start && !self.reads_twice() {
                rest = self.run_fast(rest);
            }
            let op = match decode(rest, self.pos) {
                Ok(op) => op,
                Err(Stop::Need(n)) => return self.ask(n, rest, out),
                Err(Stop::Bad(error)) => {
                    self.break_off(Break::Bad(error), out);
                    return true;
                }
            };
            let end = self.pos.saturating_add(op.len);
            if end > self.len {
                if tracing {
                    self.trace(&op, None, out);
                }
                self.truncated(op.code.name(), out);
                return true;
            }
            // Before anything else is done with it: a window too short for the
            // line would end here as well.
            if matches!(op.arg, Arg::Line(_) | Arg::Pair(..)) && op.len > self.max_line {
                self.break_off(Break::Limit("max_line_bytes", self.max_line), out);
                return true;
            }
            let payload = op.payload(rest);
            if payload.is_none() && needs_payload(&op) {
                return self.ask(op.len, rest, out);
            }
            if tracing {
                self.trace(&op, payload, out);
            }
            self.opcodes = self.opcodes.saturating_add(1);
            let before = self.pos;
            if matches!(op.code, Opcode::GLOBAL | Opcode::STACK_GLOBAL | Opcode::INST) {
                self.import_at = self.opcodes;
            }
            if !self.step(&op, payload, end, out) {
                return true;
            }
            let used = usize::try_from(self.pos.saturating_sub(before)).unwrap_or(usize::MAX);
            match rest.get(used..) {
                Some(next) => rest = next,
                // Skipped past the window.
                None => return true,
            }
        }
        true
    }

    /// Follows plain data; gives what is left of the window.
    #[inline]
    fn run_fast<'w>(&mut self, mut rest: &'w [u8]) -> &'w [u8] {
        loop {
            let in_frame = usize::try_from(self.frame_end.saturating_sub(self.pos)).unwrap_or(usize::MAX);
            let (used, ops) = self.machine.run(rest.get(..in_frame).unwrap_or(rest));
            self.pos = self.pos.saturating_add(wide(used));
            self.opcodes = self.opcodes.saturating_add(ops);
            rest = rest.get(used..).unwrap_or(&[]);
            if self.pos == self.frame_end {
                self.frame_end = NO_FRAME;
            }
            if !self.machine.arena.is_full() {
                return rest;
            }
            self.machine.settle();
        }
    }

    /// One instruction; false when the reading is over or changes its manner.
    #[inline]
    fn step(&mut self, op: &Op<'_>, payload: Option<&[u8]>, end: u64, out: &mut Outbox) -> bool {
        let span = Span { start: self.pos, end };
        if span.start == self.start {
            self.starts_with_proto = op.code == Opcode::PROTO;
        }
        if self.frame_end != NO_FRAME || matches!(op.code, Opcode::FRAME | Opcode::PROTO) {
            self.frame(op, span, out);
        }
        if self.phase == Phase::Done {
            return false;
        }
        if op.code == Opcode::LONG1 && payload == Some(LEGACY_MAGIC) && self.pickles == 0 {
            self.saw_magic = true;
        }
        if let Arg::Counted { payload: Payload::Text, head, .. } = op.arg
            && payload.is_none()
        {
            self.pos = self.pos.saturating_add(head);
            self.phase = Phase::Text(end);
            self.step_other(|machine, _| machine.push_long_text().map(|()| Flow::Next));
            if let Err(stop) = self.machine.push_long_text() {
                self.break_off(stop, out);
            }
            return true;
        }
        let second = self.step_other(|machine, out| machine.apply(op, payload, span, out));
        let seen = out.observations.len();
        let flow = self.machine.apply(op, payload, span, out);
        self.machine.settle();
        if out.observations.len() > seen {
            self.machine.watch(seen..out.observations.len());
        }
        if self.reads_twice() || !second.is_empty() {
            self.tell_other(second, out);
        }
        match flow {
            Ok(Flow::Next) => self.pos = end,
            Ok(Flow::Stop) => {
                self.pos = end;
                self.stop(out);
            }
            Ok(Flow::Nested) => {
                self.pos = end;
                self.enter(out);
            }
            Ok(Flow::Array(bytes)) => {
                self.pos = end;
                self.joblib = true;
                self.phase = Phase::Padding(bytes);
                self.need = 1;
            }
            Err(stop) => {
                self.break_off(stop, out);
                return false;
            }
        }
        true
    }

    /// Frames and PROTO: the rules under which every unpickler reads the same
    /// bytes. gh-154848: C drops what an opcode leaves of a frame it crosses.
    fn frame(&mut self, op: &Op<'_>, span: Span, out: &mut Outbox) {
        if op.code == Opcode::PROTO {
            if span.start != self.start {
                out.defect(Error::new(&defects::PROTO_POSITION, span));
            }
            if let Arg::Int(n) = op.arg
                && n > MAX_PROTOCOL
            {
                let error = Error::new(&defects::UNSUPPORTED_PROTOCOL, span).with("0 to 5", n.to_string());
                self.break_off(Break::Bad(Box::new(error)), out);
                return;
            }
        }
        if self.frame_end != NO_FRAME {
            if op.code == Opcode::FRAME && span.start < self.frame_end {
                out.defect(Error::new(&defects::FRAME_NESTED, span));
            } else if span.end > self.frame_end {
                let expected = format!("an end at or before {:#x}", self.frame_end);
                out.defect(
                    Error::new(&defects::FRAME_STRADDLE, span)
                        .with(expected, format!("{} to {:#x}", op.code.name(), span.end)),
                );
                self.frame_end = NO_FRAME;
            }
            if span.end == self.frame_end {
                self.frame_end = NO_FRAME;
            }
        }
        if let (Opcode::FRAME, Arg::Int(n)) = (op.code, op.arg) {
            let n = n.unsigned_abs();
            self.frame_end = span.end.checked_add(n).filter(|&e| e > span.end).unwrap_or(NO_FRAME);
            if n > self.len.saturating_sub(span.end) {
                // C refuses the whole frame; Python runs what is there.
                self.frame_end = NO_FRAME;
                self.cut = true;
                let found = format!("{} bytes", self.len.saturating_sub(span.end));
                out.defect(Error::new(&defects::TRUNCATED, span).with(format!("a frame of {n} bytes"), found));
            }
        }
    }

    /// After STOP: the end, the next pickle, or a legacy stream's storages.
    fn stop(&mut self, out: &mut Outbox) {
        self.protocol = self.protocol.max(Some(self.machine.proto()));
        if self.frame_end != NO_FRAME {
            let expected = format!("STOP at the end of the frame, {:#x}", self.frame_end);
            out.defect(
                Error::new(&defects::FRAME_STRADDLE, Span::at(self.pos.saturating_sub(1), 1)).with(expected, ""),
            );
            self.frame_end = NO_FRAME;
        }
        if self.leave() {
            return;
        }
        self.pickles = self.pickles.saturating_add(1);
        self.ended = self.pos;
        if self.pickles == 1 && self.saw_magic && !matches!(self.machine.role, Role::TorchTar(_)) {
            self.machine.role = Role::TorchLegacy;
        }
        self.note(out);
        if self.tar_stream(out) {
            return;
        }
        if self.is_legacy() && self.pickles == LEGACY_PICKLES {
            self.storages(out);
            return;
        }
        if self.pos >= self.len {
            if self.is_legacy() {
                self.truncated("five pickles", out);
            }
            self.phase = Phase::Done;
            return;
        }
        if !self.is_legacy() {
            self.keep_memo();
        }
        self.begin(out);
    }

    /// Begins another pickle here.
    pub(super) fn begin(&mut self, out: &Outbox) {
        self.machine.restart();
        self.start = self.pos;
        self.seen_before = out.observations.len();
        self.starts_with_proto = false;
        self.phase = Phase::Ops;
        self.need = 1;
    }

    /// Checks a text that did not fit a window, up to its last whole character.
    fn long_text(&mut self, end: u64, window: &[u8], out: &mut Outbox) -> bool {
        let left = usize::try_from(end.saturating_sub(self.pos)).unwrap_or(usize::MAX);
        let text = window.get(..left).unwrap_or(window);
        let whole = text.len() == left;
        let good = match utf8(text) {
            Utf8::Valid => text.len(),
            Utf8::Cut(at) if !whole => at,
            Utf8::Bad(at) | Utf8::Cut(at) => {
                let span = Span::at(self.pos.saturating_add(wide(at)), 1);
                let error = Error::new(&defects::TEXT_ENCODING, span).with("UTF-8", "another byte");
                self.break_off(Break::Bad(Box::new(error)), out);
                return true;
            }
        };
        self.pos = self.pos.saturating_add(wide(good));
        if self.pos == end {
            self.phase = Phase::Ops;
            self.need = 1;
            return true;
        }
        // A character is four bytes at most.
        self.need = end.saturating_sub(self.pos).min(4);
        good > 0
    }

    /// More bytes are needed; true when there are none and the reading ends.
    #[cold]
    fn ask(&mut self, need: u64, window: &[u8], out: &mut Outbox) -> bool {
        let left = self.len.saturating_sub(self.pos);
        // Only a line without a newline asks again with so much at hand.
        if wide(window.len()) > self.max_line.max(INLINE) {
            self.break_off(Break::Limit("max_line_bytes", self.max_line), out);
            return true;
        }
        if wide(window.len()) >= left {
            let name = window.first().map_or("STOP", |&b| Opcode(b).name());
            self.last_line(window, out);
            self.truncated(name, out);
            return true;
        }
        self.need = need.min(left);
        false
    }

    /// An import whose name line is cut: unpicklers take the line without its
    /// last byte and import the module before they miss the rest.
    fn last_line(&mut self, window: &[u8], out: &mut Outbox) {
        let Some((&code, rest)) = window.split_first() else { return };
        let reads = code == Opcode::GLOBAL.0 || (code == Opcode::INST.0 && self.machine.depth() > 0);
        if !reads || wide(window.len()) > self.max_line {
            return;
        }
        if let Some(end) = memchr::memchr(b'\n', rest) {
            let (module, name) = rest.split_at(end);
            let name = name.get(1..name.len().saturating_sub(1)).unwrap_or(&[]);
            let span = Span { start: self.pos, end: self.len };
            if let Err(stop) = self.machine.import(module, name, Opcode(code), span, out) {
                self.break_off(stop, out);
            }
        }
    }

    #[cold]
    pub(super) fn truncated(&mut self, what: &str, out: &mut Outbox) {
        if self.cut {
            // A frame said so already.
            self.end_broken(out);
            return;
        }
        self.cut = true;
        let span = Span { start: self.pos.min(self.len), end: self.len };
        let found = format!("{} bytes left", span.len());
        self.break_off(Break::Bad(Box::new(Error::new(&defects::TRUNCATED, span).with(what, found))), out);
    }

    /// The reading ends here. What was seen before still stands: an unpickler
    /// acts on it before it comes to this place.
    #[cold]
    pub(super) fn break_off(&mut self, stop: Break, out: &mut Outbox) {
        let acts_here = out.observations.get(self.seen_before..).unwrap_or(&[]).iter().any(Observation::is_act);
        if self.pickles > 0
            && !acts_here
            && !self.starts_with_proto
            && !self.is_legacy()
            && !self.is_tar_stream()
            && !matches!(stop, Break::Limit(..))
        {
            // Not a second pickle: bytes after the first.
            out.observations.truncate(self.seen_before);
            let span = Span { start: self.start, end: self.len };
            out.defect(Error::new(&defects::TRAILING_DATA, span).with("", format!("{} bytes", span.len())));
        } else {
            match stop {
                Break::Bad(error) => out.defect(*error),
                Break::Limit(name, limit) => {
                    self.limited = true;
                    out.limit(name, limit, Span { start: self.pos, end: self.len }, "");
                }
            }
        }
        self.end_broken(out);
    }

    fn end_broken(&mut self, out: &Outbox) {
        self.note(out);
        self.broken = true;
        self.phase = Phase::Done;
    }

    fn trace(&self, op: &Op<'_>, payload: Option<&[u8]>, out: &mut Outbox) {
        if let Some(trace) = &mut out.trace {
            trace.push(Row {
                offset: self.pos,
                size: op.len,
                code: op.code.0,
                name: op.code.name(),
                arg: super::op::describe(op, payload),
                depth: self.machine.depth(),
                memo: op.code.is_memo(),
            });
        }
    }
}

/// Whether the machine must see the counted payload.
#[inline]
fn needs_payload(op: &Op<'_>) -> bool {
    match op.arg {
        Arg::Counted { payload, len, .. } => match payload {
            Payload::Text => len <= INLINE,
            Payload::String => len <= 255,
            Payload::Long => len <= 16,
            Payload::Bytes => false,
        },
        _ => false,
    }
}

impl Scanner for PickleScanner {
    fn wants(&self, wants: &mut Vec<Want>) {
        if self.phase != Phase::Done && self.pos < self.len {
            let need = self.need.clamp(1, self.len.saturating_sub(self.pos));
            wants.push(Want { span: Span::at(self.pos, need), until: self.len });
        }
    }

    fn feed(&mut self, at: u64, bytes: &[u8], out: &mut Outbox) {
        self.run(at, bytes, out);
        // Skips may end exactly at the end, with nothing left to want.
        if self.phase != Phase::Done && self.pos >= self.len {
            self.truncated("STOP", out);
        }
    }

    fn part(&mut self) -> Part {
        let recognised = self.confident || (self.limited && !self.raw) || self.is_believed();
        let format = if self.is_legacy() {
            "torch-legacy"
        } else if self.joblib {
            "joblib"
        } else {
            "pickle"
        };
        let keys = self.machine.storages.keys();
        let mut storages: Vec<_> = keys.map(|k| String::from_utf8_lossy(k).into_owned()).collect();
        // One order for all runs.
        storages.sort_unstable();
        Part {
            recognised,
            format,
            protocol: Some(self.protocol.unwrap_or_else(|| self.machine.proto())),
            opcodes: Some(self.opcodes),
            tensors: self.is_legacy().then(|| wide(self.machine.storages.len())),
            imports: self.machine.globals().cloned().collect(),
            storages,
            ..Part::default()
        }
    }
}
