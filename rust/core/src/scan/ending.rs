//! How a region ends when no format holds, a limit is reached, or its bytes
//! run out: always with a reason that a person can act on.

use super::foreign::{self, Foreign, Kind};
use super::mismatch;
use super::record::PartRecord;
use super::region::{Phase, Region, Source};
use super::session::Session;
use super::stream::State;
use crate::bytes::{Span, wide};
use crate::decode;
use crate::error::Error;
use crate::formats::{Want, tar, zip};
use crate::observe::{self, Role};

/// The limit that the driver's clock is held against.
pub(super) const MAX_SECONDS: &str = "max_seconds";

/// Unclaimed members that are named; the rest is counted.
const MAX_NAMED: usize = 3;

impl Session {
    /// No format held: raw numbers, a format known by name, or nothing known.
    pub(super) fn nothing_held(&mut self, region: &Region) {
        if region.role == Role::Marker {
            return self.skipped(region.member.clone(), observe::Skip { why: "marker", bytes: region.len });
        }
        if matches!(region.role, Role::TensorData(_)) {
            let skip = observe::Skip { why: "tensor-data", bytes: region.len };
            self.record.skipped.push((region.member.clone(), skip));
            return;
        }
        let span = Span { start: 0, end: region.len };
        let name = region.name(&self.name);
        let known = foreign::recognise(&region.head, region.len, &name);
        let may_hold_model = known.as_ref().is_some_and(Foreign::may_hold_model);
        if let Some(container) = region.container
            && region.pending.is_empty()
            && !may_hold_model
        {
            return self.unclaimed_member(container, region, known.map_or("", |f| f.name));
        }
        let mismatch = known.as_ref().and_then(|f| mismatch::of_foreign(&name, region.len, f));
        let error = match &known {
            Some(f) if f.kind == Kind::Pointer => Error::new(&observe::LFS_POINTER, span).with("", &*f.told),
            Some(f) if f.is_no_model() => Error::new(&observe::NOT_A_MODEL, span).with("", &*f.told),
            Some(f) => Error::new(&observe::UNSUPPORTED_FORMAT, span).with("", f.name),
            None => {
                let first = region.head.get(..8).unwrap_or(&region.head);
                let found = format!("{} bytes that begin {}", region.len, crate::bytes::printable(first, 8));
                Error::new(&observe::UNRECOGNISED_CONTENT, span).with("", found)
            }
        };
        if region.member.is_none() {
            self.record.format = known.map_or("", |f| f.name);
            self.record.named_like_model |= may_hold_model;
        }
        self.plain_part(region.member.clone(), region.offset(), region.len, error);
        if let Some(part) = self.record.parts.last_mut() {
            part.observations.extend(region.pending.iter().cloned().map(Into::into));
            part.observations.extend(mismatch.map(Into::into));
        }
    }

    /// A member that no format claims: counted, and told once for its archive,
    /// with what it begins like.
    pub(super) fn unclaimed_member(&mut self, container: usize, region: &Region, like: &'static str) {
        let (count, names) = self.unclaimed.entry(container).or_default();
        *count = count.saturating_add(1);
        if names.len() < MAX_NAMED {
            let name = region.member.as_deref().unwrap_or("");
            names.push(if like.is_empty() { name.to_owned() } else { format!("{name} ({like})") });
        }
        self.skipped(region.member.clone(), observe::Skip { why: "unrecognised", bytes: region.len });
    }

    /// Keeps what was skipped: each by its name, up to as many as there may be
    /// parts, and the rest as a sum.
    fn skipped(&mut self, member: Option<String>, skip: observe::Skip) {
        if wide(self.record.skipped.len()) < self.limits.max_parts {
            return self.record.skipped.push((member, skip));
        }
        match self.record.skipped.iter_mut().rev().find(|(m, s)| m.is_none() && s.why == skip.why) {
            Some((_, sum)) => sum.bytes = sum.bytes.saturating_add(skip.bytes),
            None => self.record.skipped.push((None, skip)),
        }
    }

    /// Tells, of each archive, the members that no format claimed.
    pub(super) fn tell_unclaimed(&mut self) {
        for (container, (count, names)) in std::mem::take(&mut self.unclaimed) {
            let alone = self.record.parts.len() == 1 && !self.record.named_like_model;
            let Some(part) = self.record.parts.get_mut(container) else { continue };
            let more = if count > wide(names.len()) { ", ..." } else { "" };
            let found = format!("{count} members: {}{more}", names.join(", "));
            let span = Span { start: 0, end: part.size };
            part.observations.push(Error::new(&observe::UNRECOGNISED_CONTENT, span).with("", found).into());
            // An archive by another name, with nothing known in it, is no model.
            if alone && [zip::FORMAT.name, tar::FORMAT.name].contains(&part.part.format) && part.observations.len() == 1
            {
                self.record.recognised = false;
            }
        }
    }

    /// A part of no format, with the reason.
    pub(super) fn plain_part(&mut self, member: Option<String>, offset: Option<u64>, size: u64, error: Error) {
        let observations = vec![error.into()];
        self.record.parts.push(PartRecord { member, offset, size, observations, ..PartRecord::default() });
    }

    pub(super) fn skip_region(&mut self, why: &'static str) {
        if let Some(region) = self.regions.pop() {
            self.skipped(region.member, observe::Skip { why, bytes: region.len });
        }
    }

    /// A scanner that asks again for what it was given: a bug, which must not
    /// become a scan without end.
    pub(super) fn stalled(&mut self, want: Want) {
        let error = Error::new(&crate::limits::LIMIT, want.span);
        self.limit_hit("progress");
        self.stop_region(error.with("progress", "a region that asks again for what it was given"));
    }

    pub(super) fn inflate_failed(&mut self) {
        let Some(region) = self.regions.last() else { return };
        let id = match region.source {
            Source::Stream(id, _) => Some(id),
            _ => region.own,
        };
        let made = id.map_or(0, |id| self.streams.made(id));
        let ended = id.is_some_and(|id| matches!(self.streams.state(id), State::Ended | State::Trailing(_)));
        let defect = if ended { &decode::INFLATED_SIZE } else { &decode::BAD_DEFLATE };
        let error = Error::new(defect, Span { start: made, end: made.max(region.len) });
        self.stop_region(error.with(format!("{} bytes", region.len), format!("{made} bytes")));
    }

    /// Keeps the name of a limit; false when it was hit before.
    pub(super) fn limit_hit(&mut self, name: &'static str) -> bool {
        let is_new = !self.record.limits_hit.contains(&name);
        if is_new {
            self.record.limits_hit.push(name);
        }
        is_new
    }

    pub(super) fn stop_at_limit(&mut self, name: &'static str, limit: u64) {
        if name == MAX_SECONDS {
            return self.out_of_time();
        }
        self.limit_hit(name);
        let len = self.regions.last().map_or(0, |r| r.len);
        let error = Error::new(&crate::limits::LIMIT, Span { start: 0, end: len });
        self.stop_region(error.with(format!("{name} = {limit}"), format!("{len} bytes")));
    }

    /// The time of the scan is over; what was seen stays.
    pub(super) fn out_of_time(&mut self) {
        self.limit_hit(MAX_SECONDS);
        let len = self.regions.last().map_or(0, |r| r.len);
        let error = Error::new(&crate::limits::LIMIT, Span { start: 0, end: len });
        self.stop_region(error.with(format!("{MAX_SECONDS} = {}", self.limits.max_seconds), "a scan that goes on"));
        self.end_scan();
    }

    /// The source could not be read where bytes were wanted: what was seen stays,
    /// and where only the end is missing, what stands before it is looked at.
    pub fn unreadable(&mut self, span: Span, message: &str) {
        let error = Error::new(&observe::UNREADABLE, span).with("", message);
        let is_tail = |r: &Region| matches!(r.phase, Phase::Tail) || (matches!(r.phase, Phase::Head) && span.start > 0);
        let Some(region) = self.regions.last_mut().filter(|r| is_tail(r)) else {
            self.stop_region(error);
            return self.end_scan();
        };
        if region.pending.iter().all(|e| e.defect.slug != error.defect.slug) {
            region.pending.push(error);
        }
        // No archive ends in zeros.
        region.tail = vec![0; usize::try_from(span.len()).unwrap_or(0)];
        if matches!(region.phase, Phase::Tail) {
            self.choose();
        }
        self.wants.clear();
    }

    /// Ends the scan: nothing that is left is looked at.
    fn end_scan(&mut self) {
        self.regions.clear();
        self.wants.clear();
    }

    /// Ends the scan at a limit on all of it, which is told of the file itself.
    pub(super) fn stop_scan(&mut self, name: &'static str, limit: u64) {
        self.limit_hit(name);
        let span = Span { start: 0, end: self.record.size };
        let error = Error::new(&crate::limits::LIMIT, span).with(format!("{name} = {limit}"), "more of them");
        if let Some(part) = self.record.parts.first_mut() {
            part.observations.push(error.into());
        }
        self.end_scan();
    }

    /// Ends the innermost region with a reason; what was seen in it stays.
    pub(super) fn stop_region(&mut self, error: Error) {
        let Some(mut region) = self.regions.pop() else { return };
        if matches!(region.phase, Phase::Children(_)) {
            if let Some(part) = self.record.parts.get_mut(region.part) {
                part.observations.push(error.into());
            }
            return;
        }
        let active = region.active.take();
        let mut held: Vec<_> = self.hold(&mut region, active).into_iter().map(|(part, _)| part).collect();
        let pending = std::mem::take(&mut region.pending).into_iter().map(Into::into);
        let Some(first) = held.first_mut() else {
            self.plain_part(region.member.clone(), region.offset(), region.len, error);
            if let Some(part) = self.record.parts.last_mut() {
                part.observations.extend(pending);
            }
            return;
        };
        first.observations.push(error.into());
        first.observations.extend(pending);
        if region.member.is_none() {
            self.record.format = first.part.format;
            self.record.recognised |= held.iter().any(|p| p.part.recognised);
        }
        self.record.parts.append(&mut held);
    }

    /// The source is shorter than it said: nothing more can be judged.
    pub(super) fn source_changed(&mut self, want: Want) {
        let error = Error::new(&observe::SOURCE_CHANGED, want.span);
        self.stop_region(error.with(format!("{} bytes", want.span.len()), "fewer"));
        self.end_scan();
    }
}
