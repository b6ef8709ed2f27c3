//! Compressed streams of a scan: decoders that move forward, and a window of
//! what came out of each.
//!
//! A stream reads from the source, from memory or from another stream. What was
//! passed is forgotten; going back means beginning anew. Every byte that comes
//! out is paid for from one budget, and a stream that gives far more than it
//! takes is stopped.

use super::ending::MAX_SECONDS;
use super::region::Source;
use super::session::Stop;
use crate::bytes::{Span, wide};
use crate::decode::{self, Decoder, Form, Kind, Status};
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
/// Bytes of memory that a window may keep unused.
const LARGE: usize = 1024 * 1024;

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
    /// It may be sound and needs what is not here.
    Unsupported(&'static str),
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
    form: &'static Form,
    /// Regions below the one it was opened for.
    below: usize,
    decoder: Decoder,
    source: Source,
    /// Compressed bytes there are, and how many were taken in.
    stored: u64,
    taken: u64,
    /// Compressed bytes that were fetched, and how many of them were taken in.
    fetched: Vec<u8>,
    used: usize,
    /// Members or frames that were complete, what had come out by then, and
    /// what was taken in.
    members: u64,
    before: u64,
    ended_at: u64,
    /// Nothing of another member came yet, only this many zeros.
    is_between: bool,
    zeros: u64,
    /// Where another member began after zeros.
    gap: Option<u64>,
    /// Bytes that the decoder held of its window, at most.
    held: u64,
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
        self.decoder.restart();
        (self.taken, self.members, self.before, self.start) = (0, 0, 0, 0);
        (self.is_between, self.zeros, self.gap) = (false, 0, None);
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
            if self.window.capacity() > self.window.len().saturating_mul(2).max(LARGE) {
                // What was kept of it is kept no more.
                self.window.shrink_to(LARGE);
            }
        }
    }

    /// Takes compressed bytes until enough has come out; gives how many it used.
    fn push(&mut self, input: &[u8]) -> u64 {
        let from = self.taken;
        let mut input = self.skip_zeros(input);
        while self.state == State::Running && self.made() < self.to && !self.is_between {
            let step = self.decoder.step(input, &mut self.window, ROOM);
            self.taken = self.taken.saturating_add(wide(step.used));
            input = input.get(step.used..).unwrap_or(&[]);
            self.held = self.held.max(self.decoder.window().min(self.made().saturating_sub(self.before)));
            self.trim(self.from);
            match step.status {
                Status::Running if step.used == 0 && step.made == 0 => break,
                Status::Running => {}
                Status::Ended => {
                    self.end_member();
                    input = self.skip_zeros(input);
                }
                Status::Broken(_) if self.members > 0 && self.made() == self.before => {
                    // Not another member: bytes behind the last one.
                    self.state = State::Trailing(self.ended_at);
                }
                Status::Broken(reason) => self.state = State::Broken(reason),
                Status::Unsupported(reason) => self.state = State::Unsupported(reason),
            }
        }
        self.taken.saturating_sub(from)
    }

    /// A member or frame is complete: the stream ends, or another one follows.
    fn end_member(&mut self) {
        self.members = self.members.saturating_add(1);
        (self.before, self.ended_at) = (self.made(), self.taken);
        if self.taken >= self.stored {
            self.state = State::Ended;
        } else if self.form.has_members {
            self.decoder.restart();
            (self.is_between, self.zeros) = (true, 0);
        } else {
            self.state = State::Trailing(self.taken);
        }
    }

    /// Between two members, passes over zeros where the form lets them stand;
    /// gives what is left of the input.
    fn skip_zeros<'i>(&mut self, input: &'i [u8]) -> &'i [u8] {
        if !self.is_between {
            return input;
        }
        let known = if self.form.padding > 0 { input.len() } else { 0 };
        let zeros = input.iter().take(known).take_while(|&&b| b == 0).count();
        (self.zeros, self.taken) = (self.zeros.saturating_add(wide(zeros)), self.taken.saturating_add(wide(zeros)));
        let rest = input.get(zeros..).unwrap_or(&[]);
        if !rest.is_empty() {
            self.is_between = false;
            if !self.is_padded() {
                self.state = State::Trailing(self.ended_at);
            } else if self.zeros > 0 {
                self.gap = self.gap.or(Some(self.ended_at));
            }
        }
        rest
    }

    /// Whether the zeros behind the last member are as many as there may be.
    fn is_padded(&self) -> bool {
        self.zeros == 0 || self.zeros.checked_rem(self.form.padding) == Some(0)
    }

    /// There is no more input, and nothing more came out.
    fn end_of_input(&mut self) {
        if self.state == State::Running {
            let no_member = self.members > 0 && self.made() == self.before;
            self.state = match (self.is_between, no_member) {
                (true, _) if self.is_padded() => State::Ended,
                (true, _) | (_, true) => State::Trailing(self.ended_at),
                _ => State::Cut,
            };
        }
    }
}

/// What is left of a stream that ended, for the next one.
struct Spare {
    form: &'static Form,
    decoder: Decoder,
    fetched: Vec<u8>,
    window: Vec<u8>,
}

impl Spare {
    fn new(form: &'static Form) -> Self {
        Self { form, decoder: Decoder::new(form), fetched: Vec::new(), window: Vec::new() }
    }

    /// `None` where it was no member of an archive.
    fn of(mut stream: Stream) -> Option<Self> {
        if stream.form.kind != Kind::Deflate {
            return None;
        }
        stream.restart();
        let Stream { form, decoder, mut fetched, mut window, .. } = stream;
        fetched.shrink_to(SPARE);
        window.shrink_to(SPARE);
        Some(Self { form, decoder, fetched, window })
    }
}

/// The streams of a scan that are open: each reads from the one before it, or
/// from elsewhere.
///
/// A stream is opened for the innermost region and is of use to that region and
/// to those inside it, which stand above it on the stack of regions. So the
/// streams are a stack, too, and what a file makes it hold grows with how deep
/// regions are nested, not with how many there are.
pub(super) struct Streams {
    open: Vec<Stream>,
    /// Decoders of streams that ended, and their buffers: each member of an
    /// archive has one, and what is kept of it would stand between them in
    /// memory.
    spare: Vec<Spare>,
    /// Says that time is over.
    pub(super) stop: Option<Stop>,
    budget: Budget,
    /// The limit that the budget is of.
    budget_of: (&'static str, u64),
    is_spent: bool,
    max_held: u64,
    max_ratio: u64,
    max_windows: u64,
}

impl Streams {
    /// None is open yet, of a source of `size` bytes.
    pub(super) fn new(limits: &Limits, size: u64) -> Self {
        // A thousand members that each stop at the ratio are a bomb, too.
        let by_ratio = TOTAL_FROM.saturating_add(size.saturating_mul(limits.max_inflate_ratio).saturating_mul(PASSES));
        let total = limits.max_total_inflated_bytes;
        Self {
            open: Vec::new(),
            spare: Vec::new(),
            stop: None,
            budget: Budget::new(total.min(by_ratio)),
            budget_of: if by_ratio < total {
                ("max_inflate_ratio", limits.max_inflate_ratio)
            } else {
                ("max_total_inflated_bytes", total)
            },
            is_spent: false,
            max_held: limits.max_inflated_bytes,
            max_ratio: limits.max_inflate_ratio,
            max_windows: limits.max_window_bytes,
        }
    }

    /// Whether nothing more may be inflated.
    pub(super) const fn is_spent(&self) -> bool {
        self.is_spent
    }

    /// Opens a stream of `stored` compressed bytes for a region above which
    /// `below` others stand.
    pub(super) fn open(&mut self, kind: Kind, source: Source, stored: u64, below: usize) -> usize {
        let form = decode::form(kind);
        let spare = self.spare.iter().rposition(|s| s.form.name == form.name).map(|at| self.spare.swap_remove(at));
        let Spare { decoder, fetched, window, .. } = spare.unwrap_or_else(|| Spare::new(form));
        self.open.push(Stream {
            form,
            below,
            decoder,
            source,
            stored,
            taken: 0,
            fetched,
            used: 0,
            members: 0,
            before: 0,
            ended_at: 0,
            is_between: false,
            zeros: 0,
            gap: None,
            held: 0,
            window,
            start: 0,
            whole: false,
            state: State::Running,
            from: 0,
            to: 0,
        });
        self.open.len().saturating_sub(1)
    }

    /// Closes the streams of regions that ended, when `regions` are left.
    pub(super) fn close_ended(&mut self, regions: usize) {
        while let Some(stream) = self.open.pop_if(|s| s.below >= regions) {
            self.keep_spare(stream);
        }
    }

    /// Closes the innermost stream: nothing is read from it any more.
    pub(super) fn close(&mut self, id: usize) {
        for stream in self.open.split_off(id.min(self.open.len())) {
            self.keep_spare(stream);
        }
    }

    fn keep_spare(&mut self, stream: Stream) {
        if self.spare.len() < SPARES {
            self.spare.extend(Spare::of(stream));
        }
    }

    /// How many are open.
    pub(super) fn count(&self) -> usize {
        self.open.len()
    }

    /// Bytes that came out so far.
    pub(super) fn made(&self, id: usize) -> u64 {
        self.open.get(id).map_or(0, Stream::made)
    }

    /// Compressed bytes taken in.
    pub(super) fn taken(&self, id: usize) -> u64 {
        self.open.get(id).map_or(0, |s| s.taken)
    }

    pub(super) fn state(&self, id: usize) -> State {
        self.open.get(id).map_or(State::Cut, |s| s.state)
    }

    pub(super) fn form(&self, id: usize) -> Option<&'static Form> {
        self.open.get(id).map(|s| s.form)
    }

    /// The compressed offset from which zeros stand between two members.
    pub(super) fn gap(&self, id: usize) -> Option<u64> {
        self.open.get(id).and_then(|s| s.gap)
    }

    /// Keeps everything from here on, or no more.
    pub(super) fn keep(&mut self, id: usize, whole: bool) {
        if let Some(stream) = self.open.get_mut(id) {
            if whole && stream.start > 0 {
                stream.restart();
            }
            stream.whole = whole;
        }
    }

    /// Whether everything that came out is kept.
    pub(super) fn is_whole(&self, id: usize) -> bool {
        self.open.get(id).is_some_and(|s| s.whole)
    }

    /// Begins anew.
    pub(super) fn restart(&mut self, id: usize) {
        if let Some(stream) = self.open.get_mut(id) {
            stream.restart();
        }
    }

    /// Gives up what was kept; a region in memory takes it over.
    pub(super) fn take(&mut self, id: usize) -> Vec<u8> {
        let Some(stream) = self.open.get_mut(id) else { return Vec::new() };
        (stream.start, stream.whole) = (stream.made(), false);
        std::mem::take(&mut stream.window)
    }

    /// Bytes of the window from `from` up to `until`.
    pub(super) fn bytes(&self, id: usize, from: u64, until: u64) -> &[u8] {
        let Some(stream) = self.open.get(id) else { return &[] };
        super::region::range(&stream.window, from.saturating_sub(stream.start), until.saturating_sub(stream.start))
    }

    /// Goes on until the bytes from `from` up to `to` are in the window.
    pub(super) fn reach(&mut self, id: usize, from: u64, to: u64) -> Reach {
        if to.saturating_sub(from) > self.max_held {
            return Reach::OverLimit("max_inflated_bytes", self.max_held);
        }
        let Some(stream) = self.open.get_mut(id) else { return Reach::Never };
        if from < stream.start {
            stream.restart();
        }
        (stream.from, stream.to) = (from, to);
        loop {
            let Some(stream) = self.open.get_mut(id) else { return Reach::Never };
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
                    if let (Ok(used), Some(stream)) = (used, self.open.get_mut(id)) {
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
        if let Some(stream) = self.open.get_mut(id) {
            let left = stream.stored.saturating_sub(stream.taken);
            let left = usize::try_from(left).unwrap_or(usize::MAX);
            stream.fetched.clear();
            stream.used = 0;
            stream.fetched.extend_from_slice(bytes.get(..left).unwrap_or(bytes));
        }
    }

    fn push(&mut self, id: usize, input: &[u8]) -> Result<u64, (&'static str, u64)> {
        let Some(stream) = self.open.get_mut(id) else { return Ok(0) };
        let (before, members) = (stream.made(), stream.members);
        let left = usize::try_from(stream.stored.saturating_sub(stream.taken)).unwrap_or(usize::MAX);
        let used = stream.push(input.get(..left).unwrap_or(input));
        let made = stream.made();
        if used == 0 && made == before && stream.state == State::Running {
            stream.end_of_input();
        }
        let is_bomb = made > RATIO_FROM && made.checked_div(stream.taken.max(1)).is_some_and(|r| r > self.max_ratio);
        let begun = stream.members.saturating_sub(members).saturating_mul(stream.form.begin_cost);
        let limit = if !self.budget.spend(made.saturating_sub(before).saturating_add(begun)) {
            self.is_spent = true;
            self.budget_of
        } else if is_bomb {
            ("max_inflate_ratio", self.max_ratio)
        } else if made != before && self.stop.as_ref().is_some_and(|stop| stop()) {
            (MAX_SECONDS, 0)
        } else if self.open.iter().fold(0, |sum: u64, s| sum.saturating_add(s.held)) > self.max_windows {
            ("max_window_bytes", self.max_windows)
        } else {
            return Ok(used);
        };
        if let Some(stream) = self.open.get_mut(id) {
            stream.state = State::Cut;
        }
        Err(limit)
    }
}

/// Bytes up to which any ratio goes: an honest array of zeros may be as large.
const RATIO_FROM: u64 = 64 * 1024 * 1024;

/// Bytes of a buffer that is kept for the next stream, and for how many streams.
const SPARE: usize = 256 * 1024;
const SPARES: usize = 4;

/// Bytes of all streams up to which any ratio goes: four streams that may go
/// that far, and a quarter of a second.
const TOTAL_FROM: u64 = 4 * RATIO_FROM;

/// How often a byte of the source may be inflated at the full ratio: a stream
/// that does not fit into memory is inflated twice, one inside it twice more.
const PASSES: u64 = 4;

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::sync::Arc;

    use crate::bytes::wide;
    use crate::limits::Limits;
    use crate::names::Names;
    use crate::scan::{Record, Session};

    /// Scans bytes; gives the record, and how many streams were open at most.
    fn scan(data: &[u8], name: &str) -> (Record, usize) {
        let limits = Arc::new(Limits::default());
        let mut session = Session::new(wide(data.len()), name, Arc::new(Names::default()), limits);
        let mut most = 0;
        loop {
            let wants = session.wants().to_vec();
            most = most.max(session.open_streams());
            if wants.is_empty() {
                return (session.finish(), most);
            }
            for want in wants {
                let at = |n: u64| usize::try_from(n).unwrap_or(usize::MAX);
                session.feed(want.span.start, data.get(at(want.span.start)..at(want.until)).unwrap_or(&[]));
            }
        }
    }

    fn deflated(data: &[u8]) -> Vec<u8> {
        let mut out = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::fast());
        out.write_all(data).and_then(|()| out.finish()).unwrap_or_default()
    }

    /// A zip of deflated members.
    fn zip(members: &[(String, Vec<u8>)]) -> Vec<u8> {
        let (mut out, mut directory) = (Vec::new(), Vec::new());
        let four = |n: usize| u32::try_from(n).unwrap_or(0).to_le_bytes();
        let two = |n: usize| u16::try_from(n).unwrap_or(0).to_le_bytes();
        for (name, data) in members {
            let (start, packed) = (out.len(), deflated(data));
            let mut common = vec![20, 0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0];
            common.extend([four(packed.len()), four(data.len())].concat());
            common.extend([two(name.len()), two(0)].concat());
            out.extend([b"PK\x03\x04", common.as_slice(), name.as_bytes(), &packed].concat());
            directory
                .extend([b"PK\x01\x02\x14\0", common.as_slice(), &[0; 10], &four(start), name.as_bytes()].concat());
        }
        let end = [four(directory.len()), four(out.len())].concat();
        let count = [two(members.len()), two(members.len())].concat();
        [out, directory, b"PK\x05\x06\0\0\0\0".to_vec(), count, end, vec![0, 0]].concat()
    }

    #[test]
    fn one_stream_is_open_however_many_members_there_are() {
        let members: Vec<_> = (0..500).map(|i| (format!("{i}.pkl"), b"\x80\x02K\x01.".to_vec())).collect();
        let (record, most) = scan(&zip(&members), "many.zip");
        assert_eq!((record.parts.len(), most), (501, 1), "{:#?}", record.parts.first());
        assert!(record.is_quiet());
    }

    #[test]
    fn streams_are_open_as_deep_as_regions_are_nested() {
        let mut inner = vec![("a.pkl".to_owned(), b"\x80\x02N.".to_vec())];
        for depth in 0..4 {
            let archive = zip(&inner);
            inner = (0..3).map(|i| (format!("{depth}{i}.zip"), archive.clone())).collect();
        }
        let (record, most) = scan(&zip(&inner), "nest.zip");
        assert!(record.is_quiet(), "{record:#?}");
        assert!(record.parts.len() > 200 && most <= 5, "{} parts, {most} streams", record.parts.len());
    }
}
