//! Arguments and instructions on which readers differ, or used to.
//!
//! Sources: gh-126992 (base 0), gh-126996 (NUL), gh-127079 and gh-123309
//! (escapes), gh-135241 (`I-0`), gh-154848 (frames); the tables of CPython's
//! `_pickle.c`, `pickle.py` and `pickletools.py` beside each other.

use dryload_core::formats::pickle::opcode::{ArgKind, Payload};

use super::split::Piece;
use crate::rng::Rng;

/// Decimal lines that are none, or not to everybody.
const DECIMALS: &[&[u8]] = &[
    b"0x1",
    b"010",
    b"0b1",
    b"0o7",
    b"1_0",
    b" 1",
    b"1 ",
    b"+1",
    b"-0",
    b"-1",
    b"1\0zz",
    b"\x001",
    b"",
    b"00",
    b"01",
    b"000",
    b"-00",
    b"1L",
    b"0L",
    b"L",
    b"LL",
    b"255",
    b"256",
    b"4294967295",
    b"4294967296",
    b"9223372036854775808",
    b"99999999999999999999999999999999",
    b"1\r",
    b"\t1",
    b"\xb2",
    b"1e3",
    b"1.5",
];

const FLOATS: &[&[u8]] = &[
    b"1.5\0x",
    b"nan",
    b"-nan",
    b"inf",
    b"infinity",
    b"1e999",
    b"1_0.5",
    b" 1.5",
    b"1.5 ",
    b"0x1p3",
    b"",
    b"1,5",
    b"+1.5",
    b".5",
    b"5.",
    b"1e",
    b"1.5\r",
];

const STRINGS: &[&[u8]] = &[
    b"'a",
    b"a'",
    b"'",
    b"",
    b"\"a'",
    b"'a\\'",
    b"'\xe9'",
    b"'\\x4'",
    b"'\\x41'",
    b"'\\777'",
    b"'a\\\\'",
    b"'a'b'",
    b" 'a'",
    b"'a' ",
    b"'a'\r",
    b"'\0'",
    b"''",
    b"\"\"",
    b"'os\\\n'",
    b"'\\N{DOT}'",
    b"'\\u0041'",
];

const UNICODES: &[&[u8]] = &[
    b"\\u0041",
    b"\\ud800",
    b"\\U0011ffff",
    b"\\U00110000",
    b"\\u12",
    b"\\x41",
    b"\xe9",
    b"\\\\u0041",
    b"\\",
    b"\\\\",
    b"a\0b",
    b"\\u000a",
    b"a\r",
    b"\\udc80",
];

const LINES: &[&[u8]] = &[b"", b"\xe9", b"a\\", b"\0", b" ", b"a\\x41", b"a b", b"a\r"];

/// Lengths and numbers at which arithmetic goes wrong.
const BOUNDS: &[u64] = &[
    0,
    1,
    2,
    0x7f,
    0x80,
    0xff,
    0x100,
    0x7fff,
    0xffff,
    0x1_0000,
    0x7fff_ffff,
    0x8000_0000,
    0xffff_ffff,
    0x1_0000_0000,
    0x7fff_ffff_ffff_ffff,
    0x8000_0000_0000_0000,
    u64::MAX,
];

/// Instructions that were of use to somebody.
pub(super) const SNIPPETS: &[&[u8]] = &[
    b"(",
    b"0",
    b"1",
    b"2",
    b"t",
    b")",
    b"l",
    b"d",
    b"e",
    b"u",
    b"a",
    b"s",
    b"b",
    b"R",
    b"\x81",
    b"\x92",
    b"o",
    b"\x85",
    b"\x86",
    b"\x87",
    b"\x8f",
    b"\x90",
    b"\x91",
    b"\x93",
    b"\x94",
    b"Q",
    b"\x97",
    b"\x98",
    b".",
    b"N",
    b"\x88",
    b"]",
    b"}",
    b"N0",
    b"(1",
    b"(0",
    b"20",
    b"K\x01",
    b"I0x1\n",
    b"I01\n",
    b"I010\n",
    b"L1L\n",
    b"L1\0zz\n",
    b"F1.5\n",
    b"\x80\0",
    b"\x80\x02",
    b"\x80\x04",
    b"\x80\x05",
    b"\x80\x06",
    b"cverymod\nsecret\n",
    b"cverymod\nsecret\n0",
    b"ccopy_reg\n_reconstructor\n",
    b"c__builtin__\nset\n",
    b"ccollections\nOrderedDict\n",
    b"(iverymod\nsecret\n",
    b"\x8c\x07verymod\x8c\x06secret\x93",
    b"Vverymod\nVsecret\n\x93",
    b"S'verymod'\nS'secret'\n\x93",
    b"S'a\\x5cb'\n",
    b"U\x03abc",
    b"U\x02\xc3\xa9",
    b"X\x03\0\0\0abc",
    b"V\\u005f_x\n",
    b"\x8c\x09__class__",
    b"P\n",
    b"Pabc\n",
    b"\x8a\0",
    b"\x8a\x01\xff",
    b"\x82\x01",
    b"T\x02\0\0\0ab",
    b"\x8c\0",
    b"C\0",
    b"\n",
    b"\0",
];

/// Memo instructions: before any put, over a slot, far away, in odd forms.
pub(super) const MEMO: &[&[u8]] = &[
    b"q\0",
    b"q\x01",
    b"q\xff",
    b"h\0",
    b"h\x01",
    b"h\xff",
    b"p0\n",
    b"p1\n",
    b"p007\n",
    b"p 1\n",
    b"p1_0\n",
    b"p-1\n",
    b"p1\0x\n",
    b"g0\n",
    b"g00\n",
    b"g1\n",
    b"g 1\n",
    b"g+1\n",
    b"g4294967295\n",
    b"r\0\0\0\0",
    b"r\0\0\x01\0",
    b"r\xff\xff\xff\xff",
    b"j\0\0\0\0",
    b"j\x01\0\0\0",
    b"j\xff\xff\xff\xff",
    b"p4294967295\n",
    b"p18446744073709551616\n",
    b"\x94",
    b"\x94\x94",
    b"N\x940",
    b"h\0q\x01",
];

/// What may stand after STOP.
pub(super) const TRAILERS: &[&[u8]] = &[
    b"\0",
    b"\n",
    b".",
    b"N.",
    b"\x80\x04N.",
    b"\x80\x02cverymod\nsecret\n.",
    b"cverymod\nsecret\n)R.",
    b"PK\x05\x06",
    b"\0\0\0\0N.",
    b"\xff",
];

/// A length for a frame over `rest` bytes: right, or near it, or far off.
pub(super) fn frame_length(rest: usize, rng: &mut Rng) -> u64 {
    let rest = u64::try_from(rest).unwrap_or(u64::MAX);
    match rng.below(8) {
        0 => rest.saturating_add(1),
        1 => rest.saturating_sub(1),
        2 => rng.pick(BOUNDS).copied().unwrap_or(0),
        3 => rest,
        _ => u64::try_from(rng.below(usize::try_from(rest).unwrap_or(0).saturating_add(1))).unwrap_or(0),
    }
}

/// Replaces the argument of an instruction by one of the same kind that some
/// reader may stumble over.
pub(super) fn spoil(piece: &mut Piece<'_>, rng: &mut Rng) {
    let Some(info) = piece.code.and_then(|code| code.info()) else { return };
    let old = piece.argument().to_vec();
    let argument = match info.arg {
        ArgKind::None => return,
        ArgKind::Uint1 => vec![rng.byte()],
        ArgKind::Uint2 => bound(2, rng),
        ArgKind::Int4 | ArgKind::Uint4 => bound(4, rng),
        ArgKind::Uint8 | ArgKind::Float8 => bound(8, rng),
        ArgKind::DecimalLine => line(DECIMALS, rng),
        ArgKind::FloatLine => line(FLOATS, rng),
        ArgKind::StringLine => line(STRINGS, rng),
        ArgKind::UnicodeLine => line(UNICODES, rng),
        ArgKind::NoEscapeLine => line(LINES, rng),
        ArgKind::PairLine => pair(&old, rng),
        ArgKind::Counted1(payload) => counted(&old, 1, payload, rng),
        ArgKind::Counted4(payload) | ArgKind::Counted4Signed(payload) => counted(&old, 4, payload, rng),
        ArgKind::Counted8(payload) => counted(&old, 8, payload, rng),
    };
    let bytes = piece.bytes.to_mut();
    bytes.truncate(1);
    bytes.extend(argument);
}

fn bound(width: usize, rng: &mut Rng) -> Vec<u8> {
    let n = if rng.one_in(4) {
        // Backwards by a little: to an instruction that was read before.
        u64::from(rng.byte() & 31).wrapping_neg()
    } else {
        rng.pick(BOUNDS).copied().unwrap_or(0)
    };
    let n = n.to_le_bytes();
    n.get(..width).unwrap_or(&[]).to_vec()
}

fn line(from: &[&[u8]], rng: &mut Rng) -> Vec<u8> {
    let mut line = rng.pick(from).copied().unwrap_or(b"").to_vec();
    line.push(b'\n');
    line
}

/// Two lines, one of them with something before, in or after it.
fn pair(old: &[u8], rng: &mut Rng) -> Vec<u8> {
    let mut lines: Vec<Vec<u8>> = old.split(|&b| b == b'\n').take(2).map(<[u8]>::to_vec).collect();
    lines.resize(2, Vec::new());
    let which = rng.below(2);
    let piece = rng.pick(&[&b" "[..], b"\\", b"\xc3\xa9", b"\xe9", b"\0", b"\r", b".", b"__", b"\xff"]).copied();
    if let (Some(line), Some(piece)) = (lines.get_mut(which), piece) {
        match rng.below(4) {
            0 => line.clear(),
            1 => {
                line.splice(0..0, piece.iter().copied());
            }
            _ => line.extend_from_slice(piece),
        }
    }
    lines.push(Vec::new());
    lines.join(&b'\n')
}

/// A counted payload: its length told otherwise, or its bytes changed.
fn counted(old: &[u8], width: usize, payload: Payload, rng: &mut Rng) -> Vec<u8> {
    let body = old.get(width..).unwrap_or(&[]);
    let len = u64::try_from(body.len()).unwrap_or(0);
    let bytes: &[u8] = match (payload, rng.below(8)) {
        (_, 0) => return [bound(width, rng), body.to_vec()].concat(),
        (_, 1) => return [length(len.wrapping_add(1), width), body.to_vec()].concat(),
        (_, 2) => return [length(len.wrapping_sub(1), width), body.to_vec()].concat(),
        (Payload::Text, 3) => b"\xed\xa0\x80",
        (Payload::Text, 4) => b"\xc3",
        (Payload::Text, 5) => b"\xf4\x90\x80\x80",
        (Payload::Text | Payload::String, 6) => b"__init__",
        (Payload::Text | Payload::String, _) => b"a.b",
        (Payload::Long, 3) => b"\xff\xff",
        (Payload::Long, 4) => b"\0",
        (Payload::Long, 5) => b"\0\0\0\0\0\0\0\0\x80",
        _ => b"",
    };
    [length(u64::try_from(bytes.len()).unwrap_or(0), width), bytes.to_vec()].concat()
}

fn length(n: u64, width: usize) -> Vec<u8> {
    n.to_le_bytes().get(..width).unwrap_or(&[]).to_vec()
}

#[cfg(test)]
mod tests {
    use super::super::split::split;
    use super::*;

    #[test]
    fn snippets_are_whole_instructions() {
        for snippet in SNIPPETS.iter().chain(MEMO).filter(|s| !matches!(s, [b'\n' | 0])) {
            assert!(split(snippet).iter().all(|piece| piece.code.is_some()), "{snippet:02x?}");
        }
    }

    #[test]
    fn a_spoiled_argument_keeps_its_opcode() {
        let data = b"I1\nF1.5\nS'a'\nVa\nPa\nca\nb\nM\x01\x02\x95\0\0\0\0\0\0\0\0X\x01\0\0\0aC\x01aN.";
        let mut rng = Rng::new(1);
        for piece in split(data) {
            for _ in 0..50 {
                let mut spoiled = piece.clone();
                spoil(&mut spoiled, &mut rng);
                assert_eq!(spoiled.bytes.first(), piece.bytes.first());
            }
        }
    }
}
