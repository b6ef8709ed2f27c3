//! The sans-IO scan: says which bytes it wants, is fed them, ends in a record.
//!
//! Regions are worked on one at a time, outer before inner. Every format is
//! asked about every region; all that match are followed, and two that hold
//! are a polyglot.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::foreign;
use super::record::{PartRecord, Record};
use super::region::{Active, Held, Phase, Region, Source, Supply, head_want, inflate_target, tail_want, wide};
use crate::bytes::Span;
use crate::decode::{self, Inflate, State};
use crate::error::Error;
use crate::formats::{FORMATS, Format, HEAD_BYTES, Match, Probe, Want, named_like_model, zip};
use crate::limits::{Budget, Limits};
use crate::names::Names;
use crate::observe::{self, Child, Encoding, Outbox, Role};
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

/// The scan of one source.
pub struct Session {
    name: String,
    names: Arc<Names>,
    limits: Arc<Limits>,
    trace: Option<TraceRequest>,
    inflate_budget: Budget,
    regions: Vec<Region>,
    wants: Vec<Want>,
    /// Wants of the batch that were fed.
    fed: usize,
    /// By part: members that no format claimed, and the first names.
    unclaimed: BTreeMap<usize, (u64, Vec<String>)>,
    record: Record,
}

impl Session {
    /// A scan of a source of `size` bytes. The name only hints.
    #[must_use]
    pub fn new(size: u64, name: &str, names: Arc<Names>, limits: Arc<Limits>) -> Self {
        let name = name.rsplit(['/', '\\']).next().unwrap_or(name).to_lowercase();
        let mut session = Self {
            names,
            inflate_budget: Budget::new(limits.max_total_inflated_bytes),
            limits,
            trace: None,
            regions: Vec::new(),
            wants: Vec::new(),
            fed: 0,
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

    /// Works on what is in memory until bytes of the source are needed; gives
    /// those. Empty: finished.
    pub fn wants(&mut self) -> &[Want] {
        self.wants.clear();
        self.fed = 0;
        while self.wants.is_empty() && !self.regions.is_empty() {
            self.work();
        }
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
        let Some(region) = self.regions.last_mut() else { return };
        let Source::File(base) = region.source else { return };
        let relative = at.saturating_sub(base);
        // Bytes past the region belong to somebody else.
        let left = usize::try_from(region.stored.saturating_sub(relative)).unwrap_or(usize::MAX);
        let bytes = bytes.get(..left).unwrap_or(bytes);
        if region.inflate.is_some() {
            self.inflate(bytes);
        } else {
            self.deliver(relative, bytes);
        }
    }

    /// Counts bytes a driver read.
    pub fn count_read(&mut self, bytes: u64) {
        self.record.bytes_read = self.record.bytes_read.saturating_add(bytes);
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
            contested: false,
            names: &self.names,
            limits: &self.limits,
        }
    }

    /// One step of the innermost region.
    fn work(&mut self) {
        let Some(region) = self.regions.last() else { return };
        let mut wants = Vec::new();
        match &region.phase {
            Phase::Head => wants.push(head_want(region)),
            Phase::Tail => wants.push(tail_want(region)),
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
            let Some(region) = self.regions.last() else { return };
            match region.supply(want, self.limits.max_inflated_bytes) {
                Supply::Fetch(fetch) => self.wants.push(fetch),
                Supply::Here => return self.supply_here(want),
                Supply::Never => return self.inflate_failed(),
                Supply::OverLimit => {
                    let limit = self.limits.max_inflated_bytes;
                    return self.stop_at_limit("max_inflated_bytes", limit);
                }
            }
        }
    }

    /// Meets a want from memory: what is inflated, or inflating from memory.
    fn supply_here(&mut self, want: Want) {
        let Some(region) = self.regions.last() else { return };
        if let Some(inflate) = &region.inflate
            && wide(inflate.out().len()) < want.span.end
        {
            let rest = region.compressed();
            self.inflate_to(rest.as_ref().map_or(&[], Held::as_slice), want.span.end);
            if let Some(Region { inflate: Some(inflate), .. }) = self.regions.last_mut()
                && wide(inflate.out().len()) < want.span.end
            {
                inflate.end_of_input();
            }
            return;
        }
        let bytes = region.bytes(want.span.start, want.until);
        self.deliver(want.span.start, bytes.as_slice());
    }

    fn inflate(&mut self, bytes: &[u8]) {
        let target = self.regions.last().map_or(0, inflate_target);
        self.inflate_to(bytes, target);
        if let Some(region) = self.regions.last_mut()
            && let Some(inflate) = &mut region.inflate
            && inflate.consumed() >= region.stored
        {
            inflate.end_of_input();
        }
    }

    fn inflate_to(&mut self, bytes: &[u8], target: u64) {
        let Some(Region { inflate: Some(inflate), .. }) = self.regions.last_mut() else { return };
        let before = inflate.out().len();
        inflate.push(bytes, usize::try_from(target).unwrap_or(usize::MAX));
        let made = wide(inflate.out().len().saturating_sub(before));
        if !self.inflate_budget.spend(made) {
            let limit = self.limits.max_total_inflated_bytes;
            self.stop_at_limit("max_total_inflated_bytes", limit);
        }
    }

    /// Gives plain bytes to what waits for them.
    fn deliver(&mut self, at: u64, bytes: &[u8]) {
        let Some(region) = self.regions.last_mut() else { return };
        match &region.phase {
            Phase::Head => {
                region.head = clip(bytes, HEAD_BYTES.min(region.len));
                self.got_head();
            }
            Phase::Tail => {
                region.tail = clip(bytes, region.len.saturating_sub(at));
                self.choose();
            }
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
                self.skip_region("marker");
                return;
            }
            region.role = Role::Any;
        }
        // A declared pickle is never read as an archive by the loader that
        // declared it, and raw numbers by nobody.
        let needs_tail = region.is_random() && matches!(region.role, Role::Any);
        if !needs_tail {
            self.choose();
        } else if wide(region.head.len()) >= region.len {
            region.tail = region.head.clone();
            self.choose();
        } else {
            region.phase = Phase::Tail;
        }
    }

    /// Asks every format; those that match are followed in turn.
    fn choose(&mut self) {
        let Some(region) = self.regions.last() else { return };
        let name = region.name(&self.name);
        let matches: Vec<_> = FORMATS.iter().map(|f| (*f, (f.probe)(&self.probe(region, &name)))).collect();
        let Some(region) = self.regions.last_mut() else { return };
        region.sure = matches.iter().filter(|(_, m)| *m == Match::Sure).map(|(f, _)| *f).collect();
        // What begins like another format is not called broken for its name:
        // a page or a pointer saved as a model is told as what it is.
        let foreign = foreign::name(&region.head).is_some();
        let follows = |f: &Format, m: Match| m == Match::Sure || (m == Match::Maybe && (f.proves_itself || !foreign));
        // Taken from the back.
        region.candidates = matches.into_iter().filter(|(f, m)| follows(f, *m)).map(|(f, _)| f).rev().collect();
        region.phase = Phase::Run;
        let random = region.is_random();
        if !random && region.candidates.iter().any(|f| f.name == zip::FORMAT.name) {
            self.materialise();
        }
    }

    /// Inflates a region to its end, so that its end can be read first.
    fn materialise(&mut self) {
        let Some(region) = self.regions.last_mut() else { return };
        region.candidates.clear();
        region.phase = Phase::Tail;
    }

    fn next_candidate(&mut self) {
        let Some(region) = self.regions.last_mut() else { return };
        let Some(format) = region.candidates.pop() else { return self.end_region() };
        let Some(region) = self.regions.last() else { return };
        let name = region.name(&self.name);
        let mut probe = self.probe(region, &name);
        let rivals = region.sure.iter().any(|f| f.name != format.name);
        probe.contested = rivals || region.role == Role::TensorData;
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

    /// All candidates were followed: what held is what the region is.
    fn end_region(&mut self) {
        let Some(mut region) = self.regions.pop() else { return };
        let (is_root, offset) = (region.member.is_none(), region.offset());
        let finished = std::mem::take(&mut region.finished);
        let mut held: Vec<PartRecord> = Vec::new();
        let mut children: Vec<Child> = Vec::new();
        for Active { format, mut scanner, mut out } in finished {
            let mut part = scanner.part();
            if !part.recognised {
                continue;
            }
            // A record may name places that are not there; its report may not.
            for o in &mut out.observations {
                o.span = Span { start: o.span.start.min(region.len), end: o.span.end.min(region.len) };
            }
            if part.format.is_empty() {
                part.format = format.name;
            }
            let index = self.record.parts.len().saturating_add(held.len());
            self.collect(&region, &out);
            children.extend(out.children);
            held.push(PartRecord {
                member: region.member.clone(),
                offset,
                size: region.len,
                part,
                observations: out.observations,
                dropped: out.dropped,
            });
            if let Some(trace) = out.trace {
                self.record.rows.extend(trace.into_rows().into_iter().map(|row| (index, row)));
            }
        }
        if held.is_empty() {
            return self.nothing_held(&region);
        }
        if let ([first, .., last], span) = (&mut *held, Span { start: 0, end: region.len }) {
            let both = format!("{} and {}", first.part.format, last.part.format);
            first.observations.push(Error::new(&observe::POLYGLOT, span).with("one format", both).into());
        }
        if is_root {
            self.record.recognised = true;
            self.record.format = held.first().map_or("", |p| p.part.format);
        }
        self.check_inflated(&region, &mut held);
        if !children.is_empty() {
            region.share();
        }
        self.push_children(&region, children, &mut held);
        self.record.parts.append(&mut held);
    }

    fn collect(&mut self, region: &Region, out: &Outbox) {
        for skip in &out.skipped {
            self.record.skipped.push((region.member.clone(), skip.clone()));
        }
        for name in &out.limits_hit {
            if !self.record.limits_hit.contains(name) {
                self.record.limits_hit.push(name);
            }
        }
    }

    /// A member that was inflated to its end is as long as declared.
    fn check_inflated(&self, region: &Region, held: &mut [PartRecord]) {
        let (Some(inflate), Some(first)) = (&region.inflate, held.first_mut()) else { return };
        let made = wide(inflate.out().len());
        let span = Span { start: 0, end: region.len };
        if inflate.state() == State::Ended && made != region.len || made > region.len {
            let error = Error::new(&decode::INFLATED_SIZE, span);
            first.observations.push(error.with(format!("{} bytes", region.len), format!("{made} bytes")).into());
        }
    }

    fn push_children(&mut self, region: &Region, children: Vec<Child>, held: &mut [PartRecord]) {
        if children.is_empty() {
            return;
        }
        if region.depth.saturating_add(1) > self.limits.max_depth {
            let limit = self.limits.max_depth;
            if let Some(first) = held.first_mut() {
                let error = Error::new(&crate::limits::LIMIT, Span { start: 0, end: region.len });
                first.observations.push(error.with(format!("max_depth = {limit}"), "a region deeper inside").into());
            }
            self.record.limits_hit.push("max_depth");
            return;
        }
        // The stack is worked on from its end.
        for child in children.into_iter().rev() {
            let member = match &region.member {
                Some(outer) => format!("{outer}!{}", child.name),
                None => child.name,
            };
            let source = match &region.source {
                Source::File(base) => Source::File(base.saturating_add(child.span.start)),
                Source::Memory(data, base) => Source::Memory(data.clone(), base.saturating_add(child.span.start)),
            };
            // An entry whose data runs past the archive was reported there.
            let room = region.len.saturating_sub(child.span.start);
            let stored = child.span.len().min(room);
            let mut inner = Region::new(Some(member), stored, source, child.role, region.depth.saturating_add(1));
            inner.head = child.head;
            inner.container = Some(self.record.parts.len());
            if let Encoding::Deflate(size) = child.encoding {
                inner.inflate = Some(Inflate::default());
                inner.len = size;
                inner.head.clear();
            }
            if inner.len > 0 {
                self.regions.push(inner);
            }
        }
    }

    /// No format held: raw numbers, a format known by name, or nothing known.
    fn nothing_held(&mut self, region: &Region) {
        if region.role == Role::TensorData {
            let skip = observe::Skip { why: "tensor-data", bytes: region.len };
            self.record.skipped.push((region.member.clone(), skip));
            return;
        }
        let span = Span { start: 0, end: region.len };
        let known = foreign::name(&region.head);
        if let Some(container) = region.container
            && !known.is_some_and(foreign::may_hold_model)
        {
            return self.unclaimed_member(container, region);
        }
        let error = match known {
            Some(foreign::LFS_POINTER) => Error::new(&observe::LFS_POINTER, span),
            Some(format) => Error::new(&observe::UNSUPPORTED_FORMAT, span).with("", format),
            None => {
                let first = region.head.get(..8).unwrap_or(&region.head);
                let found = format!("{} bytes that begin {}", region.len, crate::bytes::printable(first, 8));
                Error::new(&observe::UNRECOGNISED_CONTENT, span).with("", found)
            }
        };
        if region.member.is_none() {
            self.record.format = known.unwrap_or("");
            self.record.named_like_model |= known.is_some_and(foreign::may_hold_model);
        }
        self.plain_part(region.member.clone(), region.offset(), region.len, error);
    }

    /// A member that no format claims: counted, and told once for its archive.
    fn unclaimed_member(&mut self, container: usize, region: &Region) {
        let (count, names) = self.unclaimed.entry(container).or_default();
        *count = count.saturating_add(1);
        if names.len() < MAX_NAMED {
            names.push(region.member.as_deref().unwrap_or("").to_owned());
        }
        self.record.skipped.push((region.member.clone(), observe::Skip { why: "unrecognised", bytes: region.len }));
    }

    /// Tells, of each archive, the members that no format claimed.
    fn tell_unclaimed(&mut self) {
        for (container, (count, names)) in std::mem::take(&mut self.unclaimed) {
            let alone = self.record.parts.len() == 1 && !self.record.named_like_model;
            let Some(part) = self.record.parts.get_mut(container) else { continue };
            let more = if count > wide(names.len()) { ", ..." } else { "" };
            let found = format!("{count} members: {}{more}", names.join(", "));
            let span = Span { start: 0, end: part.size };
            part.observations.push(Error::new(&observe::UNRECOGNISED_CONTENT, span).with("", found).into());
            // An archive by another name, with nothing known in it, is no model.
            if alone && part.part.format == zip::FORMAT.name && part.observations.len() == 1 {
                self.record.recognised = false;
            }
        }
    }

    /// A part of no format, with the reason.
    fn plain_part(&mut self, member: Option<String>, offset: Option<u64>, size: u64, error: Error) {
        let observations = vec![error.into()];
        self.record.parts.push(PartRecord { member, offset, size, observations, ..PartRecord::default() });
    }

    fn skip_region(&mut self, why: &'static str) {
        if let Some(region) = self.regions.pop() {
            self.record.skipped.push((region.member, observe::Skip { why, bytes: region.len }));
        }
    }

    /// A scanner that asks again for what it was given: a bug, which must not
    /// become a scan without end.
    fn stalled(&mut self, want: Want) {
        let error = Error::new(&crate::limits::LIMIT, want.span);
        self.record.limits_hit.push("progress");
        self.stop_region(error.with("progress", "a region that asks again for what it was given"));
    }

    fn inflate_failed(&mut self) {
        let Some(region) = self.regions.last() else { return };
        let made = region.inflate.as_ref().map_or(0, |i| wide(i.out().len()));
        let ended = region.inflate.as_ref().is_some_and(|i| i.state() == State::Ended);
        let defect = if ended { &decode::INFLATED_SIZE } else { &decode::BAD_DEFLATE };
        let error = Error::new(defect, Span { start: made, end: made.max(region.len) });
        self.stop_region(error.with(format!("{} bytes", region.len), format!("{made} bytes")));
    }

    fn stop_at_limit(&mut self, name: &'static str, limit: u64) {
        if !self.record.limits_hit.contains(&name) {
            self.record.limits_hit.push(name);
        }
        let len = self.regions.last().map_or(0, |r| r.len);
        let error = Error::new(&crate::limits::LIMIT, Span { start: 0, end: len });
        self.stop_region(error.with(format!("{name} = {limit}"), format!("{len} bytes")));
    }

    /// Ends the innermost region with a reason; what its scanner saw stays.
    fn stop_region(&mut self, error: Error) {
        let Some(mut region) = self.regions.pop() else { return };
        let mut record = PartRecord {
            member: region.member.clone(),
            offset: region.offset(),
            size: region.len,
            ..PartRecord::default()
        };
        if let Some(Active { format, mut scanner, out }) = region.active.take() {
            self.collect(&region, &out);
            record.part = scanner.part();
            record.part.format = if record.part.format.is_empty() { format.name } else { record.part.format };
            record.observations = out.observations;
        }
        record.observations.push(error.into());
        if region.member.is_none() {
            self.record.recognised |= record.part.recognised;
            self.record.format = record.part.format;
        }
        self.record.parts.push(record);
    }

    /// The source is shorter than it said: nothing more can be judged.
    fn source_changed(&mut self, want: Want) {
        let error = Error::new(&observe::SOURCE_CHANGED, want.span);
        self.stop_region(error.with(format!("{} bytes", want.span.len()), "fewer"));
        self.regions.clear();
        self.wants.clear();
    }
}

/// Unclaimed members that are named; the rest is counted.
const MAX_NAMED: usize = 3;

fn clip(bytes: &[u8], len: u64) -> Vec<u8> {
    let len = usize::try_from(len).unwrap_or(usize::MAX);
    bytes.get(..len).unwrap_or(bytes).to_vec()
}
