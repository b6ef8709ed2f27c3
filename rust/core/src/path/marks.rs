//! Characters that are not what they look like in a name.
//!
//! The tables are those of Unicode 14; `tests/unit/test_paths.py` holds them
//! against `docs/paths.md` and against Python's own.

use std::ops::RangeInclusive;

/// Whether it ends or forges a line: C0, DEL and C1, and the two separators at
/// which some readers end a line. NUL has a rule of its own.
pub(super) fn is_control(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}' | '\u{2029}')
}

/// Whether nobody sees it: `Default_Ignorable_Code_Point`. HFS+ drops some of
/// them, and so `.g<U+200C>it` was `.git` (CVE-2014-9390).
pub(super) const fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{ad}'
            | '\u{34f}'
            | '\u{61c}'
            | '\u{115f}'..='\u{1160}'
            | '\u{17b4}'..='\u{17b5}'
            | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}'
            | '\u{feff}'
            | '\u{ffa0}'
            | '\u{fff0}'..='\u{fff8}'
            | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}'
    )
}

/// What some readers turn it into, where that holds one of `./\:~%`.
pub(super) fn reads_as(c: char) -> Option<&'static str> {
    READS_AS.iter().find(|(range, _)| range.contains(&c)).map(|(_, text)| *text)
}

const fn one(c: char) -> RangeInclusive<char> {
    c..=c
}

/// All characters whose NFKC form holds such a mark, and those that code pages
/// of Windows, or their best fit, give the place of one.
const READS_AS: [(RangeInclusive<char>, &str); 33] = [
    (one('\u{a5}'), "\\"), // cp932
    (one('\u{589}'), ":"), // best fit
    (one('\u{2024}'), "."),
    (one('\u{2025}'), ".."),
    (one('\u{2026}'), "..."),
    (one('\u{2044}'), "/"),  // best fit
    (one('\u{20a9}'), "\\"), // cp949
    (one('\u{2100}'), "a/c"),
    (one('\u{2101}'), "a/s"),
    (one('\u{2105}'), "c/o"),
    (one('\u{2106}'), "c/u"),
    (one('\u{2215}'), "/"),          // best fit
    (one('\u{2216}'), "\\"),         // best fit
    (one('\u{2236}'), ":"),          // best fit
    ('\u{2488}'..='\u{249b}', "1."), // up to "20."
    (one('\u{2a74}'), "::="),
    (one('\u{33c2}'), "a.m."),
    (one('\u{33c7}'), "Co."),
    (one('\u{33d8}'), "p.m."),
    (one('\u{fe13}'), ":"),
    (one('\u{fe19}'), "..."),
    (one('\u{fe30}'), ".."),
    (one('\u{fe52}'), "."),
    (one('\u{fe55}'), ":"),
    (one('\u{fe68}'), "\\"),
    (one('\u{fe6a}'), "%"),
    (one('\u{ff05}'), "%"),
    (one('\u{ff0e}'), "."),
    (one('\u{ff0f}'), "/"),
    (one('\u{ff1a}'), ":"),
    (one('\u{ff3c}'), "\\"),
    (one('\u{ff5e}'), "~"),
    (one('\u{1f100}'), "0."),
];
