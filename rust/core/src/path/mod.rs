//! Names of members: where they lead when the archive is unpacked, and what
//! they hide. Archives of every kind ask here, and `dryload.paths` for programs.
//!
//! Untrusted input: linear in the name; a good one costs no allocation.

mod marks;
mod reading;
mod rule;

pub use rule::{Fault, Leads, Rule, check, faults};

/// Where a name leads when its archive is unpacked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Below the folder, for all.
    Below,
    /// Below the folder, but people or other systems see another name, or cannot
    /// hold it; with the rule that says so.
    Odd(Rule),
    /// Out of the folder on some system; with the rule that says so.
    Out(Rule),
}

/// Where the name of a member leads.
#[must_use]
pub fn place(name: &[u8]) -> Place {
    if check(name).is_ok() {
        return Place::Below;
    }
    let breaks = |leads| faults(name).map(|fault| fault.rule).find(|rule| rule.leads() == leads);
    if let Some(rule) = breaks(Leads::Out) {
        return Place::Out(rule);
    }
    match breaks(Leads::Elsewhere) {
        Some(rule) if is_outside(&reading::folded(name)) => Place::Out(rule),
        Some(rule) => Place::Odd(rule),
        None => breaks(Leads::Odd).map_or(Place::Below, Place::Odd),
    }
}

/// Whether a folded name leads out.
fn is_outside(folded: &[u8]) -> bool {
    let name = without_letter(folded);
    is_rooted(name) || name.split(|&b| b == b'/').any(|step| step == b"..")
}

/// A path as the most lenient readers take it, if that is another one.
#[must_use]
pub fn read_elsewhere(path: &[u8]) -> Option<Vec<u8>> {
    faults(path).any(|fault| fault.rule.leads() == Leads::Elsewhere).then(|| reading::folded(path))
}

/// A name without a letter and a colon that make no drive of it but by
/// themselves: `w:0.npy` is a variable of a network.
#[must_use]
pub fn without_letter(name: &[u8]) -> &[u8] {
    match name {
        [letter, b':', rest @ ..] if letter.is_ascii_alphabetic() && !matches!(rest, [] | [b'/' | b'\\', ..]) => rest,
        _ => name,
    }
}

/// A name as it counts when it is unpacked: its steps without `.` and without
/// doubled slashes, joined again, in lower case, as two names that differ in
/// case are one on some systems.
#[must_use]
pub fn plain(name: &[u8]) -> Vec<u8> {
    steps(name).collect::<Vec<_>>().join(&b'/').to_ascii_lowercase()
}

/// Steps of a path, those that lead nowhere left out.
pub fn steps(name: &[u8]) -> impl Iterator<Item = &[u8]> {
    name.split(|&b| b == b'/').filter(|step| !step.is_empty() && *step != b".")
}

/// Whether a path begins at a root or at a drive. Windows takes `\` for a slash.
#[must_use]
pub fn is_rooted(name: &[u8]) -> bool {
    match name {
        [b'/' | b'\\', ..] => true,
        [drive, b':', ..] => drive.is_ascii_alphabetic(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_way_out_is_one_on_any_system() {
        for name in ["/a", "../a", "a/../b", "a/..", "..", "\\a", "a\\..\\b", "C:\\a", "c:a", "\\\\server\\a"] {
            assert!(matches!(place(name.as_bytes()), Place::Out(_)), "{name}");
        }
        for name in ["a", "./a", "a/b", "..a", "1:b/c", "ab:c", "a/./b", "dense/kernel:0.npy", "a//b"] {
            assert_eq!(place(name.as_bytes()), Place::Below, "{name}");
        }
        for name in ["a\\b", "~a", "nul", "a..", ".../b", "", "a\n", "50%de"] {
            assert!(matches!(place(name.as_bytes()), Place::Odd(_)), "{name}");
        }
    }

    #[test]
    fn a_way_out_is_found_behind_what_is_odd() {
        assert_eq!(place(b"a\nb/../c"), Place::Out(Rule::Parent));
        assert_eq!(place(b"\xff/nul /../c"), Place::Out(Rule::Parent));
        assert_eq!(place(b"50%25/%2e%2e/c"), Place::Out(Rule::Percent));
        assert_eq!(place("\u{2025}/c".as_bytes()), Place::Out(Rule::Confusable));
        assert_eq!(place(b"~/c"), Place::Out(Rule::Home));
        assert_eq!(place("w\u{ff1a}0.npy".as_bytes()), Place::Odd(Rule::Confusable));
        assert_eq!(place("w\u{ff1a}\\0.npy".as_bytes()), Place::Out(Rule::Confusable));
    }

    #[test]
    fn a_colon_alone_leads_nowhere_from_an_archive_of_arrays() {
        for name in ["/a", "../a", "C:\\a", "c:/a", "a:../b", "c:a/../b", "c:"] {
            assert!(matches!(place(without_letter(name.as_bytes())), Place::Out(_)), "{name}");
        }
        assert_eq!(place(without_letter(b"w:0.npy")), Place::Below);
    }

    #[test]
    fn one_file_has_one_plain_name() {
        for name in ["a/b", "./a/b", "a//b", "a/./b/", "A/b"] {
            assert_eq!(plain(name.as_bytes()), b"a/b", "{name}");
        }
        assert_ne!(plain(b"a/c"), b"a/b");
    }
}
