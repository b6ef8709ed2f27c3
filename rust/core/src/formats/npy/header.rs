//! The literal of an npy header: `{'descr': ..., 'fortran_order': ..., 'shape': ...}`.
//!
//! Strict: the three keys once each, strings without escapes, plain ints.
//! Nesting is bounded, so parsing does not recurse on what a file holds.

use std::collections::HashSet;
use std::ops::Range;

/// What a header says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Header {
    /// Bytes of an element; `None` when an object is in it.
    pub(super) item: Option<u64>,
    /// Dimensions.
    pub(super) shape: Vec<u64>,
    /// Whether columns are contiguous.
    pub(super) fortran: bool,
    /// Where the dtype stands in the text.
    pub(super) descr: Range<usize>,
}

/// What is wrong with a header: what was expected, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// Not the literal, at this offset.
    Syntax(usize, &'static str),
    /// A dtype that is not known, at this offset.
    Descr(usize),
}

/// Structured dtypes inside structured dtypes; numpy's own tests use three.
const MAX_NESTING: u32 = 16;

/// Reads the header literal of a file of this major version.
pub(super) fn parse(text: &[u8], version: u8) -> Result<Header, Fault> {
    // Version 3 is UTF-8; what versions 1 and 2 hold beyond ASCII is Latin-1,
    // which no writer of plain names uses.
    if let Err(e) = std::str::from_utf8(text) {
        return Err(Fault::Syntax(e.valid_up_to(), "UTF-8"));
    }
    let mut p = Parser { text, at: 0, has_longs: version < 3 };
    let (mut item, mut shape, mut order, mut descr) = (None, None, None, 0..0);
    p.token(b'{')?;
    loop {
        p.space();
        if p.peek() == Some(b'}') {
            break;
        }
        let at = p.at;
        match p.string()? {
            b"descr" if item.is_none() => {
                p.token(b':')?;
                p.space();
                descr.start = p.at;
                item = Some(p.descr(MAX_NESTING)?);
                descr.end = p.at;
            }
            b"fortran_order" if order.is_none() => {
                p.token(b':')?;
                order = Some(p.boolean()?);
            }
            b"shape" if shape.is_none() => {
                p.token(b':')?;
                shape = Some(p.shape()?);
            }
            _ => return Err(Fault::Syntax(at, "descr, fortran_order and shape, once each")),
        }
        p.space();
        if p.peek() != Some(b',') {
            break;
        }
        p.at = p.at.saturating_add(1);
    }
    p.token(b'}')?;
    // numpy pads with spaces and ends with a newline.
    if p.rest().iter().any(|b| !matches!(b, b' ' | b'\n')) {
        return Err(Fault::Syntax(p.at, "spaces and a newline"));
    }
    match (item, shape, order) {
        (Some(item), Some(shape), Some(fortran)) => Ok(Header { item: item.bytes(), shape, fortran, descr }),
        _ => Err(Fault::Syntax(p.at, "descr, fortran_order and shape, once each")),
    }
}

/// Size of a dtype.
#[derive(Clone, Copy, Debug)]
enum Item {
    Bytes(u64),
    Object,
}

impl Item {
    const fn bytes(self) -> Option<u64> {
        match self {
            Self::Bytes(n) => Some(n),
            Self::Object => None,
        }
    }
}

struct Parser<'a> {
    text: &'a [u8],
    at: usize,
    /// Python 2 wrote longs with an L; version 3 is younger.
    has_longs: bool,
}

impl<'a> Parser<'a> {
    fn rest(&self) -> &'a [u8] {
        self.text.get(self.at..).unwrap_or(&[])
    }

    fn peek(&self) -> Option<u8> {
        self.rest().first().copied()
    }

    fn space(&mut self) {
        let n = self.rest().iter().take_while(|b| **b == b' ').count();
        self.at = self.at.saturating_add(n);
    }

    fn accept(&mut self, byte: u8) -> bool {
        self.space();
        let is = self.peek() == Some(byte);
        if is {
            self.at = self.at.saturating_add(1);
        }
        is
    }

    fn token(&mut self, byte: u8) -> Result<(), Fault> {
        let what = match byte {
            b'{' => "{",
            b'}' => "}",
            b':' => ":",
            b')' => ")",
            b']' => "]",
            b',' => ",",
            _ => "(",
        };
        if self.accept(byte) { Ok(()) } else { Err(Fault::Syntax(self.at, what)) }
    }

    fn string(&mut self) -> Result<&'a [u8], Fault> {
        self.space();
        let start = self.at;
        let fault = Fault::Syntax(start, "a plain string");
        let (&quote, body) = self.rest().split_first().ok_or(fault)?;
        if !matches!(quote, b'\'' | b'"') {
            return Err(fault);
        }
        let end = memchr::memchr(quote, body).ok_or(fault)?;
        let text = body.get(..end).unwrap_or(&[]);
        if text.contains(&b'\\') || text.iter().any(u8::is_ascii_control) {
            return Err(fault);
        }
        self.at = start.saturating_add(end).saturating_add(2);
        Ok(text)
    }

    fn boolean(&mut self) -> Result<bool, Fault> {
        self.space();
        for (word, value) in [(&b"True"[..], true), (&b"False"[..], false)] {
            if self.rest().starts_with(word) {
                self.at = self.at.saturating_add(word.len());
                return Ok(value);
            }
        }
        Err(Fault::Syntax(self.at, "True or False"))
    }

    fn int(&mut self) -> Result<u64, Fault> {
        self.space();
        let digits = self.rest().iter().take_while(|b| b.is_ascii_digit()).count();
        let text = self.rest().get(..digits).and_then(|t| std::str::from_utf8(t).ok());
        // Python reads no leading zeros.
        let text = text.filter(|t| t.len() == 1 || !t.starts_with('0'));
        let n = text.and_then(|t| t.parse().ok()).ok_or(Fault::Syntax(self.at, "an int from 0 to 2**64 - 1"))?;
        self.at = self.at.saturating_add(digits);
        if self.has_longs && self.peek() == Some(b'L') {
            self.at = self.at.saturating_add(1);
        }
        Ok(n)
    }

    /// A tuple of ints.
    fn shape(&mut self) -> Result<Vec<u64>, Fault> {
        self.token(b'(')?;
        let mut dims = Vec::new();
        while !self.accept(b')') {
            dims.push(self.int()?);
            if !self.accept(b',') {
                self.token(b')')?;
                if dims.len() == 1 {
                    return Err(Fault::Syntax(self.at, "a tuple"));
                }
                break;
            }
        }
        Ok(dims)
    }

    /// A type string, or a list of fields.
    fn descr(&mut self, depth: u32) -> Result<Item, Fault> {
        let depth = depth.checked_sub(1).ok_or(Fault::Syntax(self.at, "fewer nested dtypes"))?;
        if !self.accept(b'[') {
            let at = self.at;
            return type_string(self.string()?).ok_or(Fault::Descr(at));
        }
        let mut sum = Item::Bytes(0);
        let mut names = HashSet::new();
        while !self.accept(b']') {
            let at = self.at;
            let (called, field) = self.field(depth)?;
            if called.into_iter().any(|name| !names.insert(name)) {
                return Err(Fault::Descr(at));
            }
            sum = match (sum, field) {
                (Item::Bytes(a), Item::Bytes(b)) => Item::Bytes(a.checked_add(b).ok_or(Fault::Descr(self.at))?),
                _ => Item::Object,
            };
            if !self.accept(b',') {
                self.token(b']')?;
                break;
            }
        }
        Ok(sum)
    }

    /// `('name', descr)` or `('name', descr, shape)`; a name may be
    /// `('title', 'name')`. Gives name and title, which are keys of one dict:
    /// none of padding, which is raw bytes or an array without a name.
    fn field(&mut self, depth: u32) -> Result<(Vec<&'a [u8]>, Item), Fault> {
        self.token(b'(')?;
        let mut called = Vec::new();
        if self.accept(b'(') {
            called.push(self.string()?);
            self.token(b',')?;
            called.push(self.string()?);
            self.token(b')')?;
        } else {
            called.push(self.string()?);
        }
        self.token(b',')?;
        self.space();
        let descr = self.rest();
        let mut item = self.descr(depth)?;
        let descr = descr.get(..descr.len().saturating_sub(self.rest().len())).unwrap_or(descr);
        let mut is_raw = !descr.starts_with(b"[") && descr.contains(&b'V');
        if self.accept(b',') {
            self.space();
            if self.peek() == Some(b'(') {
                let shape = self.shape()?;
                is_raw |= !shape.is_empty();
                for dim in shape {
                    item = match item {
                        Item::Bytes(n) => Item::Bytes(n.checked_mul(dim).ok_or(Fault::Descr(self.at))?),
                        Item::Object => Item::Object,
                    };
                }
            }
        }
        self.token(b')')?;
        if is_raw && called.last().is_some_and(|name| name.is_empty()) {
            called.clear();
        }
        Ok((called, item))
    }
}

/// `<f4`, `|S10`, `<U3`, `|O`, `<M8[ns]`.
fn type_string(text: &[u8]) -> Option<Item> {
    let text = match text.split_first()? {
        (b'<' | b'>' | b'|' | b'=', rest) => rest,
        _ => text,
    };
    let (&kind, rest) = text.split_first()?;
    if kind == b'O' {
        return (rest.is_empty() || rest == b"8").then_some(Item::Object);
    }
    let digits = rest.iter().take_while(|b| b.is_ascii_digit()).count();
    let (number, unit) = rest.split_at_checked(digits)?;
    if number.len() > 1 && number.starts_with(b"0") {
        // numpy takes `f04`, and refuses `M08`: no writer makes either.
        return None;
    }
    let n: u64 = if number.is_empty() && kind == b'?' { 1 } else { std::str::from_utf8(number).ok()?.parse().ok()? };
    let is_number = match kind {
        b'b' | b'?' => n == 1,
        b'i' | b'u' => matches!(n, 1 | 2 | 4 | 8),
        // 12 and 24 are long double and its complex on 32-bit machines.
        b'f' => matches!(n, 2 | 4 | 8 | 12 | 16),
        b'c' => matches!(n, 8 | 16 | 24 | 32),
        b'S' | b'a' | b'V' => true,
        b'M' | b'm' => n == 8,
        _ => false,
    };
    match kind {
        b'U' if unit.is_empty() => n.checked_mul(4).map(Item::Bytes),
        b'M' | b'm' if is_number && (unit.is_empty() || is_time_unit(unit)) => Some(Item::Bytes(n)),
        _ if is_number && unit.is_empty() => Some(Item::Bytes(n)),
        _ => None,
    }
}

/// `[ns]`, `[25s]`: the units of datetime64 and timedelta64.
fn is_time_unit(text: &[u8]) -> bool {
    let inside = text.strip_prefix(b"[").and_then(|t| t.strip_suffix(b"]")).unwrap_or(&[]);
    let digits = inside.iter().take_while(|b| b.is_ascii_digit()).count();
    let units: [&[u8]; 14] =
        [b"Y", b"M", b"W", b"D", b"h", b"m", b"s", b"ms", b"us", b"ns", b"ps", b"fs", b"as", b"generic"];
    let multiplier = inside.get(..digits).and_then(|t| std::str::from_utf8(t).ok()).unwrap_or("");
    let fits = multiplier.is_empty() || multiplier.parse::<i32>().is_ok_and(|n| n > 0);
    fits && inside.get(digits..).is_some_and(|unit| units.contains(&unit))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<(Option<u64>, Vec<u64>), Fault> {
        parse(text.as_bytes(), 1).map(|h| (h.item, h.shape))
    }

    #[test]
    fn headers_numpy_writes_are_read() {
        assert_eq!(read("{'descr': '<f4', 'fortran_order': False, 'shape': (4, 4), }   \n"), Ok((Some(4), vec![4, 4])));
        assert_eq!(read("{'descr': '|O', 'fortran_order': False, 'shape': (2,), }\n"), Ok((None, vec![2])));
        assert_eq!(
            read("{'descr': [('a', '<i4'), ('b', '<f8', (2,))], 'fortran_order': False, 'shape': (3,), }"),
            Ok((Some(20), vec![3]))
        );
        assert_eq!(read("{'descr': '<M8[ns]', 'fortran_order': True, 'shape': (), }"), Ok((Some(8), vec![])));
    }

    #[test]
    fn anything_else_is_a_fault() {
        for text in [
            "",
            "{}",
            "{'descr': '<f4', 'descr': '|O', 'fortran_order': False, 'shape': ()}",
            "{'descr': '<f4', 'fortran_order': False, 'shape': (4)}",
            "{'descr': '<f4', 'fortran_order': False, 'shape': (-4,)}",
            "{'descr': '<f4', 'fortran_order': False, 'shape': __import__('os')}",
            "{'descr': 'x9', 'fortran_order': False, 'shape': ()}",
            "{'descr': '<f4', 'fortran_order': False, 'shape': (), } x",
        ] {
            assert!(read(text).is_err(), "{text}");
        }
    }
}
