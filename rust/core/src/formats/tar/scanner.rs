//! Walks the headers in their order and hands the members up.

use std::sync::Arc;

use super::defects;
use super::header::{self, BLOCK, BLOCK_BYTES, Header, Kind, until_nul};
use super::links::Link;
use super::members::{Members, Sort};
use super::pax::{self, Records};
use crate::bytes::{Span, printable, wide};
use crate::error::Error;
use crate::formats::{Part, Probe, Scanner, Want};
use crate::limits::Limits;
use crate::observe::Outbox;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// At a header, or at the end.
    Header,
    /// At the data of a header that speaks of the next member.
    Extension(Kind, u64),
    /// At a block of a sparse file's map; its data takes so many bytes.
    Map(u64),
    /// Behind one zero block.
    End,
    /// Behind two: zeros up to the end of the region.
    Trailer,
    Done,
}

/// What headers before a member said of it.
#[derive(Debug, Default)]
struct Ahead {
    /// Where the first of them stands.
    start: Option<u64>,
    long_name: Option<Vec<u8>>,
    long_link: Option<Vec<u8>>,
    pax: Option<Records>,
}

/// The scanner.
pub(super) struct TarScanner {
    limits: Arc<Limits>,
    len: u64,
    pos: u64,
    need: u64,
    phase: Phase,
    ahead: Ahead,
    members: Members,
    /// Bytes of names that may still be kept.
    room: u64,
    headers: u64,
    /// The member whose map is being read: name and header.
    sparse: Option<(Vec<u8>, Span)>,
    /// The first header may be no header after all, until another follows.
    is_guess: bool,
    format: &'static str,
}

impl TarScanner {
    pub(super) fn new(p: &Probe<'_>) -> Self {
        let first = p.head.first_chunk::<BLOCK>().and_then(Header::read);
        let is_guess = first.is_some_and(|h| h.has_blank_sum && !h.has_magic());
        Self {
            limits: p.limits.clone(),
            len: p.len,
            pos: 0,
            need: BLOCK_BYTES,
            phase: Phase::Header,
            ahead: Ahead::default(),
            members: Members::default(),
            room: p.limits.max_directory_bytes,
            headers: 0,
            sparse: None,
            is_guess,
            format: "tar",
        }
    }

    /// Takes one step; false when the window is too short for it.
    fn step(&mut self, window: &[u8], out: &mut Outbox) -> bool {
        let left = self.len.saturating_sub(self.pos);
        if self.pos > self.len || (left > 0 && left < self.need) {
            return self.cut(window, left, out);
        }
        if left == 0 {
            self.end_of_region(out);
            return true;
        }
        let need = usize::try_from(self.need).unwrap_or(usize::MAX);
        let Some((bytes, _)) = window.split_at_checked(need) else { return false };
        match self.phase {
            Phase::Header => match bytes.first_chunk::<BLOCK>() {
                Some(block) if block.iter().all(|&b| b == 0) => self.zero_block(out),
                Some(block) => self.header(block, out),
                None => return false,
            },
            Phase::Extension(kind, size) => self.extension(kind, size, bytes, out),
            Phase::Map(size) => {
                self.pos = self.pos.saturating_add(BLOCK_BYTES);
                if !header::map_goes_on(bytes)
                    && let Some((name, header)) = self.sparse.take()
                {
                    self.data(&name, header, size, out);
                }
            }
            Phase::End if bytes.iter().all(|&b| b == 0) => {
                self.pos = self.pos.saturating_add(BLOCK_BYTES);
                (self.phase, self.need) = (Phase::Trailer, 1);
            }
            Phase::End => self.trailing(self.pos, out),
            Phase::Trailer => match window.iter().position(|&b| b != 0) {
                Some(at) => self.trailing(self.pos.saturating_add(wide(at)), out),
                None => self.pos = self.pos.saturating_add(wide(window.len())),
            },
            Phase::Done => {}
        }
        true
    }

    /// Fewer bytes are left than stand here.
    fn cut(&mut self, window: &[u8], left: u64, out: &mut Outbox) -> bool {
        if self.pos <= self.len && matches!(self.phase, Phase::Header | Phase::End) {
            // A part of a block: zeros are an end that is not whole.
            if wide(window.len()) < left {
                return false;
            }
            if window.iter().all(|&b| b == 0) {
                self.end_of_region(out);
                return true;
            }
        }
        let span = Span { start: self.pos.min(self.len), end: self.len };
        out.defect(Error::new(&defects::TRUNCATED, span).with("whole blocks", format!("{left} bytes")));
        self.finish(out);
        true
    }

    /// The region ends where a block might begin.
    fn end_of_region(&mut self, out: &mut Outbox) {
        let span = Span { start: self.len, end: self.len };
        match self.phase {
            Phase::Trailer => {}
            _ if self.ahead.start.is_some() || matches!(self.phase, Phase::Extension(..) | Phase::Map(_)) => {
                out.defect(Error::new(&defects::TRUNCATED, span).with("a member after its own headers", "the end"));
            }
            _ => {
                let found = if self.phase == Phase::End { "one" } else { "none" };
                out.defect(Error::new(&defects::MISSING_END, span).with("two zero blocks", found));
            }
        }
        self.finish(out);
    }

    fn zero_block(&mut self, out: &mut Outbox) {
        if self.ahead.start.is_some() {
            let error = Error::new(&defects::BAD_HEADER, self.block());
            out.defect(error.with("a member after its own headers", "the end of the archive"));
            self.finish(out);
            return;
        }
        self.pos = self.pos.saturating_add(BLOCK_BYTES);
        self.phase = Phase::End;
    }

    fn trailing(&mut self, at: u64, out: &mut Outbox) {
        let rest = Span { start: at, end: self.len };
        out.defect(
            Error::new(&defects::TRAILING_DATA, rest).with("zeros up to the end", format!("{} bytes", rest.len())),
        );
        self.finish(out);
    }

    const fn block(&self) -> Span {
        Span::at(self.pos, BLOCK_BYTES)
    }

    fn header(&mut self, block: &[u8; BLOCK], out: &mut Outbox) {
        let span = self.block();
        let Some(header) = Header::read(block).filter(|h| h.summed) else {
            // tarfile ends the archive here, GNU tar looks for the next header.
            let error = Error::new(&defects::BAD_HEADER, span);
            out.defect(error.with("a header with its sum, or zeros", printable(block, 16)));
            self.finish(out);
            return;
        };
        self.headers = self.headers.saturating_add(1);
        if self.headers > self.limits.max_members {
            out.limit("max_members", self.limits.max_members, span, "another header");
            self.finish(out);
            return;
        }
        if let Some((expected, at)) = header.odd {
            let place = Span::at(self.pos.saturating_add(at), 1);
            out.defect(Error::new(&defects::HEADER_FIELD, place).with(expected, printable(&header.name(), 80)));
        }
        match header.kind {
            Kind::LongName | Kind::LongLink | Kind::Pax | Kind::PaxGlobal => self.announce(&header, out),
            _ => self.member(&header, out),
        }
    }

    /// A header that speaks of the member after it.
    fn announce(&mut self, header: &Header<'_>, out: &mut Outbox) {
        let span = self.block();
        self.ahead.start.get_or_insert(span.start);
        self.pos = span.end;
        let max = self.limits.max_tar_header_bytes;
        if header.size > max {
            out.limit("max_tar_header_bytes", max, span, format!("{} bytes", header.size));
            self.finish(out);
            return;
        }
        if header.size == 0 {
            self.extension(header.kind, 0, &[], out);
            return;
        }
        self.need = blocks(header.size).unwrap_or(u64::MAX);
        self.phase = Phase::Extension(header.kind, header.size);
    }

    fn extension(&mut self, kind: Kind, size: u64, bytes: &[u8], out: &mut Outbox) {
        let span = Span::at(self.pos, size);
        self.pos = self.pos.saturating_add(wide(bytes.len()));
        (self.phase, self.need) = (Phase::Header, BLOCK_BYTES);
        let (bytes, padding) = bytes.split_at(usize::try_from(size).unwrap_or(usize::MAX).min(bytes.len()));
        if !self.spend(size, span, out) {
            return;
        }
        if padding.iter().any(|&b| b != 0) {
            // tarfile reads on to the end of the block, others stop at the size.
            let defect =
                if matches!(kind, Kind::Pax | Kind::PaxGlobal) { &defects::PAX_RECORD } else { &defects::NAME_NUL };
            let padding = Span { start: span.end, end: self.pos };
            out.defect(Error::new(defect, padding).with("zeros behind the size", "others"));
        }
        match kind {
            Kind::LongName | Kind::LongLink => {
                let name = until_nul(bytes);
                // Rust's tar takes off one NUL, others end at the first.
                if !matches!(bytes.get(name.len()..), Some([] | [0])) {
                    out.defect(Error::new(&defects::NAME_NUL, span).with("one NUL at the end", printable(bytes, 80)));
                }
                let slot = if kind == Kind::LongName { &mut self.ahead.long_name } else { &mut self.ahead.long_link };
                if slot.replace(name.to_vec()).is_some() {
                    self.stacked(span, out);
                }
            }
            _ => self.records(kind, bytes, span, out),
        }
    }

    fn records(&mut self, kind: Kind, bytes: &[u8], span: Span, out: &mut Outbox) {
        let (records, fault) = pax::read(bytes);
        if let Some(fault) = fault {
            let at = Span::at(span.start.saturating_add(fault.at), 1);
            out.defect(Error::new(&defects::PAX_RECORD, at).with(fault.expected, fault.found));
        }
        for name in [&records.path, &records.linkpath, &records.sparse_name].into_iter().flatten() {
            if name.contains(&0) {
                out.defect(Error::new(&defects::NAME_NUL, span).with("a name without NUL", printable(name, 80)));
            }
        }
        if kind == Kind::PaxGlobal {
            if records.places() {
                let error = Error::new(&defects::PAX_RECORD, span);
                out.defect(error.with("no name and no size for all members", printable(bytes, 80)));
            }
            // It speaks of all that follow, not of the next one.
            return;
        }
        if let Some(before) = &mut self.ahead.pax {
            // tarfile lets the first header win, POSIX the last.
            let (before, records) = (std::mem::take(before), records);
            self.ahead.pax = Some(Records {
                path: before.path.or(records.path),
                linkpath: before.linkpath.or(records.linkpath),
                size: before.size.or(records.size),
                is_sparse: before.is_sparse || records.is_sparse,
                sparse_name: before.sparse_name.or(records.sparse_name),
            });
            self.stacked(span, out);
        } else {
            self.ahead.pax = Some(records);
        }
    }

    fn stacked(&self, span: Span, out: &mut Outbox) {
        out.defect(Error::new(&defects::STACKED_HEADERS, span).with("one header of a kind", "another"));
    }

    fn member(&mut self, header: &Header<'_>, out: &mut Outbox) {
        let span = self.block();
        let ahead = std::mem::take(&mut self.ahead);
        let pax = ahead.pax.unwrap_or_default();
        let twice = |a: bool, b: bool| a && b;
        if twice(ahead.long_name.is_some(), pax.path.is_some())
            || twice(ahead.long_link.is_some(), pax.linkpath.is_some())
        {
            self.stacked(span, out);
        }
        let name = pax.sparse_name.or(pax.path).or(ahead.long_name).unwrap_or_else(|| header.name());
        let target = pax.linkpath.or(ahead.long_link).unwrap_or_else(|| header.link().to_vec());
        if !self.spend(wide(name.len().saturating_add(target.len())), span, out) {
            return;
        }
        if let Some(size) = pax.size
            && size != header.size
            && !(header.size == 0 && size > MAX_OCTAL_SIZE)
        {
            // CVE-2025-62518: tokio-tar stepped by the header's size, and read
            // the data as headers.
            let error = Error::new(&defects::PAX_SIZE, span);
            out.defect(error.with(format!("{size} bytes, as in the pax header"), header.size.to_string()));
        }
        let size = pax.size.unwrap_or(header.size);
        let holds = matches!(header.kind, Kind::File | Kind::Unknown | Kind::Sparse);
        let is_folder = header.kind == Kind::Folder || (header.kind == Kind::File && name.ends_with(b"/"));
        if size > 0 && (is_folder || !holds) {
            let error = Error::new(&defects::FOLDER_DATA, span);
            out.defect(error.with("0 bytes", format!("{size} bytes of {}", printable(&name, 80))));
        }
        let unsupported = |what: &str| {
            Error::new(&defects::UNSUPPORTED_MEMBER, span).with("", format!("{what} {}", printable(&name, 80)))
        };
        match header.kind {
            Kind::Special => {
                out.defect(Error::new(&defects::SPECIAL_MEMBER, span).with("", printable(&name, 80)));
            }
            Kind::Sparse => out.defect(unsupported("a sparse file")),
            Kind::Unknown => {
                let what = format!("type {} of", printable(&[header.flag], 1));
                out.defect(unsupported(&what));
            }
            _ if pax.is_sparse => out.defect(unsupported("a sparse file")),
            Kind::HardLink | Kind::SymbolicLink => self.members.link(Link {
                name: name.clone(),
                target,
                is_hard: header.kind == Kind::HardLink,
                at: span.start,
                before: self.members.count(),
            }),
            _ => {}
        }
        let sort = match header.kind {
            Kind::SymbolicLink => Sort::SymbolicLink,
            Kind::HardLink | Kind::Special => Sort::Other,
            _ if is_folder => Sort::Folder,
            _ => Sort::File,
        };
        self.members.add(&name, sort, span, out);
        self.pos = span.end;
        if header.kind == Kind::Sparse && header.map_goes_on() {
            self.sparse = Some((name, span));
            self.phase = Phase::Map(header.size);
            return;
        }
        // The size of old sparse files is never that of a pax header.
        let size = if header.kind == Kind::Sparse { header.size } else { size };
        self.data(&name, span, if holds { size } else { 0 }, out);
    }

    /// Hands up the data that stands here and goes on behind it.
    fn data(&mut self, name: &[u8], header: Span, size: u64, out: &mut Outbox) {
        (self.phase, self.need) = (Phase::Header, BLOCK_BYTES);
        let data = Span::at(self.pos, size);
        if size > 0 && data.start < self.len {
            self.members.child(name, data);
        }
        let end = blocks(size).and_then(|size| self.pos.checked_add(size));
        match end {
            Some(end) if end <= self.len => self.pos = end,
            _ => {
                let room = self.len.saturating_sub(self.pos);
                let error = Error::new(&defects::TRUNCATED, header);
                out.defect(error.with(format!("{size} bytes in whole blocks"), room.to_string()));
                self.finish(out);
            }
        }
    }

    /// Counts what is kept of names; false when there is too much of it.
    fn spend(&mut self, bytes: u64, span: Span, out: &mut Outbox) -> bool {
        match self.room.checked_sub(bytes) {
            Some(room) => {
                self.room = room;
                true
            }
            None => {
                out.limit("max_directory_bytes", self.limits.max_directory_bytes, span, "more of names");
                self.finish(out);
                false
            }
        }
    }

    fn finish(&mut self, out: &mut Outbox) {
        self.phase = Phase::Done;
        self.members.check(out);
        self.format = self.members.hand_up(self.len, out);
    }

    /// Every defect of an archive that turns out to be none would be noise.
    #[must_use]
    fn is_archive(&self) -> bool {
        !self.is_guess || self.headers > 1
    }
}

/// Largest size that eleven octal digits hold: from there on writers of pax
/// leave zero in the header.
const MAX_OCTAL_SIZE: u64 = 0o777_7777_7777;

/// Bytes in whole blocks.
fn blocks(size: u64) -> Option<u64> {
    size.checked_next_multiple_of(BLOCK_BYTES)
}

impl Scanner for TarScanner {
    fn wants(&self, wants: &mut Vec<Want>) {
        if self.phase != Phase::Done && self.pos < self.len {
            let need = self.need.min(self.len.saturating_sub(self.pos));
            wants.push(Want { span: Span::at(self.pos, need), until: self.len });
        }
    }

    fn feed(&mut self, at: u64, bytes: &[u8], out: &mut Outbox) {
        while self.phase != Phase::Done {
            let from = usize::try_from(self.pos.saturating_sub(at)).unwrap_or(usize::MAX);
            // Where nothing is left, nothing is needed to see it.
            let window = match bytes.get(from..) {
                Some(window) => window,
                None if self.pos >= self.len => &[],
                None => return,
            };
            if !self.step(window, out) {
                return;
            }
        }
    }

    fn part(&mut self) -> Part {
        Part { recognised: self.is_archive(), format: self.format, ..Part::default() }
    }
}
