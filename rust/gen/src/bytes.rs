//! No format: bytes are edited, at places where formats keep opcodes, lengths and signatures.

use dryload_core::formats::pickle::opcode::Opcode;

use crate::rng::Rng;

/// Signatures and fragments that change what a file is.
const FRAGMENTS: &[&[u8]] = &[
    b"PK\x03\x04",
    b"PK\x05\x06",
    b"PK\x01\x02",
    b"\x93NUMPY",
    b"\x80\x04\x95\x05\0\0\0\0\0\0\0",
    b"cposix\nsystem\n",
    b"\x8c\x05posix\x8c\x06system\x93",
    b"X\x04\0\0\0true\x85R",
    b"{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}",
    b"I0x1\n",
    b"(lp0\n",
    b"\xff\xff\xff\xff",
    b"\xc3\xa9",
    b"\xe2\x98\x83",
    b"\xf0\x9f\x98\x80",
    b"\0\0\0\0\0\0\0\x80",
];

/// Characters of one to four bytes.
const CHARACTERS: &[&[u8]] = &[b"a", b"\xc3\xa9", b"\xe2\x98\x83", b"\xf0\x9f\x98\x80"];

/// Lengths at which arithmetic goes wrong.
const LENGTHS: &[u32] = &[0, 1, 0x7f, 0x80, 0xff, 0x100, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff];

/// Longest output.
const MAX_LEN: usize = 1 << 16;

/// A mutant of `seed`: one to eight edits.
#[must_use]
pub fn mutate(seed: &[u8], rng: &mut Rng) -> Vec<u8> {
    let mut data = seed.get(..MAX_LEN).unwrap_or(seed).to_vec();
    // One edit leaves what was reached before it as it was.
    let more = if rng.one_in(2) { 0 } else { rng.below(8) };
    for _ in 0..=more {
        edit(&mut data, rng);
    }
    data.truncate(MAX_LEN);
    data
}

/// The first items of one and the last ones of the other.
pub(crate) fn crossover<T: Clone>(ours: &[T], theirs: &[T], rng: &mut Rng) -> Vec<T> {
    let head = rng.below(ours.len().saturating_add(1));
    let tail = rng.below(theirs.len().saturating_add(1));
    [ours.get(..head).unwrap_or(&[]), theirs.get(tail..).unwrap_or(&[])].concat()
}

/// What can be left out of so many bytes: runs of a half, a quarter and
/// so on down to one, of which there may be many.
pub(crate) fn runs(len: usize) -> impl Iterator<Item = std::ops::Range<usize>> {
    let first = len.wrapping_shr(1).max(1);
    std::iter::successors(Some(first), |run| (*run > 1).then(|| run.wrapping_shr(1)))
        .flat_map(move |run| (0..len).step_by(run).map(move |at| at..at.saturating_add(run).min(len)))
        .take(MAX_RUNS)
}

/// The bytes without those of a range.
pub(crate) fn without(data: &[u8], range: &std::ops::Range<usize>) -> Vec<u8> {
    [data.get(..range.start).unwrap_or(&[]), data.get(range.end..).unwrap_or(&[])].concat()
}

/// Runs that are left out of a text that no reader takes.
const MAX_RUNS: usize = 4096;

fn edit(data: &mut Vec<u8>, rng: &mut Rng) {
    let at = rng.below(data.len().saturating_add(1));
    match rng.below(18) {
        0 => set(data, at, rng.byte()),
        1 => {
            let flipped = 1u8.wrapping_shl(u32::from(rng.byte() & 7)) ^ data.get(at).copied().unwrap_or(0);
            set(data, at, flipped);
        }
        2 => set(data, at, rng.pick(Opcode::ALL).map_or(b'.', |o| o.0)),
        3 => {
            let fragment = rng.pick(FRAGMENTS).copied().unwrap_or(b"");
            data.splice(at..at, fragment.iter().copied());
        }
        4 => {
            let length = rng.pick(LENGTHS).copied().unwrap_or(0).to_le_bytes();
            length.iter().enumerate().for_each(|(i, &b)| set(data, at.saturating_add(i), b));
        }
        5 => {
            let end = at.saturating_add(rng.below(16)).min(data.len());
            data.drain(at..end);
        }
        6 => {
            let end = at.saturating_add(rng.below(32)).min(data.len());
            let copy: Vec<u8> = data.get(at..end).unwrap_or(&[]).to_vec();
            let to = rng.below(data.len().saturating_add(1));
            data.splice(to..to, copy);
        }
        7 => data.truncate(at),
        8 => {
            // A run many times over: what nests, nests deep.
            let end = at.saturating_add(rng.below(8)).saturating_add(1).min(data.len());
            let run: Vec<u8> = data.get(at..end).unwrap_or(&[]).to_vec();
            let times = 1usize.wrapping_shl(u32::from(rng.byte() & 7));
            data.splice(at..at, run.repeat(times));
        }
        9 | 10 => {
            // A number a little larger or smaller.
            let by = rng.byte() & 7;
            if let Some(byte) = data.get_mut(at) {
                *byte = if rng.one_in(2) { byte.wrapping_add(by) } else { byte.wrapping_sub(by) };
            }
        }
        11 => {
            let byte = rng.byte() & 15;
            set(data, at, byte);
        }
        12 | 13 => {
            // Some bytes more, and a number before them larger by as much: what has a
            // length keeps it.
            let new = match rng.below(3) {
                0 => vec![0; rng.below(3).saturating_add(1)],
                1 => vec![rng.byte() & 15],
                _ => rng.pick(CHARACTERS).copied().unwrap_or(b"\xc3\xa9").to_vec(),
            };
            let by = u8::try_from(new.len()).unwrap_or(0);
            add(data, rng.below(at), if rng.one_in(2) { by } else { 1 });
            data.splice(at..at, new);
        }
        14 | 15 => {
            // Two numbers larger by as much: a part, and the sum of the parts.
            let by = (rng.byte() & 3).saturating_add(1);
            add(data, at, by);
            let other = rng.below(data.len());
            add(data, other, by);
        }
        16 => {
            // Zeros, mostly where there is nothing yet: no sum sees them.
            let at = if rng.one_in(2) { data.len() } else { at };
            data.splice(at..at, vec![0; rng.below(4).saturating_add(1)]);
        }
        _ => data.insert(at, rng.byte()),
    }
}

fn add(data: &mut [u8], at: usize, by: u8) {
    if let Some(b) = data.get_mut(at) {
        *b = b.wrapping_add(by);
    }
}

fn set(data: &mut [u8], at: usize, byte: u8) {
    if let Some(b) = data.get_mut(at) {
        *b = byte;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_mutant() {
        let seed = b"\x80\x04K\x01.";
        let make = |n| mutate(seed, &mut Rng::new(n));
        assert!((0..200).all(|n| make(n) == make(n)));
        assert!((0..200).any(|n| make(n) != seed));
    }
}
