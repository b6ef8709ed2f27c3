//! What is inside a region: handed up as a list, made a region one by one.
//!
//! The outer region stays on the stack below them, so that a member costs no
//! more than its name until its turn comes, and a file of 200,000 members no
//! more memory than one of ten with as many bytes of names.

use std::sync::Arc;

use super::record::PartRecord;
use super::region::{Phase, Region, Source, tail_want};
use super::session::Session;
use crate::bytes::{Span, wide};
use crate::error::Error;
use crate::observe::{Child, Encoding};

impl Session {
    /// Records what a region was, and goes on with what is inside it.
    pub(super) fn follow_children(&mut self, mut region: Region, children: Vec<Child>, mut held: Vec<PartRecord>) {
        let follows = !children.is_empty() && self.may_go_deeper(&region, &mut held);
        region.part = self.record.parts.len();
        self.record.parts.append(&mut held);
        if !follows {
            return;
        }
        if let (Some(id), false) = (region.own, matches!(region.source, Source::Stream(..))) {
            // All of it is in memory.
            self.streams.close(id);
        }
        (region.head, region.tail) = (Vec::new(), Vec::new());
        region.phase = Phase::Children(children.into_iter());
        self.regions.push(region);
    }

    fn may_go_deeper(&mut self, region: &Region, held: &mut [PartRecord]) -> bool {
        let limit = self.limits.max_depth;
        if region.depth < limit {
            return true;
        }
        // Told once: a nest has thousands of them.
        if let (true, Some(first)) = (self.limit_hit("max_depth"), held.first_mut()) {
            let error = Error::new(&crate::limits::LIMIT, Span { start: 0, end: region.len });
            first.observations.push(error.with(format!("max_depth = {limit}"), "a region deeper inside").into());
        }
        false
    }

    /// Makes a region of what comes next inside the innermost one.
    pub(super) fn next_child(&mut self) {
        let limit = self.limits.max_parts;
        if wide(self.record.parts.len()) >= limit {
            // A report of each takes more memory and time than the scan of it.
            return self.stop_scan("max_parts", limit);
        }
        let Some(region) = self.regions.last_mut() else { return };
        let Phase::Children(children) = &mut region.phase else { return };
        let Some(child) = children.next() else {
            self.regions.pop();
            return;
        };
        let member = match &region.member {
            Some(outer) => format!("{outer}!{}", child.name),
            None => child.name,
        };
        let source = region.source_at(child.span.start);
        // An entry whose data runs past the archive was reported there.
        let room = region.len.saturating_sub(child.span.start);
        let stored = child.span.len().min(room);
        let mut inner = Region::new(Some(member), stored, source, child.role, region.depth.saturating_add(1));
        inner.head = child.head;
        inner.container = Some(region.part);
        if let Encoding::Compressed(kind, size) = child.encoding {
            inner.packed = Some(kind);
            inner.head.clear();
            match size {
                Some(size) => inner.len = size,
                None => inner.phase = Phase::Measure,
            }
        }
        if inner.len > 0 || matches!(inner.phase, Phase::Measure) {
            self.regions.push(inner);
        }
    }

    /// Inflates the innermost region to its end, so that its end can be read
    /// first.
    pub(super) fn materialise(&mut self) {
        let held = self.held_bytes();
        let limit = self.limits.max_inflated_bytes;
        let Some(region) = self.regions.last_mut() else { return };
        region.candidates.clear();
        region.phase = Phase::Tail;
        if held.saturating_add(region.len) > limit {
            self.stop_at_limit("max_inflated_bytes", limit);
        }
    }

    /// The innermost region came out to its end: from here on it is read in any
    /// order.
    pub(super) fn hold_whole(&mut self, id: usize, base: u64) {
        let Some(region) = self.regions.last_mut() else { return };
        let is_own = region.own == Some(id) && base == 0;
        let len = usize::try_from(region.len).unwrap_or(usize::MAX);
        let data = if is_own {
            let mut data = self.streams.take(id);
            data.truncate(len);
            data
        } else {
            self.streams.bytes(id, base, base.saturating_add(region.len)).to_vec()
        };
        let data = Arc::new(data);
        region.source = Source::Memory(data.clone(), 0);
        let tail = tail_want(region).span;
        let tail = super::region::range(&data, tail.start, tail.end);
        self.deliver(wide(data.len()).saturating_sub(wide(tail.len())), tail);
    }
}
