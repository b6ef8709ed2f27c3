//! xz, of one or more streams, and lzma as before xz.
//!
//! Untrusted input: liblzma, the reference decoder. It is given more memory
//! step by step as a stream asks for it, so that what it holds is known.

use liblzma::stream::{Action, Error, Status as Inner, Stream};

use super::form::{Decode, Form, Kind, LARGE_WINDOW, MAX_WINDOW, Status, Step, since};

/// The form of xz. Zeros, four at a time, may stand behind a stream ("stream
/// padding"); Python's `lzma` does not know them, and stops there.
pub static XZ: Form = Form {
    kind: Kind::Xz,
    name: "xz",
    endings: &[".xz"],
    is_signed: true,
    begins: |head| head.starts_with(b"\xfd7zXZ\0"),
    has_members: true,
    padding: 4,
    begin_cost: 0,
    open: || Lzma::open(Kind::Xz),
};

/// The form of `.lzma`, which has no signature.
pub static LZMA: Form = Form {
    kind: Kind::Lzma,
    name: "lzma",
    endings: &[".lzma"],
    is_signed: false,
    begins: |head| {
        matches!(head, [0x5d, a, b, c, d, size @ ..]
            if plausible_window(u32::from_le_bytes([*a, *b, *c, *d])) && plausible_size(size))
    },
    has_members: false,
    padding: 0,
    begin_cost: 0,
    open: || Lzma::open(Kind::Lzma),
};

/// The window an lzma stream declares: 2^n or 2^n + 2^(n-1), as encoders write
/// it and liblzma asks of a stream whose form it guesses. joblib takes any that
/// begins `5d 00`.
fn plausible_window(window: u32) -> bool {
    let low = window & window.wrapping_neg();
    let rest = window ^ low;
    window >= 4096 && window & 0xff == 0 && (rest == 0 || rest == low.wrapping_shl(1))
}

/// The size it declares: not known, or less than a terabyte.
fn plausible_size(field: &[u8]) -> bool {
    field.get(..8).is_some_and(|field| field == [0xff; 8] || field.get(5..) == Some(&[0; 3]))
}

/// What the decoder holds besides the window, at most.
const STATE: u64 = 2 * 1024 * 1024;

/// The first window: what `xz -6` writes needs no second one.
const FIRST: u64 = 8 * 1024 * 1024;

struct Lzma {
    kind: Kind,
    /// `None` when there was no memory for another one.
    inner: Option<Stream>,
    window: u64,
}

impl Lzma {
    fn open(kind: Kind) -> Option<Box<dyn Decode>> {
        let inner = Self::stream(kind)?;
        Some(Box::new(Self { kind, inner: Some(inner), window: FIRST }))
    }

    fn stream(kind: Kind) -> Option<Stream> {
        let memory = FIRST.saturating_add(STATE);
        match kind {
            Kind::Lzma => Stream::new_lzma_decoder(memory).ok(),
            _ => Stream::new_stream_decoder(memory, 0).ok(),
        }
    }

    /// Lets it take twice the memory; false when that is more than any stream
    /// may have.
    fn widen(&mut self) -> bool {
        self.window = self.window.saturating_mul(2);
        let memory = self.window.saturating_add(STATE);
        self.window <= MAX_WINDOW
            && self.inner.as_mut().is_some_and(|s| matches!(s.set_memlimit(memory), Ok(()) | Err(Error::MemLimit)))
    }
}

impl Decode for Lzma {
    fn step(&mut self, input: &[u8], space: &mut [u8]) -> Step {
        let Some(inner) = &mut self.inner else {
            return Step::new(0, 0, Status::Unsupported("more memory than there is"));
        };
        let (from, to) = (inner.total_in(), inner.total_out());
        let result = inner.process(input, space, Action::Run);
        let (used, made) = (since(inner.total_in(), from), since(inner.total_out(), to));
        let status = match result {
            Ok(Inner::StreamEnd) => Status::Ended,
            Ok(_) => Status::Running,
            Err(Error::MemLimit) if self.widen() => {
                // It goes on where it was.
                let rest = self.step(input.get(used..).unwrap_or(&[]), space.get_mut(made..).unwrap_or(&mut []));
                return Step::new(used.saturating_add(rest.used), made.saturating_add(rest.made), rest.status);
            }
            Err(Error::MemLimit) => LARGE_WINDOW,
            Err(Error::Mem) => Status::Unsupported("more memory than there is"),
            Err(_) => Status::Broken("lzma data that is wrong"),
        };
        Step::new(used, made, status)
    }

    fn restart(&mut self) {
        (self.inner, self.window) = (Self::stream(self.kind), FIRST);
    }

    fn window(&self) -> u64 {
        self.window
    }
}
