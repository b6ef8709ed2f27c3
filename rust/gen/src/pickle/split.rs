//! Cuts bytes into instructions, as far as they are some.

use dryload_core::formats::pickle::op::decode;
use dryload_core::formats::pickle::opcode::Opcode;

/// An instruction, or a byte that is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Piece {
    /// Its opcode; `None` of bytes that are no whole instruction.
    pub(super) code: Option<Opcode>,
    /// Opcode and argument.
    pub(super) bytes: Vec<u8>,
}

impl Piece {
    /// An instruction.
    pub(super) fn new(bytes: &[u8]) -> Self {
        Self { code: bytes.first().map(|&b| Opcode(b)).filter(|code| code.info().is_some()), bytes: bytes.to_vec() }
    }

    /// What follows the opcode.
    pub(super) fn argument(&self) -> &[u8] {
        self.bytes.get(1..).unwrap_or(&[])
    }
}

/// The instructions of some bytes. What cannot be decoded is one piece up to
/// the end, or one byte when the opcode itself is unknown.
pub(super) fn split(data: &[u8]) -> Vec<Piece> {
    let mut pieces = Vec::new();
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
        pieces.push(Piece { code, bytes: piece.to_vec() });
        rest = tail;
    }
    pieces
}

/// The bytes of some pieces.
pub(super) fn joined(pieces: &[Piece]) -> Vec<u8> {
    pieces.iter().flat_map(|piece| &piece.bytes).copied().collect()
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
