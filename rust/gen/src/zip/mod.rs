//! Zip archives, and checkpoints in them: made from nothing, made from others, and made
//! with one fault.

mod archive;
mod fault;
mod mutate;
mod shrink;
pub mod torch;

pub use fault::Fault;
pub(crate) use mutate::crossover;
pub use mutate::mutate;
pub(crate) use shrink::shrinks;

use archive::{Archive, Member};

use crate::rng::Rng;
use crate::{npy, pickle, safetensors};

/// An archive that zipfile reads: a few members, stored, deflated or streamed, of the formats that
/// models are kept in.
#[must_use]
pub fn valid(rng: &mut Rng) -> Vec<u8> {
    let count = [0, 1, 1, 2, 2, 3].get(rng.below(6)).copied().unwrap_or(1);
    let mut members = Vec::new();
    for i in 0..count {
        let (name, content) = match rng.below(5) {
            0 => (format!("a{i}.npy"), npy::valid(rng)),
            1 => (format!("m/{i}.safetensors"), safetensors::valid(rng)),
            2 => (format!("\u{e9}{i}.pkl"), pickle::valid(2, rng)),
            _ => (format!("{i}.pkl"), pickle::valid(4, rng)),
        };
        let member = if rng.one_in(3) { Member::deflated(&name, &content) } else { Member::stored(&name, &content) };
        members.push(Member { descriptor: rng.one_in(4), ..member });
    }
    let mut archive = Archive::of(members);
    if rng.one_in(6) {
        archive.comment = b"a comment".to_vec();
    }
    archive.write()
}

/// An archive of one member.
#[must_use]
pub fn around(name: &str, content: &[u8]) -> Vec<u8> {
    Archive::of(vec![Member::stored(name, content)]).write()
}

/// The contents of the members, as far as they can be read.
#[must_use]
pub fn contents(data: &[u8]) -> Vec<Vec<u8>> {
    let members = Archive::parse(data).map(|archive| archive.members).unwrap_or_default();
    members.into_iter().filter_map(|member| member.plain).collect()
}
