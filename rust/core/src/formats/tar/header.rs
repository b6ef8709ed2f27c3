//! One header block: 512 bytes at fixed places (POSIX.1-2008, "ustar
//! Interchange Format"; GNU's and v7's differ in what follows the link name).

use super::number::{Number, number};
use crate::bytes::window;

/// Bytes of a block.
pub(super) const BLOCK: usize = 512;
/// The same, as offsets count.
pub(super) const BLOCK_BYTES: u64 = 512;

/// What a type flag makes of a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A file; data follows.
    File,
    /// A hard link.
    HardLink,
    /// A symbolic link.
    SymbolicLink,
    /// A folder.
    Folder,
    /// A device or a pipe.
    Special,
    /// GNU's long name (`L`) of the next member.
    LongName,
    /// GNU's long link target (`K`) of the next member.
    LongLink,
    /// pax records of the next member; `X` is Solaris's spelling.
    Pax,
    /// pax records of all members that follow.
    PaxGlobal,
    /// GNU's old sparse file: blocks of its map may follow the header.
    Sparse,
    /// Anything else: readers that do not know it take it for a file.
    Unknown,
}

/// A block read as a header.
#[derive(Clone, Debug)]
pub(super) struct Header<'b> {
    block: &'b [u8; BLOCK],
    pub(super) flag: u8,
    pub(super) kind: Kind,
    /// Its data, as the header itself says.
    pub(super) size: u64,
    /// The sum is that of the block, signed or unsigned.
    pub(super) summed: bool,
    /// The sum is not written, or written as zero.
    pub(super) has_blank_sum: bool,
    /// What readers disagree on, in words: what is expected, and where.
    pub(super) odd: Option<(&'static str, u64)>,
}

/// Number fields that `tarfile` reads of every header: name, place, width.
const NUMBERS: &[(&str, usize, usize)] = &[
    ("mode", 100, 8),
    ("uid", 108, 8),
    ("gid", 116, 8),
    ("size", 124, 12),
    ("mtime", 136, 12),
    ("chksum", CHECKSUM, 8),
    ("devmajor", 329, 8),
    ("devminor", 337, 8),
];

const CHECKSUM: usize = 148;
const PREFIX: usize = 345;

impl<'b> Header<'b> {
    /// Reads a block; `None` where `tarfile` finds a number that is none.
    pub(super) fn read(block: &'b [u8; BLOCK]) -> Option<Self> {
        let mut odd = None;
        let mut say = |what: &'static str, at: usize| {
            odd.get_or_insert((what, u64::try_from(at).unwrap_or(0)));
        };
        let (mut size, mut sum) = (None, None);
        for &(name, at, width) in NUMBERS {
            let field: Number = number(window(block, at, width)?)?;
            let counts = matches!(name, "size" | "chksum");
            // Only a time may lie before zero: GNU tar refuses other owners.
            if !field.is_clean || (counts && field.is_blank) || (name != "mtime" && field.value < 0) {
                say("octal digits, or base 256 from 0x80 on", at);
            }
            match name {
                "size" => size = Some(field.count()?),
                "chksum" => sum = Some(field),
                _ => {}
            }
        }
        let sum = sum?;
        let (unsigned, signed) = sums(block);
        let flag = *block.get(156)?;
        let mut header = Self {
            block,
            flag,
            kind: kind(flag),
            size: size?,
            summed: sum.value == unsigned || sum.value == signed,
            has_blank_sum: sum.is_blank || sum.value == 0,
            odd: None,
        };
        if header.summed && sum.value != unsigned {
            // GNU tar and Python take both sums, others the unsigned one.
            say("an unsigned sum", CHECKSUM);
        }
        let ahead = matches!(header.kind, Kind::LongName | Kind::LongLink | Kind::Pax | Kind::PaxGlobal);
        if ahead && (!(header.is_ustar() || header.is_gnu()) || flag == b'X') {
            // Rust's tar and others take it for a member.
            say("a header of the next member that has a magic number, and is no X", 257);
        }
        // tarfile takes it for a prefix of the name, GNU tar for times; star
        // has times behind 131 bytes of it.
        let prefix = header.field(PREFIX, 155);
        let is_star = header.field(508, 4) == b"tar\0" && prefix.get(130).is_some_and(|&b| b != 0);
        let has_prefix = header.kind != Kind::Sparse && prefix.first().is_some_and(|&b| b != 0);
        if has_prefix && (!header.is_ustar() || is_star) {
            say("no prefix without the magic number of ustar", PREFIX);
        }
        // A folder of v7, which has no flag for one.
        if flag == 0 && header.own_name().ends_with(b"/") {
            header.kind = Kind::Folder;
        }
        header.odd = odd;
        Some(header)
    }

    fn field(&self, at: usize, width: usize) -> &'b [u8] {
        window(self.block, at, width).unwrap_or(&[])
    }

    /// Whether the magic number is ustar's or GNU's.
    pub(super) fn has_magic(&self) -> bool {
        self.field(257, 5) == b"ustar"
    }

    fn is_ustar(&self) -> bool {
        self.field(257, 8) == b"ustar\x0000"
    }

    fn is_gnu(&self) -> bool {
        self.field(257, 8) == b"ustar  \0"
    }

    fn own_name(&self) -> &'b [u8] {
        until_nul(self.field(0, 100))
    }

    /// The name, with its prefix, as `tarfile` puts them together.
    pub(super) fn name(&self) -> Vec<u8> {
        let prefix = until_nul(self.field(PREFIX, 155));
        if prefix.is_empty() || matches!(self.kind, Kind::LongName | Kind::LongLink | Kind::Sparse) {
            return self.own_name().to_vec();
        }
        [prefix, b"/", self.own_name()].concat()
    }

    /// The target of a link.
    pub(super) fn link(&self) -> &'b [u8] {
        until_nul(self.field(157, 100))
    }

    /// Whether blocks with the rest of a sparse file's map follow.
    pub(super) fn map_goes_on(&self) -> bool {
        self.block.get(482).is_some_and(|&b| b != 0)
    }
}

/// Whether another block of a sparse file's map follows this one.
pub(super) fn map_goes_on(block: &[u8]) -> bool {
    block.get(504).is_some_and(|&b| b != 0)
}

/// The text before the first NUL.
pub(super) fn until_nul(field: &[u8]) -> &[u8] {
    field.split(|&b| b == 0).next().unwrap_or(&[])
}

/// The sum of all bytes, its own field counted as spaces; unsigned, as POSIX
/// asks, and signed, as some old writers made it.
fn sums(block: &[u8; BLOCK]) -> (i128, i128) {
    let (mut unsigned, mut signed) = (0i32, 0i32);
    for (i, &b) in block.iter().enumerate() {
        let b = if (CHECKSUM..CHECKSUM.saturating_add(8)).contains(&i) { b' ' } else { b };
        unsigned = unsigned.saturating_add(i32::from(b));
        signed = signed.saturating_add(i32::from(b.cast_signed()));
    }
    (i128::from(unsigned), i128::from(signed))
}

const fn kind(flag: u8) -> Kind {
    match flag {
        0 | b'0' | b'7' => Kind::File,
        b'1' => Kind::HardLink,
        b'2' => Kind::SymbolicLink,
        b'3' | b'4' | b'6' => Kind::Special,
        b'5' => Kind::Folder,
        b'L' => Kind::LongName,
        b'K' => Kind::LongLink,
        b'x' | b'X' => Kind::Pax,
        b'g' => Kind::PaxGlobal,
        b'S' => Kind::Sparse,
        _ => Kind::Unknown,
    }
}
