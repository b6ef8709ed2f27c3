//! Where links lead, once all members are known.
//!
//! A link stays inside when it climbs no further than its own folder is deep,
//! climbs only at its beginning, and no member is unpacked through a link: then
//! each of its steps leads to a member, or through a link that stays inside.

use crate::path::{is_rooted, plain, read_elsewhere, steps};

/// A link of the archive.
#[derive(Clone, Debug)]
pub(super) struct Link {
    /// Its own name.
    pub(super) name: Vec<u8>,
    /// Where it leads, as it stands there.
    pub(super) target: Vec<u8>,
    /// Counted from the root of the archive, not from its own folder.
    pub(super) is_hard: bool,
    /// Its header.
    pub(super) at: u64,
    /// Members before it.
    pub(super) before: usize,
}

impl Link {
    /// The plain name of what it leads to; `None` when that lies outside.
    pub(super) fn leads_to(&self) -> Option<Vec<u8>> {
        if self.target.contains(&b'\\') {
            return None;
        }
        // Whoever takes the target for another path stays inside, too.
        if let Some(target) = read_elsewhere(&self.target) {
            self.follow(&target)?;
        }
        self.follow(&self.target)
    }

    fn follow(&self, target: &[u8]) -> Option<Vec<u8>> {
        if is_rooted(target) {
            return None;
        }
        let mut folder: Vec<&[u8]> = if self.is_hard { Vec::new() } else { steps(&self.name).collect() };
        if !self.is_hard {
            folder.pop();
        }
        let mut climbs = true;
        for step in steps(target) {
            if step == b".." {
                if !climbs || folder.pop().is_none() {
                    return None;
                }
            } else {
                climbs = false;
                folder.push(step);
            }
        }
        Some(plain(&folder.join(&b'/')))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leads(name: &str, target: &str, is_hard: bool) -> Option<String> {
        let link = Link { name: name.into(), target: target.into(), is_hard, at: 0, before: 0 };
        link.leads_to().map(|to| String::from_utf8_lossy(&to).into_owned())
    }

    #[test]
    fn links_inside_lead_to_a_plain_name() {
        assert_eq!(leads("a/b", "c", false).as_deref(), Some("a/c"));
        assert_eq!(leads("a/b", "../c", false).as_deref(), Some("c"));
        assert_eq!(leads("a/b", "./c/./d", true).as_deref(), Some("c/d"));
        assert_eq!(leads("a/b", "../50%de", false).as_deref(), Some("50%de"));
    }

    #[test]
    fn links_that_may_leave_lead_nowhere() {
        for (name, target, is_hard) in [
            ("a/b", "../../c", false),
            ("a", "..", false),
            ("a", "/c", false),
            ("a/b", "../c", true),
            // Where `d` is a link to `.`, this is outside.
            ("a/b", "d/../../c", false),
            ("a/b", "d/..", false),
            ("a", "C:\\x", false),
            ("a", "x\\..\\y", false),
            ("a", "%2e%2e/c", false),
            ("a/b", "../\u{2025}/c", false),
            ("a", "~/c", true),
        ] {
            assert_eq!(leads(name, target, is_hard), None, "{name} -> {target}");
        }
    }
}
