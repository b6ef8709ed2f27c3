//! Smaller archives of one: a member, a comment or some content less.

use super::archive::Archive;
use crate::format::Format;

/// Archives that are smaller, those with most left out first.
#[must_use]
pub fn shrinks(data: &[u8]) -> Vec<Vec<u8>> {
    let Some(archive) = Archive::parse(data) else { return Vec::new() };
    let mut out = Vec::new();
    let mut with = |edit: &dyn Fn(&mut Archive)| {
        let mut changed = archive.clone();
        edit(&mut changed);
        out.push(changed.write());
    };
    for i in 0..archive.members.len() {
        with(&|archive| {
            archive.members.remove(i);
        });
    }
    with(&|archive| archive.prefix.clear());
    with(&|archive| archive.trailing.clear());
    with(&|archive| archive.comment.clear());
    for (i, member) in archive.members.iter().enumerate() {
        with(&|archive| {
            if let Some(member) = archive.members.get_mut(i) {
                (member.local_extra, member.extra, member.comment) = (Vec::new(), Vec::new(), Vec::new());
            }
        });
        let mut name = |name: &[u8]| {
            with(&|archive| {
                if let Some(member) = archive.members.get_mut(i) {
                    (member.name, member.local_name) = (name.to_vec(), None);
                }
            });
        };
        name(b"");
        name(member.name.get(..1).unwrap_or(b""));
        if let Some(tail) = member.name.iter().position(|&b| b == b'/') {
            name(member.name.get(tail.saturating_add(1)..).unwrap_or(b""));
        }
        let Some(plain) = &member.plain else { continue };
        let mut contents = vec![Vec::new()];
        let half = plain.len() / 2;
        contents.extend([plain.get(..half), plain.get(half..)].into_iter().flatten().map(<[u8]>::to_vec));
        let format = Format::of(plain);
        if format == Format::Pickle {
            let pieces = crate::pickle::pieces(plain);
            contents.extend(pieces.iter().map(|piece| {
                let (head, tail) = (plain.get(..piece.start).unwrap_or(&[]), plain.get(piece.end..).unwrap_or(&[]));
                [head, tail].concat()
            }));
        } else if !matches!(format, Format::Zip | Format::Torch | Format::Bytes) {
            contents.extend(crate::shrinks(format, plain));
        }
        for new in &contents {
            with(&|archive| {
                if let Some(member) = archive.members.get_mut(i) {
                    member.refill(new);
                }
            });
        }
    }
    out
}
