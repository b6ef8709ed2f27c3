//! A zip archive as a model: members with what their headers say (APPNOTE 4.3). Right
//! by itself, and wrong where a field is set.

/// A member. A field that is `None` says what is true.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Member {
    /// Name in the directory, and in the local header where that is not another.
    pub(super) name: Vec<u8>,
    pub(super) local_name: Option<Vec<u8>>,
    pub(super) version: u16,
    pub(super) flags: u16,
    pub(super) local_flags: Option<u16>,
    pub(super) method: u16,
    pub(super) local_method: Option<u16>,
    pub(super) crc: Option<u32>,
    pub(super) local_crc: Option<u32>,
    pub(super) size: Option<u32>,
    pub(super) local_size: Option<u32>,
    pub(super) packed: Option<u32>,
    pub(super) local_packed: Option<u32>,
    /// Where the directory says that the local header is.
    pub(super) offset: Option<u32>,
    pub(super) local_extra: Vec<u8>,
    pub(super) extra: Vec<u8>,
    pub(super) comment: Vec<u8>,
    pub(super) attributes: u32,
    /// What the member unpacks to; `stored` holds what stands in the file.
    pub(super) plain: Option<Vec<u8>>,
    pub(super) stored: Vec<u8>,
    /// With checksum and sizes behind the data: where they are not known before.
    pub(super) descriptor: bool,
    /// What stands there.
    pub(super) described: Option<[u32; 3]>,
    /// Bytes that belong to nobody, before the local header.
    pub(super) gap: Vec<u8>,
    /// Without an entry in the directory.
    pub(super) unlisted: bool,
    /// What the entry of the directory begins with, where that is not its signature.
    pub(super) signature: Option<[u8; 4]>,
}

impl Member {
    /// A stored member.
    pub(super) fn stored(name: &str, plain: &[u8]) -> Self {
        Self {
            name: name.as_bytes().to_vec(),
            version: 20,
            flags: if name.is_ascii() { 0 } else { UTF8 },
            plain: Some(plain.to_vec()),
            stored: plain.to_vec(),
            ..Self::default()
        }
    }

    /// A deflated member, in blocks that are stored.
    pub(super) fn deflated(name: &str, plain: &[u8]) -> Self {
        Self { method: DEFLATE, stored: deflate(plain), ..Self::stored(name, plain) }
    }

    /// Puts another content in, packed as the old one was.
    pub(super) fn refill(&mut self, plain: &[u8]) {
        self.stored = if self.method == DEFLATE { deflate(plain) } else { plain.to_vec() };
        self.plain = Some(plain.to_vec());
    }

    /// Checksum, packed size and size as the directory has them.
    pub(super) fn said(&self) -> [u32; 3] {
        let plain = self.plain.as_deref();
        [
            self.crc.unwrap_or_else(|| plain.map_or(0, crc32fast::hash)),
            self.packed.unwrap_or_else(|| clamp(self.stored.len())),
            self.size.unwrap_or_else(|| clamp(plain.unwrap_or(&self.stored).len())),
        ]
    }
}

/// An archive.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Archive {
    pub(super) prefix: Vec<u8>,
    pub(super) members: Vec<Member>,
    pub(super) comment: Vec<u8>,
    pub(super) trailing: Vec<u8>,
    /// What the end record says, where that is not what is true: entries, and size
    /// and offset of the directory.
    pub(super) entries: Option<u16>,
    pub(super) directory_size: Option<u32>,
    pub(super) directory_offset: Option<u32>,
    /// Without directory and end record.
    pub(super) cut: bool,
    /// Offsets do not count what stands before the first member.
    pub(super) prefix_uncounted: bool,
}

impl Archive {
    /// An archive of these members.
    pub(super) fn of(members: Vec<Member>) -> Self {
        Self { members, ..Self::default() }
    }

    /// The bytes.
    pub(super) fn write(&self) -> Vec<u8> {
        let mut out = self.prefix.clone();
        let base = if self.prefix_uncounted { self.prefix.len() } else { 0 };
        let mut directory = Vec::new();
        let mut listed = 0u16;
        for member in &self.members {
            out.extend_from_slice(&member.gap);
            let at = clamp(out.len().saturating_sub(base));
            local(&mut out, member);
            if !member.unlisted {
                listed = listed.saturating_add(1);
                entry(&mut directory, member, member.offset.unwrap_or(at));
            }
        }
        if self.cut {
            return out;
        }
        let start = clamp(out.len().saturating_sub(base));
        let size = clamp(directory.len());
        out.extend(directory);
        out.extend_from_slice(END);
        let entries = self.entries.unwrap_or(listed);
        shorts(&mut out, &[0, 0, entries, entries]);
        longs(&mut out, &[self.directory_size.unwrap_or(size), self.directory_offset.unwrap_or(start)]);
        shorts(&mut out, &[u16::try_from(self.comment.len()).unwrap_or(u16::MAX)]);
        out.extend_from_slice(&self.comment);
        out.extend_from_slice(&self.trailing);
        out
    }

    /// Takes an archive apart by its directory; nothing of what is none.
    pub(super) fn parse(bytes: &[u8]) -> Option<Self> {
        let end = bytes.windows(END.len()).rposition(|window| window == END)?;
        let record = bytes.get(end..)?;
        let entries = short(record, 10)?;
        let mut at = usize::try_from(long(record, 16)?).ok()?;
        let comment_end = usize::from(short(record, 20)?).saturating_add(22);
        let comment = record.get(22..comment_end).unwrap_or(&[]).to_vec();
        let trailing = record.get(comment_end..).unwrap_or(&[]).to_vec();
        let mut members = Vec::new();
        let mut next = None;
        let mut prefix = Vec::new();
        for _ in 0..entries.min(MAX_MEMBERS) {
            let (member, offset, length) = listed(bytes, at)?;
            let offset = usize::try_from(offset).ok()?;
            let (member, behind) = located(bytes, offset, member)?;
            if next.is_none() {
                prefix = bytes.get(..offset)?.to_vec();
            }
            next = Some(behind);
            members.push(member);
            at = at.checked_add(length)?;
        }
        Some(Self { prefix, members, comment, trailing, ..Self::default() })
    }
}

/// The entry of the directory at a place: the member as far as it says, the place of
/// the local header, and the length of the entry.
fn listed(bytes: &[u8], at: usize) -> Option<(Member, u32, usize)> {
    let entry = bytes.get(at..)?;
    if !entry.starts_with(ENTRY) {
        return None;
    }
    let (name, extra, comment) =
        (usize::from(short(entry, 28)?), usize::from(short(entry, 30)?), usize::from(short(entry, 32)?));
    let name_end = name.saturating_add(46);
    let extra_end = name_end.saturating_add(extra);
    let end = extra_end.saturating_add(comment);
    let member = Member {
        name: entry.get(46..name_end)?.to_vec(),
        version: short(entry, 6)?,
        flags: short(entry, 8)? & !DESCRIPTOR,
        descriptor: short(entry, 8)? & DESCRIPTOR != 0,
        method: short(entry, 10)?,
        crc: Some(long(entry, 16)?),
        packed: Some(long(entry, 20)?),
        size: Some(long(entry, 24)?),
        extra: entry.get(name_end..extra_end)?.to_vec(),
        comment: entry.get(extra_end..end)?.to_vec(),
        attributes: long(entry, 38)?,
        ..Member::default()
    };
    Some((member, long(entry, 42)?, end))
}

/// The member with its data, and where that ends.
fn located(bytes: &[u8], offset: usize, mut member: Member) -> Option<(Member, usize)> {
    let header = bytes.get(offset..)?;
    if !header.starts_with(LOCAL) {
        return None;
    }
    let name_end = usize::from(short(header, 26)?).saturating_add(30);
    let start = name_end.saturating_add(usize::from(short(header, 28)?));
    let end = start.saturating_add(usize::try_from(member.packed?).ok()?);
    let local_name = header.get(30..name_end)?;
    member.local_extra = header.get(name_end..start)?.to_vec();
    member.stored = header.get(start..end)?.to_vec();
    member.local_name = (local_name != member.name).then(|| local_name.to_vec());
    let mut behind = offset.saturating_add(end);
    if member.descriptor {
        let record = header.get(end..)?;
        member.descriptor = record.starts_with(RECORD);
        if member.descriptor {
            let described = [long(record, 4)?, long(record, 8)?, long(record, 12)?];
            let listed = [member.crc?, member.packed?, member.size?];
            member.described = (described != listed).then_some(described);
            behind = behind.saturating_add(16);
        }
    }
    let plain = match member.method {
        0 => Some(member.stored.clone()),
        DEFLATE => inflate(&member.stored),
        _ => None,
    };
    if let Some(plain) = plain {
        // What is true need not be said.
        if member.crc == Some(crc32fast::hash(&plain)) {
            (member.crc, member.packed, member.size) = (None, None, None);
        }
        member.plain = Some(plain);
    }
    Some((member, behind))
}

fn local(out: &mut Vec<u8>, member: &Member) {
    let name = member.local_name.as_ref().unwrap_or(&member.name);
    out.extend_from_slice(LOCAL);
    let flags = member.flags | if member.descriptor { DESCRIPTOR } else { 0 };
    shorts(
        out,
        &[member.version, member.local_flags.unwrap_or(flags), member.local_method.unwrap_or(member.method), 0, DATE],
    );
    let said @ [crc, packed, size] = member.said();
    let known = |n: u32| if member.descriptor { 0 } else { n };
    longs(
        out,
        &[
            member.local_crc.unwrap_or_else(|| known(crc)),
            member.local_packed.unwrap_or_else(|| known(packed)),
            member.local_size.unwrap_or_else(|| known(size)),
        ],
    );
    shorts(out, &[length(name), length(&member.local_extra)]);
    out.extend_from_slice(name);
    out.extend_from_slice(&member.local_extra);
    out.extend_from_slice(&member.stored);
    if member.descriptor {
        out.extend_from_slice(RECORD);
        longs(out, &member.described.unwrap_or(said));
    }
}

fn entry(out: &mut Vec<u8>, member: &Member, offset: u32) {
    out.extend(member.signature.unwrap_or(*ENTRY));
    let flags = member.flags | if member.descriptor { DESCRIPTOR } else { 0 };
    shorts(out, &[20, member.version, flags, member.method, 0, DATE]);
    longs(out, &member.said());
    shorts(out, &[length(&member.name), length(&member.extra), length(&member.comment), 0, 0]);
    longs(out, &[member.attributes, offset]);
    out.extend_from_slice(&member.name);
    out.extend_from_slice(&member.extra);
    out.extend_from_slice(&member.comment);
}

/// A deflate stream of stored blocks (RFC 1951, 3.2.4).
fn deflate(plain: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut chunks = plain.chunks(usize::from(u16::MAX)).peekable();
    if chunks.peek().is_none() {
        return vec![1, 0, 0, 0xff, 0xff];
    }
    while let Some(chunk) = chunks.next() {
        let n = length(chunk);
        out.push(u8::from(chunks.peek().is_none()));
        shorts(&mut out, &[n, !n]);
        out.extend_from_slice(chunk);
    }
    out
}

/// What such a stream unpacks to; nothing of another kind of stream.
fn inflate(stored: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    let mut rest = stored;
    loop {
        let (&last, body) = rest.split_first()?;
        let n = usize::from(short(body, 0)?);
        let end = n.saturating_add(4);
        out.extend_from_slice(body.get(4..end)?);
        rest = body.get(end..)?;
        match last {
            0 => {}
            1 => return rest.is_empty().then_some(out),
            _ => return None,
        }
    }
}

fn shorts(out: &mut Vec<u8>, numbers: &[u16]) {
    numbers.iter().for_each(|n| out.extend_from_slice(&n.to_le_bytes()));
}

fn longs(out: &mut Vec<u8>, numbers: &[u32]) {
    numbers.iter().for_each(|n| out.extend_from_slice(&n.to_le_bytes()));
}

fn short(bytes: &[u8], at: usize) -> Option<u16> {
    let field = bytes.get(at..)?.first_chunk::<2>()?;
    Some(u16::from_le_bytes(*field))
}

fn long(bytes: &[u8], at: usize) -> Option<u32> {
    let field = bytes.get(at..)?.first_chunk::<4>()?;
    Some(u32::from_le_bytes(*field))
}

fn length(bytes: &[u8]) -> u16 {
    u16::try_from(bytes.len()).unwrap_or(u16::MAX)
}

fn clamp(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

const LOCAL: &[u8; 4] = b"PK\x03\x04";
const ENTRY: &[u8; 4] = b"PK\x01\x02";
const END: &[u8] = b"PK\x05\x06";
const RECORD: &[u8] = b"PK\x07\x08";

pub(super) const DEFLATE: u16 = 8;
/// Sizes stand behind the data.
const DESCRIPTOR: u16 = 8;
/// The name is UTF-8.
pub(super) const UTF8: u16 = 0x800;
/// The first of January 1980.
const DATE: u16 = 0x21;

/// Members of an archive that is taken apart.
const MAX_MEMBERS: u16 = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_archive_is_read_as_it_was_written() {
        let archive = Archive {
            comment: b"hello".to_vec(),
            ..Archive::of(vec![
                Member::stored("a", b"one"),
                Member::deflated("b/c", b"two"),
                Member::deflated("\u{e9}", b""),
                Member { descriptor: true, ..Member::stored("d", b"four") },
                Member { descriptor: true, described: Some([1, 2, 3]), ..Member::deflated("e", b"five") },
            ])
        };
        let bytes = archive.write();
        assert_eq!(Archive::parse(&bytes), Some(archive));
        assert_eq!(Archive::parse(b"PK\x05\x06"), None);
        assert_eq!(inflate(&deflate(&[7; 70_000])), Some(vec![7; 70_000]));
    }
}
