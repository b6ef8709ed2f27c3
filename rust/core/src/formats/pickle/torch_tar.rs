//! The streams of a torch tar, which torch 0.1 wrote and `torch.load` still
//! reads where it may run code (`legacy_load` in `torch/serialization.py`).
//!
//! `storages` is a count, then for each storage a pickle (key, location, class)
//! and eight bytes of numel and its data, then a pickle of views. `tensors` is
//! a count, then for each a pickle (key, storage, class) and its shape. Each
//! pickle is read by an unpickler of its own. `pickle` is the object.

use super::defects;
use super::machine::Machine;
use super::scanner::{Phase, PickleScanner};
use super::torch::item_bytes;
use super::value::{Kind, Value};
use crate::bytes::{Reader, Span};
use crate::error::Error;
use crate::observe::{Outbox, Role, TarStream};

/// What comes next.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Next {
    /// A pickle of how many there are.
    #[default]
    Count,
    /// A pickle of one, and its raw numbers.
    Entry,
    /// A pickle of views.
    Views,
}

/// How far a stream is.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Stream {
    next: Next,
    /// Entries left.
    left: u64,
}

/// Bytes before the numbers of a storage or of a shape: how many there are.
const RAW_HEAD: u64 = 8;

impl PickleScanner {
    /// Whether pickles and raw numbers take turns here.
    pub(super) const fn is_tar_stream(&self) -> bool {
        matches!(self.machine.role, Role::TorchTar(TarStream::Storages | TarStream::Tensors))
    }

    /// Goes on behind a complete pickle of a torch tar's stream; false where
    /// this is none.
    pub(super) fn tar_stream(&mut self, out: &mut Outbox) -> bool {
        let stream = match self.machine.role {
            Role::TorchTar(stream @ (TarStream::Storages | TarStream::Tensors)) => stream,
            _ => return false,
        };
        let wrong = match self.tar.next {
            Next::Count => match self.machine.arena.int(self.machine.root).map(u64::try_from) {
                Some(Ok(count)) => {
                    (self.tar.left, self.tar.next) = (count, Next::Entry);
                    None
                }
                _ => Some("a number of entries"),
            },
            Next::Entry => match self.entry(stream) {
                Some(item) => {
                    self.tar.left = self.tar.left.saturating_sub(1);
                    (self.phase, self.need) = (Phase::Raw(item), RAW_HEAD);
                    return true;
                }
                None => Some("a key, a location or storage, and a class that torch has"),
            },
            Next::Views => match self.machine.root {
                Value::Node(Kind::List | Kind::Tuple, ..) => {
                    self.end_stream(out);
                    return true;
                }
                _ => Some("a list of views"),
            },
        };
        match wrong {
            Some(expected) => self.unreadable(expected, out),
            None => self.next_entry(stream, out),
        }
        true
    }

    /// Bytes of an element of what follows; `None` where the pickle is no entry.
    fn entry(&self, stream: TarStream) -> Option<u64> {
        let machine = &self.machine;
        let node = machine.arena.node_of(machine.root).filter(|n| n.kind == Kind::Tuple)?;
        let &[_, _, class] = machine.arena.items(node) else { return None };
        let class = machine.global_of(class)?;
        // Of each dimension a size and a stride, of eight bytes.
        if stream == TarStream::Storages { item_bytes(class) } else { Some(16) }
    }

    /// Behind one entry, or behind the count: another, the views, or the end.
    fn next_entry(&mut self, stream: TarStream, out: &mut Outbox) {
        if self.tar.left == 0 {
            if stream == TarStream::Tensors {
                return self.end_stream(out);
            }
            self.tar.next = Next::Views;
        }
        self.begin(out);
    }

    /// Skips raw numbers: how many, then as many of `item` bytes.
    pub(super) fn raw(&mut self, item: u64, window: &[u8], out: &mut Outbox) -> bool {
        let left = self.len.saturating_sub(self.pos);
        if left < RAW_HEAD {
            self.truncated("raw numbers", out);
            return true;
        }
        let mut head = Reader::new(window);
        let storages = self.machine.role == Role::TorchTar(TarStream::Storages);
        let count = if storages {
            head.u64().map(u64::cast_signed)
        } else {
            // Eight bytes stand there; torch reads four.
            head.u32().map(|ndim| i64::from(ndim.cast_signed())).filter(|_| window.len() >= 8)
        };
        let Some(count) = count else {
            self.need = RAW_HEAD;
            return false;
        };
        // Behind the sizes and strides of a tensor stands its offset.
        let more = if storages { RAW_HEAD } else { RAW_HEAD.saturating_mul(2) };
        let bytes = u64::try_from(count).ok().and_then(|n| n.checked_mul(item));
        let Some(bytes) = bytes else {
            self.unreadable("a number of elements", out);
            return true;
        };
        let Some(end) = self.pos.checked_add(more).and_then(|p| p.checked_add(bytes)).filter(|&e| e <= self.len) else {
            self.truncated("raw numbers", out);
            return true;
        };
        out.skip("tensor-data", bytes);
        self.pos = end;
        self.next_entry(if storages { TarStream::Storages } else { TarStream::Tensors }, out);
        true
    }

    /// The stream is complete: nothing may follow.
    fn end_stream(&mut self, out: &mut Outbox) {
        self.phase = Phase::Done;
        if self.pos < self.len {
            let rest = Span { start: self.pos, end: self.len };
            let error = Error::new(&defects::TAR_LAYOUT, rest);
            out.defect(error.with("the end of the member", format!("{} bytes", rest.len())));
        }
    }

    fn unreadable(&mut self, expected: &str, out: &mut Outbox) {
        let span = Span { start: self.start, end: self.pos };
        out.defect(Error::new(&defects::TAR_LAYOUT, span).with(expected, "another"));
        self.phase = Phase::Done;
    }
}

/// What a persistent load of a torch tar's object gives: a tensor or storage by
/// its number, or the class of a container that was saved with its source.
pub(super) fn persistent(machine: &mut Machine, id: Value) -> Option<Value> {
    if machine.role != Role::TorchTar(TarStream::Object) {
        return None;
    }
    let is_number = |text: &[u8]| !text.is_empty() && text.iter().all(u8::is_ascii_digit);
    if machine.arena.int(id).is_some() || machine.arena.text_of(id).is_some_and(is_number) {
        // How large it is stands in another member.
        if machine.storage_bytes.is_empty() {
            machine.storage_bytes.push((None, 1, "UntypedStorage"));
        }
        return Some(Value::Storage(0));
    }
    let node = machine.arena.node_of(id).filter(|n| n.kind == Kind::Tuple)?;
    let &[class, file, source] = machine.arena.items(node) else { return None };
    let is_text = |v: Value| matches!(v, Value::None | Value::LongText) || machine.arena.text_of(v).is_some();
    (matches!(class, Value::Global(_)) && is_text(file) && is_text(source)).then_some(class)
}
