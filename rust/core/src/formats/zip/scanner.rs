//! Reads the end, the directory and all local headers, then hands up members.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::ahead;
use super::checksum::Checksums;
use super::defects;
use super::end::{self, End};
use super::entries::{self, DEFLATED, Directory, Entry, MAX_VERSION, STORED};
use super::local::{self, LOCAL_BYTES, Local};
use super::profile::{self, Profile};
use super::sparse::Sparse;
use crate::bytes::{Span, wide};
use crate::decode::Kind;
use crate::error::Error;
use crate::formats::{Part, Probe, Scanner, Want};
use crate::limits::Limits;
use crate::observe::{Child, Encoding, Observation, Outbox, Role, What};
use crate::path::{self, Place, Rule};

/// Bytes read past a local header and its name: torch pads the extra field up
/// to 64 bytes so that data is aligned, and 64 bytes of data are the probe.
const LOCAL_AHEAD: u64 = 128;

/// Members from here on are read no further than their names: most are numbers
/// of tensors, and of a checkpoint of 138 GB that is half of what is read.
const LARGE: u64 = 4096;

/// Bytes of a member's data that go with it as its head, when they are here.
const CHILD_HEAD: u64 = 64;

enum Phase {
    End,
    Directory(End),
    Locals(End),
    Checksums(Box<Checksums>),
    Done,
}

/// The scanner.
pub(super) struct ZipScanner {
    limits: Arc<Limits>,
    len: u64,
    sparse: Sparse,
    phase: Phase,
    /// Spans asked for, by start.
    needs: BTreeMap<u64, u64>,
    entries: Vec<Entry>,
    /// Where the data of each entry stands, once its local header was read.
    data: Vec<Option<Span>>,
    /// What the names make of the archive, once the directory was read.
    profile: Option<Profile>,
    begins_as_zip: bool,
    recognised: bool,
    format: &'static str,
}

impl ZipScanner {
    pub(super) fn new(p: &Probe<'_>) -> Self {
        let mut sparse = Sparse::new(p.len);
        sparse.insert(0, p.head);
        sparse.insert(p.len.saturating_sub(wide(p.tail.len())), p.tail);
        let begins_as_zip = p.head.starts_with(b"PK\x03\x04") || p.head.starts_with(b"PK\x05\x06");
        Self {
            limits: p.limits.clone(),
            len: p.len,
            sparse,
            phase: Phase::End,
            needs: BTreeMap::new(),
            entries: Vec::new(),
            data: Vec::new(),
            profile: None,
            begins_as_zip,
            recognised: begins_as_zip,
            format: "zip",
        }
    }

    /// Goes on as far as the bytes here allow.
    fn advance(&mut self, out: &mut Outbox) {
        loop {
            self.needs.clear();
            let before = std::mem::replace(&mut self.phase, Phase::Done);
            let (phase, goes_on) = match before {
                Phase::End => self.find_end(out),
                Phase::Directory(end) => self.read_directory(end, out),
                Phase::Locals(end) => self.read_locals(end, out),
                Phase::Checksums(mut sums) => {
                    sums.settle(out);
                    (Phase::Checksums(sums), false)
                }
                Phase::Done => (Phase::Done, false),
            };
            self.phase = phase;
            if !goes_on {
                return;
            }
        }
    }

    fn ask(&mut self, span: Span) {
        let end = span.end.min(self.len);
        let asked = self.needs.entry(span.start).or_insert(end);
        *asked = end.max(*asked);
    }

    fn find_end(&mut self, out: &mut Outbox) -> (Phase, bool) {
        // The shortest tail that can hold a record without a comment is tried
        // first; the long one only when there is a comment or no record.
        let short = Span { start: self.len.saturating_sub(end::EOCD_BYTES), end: self.len };
        let long = Span { start: self.len.saturating_sub(super::TAIL_BYTES), end: self.len };
        let at = self.sparse.get(short).and_then(|t| end::find(t, self.len));
        let Some(at) = at.or_else(|| self.sparse.get(long).and_then(|t| end::find(t, self.len))) else {
            if self.sparse.get(long).is_none() {
                self.ask(long);
                return (Phase::End, false);
            }
            if self.begins_as_zip {
                out.defect(Error::new(&defects::MISSING_END, Span { start: 0, end: self.len }));
            }
            return (Phase::Done, false);
        };
        let get = |span: Span| self.sparse.get(span);
        match end::read(at, &get) {
            Err(span) => {
                self.ask(span);
                (Phase::End, false)
            }
            Ok(None) => (Phase::Done, false),
            Ok(Some(end)) => self.check_end(end, out),
        }
    }

    fn check_end(&mut self, end: End, out: &mut Outbox) -> (Phase, bool) {
        let span = Span { start: end.record, end: end.end.min(self.len) };
        let Some(by_size) = end.directory_by_size() else {
            if self.begins_as_zip {
                out.defect(
                    Error::new(&defects::DIRECTORY_MISMATCH, span)
                        .with("a directory inside the file", format!("{} bytes", end.size)),
                );
            }
            return (Phase::Done, false);
        };
        let first = Span::at(by_size, 4);
        let is_directory = if end.size == 0 {
            // Nothing is in it: an end record alone makes no archive of a file.
            self.begins_as_zip
        } else {
            match self.sparse.get(first) {
                Some(bytes) => bytes == b"PK\x01\x02",
                None => {
                    self.ask(Span { start: by_size, end: end.end.min(self.len) });
                    return (Phase::End, false);
                }
            }
        };
        if !is_directory && !self.begins_as_zip {
            // A signature by chance at the end of another file.
            return (Phase::Done, false);
        }
        self.recognised = true;
        if end.end < self.len {
            let rest = Span { start: end.end, end: self.len };
            out.defect(
                Error::new(&defects::TRAILING_DATA, rest).with("the end of the file", format!("{} bytes", rest.len())),
            );
        } else if end.end > self.len {
            out.defect(
                Error::new(&defects::DIRECTORY_MISMATCH, span)
                    .with("a comment inside the file", format!("{:#x}", end.end)),
            );
            return (Phase::Done, false);
        }
        if end.twisted {
            let expected = "one disk, one count of entries, and a zip64 record that agrees";
            out.defect(Error::new(&defects::DIRECTORY_MISMATCH, span).with(expected, "another"));
        }
        if by_size > end.directory {
            let prefix = Span { start: 0, end: by_size.saturating_sub(end.directory) };
            out.defect(
                Error::new(&defects::PREFIX_DATA, prefix)
                    .with("a first member at 0x0", format!("{} bytes before it", prefix.len())),
            );
        } else if by_size != end.directory {
            let error = Error::new(&defects::DIRECTORY_MISMATCH, span);
            out.defect(error.with(format!("a directory at {by_size:#x}"), format!("{:#x}", end.directory)));
        }
        if end.size > self.limits.max_directory_bytes {
            out.limit("max_directory_bytes", self.limits.max_directory_bytes, span, format!("{} bytes", end.size));
            return (Phase::Done, false);
        }
        (Phase::Directory(end), true)
    }

    fn read_directory(&mut self, end: End, out: &mut Outbox) -> (Phase, bool) {
        let by_size = end.directory_by_size().unwrap_or(0);
        let whole = Span { start: by_size, end: end.end.min(self.len) };
        if self.sparse.get(whole).is_none() {
            self.ask(whole);
            return (Phase::Directory(end), false);
        }
        let (list, broken) = match entries::directory(&self.sparse, &end, self.limits.max_members) {
            Directory::Read(list, broken) => (list, broken),
            Directory::Missing(span) => {
                self.ask(span);
                return (Phase::Directory(end), false);
            }
            Directory::None(error) => {
                out.defect(error);
                return (Phase::Done, false);
            }
        };
        let span = Span { start: end.record, end: end.end.min(self.len) };
        let count = wide(list.len());
        let complete = broken.is_none();
        if let Some(error) = broken {
            out.defect(error);
        }
        if count >= self.limits.max_members && end.entries > count {
            out.limit("max_members", self.limits.max_members, span, format!("{} members", end.entries));
        } else if complete && end.entries != count {
            out.defect(
                Error::new(&defects::DIRECTORY_MISMATCH, span)
                    .with(format!("{} entries", end.entries), count.to_string()),
            );
        }
        self.data = vec![None; list.len()];
        self.entries = list;
        self.check_names(out);
        (Phase::Locals(end), true)
    }

    /// One name, one member, also where case does not count; a name that leads
    /// nowhere else, and nothing that no reader knows.
    fn check_names(&self, out: &mut Outbox) {
        let mut seen: HashMap<Vec<u8>, &Entry> = HashMap::with_capacity(self.entries.len());
        for entry in &self.entries {
            if let Some(first) = seen.insert(entry.name.to_ascii_lowercase(), entry) {
                let found = if first.name == entry.name { "" } else { " but for case" };
                let error = Error::new(&defects::DUPLICATE_MEMBER, entry.record);
                out.defect(error.with(
                    "",
                    format!("{}{found}, as at {:#x}", crate::bytes::printable(&entry.name, 80), first.record.start),
                ));
            }
            // Folders, too: whoever unpacks makes them.
            let found = |rule: Rule| format!("{} ({})", crate::bytes::printable(&entry.name, 80), rule.id());
            match path::place(path::without_letter(&entry.name)) {
                Place::Below => {}
                Place::Odd(rule) => out.defect(Error::new(&defects::ODD_NAME, entry.record).with("", found(rule))),
                Place::Out(rule) => {
                    let error = Error::new(&defects::UNSAFE_NAME, entry.record);
                    out.defect(error.with("a name below the folder", found(rule)));
                }
            }
            if entry.needs > MAX_VERSION {
                let found = format!("{} for {}", entry.needs, crate::bytes::printable(&entry.name, 80));
                let error = Error::new(&defects::UNSUPPORTED_METHOD, entry.record);
                out.defect(error.with(format!("a version of at most {MAX_VERSION}"), found));
            }
            if !entry.has_common_flags() {
                let found = format!("flags {:#06x} of {}", entry.flags, crate::bytes::printable(&entry.name, 80));
                out.defect(Error::new(&defects::ODD_FLAGS, entry.record).with("flags 1, 2, 3 and 11 at most", found));
            }
        }
    }

    fn read_locals(&mut self, end: End, out: &mut Outbox) -> (Phase, bool) {
        let mut misses = self.guess(&end);
        for (entry, slot) in self.entries.iter().zip(&mut self.data).filter(|(_, slot)| slot.is_none()) {
            let more = if entry.compressed < LARGE { LOCAL_AHEAD } else { 0 };
            let ahead = LOCAL_BYTES.saturating_add(wide(entry.name.len())).saturating_add(more);
            let ahead = Span { start: entry.local, end: entry.local.saturating_add(ahead).min(end.record) };
            if ahead.len() >= LOCAL_BYTES && self.sparse.get(Span::at(entry.local, LOCAL_BYTES)).is_none() {
                misses.push(ahead);
                continue;
            }
            *slot = match local::read(&self.sparse, end.record, entry) {
                Local::Missing(span) => {
                    misses.push(span);
                    None
                }
                Local::Read(data, errors) => {
                    errors.into_iter().for_each(|e| out.defect(e));
                    Some(data)
                }
                Local::Bad(error) => {
                    out.defect(error);
                    Some(Span { start: entry.local, end: entry.local })
                }
            };
        }
        if !misses.is_empty() {
            misses.into_iter().for_each(|span| self.ask(span));
            return (Phase::Locals(end), false);
        }
        self.check_tiling(&end, out);
        self.hand_up(out);
        let members = self.entries.iter().zip(self.data.iter().copied());
        (Phase::Checksums(Box::new(Checksums::of(members, self.limits.max_checksum_bytes))), true)
    }

    /// With the first local headers, once: what follows them at once.
    fn guess(&mut self, end: &End) -> Vec<Span> {
        if self.profile.is_some() {
            return Vec::new();
        }
        let names: Vec<(String, u64)> = self.entries.iter().map(|e| (e.text(), e.size)).collect();
        let members: Vec<(&str, u64)> = names.iter().map(|(n, s)| (n.as_str(), *s)).collect();
        let profile = Profile::of(&members);
        let directory = end.directory_by_size().unwrap_or(0);
        let mut spans = ahead::guesses(&self.entries, &profile, directory, LARGE);
        spans.retain(|span| span.end <= directory && self.sparse.get(*span).is_none());
        self.profile = Some(profile);
        spans
    }

    /// Members tile the file: each begins where the one before ends, the first
    /// at the start, the last at the directory.
    fn check_tiling(&self, end: &End, out: &mut Outbox) {
        let mut members: Vec<(Span, &Entry)> = self
            .entries
            .iter()
            .zip(&self.data)
            .filter_map(|(entry, data)| Some((Span { start: entry.local, end: (*data)?.end }, entry)))
            .collect();
        members.sort_unstable_by_key(|(span, _)| *span);
        let directory = end.directory_by_size().unwrap_or(0);
        let base = directory.saturating_sub(end.directory);
        let mut place = base;
        let mut before: Option<&Entry> = None;
        let directory_step = (Span { start: directory, end: directory }, None);
        let steps = members.iter().map(|(span, entry)| (*span, Some(*entry))).chain([directory_step]);
        for (span, entry) in steps {
            if span.start < place {
                let shared = Span { start: span.start, end: place };
                out.defect(
                    Error::new(&defects::MEMBER_OVERLAP, shared)
                        .with(format!("a start at {place:#x}"), format!("{:#x}", span.start)),
                );
            } else {
                let gap = span.start.saturating_sub(place);
                if gap > 0 && !before.is_some_and(|e| e.may_be_followed_by(gap)) {
                    let hole = Span { start: place, end: span.start };
                    out.defect(
                        Error::new(&defects::MEMBER_GAP, hole)
                            .with("a member or the directory", format!("{gap} bytes")),
                    );
                }
            }
            place = place.max(span.end);
            before = entry;
        }
    }

    fn hand_up(&mut self, out: &mut Outbox) {
        let Some(profile) = self.profile.take() else { return };
        self.format = profile.format;
        if let Some(code) = profile.program() {
            let what = What::Trait { code, name: profile.format.to_owned() };
            out.observe(Observation::new(what, Span { start: 0, end: self.len }));
        }
        let mut children = Vec::new();
        for (entry, data) in self.entries.iter().zip(&self.data) {
            let Some(data) = data.filter(|_| !entry.is_folder()) else { continue };
            let name = &entry.text();
            let span = Span::at(data.start, entry.compressed);
            if entry.name.contains(&0) {
                // zipfile ends the name there, others do not.
                let found = crate::bytes::printable(&entry.name, 80);
                out.defect(Error::new(&defects::NAME_MISMATCH, entry.record).with("a name without NUL", found));
            }
            let encoding = match entry.method {
                STORED => {
                    if entry.compressed != entry.size {
                        let error = Error::new(&defects::HEADER_MISMATCH, entry.record);
                        let found = format!("{} and {} bytes", entry.compressed, entry.size);
                        out.defect(error.with("one size of a stored member", found));
                    }
                    Encoding::Stored
                }
                // An empty stream takes two bytes; more of them hold something.
                DEFLATED if entry.size == 0 && entry.compressed > 2 => Encoding::Compressed(Kind::Deflate, Some(1)),
                DEFLATED => Encoding::Compressed(Kind::Deflate, Some(entry.size)),
                other => {
                    let error = Error::new(&defects::UNSUPPORTED_METHOD, entry.record);
                    out.defect(error.with(
                        "stored or deflated",
                        format!("method {other} for {}", crate::bytes::printable(name.as_bytes(), 80)),
                    ));
                    continue;
                }
            };
            if entry.is_encrypted() {
                // The bit may lie: the bytes are probed as they are, too.
                out.defect(
                    Error::new(&defects::ENCRYPTED_MEMBER, entry.record)
                        .with("", crate::bytes::printable(name.as_bytes(), 80)),
                );
            }
            if profile.is_native(name) {
                let what = What::Trait { code: "native-code", name: name.clone() };
                out.observe(Observation::new(what, span));
            }
            let role = match profile.role(name) {
                Role::TensorData(_) if entry.method != STORED => Role::Any,
                role => role,
            };
            let longest = if matches!(role, Role::TorchPickle(_)) { ahead::PICKLE_AHEAD } else { CHILD_HEAD };
            let head = self.sparse.prefix(Span::at(span.start, longest.min(span.len()))).to_vec();
            children.push(Child { name: name.clone(), span, encoding, role, head });
        }
        children.sort_by_key(|c| profile::order(&c.role));
        out.children = children;
    }
}

impl Scanner for ZipScanner {
    fn wants(&self, wants: &mut Vec<Want>) {
        if let Phase::Checksums(sums) = &self.phase {
            wants.extend(sums.want().map(|(span, until)| Want { span, until }));
        }
        wants.extend(self.needs.iter().map(|(&start, &end)| Want { span: Span { start, end }, until: end }));
    }

    fn feed(&mut self, at: u64, bytes: &[u8], out: &mut Outbox) {
        if let Phase::Checksums(sums) = &mut self.phase {
            if sums.want().is_some_and(|(span, _)| span.start == at) {
                sums.feed(bytes, out);
            }
            return;
        }
        self.sparse.insert(at, bytes);
        if self.needs.get(&at).is_some_and(|end| at.saturating_add(wide(bytes.len())) >= *end) {
            self.needs.remove(&at);
        }
        if self.needs.is_empty() {
            self.advance(out);
        }
    }

    fn part(&mut self) -> Part {
        Part { recognised: self.recognised, format: self.format, ..Part::default() }
    }
}
