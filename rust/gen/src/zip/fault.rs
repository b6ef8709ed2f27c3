//! Archives with one fault each.

use super::archive::{Archive, Member};
use crate::catalogue::catalogue;
use crate::rng::Rng;

catalogue! {
    /// What can be wrong with a zip archive, by the rule that sees it.
    {
        MissingEnd = "zip-missing-end",
        PrefixData = "zip-prefix-data",
        TrailingData = "zip-trailing-data",
        DirectoryMismatch = "zip-directory-mismatch",
        BadEntry = "zip-bad-entry",
        DuplicateMember = "zip-duplicate-member",
        NameMismatch = "zip-name-mismatch",
        HeaderMismatch = "zip-header-mismatch",
        OddFlags = "zip-odd-flags",
        MemberGap = "zip-member-gap",
        MemberOverlap = "zip-member-overlap",
        BadChecksum = "zip-bad-checksum",
        UnsafeName = "zip-unsafe-name",
        OddName = "zip-odd-name",
        EncryptedMember = "zip-encrypted-member",
        UnsupportedMethod = "zip-unsupported-method",
        BadDeflate = "zip-bad-deflate",
        InflatedSize = "zip-inflated-size",
    }
}

impl Fault {
    /// An archive with this fault and no other. What is wrong with a checksum is only
    /// seen by who reads every byte.
    #[must_use]
    pub fn archive(self, rng: &mut Rng) -> Vec<u8> {
        let mut archive = Archive::of(vec![Member::stored("a.pkl", PICKLE), Member::stored("b/c.pkl", PICKLE)]);
        let count = archive.members.len();
        let at = rng.below(2);
        let pick = |rng: &mut Rng, from: &[&str]| rng.pick(from).copied().unwrap_or("").as_bytes().to_vec();
        let Some(member) = archive.members.get_mut(at) else { return Vec::new() };
        match self {
            Self::MissingEnd => archive.cut = true,
            Self::PrefixData => {
                archive.prefix = vec![0; rng.below(64).saturating_add(1)];
                archive.prefix_uncounted = true;
            }
            Self::TrailingData => {
                let text = b"signed by nobody";
                archive.trailing = text.get(rng.below(text.len())..).unwrap_or(text).to_vec();
            }
            Self::DirectoryMismatch => {
                let told = u16::try_from(count).unwrap_or(2);
                archive.entries = Some(if rng.one_in(2) { told.saturating_add(1) } else { told.saturating_sub(1) });
            }
            // What it would list is then listed by nobody: that is seen, too.
            Self::BadEntry => {
                member.signature =
                    Some(rng.pick(&[*b"PK\x01\x03", *b"PK\0\0", *b"XK\x01\x02"]).copied().unwrap_or_default())
            }
            Self::DuplicateMember => {
                let copy = member.clone();
                archive.members.push(copy);
            }
            Self::NameMismatch => {
                member.local_name = Some(member.name.iter().map(|&b| if b == b'p' { b'q' } else { b }).collect())
            }
            Self::HeaderMismatch => match rng.below(2) {
                0 => member.local_size = Some(3),
                _ => member.local_crc = Some(0x1234_5678),
            },
            Self::OddFlags => member.flags |= 0x20,
            Self::MemberGap => member.unlisted = true,
            Self::MemberOverlap => {
                // An archive in an archive, whose member the outer directory lists too.
                let inner = Archive::of(vec![Member::stored("inner.pkl", PICKLE)]);
                let inside = inner.write();
                let mut outer = Member::stored("outer.bin", &inside);
                outer.local_extra = Vec::new();
                let offset = outer.name.len().saturating_add(30);
                let mut shown = Member::stored("inner.pkl", PICKLE);
                shown.offset = u32::try_from(offset).ok();
                return overlapping(&outer, &shown);
            }
            Self::BadChecksum => {
                let wrong = Some(u32::from(rng.byte()));
                (member.crc, member.local_crc) = (wrong, wrong);
            }
            Self::UnsafeName => {
                member.name = pick(rng, &["a/../../b.pkl", "../b.pkl", "/b.pkl", "C:\\b.pkl", "..\\b.pkl"])
            }
            Self::OddName => member.name = pick(rng, &["a./b.pkl"]),
            Self::EncryptedMember => member.flags |= 1,
            Self::UnsupportedMethod => member.method = rng.pick(&[12, 14, 93, 95, 97]).copied().unwrap_or(12),
            Self::BadDeflate => {
                *member = Member::deflated("a.pkl", PICKLE);
                member.name = if at == 0 { b"a.pkl".to_vec() } else { b"b/c.pkl".to_vec() };
                if let Some(first) = member.stored.first_mut() {
                    *first = rng.pick(&[7, 6]).copied().unwrap_or(7);
                }
            }
            Self::InflatedSize => {
                let name = if at == 0 { "a.pkl" } else { "b/c.pkl" };
                *member = Member::deflated(name, &[PICKLE, PICKLE].concat());
                let told = u32::try_from(PICKLE.len()).ok();
                (member.size, member.local_size) = (told, told);
            }
        }
        archive.write()
    }
}

/// An archive of one member, and of another that lies inside the first.
fn overlapping(outer: &Member, shown: &Member) -> Vec<u8> {
    let whole = Archive::of(vec![outer.clone()]).write();
    // The hidden member has an entry and no place of its own: its local header is
    // that of the inner archive.
    let mut other = Archive::of(vec![shown.clone()]);
    other.prefix = Vec::new();
    let one = other.write();
    let end = |bytes: &[u8]| bytes.len().saturating_sub(22);
    let start = |bytes: &[u8]| bytes.windows(4).rposition(|w| w == b"PK\x01\x02").unwrap_or(0);
    let mut out = whole.get(..start(&whole)).unwrap_or(&[]).to_vec();
    let at = out.len();
    out.extend_from_slice(whole.get(start(&whole)..end(&whole)).unwrap_or(&[]));
    out.extend_from_slice(one.get(start(&one)..end(&one)).unwrap_or(&[]));
    let size = out.len().saturating_sub(at);
    out.extend_from_slice(b"PK\x05\x06\0\0\0\0\x02\0\x02\0");
    out.extend_from_slice(&u32::try_from(size).unwrap_or(0).to_le_bytes());
    out.extend_from_slice(&u32::try_from(at).unwrap_or(0).to_le_bytes());
    out.extend_from_slice(&[0, 0]);
    out
}

/// A pickle of None.
const PICKLE: &[u8] = b"\x80\x02N.";
