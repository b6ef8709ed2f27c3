//! The sans-IO scan: says which bytes it wants, is fed them, ends in a record.
//!
//! Regions are worked on one at a time, outer before inner. Every format is
//! asked about every region; all that match are followed, and two that hold
//! are a polyglot.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use super::foreign;
use super::mismatch;
use super::record::{PartRecord, Record};
use super::region::{Active, Phase, Region, Source, early_tail, head_want, range, shift, tail_want};
use super::stream::{Reach, State, Streams};
use crate::bytes::{Span, wide};
use crate::decode;
use crate::error::Error;
use crate::formats::{FORMATS, Format, HEAD_BYTES, Match, Part, Probe, Want, named_like_model, zip};
use crate::limits::{Budget, Limits};
use crate::names::Names;
use crate::observe::{self, Child, Outbox, Role};
use crate::trace::Trace;

/// Which opcode rows to keep.
#[derive(Clone, Debug, Default)]
pub struct TraceRequest {
    /// Part and offset of each; `None` for every row.
    pub around: Option<Vec<(usize, u64)>>,
    /// Rows before each.
    pub before: usize,
    /// Rows after each.
    pub after: usize,
}

/// Says that a scan has gone on for long enough: the clock is the driver's.
pub type Stop = Arc<dyn Fn() -> bool + Send + Sync>;

/// The scan of one source.
pub struct Session {
    pub(super) name: String,
    pub(super) names: Arc<Names>,
    pub(super) limits: Arc<Limits>,
    pub(super) trace: Option<TraceRequest>,
    stop: Option<Stop>,
    pub(super) streams: Streams,
    /// The stream whose compressed bytes were asked for.
    feeding: Option<usize>,
    pub(super) regions: Vec<Region>,
    pub(super) wants: Vec<Want>,
    /// Steps left: a bug that makes no progress must not become a scan without
    /// end.
    pub(super) steps: Budget,
    /// Wants of the batch that were fed.
    pub(super) fed: usize,
    /// By part: keys of storages that a pickle of the archive names.
    pub(super) storages: HashMap<usize, HashSet<String>>,
    /// By part: classes that the code of the archive defines.
    pub(super) classes: HashMap<usize, Arc<HashSet<String>>>,
    /// By part: members that no format claimed, and the first names.
    pub(super) unclaimed: BTreeMap<usize, (u64, Vec<String>)>,
    pub(super) record: Record,
}

impl Session {
    /// A scan of a source of `size` bytes. The name only hints.
    #[must_use]
    pub fn new(size: u64, name: &str, names: Arc<Names>, limits: Arc<Limits>) -> Self {
        let name = name.rsplit(['/', '\\']).next().unwrap_or(name).to_lowercase();
        let mut session = Self {
            names,
            streams: Streams::new(&limits, size),
            feeding: None,
            limits,
            trace: None,
            stop: None,
            regions: Vec::new(),
            wants: Vec::new(),
            fed: 0,
            steps: Budget::new(size.saturating_mul(4).saturating_add(STEPS)),
            storages: HashMap::new(),
            classes: HashMap::new(),
            unclaimed: BTreeMap::new(),
            record: Record { size, named_like_model: named_like_model(&name), ..Record::default() },
            name,
        };
        if size == 0 {
            session.plain_part(None, Some(0), 0, Error::new(&observe::EMPTY_FILE, Span::default()));
        } else {
            session.regions.push(Region::new(None, size, Source::File(0), Role::Any, 0));
        }
        session
    }

    /// Keeps opcode rows.
    #[must_use]
    pub fn with_trace(mut self, request: TraceRequest) -> Self {
        self.trace = Some(request);
        self
    }

    /// Ends at the limit `max_seconds` when `stop` says so.
    #[must_use]
    pub fn with_stop(mut self, stop: Stop) -> Self {
        self.streams.stop = Some(stop.clone());
        self.stop = Some(stop);
        self
    }

    /// Works on what is in memory until bytes of the source are needed; gives
    /// those. Empty: finished.
    pub fn wants(&mut self) -> &[Want] {
        self.wants.clear();
        self.fed = 0;
        if !self.regions.is_empty() && self.stop.as_ref().is_some_and(|stop| stop()) {
            self.out_of_time();
        }
        while self.wants.is_empty() && !self.regions.is_empty() {
            if !self.steps.spend(1) {
                self.stalled(Want { span: Span { start: 0, end: self.record.size }, until: self.record.size });
                self.regions.clear();
                break;
            }
            self.work();
        }
        self.record.rounds = self.record.rounds.saturating_add(u64::from(!self.wants.is_empty()));
        &self.wants
    }

    /// Takes bytes of the source that begin at `at`: all of a wanted span, or
    /// fewer where the source ended.
    pub fn feed(&mut self, at: u64, bytes: &[u8]) {
        // Drivers feed in the order of the wants: the next one is the likeliest.
        let next = self.wants.get(self.fed).copied().filter(|w| w.span.start == at);
        let Some(want) = next.or_else(|| self.wants.iter().find(|w| w.span.start == at).copied()) else { return };
        self.fed = self.fed.saturating_add(1);
        if wide(bytes.len()) < want.span.len() {
            self.source_changed(want);
            return;
        }
        if let Some(id) = self.feeding.take() {
            return self.streams.feed(id, bytes);
        }
        let Some(region) = self.regions.last_mut() else { return };
        let Source::File(base) = region.source else { return };
        let relative = at.saturating_sub(base);
        // Bytes past the region belong to somebody else.
        let left = usize::try_from(region.stored.saturating_sub(relative)).unwrap_or(usize::MAX);
        self.deliver(relative, bytes.get(..left).unwrap_or(bytes));
    }

    /// Counts bytes a driver read.
    pub fn count_read(&mut self, bytes: u64) {
        self.record.bytes_read = self.record.bytes_read.saturating_add(bytes);
    }

    /// Compressed streams that are open now: as many as stand in each other.
    #[must_use]
    pub fn open_streams(&self) -> usize {
        self.streams.count()
    }

    /// The record. What was still wanted is reported as missing.
    #[must_use]
    pub fn finish(mut self) -> Record {
        if let Some(want) = self.wants().first().copied() {
            self.source_changed(want);
        }
        self.tell_unclaimed();
        self.record
    }

    fn probe<'h>(&'h self, region: &'h Region, name: &'h str) -> Probe<'h> {
        Probe {
            head: &region.head,
            tail: &region.tail,
            len: region.len,
            name,
            role: &region.role,
            classes: region.container.and_then(|c| self.classes.get(&c)),
            contested: false,
            names: &self.names,
            limits: &self.limits,
        }
    }

    /// One step of the innermost region.
    fn work(&mut self) {
        self.streams.close_ended(self.regions.len());
        if self.regions.last().is_some_and(|region| region.packed.is_some()) {
            self.open_stream();
        }
        let Some(region) = self.regions.last() else { return };
        let mut wants = Vec::new();
        match &region.phase {
            Phase::Measure => return self.measure(),
            // It may have come with the archive's own headers.
            Phase::Head if wide(region.head.len()) >= head_want(region).span.len() => return self.got_head(),
            Phase::Head => wants.extend(early_tail(region).into_iter().chain([head_want(region)])),
            Phase::Tail => wants.push(tail_want(region)),
            Phase::Drain => return self.drain(),
            Phase::Children(_) => return self.next_child(),
            Phase::Run => match &region.active {
                Some(active) => active.scanner.wants(&mut wants),
                None => return self.next_candidate(),
            },
        }
        let Some(first) = wants.first().copied() else { return self.end_active() };
        if matches!(region.phase, Phase::Run) && region.met == Some(first) {
            return self.stalled(first);
        }
        if let Some(region) = self.regions.last_mut() {
            region.asked = Some(first);
        }
        for want in wants {
            match self.supply(want) {
                Supply::Fetch(fetch) => {
                    self.wants.push(fetch);
                    if self.feeding.is_some() {
                        return;
                    }
                }
                Supply::Here => return self.supply_here(want),
                Supply::Never => return self.inflate_failed(),
                Supply::OverLimit(name, limit) => return self.stop_at_limit(name, limit),
            }
        }
    }

    /// How a want of the innermost region can be met.
    fn supply(&mut self, want: Want) -> Supply {
        let (id, base) = match self.regions.last().map(|region| &region.source) {
            None => return Supply::Never,
            Some(Source::File(base)) => return Supply::Fetch(shift(want, *base)),
            // What was inflated may be less than was declared.
            Some(Source::Memory(data, base)) => {
                let ends = base.saturating_add(want.span.end) <= wide(data.len());
                return if ends { Supply::Here } else { Supply::Never };
            }
            Some(Source::Stream(id, base)) => (*id, *base),
        };
        self.reach(id, base.saturating_add(want.span.start), base.saturating_add(want.span.end))
    }

    pub(super) fn reach(&mut self, id: usize, from: u64, to: u64) -> Supply {
        match self.streams.reach(id, from, to) {
            Reach::Here => Supply::Here,
            Reach::Never => Supply::Never,
            Reach::OverLimit(name, limit) => Supply::OverLimit(name, limit),
            Reach::Fetch(id, want) => {
                self.feeding = Some(id);
                Supply::Fetch(want)
            }
        }
    }

    /// Meets a want from memory.
    fn supply_here(&mut self, want: Want) {
        let Some(region) = self.regions.last() else { return };
        let until = want.until.min(region.len);
        match region.source.clone() {
            Source::Memory(data, base) => {
                let add = |n: u64| n.saturating_add(base);
                self.deliver(want.span.start, range(&data, add(want.span.start), add(until)));
            }
            Source::Stream(id, base) => {
                let add = |n: u64| n.saturating_add(base);
                if matches!(region.phase, Phase::Tail) {
                    return self.hold_whole(id, base);
                }
                let bytes = self.streams.bytes(id, add(want.span.start), add(until)).to_vec();
                self.deliver(want.span.start, &bytes);
            }
            Source::File(_) => {}
        }
    }

    /// Gives plain bytes to what waits for them.
    pub(super) fn deliver(&mut self, at: u64, bytes: &[u8]) {
        let Some(region) = self.regions.last_mut() else { return };
        match &region.phase {
            Phase::Head if at > 0 => region.tail = bytes.to_vec(),
            Phase::Head => {
                region.head = clip(bytes, HEAD_BYTES.min(region.len));
                self.got_head();
            }
            Phase::Tail => {
                region.tail = clip(bytes, region.len.saturating_sub(at));
                self.choose();
            }
            Phase::Measure | Phase::Drain | Phase::Children(_) => {}
            Phase::Run => {
                if let Some(active) = &mut region.active {
                    active.scanner.feed(at, bytes, &mut active.out);
                    region.met = region.asked.filter(|w| w.span.start == at).or(region.met);
                }
            }
        }
    }

    fn got_head(&mut self) {
        let Some(region) = self.regions.last_mut() else { return };
        if region.role == Role::Marker {
            if region.len <= 64
                && region
                    .head
                    .iter()
                    .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-' | b'\n' | b' '))
            {
                if region.own.is_none() {
                    return self.skip_region("marker");
                }
                // Its stream is seen to the end.
                region.phase = Phase::Drain;
                return;
            }
            region.role = Role::Any;
        }
        if let Role::TensorData(key) = &region.role
            && !region.container.and_then(|c| self.storages.get(&c)).is_some_and(|named| named.contains(key))
        {
            // No tensor of the archive is made of it: it is a member like any.
            region.role = Role::Any;
            return;
        }
        // A declared pickle is never read as an archive by the loader that
        // declared it, and raw numbers by nobody.
        let needs_tail = region.is_random() && matches!(region.role, Role::Any);
        if !needs_tail || wide(region.tail.len()) >= tail_want(region).span.len() {
            self.choose();
        } else if wide(region.head.len()) >= region.len {
            region.tail = region.head.clone();
            self.choose();
        } else {
            region.phase = Phase::Tail;
        }
    }

    /// Asks every format; those that match are followed in turn.
    pub(super) fn choose(&mut self) {
        let Some(region) = self.regions.last() else { return };
        let name = region.name(&self.name);
        let matches: Vec<_> = FORMATS.iter().map(|f| (*f, (f.probe)(&self.probe(region, &name)))).collect();
        let Some(region) = self.regions.last_mut() else { return };
        region.sure = matches.iter().filter(|(_, m)| *m == Match::Sure).map(|(f, _)| *f).collect();
        // What begins like another format is not called broken for its name:
        // a page or a pointer saved as a model is told as what it is.
        let guessed = |f: &Format, m: Match| m == Match::Named || (m == Match::Maybe && !f.proves_itself);
        let foreign = matches.iter().any(|(f, m)| guessed(f, *m))
            && foreign::recognise(&region.head, region.len, &name).is_some();
        region.by_name = matches.iter().filter(|(_, m)| *m == Match::Named).map(|(f, _)| *f).collect();
        let follows = |f: &Format, m: Match| m != Match::No && !(foreign && guessed(f, m));
        let mut followed: Vec<_> = matches.into_iter().filter(|(f, m)| follows(f, *m)).collect();
        followed.sort_by_key(|(_, m)| *m == Match::Named);
        // Taken from the back.
        region.candidates = followed.into_iter().map(|(f, _)| f).rev().collect();
        region.phase = Phase::Run;
        if !region.is_random() && region.candidates.iter().any(|f| f.name == zip::FORMAT.name) {
            self.materialise();
        }
    }

    fn next_candidate(&mut self) {
        let Some(region) = self.regions.last_mut() else { return };
        let Some(format) = region.candidates.pop() else {
            region.phase = Phase::Drain;
            return;
        };
        let Some(region) = self.regions.last() else { return };
        let name = region.name(&self.name);
        let mut probe = self.probe(region, &name);
        let rivals = region.sure.iter().any(|f| f.name != format.name) && !region.role.is_text();
        probe.contested = rivals || matches!(region.role, Role::TensorData(_));
        let mut scanner = (format.open)(&probe);
        let mut out = Outbox::new(self.limits.max_observations);
        out.trace = self.trace_for(self.record.parts.len().saturating_add(region.finished.len()));
        // Part of the head is enough for most headers, and costs no read.
        scanner.feed(0, &region.head, &mut out);
        if let Some(region) = self.regions.last_mut() {
            region.met = None;
            region.active = Some(Active { format, scanner, out });
        }
    }

    fn trace_for(&self, part: usize) -> Option<Trace> {
        let request = self.trace.as_ref()?;
        Some(match &request.around {
            None => Trace::all(),
            Some(around) => {
                let offsets = around.iter().filter(|(p, _)| *p == part).map(|(_, o)| *o).collect();
                Trace::around(offsets, request.before, request.after)
            }
        })
    }

    fn end_active(&mut self) {
        if let Some(region) = self.regions.last_mut()
            && let Some(active) = region.active.take()
        {
            region.finished.push(active);
        }
    }

    /// Sees a member that was inflated as a whole to the end of its stream, so
    /// that nothing hides behind it; then ends the region.
    fn drain(&mut self) {
        let Some(region) = self.regions.last() else { return };
        let (own, len) = (region.own, region.len);
        let Some(id) = own.filter(|&id| self.streams.state(id) == State::Running && self.streams.made(id) == len)
        else {
            return self.end_region();
        };
        match self.reach(id, len, len.saturating_add(1)) {
            Supply::Fetch(fetch) => self.wants.push(fetch),
            Supply::Here | Supply::Never => self.end_region(),
            Supply::OverLimit(name, limit) => self.stop_at_limit(name, limit),
        }
    }

    /// All candidates were followed: what held is what the region is.
    fn end_region(&mut self) {
        let Some(mut region) = self.regions.pop() else { return };
        let mut held = self.hold(&mut region, None);
        let by_name = |(p, _): &(PartRecord, Vec<Child>)| region.by_name.iter().any(|f| f.name == p.family);
        if !held.iter().all(by_name) {
            held.retain(|p| !by_name(p));
        }
        let (mut held, children): (Vec<_>, Vec<_>) = held.into_iter().unzip();
        let children: Vec<_> = children.into_iter().flatten().collect();
        if held.is_empty() {
            return match self.inflated_fault(&region) {
                Some(error) => self.plain_part(region.member.clone(), region.offset(), region.len, error),
                None => self.nothing_held(&region),
            };
        }
        if let ([first, .., last], span) = (&mut *held, Span { start: 0, end: region.len }) {
            let both = format!("{} and {}", first.part.format, last.part.format);
            first.observations.push(Error::new(&observe::POLYGLOT, span).with("one format", both).into());
        }
        if region.member.is_none() {
            self.record.recognised = true;
            self.record.format = held.first().map_or("", |p| p.part.format);
        }
        if let (Some(first), Some(error)) = (held.first_mut(), self.inflated_fault(&region)) {
            first.observations.push(error.into());
        }
        let formats: Vec<_> = held.iter().flat_map(|p| [p.part.format, p.family]).collect();
        if let (Some(first), Some(error)) =
            (held.first_mut(), mismatch::of_formats(&region.name(&self.name), region.len, &formats))
        {
            first.observations.push(error.into());
        }
        if let Some(first) = held.first_mut() {
            first.observations.extend(std::mem::take(&mut region.pending).into_iter().map(Into::into));
        }
        self.follow_children(region, children, held);
    }

    /// The parts of what held among the matches followed, and what they hand
    /// up. One that was cut short could not show whether it holds: what it saw
    /// is kept.
    pub(super) fn hold(&mut self, region: &mut Region, cut_short: Option<Active>) -> Vec<(PartRecord, Vec<Child>)> {
        let offset = region.offset();
        let mut held = Vec::new();
        let finished = std::mem::take(&mut region.finished).into_iter().map(|a| (a, false));
        for (Active { format, mut scanner, mut out }, is_cut) in finished.chain(cut_short.map(|a| (a, true))) {
            let mut part = scanner.part();
            if !part.recognised && !is_cut {
                continue;
            }
            // A record may name places that are not there; its report may not.
            for o in &mut out.observations {
                o.span = Span { start: o.span.start.min(region.len), end: o.span.end.min(region.len) };
            }
            self.share(region, &mut part);
            if part.format.is_empty() {
                part.format = format.name;
            }
            for skip in out.skipped {
                self.record.skipped.push((region.member.clone(), skip));
            }
            for name in out.limits_hit {
                if !self.record.limits_hit.contains(&name) {
                    self.record.limits_hit.push(name);
                }
            }
            let index = self.record.parts.len().saturating_add(held.len());
            if let Some(trace) = out.trace {
                self.record.rows.extend(trace.into_rows().into_iter().map(|row| (index, row)));
            }
            let record = PartRecord {
                member: region.member.clone(),
                offset,
                size: region.len,
                family: format.name,
                part,
                observations: out.observations,
                dropped: out.dropped,
            };
            held.push((record, out.children));
        }
        held
    }

    /// Keeps what the other members of the archive are read with.
    fn share(&mut self, region: &Region, part: &mut Part) {
        let Some(container) = region.container else { return };
        let (named, declares) = (std::mem::take(&mut part.storages), std::mem::take(&mut part.declares));
        if !named.is_empty() {
            // Each pickle of an archive has a folder of its own.
            let folder = match region.name("").strip_suffix(".pkl") {
                Some("data") | None => String::new(),
                Some(stem) => format!("{stem}/"),
            };
            let named = named.into_iter().map(|key| format!("{folder}{key}"));
            self.storages.entry(container).or_default().extend(named);
        }
        if matches!(region.role, Role::ScriptCode(..)) {
            Arc::make_mut(self.classes.entry(container).or_default()).extend(declares);
        }
    }

    /// A member that was inflated to its end is as long as declared, and its
    /// stream ends where it does.
    fn inflated_fault(&self, region: &Region) -> Option<Error> {
        let id = region.own?;
        let (made, state, taken) = (self.streams.made(id), self.streams.state(id), self.streams.taken(id));
        let span = Span { start: 0, end: region.len };
        let ended = matches!(state, State::Ended | State::Trailing(_));
        if ended && made != region.len || made > region.len {
            let error = Error::new(&decode::INFLATED_SIZE, span);
            return Some(error.with(format!("{} bytes", region.len), format!("{made} bytes")));
        }
        if made == region.len && (state != State::Ended || taken < region.stored) {
            let found = format!("{taken} of {} bytes used", region.stored);
            let error = Error::new(&decode::BAD_DEFLATE, span);
            return Some(error.with("a stream that ends where the member does", found));
        }
        None
    }
}

/// How a want can be met.
pub(super) enum Supply {
    /// From the source: this want, counted in the source.
    Fetch(Want),
    /// From memory, now.
    Here,
    /// Not at all: there are no such bytes.
    Never,
    /// Not within the limit of this name.
    OverLimit(&'static str, u64),
}

/// Steps any source may take, beyond four for each of its bytes: a member takes
/// about ten, and there are 200,000 of them at most.
const STEPS: u64 = 10_000_000;

fn clip(bytes: &[u8], len: u64) -> Vec<u8> {
    let len = usize::try_from(len).unwrap_or(usize::MAX);
    bytes.get(..len).unwrap_or(bytes).to_vec()
}
