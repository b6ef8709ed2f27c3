//! Makes an input smaller while it stays what it is.

use std::ops::ControlFlow;

use crate::{Format, bytes};

/// A smaller input of which `still` holds: parts of the format are left out, then bytes,
/// then what is left becomes zeros. It asks at most `budget` times.
#[must_use]
pub fn minimize(format: Format, data: &[u8], budget: usize, still: &mut dyn FnMut(&[u8]) -> bool) -> Vec<u8> {
    let mut search = Search { best: data.to_vec(), left: budget, still };
    loop {
        let before = search.best.len();
        search.by_format(format);
        search.by_bytes();
        if search.best.len() >= before || search.left == 0 {
            break;
        }
    }
    search.plainer();
    search.best
}

/// What is done with a smaller file: it is called with what makes that file, and
/// breaks when it has seen enough. A file that is not wanted is not made.
pub(crate) type Each<'a> = dyn FnMut(&dyn Fn() -> Vec<u8>) -> ControlFlow<()> + 'a;

/// A file taken apart, whose lengths and padding follow an edit or do not.
pub(crate) trait Apart: Clone {
    /// Makes lengths and offsets fit again.
    fn repair(&mut self);
    /// Leaves out padding.
    fn strip(&mut self);
    /// The bytes.
    fn write(&self) -> Vec<u8>;

    /// The file after an edit: with lengths that fit again, without padding and with it,
    /// and as it is then.
    fn edited(&self, edit: &dyn Fn(&mut Self), each: &mut Each<'_>) -> ControlFlow<()> {
        let made = |repaired: bool, bare: bool| {
            let mut changed = self.clone();
            edit(&mut changed);
            if repaired {
                changed.repair();
            }
            if bare {
                changed.strip();
            }
            changed.write()
        };
        each(&|| made(true, true))?;
        each(&|| made(true, false))?;
        each(&|| made(false, false))
    }
}

struct Search<'a> {
    best: Vec<u8>,
    left: usize,
    still: &'a mut dyn FnMut(&[u8]) -> bool,
}

impl Search<'_> {
    fn accepts(&mut self, candidate: Vec<u8>) -> bool {
        let Some(left) = self.left.checked_sub(1) else { return false };
        self.left = left;
        let holds = (self.still)(&candidate);
        if holds {
            self.best = candidate;
        }
        holds
    }

    /// Parts of the format, from the place on where the last one could be left out.
    fn by_format(&mut self, format: Format) {
        if format == Format::Pickle {
            return self.by_instructions();
        }
        let mut tried = 0usize;
        loop {
            let (from, mut at) = (self.best.clone(), 0usize);
            let shrunk = crate::shrinks(format, &from, &mut |make| {
                at = at.saturating_add(1);
                if self.left == 0 {
                    return ControlFlow::Break(());
                }
                // What stands at the place of an accepted one is new; those before it were tried.
                if at > tried {
                    let smaller = make();
                    if smaller.len() < from.len() && self.accepts(smaller) {
                        return ControlFlow::Break(());
                    }
                }
                ControlFlow::Continue(())
            });
            if shrunk.is_continue() || self.left == 0 {
                return;
            }
            tried = at.saturating_sub(1);
        }
    }

    /// Runs of instructions, half of them first.
    fn by_instructions(&mut self) {
        let mut run = crate::pickle::pieces(&self.best).len().wrapping_shr(1).max(1);
        loop {
            let mut at = 0usize;
            let mut changed = false;
            loop {
                let pieces = crate::pickle::pieces(&self.best);
                let last = at.saturating_add(run).min(pieces.len());
                let (Some(first), Some(end)) = (pieces.get(at), last.checked_sub(1).and_then(|i| pieces.get(i))) else {
                    break;
                };
                if self.left == 0 {
                    return;
                }
                if self.without(first.start, end.end) {
                    changed = true;
                } else {
                    at = at.saturating_add(run);
                }
            }
            if run == 1 && !changed {
                break;
            }
            run = run.wrapping_shr(1).max(1);
        }
        self.values_to_none();
    }

    /// Where a value has to stand, None may do.
    fn values_to_none(&mut self) {
        // From behind: what stands before stays where it is.
        for piece in crate::pickle::pieces(&self.best).iter().rev().filter(|piece| piece.len() > 1) {
            if self.left == 0 {
                return;
            }
            let (head, tail) = (self.best.get(..piece.start).unwrap_or(&[]), self.best.get(piece.end..).unwrap_or(&[]));
            let candidate = [head, b"N", tail].concat();
            self.accepts(candidate);
        }
    }

    /// Runs of bytes, half of them first.
    fn by_bytes(&mut self) {
        let mut run = self.best.len().wrapping_shr(1).max(1);
        loop {
            let mut at = 0usize;
            let mut changed = false;
            while at < self.best.len() && self.left > 0 {
                if self.without(at, at.saturating_add(run)) {
                    changed = true;
                } else {
                    at = at.saturating_add(run);
                }
            }
            if self.left == 0 || (run == 1 && !changed) {
                return;
            }
            run = run.wrapping_shr(1).max(1);
        }
    }

    fn without(&mut self, start: usize, end: usize) -> bool {
        let candidate = bytes::without(&self.best, &(start..end));
        self.accepts(candidate)
    }

    /// Bytes that may as well be zeros.
    fn plainer(&mut self) {
        for at in 0..self.best.len() {
            if self.best.get(at).is_none_or(|&byte| byte == 0) {
                continue;
            }
            let mut candidate = self.best.clone();
            if let Some(byte) = candidate.get_mut(at) {
                *byte = 0;
            }
            self.accepts(candidate);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_matter_is_left_out() {
        let small = minimize(Format::Bytes, b"some text with a needle in it", 10_000, &mut |data| {
            data.windows(6).any(|window| window == b"needle")
        });
        assert_eq!(small, b"needle");
        let data = b"\x80\x04]\x94(K\x01\x8c\x05posix\x8c\x06system\x93K\x02e.";
        let small = minimize(Format::Pickle, data, 10_000, &mut |data| data.contains(&b'\x93'));
        assert_eq!(small, b"\x93");
        let data = b"\x80\x04\x8c\x05posixK\x01\x86.";
        let small = minimize(Format::Pickle, data, 10_000, &mut |data| {
            crate::pickle::pieces(data).len() == 5
                && data.starts_with(b"\x80\x04")
                && data.ends_with(b"\x86.")
                && !data.contains(&0)
        });
        assert_eq!(small, b"\x80\x04NN\x86.");
        let mut asked = 0;
        let _ = minimize(Format::Zip, &crate::generate(Format::Zip, &mut crate::Rng::new(1)), 7, &mut |_| {
            asked += 1;
            true
        });
        assert!(asked <= 7);
    }
}
