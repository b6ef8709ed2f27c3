//! Pickles with one fault each: plain values, then the fault, and nothing else
//! that a rule would speak of.

use dryload_core::formats::pickle::opcode::Opcode;

use super::emit::{Gen, Style};
use super::frames::frame;
use super::model::{Item, Shape};
use crate::catalogue::catalogue;
use crate::rng::Rng;

catalogue! {
    /// What can be wrong with a pickle, by the rule that sees it.
    {
        UnknownOpcode = "pickle-unknown-opcode",
        StackUnderflow = "pickle-stack-underflow",
        MemoMissing = "pickle-memo-missing",
        NumericText = "pickle-numeric-text",
        TextEncoding = "pickle-text-encoding",
        StringQuotes = "pickle-string-quotes",
        FrameStraddle = "pickle-frame-straddle",
        FrameNested = "pickle-frame-nested",
        ProtoPosition = "pickle-proto-position",
        NegativeLength = "pickle-negative-length",
        OperandType = "pickle-operand-type",
        TrailingData = "pickle-trailing-data",
        Truncated = "pickle-truncated",
        UnsupportedProtocol = "pickle-unsupported-protocol",
        DangerousCall = "pickle-dangerous-call",
        DangerousImport = "pickle-dangerous-import",
        ComputedName = "pickle-computed-name",
        ComputedCall = "pickle-computed-call",
        ExtensionCode = "pickle-extension-code",
        ForeignWrite = "pickle-foreign-write",
        DunderState = "pickle-dunder-state",
        PlantedMethod = "pickle-planted-method",
        UnknownName = "pickle-unknown-name",
        UnexpectedArgument = "pickle-unexpected-argument",
        UnexpectedState = "pickle-unexpected-state",
        PersistentLoad = "pickle-persistent-load",
        ExternalBuffer = "pickle-external-buffer",
    }
}

impl Fault {
    /// A pickle with this fault and no other.
    #[must_use]
    pub fn pickle(self, rng: &mut Rng) -> Vec<u8> {
        let proto =
            if self == Self::ExternalBuffer { 5 } else { u8::try_from(rng.below(4)).unwrap_or(0).saturating_add(2) };
        let style = Style { proto, strict: true, hostile: 0, odd: 0, memo: 0, outside: 0 };
        let mut made = Gen::new(rng, style);
        for _ in 0..made.rng.below(4) {
            made.plain();
            made.pop();
        }
        let before = std::mem::take(&mut made.out);
        self.write(&mut made);
        let body = std::mem::take(&mut made.out);
        self.framed(proto, before, &body, rng)
    }

    /// The header, what stands before, and the fault; the frames are the fault of
    /// some.
    fn framed(self, proto: u8, before: Vec<u8>, body: &[u8], rng: &mut Rng) -> Vec<u8> {
        let mut out = vec![
            Opcode::PROTO.0,
            proto.max(if matches!(self, Self::FrameNested | Self::FrameStraddle) { 4 } else { 0 }),
        ];
        match self {
            Self::UnsupportedProtocol => {
                let beyond = rng.pick(&[6u8, 7, 9, 100, 255]).copied().unwrap_or(6);
                out = vec![Opcode::PROTO.0, beyond];
                out.extend(before);
                out.extend_from_slice(body);
            }
            Self::FrameNested => {
                let mut inner = Vec::new();
                frame(&mut inner, body);
                let whole = [before.as_slice(), &inner].concat();
                if rng.one_in(2) {
                    frame(&mut out, &whole);
                } else {
                    // The outer one ends where the inner one has begun.
                    let told = before.len().saturating_add(9);
                    out.push(Opcode::FRAME.0);
                    out.extend_from_slice(&u64::try_from(told).unwrap_or(0).to_le_bytes());
                    out.extend(whole);
                }
            }
            Self::FrameStraddle => {
                // The frame ends inside the argument of the first instruction of the body.
                let told = before.len().saturating_add(2).saturating_add(rng.below(3));
                out.push(Opcode::FRAME.0);
                out.extend_from_slice(&u64::try_from(told).unwrap_or(0).to_le_bytes());
                out.extend(before);
                out.extend_from_slice(body);
            }
            _ => {
                out.extend(before);
                out.extend_from_slice(body);
            }
        }
        out
    }

    /// Writes the fault and the end.
    fn write(self, g: &mut Gen<'_>) {
        let end = Opcode::STOP;
        let bytes: &[u8] = match self {
            Self::UnknownOpcode => {
                // A value is there, so that nothing else is missing.
                g.none();
                let free: Vec<u8> = (0..=u8::MAX).filter(|&b| Opcode(b).info().is_none()).collect();
                let byte = g.rng.pick(&free).copied().unwrap_or(0xff);
                g.out.extend_from_slice(&[byte, end.0]);
                return;
            }
            Self::StackUnderflow => g.some(&[b"\x85.", b"N\x86.", b"NN\x87.", b"0N.", b"2N.", b"."]),
            Self::MemoMissing => g.some(&[b"h\0.", b"h\xff.", b"j\x01\0\0\0.", b"g0\n.", b"g77\n."]),
            Self::NumericText => g.some(&[b"I0x10\n.", b"I010\n.", b"I1\0\n.", b"L0b1L\n.", b"I 1\n."]),
            Self::TextEncoding => g.some(&[b"S'caf\xe9'\n.", b"X\x01\0\0\0\xff.", b"\x8c\x02\xc3(."]),
            Self::StringQuotes => g.some(&[b"S\"name'\n.", b"Sname\n.", b"S'name\n."]),
            Self::ProtoPosition => g.some(&[b"N\x80\x02.", b"N\x80\x04.", b"NN\x80\x020."]),
            Self::NegativeLength => {
                // Also as short a way back as to this instruction, or to the one before.
                let code = g.some(&[b"T", b"T", b"\x8b"]);
                let back = u32::from(g.rng.byte() & 15).saturating_add(1).wrapping_neg();
                let length = if g.rng.one_in(3) { 0x8000_0000 } else { back };
                g.out.extend_from_slice(code);
                g.out.extend_from_slice(&length.to_le_bytes());
                b"."
            }
            Self::OperandType => g.some(&[b"K\x01K\x02\x93.", b"K\x01}b.", b"(Nd.", b")Na."]),
            Self::Truncated => g.some(&[b"\x8c\x08the end", b"N", b"X\xff\0\0\0a", b"C\x05ab", b"M\x01", b"I1"]),
            Self::TrailingData => {
                g.plain();
                let tail = g.some(&[b".\0\0\0", b".\n", b".\xff", b".PK"]);
                g.out.extend_from_slice(tail);
                return;
            }
            Self::FrameNested => b"N.",
            Self::FrameStraddle => g.some(&[b"C\x06abcdef.", b"\x8c\x06abcdef.", b"X\x03\0\0\0abc."]),
            Self::UnsupportedProtocol => b"N.",
            Self::DangerousCall => {
                let (module, name) = g.rng.pick(CALLS).copied().unwrap_or(("posix", "system"));
                g.named(module, name);
                g.unicode("true");
                g.short_tuple(1);
                b"R."
            }
            Self::DangerousImport => {
                let (module, name) = g.rng.pick(CALLS).copied().unwrap_or(("posix", "system"));
                g.named(module, name);
                b"."
            }
            Self::ComputedName => {
                g.named("collections", "UserString");
                g.unicode("posix");
                g.short_tuple(1);
                b"R\x8c\x06system\x93."
            }
            Self::ComputedCall => {
                g.named("collections", "OrderedDict");
                b")R)R."
            }
            Self::ExtensionCode => g.some(&[b"\x82\x01.", b"\x83\x01\x01.", b"\x84\x01\x02\x03\x04."]),
            Self::ForeignWrite => {
                g.named("collections", "OrderedDict");
                g.some(&[b"\x8c\x01aNs.", b"}b.", b"(\x8c\x01aNu.", b"Na."])
            }
            Self::DunderState => {
                g.named("argparse", "Namespace");
                g.empty(Shape::Tuple);
                g.apply(false);
                g.empty(Shape::Dict(true));
                let name = if g.rng.one_in(2) { "__class__" } else { "__dict__" };
                g.unicode(name);
                b"Nsb."
            }
            Self::PlantedMethod => {
                // The attribute `append` is called by APPEND.
                g.named("argparse", "Namespace");
                g.empty(Shape::Tuple);
                g.apply(false);
                g.empty(Shape::Dict(true));
                g.unicode("append");
                g.named("collections", "OrderedDict");
                b"sbNa."
            }
            Self::UnknownName => {
                g.named("mycorp.features", "Scaler");
                g.empty(Shape::Tuple);
                g.some(&[b"R.", b"\x81."])
            }
            Self::UnexpectedArgument => {
                g.named("builtins", "bytearray");
                b"\x8a\x06\0\0\0\0\0\x01\x85R."
            }
            Self::UnexpectedState => {
                g.named("decimal", "Decimal");
                g.unicode("1");
                g.short_tuple(1);
                b"R}b."
            }
            Self::PersistentLoad => g.some(&[b"Poutside\n.", b"\x8c\x07outsideQ."]),
            Self::ExternalBuffer => g.some(&[b"\x97.", b"\x97\x98."]),
        };
        g.out.extend_from_slice(bytes);
    }
}

impl Gen<'_> {
    /// A value that imports nothing.
    fn plain(&mut self) {
        match self.rng.below(4) {
            0 => self.word_or_number(),
            1 => self.empty(Shape::List),
            2 => self.empty(Shape::Dict(true)),
            _ => self.tuple_of(&mut |g| (0..2).for_each(|_| g.word_or_number())),
        }
    }

    fn word_or_number(&mut self) {
        match self.rng.below(4) {
            0 => self.none(),
            1 => self.unicode("weight"),
            2 => self.boolean(true),
            _ => {
                let n = i64::from(self.rng.byte());
                self.int(n);
            }
        }
    }

    /// Pushes an imported name, and no other before it.
    fn named(&mut self, module: &str, name: &str) {
        if self.can(Opcode::STACK_GLOBAL) && self.rng.one_in(2) {
            self.unicode(module);
            self.unicode(name);
            self.raw(Opcode::STACK_GLOBAL, b"");
            self.model.pop();
            self.model.pop();
        } else {
            self.pair(Opcode::GLOBAL, module, name);
        }
        self.model.push(Item::of(Shape::Name));
    }

    /// One of these bytes.
    fn some(&mut self, from: &[&'static [u8]]) -> &'static [u8] {
        self.rng.pick(from).copied().unwrap_or(b"")
    }
}

/// Names that no policy lets be called.
const CALLS: &[(&str, &str)] = &[("posix", "system"), ("builtins", "eval"), ("subprocess", "Popen"), ("os", "popen")];
