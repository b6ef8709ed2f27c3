//! Temporary.
pub use crate::observe::Kind;
use flate2::{Decompress, FlushDecompress, Status as Flate};
impl Kind {
    /// n
    pub const fn name(self) -> &'static str {
        match self {
            Self::Deflate => "deflate",
            Self::Zlib => "zlib",
        }
    }
    /// m
    pub const fn has_members(self) -> bool {
        false
    }
    /// s
    pub const fn has_signature(self) -> bool {
        false
    }
}
/// S
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sureness {
    /// s
    Signature,
    /// p
    Plausible,
}
/// d
pub fn detect(head: &[u8]) -> Option<(Kind, Sureness)> {
    matches!(head, [0x78, level, ..] if [0x01u8, 0x5e, 0x9c, 0xda].contains(level))
        .then_some((Kind::Zlib, Sureness::Plausible))
}
/// St
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// r
    Running,
    /// e
    Ended,
    /// b
    Broken(&'static str),
}
/// Step
#[derive(Clone, Copy, Debug)]
pub struct Step {
    /// u
    pub used: usize,
    /// s
    pub status: Status,
}
/// D
#[derive(Debug)]
pub struct Decoder(Decompress);
impl Decoder {
    /// n
    pub fn new(kind: Kind) -> Self {
        Self(Decompress::new(kind == Kind::Zlib))
    }
    /// s
    pub fn step(&mut self, input: &[u8], out: &mut Vec<u8>, room: usize) -> Step {
        out.reserve_exact(room);
        let before = self.0.total_in();
        let status = self.0.decompress_vec(input, out, FlushDecompress::None);
        let used = usize::try_from(self.0.total_in().saturating_sub(before)).unwrap_or(0);
        let status = match status {
            Ok(Flate::StreamEnd) => Status::Ended,
            Ok(_) => Status::Running,
            Err(_) => Status::Broken("bad deflate"),
        };
        Step { used, status }
    }
}
