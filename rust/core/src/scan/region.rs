//! A region of the source, and where its bytes come from.

use std::sync::Arc;

use crate::bytes::Span;
use crate::decode::Kind;
use crate::error::Error;
use crate::formats::{Format, HEAD_BYTES, Scanner, TENSOR_HEAD, Want, zip};
use crate::observe::{Child, Outbox, Role};

/// Where the bytes of a region are.
#[derive(Clone, Debug)]
pub(super) enum Source {
    /// In the source, from this offset.
    File(u64),
    /// In memory, inflated from somewhere, from this offset.
    Memory(Arc<Vec<u8>>, u64),
    /// In what comes out of the stream of this id, from this offset.
    Stream(usize, u64),
}

/// A match being followed.
pub(super) struct Active {
    pub(super) format: &'static Format,
    pub(super) scanner: Box<dyn Scanner>,
    pub(super) out: Outbox,
}

/// What a region is about to do.
pub(super) enum Phase {
    /// Inflated from end to end, to see how long it is.
    Measure,
    /// Waiting for its first bytes.
    Head,
    /// Waiting for its last bytes.
    Tail,
    /// Being followed by a scanner, with others to come.
    Run,
    /// All followed; the end of its compressed stream is to be seen.
    Drain,
    /// It ended, and its part is in the record; what is inside it follows.
    Children(std::vec::IntoIter<Child>),
}

/// A region.
pub(super) struct Region {
    pub(super) member: Option<String>,
    /// Bytes, inflated; as the container declares them until it is inflated.
    pub(super) len: u64,
    pub(super) source: Source,
    /// How its source is compressed, until the stream is opened: when its turn
    /// comes, as a decoder and its window are not small.
    pub(super) packed: Option<Kind>,
    /// The stream it is the whole output of, and its bytes as stored.
    pub(super) own: Option<usize>,
    pub(super) stored: u64,
    /// Defects of that stream, told with the first part.
    pub(super) pending: Vec<Error>,
    pub(super) role: Role,
    pub(super) depth: u64,
    /// The part of the archive it is in.
    pub(super) container: Option<usize>,
    /// Its own part, once it is in the record.
    pub(super) part: usize,
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

impl Region {
    pub(super) fn new(member: Option<String>, len: u64, source: Source, role: Role, depth: u64) -> Self {
        Self {
            member,
            len,
            source,
            packed: None,
            own: None,
            stored: len,
            pending: Vec::new(),
            role,
            depth,
            container: None,
            part: 0,
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
        match self.source {
            Source::File(base) => Some(base),
            _ => None,
        }
    }

    /// Whether its end can be read before its middle.
    pub(super) const fn is_random(&self) -> bool {
        !matches!(self.source, Source::Stream(..))
    }

    /// The name of the region alone, in lower case.
    pub(super) fn name(&self, root: &str) -> String {
        self.member.as_deref().map_or(root, |m| m.rsplit(['!', '/']).next().unwrap_or(m)).to_lowercase()
    }

    /// Its source, from an offset on.
    pub(super) fn source_at(&self, at: u64) -> Source {
        match &self.source {
            Source::File(base) => Source::File(base.saturating_add(at)),
            Source::Memory(data, base) => Source::Memory(data.clone(), base.saturating_add(at)),
            Source::Stream(id, base) => Source::Stream(*id, base.saturating_add(at)),
        }
    }
}

pub(super) fn head_want(region: &Region) -> Want {
    let end = HEAD_BYTES.min(region.len);
    let end = if matches!(region.role, Role::TensorData(_)) { end.min(TENSOR_HEAD) } else { end };
    Want { span: Span { start: 0, end }, until: end }
}

/// The shortest tail that tells an archive, asked for with the head of a
/// source: one round less, and most large models are archives.
pub(super) fn early_tail(region: &Region) -> Option<Want> {
    let apart = region.member.is_none() && region.tail.is_empty() && region.len >= HEAD_BYTES + zip::END_BYTES;
    let start = region.len.saturating_sub(zip::END_BYTES);
    apart.then_some(Want { span: Span { start, end: region.len }, until: region.len })
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

pub(super) fn range(data: &[u8], from: u64, until: u64) -> &[u8] {
    let at = |n: u64| usize::try_from(n).unwrap_or(usize::MAX).min(data.len());
    data.get(at(from)..at(until)).unwrap_or(&[])
}

pub(super) fn shift(want: Want, base: u64) -> Want {
    let add = |n: u64| n.saturating_add(base);
    Want { span: Span { start: add(want.span.start), end: add(want.span.end) }, until: add(want.until) }
}
