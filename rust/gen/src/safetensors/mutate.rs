//! Makes a file of two others: field by field of the header.

use super::file::{DTYPES, File};
use super::tree::Node;
use crate::rng::Rng;

/// A mutant of `data`, with parts of `other`. Where `data` is no such file, its bytes
/// are edited.
#[must_use]
pub fn mutate(data: &[u8], other: &[u8], rng: &mut Rng) -> Vec<u8> {
    if rng.one_in(4) {
        return crate::bytes::mutate(data, rng);
    }
    let Some(mut file) = File::parse(data) else { return crate::bytes::mutate(data, rng) };
    // One edit keeps the others readable; half of the time there are no more.
    let more = if rng.one_in(2) { 0 } else { rng.below(3) };
    let mut fitted = true;
    for _ in 0..=more {
        fitted &= edit(&mut file, other, rng);
    }
    if fitted && rng.one_in(2) {
        file.repair();
    } else if rng.one_in(4) {
        file.align();
    }
    file.write()
}

/// Members of both, with the data of one and offsets that fit, mostly; nothing where one
/// is no such file.
pub(crate) fn crossover(data: &[u8], other: &[u8], rng: &mut Rng) -> Option<Vec<u8>> {
    let (mut file, donor) = (File::parse(data)?, File::parse(other)?);
    let (Ok(Node::Object(ours)), Ok(Node::Object(theirs))) = (&file.header, &donor.header) else { return None };
    file.header = Ok(Node::Object(crate::bytes::crossover(ours, theirs, rng)));
    if rng.one_in(2) {
        (file.data, file.padding) = (donor.data, donor.padding);
    }
    if rng.one_in(4) {
        file.align();
    } else {
        file.repair();
    }
    Some(file.write())
}

/// One edit; false when a repair would undo it.
fn edit(file: &mut File, other: &[u8], rng: &mut Rng) -> bool {
    match rng.below(27) {
        24 => {
            // JSON that is no object.
            let root = rng.pick(VALUES).copied().unwrap_or("0");
            file.header = Ok(Node::Raw(root.to_owned()));
            file.padding.clear();
            false
        }
        25 | 26 => {
            empty(file, rng);
            false
        }
        0 => {
            let told = u64::try_from(file.write().len().saturating_sub(file.data.len()).saturating_sub(8)).unwrap_or(0);
            file.length = Some(match rng.below(4) {
                0 => told.wrapping_add(1),
                1 => told.wrapping_sub(1),
                _ => rng.pick(BOUNDS).copied().unwrap_or(0),
            });
            false
        }
        1 => {
            let n = rng.below(9);
            match rng.below(3) {
                0 => file.data.truncate(file.data.len().saturating_sub(n)),
                1 => file.data.extend(std::iter::repeat_n(b'x', n)),
                _ => file.data.clear(),
            }
            false
        }
        2 => {
            file.padding = rng
                .pick(&[b"".as_slice(), b" ", b"\n", b"\0", b"        ", b"\t\r\n ", b"{}"])
                .copied()
                .unwrap_or(b" ")
                .to_vec();
            false
        }
        3 => {
            spoil_text(file, rng);
            false
        }
        4 => metadata(file, rng),
        5 => splice(file, other, rng),
        6..9 => members(file, rng),
        _ => tensor(file, rng),
    }
}

/// A byte of the header text that is changed, left out or put in.
fn spoil_text(file: &mut File, rng: &mut Rng) {
    let mut raw = match &file.header {
        Ok(node) => {
            let mut text = String::new();
            node.write(&mut text);
            text.into_bytes()
        }
        Err(raw) => raw.clone(),
    };
    let at = rng.below(raw.len().saturating_add(1));
    match rng.below(4) {
        0 => {
            let piece = rng.pick(TEXTS).copied().unwrap_or(b"");
            raw.splice(at..at, piece.iter().copied());
        }
        1 => {
            let piece = rng.pick(&[b" ".as_slice(), b"\xef\xbb\xbf", b"\n", b"[", b"\0"]).copied().unwrap_or(b" ");
            raw.splice(0..0, piece.iter().copied());
        }
        2 if at < raw.len() => {
            raw.remove(at);
        }
        _ => raw.truncate(at),
    }
    file.header = Err(raw);
}

/// A tensor at the end without bytes, although its shape or its dtype say something else to
/// who multiplies carelessly.
fn empty(file: &mut File, rng: &mut Rng) {
    let at = file.data.len();
    let (dtype, shape) = rng.pick(EMPTY).copied().unwrap_or(("U8", "[0,-1]"));
    let Ok(Node::Object(all)) = &mut file.header else { return };
    let node = format!("{{\"dtype\":\"{dtype}\",\"shape\":{shape},\"data_offsets\":[{at},{at}]}}");
    all.push(("\"empty\"".to_owned(), Node::parse(&node).unwrap_or(Node::Raw(node))));
    file.align();
}

fn metadata(file: &mut File, rng: &mut Rng) -> bool {
    let Ok(Node::Object(all)) = &mut file.header else { return true };
    let value = rng
        .pick(&[
            "{\"a\":\"b\"}",
            "{}",
            "null",
            "1",
            "[]",
            "{\"a\":1}",
            "{\"a\":null}",
            "{\"a\":\"b\",\"a\":\"c\"}",
            "{\"a\":{}}",
            "\"\"",
        ])
        .copied()
        .unwrap_or("{}");
    let at = rng.below(all.len().saturating_add(1));
    all.insert(at, ("\"__metadata__\"".to_owned(), Node::Raw(value.to_owned())));
    true
}

/// Members of another file.
fn splice(file: &mut File, other: &[u8], rng: &mut Rng) -> bool {
    let Some(mut donor) = File::parse(other) else { return true };
    if let (Ok(Node::Object(all)), Ok(Node::Object(more))) = (&mut file.header, &mut donor.header)
        && !more.is_empty()
    {
        let member = more.swap_remove(rng.below(more.len()));
        all.insert(rng.below(all.len().saturating_add(1)), member);
    }
    true
}

/// Whole members: another, one less, one twice, in another order, by another name.
fn members(file: &mut File, rng: &mut Rng) -> bool {
    let Ok(Node::Object(all)) = &mut file.header else { return true };
    if all.is_empty() {
        all.push(("\"w\"".to_owned(), Node::Raw("{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]}".to_owned())));
        return true;
    }
    let at = rng.below(all.len());
    let to = rng.below(all.len());
    match rng.below(6) {
        0 => {
            all.remove(at);
        }
        1 => {
            let copy = all.get(at).cloned();
            all.splice(to..to, copy);
        }
        2 => all.swap(at, to),
        3 => {
            if let Some((name, _)) = all.get_mut(at) {
                *name = rng.pick(NAMES).copied().unwrap_or("\"\"").to_owned();
            }
        }
        4 => {
            let name = all.get(at).map(|(name, _)| name.clone());
            if let (Some(name), Some((other, _))) = (name, all.get_mut(to)) {
                *other = name;
            }
        }
        _ => {
            if let Some((_, value)) = all.get_mut(at) {
                *value = Node::Raw(rng.pick(VALUES).copied().unwrap_or("null").to_owned());
            }
        }
    }
    true
}

/// A field of one tensor.
fn tensor(file: &mut File, rng: &mut Rng) -> bool {
    let size = u64::try_from(file.data.len()).unwrap_or(0);
    let mut tensors = file.tensors();
    let at = rng.below(tensors.len());
    let to = rng.below(tensors.len());
    match rng.below(12) {
        0 | 1 => {
            let Some(Node::Array(dims)) = tensors.get_mut(at).and_then(|(_, node)| node.member("shape")) else {
                return true;
            };
            let place = rng.below(dims.len().saturating_add(1));
            match rng.below(3) {
                0 => dims.insert(place, Node::Raw(number(size, rng))),
                1 if place < dims.len() => {
                    dims.remove(place);
                }
                _ => {
                    if let Some(dim) = dims.get_mut(place) {
                        *dim = Node::Raw(number(size, rng));
                    }
                }
            }
            true
        }
        2..5 => {
            let Some(Node::Array(offsets)) = tensors.get_mut(at).and_then(|(_, node)| node.member("data_offsets"))
            else {
                return true;
            };
            match rng.below(8) {
                0 => offsets.reverse(),
                1 => offsets.push(Node::Raw(number(size, rng))),
                2 => {
                    offsets.pop();
                }
                3 => {
                    // Both by as much.
                    let by = u64::try_from(rng.below(9)).unwrap_or(0);
                    let up = rng.one_in(2);
                    for offset in offsets {
                        if let Some(n) = offset.as_number() {
                            *offset = Node::number(if up { n.saturating_add(by) } else { n.saturating_sub(by) });
                        }
                    }
                }
                _ => {
                    let which = rng.below(offsets.len());
                    if let Some(offset) = offsets.get_mut(which) {
                        *offset = match offset.as_number() {
                            Some(n) if rng.one_in(2) => {
                                let by = u64::try_from(rng.below(9)).unwrap_or(0);
                                Node::number(if rng.one_in(2) { n.wrapping_add(by) } else { n.wrapping_sub(by) })
                            }
                            _ => Node::Raw(number(size, rng)),
                        };
                    }
                }
            }
            false
        }
        5 => {
            // The offsets of another tensor.
            let donor = tensors.get_mut(to).and_then(|(_, node)| node.member("data_offsets")).cloned();
            if let (Some(donor), Some(node)) =
                (donor, tensors.get_mut(at).and_then(|(_, node)| node.member("data_offsets")))
            {
                *node = donor;
            }
            false
        }
        6 | 7 => {
            let known = rng.pick(DTYPES).map_or("U8", |(name, _)| *name);
            let text = if rng.one_in(2) {
                format!("\"{known}\"")
            } else {
                rng.pick(ODD_DTYPES).copied().unwrap_or("1").to_owned()
            };
            if let Some(node) = tensors.get_mut(at).and_then(|(_, node)| node.member("dtype")) {
                *node = Node::Raw(text);
            }
            true
        }
        8..10 => {
            // A field of another type.
            let field = rng.pick(FIELDS).copied().unwrap_or("shape");
            if let Some(node) = tensors.get_mut(at).and_then(|(_, node)| node.member(field)) {
                *node = Node::Raw(rng.pick(VALUES).copied().unwrap_or("null").to_owned());
            }
            false
        }
        10 => {
            let Some(fields) = tensors.get_mut(at).and_then(|(_, node)| node.members()) else { return true };
            if !fields.is_empty() && rng.one_in(2) {
                fields.remove(rng.below(fields.len()));
            } else {
                let place = rng.below(fields.len().saturating_add(1));
                let copy = fields.get(rng.below(fields.len())).cloned();
                let new = copy
                    .filter(|_| rng.one_in(2))
                    .unwrap_or_else(|| ("\"extra\"".to_owned(), Node::Raw("1".to_owned())));
                fields.insert(place, new);
            }
            true
        }
        _ => {
            // Dimensions whose product is the same, or nothing.
            if let Some(Node::Array(dims)) = tensors.get_mut(at).and_then(|(_, node)| node.member("shape")) {
                if rng.one_in(2) {
                    dims.reverse();
                } else {
                    dims.push(Node::number(u64::from(!rng.one_in(3))));
                }
            }
            true
        }
    }
}

/// A number as a header may have it.
fn number(size: u64, rng: &mut Rng) -> String {
    match rng.below(4) {
        0 => rng.pick(ODD_NUMBERS).copied().unwrap_or("-1").to_owned(),
        1 => rng.pick(BOUNDS).copied().unwrap_or(0).to_string(),
        2 => u64::try_from(rng.below(17)).unwrap_or(0).to_string(),
        _ => size.wrapping_add(u64::try_from(rng.below(3)).unwrap_or(0)).wrapping_sub(1).to_string(),
    }
}

/// Shapes of no bytes: with a zero in them, of less than a byte, or of more bits than a word has.
const EMPTY: &[(&str, &str)] = &[
    ("U8", "[0,-1]"),
    ("U8", "[-1,0]"),
    ("F32", "[0,18446744073709551616]"),
    ("U8", "[2305843009213693952]"),
    ("U8", "[4294967296,4294967296]"),
    ("F32", "[4611686018427387904]"),
    ("F64", "[2305843009213693952]"),
    ("F16", "[9223372036854775808]"),
    ("F4", "[]"),
    ("F4", "[1]"),
    ("F6_E2M3", "[1]"),
    ("U8", "[0,true]"),
    ("U8", "[0,0.5]"),
    ("U8", "[0,\"1\"]"),
    ("U8", "[0,[]]"),
];

const FIELDS: &[&str] = &["dtype", "shape", "data_offsets"];

/// Values of other types.
const VALUES: &[&str] = &[
    "null",
    "true",
    "1",
    "-1",
    "1.5",
    "\"\"",
    "\"1\"",
    "[]",
    "{}",
    "[null]",
    "[true]",
    "[[1]]",
    "[\"1\"]",
    "[-1]",
    "[0]",
    "[0,0,0]",
    "{\"a\":1}",
    "1e99",
    "[1.0]",
];

/// Numbers that are none to everybody.
const ODD_NUMBERS: &[&str] = &[
    "-1",
    "1.0",
    "1e1",
    "-0",
    "true",
    "false",
    "null",
    "\"1\"",
    "01",
    "0x1",
    "1e400",
    "18446744073709551616",
    "99999999999999999999999999",
    "[1]",
];

const ODD_DTYPES: &[&str] = &[
    "\"F4\"",
    "\"F6_E2M3\"",
    "\"f32\"",
    "\"\"",
    "\"F128\"",
    "\"U8 \"",
    "\"\\u0055\\u0038\"",
    "1",
    "\"I4\"",
    "\"BF8\"",
    "\"Q8_0\"",
];

const NAMES: &[&str] = &[
    "\"\"",
    "\"__metadata__\"",
    "\"\\u0077\"",
    "\"w\"",
    "\"../w\"",
    "\"\\u0000\"",
    "\"\\ud800\"",
    "\"__proto__\"",
    "\"a\\nb\"",
    "\"\u{e9}\"",
];

/// Pieces of text in which readers of JSON differ.
const TEXTS: &[&[u8]] = &[
    b",",
    b" ",
    b"\"",
    b"\\u0000",
    b"\xff",
    b"\xed\xa0\x80",
    b"/**/",
    b"NaN",
    b"Infinity",
    b"[",
    b"{",
    b"}",
    b"\0",
    b"1",
    b"-",
    b"\xe2\x80\xa8",
];

/// Where arithmetic goes wrong.
const BOUNDS: &[u64] = &[
    0,
    1,
    2,
    7,
    8,
    0x7f,
    0xff,
    0x7fff,
    0xffff,
    0x7fff_ffff,
    0x8000_0000,
    0xffff_ffff,
    0x1_0000_0000,
    100_000_000,
    100_000_001,
    1 << 53,
    0x7fff_ffff_ffff_ffff,
    0x8000_0000_0000_0000,
    u64::MAX,
];
