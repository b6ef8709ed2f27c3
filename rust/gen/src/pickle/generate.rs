//! Whole pickles, and streams of them.
//!
//! What is made is followed to its end by the C unpickler in four cases of
//! five: the model of stack, marks and memo sees to it. The rest is for what a
//! loader refuses.

use dryload_core::formats::pickle::opcode::Opcode;

use super::emit::{Gen, Style};
use super::frames::{Framing, framed};
use crate::rng::Rng;

/// A pickle, or now and then a stream of them, drawn from the generator.
///
/// The same state of `rng` gives the same bytes on every platform.
#[must_use]
pub fn generate(rng: &mut Rng) -> Vec<u8> {
    let mut out = one(rng);
    if rng.one_in(40) {
        out.extend(one(rng));
    }
    out
}

/// A pickle of a protocol (0 to 5; above that, 5) that the C unpickler reads to
/// its end, with the names that it asks for, extension codes, persistent ids and
/// buffers provided.
#[must_use]
pub fn valid(proto: u8, rng: &mut Rng) -> Vec<u8> {
    let memo = [0, 20, 60, 90].get(rng.below(4)).copied().unwrap_or(0);
    written(Style { proto: proto.min(5), strict: true, hostile: 0, odd: 0, memo, outside: 2 }, rng)
}

/// A pickle that calls the canary of `dryload.fuzzing`, which does nothing, in one
/// of the ways there are to call a name.
#[must_use]
pub fn malicious(rng: &mut Rng) -> Vec<u8> {
    let proto = u8::try_from(rng.below(6)).unwrap_or(4);
    let style = Style { proto, strict: true, hostile: 0, odd: 0, memo: 20, outside: 0 };
    let (start, framing) = (header(style, rng), framing(style, rng));
    let mut made = Gen::new(rng, style);
    made.mark();
    for _ in 0..made.rng.below(3) {
        made.value(2);
    }
    let (module, name) = CANARY;
    made.call(module, name, &mut |g| g.value(1));
    for _ in 0..made.rng.below(3) {
        made.value(2);
    }
    made.close(Opcode::LIST);
    made.raw(Opcode::STOP, b"");
    let (body, starts) = (std::mem::take(&mut made.out), std::mem::take(&mut made.starts));
    framed(&start, &body, &starts, framing, rng)
}

/// The function that generated attacks call.
pub const CANARY: (&str, &str) = ("dryload.fuzzing._canary", "trip");

/// One pickle.
fn one(rng: &mut Rng) -> Vec<u8> {
    let style = style(rng);
    written(style, rng)
}

fn written(style: Style, rng: &mut Rng) -> Vec<u8> {
    let (start, framing) = (header(style, rng), framing(style, rng));
    let mut made = Gen::new(rng, style);
    match made.rng.below(8) {
        0 => {
            let steps = made.rng.below(40);
            made.walk(steps);
        }
        1 => {
            made.granted_call(3);
            let steps = made.rng.below(12);
            made.walk(steps);
        }
        2 => made.library(3),
        3 => made.mapping(4, false),
        4 => made.granted_call(3),
        _ => {
            for _ in 0..=made.rng.below(3) {
                made.value(3);
            }
        }
    }
    made.finish();
    let (body, starts) = (std::mem::take(&mut made.out), std::mem::take(&mut made.starts));
    framed(&start, &body, &starts, framing, rng)
}

fn style(rng: &mut Rng) -> Style {
    let proto = [0, 1, 2, 2, 3, 3, 4, 4, 4, 4, 5, 5].get(rng.below(12)).copied().unwrap_or(4);
    let (hostile, odd) = match rng.below(10) {
        0..3 => (0, 0),
        3..6 => (0, 3),
        6..8 => (10, 3),
        _ => (40, 10),
    };
    let strict = !rng.one_in(5);
    let memo = [0, 20, 60, 90].get(rng.below(4)).copied().unwrap_or(0);
    Style { proto, strict, hostile, odd, memo, outside: 0 }
}

/// PROTO, where the protocol has it.
fn header(style: Style, rng: &mut Rng) -> Vec<u8> {
    if style.proto >= 2 || (style.outside == 0 && rng.one_in(12)) {
        vec![Opcode::PROTO.0, style.proto]
    } else {
        Vec::new()
    }
}

fn framing(style: Style, rng: &mut Rng) -> Framing {
    if style.proto < 4 && style.strict {
        return Framing::None;
    }
    match rng.below(8) {
        0..2 => Framing::None,
        2..6 => Framing::One,
        _ => Framing::Many,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::pickle::split::split;

    fn made(seed: u64) -> Vec<u8> {
        generate(&mut Rng::new(seed))
    }

    #[test]
    fn the_same_seed_gives_the_same_pickle() {
        for seed in 0..2000 {
            assert_eq!(made(seed), made(seed));
        }
        let distinct: BTreeSet<Vec<u8>> = (0..2000).map(made).collect();
        assert!(distinct.len() > 1900, "{}", distinct.len());
    }

    #[test]
    fn every_opcode_is_made_and_every_pickle_is_decoded_to_its_end() {
        let mut seen = BTreeSet::new();
        for seed in 0..20_000 {
            let data = made(seed);
            let pieces = split(&data);
            for piece in &pieces {
                assert!(piece.code.is_some_and(|code| code.info().is_some()), "seed {seed} is cut: {data:02x?}");
                seen.extend(piece.code.map(|code| code.0));
            }
            assert_eq!(pieces.last().and_then(|piece| piece.code), Some(Opcode::STOP));
        }
        let missing: Vec<_> = Opcode::ALL.iter().filter(|code| !seen.contains(&code.0)).map(|c| c.name()).collect();
        assert!(missing.is_empty(), "{missing:?}");
    }
}
