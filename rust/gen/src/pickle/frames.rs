//! Frames: around all of a pickle, or around stretches of it.

use dryload_core::formats::pickle::opcode::Opcode;

use crate::rng::Rng;

/// How a pickle is framed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Framing {
    /// Not at all.
    None,
    /// From the header to STOP, as picklers do with what is small.
    One,
    /// In stretches that follow each other, with gaps.
    Many,
}

/// A header and instructions that begin at `starts`, in frames that no
/// instruction crosses.
pub(super) fn framed(start: &[u8], body: &[u8], starts: &[usize], framing: Framing, rng: &mut Rng) -> Vec<u8> {
    let mut out = start.to_vec();
    match framing {
        Framing::None => out.extend_from_slice(body),
        Framing::One => frame(&mut out, body),
        Framing::Many => {
            let mut at = 0;
            while at < body.len() {
                let later: Vec<usize> = starts.iter().copied().filter(|&s| s > at).take(12).collect();
                let end = rng.pick(&later).copied().unwrap_or(body.len());
                let part = body.get(at..end).unwrap_or(&[]);
                if rng.one_in(3) {
                    out.extend_from_slice(part);
                } else {
                    frame(&mut out, part);
                }
                at = end;
            }
        }
    }
    out
}

/// One frame.
pub(super) fn frame(out: &mut Vec<u8>, body: &[u8]) {
    out.push(Opcode::FRAME.0);
    out.extend_from_slice(&u64::try_from(body.len()).unwrap_or(u64::MAX).to_le_bytes());
    out.extend_from_slice(body);
}
