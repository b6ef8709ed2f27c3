//! The one table of pickle opcodes, protocols 0 to 5.
//!
//! Decoder, machine, disassembler, generator and docs read it. It was checked
//! against `pickletools.opcodes`, and `tests/differential` keeps it so.

/// How the argument of an opcode is written, in the words of `pickletools`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ArgKind {
    /// No argument.
    None,
    /// One unsigned byte.
    Uint1,
    /// Two bytes, little-endian.
    Uint2,
    /// Four bytes, little-endian, signed.
    Int4,
    /// Four bytes, little-endian.
    Uint4,
    /// Eight bytes, little-endian.
    Uint8,
    /// Eight bytes, big-endian IEEE 754.
    Float8,
    /// A line of ASCII digits.
    DecimalLine,
    /// A line that holds a float.
    FloatLine,
    /// A quoted line.
    StringLine,
    /// A line taken as it is.
    NoEscapeLine,
    /// Two lines: module and name.
    PairLine,
    /// A line in raw-unicode-escape.
    UnicodeLine,
    /// One length byte, then that many bytes of text or payload.
    Counted1(Payload),
    /// Four length bytes, then that many bytes.
    Counted4(Payload),
    /// Four length bytes, signed.
    Counted4Signed(Payload),
    /// Eight length bytes.
    Counted8(Payload),
}

/// What counted bytes are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Payload {
    /// UTF-8 with surrogates let through, as the unpicklers decode it.
    Text,
    /// Bytes nobody interprets.
    Bytes,
    /// A `str` of Python 2, decoded by the loader's `encoding`.
    String,
    /// A little-endian two's complement integer.
    Long,
}

impl ArgKind {
    /// The name `pickletools` or its documentation uses.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Uint1 => "uint1",
            Self::Uint2 => "uint2",
            Self::Int4 => "int4",
            Self::Uint4 => "uint4",
            Self::Uint8 => "uint8",
            Self::Float8 => "float8",
            Self::DecimalLine => "decimalnl",
            Self::FloatLine => "floatnl",
            Self::StringLine => "stringnl",
            Self::NoEscapeLine => "stringnl_noescape",
            Self::PairLine => "stringnl_noescape_pair",
            Self::UnicodeLine => "unicodestringnl",
            Self::Counted1(p) => match p {
                Payload::Text => "unicodestring1",
                Payload::Bytes => "bytes1",
                Payload::String => "string1",
                Payload::Long => "long1",
            },
            Self::Counted4(_) => "counted4",
            Self::Counted4Signed(p) => match p {
                Payload::Long => "long4",
                _ => "string4",
            },
            Self::Counted8(_) => "counted8",
        }
    }
}

/// A row of the table.
#[derive(Clone, Copy, Debug)]
pub struct Info {
    /// `pickletools` name.
    pub name: &'static str,
    /// First protocol that has it.
    pub proto: u8,
    /// How its argument is written.
    pub arg: ArgKind,
}

/// An opcode byte. Any byte is one; not every one has a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Opcode(pub u8);

macro_rules! opcodes {
    ($($name:ident $code:literal $proto:literal $arg:expr;)+) => {
        impl Opcode {
            $(#[doc = stringify!($name)] pub const $name: Self = Self($code);)+

            /// Every opcode there is, in the order of their bytes.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];
        }

        static TABLE: [Option<Info>; 256] = {
            use ArgKind::*;
            use Payload::*;
            let mut table: [Option<Info>; 256] = [const { Option::None }; 256];
            // Filled while compiling: an index out of range does not build.
            #[allow(clippy::indexing_slicing)]
            {
                $(table[$code as usize] = Some(Info { name: stringify!($name), proto: $proto, arg: $arg });)+
            }
            table
        };
    };
}

opcodes! {
    MARK 0x28 0 None;
    EMPTY_TUPLE 0x29 1 None;
    STOP 0x2e 0 None;
    POP 0x30 0 None;
    POP_MARK 0x31 1 None;
    DUP 0x32 0 None;
    BINBYTES 0x42 3 Counted4(Bytes);
    SHORT_BINBYTES 0x43 3 Counted1(Bytes);
    FLOAT 0x46 0 FloatLine;
    BINFLOAT 0x47 1 Float8;
    INT 0x49 0 DecimalLine;
    BININT 0x4a 1 Int4;
    BININT1 0x4b 1 Uint1;
    LONG 0x4c 0 DecimalLine;
    BININT2 0x4d 1 Uint2;
    NONE 0x4e 0 None;
    PERSID 0x50 0 NoEscapeLine;
    BINPERSID 0x51 1 None;
    REDUCE 0x52 0 None;
    STRING 0x53 0 StringLine;
    BINSTRING 0x54 1 Counted4Signed(String);
    SHORT_BINSTRING 0x55 1 Counted1(String);
    UNICODE 0x56 0 UnicodeLine;
    BINUNICODE 0x58 1 Counted4(Text);
    EMPTY_LIST 0x5d 1 None;
    APPEND 0x61 0 None;
    BUILD 0x62 0 None;
    GLOBAL 0x63 0 PairLine;
    DICT 0x64 0 None;
    APPENDS 0x65 1 None;
    GET 0x67 0 DecimalLine;
    BINGET 0x68 1 Uint1;
    INST 0x69 0 PairLine;
    LONG_BINGET 0x6a 1 Uint4;
    LIST 0x6c 0 None;
    OBJ 0x6f 1 None;
    PUT 0x70 0 DecimalLine;
    BINPUT 0x71 1 Uint1;
    LONG_BINPUT 0x72 1 Uint4;
    SETITEM 0x73 0 None;
    TUPLE 0x74 0 None;
    SETITEMS 0x75 1 None;
    EMPTY_DICT 0x7d 1 None;
    PROTO 0x80 2 Uint1;
    NEWOBJ 0x81 2 None;
    EXT1 0x82 2 Uint1;
    EXT2 0x83 2 Uint2;
    EXT4 0x84 2 Int4;
    TUPLE1 0x85 2 None;
    TUPLE2 0x86 2 None;
    TUPLE3 0x87 2 None;
    NEWTRUE 0x88 2 None;
    NEWFALSE 0x89 2 None;
    LONG1 0x8a 2 Counted1(Long);
    LONG4 0x8b 2 Counted4Signed(Long);
    SHORT_BINUNICODE 0x8c 4 Counted1(Text);
    BINUNICODE8 0x8d 4 Counted8(Text);
    BINBYTES8 0x8e 4 Counted8(Bytes);
    EMPTY_SET 0x8f 4 None;
    ADDITEMS 0x90 4 None;
    FROZENSET 0x91 4 None;
    NEWOBJ_EX 0x92 4 None;
    STACK_GLOBAL 0x93 4 None;
    MEMOIZE 0x94 4 None;
    FRAME 0x95 4 Uint8;
    BYTEARRAY8 0x96 5 Counted8(Bytes);
    NEXT_BUFFER 0x97 5 None;
    READONLY_BUFFER 0x98 5 None;
}

impl Opcode {
    /// Its row, or `None` when no protocol has this byte.
    #[must_use]
    #[inline]
    pub fn info(self) -> Option<&'static Info> {
        // A u8 never passes the end of a table of 256.
        TABLE.get(usize::from(self.0)).and_then(Option::as_ref)
    }

    /// Its name, or `?` when no protocol has this byte.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.info().map_or("?", |i| i.name)
    }

    /// Whether it only moves values to or from the memo.
    #[must_use]
    pub const fn is_memo(self) -> bool {
        matches!(
            self,
            Self::PUT | Self::BINPUT | Self::LONG_BINPUT | Self::MEMOIZE | Self::GET | Self::BINGET | Self::LONG_BINGET
        )
    }
}
