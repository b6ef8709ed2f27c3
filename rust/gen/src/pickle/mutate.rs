//! Makes a pickle of two others: instruction by instruction, and in one case
//! of four byte by byte.

use dryload_core::formats::pickle::opcode::{ArgKind, Opcode};

use super::emit::{Gen, Style};
use super::split::{Piece, joined, split};
use super::spoil::{self, MEMO, SNIPPETS, TRAILERS};
use crate::rng::Rng;

/// Longest output.
const MAX_LEN: usize = 1 << 16;

/// Instructions moved or copied at a time.
const RUN: usize = 8;

/// A mutant of `data`, with parts of `other`.
///
/// The same bytes and the same state of `rng` give the same mutant on every
/// platform.
#[must_use]
pub fn mutate<'a>(data: &'a [u8], other: &'a [u8], rng: &mut Rng) -> Vec<u8> {
    if rng.one_in(4) {
        return crate::bytes::mutate(data, rng);
    }
    let clip = |bytes: &'a [u8]| bytes.get(..MAX_LEN).unwrap_or(bytes);
    let mut pieces = split(clip(data));
    // One edit is often enough, and keeps what surrounds it readable.
    let more = if rng.one_in(2) { 0 } else { rng.below(4) };
    let mut donor = Donor { data: clip(other), pieces: None };
    for _ in 0..=more {
        edit(&mut pieces, &mut donor, rng);
    }
    // An edit leaves frames too long or too short; mostly they are made to fit,
    // so that other faults are reached.
    if !rng.one_in(5) {
        refit(&mut pieces);
    }
    if rng.one_in(8) {
        spoil_frames(&mut pieces, rng);
    }
    let mut out = joined(&pieces);
    if rng.one_in(16) {
        out.extend_from_slice(rng.pick(TRAILERS).copied().unwrap_or(b""));
    } else if rng.one_in(24) {
        out.extend_from_slice(clip(other));
    }
    out.truncate(MAX_LEN);
    out
}

/// The first instructions of one and the last ones of the other, in frames that fit,
/// mostly.
pub(crate) fn crossover(data: &[u8], other: &[u8], rng: &mut Rng) -> Vec<u8> {
    let mut pieces = crate::bytes::crossover(&split(data), &split(other), rng);
    if !rng.one_in(5) {
        refit(&mut pieces);
    }
    joined(&pieces)
}

/// The other pickle, cut into instructions when some of them are wanted.
struct Donor<'a> {
    data: &'a [u8],
    pieces: Option<Vec<Piece<'a>>>,
}

impl<'a> Donor<'a> {
    fn pieces(&mut self) -> &[Piece<'a>] {
        let data = self.data;
        self.pieces.get_or_insert_with(|| split(data))
    }
}

fn edit<'a>(pieces: &mut Vec<Piece<'a>>, donor: &mut Donor<'a>, rng: &mut Rng) {
    let at = rng.below(pieces.len().saturating_add(1));
    match rng.below(21) {
        0 => insert(pieces, at, rng.pick(SNIPPETS).copied().unwrap_or(b"")),
        1 => insert(pieces, at, rng.pick(MEMO).copied().unwrap_or(b"")),
        2 => {
            let end = at.saturating_add(rng.below(RUN)).min(pieces.len());
            pieces.drain(at..end);
        }
        3 => {
            let end = at.saturating_add(rng.below(RUN)).saturating_add(1).min(pieces.len());
            let copy = pieces.get(at..end).unwrap_or(&[]).to_vec();
            let to = rng.below(pieces.len().saturating_add(1));
            pieces.splice(to..to, copy);
        }
        4 => {
            let to = rng.below(pieces.len());
            if at < pieces.len() {
                pieces.swap(at, to);
            }
        }
        5..7 => {
            let donor = donor.pieces();
            let from = rng.below(donor.len());
            let end = from.saturating_add(rng.below(RUN)).saturating_add(1).min(donor.len());
            pieces.splice(at..at, donor.get(from..end).unwrap_or(&[]).iter().cloned());
        }
        7 => {
            // Crossover: the head of one, the tail of the other.
            let donor = donor.pieces();
            let from = rng.below(donor.len());
            pieces.truncate(at);
            pieces.extend_from_slice(donor.get(from..).unwrap_or(&[]));
        }
        8..11 => {
            // An argument is spoiled where there is one.
            let found = drawn(pieces, at, has_argument);
            if let Some(piece) = found.and_then(|i| pieces.get_mut(i)) {
                spoil::spoil(piece, rng);
            }
        }
        11 => other_opcode(pieces, at, rng),
        12..15 => made(pieces, at, rng),
        15..19 => another_value(pieces, rng),
        19 => another_arity(pieces, at),
        _ => {
            let end = at.saturating_add(1).min(pieces.len());
            let snippet = rng.pick(SNIPPETS).copied().unwrap_or(b"");
            pieces.splice(at..end, split(snippet));
        }
    }
}

fn insert<'a>(pieces: &mut Vec<Piece<'a>>, at: usize, bytes: &'a [u8]) {
    pieces.splice(at..at, split(bytes));
}

/// The first piece from a place on, round to it again, of which `wanted` holds.
fn drawn(pieces: &[Piece<'_>], at: usize, wanted: impl Fn(&Piece<'_>) -> bool) -> Option<usize> {
    let find = |range: std::ops::Range<usize>| range.into_iter().find(|&i| pieces.get(i).is_some_and(&wanted));
    find(at..pieces.len()).or_else(|| find(0..at))
}

fn has_argument(piece: &Piece<'_>) -> bool {
    piece.code.and_then(Opcode::info).is_some_and(|info| info.arg != ArgKind::None)
}

/// Another opcode over the same argument.
fn other_opcode(pieces: &mut [Piece<'_>], at: usize, rng: &mut Rng) {
    let Some(piece) = pieces.get_mut(at) else { return };
    let Some(kind) = piece.code.and_then(Opcode::info).map(|info| info.arg) else { return };
    let alike: Vec<Opcode> =
        Opcode::ALL.iter().copied().filter(|code| code.info().is_some_and(|info| info.arg == kind)).collect();
    if let (Some(&code), Some(first)) = (rng.pick(&alike), piece.bytes.to_mut().first_mut()) {
        *first = code.0;
        piece.code = Some(code);
    }
}

/// A value that the generator makes: an import, a call, a container; dropped
/// again most of the time, so that what follows finds what it expects.
fn made(pieces: &mut Vec<Piece<'_>>, at: usize, rng: &mut Rng) {
    let hostile = if rng.one_in(2) { 100 } else { 0 };
    let style = Style { proto: 4, strict: false, hostile, odd: 5, memo: 20, outside: 0 };
    let mut made = Gen::new(rng, style);
    match made.rng.below(4) {
        0 => made.any_name(),
        1 => made.value(2),
        2 => made.hostile(1),
        _ => made.granted_call(1),
    }
    let mut bytes = std::mem::take(&mut made.out);
    if !rng.one_in(3) {
        bytes.push(Opcode::POP.0);
    }
    pieces.insert(at, Piece::whole(bytes));
}

/// Another value in the place of one that an instruction pushes by itself: the
/// stack stays as it was, and what is done with the value is done with another.
fn another_value(pieces: &mut [Piece<'_>], rng: &mut Rng) {
    let from = rng.below(pieces.len());
    let Some(at) = drawn(pieces, from, |piece| piece.code.is_some_and(pushes)) else { return };
    let hostile = if rng.one_in(4) { 100 } else { 0 };
    let mut made = Gen::new(rng, Style { proto: 4, strict: false, hostile, odd: 5, memo: 0, outside: 0 });
    match pieces.get(at).and_then(|piece| piece.code) {
        Some(Opcode::GLOBAL) => made.any_name(),
        _ if made.rng.one_in(4) => made.value(1),
        _ => made.atom(),
    }
    let bytes = std::mem::take(&mut made.out);
    if let Some(piece) = pieces.get_mut(at) {
        *piece = Piece::whole(bytes);
    }
}

/// A tuple of one value more, or of one less.
fn another_arity(pieces: &mut Vec<Piece<'_>>, at: usize) {
    const TUPLES: [Opcode; 3] = [Opcode::TUPLE1, Opcode::TUPLE2, Opcode::TUPLE3];
    let found = drawn(pieces, at, |piece| piece.code.is_some_and(|code| TUPLES.contains(&code)));
    let Some((at, code)) = found.and_then(|at| Some((at, pieces.get(at)?.code?))) else { return };
    let bytes: &[u8] = match code {
        Opcode::TUPLE1 if at.is_multiple_of(2) => b"0)",
        Opcode::TUPLE1 => b"K\x01\x86",
        Opcode::TUPLE2 if at.is_multiple_of(2) => b"0\x85",
        Opcode::TUPLE2 => b"K\x01\x87",
        _ => b"0\x86",
    };
    pieces.splice(at..at.saturating_add(1), split(bytes));
}

/// Whether an opcode pushes a value and takes none.
fn pushes(code: Opcode) -> bool {
    let argument = code.info().is_some_and(|info| info.arg != ArgKind::None);
    let other = matches!(
        code,
        Opcode::PUT
            | Opcode::BINPUT
            | Opcode::LONG_BINPUT
            | Opcode::PROTO
            | Opcode::FRAME
            | Opcode::INST
            | Opcode::PERSID
            | Opcode::EXT1
            | Opcode::EXT2
            | Opcode::EXT4
    );
    let bare = matches!(
        code,
        Opcode::NONE
            | Opcode::NEWTRUE
            | Opcode::NEWFALSE
            | Opcode::EMPTY_TUPLE
            | Opcode::EMPTY_LIST
            | Opcode::EMPTY_DICT
            | Opcode::EMPTY_SET
    );
    (argument && !other) || bare
}

/// One frame from after PROTO to STOP, where there was any.
fn refit(pieces: &mut Vec<Piece<'_>>) {
    let before = pieces.len();
    pieces.retain(|piece| piece.code != Some(Opcode::FRAME));
    if pieces.len() == before {
        return;
    }
    let stop = pieces.iter().position(|piece| piece.code == Some(Opcode::STOP));
    let end = stop.map_or(pieces.len(), |at| at.saturating_add(1));
    let start = usize::from(pieces.first().is_some_and(|piece| piece.code == Some(Opcode::PROTO))).min(end);
    let body: usize = pieces.get(start..end).unwrap_or(&[]).iter().map(|piece| piece.bytes.len()).sum();
    pieces.insert(start, Piece::new(frame_of(u64::try_from(body).unwrap_or(u64::MAX))));
}

/// A frame more, nested or straddled, or another length for one that is there.
fn spoil_frames(pieces: &mut Vec<Piece<'_>>, rng: &mut Rng) {
    let frames: Vec<usize> =
        (0..pieces.len()).filter(|&i| pieces.get(i).is_some_and(|p| p.code == Some(Opcode::FRAME))).collect();
    let known = rng.pick(&frames).copied().filter(|_| !rng.one_in(3));
    let at = known.unwrap_or_else(|| rng.below(pieces.len().saturating_add(1)));
    let from = if known.is_some() { at.saturating_add(1) } else { at };
    let rest = pieces.get(from..).unwrap_or(&[]).iter().map(|piece| piece.bytes.len()).sum();
    let new = Piece::new(frame_of(spoil::frame_length(rest, rng)));
    match known.and_then(|at| pieces.get_mut(at)) {
        Some(old) => *old = new,
        None => pieces.insert(at, new),
    }
}

/// FRAME with that length.
fn frame_of(length: u64) -> Vec<u8> {
    let mut bytes = vec![Opcode::FRAME.0];
    bytes.extend_from_slice(&length.to_le_bytes());
    bytes
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::pickle::generate;

    const DATA: &[u8] = b"\x80\x04\x95\x1b\0\0\0\0\0\0\0}\x94\x8c\x01a\x94K\x01s\x8c\x02os\x8c\x06system\x93\x940.";

    #[test]
    fn the_same_seed_gives_the_same_mutant() {
        let other = generate(&mut Rng::new(7));
        let make = |n| mutate(DATA, &other, &mut Rng::new(n));
        assert!((0..2000).all(|n| make(n) == make(n)));
        let distinct: BTreeSet<Vec<u8>> = (0..2000).map(make).collect();
        assert!(distinct.len() > 1500, "{}", distinct.len());
    }

    #[test]
    fn mutants_of_mutants_stay_bounded_and_nothing_panics() {
        let mut rng = Rng::new(3);
        let mut data = DATA.to_vec();
        for n in 0..3000 {
            let other = if n % 3 == 0 { Vec::new() } else { generate(&mut rng) };
            data = mutate(&data, &other, &mut rng);
            assert!(data.len() <= MAX_LEN);
            if n % 50 == 0 {
                data = generate(&mut rng);
            }
        }
    }

    #[test]
    fn frames_fit_again_after_an_edit() {
        let mut pieces = split(DATA);
        pieces.insert(3, Piece::new(&b"N"[..]));
        refit(&mut pieces);
        let out = joined(&pieces);
        let len = u64::try_from(out.len()).unwrap_or(0).saturating_sub(11);
        assert_eq!(out.get(3..11), Some(&len.to_le_bytes()[..]));
    }
}
