//! A region of the source, and where its bytes come from.

use std::sync::Arc;

use crate::bytes::{Span, wide};
use crate::decode::{Inflate, State};
use crate::formats::{Format, HEAD_BYTES, Scanner, Want, zip};
use crate::observe::{Outbox, Role};

/// Where the bytes of a region are.
#[derive(Clone, Debug)]
pub(super) enum Source {
    /// In the source, from this offset.
    File(u64),
    /// In memory, inflated from somewhere, from this offset.
    Memory(Arc<Vec<u8>>, u64),
}

/// A match being followed.
pub(super) struct Active {
    pub(super) format: &'static Format,
    pub(super) scanner: Box<dyn Scanner>,
    pub(super) out: Outbox,
}

/// What a region is about to do.
pub(super) enum Phase {
    /// Waiting for its first bytes.
    Head,
    /// Waiting for its last bytes.
    Tail,
    /// Being followed by a scanner, with others to come.
    Run,
    /// All followed; the end of its compressed stream is to be seen.
    Drain,
}

/// A region.
pub(super) struct Region {
    pub(super) member: Option<String>,
    /// Bytes, inflated; as the container declares them until it is inflated.
    pub(super) len: u64,
    pub(super) source: Source,
    /// Bytes as stored.
    pub(super) stored: u64,
    pub(super) inflate: Option<Inflate>,
    pub(super) role: Role,
    pub(super) depth: u64,
    /// The part of the archive it is in.
    pub(super) container: Option<usize>,
    pub(super) phase: Phase,
    pub(super) head: Vec<u8>,
    pub(super) tail: Vec<u8>,
    /// Formats that are sure of it.
    pub(super) sure: Vec<&'static Format>,
    /// Formats that the name alone speaks for.
    pub(super) by_name: Vec<&'static Format>,
    pub(super) candidates: Vec<&'static Format>,
    pub(super) active: Option<Active>,
    pub(super) finished: Vec<Active>,
    /// The first want of the batch that was asked for.
    pub(super) asked: Option<Want>,
    /// The want that was met last. A scanner that asks for it again would ask
    /// for ever.
    pub(super) met: Option<Want>,
}

/// How a region's want can be met.
pub(super) enum Supply {
    /// From the source: this want, counted in the source.
    Fetch(Want),
    /// From memory, now.
    Here,
    /// Not at all: the inflater ended or broke before.
    Never,
    /// Not within the limit.
    OverLimit,
}

impl Region {
    pub(super) fn new(member: Option<String>, len: u64, source: Source, role: Role, depth: u64) -> Self {
        Self {
            member,
            len,
            source,
            stored: len,
            inflate: None,
            role,
            depth,
            container: None,
            phase: Phase::Head,
            head: Vec::new(),
            tail: Vec::new(),
            sure: Vec::new(),
            by_name: Vec::new(),
            candidates: Vec::new(),
            active: None,
            finished: Vec::new(),
            asked: None,
            met: None,
        }
    }

    /// Where it begins in the source; `None` when it was inflated.
    pub(super) const fn offset(&self) -> Option<u64> {
        match (&self.source, &self.inflate) {
            (Source::File(base), None) => Some(*base),
            _ => None,
        }
    }

    /// Whether its end can be read before its middle.
    pub(super) const fn is_random(&self) -> bool {
        self.inflate.is_none()
    }

    /// The name of the region alone, in lower case.
    pub(super) fn name(&self, root: &str) -> String {
        self.member.as_deref().map_or(root, |m| m.rsplit(['!', '/']).next().unwrap_or(m)).to_lowercase()
    }

    /// How a want of this region can be met.
    pub(super) fn supply(&self, want: Want, max_inflated: u64) -> Supply {
        let Some(inflate) = &self.inflate else {
            return match &self.source {
                // What was inflated may be less than was declared.
                Source::Memory(data, base) if base.saturating_add(want.span.end) > wide(data.len()) => Supply::Never,
                Source::Memory(..) => Supply::Here,
                Source::File(base) => Supply::Fetch(shift(want, *base)),
            };
        };
        if want.span.end > max_inflated {
            return Supply::OverLimit;
        }
        if wide(inflate.out().len()) >= want.span.end {
            return Supply::Here;
        }
        if inflate.state() != State::Running {
            return Supply::Never;
        }
        if inflate.consumed() >= self.stored {
            // All of it is taken in; more may come out.
            return Supply::Here;
        }
        match &self.source {
            Source::Memory(..) => Supply::Here,
            Source::File(base) => {
                let from = inflate.consumed().min(self.stored);
                // A kilobyte inflates to a head at least.
                let end = from.saturating_add(1024).min(self.stored);
                Supply::Fetch(shift(Want { span: Span { start: from, end }, until: self.stored }, *base))
            }
        }
    }

    /// Plain bytes from `at` up to `until`, as many as are in memory. Shared,
    /// not copied, where they lie in memory as they are.
    pub(super) fn bytes(&self, at: u64, until: u64) -> Held {
        let until = until.min(self.len);
        if let Some(inflate) = &self.inflate {
            return Held::Copied(range(inflate.out(), at, until).to_vec());
        }
        match &self.source {
            Source::Memory(data, base) => {
                Held::Shared(data.clone(), base.saturating_add(at), base.saturating_add(until))
            }
            Source::File(_) => Held::Copied(Vec::new()),
        }
    }

    /// Stored bytes not yet inflated, when they are in memory.
    pub(super) fn compressed(&self) -> Option<Held> {
        let from = self.inflate.as_ref().map_or(0, Inflate::consumed);
        match &self.source {
            Source::Memory(data, base) => {
                Some(Held::Shared(data.clone(), base.saturating_add(from), base.saturating_add(self.stored)))
            }
            Source::File(_) => None,
        }
    }

    /// Gives up what was inflated, to be shared by the regions inside.
    pub(super) fn share(&mut self) {
        if let Some(inflate) = self.inflate.take() {
            self.len = self.len.min(wide(inflate.out().len()));
            self.source = Source::Memory(Arc::new(inflate.into_out()), 0);
        }
    }
}

pub(super) fn head_want(region: &Region) -> Want {
    let end = HEAD_BYTES.min(region.len);
    let end = if matches!(region.role, Role::TensorData(_)) { end.min(64) } else { end };
    Want { span: Span { start: 0, end }, until: end }
}

pub(super) fn tail_want(region: &Region) -> Want {
    let start = if region.is_random() { region.len.saturating_sub(tail_bytes(region)) } else { 0 };
    Want { span: Span { start, end: region.len }, until: region.len }
}

/// How much of the end decides whether a region is an archive: what begins as
/// one is, and its scanner asks for what it needs.
fn tail_bytes(region: &Region) -> u64 {
    if region.head.starts_with(b"PK") { zip::END_BYTES } else { zip::TAIL_BYTES }
}

/// The last byte of an inflated region, and once that is there one byte more
/// than there may be: what follows the last one is the end of the stream.
pub(super) fn drain_want(region: &Region) -> Want {
    let made = region.inflate.as_ref().map_or(0, |i| wide(i.out().len()));
    let end = if made < region.len { region.len } else { region.len.saturating_add(1) };
    Want { span: Span { start: end.saturating_sub(1), end }, until: end }
}

/// How far a region must be inflated for what it waits for.
pub(super) fn inflate_target(region: &Region) -> u64 {
    let mut wants = Vec::new();
    match &region.phase {
        Phase::Head => wants.push(head_want(region)),
        Phase::Tail => wants.push(tail_want(region)),
        Phase::Drain => wants.push(drain_want(region)),
        Phase::Run => region.active.iter().for_each(|a| a.scanner.wants(&mut wants)),
    }
    wants.iter().map(|w| w.span.end).max().unwrap_or(0)
}

/// Bytes in memory.
pub(super) enum Held {
    Copied(Vec<u8>),
    Shared(Arc<Vec<u8>>, u64, u64),
}

impl Held {
    pub(super) fn as_slice(&self) -> &[u8] {
        match self {
            Self::Copied(bytes) => bytes,
            Self::Shared(data, from, until) => range(data, *from, *until),
        }
    }
}

fn range(data: &[u8], from: u64, until: u64) -> &[u8] {
    let at = |n: u64| usize::try_from(n).unwrap_or(usize::MAX).min(data.len());
    data.get(at(from)..at(until)).unwrap_or(&[])
}

fn shift(want: Want, base: u64) -> Want {
    let add = |n: u64| n.saturating_add(base);
    Want { span: Span { start: add(want.span.start), end: add(want.span.end) }, until: add(want.until) }
}
