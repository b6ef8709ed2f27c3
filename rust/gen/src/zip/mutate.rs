//! Makes an archive of two others: header by header, and the members by their own
//! formats.

use super::archive::{Archive, DEFLATE, Member, UTF8};
use crate::format::Format;
use crate::rng::Rng;

/// A mutant of `data`, with parts of `other`. Where `data` is no archive, its bytes are
/// edited.
#[must_use]
pub fn mutate(data: &[u8], other: &[u8], rng: &mut Rng) -> Vec<u8> {
    if rng.one_in(4) {
        return crate::bytes::mutate(data, rng);
    }
    let Some(mut archive) = Archive::parse(data) else { return crate::bytes::mutate(data, rng) };
    let more = if rng.one_in(2) { 0 } else { rng.below(3) };
    for _ in 0..=more {
        edit(&mut archive, other, rng);
    }
    archive.write()
}

/// Members of both, around which the directory is written anew; nothing where one is no
/// archive.
pub(crate) fn crossover(data: &[u8], other: &[u8], rng: &mut Rng) -> Option<Vec<u8>> {
    let (mut archive, donor) = (Archive::parse(data)?, Archive::parse(other)?);
    archive.members = crate::bytes::crossover(&archive.members, &donor.members, rng);
    if rng.one_in(2) {
        (archive.comment, archive.trailing) = (donor.comment, donor.trailing);
    }
    Some(archive.write())
}

fn edit(archive: &mut Archive, other: &[u8], rng: &mut Rng) {
    let count = archive.members.len();
    let at = rng.below(count);
    let to = rng.below(count.saturating_add(1));
    match rng.below(28) {
        0 => {
            let n = [1, 4, 22, 64].get(rng.below(4)).copied().unwrap_or(1);
            archive.prefix = if rng.one_in(2) { other.get(..256).unwrap_or(other).to_vec() } else { vec![0; n] };
            archive.prefix_uncounted = rng.one_in(2);
        }
        1 => archive.trailing = if rng.one_in(2) { b"x".to_vec() } else { Archive::of(Vec::new()).write() },
        2 => {
            archive.comment = rng
                .pick(&[b"".as_slice(), b"x", b"PK\x05\x06", b"PK\x05\x06\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"])
                .copied()
                .unwrap_or(b"")
                .to_vec()
        }
        3 => archive.entries = Some(u16::try_from(near(count, rng) & 0xffff).unwrap_or(0)),
        4 => archive.directory_size = Some(near(rng.below(400), rng)),
        5 => archive.directory_offset = Some(near(rng.below(400), rng)),
        6 if rng.one_in(3) => archive.cut = true,
        7 => {
            let members = Archive::parse(other).map(|donor| donor.members).unwrap_or_default();
            archive.members.splice(to..to, rng.pick(&members).cloned());
        }
        8 => {
            let name = rng.pick(NAMES).copied().unwrap_or("x");
            archive.members.insert(to, Member::stored(name, other.get(..512).unwrap_or(other)));
        }
        9 if count > 0 => {
            archive.members.remove(at);
        }
        10 if count > 0 => {
            let copy = archive.members.get(at).cloned();
            archive.members.splice(to..to, copy);
        }
        11 if count > 0 => archive.members.swap(at, rng.below(count)),
        12..20 => {
            if let Some(member) = archive.members.get_mut(at) {
                content(member, other, rng);
            }
        }
        _ => {
            if let Some(member) = archive.members.get_mut(at) {
                header(member, rng);
            }
        }
    }
}

/// What a member holds: mutated as the format it is, with checksum and sizes that fit,
/// or not.
fn content(member: &mut Member, other: &[u8], rng: &mut Rng) {
    let Some(plain) = member.plain.take() else {
        member.stored = crate::bytes::mutate(&member.stored, rng);
        return;
    };
    let (crc, size) = (crc32fast::hash(&plain), u32::try_from(plain.len()).ok());
    let new = match rng.below(8) {
        0 => other.get(..1024).unwrap_or(other).to_vec(),
        1 => plain.get(..rng.below(plain.len().saturating_add(1))).unwrap_or(&plain).to_vec(),
        _ => match Format::of(&plain) {
            // Archives in archives: one level is mutated as one.
            Format::Zip | Format::Torch | Format::Bytes => crate::bytes::mutate(&plain, rng),
            format => crate::mutate(format, &plain, other, rng),
        },
    };
    member.refill(&new);
    match rng.below(12) {
        0 => {
            (member.crc, member.local_crc) = (Some(crc), Some(crc));
        }
        1 => (member.size, member.local_size) = (size, size),
        2 => member.local_packed = size,
        _ => {}
    }
}

/// What the headers of a member say.
fn header(member: &mut Member, rng: &mut Rng) {
    let size = member.stored.len();
    let name = |rng: &mut Rng| rng.pick(NAMES).copied().unwrap_or("x").as_bytes().to_vec();
    match rng.below(23) {
        22 => {
            member.descriptor = true;
            let mut said = member.said();
            if let Some(number) = said.get_mut(rng.below(3)) {
                *number = near(usize::try_from(*number).unwrap_or(0), rng);
            }
            member.described = Some(said);
        }
        20 | 21 => {
            // Said to be UTF-8, and none; or none that is said to be.
            let bytes =
                rng.pick(&[b"\xff".as_slice(), b"\xc3.pkl", b"a\xed\xa0\x80", b"\xe9.pkl"]).copied().unwrap_or(b"\xff");
            member.name = bytes.to_vec();
            member.local_name = None;
            member.flags = if rng.one_in(3) { member.flags & !UTF8 } else { member.flags | UTF8 };
        }
        0 => member.name = name(rng),
        1 => member.local_name = Some(name(rng)),
        2 => {
            member.name = name(rng);
            member.local_name = None;
            member.flags ^= UTF8;
        }
        3 => member.flags ^= 1u16.wrapping_shl(u32::from(rng.byte() & 15)),
        4 => member.local_flags = Some(member.flags ^ 1u16.wrapping_shl(u32::from(rng.byte() & 15))),
        5 => {
            let plain = member.plain.clone().unwrap_or_default();
            member.method = if member.method == DEFLATE { 0 } else { DEFLATE };
            member.refill(&plain);
        }
        6 => member.method = rng.pick(&[0, 1, 8, 9, 12, 14, 93, 99, 0xffff]).copied().unwrap_or(0),
        7 => member.local_method = rng.pick(&[0, 8, 12, 99]).copied(),
        8 => member.crc = Some(near(0, rng)),
        9 => member.local_crc = Some(near(0, rng)),
        10 => member.size = Some(near(size, rng)),
        11 => member.local_size = Some(near(size, rng)),
        12 => member.packed = Some(near(size, rng)),
        13 => member.local_packed = Some(near(size, rng)),
        14 => member.offset = Some(near(rng.below(300), rng)),
        15 => member.descriptor = !member.descriptor,
        16 => {
            let extra = rng.pick(EXTRAS).copied().unwrap_or(b"").to_vec();
            if rng.one_in(2) {
                member.local_extra = extra;
            } else {
                member.extra = extra;
            }
        }
        17 => member.gap = rng.pick(&[b"x".as_slice(), b"PK\x03\x04", b"\0\0\0\0"]).copied().unwrap_or(b"x").to_vec(),
        18 => member.unlisted = !member.unlisted,
        _ => member.attributes = rng.pick(&[0, 0x10, 0xa1ff_0000, 0x41ed_0000, u32::MAX]).copied().unwrap_or(0),
    }
}

/// A number near another, or where arithmetic goes wrong.
fn near(n: usize, rng: &mut Rng) -> u32 {
    let n = u32::try_from(n).unwrap_or(0);
    match rng.below(4) {
        0 => n.wrapping_add(1),
        1 => n.wrapping_sub(1),
        2 => n.wrapping_add(u32::from(rng.byte())),
        _ => rng
            .pick(&[0, 1, 0xfffe, 0xffff, 0x1_0000, 0x7fff_ffff, 0x8000_0000, 0xffff_fffe, 0xffff_ffff])
            .copied()
            .unwrap_or(0),
    }
}

pub(super) const NAMES: &[&str] = &[
    "data.pkl",
    "m/data.pkl",
    "m/data/0",
    "m/version",
    "m/byteorder",
    "a.npy",
    "a.pkl",
    "../a.pkl",
    "/a.pkl",
    "a\\b.pkl",
    "a/",
    "",
    "\u{e9}.pkl",
    "a.pkl\0.txt",
    "M/DATA.PKL",
    "m/code/x.py",
    "m/constants.pkl",
    "m/.data/serialization_id",
    "a//b.pkl",
    "./a.pkl",
];

/// Extra fields: zip64 with and without its numbers, torch's padding, a name, too short.
const EXTRAS: &[&[u8]] = &[
    b"\x01\0\x10\0\x04\0\0\0\0\0\0\0\x04\0\0\0\0\0\0\0",
    b"\x01\0\0\0",
    b"FB\x04\0ZZZZ",
    b"up\x06\0\x01\0\0\0\0a",
    b"\x01",
    b"\xff\xff\xff\xff",
];
