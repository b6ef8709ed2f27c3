//! Smaller archives of one: a member, a comment or some content less.

use std::ops::ControlFlow;

use super::archive::Archive;
use crate::bytes;
use crate::format::Format;
use crate::minimize::Each;

/// Archives that are smaller, those with most left out first.
pub(crate) fn shrinks(data: &[u8], each: &mut Each<'_>) -> ControlFlow<()> {
    let Some(archive) = Archive::parse(data) else { return ControlFlow::Continue(()) };
    let mut with = |edit: &dyn Fn(&mut Archive)| {
        each(&|| {
            let mut changed = archive.clone();
            edit(&mut changed);
            changed.write()
        })
    };
    for i in 0..archive.members.len() {
        with(&|archive| {
            archive.members.remove(i);
        })?;
    }
    with(&|archive| archive.prefix.clear())?;
    with(&|archive| archive.trailing.clear())?;
    with(&|archive| archive.comment.clear())?;
    for (i, member) in archive.members.iter().enumerate() {
        with(&|archive| {
            if let Some(member) = archive.members.get_mut(i) {
                (member.local_extra, member.extra, member.comment) = (Vec::new(), Vec::new(), Vec::new());
            }
        })?;
        let mut name = |name: &[u8]| {
            with(&|archive| {
                if let Some(member) = archive.members.get_mut(i) {
                    (member.name, member.local_name) = (name.to_vec(), None);
                }
            })
        };
        name(b"")?;
        name(member.name.get(..1).unwrap_or(b""))?;
        if let Some(tail) = member.name.iter().position(|&b| b == b'/') {
            name(member.name.get(tail.saturating_add(1)..).unwrap_or(b""))?;
        }
        let Some(plain) = &member.plain else { continue };
        let mut refill = |new: &dyn Fn() -> Vec<u8>| {
            with(&|archive| {
                if let Some(member) = archive.members.get_mut(i) {
                    member.refill(&new());
                }
            })
        };
        let half = plain.len() / 2;
        for range in [0..plain.len(), half..plain.len(), 0..half] {
            refill(&|| bytes::without(plain, &range))?;
        }
        match Format::of(plain) {
            Format::Pickle => crate::pickle::pieces(plain)
                .iter()
                .try_for_each(|piece| refill(&|| bytes::without(plain, &(piece.start..piece.end))))?,
            // No archives in archives without end.
            Format::Zip | Format::Torch | Format::Bytes => {}
            format => crate::shrinks(format, plain, &mut refill)?,
        }
    }
    ControlFlow::Continue(())
}
