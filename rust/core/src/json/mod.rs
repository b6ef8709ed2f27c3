//! A strict cursor over JSON text: RFC 8259, no owned tree, no recursion.
//!
//! It accepts what serde_json accepts and nothing more, and every fault has
//! its offset. The text must be UTF-8; the caller has checked that.

mod events;

use std::borrow::Cow;

pub use events::{Event, Events};

/// Where the text stops being JSON, and what was expected there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Offset in the text.
    pub at: usize,
    /// In words.
    pub expected: &'static str,
}

/// Nested values serde_json reads before it gives up.
const MAX_DEPTH: usize = 127;

/// A number without exponent that is no longer fits a double.
const MAX_DIGITS: usize = 300;
/// Below the largest double by more than any rounding.
const LARGEST: f64 = 1.7e308;

/// The cursor.
#[derive(Clone, Copy, Debug)]
pub struct Json<'a> {
    text: &'a str,
    at: usize,
}

/// Told of the objects of a value that is passed over, and of their keys.
pub trait Keys {
    /// An object begins at this offset.
    fn open(&mut self, at: usize);
    /// A key of the innermost object, its escapes undone.
    fn key(&mut self, key: &str);
    /// The innermost object ends.
    fn close(&mut self);
}

/// Nobody asks.
impl Keys for () {
    fn open(&mut self, _at: usize) {}

    fn key(&mut self, _key: &str) {}

    fn close(&mut self) {}
}

type Result<T> = std::result::Result<T, Fault>;

impl<'a> Json<'a> {
    /// A cursor at the start of `text`.
    #[must_use]
    pub const fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    /// A cursor inside `text`.
    #[must_use]
    pub const fn new_at(text: &'a str, at: usize) -> Self {
        Self { text, at }
    }

    /// Offset in the text.
    #[must_use]
    pub const fn at(&self) -> usize {
        self.at
    }

    /// The next byte that is no white space; the cursor moves to it.
    pub fn peek(&mut self) -> Option<u8> {
        let bytes = self.text.as_bytes();
        while let Some(b) = bytes.get(self.at) {
            if !matches!(b, b' ' | b'\n' | b'\r' | b'\t') {
                return Some(*b);
            }
            self.step(1);
        }
        None
    }

    /// Takes `byte` when it is next.
    pub fn accept(&mut self, byte: u8) -> bool {
        let is = self.peek() == Some(byte);
        if is {
            self.step(1);
        }
        is
    }

    /// Takes `byte`.
    ///
    /// # Errors
    /// Something else is next.
    pub fn require(&mut self, byte: u8, expected: &'static str) -> Result<()> {
        if self.accept(byte) { Ok(()) } else { Err(self.fault(expected)) }
    }

    /// Takes exactly these bytes when they are next, space and all.
    #[inline]
    pub fn literal(&mut self, bytes: &'static [u8]) -> bool {
        let is = self.text.as_bytes().get(self.at..).is_some_and(|rest| rest.starts_with(bytes));
        if is {
            self.step(bytes.len());
        }
        is
    }

    /// Takes what stands before the next quote, when it is at most 16 bytes
    /// and has no escape, and the quote.
    #[inline]
    pub fn word_before_quote(&mut self) -> Option<&'a str> {
        let rest = self.text.as_bytes().get(self.at..)?;
        let len = rest.iter().take(17).position(|b| matches!(b, b'"' | b'\\' | 0..=0x1f))?;
        if rest.get(len) != Some(&b'"') {
            return None;
        }
        let word = self.text.get(self.at..self.at.saturating_add(len))?;
        self.step(len.saturating_add(1));
        Some(word)
    }

    /// A fault at the cursor.
    #[cold]
    #[must_use]
    pub const fn fault(&self, expected: &'static str) -> Fault {
        Fault { at: self.at, expected }
    }

    /// A string, its escapes undone.
    ///
    /// # Errors
    /// No string is next, or it holds a control character, a broken escape or
    /// half a surrogate pair.
    pub fn string(&mut self) -> Result<Cow<'a, str>> {
        self.require(b'"', "a string")?;
        let start = self.at;
        let bytes = self.text.as_bytes();
        let mut owned: Option<String> = None;
        let mut from = start;
        loop {
            // Up to a quote or an escape at a stroke: names are long.
            let run = bytes.get(self.at..).unwrap_or(&[]);
            let run = run.get(..memchr::memchr2(b'"', b'\\', run).unwrap_or(run.len())).unwrap_or(run);
            // Without a branch a byte, so that it is done many at a time.
            if run.iter().fold(false, |found, b| found | (*b < 0x20)) {
                self.step(run.iter().position(|b| *b < 0x20).unwrap_or(0));
                return Err(self.fault("no control character in a string"));
            }
            self.step(run.len());
            match bytes.get(self.at) {
                Some(b'"') => {
                    let tail = self.text.get(from..self.at).unwrap_or("");
                    self.step(1);
                    return Ok(match owned {
                        Some(mut text) => {
                            text.push_str(tail);
                            Cow::Owned(text)
                        }
                        None => Cow::Borrowed(tail),
                    });
                }
                Some(b'\\') => {
                    let text = owned.get_or_insert_default();
                    text.push_str(self.text.get(from..self.at).unwrap_or(""));
                    self.step(1);
                    let c = self.escape()?;
                    owned.get_or_insert_default().push(c);
                    from = self.at;
                }
                _ => return Err(self.fault("the end of a string")),
            }
        }
    }

    fn escape(&mut self) -> Result<char> {
        let byte = self.text.as_bytes().get(self.at).copied();
        let plain = match byte {
            Some(b @ (b'"' | b'\\' | b'/')) => char::from(b),
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => {
                self.step(1);
                return self.unicode();
            }
            _ => return Err(self.fault("an escape of JSON")),
        };
        self.step(1);
        Ok(plain)
    }

    fn unicode(&mut self) -> Result<char> {
        let first = self.hex4()?;
        if !(0xd800..0xe000).contains(&first) {
            return char::from_u32(first).ok_or_else(|| self.fault("a character"));
        }
        let pair = self.text.as_bytes().get(self.at..).is_some_and(|t| t.starts_with(b"\\u"));
        if first >= 0xdc00 || !pair {
            return Err(self.fault("a surrogate pair"));
        }
        self.step(2);
        let second = self.hex4()?;
        if !(0xdc00..0xe000).contains(&second) {
            return Err(self.fault("a surrogate pair"));
        }
        let high = first.wrapping_sub(0xd800) << 10;
        let low = second.wrapping_sub(0xdc00);
        char::from_u32(0x10000u32.wrapping_add(high | low)).ok_or_else(|| self.fault("a character"))
    }

    fn hex4(&mut self) -> Result<u32> {
        let digits =
            self.text.get(self.at..self.at.saturating_add(4)).filter(|d| d.bytes().all(|b| b.is_ascii_hexdigit()));
        let n = digits.and_then(|d| u32::from_str_radix(d, 16).ok()).ok_or_else(|| self.fault("four hex digits"))?;
        self.step(4);
        Ok(n)
    }

    /// An integer from 0 to 2**64 - 1, written as one.
    ///
    /// # Errors
    /// Something else is next; floats, signs and leading zeros are something else.
    pub fn unsigned(&mut self) -> Result<u64> {
        const EXPECTED: &str = "an integer from 0 to 2**64 - 1";
        self.peek();
        let rest = self.text.as_bytes().get(self.at..).unwrap_or(&[]);
        let mut n = 0u64;
        let mut digits = 0usize;
        for byte in rest {
            if !byte.is_ascii_digit() {
                break;
            }
            let digit = u64::from(byte.wrapping_sub(b'0'));
            n = n.checked_mul(10).and_then(|n| n.checked_add(digit)).ok_or_else(|| self.fault(EXPECTED))?;
            digits = digits.saturating_add(1);
        }
        let leads = digits > 1 && rest.first() == Some(&b'0');
        if digits == 0 || leads || matches!(rest.get(digits), Some(b'.' | b'e' | b'E')) {
            return Err(self.fault(EXPECTED));
        }
        self.step(digits);
        Ok(n)
    }

    /// Passes over any value; what it holds is checked, not kept.
    ///
    /// # Errors
    /// It is not JSON, or nests deeper than serde_json reads.
    pub fn skip(&mut self) -> Result<()> {
        self.skip_with(&mut ())
    }

    /// As `skip`, and tells of the keys.
    ///
    /// # Errors
    /// As `skip`.
    pub fn skip_with(&mut self, keys: &mut impl Keys) -> Result<()> {
        // One bit a level would do; a byte is simpler: b'{' or b'['.
        let mut open: Vec<u8> = Vec::new();
        loop {
            match self.peek() {
                Some(b @ (b'{' | b'[')) => {
                    if open.len() >= MAX_DEPTH {
                        return Err(self.fault("fewer nested values"));
                    }
                    let begins = self.at;
                    self.step(1);
                    let close = if b == b'{' { b'}' } else { b']' };
                    if !self.accept(close) {
                        open.push(b);
                        if b == b'{' {
                            keys.open(begins);
                            self.key(keys)?;
                        }
                        continue;
                    }
                }
                Some(b'"') => {
                    self.string()?;
                }
                Some(b'-' | b'0'..=b'9') => self.number()?,
                Some(b't') => self.word("true")?,
                Some(b'f') => self.word("false")?,
                Some(b'n') => self.word("null")?,
                _ => return Err(self.fault("a value")),
            }
            // A value is complete: what follows depends on what is open.
            loop {
                let Some(&container) = open.last() else { return Ok(()) };
                if self.accept(b',') {
                    if container == b'{' {
                        self.key(keys)?;
                    }
                    break;
                }
                let close = if container == b'{' { b'}' } else { b']' };
                self.require(close, "a comma or the end of a container")?;
                if container == b'{' {
                    keys.close();
                }
                open.pop();
            }
        }
    }

    fn key(&mut self, keys: &mut impl Keys) -> Result<()> {
        keys.key(&self.string()?);
        self.require(b':', "a colon")
    }

    fn word(&mut self, word: &'static str) -> Result<()> {
        if self.text.get(self.at..).is_some_and(|t| t.starts_with(word)) {
            self.step(word.len());
            return Ok(());
        }
        Err(self.fault("true, false or null"))
    }

    fn number(&mut self) -> Result<()> {
        let bytes = self.text.as_bytes();
        // A digit alone is the commonest number.
        if let Some([b'0'..=b'9', b',' | b']' | b'}', ..]) = bytes.get(self.at..) {
            self.step(1);
            return Ok(());
        }
        let begins = self.at;
        let digits = |at: usize| bytes.get(at..).unwrap_or(&[]).iter().take_while(|b| b.is_ascii_digit()).count();
        if bytes.get(self.at) == Some(&b'-') {
            self.step(1);
        }
        let whole = digits(self.at);
        if whole == 0 || (whole > 1 && bytes.get(self.at) == Some(&b'0')) {
            return Err(self.fault("a number"));
        }
        self.step(whole);
        if bytes.get(self.at) == Some(&b'.') {
            self.step(1);
            let fraction = digits(self.at);
            if fraction == 0 {
                return Err(self.fault("a digit"));
            }
            self.step(fraction);
        }
        if matches!(bytes.get(self.at), Some(b'e' | b'E')) {
            self.step(1);
            if matches!(bytes.get(self.at), Some(b'+' | b'-')) {
                self.step(1);
            }
            let exponent = digits(self.at);
            if exponent == 0 {
                return Err(self.fault("a digit"));
            }
            self.step(exponent);
        }
        // serde_json refuses what no double holds.
        let text = self.text.get(begins..self.at).unwrap_or("");
        if text.len() > MAX_DIGITS || text.contains(['e', 'E']) {
            let fits = text.parse::<f64>().is_ok_and(|n| n.abs() < LARGEST);
            if !fits {
                self.at = begins;
                return Err(self.fault("a number that a double holds"));
            }
        }
        Ok(())
    }

    fn step(&mut self, by: usize) {
        self.at = self.at.saturating_add(by);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_come_unescaped_and_borrowed_where_they_can() {
        assert!(matches!(Json::new("\"ab\"").string(), Ok(Cow::Borrowed("ab"))));
        assert_eq!(Json::new(r#""\u0061\ud83d\ude00\n""#).string().as_deref(), Ok("a😀\n"));
        for bad in [r#""\ud83d""#, r#""\ude00""#, "\"\u{1}\"", r#""\x""#, "\"a", "'a'"] {
            assert!(Json::new(bad).string().is_err(), "{bad}");
        }
    }

    #[test]
    fn numbers_are_integers_or_nothing() {
        assert_eq!(Json::new(" 18446744073709551615,").unsigned(), Ok(u64::MAX));
        for bad in ["-0", "1.0", "01", "1e0", "18446744073709551616", "\"1\"", ""] {
            assert!(Json::new(bad).unsigned().is_err(), "{bad}");
        }
    }

    #[test]
    fn values_are_skipped_to_their_end_and_depth_is_bounded() {
        for good in ["{}", "[]", "{\"a\": [1, {\"b\": -1.5e+3}, null]}", "true", "[[],[]]"] {
            let mut json = Json::new(good);
            assert_eq!(json.skip(), Ok(()), "{good}");
            assert_eq!(json.at(), good.len());
        }
        for bad in ["{", "[1,]", "{\"a\" 1}", "NaN", "1e309", "-1e999999", "tru", "{\"a\":1,}", "-", "1."] {
            assert!(Json::new(bad).skip().is_err(), "{bad}");
        }
        let deep = format!("{}{}", "[".repeat(200), "]".repeat(200));
        assert!(Json::new(&deep).skip().is_err());
    }
}
