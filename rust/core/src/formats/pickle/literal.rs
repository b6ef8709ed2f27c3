//! Numbers, texts and bytes: the opcodes that push what stands in them.

use super::machine::{Break, Machine, numeric, printable};
use super::opcode::{Opcode, Payload};
use super::value::{MAX_TEXT, Value};
use super::{defects, text};
use crate::bytes::{Span, wide};
use crate::error::Error;
use crate::observe::Outbox;

type Result<T> = std::result::Result<T, Break>;

impl Machine {
    pub(super) fn number(&mut self, code: Opcode, line: &[u8], span: Span, out: &mut Outbox) -> Result<()> {
        if code == Opcode::FLOAT {
            if !text::is_canonical_float(line) {
                numeric(line, span, out);
            }
            return self.push(Value::Float);
        }
        let digits = match code {
            Opcode::LONG => line.strip_suffix(b"L").unwrap_or(line),
            _ => line,
        };
        if code == Opcode::INT && matches!(line, b"00" | b"01") {
            return self.push(Value::Bool(line == b"01"));
        }
        if !text::is_canonical_int(digits) {
            numeric(line, span, out);
            return self.push(Value::Opaque);
        }
        let value = self.int(text::int(digits))?;
        self.push(value)
    }

    fn int(&mut self, n: Option<i64>) -> Result<Value> {
        match n {
            Some(n) => self.arena.push_int(n).map_err(|full| self.full(full)),
            None => Ok(Value::HugeLong),
        }
    }

    pub(super) fn string(&mut self, line: &[u8], span: Span, out: &mut Outbox) -> Result<()> {
        let Some(body) = text::unquote(line) else {
            // pickletools alone takes a string without its quotes; C and
            // Python raise, so nothing after it runs.
            return Err(Error::new(&defects::STRING_QUOTES, span).with("the same quote twice", printable(line)).into());
        };
        if !line.is_ascii() {
            out.defect(Error::new(&defects::TEXT_ENCODING, span).with("ASCII", printable(line)));
        }
        let decoded = text::unescape(body);
        let value = if decoded.is_ascii() {
            self.arena.push_text(&decoded)
        } else {
            Value::Bytes(saturate(wide(decoded.len())))
        };
        self.push(value)
    }

    #[inline]
    pub(super) fn counted(&mut self, kind: Payload, len: u64, payload: Option<&[u8]>, span: Span) -> Result<()> {
        let value = match (kind, payload) {
            (Payload::Bytes, _) => Value::Bytes(saturate(len)),
            (Payload::Text, Some(bytes)) => {
                if !bytes.is_ascii()
                    && let text::Utf8::Bad(at) | text::Utf8::Cut(at) = text::utf8(bytes)
                {
                    return Err(bad_utf8(span, len, at).into());
                }
                self.arena.push_text(bytes)
            }
            (Payload::Text, None) => Value::LongText,
            // A longer one is no name, whatever it holds, and need not be read.
            (Payload::String, Some(bytes)) if bytes.len() <= MAX_TEXT && bytes.is_ascii() => {
                self.arena.push_text(bytes)
            }
            (Payload::String, _) => Value::Bytes(saturate(len)),
            (Payload::Long, bytes) => self.int(bytes.and_then(little_endian))?,
        };
        self.push(value)
    }
}

fn saturate(n: u64) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

/// A little-endian two's complement integer of up to eight bytes.
fn little_endian(bytes: &[u8]) -> Option<i64> {
    let Some(&last) = bytes.last() else { return Some(0) };
    if bytes.len() > 8 {
        return None;
    }
    let mut full = if last & 0x80 == 0 { [0; 8] } else { [0xff; 8] };
    full.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
    Some(i64::from_le_bytes(full))
}

#[cold]
fn bad_utf8(span: Span, len: u64, at: usize) -> Error {
    let start = span.end.saturating_sub(len).saturating_add(wide(at));
    Error::new(&defects::TEXT_ENCODING, Span::at(start, 1)).with("UTF-8", "another byte")
}
