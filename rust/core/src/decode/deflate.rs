//! Raw deflate (RFC 1951) of one zip member.

use flate2::{Decompress, FlushDecompress, Status};

/// Output is made in steps of this many bytes at most, so that asking for a
/// head inflates little more than the head.
const STEP: usize = 16 * 1024;

/// Where an inflater stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// More compressed bytes may give more.
    Running,
    /// The stream ended where it says.
    Ended,
    /// The stream is broken, or its input ran out.
    Broken,
}

/// An inflater that keeps all it has put out.
#[derive(Debug)]
pub struct Inflate {
    decompress: Decompress,
    out: Vec<u8>,
    consumed: u64,
    state: State,
}

impl Default for Inflate {
    fn default() -> Self {
        Self { decompress: Decompress::new(false), out: Vec::new(), consumed: 0, state: State::Running }
    }
}

impl Inflate {
    /// What has come out so far.
    #[must_use]
    pub fn out(&self) -> &[u8] {
        &self.out
    }

    /// Compressed bytes taken in so far.
    #[must_use]
    pub const fn consumed(&self) -> u64 {
        self.consumed
    }

    /// Where it stands.
    #[must_use]
    pub const fn state(&self) -> State {
        self.state
    }

    /// Takes compressed bytes until `target` bytes have come out.
    pub fn push(&mut self, mut bytes: &[u8], target: usize) {
        while self.state == State::Running && self.out.len() < target {
            self.out.reserve(STEP);
            let (before_in, before_out) = (self.decompress.total_in(), self.out.len());
            let status = self.decompress.decompress_vec(bytes, &mut self.out, FlushDecompress::None);
            let used = self.decompress.total_in().saturating_sub(before_in);
            self.consumed = self.consumed.saturating_add(used);
            bytes = usize::try_from(used).ok().and_then(|n| bytes.get(n..)).unwrap_or(&[]);
            match status {
                Ok(Status::StreamEnd) => self.state = State::Ended,
                Ok(Status::Ok | Status::BufError) => {
                    if used == 0 && self.out.len() == before_out {
                        return;
                    }
                }
                Err(_) => self.state = State::Broken,
            }
        }
    }

    /// Says that there is no more input.
    pub fn end_of_input(&mut self) {
        if self.state == State::Running {
            self.state = State::Broken;
        }
    }

    /// Gives up what has come out.
    #[must_use]
    pub fn into_out(self) -> Vec<u8> {
        self.out
    }
}
