//! Writes instructions, and keeps the model of what an unpickler holds.
//!
//! Each atom (an integer, a text, bytes) has several opcodes that say it; which
//! one is chosen is up to the generator and to the protocol of the pickle.

use dryload_core::formats::pickle::opcode::Opcode;

use super::model::{Item, Model, Shape};
use crate::rng::Rng;

/// How a pickle is written.
#[derive(Clone, Copy, Debug)]
pub(super) struct Style {
    /// The protocol that it announces.
    pub(super) proto: u8,
    /// Only opcodes of that protocol and older ones.
    pub(super) strict: bool,
    /// How often, in a hundred imports, a name is no allowed one.
    pub(super) hostile: usize,
    /// How often, in a hundred atoms, one is written as no pickler would.
    pub(super) odd: usize,
    /// How often, in a hundred values, one is put into the memo.
    pub(super) memo: usize,
    /// How often, in a hundred values, one comes from the caller of the unpickler.
    pub(super) outside: usize,
}

/// A pickle in the making.
#[derive(Debug)]
pub(super) struct Gen<'r> {
    pub(super) rng: &'r mut Rng,
    pub(super) style: Style,
    pub(super) model: Model,
    /// The instructions so far.
    pub(super) out: Vec<u8>,
    /// Where each of them begins.
    pub(super) starts: Vec<usize>,
    /// Calls inside calls, so that they end.
    pub(super) nesting: usize,
}

impl<'r> Gen<'r> {
    pub(super) fn new(rng: &'r mut Rng, style: Style) -> Self {
        Self { rng, style, model: Model::default(), out: Vec::new(), starts: Vec::new(), nesting: 0 }
    }

    /// True so many times in a hundred.
    pub(super) fn percent(&mut self, n: usize) -> bool {
        self.rng.below(100) < n
    }

    /// Whether the style has this opcode.
    pub(super) fn can(&self, code: Opcode) -> bool {
        !self.style.strict || code.info().is_some_and(|info| info.proto <= self.style.proto)
    }

    /// One of these opcodes that the style has.
    pub(super) fn choose(&mut self, codes: &[Opcode]) -> Option<Opcode> {
        let able: Vec<Opcode> = codes.iter().copied().filter(|&code| self.can(code)).collect();
        self.rng.pick(&able).copied()
    }

    /// Writes an instruction; the model is the caller's business.
    pub(super) fn raw(&mut self, code: Opcode, argument: &[u8]) {
        self.starts.push(self.out.len());
        self.out.push(code.0);
        self.out.extend_from_slice(argument);
    }

    fn line(&mut self, code: Opcode, line: &[u8]) {
        self.raw(code, line);
        self.out.push(b'\n');
    }

    fn pushed(&mut self, shape: Shape) {
        self.model.push(Item::of(shape));
    }

    pub(super) fn none(&mut self) {
        self.raw(Opcode::NONE, b"");
        self.pushed(Shape::Plain);
    }

    pub(super) fn boolean(&mut self, value: bool) {
        let (code, text): (_, &[u8]) = if value { (Opcode::NEWTRUE, b"01") } else { (Opcode::NEWFALSE, b"00") };
        if self.can(code) && !self.rng.one_in(20) {
            self.raw(code, b"");
        } else {
            self.line(Opcode::INT, text);
        }
        self.pushed(Shape::Plain);
    }

    /// An integer in a form that holds it.
    pub(super) fn int(&mut self, value: i64) {
        let two = u16::try_from(value).ok();
        let four = i32::try_from(value).ok();
        let narrow = u8::try_from(value).ok();
        let mut forms = vec![Opcode::LONG, Opcode::LONG1, Opcode::LONG4];
        if four.is_some() {
            forms.extend([Opcode::BININT, Opcode::INT]);
        }
        if two.is_some() {
            forms.push(Opcode::BININT2);
        }
        if narrow.is_some() {
            // What picklers write, most of the time.
            forms.extend([Opcode::BININT1; 6]);
        }
        let bytes = minimal(value);
        let len = u8::try_from(bytes.len()).unwrap_or(8);
        match self.choose(&forms).unwrap_or(Opcode::LONG) {
            Opcode::BININT1 => self.raw(Opcode::BININT1, &[narrow.unwrap_or(0)]),
            Opcode::BININT2 => self.raw(Opcode::BININT2, &two.unwrap_or(0).to_le_bytes()),
            Opcode::BININT => self.raw(Opcode::BININT, &four.unwrap_or(0).to_le_bytes()),
            Opcode::LONG1 => {
                self.raw(Opcode::LONG1, &[len]);
                self.out.extend_from_slice(&bytes);
            }
            Opcode::LONG4 => {
                self.raw(Opcode::LONG4, &u32::from(len).to_le_bytes());
                self.out.extend_from_slice(&bytes);
            }
            // `I00` and `I01` are booleans; no int of 0 or 1 is written so.
            Opcode::INT => self.line(Opcode::INT, value.to_string().as_bytes()),
            _ => {
                let suffix = if self.rng.one_in(8) { "" } else { "L" };
                self.line(Opcode::LONG, format!("{value}{suffix}").as_bytes());
            }
        }
        self.pushed(Shape::Plain);
    }

    /// An integer of more than 64 bits.
    pub(super) fn huge(&mut self) {
        let mut bytes: Vec<u8> = (0..9).map(|_| self.rng.byte()).collect();
        bytes.push(1);
        if self.can(Opcode::LONG1) {
            self.raw(Opcode::LONG1, &[10]);
            self.out.extend_from_slice(&bytes);
        } else {
            self.line(Opcode::LONG, b"1267650600228229401496703205376L");
        }
        self.pushed(Shape::Plain);
    }

    pub(super) fn float(&mut self, value: f64) {
        if self.can(Opcode::BINFLOAT) && !self.rng.one_in(6) {
            self.raw(Opcode::BINFLOAT, &value.to_bits().to_be_bytes());
        } else if value.is_nan() {
            self.line(Opcode::FLOAT, b"nan");
        } else {
            self.line(Opcode::FLOAT, format!("{value:?}").as_bytes());
        }
        self.pushed(Shape::Plain);
    }

    /// A text in a form that holds it.
    pub(super) fn text(&mut self, text: &str) {
        let line = text.is_ascii() && !text.contains(['\n', '\\', '\0', '\r', '\'']);
        let short = u8::try_from(text.len()).ok();
        let mut forms = vec![Opcode::BINUNICODE, Opcode::BINUNICODE];
        if short.is_some() {
            forms.extend([Opcode::SHORT_BINUNICODE; 6]);
        }
        if self.rng.one_in(10) {
            forms.push(Opcode::BINUNICODE8);
        }
        if line || !self.can(Opcode::BINUNICODE) {
            forms.push(Opcode::UNICODE);
        }
        if line && self.rng.one_in(8) {
            // The texts of Python 2.
            forms.extend([Opcode::STRING, Opcode::BINSTRING]);
            if short.is_some() {
                forms.push(Opcode::SHORT_BINSTRING);
            }
        }
        let bytes = text.as_bytes();
        let code = self.choose(&forms).unwrap_or(Opcode::UNICODE);
        match code {
            Opcode::UNICODE => {
                let escaped = escape(text);
                self.line(code, &escaped);
            }
            Opcode::STRING => {
                let quote = if self.rng.one_in(4) { '"' } else { '\'' };
                self.line(code, format!("{quote}{text}{quote}").as_bytes());
            }
            _ => self.counted(code, bytes),
        }
        self.pushed(Shape::Text);
    }

    /// Bytes.
    pub(super) fn bytes(&mut self, bytes: &[u8]) {
        let mut forms = vec![Opcode::BINBYTES];
        if bytes.len() < 256 {
            forms.extend([Opcode::SHORT_BINBYTES; 4]);
        }
        if self.rng.one_in(10) {
            forms.push(Opcode::BINBYTES8);
        }
        match self.choose(&forms) {
            Some(code) => {
                self.counted(code, bytes);
                self.pushed(Shape::Plain);
            }
            None => {
                // As protocols 0 to 2 write them.
                let text: String = bytes.iter().map(|&b| char::from(b)).collect();
                self.call("_codecs", "encode", &mut |g| {
                    g.unicode(&text);
                    g.text("latin1");
                });
            }
        }
    }

    /// A text that is one for every reader.
    pub(super) fn unicode(&mut self, text: &str) {
        let code = if text.len() < 256 { Opcode::SHORT_BINUNICODE } else { Opcode::BINUNICODE };
        match self.choose(&[code, Opcode::BINUNICODE]) {
            Some(code) => self.counted(code, text.as_bytes()),
            None => {
                let escaped = escape(text);
                self.line(Opcode::UNICODE, &escaped);
            }
        }
        self.pushed(Shape::Text);
    }

    pub(super) fn bytearray(&mut self, bytes: &[u8]) {
        if self.can(Opcode::BYTEARRAY8) {
            self.counted(Opcode::BYTEARRAY8, bytes);
            self.pushed(Shape::ByteArray);
        } else {
            self.call("builtins", "bytearray", &mut |g| g.bytes(bytes));
        }
    }

    /// A counted payload, with the length that its opcode has.
    pub(super) fn counted(&mut self, code: Opcode, bytes: &[u8]) {
        let len = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        match code {
            Opcode::SHORT_BINUNICODE | Opcode::SHORT_BINBYTES | Opcode::SHORT_BINSTRING => {
                self.raw(code, &[u8::try_from(len).unwrap_or(u8::MAX)]);
            }
            Opcode::BINUNICODE8 | Opcode::BINBYTES8 | Opcode::BYTEARRAY8 => {
                self.raw(code, &u64::from(len).to_le_bytes());
            }
            _ => self.raw(code, &len.to_le_bytes()),
        }
        self.out.extend_from_slice(bytes);
    }

    /// An empty container, by its opcode or by the marked form of protocol 0.
    pub(super) fn empty(&mut self, shape: Shape) {
        let (code, marked) = match shape {
            Shape::Tuple => (Opcode::EMPTY_TUPLE, Opcode::TUPLE),
            Shape::List => (Opcode::EMPTY_LIST, Opcode::LIST),
            Shape::Set => (Opcode::EMPTY_SET, Opcode::EMPTY_SET),
            _ => (Opcode::EMPTY_DICT, Opcode::DICT),
        };
        if self.can(code) && (code == marked || !self.rng.one_in(12)) {
            self.raw(code, b"");
            self.pushed(shape);
        } else {
            self.mark();
            self.close(marked);
        }
    }

    pub(super) fn mark(&mut self) {
        self.raw(Opcode::MARK, b"");
        self.model.mark();
    }

    /// TUPLE, LIST, DICT or FROZENSET: a container of what stands above the mark.
    pub(super) fn close(&mut self, code: Opcode) {
        self.raw(code, b"");
        let items = self.model.pop_mark();
        self.model.push(gathered(code, &items));
    }

    /// A tuple of the `n` topmost values.
    pub(super) fn short_tuple(&mut self, n: usize) {
        let code = match n {
            1 => Opcode::TUPLE1,
            2 => Opcode::TUPLE2,
            _ => Opcode::TUPLE3,
        };
        self.raw(code, b"");
        let items: Vec<Item> = (0..n).filter_map(|_| self.model.pop()).collect();
        self.model.push(gathered(code, &items));
    }

    pub(super) fn pop(&mut self) {
        self.raw(Opcode::POP, b"");
        self.model.pop();
    }

    /// Puts the top value into the memo, in any of the four forms.
    pub(super) fn put(&mut self) {
        let next = self.model.memo_len();
        // Mostly in order, as picklers do; now and then elsewhere, also over
        // what is there.
        let index = match self.rng.below(24) {
            0 => u64::try_from(self.rng.below(300)).unwrap_or(0),
            1 => next.saturating_sub(1),
            2 => 255,
            3 => 256,
            _ => next,
        };
        self.put_slot(index);
    }

    /// Puts the top value into a slot, whatever is in it.
    pub(super) fn put_slot(&mut self, index: u64) {
        let mut forms = vec![Opcode::PUT, Opcode::LONG_BINPUT];
        if index < 256 {
            forms.extend([Opcode::BINPUT; 3]);
        }
        if index == self.model.memo_len() {
            forms.extend([Opcode::MEMOIZE; 6]);
        }
        match self.choose(&forms).unwrap_or(Opcode::PUT) {
            Opcode::MEMOIZE => self.raw(Opcode::MEMOIZE, b""),
            Opcode::BINPUT => self.raw(Opcode::BINPUT, &[u8::try_from(index).unwrap_or(0)]),
            Opcode::LONG_BINPUT => self.raw(Opcode::LONG_BINPUT, &u32::try_from(index).unwrap_or(0).to_le_bytes()),
            _ => self.line(Opcode::PUT, index.to_string().as_bytes()),
        }
        self.model.put(index);
    }

    /// Fetches a slot of which `wanted` holds; false when there is none.
    pub(super) fn get(&mut self, wanted: impl Fn(Item) -> bool) -> bool {
        let slots = self.model.slots(wanted);
        let Some(&index) = self.rng.pick(&slots) else { return false };
        self.get_slot(index);
        true
    }

    /// Fetches a slot.
    pub(super) fn get_slot(&mut self, index: u64) {
        let mut forms = vec![Opcode::GET, Opcode::LONG_BINGET];
        if index < 256 {
            forms.extend([Opcode::BINGET; 4]);
        }
        match self.choose(&forms).unwrap_or(Opcode::GET) {
            Opcode::BINGET => self.raw(Opcode::BINGET, &[u8::try_from(index).unwrap_or(0)]),
            Opcode::LONG_BINGET => self.raw(Opcode::LONG_BINGET, &u32::try_from(index).unwrap_or(0).to_le_bytes()),
            _ => self.line(Opcode::GET, index.to_string().as_bytes()),
        }
        self.model.get(index);
    }

    /// Puts the top value into the memo as often as the style does.
    pub(super) fn maybe_put(&mut self) {
        if self.model.height() > 0 && self.percent(self.style.memo) {
            self.put();
        }
    }

    /// GLOBAL or INST: two lines.
    pub(super) fn pair(&mut self, code: Opcode, module: &str, name: &str) {
        self.line(code, module.as_bytes());
        self.out.extend_from_slice(name.as_bytes());
        self.out.push(b'\n');
    }

    pub(super) fn persistent_line(&mut self, id: &str) {
        self.line(Opcode::PERSID, id.as_bytes());
        self.pushed(Shape::Object);
    }

    /// Replaces the `n` topmost values by what they gave.
    pub(super) fn became(&mut self, n: usize, shape: Shape) {
        for _ in 0..n {
            self.model.pop();
        }
        self.pushed(shape);
    }
}

/// What a container opcode makes of these items.
fn gathered(code: Opcode, items: &[Item]) -> Item {
    let texts = items.iter().step_by(2).all(|item| item.shape == Shape::Text);
    match code {
        Opcode::LIST => Item::of(Shape::List),
        Opcode::DICT => Item::of(Shape::Dict(texts)),
        Opcode::FROZENSET => Item::of(Shape::Plain),
        _ => Item { shape: Shape::Tuple, hashable: items.iter().all(|item| item.hashable) },
    }
}

/// An integer in the fewest bytes of two's complement.
fn minimal(value: i64) -> Vec<u8> {
    let mut bytes = value.to_le_bytes().to_vec();
    while let [.., second, last] = bytes.as_slice() {
        let sign = if *second & 0x80 == 0 { 0 } else { 0xff };
        if *last != sign {
            break;
        }
        bytes.pop();
    }
    if value == 0 { Vec::new() } else { bytes }
}

/// Raw-unicode-escape, as `Pickler.save_str` writes it at protocol 0.
fn escape(text: &str) -> Vec<u8> {
    let mut out = Vec::new();
    for c in text.chars() {
        match u32::from(c) {
            0x5c | 0 | 0x0a | 0x0d | 0x1a => out.extend(format!("\\u{:04x}", u32::from(c)).bytes()),
            n @ 0..0x100 => out.extend(u8::try_from(n)),
            n @ 0..0x1_0000 => out.extend(format!("\\u{n:04x}").bytes()),
            n => out.extend(format!("\\U{n:08x}").bytes()),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_take_the_fewest_bytes_that_keep_their_sign() {
        assert_eq!(minimal(0), b"");
        assert_eq!(minimal(127), b"\x7f");
        assert_eq!(minimal(128), b"\x80\0");
        assert_eq!(minimal(-128), b"\x80");
        assert_eq!(minimal(-1), b"\xff");
        assert_eq!(minimal(i64::MIN), b"\0\0\0\0\0\0\0\x80");
    }

    #[test]
    fn texts_are_escaped_as_the_pickler_does() {
        assert_eq!(escape("a\n\\\u{e9}\u{2603}\u{1f600}"), b"a\\u000a\\u005c\xe9\\u2603\\U0001f600");
    }
}
