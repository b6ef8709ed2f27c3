//! Cuts bytes into instructions, as far as they are some.

use std::borrow::Cow;
use std::ops::Range;

use dryload_core::formats::pickle::op::decode;
use dryload_core::formats::pickle::opcode::Opcode;

/// An instruction, or a byte that is none. What is not changed is borrowed: a
/// mutation copies its input once, at the end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Piece<'a> {
    /// Its opcode; `None` of bytes that are no whole instruction.
    pub(super) code: Option<Opcode>,
    /// Opcode and argument.
    pub(super) bytes: Cow<'a, [u8]>,
}

impl<'a> Piece<'a> {
    /// An instruction.
    pub(super) fn new(bytes: impl Into<Cow<'a, [u8]>>) -> Self {
        let bytes = bytes.into();
        Self { code: bytes.first().map(|&b| Opcode(b)).filter(|code| code.info().is_some()), bytes }
    }

    /// Instructions that stay together.
    pub(super) const fn whole(bytes: Vec<u8>) -> Self {
        Self { code: None, bytes: Cow::Owned(bytes) }
    }

    /// What follows the opcode.
    pub(super) fn argument(&self) -> &[u8] {
        self.bytes.get(1..).unwrap_or(&[])
    }
}

/// The instructions of some bytes. What cannot be decoded is one piece up to
/// the end, or one byte when the opcode itself is unknown.
pub(super) fn split(data: &[u8]) -> Vec<Piece<'_>> {
    // Instructions are four bytes long, more or less; a few edits fit as well.
    let mut pieces = Vec::with_capacity(data.len().wrapping_shr(2).saturating_add(16));
    let mut rest = data;
    while !rest.is_empty() {
        let known = Opcode(rest.first().copied().unwrap_or(0)).info().is_some();
        let len = match decode(rest, 0) {
            Ok(op) => usize::try_from(op.len).ok().filter(|&len| len <= rest.len()),
            Err(_) => None,
        };
        let take = len.unwrap_or(if known { rest.len() } else { 1 });
        let (piece, tail) = rest.split_at_checked(take).unwrap_or((rest, &[]));
        let code = len.and_then(|_| piece.first()).map(|&b| Opcode(b));
        pieces.push(Piece { code, bytes: Cow::Borrowed(piece) });
        rest = tail;
    }
    pieces
}

/// The instructions of some bytes, as ranges: the parts that may be left out on
/// their own.
#[must_use]
pub fn pieces(data: &[u8]) -> Vec<Range<usize>> {
    let mut at = 0usize;
    let mut ranges = Vec::new();
    for piece in split(data) {
        let end = at.saturating_add(piece.bytes.len());
        ranges.push(at..end);
        at = end;
    }
    ranges
}

/// The bytes of some pieces.
pub(super) fn joined(pieces: &[Piece<'_>]) -> Vec<u8> {
    let mut out = Vec::with_capacity(pieces.iter().map(|piece| piece.bytes.len()).sum());
    for piece in pieces {
        out.extend_from_slice(&piece.bytes);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_cut_is_joined_again() {
        for data in
            [&b"\x80\x04\x95\x03\0\0\0\0\0\0\0K\x01."[..], b"\xff\xffN.X\xff\xff\xff\xffabc", b"cos\nsystem", b""]
        {
            assert_eq!(joined(&split(data)), data);
        }
        let codes: Vec<_> = split(b"\xff.Cx").into_iter().map(|piece| piece.code).collect();
        assert_eq!(codes, [None, Some(Opcode::STOP), None]);
    }
}
