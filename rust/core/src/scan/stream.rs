//! Compressed streams of a scan: decoders that move forward, and a window of
//! what came out of each.
//!
//! A stream reads from the source, from memory or from another stream. What was
//! passed is forgotten; going back means beginning anew. Every byte that comes
//! out is paid for from one budget, and a stream that gives far more than it
//! takes is stopped.

use super::region::Source;
use crate::bytes::{Span, wide};
use crate::decode::{Decoder, Kind, Status};
use crate::formats::Want;
use crate::limits::{Budget, Limits};

/// Compressed bytes asked for at a time: a kilobyte inflates to a head at
/// least, and reading on doubles it.
const FIRST_FETCH: u64 = 1024;
/// Compressed bytes taken from memory or from an outer stream at a time.
const CHUNK: u64 = 64 * 1024;
/// Bytes that come out in one step.
const ROOM: usize = 16 * 1024;
/// Bytes kept before what is needed, so that the window is not moved for each.
const SLACK: u64 = 64 * 1024;

/// How a stream stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// More may come out.
    Running,
    /// All of it came out, and nothing follows.
    Ended,
    /// It ended, and other bytes follow it, from this compressed offset on.
    Trailing(u64),
    /// It is broken, for this reason.
    Broken(&'static str),
    /// Its input ended before it did.
    Cut,
}

/// How far a stream got.
pub(super) enum Reach {
    /// The bytes are there.
    Here,
    /// Bytes of the source are needed first, for the stream of this id.
    Fetch(usize, Want),
    /// The stream ends before them.
    Never,
    /// Not within the limit of this name.
    OverLimit(&'static str, u64),
}

/// One stream.
struct Stream {
    kind: Kind,
    decoder: Decoder,
    source: Source,
    /// Compressed bytes there are, and how many were taken in.
    stored: u64,
    taken: u64,
    /// Compressed bytes that were fetched, and how many of them were taken in.
    fetched: Vec<u8>,
    used: usize,
    /// Members or frames that were complete, and what had come out by then.
    members: u64,
    before: u64,
    window: Vec<u8>,
    /// Where the window begins in what came out.
    start: u64,
    /// Everything is kept.
    whole: bool,
    state: State,
    /// How far it is to go when bytes come.
    from: u64,
    to: u64,
}

impl Stream {
    fn made(&self) -> u64 {
        self.start.saturating_add(wide(self.window.len()))
    }

    fn restart(&mut self) {
        self.decoder = Decoder::new(self.kind);
        (self.taken, self.members, self.before, self.start) = (0, 0, 0, 0);
        self.window.clear();
        self.fetched.clear();
        self.used = 0;
        self.state = State::Running;
    }

    /// Forgets what is not needed any more.
    fn trim(&mut self, from: u64) {
        if self.whole {
            return;
        }
        let keep = from.min(self.made());
        let dead = keep.saturating_sub(self.start);
        if dead >= SLACK || keep == self.made() {
            let n = usize::try_from(dead).unwrap_or(usize::MAX).min(self.window.len());
            self.window.drain(..n);
            self.start = keep;
        }
    }

    /// Takes compressed bytes until enough has come out; gives how many it used.
    fn push(&mut self, mut input: &[u8]) -> u64 {
        let mut used: u64 = 0;
        while self.state == State::Running && self.made() < self.to {
            let before = self.window.len();
            let step = self.decoder.step(input, &mut self.window, ROOM);
            let came = self.window.len() > before;
            used = used.saturating_add(wide(step.used));
            self.taken = self.taken.saturating_add(wide(step.used));
            input = input.get(step.used..).unwrap_or(&[]);
            self.trim(self.from);
            match step.status {
                Status::Running if step.used == 0 && !came => break,
                Status::Running => {}
                Status::Ended => self.end_member(),
                Status::Broken(_) if self.members > 0 && self.made() == self.before => {
                    // Not another member: bytes behind the last one.
                    self.state = State::Trailing(self.taken);
                }
                Status::Broken(reason) => self.state = State::Broken(reason),
            }
        }
        used
    }

    /// A member or frame is complete: the stream ends, or another one follows.
    fn end_member(&mut self) {
        self.members = self.members.saturating_add(1);
        self.before = self.made();
        if self.taken >= self.stored {
            self.state = State::Ended;
        } else if self.kind.has_members() {
            self.decoder = Decoder::new(self.kind);
        } else {
            self.state = State::Trailing(self.taken);
        }
    }

    /// There is no more input, and nothing more came out.
    fn end_of_input(&mut self) {
        if self.state == State::Running {
            let between = self.members > 0 && self.made() == self.before;
            self.state = if between { State::Trailing(self.taken) } else { State::Cut };
        }
    }
}

/// The streams of a scan.
pub(super) struct Streams {
    all: Vec<Stream>,
    budget: Budget,
    max_total: u64,
    max_held: u64,
    max_ratio: u64,
}

impl Streams {
    pub(super) fn new(limits: &Limits) -> Self {
        Self {
            all: Vec::new(),
            budget: Budget::new(limits.max_total_inflated_bytes),
            max_total: limits.max_total_inflated_bytes,
            max_held: limits.max_inflated_bytes,
            max_ratio: limits.max_inflate_ratio,
        }
    }

    /// Opens a stream of `stored` compressed bytes.
    pub(super) fn open(&mut self, kind: Kind, source: Source, stored: u64) -> usize {
        self.all.push(Stream {
            kind,
            decoder: Decoder::new(kind),
            source,
            stored,
            taken: 0,
            fetched: Vec::new(),
            used: 0,
            members: 0,
            before: 0,
            window: Vec::new(),
            start: 0,
            whole: false,
            state: State::Running,
            from: 0,
            to: 0,
        });
        self.all.len().saturating_sub(1)
    }

    /// Bytes that came out so far.
    pub(super) fn made(&self, id: usize) -> u64 {
        self.all.get(id).map_or(0, Stream::made)
    }

    /// Compressed bytes taken in.
    pub(super) fn taken(&self, id: usize) -> u64 {
        self.all.get(id).map_or(0, |s| s.taken)
    }

    pub(super) fn state(&self, id: usize) -> State {
        self.all.get(id).map_or(State::Cut, |s| s.state)
    }

    pub(super) fn kind(&self, id: usize) -> Option<Kind> {
        self.all.get(id).map(|s| s.kind)
    }

    /// Keeps everything from here on, or no more.
    pub(super) fn keep(&mut self, id: usize, whole: bool) {
        if let Some(stream) = self.all.get_mut(id) {
            if whole && stream.start > 0 {
                stream.restart();
            }
            stream.whole = whole;
        }
    }

    /// Whether everything that came out is kept.
    pub(super) fn is_whole(&self, id: usize) -> bool {
        self.all.get(id).is_some_and(|s| s.whole)
    }

    /// Begins anew.
    pub(super) fn restart(&mut self, id: usize) {
        if let Some(stream) = self.all.get_mut(id) {
            stream.restart();
        }
    }

    /// Gives up what was kept; a region in memory takes it over.
    pub(super) fn take(&mut self, id: usize) -> Vec<u8> {
        self.all.get_mut(id).map(|s| std::mem::take(&mut s.window)).unwrap_or_default()
    }

    /// Bytes of the window from `from` up to `until`.
    pub(super) fn bytes(&self, id: usize, from: u64, until: u64) -> &[u8] {
        let Some(stream) = self.all.get(id) else { return &[] };
        super::region::range(&stream.window, from.saturating_sub(stream.start), until.saturating_sub(stream.start))
    }

    /// Goes on until the bytes from `from` up to `to` are in the window.
    pub(super) fn reach(&mut self, id: usize, from: u64, to: u64) -> Reach {
        if to.saturating_sub(from) > self.max_held {
            return Reach::OverLimit("max_inflated_bytes", self.max_held);
        }
        let Some(stream) = self.all.get_mut(id) else { return Reach::Never };
        if from < stream.start {
            stream.restart();
        }
        (stream.from, stream.to) = (from, to);
        loop {
            let Some(stream) = self.all.get_mut(id) else { return Reach::Never };
            stream.trim(from);
            let made = stream.made();
            if made >= to {
                return Reach::Here;
            }
            if stream.state != State::Running {
                return Reach::Never;
            }
            if stream.whole && made > self.max_held {
                return Reach::OverLimit("max_inflated_bytes", self.max_held);
            }
            let taken = stream.taken;
            let left = stream.stored.saturating_sub(taken);
            let chunk = taken.saturating_add(CHUNK.min(left));
            let used = match stream.source.clone() {
                _ if left == 0 => self.push(id, &[]).map(|_| ()),
                Source::File(_) if stream.used < stream.fetched.len() => {
                    let (fetched, at) = (std::mem::take(&mut stream.fetched), stream.used);
                    let used = self.push(id, fetched.get(at..).unwrap_or(&[]));
                    if let (Ok(used), Some(stream)) = (used, self.all.get_mut(id)) {
                        stream.fetched = fetched;
                        stream.used = at.saturating_add(usize::try_from(used).unwrap_or(usize::MAX));
                    }
                    used.map(|_| ())
                }
                Source::File(base) => {
                    let add = |n: u64| n.saturating_add(base);
                    let first = taken.saturating_add(FIRST_FETCH.min(left));
                    let span = Span { start: add(taken), end: add(first) };
                    return Reach::Fetch(id, Want { span, until: add(taken.saturating_add(left)) });
                }
                Source::Memory(data, base) => {
                    let input = super::region::range(&data, base.saturating_add(taken), base.saturating_add(chunk));
                    self.push(id, input).map(|_| ())
                }
                Source::Stream(outer, base) => {
                    let (from, to) = (base.saturating_add(taken), base.saturating_add(chunk));
                    let input = match self.reach(outer, from, to) {
                        // The outer one may be shorter than it said.
                        Reach::Here | Reach::Never => self.bytes(outer, from, to).to_vec(),
                        other => return other,
                    };
                    self.push(id, &input).map(|_| ())
                }
            };
            if let Err((name, limit)) = used {
                return Reach::OverLimit(name, limit);
            }
        }
    }

    /// Takes compressed bytes that were fetched for a stream.
    pub(super) fn feed(&mut self, id: usize, bytes: &[u8]) {
        if let Some(stream) = self.all.get_mut(id) {
            let left = stream.stored.saturating_sub(stream.taken);
            let left = usize::try_from(left).unwrap_or(usize::MAX);
            stream.fetched.clear();
            stream.used = 0;
            stream.fetched.extend_from_slice(bytes.get(..left).unwrap_or(bytes));
        }
    }

    fn push(&mut self, id: usize, input: &[u8]) -> Result<u64, (&'static str, u64)> {
        let Some(stream) = self.all.get_mut(id) else { return Ok(0) };
        let before = stream.made();
        let left = usize::try_from(stream.stored.saturating_sub(stream.taken)).unwrap_or(usize::MAX);
        let used = stream.push(input.get(..left).unwrap_or(input));
        let made = stream.made();
        if used == 0 && made == before && stream.state == State::Running {
            stream.end_of_input();
        }
        let grown = made.saturating_sub(before);
        if made > RATIO_FROM && made.checked_div(stream.taken.max(1)).is_some_and(|r| r > self.max_ratio) {
            stream.state = State::Cut;
            return Err(("max_inflate_ratio", self.max_ratio));
        }
        if !self.budget.spend(grown) {
            stream.state = State::Cut;
            return Err(("max_total_inflated_bytes", self.max_total));
        }
        Ok(used)
    }
}

/// Bytes up to which any ratio goes: an honest array of zeros may be as large.
const RATIO_FROM: u64 = 64 * 1024 * 1024;
