//! The rules for a name that is to become a path, in the order in which
//! `docs/paths.md` asks them.
//!
//! They mend nothing: a mended name is one that another reader sees otherwise.
//! `tests/data/paths.json` has names for each of them.
//!
//! Untrusted input: linear in the name, and allocates nothing.

use super::marks;

/// What a broken rule says about where the name leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leads {
    /// Out of the folder, as it stands.
    Out,
    /// To another place where it is read as another text, which may be out.
    Elsewhere,
    /// Nowhere else, but not every system can hold it, or shows it as it is.
    Odd,
    /// Nowhere else in an archive: writers of models use such names.
    Common,
}

/// Declares the rules: a variant for each row, and `ALL` of them.
macro_rules! rules {
    ($($name:ident $leads:ident $id:literal $text:literal;)+) => {
        /// A rule for names.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Rule { $(#[doc = $text] $name,)+ }

        impl Rule {
            /// All of them, in their order.
            pub const ALL: [Self; [$($id),+].len()] = [$(Self::$name),+];

            /// Its name in the docs.
            #[must_use]
            pub const fn id(self) -> &'static str {
                match self { $(Self::$name => $id,)+ }
            }

            /// What a name does that breaks it, as a text goes on after "name".
            #[must_use]
            pub const fn text(self) -> &'static str {
                match self { $(Self::$name => $text,)+ }
            }

            /// Where a name leads that breaks it.
            #[must_use]
            pub const fn leads(self) -> Leads {
                match self { $(Self::$name => Leads::$leads,)+ }
            }
        }
    };
}

rules! {
    Empty Odd "empty" "is empty";
    Encoding Elsewhere "encoding" "is no UTF-8";
    TooLong Odd "too-long" "is longer than 4095 bytes";
    Nul Elsewhere "nul" "holds NUL";
    Control Odd "control" "holds a control character";
    Invisible Elsewhere "invisible" "holds a character that is not shown";
    Confusable Elsewhere "confusable" "holds a character that some readers turn into one of ./\\:~%";
    Unc Out "unc" "is a network or device path";
    Absolute Out "absolute" "is absolute";
    Backslash Elsewhere "backslash" "holds a backslash";
    Drive Out "drive" "begins with a drive";
    Colon Common "colon" "holds a colon";
    Character Common "character" "holds a character that Windows refuses or expands";
    Percent Elsewhere "percent" "holds a percent-encoded character";
    Home Elsewhere "home" "begins with a tilde";
    EmptyComponent Common "empty-component" "has an empty component";
    Current Common "current" "has the component '.'";
    Parent Out "parent" "goes to a parent folder";
    ComponentTooLong Odd "component-too-long" "has a component of more than 255 bytes";
    TrailingDot Elsewhere "trailing-dot" "has a component that ends with a dot";
    TrailingSpace Elsewhere "trailing-space" "has a component that ends with a space";
    Device Odd "device" "names a device of Windows";
}

/// A rule that a name breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Which rule.
    pub rule: Rule,
    /// At which character; a byte that is no UTF-8 counts as one.
    pub at: usize,
}

/// Whether a name is plainly a path below the folder it is joined to, on every
/// system.
///
/// # Errors
/// The first rule that it breaks.
pub fn check(name: &[u8]) -> Result<(), Fault> {
    if is_ordinary(name) {
        return Ok(());
    }
    faults(name).next().map_or(Ok(()), Err)
}

/// Whether one look shows that a name breaks no rule, as it does for most names in
/// archives of models: a short one of plain characters, no component of which is
/// empty, ends with a dot or begins like a device.
fn is_ordinary(name: &[u8]) -> bool {
    let name = name.strip_suffix(b"/").unwrap_or(name);
    if name.len() > MAX_COMPONENT_BYTES {
        return false;
    }
    // The part of a component before its first dot: how long, and its first byte.
    let (mut stem, mut first, mut in_stem, mut before) = (0_u32, 0, true, b'/');
    let may_be_device = |stem, first: u8| matches!(stem, 3 | 4) && b"acnlp".contains(&first.to_ascii_lowercase());
    for &b in name {
        match b {
            b'/' | b'.' if before == b'.' || in_stem && may_be_device(stem, first) => return false,
            b'/' if before == b'/' => return false,
            b'/' => (stem, in_stem) = (0, true),
            b'.' => in_stem = false,
            b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' | b'_' | b'-' => {
                if in_stem {
                    first = if stem == 0 { b } else { first };
                    stem = stem.saturating_add(1);
                }
            }
            _ => return false,
        }
        before = b;
    }
    !(matches!(before, b'/' | b'.') || in_stem && may_be_device(stem, first))
}

/// All that is wrong with a name, in the order of the rules; of the last seven,
/// in the order of the components.
pub fn faults(name: &[u8]) -> impl Iterator<Item = Fault> {
    whole(name).chain(components(name).flat_map(|(start, bytes)| of_component(start, bytes)))
}

/// What is wrong with the name as a whole.
fn whole(name: &[u8]) -> impl Iterator<Item = Fault> + use<> {
    let mut first = [None; Rule::ALL.len()];
    let mut broken = |rule: Rule, at: usize| {
        if let Some(slot) = first.get_mut(rule as usize) {
            slot.get_or_insert(at);
        }
    };
    if name.len() > MAX_BYTES {
        broken(Rule::TooLong, characters_within(name, MAX_BYTES));
    }
    match name {
        [] => broken(Rule::Empty, 0),
        [b'/' | b'\\', b'/' | b'\\', ..] => broken(Rule::Unc, 0),
        [b'/', ..] => broken(Rule::Absolute, 0),
        [letter, b':', ..] if letter.is_ascii_alphabetic() => broken(Rule::Drive, 0),
        [b'~', ..] => broken(Rule::Home, 0),
        _ => {}
    }
    let mut at = 0_usize;
    // Most names are of these alone, and most of a large directory is names.
    let is_plain = name.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'/' | b'.' | b'_' | b'-'));
    for chunk in if is_plain { b"" } else { name }.utf8_chunks() {
        let text = chunk.valid();
        for (byte, c) in text.char_indices() {
            match c {
                '\0' => broken(Rule::Nul, at),
                '\\' => broken(Rule::Backslash, at),
                ':' => broken(Rule::Colon, at),
                '<' | '>' | '"' | '|' | '?' | '*' => broken(Rule::Character, at),
                '%' if is_encoded(text.as_bytes().get(byte..).unwrap_or(&[])) => broken(Rule::Percent, at),
                ' '..='~' => {}
                _ if marks::is_control(c) => broken(Rule::Control, at),
                _ if marks::is_invisible(c) => broken(Rule::Invisible, at),
                _ if marks::reads_as(c).is_some() => broken(Rule::Confusable, at),
                _ => {}
            }
            at = at.saturating_add(1);
        }
        if !chunk.invalid().is_empty() {
            broken(Rule::Encoding, at);
            at = at.saturating_add(chunk.invalid().len());
        }
    }
    Rule::ALL.into_iter().zip(first).filter_map(|(rule, at)| Some(Fault { rule, at: at? }))
}

/// Whether bytes begin with a character that is encoded as in a URL, or as some
/// servers decode it, too: `%u` and four digits.
const fn is_encoded(bytes: &[u8]) -> bool {
    match bytes {
        [b'%', b'u' | b'U', a, b, c, d, ..] => {
            a.is_ascii_hexdigit() && b.is_ascii_hexdigit() && c.is_ascii_hexdigit() && d.is_ascii_hexdigit()
        }
        [b'%', a, b, ..] => a.is_ascii_hexdigit() && b.is_ascii_hexdigit(),
        _ => false,
    }
}

/// The components, each with its first character. A `./` in front, as tar
/// writes it, and one `/` at the end, the mark of a folder, are taken off.
fn components(name: &[u8]) -> impl Iterator<Item = (usize, &[u8])> {
    let (start, rest) = match name {
        [b'.', b'/', rest @ ..] if !rest.is_empty() => (2_usize, rest),
        _ => (0, name),
    };
    let rest = rest.strip_suffix(b"/").unwrap_or(rest);
    rest.split(|&b| b == b'/').scan(start, |next, bytes| {
        let start = *next;
        *next = start.saturating_add(characters(bytes)).saturating_add(1);
        Some((start, bytes))
    })
}

/// What is wrong with a component.
fn of_component(start: usize, bytes: &[u8]) -> impl Iterator<Item = Fault> + use<> {
    let last = || characters(bytes).saturating_sub(1);
    let broken = match bytes {
        [] => [Some((Rule::EmptyComponent, 0)), None, None],
        b"." => [Some((Rule::Current, 0)), None, None],
        b".." => [Some((Rule::Parent, 0)), None, None],
        _ => [
            (bytes.len() > MAX_COMPONENT_BYTES)
                .then(|| (Rule::ComponentTooLong, characters_within(bytes, MAX_COMPONENT_BYTES))),
            match bytes {
                [.., b'.'] => Some((Rule::TrailingDot, last())),
                [.., b' '] => Some((Rule::TrailingSpace, last())),
                _ => None,
            },
            is_device(bytes).then_some((Rule::Device, 0)),
        ],
    };
    broken.into_iter().flatten().map(move |(rule, at)| Fault { rule, at: start.saturating_add(at) })
}

/// Whether Windows takes a component for a device: `NUL`, `nul.txt`, `nul .txt`.
fn is_device(component: &[u8]) -> bool {
    let mut stem = component.split(|&b| b == b'.').next().unwrap_or(component);
    while let [shorter @ .., b' '] = stem {
        stem = shorter;
    }
    let is = |device: &[u8]| stem.eq_ignore_ascii_case(device);
    match stem {
        // The digits `¹`, `²` and `³` are in two bytes.
        [port @ .., b'1'..=b'9'] | [port @ .., 0xc2, 0xb2 | 0xb3 | 0xb9] => {
            port.eq_ignore_ascii_case(b"COM") || port.eq_ignore_ascii_case(b"LPT")
        }
        _ => is(b"CON") || is(b"PRN") || is(b"AUX") || is(b"NUL") || is(b"CONIN$") || is(b"CONOUT$"),
    }
}

fn characters(bytes: &[u8]) -> usize {
    if bytes.is_ascii() {
        return bytes.len();
    }
    bytes
        .utf8_chunks()
        .map(|chunk| chunk.valid().chars().count().saturating_add(chunk.invalid().len()))
        .fold(0, usize::saturating_add)
}

/// Characters that lie as a whole in the first `limit` bytes.
fn characters_within(bytes: &[u8], limit: usize) -> usize {
    let first = bytes.get(..limit).unwrap_or(bytes);
    first.utf8_chunks().map(|chunk| chunk.valid().chars().count()).fold(0, usize::saturating_add)
}

/// `PATH_MAX` of Linux without its NUL; no Linux opens a longer one.
const MAX_BYTES: usize = 4095;

/// `NAME_MAX` of Linux; 255 UTF-16 units, the bound of NTFS and APFS, take no
/// fewer bytes.
const MAX_COMPONENT_BYTES: usize = 255;

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(name: &[u8]) -> Vec<&'static str> {
        faults(name).map(|fault| fault.rule.id()).collect()
    }

    #[test]
    fn the_first_rule_is_told_with_its_character() {
        assert_eq!(check("é/../b".as_bytes()), Err(Fault { rule: Rule::Parent, at: 2 }));
        assert_eq!(check(b"a/b\xff\xff:"), Err(Fault { rule: Rule::Encoding, at: 3 }));
        assert_eq!(check("./a/b (1).pkl/".as_bytes()), Ok(()));
    }

    #[test]
    fn a_component_is_asked_by_all_rules_before_the_next() {
        assert_eq!(ids(b"nul ./..//c:"), ["colon", "trailing-dot", "device", "parent", "empty-component"]);
    }

    #[test]
    fn what_is_no_utf8_hides_no_rule() {
        assert_eq!(ids(b"\xffa/../b\\\xf0\x9f"), ["encoding", "backslash", "parent"]);
    }
}
