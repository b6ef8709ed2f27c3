//! Finds out how long a compressed stream is that does not say so.
//!
//! It is inflated from end to end once: what fits is kept and read in any
//! order, a longer one is inflated again as it is scanned. What is wrong with
//! the stream is told with what was in it; what came out before counts.

use std::sync::Arc;

use super::ending::MAX_SECONDS;
use super::region::{Phase, Source};
use super::session::{Session, Supply};
use super::stream::State;
use crate::bytes::{Span, wide};
use crate::error::Error;
use crate::formats::compressed::defects;
use crate::observe;

/// Bytes that come out between two looks at the limits.
const MEASURE: u64 = 64 * 1024;

impl Session {
    /// Opens the stream that the innermost region comes out of.
    pub(super) fn open_stream(&mut self) {
        let below = self.regions.len().saturating_sub(1);
        let is_spent = self.streams.is_spent();
        let Some(region) = self.regions.last_mut() else { return };
        let Some(kind) = region.packed.take() else { return };
        if is_spent {
            // Told of the stream that spent the budget.
            return self.skip_region("over-limit");
        }
        let id = self.streams.open(kind, region.source.clone(), region.stored, below);
        (region.source, region.own) = (Source::Stream(id, 0), Some(id));
        if matches!(region.phase, Phase::Measure) {
            self.streams.keep(id, true);
        }
    }

    /// Goes on inflating the innermost region until its stream ends.
    pub(super) fn measure(&mut self) {
        let Some(id) = self.regions.last().and_then(|region| region.own) else { return };
        let room = self.limits.max_inflated_bytes.saturating_sub(self.held_bytes());
        loop {
            let made = self.streams.made(id);
            if made.saturating_add(MEASURE) > room {
                self.streams.keep(id, false);
            }
            match self.reach(id, made, made.saturating_add(MEASURE)) {
                Supply::Here => {}
                Supply::Fetch(want) => return self.wants.push(want),
                Supply::Never => return self.measured(id, None),
                Supply::OverLimit(name, limit) => return self.measured(id, Some((name, limit))),
            }
        }
    }

    /// The stream ends here: its region begins.
    fn measured(&mut self, id: usize, limit: Option<(&'static str, u64)>) {
        let (made, state, taken) = (self.streams.made(id), self.streams.state(id), self.streams.taken(id));
        if limit.is_some_and(|(name, _)| name == MAX_SECONDS) {
            return self.out_of_time();
        }
        if let Some((name, _)) = limit {
            self.limit_hit(name);
        }
        let Some(region) = self.regions.last_mut() else { return };
        (region.own, region.len, region.phase) = (None, made, Phase::Head);
        let at = Span { start: made, end: made };
        if let Some((name, limit)) = limit {
            let error =
                Error::new(&crate::limits::LIMIT, at).with(format!("{name} = {limit}"), "a stream that goes on");
            region.pending.push(error);
        } else {
            let stored = region.stored;
            let error = match state {
                State::Ended => None,
                State::Running | State::Cut => Some(Error::new(&defects::TRUNCATED, at)),
                State::Broken(reason) => Some(Error::new(&defects::BAD_STREAM, at).with("", reason)),
                State::Unsupported(reason) => Some(Error::new(&defects::UNSUPPORTED, at).with("", reason)),
                State::Trailing(from) => Some(
                    Error::new(&defects::TRAILING_DATA, at)
                        .with("", format!("{} bytes, from {from:#x} of the stream on", stored.saturating_sub(from))),
                ),
            };
            region.pending.extend(error);
            if let Some(from) = self.streams.gap(id) {
                let found = format!("zeros from {from:#x} of the stream on, and another one behind them");
                region.pending.push(Error::new(&defects::TRAILING_DATA, at).with("", found));
            }
        }
        let kept = self.streams.is_whole(id);
        let Some(region) = self.regions.last_mut() else { return };
        if made == 0 {
            let error = region.pending.pop().unwrap_or_else(|| Error::new(&observe::EMPTY_FILE, at));
            let guessed = taken <= MAX_GUESS && self.streams.form(id).is_some_and(|form| !form.is_signed);
            let error =
                if guessed { Error::new(&observe::UNRECOGNISED_CONTENT, at).with("", error.found) } else { error };
            return self.stop_region(error);
        }
        if kept {
            region.source = Source::Memory(Arc::new(self.streams.take(id)), 0);
            self.streams.close(id);
        } else {
            self.streams.restart(id);
        }
    }

    /// Bytes of inflated regions that are held in memory now.
    pub(super) fn held_bytes(&self) -> u64 {
        let mut seen: Vec<*const Vec<u8>> = Vec::new();
        let mut held: u64 = 0;
        for region in &self.regions {
            if let Source::Memory(data, _) = &region.source
                && !seen.contains(&Arc::as_ptr(data))
            {
                seen.push(Arc::as_ptr(data));
                held = held.saturating_add(wide(data.len()));
            }
        }
        held
    }
}

/// Compressed bytes after which a stream without a signature is no guess.
const MAX_GUESS: u64 = 64;
