//! The spans of an archive fetched so far, behind rawzip's `ReaderAt`.
//!
//! A read of bytes not fetched yet fails and is noted as a miss; the scanner
//! asks for the miss and tries again. So the reader stays sans-IO.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::io;

use rawzip::ReaderAt;

use crate::bytes::{Span, wide};

/// Fetched windows, by start.
#[derive(Debug, Default)]
pub(super) struct Sparse {
    windows: BTreeMap<u64, Vec<u8>>,
    len: u64,
    miss: Cell<Option<Span>>,
}

impl Sparse {
    /// Nothing fetched of a region of `len` bytes.
    pub(super) fn new(len: u64) -> Self {
        Self { len, ..Self::default() }
    }

    /// Keeps a window.
    pub(super) fn insert(&mut self, at: u64, bytes: &[u8]) {
        if bytes.is_empty() || self.get(Span::at(at, wide(bytes.len()))).is_some() {
            return;
        }
        let window = self.windows.entry(at).or_default();
        if window.len() < bytes.len() {
            *window = bytes.to_vec();
        }
    }

    /// The bytes of a span, when one window holds all of it.
    pub(super) fn get(&self, span: Span) -> Option<&[u8]> {
        // Windows may overlap; the nearest starts are the likeliest.
        self.windows.range(..=span.start).rev().take(3).find_map(|(start, bytes)| {
            let from = usize::try_from(span.start.checked_sub(*start)?).ok()?;
            bytes.get(from..)?.get(..usize::try_from(span.len()).ok()?)
        })
    }

    /// As many first bytes of a span as one window holds.
    pub(super) fn prefix(&self, span: Span) -> &[u8] {
        let windows = self.windows.range(..=span.start).rev().take(3).filter_map(|(start, bytes)| {
            let from = usize::try_from(span.start.checked_sub(*start)?).ok()?;
            let rest = bytes.get(from..)?;
            Some(rest.get(..usize::try_from(span.len()).ok()?).unwrap_or(rest))
        });
        windows.max_by_key(|bytes| bytes.len()).unwrap_or(&[])
    }

    /// As `get`; notes a miss.
    pub(super) fn want(&self, span: Span) -> Option<&[u8]> {
        let found = self.get(span);
        if found.is_none() {
            self.miss.set(Some(span));
        }
        found
    }

    /// The last miss, once.
    pub(super) fn take_miss(&self) -> Option<Span> {
        self.miss.take()
    }
}

impl ReaderAt for &Sparse {
    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        let end = offset.saturating_add(wide(buf.len())).min(self.len);
        let span = Span { start: offset, end };
        if span.is_empty() {
            return Ok(0);
        }
        let Some(bytes) = self.want(span) else {
            return Err(io::Error::other("not fetched yet"));
        };
        let to = buf.get_mut(..bytes.len()).ok_or_else(|| io::Error::other("a buffer shorter than itself"))?;
        to.copy_from_slice(bytes);
        Ok(bytes.len())
    }
}
