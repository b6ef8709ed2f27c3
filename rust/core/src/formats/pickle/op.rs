//! Decodes one pickle instruction at a time.
//!
//! Nothing is executed and nothing is resolved: an `Op` says what stands in
//! the bytes. Meaning is `machine`'s business.
//!
//! Untrusted input: never panics, reads each byte at most once a call, and
//! allocates nothing.

use super::defects;
use super::opcode::{ArgKind, Opcode, Payload};
use crate::bytes::{Reader, Span, printable, wide, window};
use crate::error::Error;

/// An instruction: its opcode, its argument, and the bytes it takes.
#[derive(Clone, Copy, Debug)]
pub struct Op<'a> {
    /// Opcode.
    pub code: Opcode,
    /// Argument.
    pub arg: Arg<'a>,
    /// Bytes of opcode and argument, counted payload included.
    pub len: u64,
}

/// An argument. Counted payloads are described, not read.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Arg<'a> {
    /// None.
    None,
    /// A fixed-width integer.
    Int(i64),
    /// BINFLOAT.
    Float(f64),
    /// A line, without its newline.
    Line(&'a [u8]),
    /// Two lines.
    Pair(&'a [u8], &'a [u8]),
    /// `len` bytes from `head` bytes into the instruction. They need not be
    /// in the window.
    Counted {
        /// What they are.
        payload: Payload,
        /// Bytes before them.
        head: u64,
        /// How many.
        len: u64,
    },
}

/// Why no instruction was decoded.
#[derive(Debug)]
pub enum Stop {
    /// The window ends inside it: at least this many bytes are needed.
    Need(u64),
    /// It is wrong.
    Bad(Box<Error>),
}

/// Decodes the instruction at the start of `bytes`; `at` is its offset, for
/// errors. A window that ends too early asks for more.
///
/// # Errors
/// `Stop::Need` when the window is too short, `Stop::Bad` when no window would do.
#[inline]
pub fn decode(bytes: &[u8], at: u64) -> Result<Op<'_>, Stop> {
    let Some(&first) = bytes.first() else { return Err(Stop::Need(1)) };
    let code = Opcode(first);
    let Some(info) = code.info() else { return Err(unknown(first, at)) };
    let mut r = Reader::new(bytes);
    let _ = r.u8();
    let (arg, len) = match info.arg {
        ArgKind::None => (Arg::None, 1),
        ArgKind::Uint1 => (Arg::Int(i64::from(need(r.u8(), 2)?)), 2),
        ArgKind::Uint2 => (Arg::Int(i64::from(need(r.u16(), 3)?)), 3),
        ArgKind::Int4 => (Arg::Int(i64::from(need(r.u32(), 5)?.cast_signed())), 5),
        ArgKind::Uint4 => (Arg::Int(i64::from(need(r.u32(), 5)?)), 5),
        // A length past i64::MAX does not fit any file; the caller compares it
        // with the bytes that are left.
        ArgKind::Uint8 => (Arg::Int(i64::try_from(need(r.u64(), 9)?).unwrap_or(i64::MAX)), 9),
        ArgKind::Float8 => (Arg::Float(f64::from_bits(need(r.u64(), 9)?.swap_bytes())), 9),
        ArgKind::DecimalLine
        | ArgKind::FloatLine
        | ArgKind::StringLine
        | ArgKind::NoEscapeLine
        | ArgKind::UnicodeLine => {
            let line = line(bytes, 1)?;
            (Arg::Line(line), wide(line.len()).saturating_add(2))
        }
        ArgKind::PairLine => {
            let module = line(bytes, 1)?;
            let second = module.len().saturating_add(2);
            let name = line(bytes, second)?;
            (Arg::Pair(module, name), wide(second.saturating_add(name.len())).saturating_add(1))
        }
        ArgKind::Counted1(payload) => counted(payload, 2, u64::from(need(r.u8(), 2)?)),
        ArgKind::Counted4(payload) => counted(payload, 5, u64::from(need(r.u32(), 5)?)),
        ArgKind::Counted4Signed(payload) => {
            let n = need(r.u32(), 5)?.cast_signed();
            let Ok(n) = u64::try_from(n) else { return Err(negative(i64::from(n), at)) };
            counted(payload, 5, n)
        }
        ArgKind::Counted8(payload) => counted(payload, 9, need(r.u64(), 9)?),
    };
    Ok(Op { code, arg, len })
}

impl Op<'_> {
    /// The counted payload, when the window holds all of it.
    #[must_use]
    pub fn payload<'w>(&self, bytes: &'w [u8]) -> Option<&'w [u8]> {
        match self.arg {
            Arg::Counted { head, len, .. } => window(bytes, usize::try_from(head).ok()?, usize::try_from(len).ok()?),
            _ => None,
        }
    }
}

/// An argument as a person reads it: printable, and short.
#[must_use]
pub fn describe(op: &Op<'_>, payload: Option<&[u8]>) -> String {
    let show = |bytes: &[u8]| printable(bytes, MAX_SHOWN);
    match op.arg {
        Arg::None => String::new(),
        Arg::Int(n) => n.to_string(),
        Arg::Float(f) => f.to_string(),
        Arg::Line(line) => show(line),
        Arg::Pair(module, name) => format!("{}.{}", show(module), show(name)),
        Arg::Counted { payload: Payload::Text | Payload::String, .. }
            if payload.is_some_and(|p| p.len() <= MAX_SHOWN) =>
        {
            format!("'{}'", show(payload.unwrap_or(&[])))
        }
        Arg::Counted { payload: Payload::Text | Payload::String, len, .. } => format!("{len} bytes of text"),
        Arg::Counted { payload: Payload::Long, len, .. } => format!("an integer of {len} bytes"),
        Arg::Counted { len, .. } => format!("{len} bytes"),
    }
}

/// Bytes of an argument that are shown: more than any honest name has.
const MAX_SHOWN: usize = 160;

#[inline]
fn need<T>(value: Option<T>, bytes: u64) -> Result<T, Stop> {
    value.ok_or(Stop::Need(bytes))
}

#[inline]
fn counted<'a>(payload: Payload, head: u64, len: u64) -> (Arg<'a>, u64) {
    (Arg::Counted { payload, head, len }, head.saturating_add(len))
}

/// The line from `from` to the next newline. Asks for twice the window when
/// there is none yet, so that a long line costs two looks at each byte.
fn line(bytes: &[u8], from: usize) -> Result<&[u8], Stop> {
    let tail = bytes.get(from..).unwrap_or(&[]);
    match memchr::memchr(b'\n', tail) {
        Some(end) => Ok(tail.get(..end).unwrap_or(&[])),
        None => Err(Stop::Need(wide(bytes.len()).saturating_mul(2).max(64))),
    }
}

#[cold]
fn unknown(byte: u8, at: u64) -> Stop {
    let error = Error::new(&defects::UNKNOWN_OPCODE, Span::at(at, 1)).with("an opcode", format!("{byte:#04x}"));
    Stop::Bad(Box::new(error))
}

#[cold]
fn negative(n: i64, at: u64) -> Stop {
    Stop::Bad(Box::new(Error::new(&defects::NEGATIVE_LENGTH, Span::at(at, 5)).with("", n.to_string())))
}
