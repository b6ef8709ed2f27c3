//! What every form of compression is to the rest: how it begins, what may
//! follow a stream of it, and a decoder that is fed piece by piece.

pub use crate::observe::Kind;

/// A form of compression.
pub struct Form {
    /// What it is called in code.
    pub kind: Kind,
    /// As reports spell it.
    pub name: &'static str,
    /// Endings of names of streams of this form, with the dot.
    pub endings: &'static [&'static str],
    /// Whether a stream says what it is, by a signature of several bytes.
    pub is_signed: bool,
    /// Whether a stream begins like this.
    pub begins: fn(&[u8]) -> bool,
    /// Whether a stream of its own may follow another one, as one content.
    pub has_members: bool,
    /// Zero bytes that may follow the last stream: any multiple of this, or
    /// none where it is zero.
    pub padding: u64,
    /// Bytes that could come out while a decoder is made ready for a member, as
    /// far as that is more than its first bytes cost.
    pub begin_cost: u64,
    /// A decoder at the start of a stream; `None` when there is no memory for it.
    pub open: fn() -> Option<Box<dyn Decode>>,
}

/// Decodes one stream, member or frame after the other.
pub trait Decode: Send {
    /// Takes input and fills `space` from its start.
    fn step(&mut self, input: &[u8], space: &mut [u8]) -> Step;

    /// Stands at the start of another stream.
    fn restart(&mut self);

    /// How far back what comes next may refer: the bytes that are kept for it
    /// once they came out.
    fn window(&self) -> u64;
}

/// What a step came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// More may come out.
    Running,
    /// The stream, member or frame is complete.
    Ended,
    /// It is broken, for this reason.
    Broken(&'static str),
    /// It may be sound, and needs what is not here.
    Unsupported(&'static str),
}

/// How much of the input a step used, what came out, where the decoder stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// Bytes of the input taken in.
    pub used: usize,
    /// Bytes that came out.
    pub made: usize,
    /// Where it stands.
    pub status: Status,
}

impl Step {
    pub(super) const fn new(used: usize, made: usize, status: Status) -> Self {
        Self { used, made, status }
    }
}

/// What a total grew by, as crates count it.
pub(super) fn since(total: u64, before: u64) -> usize {
    usize::try_from(total.saturating_sub(before)).unwrap_or(usize::MAX)
}

/// The largest window of a stream that is followed: 128 MiB, as much as the
/// reference decoder of zstd takes unless it is told to take more. How much of
/// it is really held is a matter of `Limits`.
pub(super) const MAX_WINDOW: u64 = 128 * 1024 * 1024;

/// What is said of a stream with a larger one.
pub(super) const LARGE_WINDOW: Status = Status::Unsupported("a window of more than 128 MiB");
