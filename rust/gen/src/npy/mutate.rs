//! Makes a file of two others: item by item of the header.

use super::file::{DESCRS, File};
use crate::rng::Rng;

/// A mutant of `data`, with parts of `other`. Where `data` is no such file, its bytes
/// are edited.
#[must_use]
pub fn mutate(data: &[u8], other: &[u8], rng: &mut Rng) -> Vec<u8> {
    if rng.one_in(4) {
        return crate::bytes::mutate(data, rng);
    }
    let Some(mut file) = File::parse(data) else { return crate::bytes::mutate(data, rng) };
    let more = if rng.one_in(2) { 0 } else { rng.below(3) };
    let mut fitted = true;
    for _ in 0..=more {
        fitted &= edit(&mut file, other, rng);
    }
    if fitted && rng.one_in(2) {
        file.repair();
    } else if rng.one_in(2) {
        file.align();
    }
    file.write()
}

/// Items of both headers, with the data of one and as much of it as they say, mostly;
/// nothing where one is no such file.
pub(crate) fn crossover(data: &[u8], other: &[u8], rng: &mut Rng) -> Option<Vec<u8>> {
    let (mut file, donor) = (File::parse(data)?, File::parse(other)?);
    let (Ok(ours), Ok(theirs)) = (&file.header, &donor.header) else { return None };
    // The keys stand in the same order in most files: as many as there were.
    let cut = rng.below(ours.len().saturating_add(1));
    let items = [ours.get(..cut).unwrap_or(&[]), theirs.get(cut..).unwrap_or(&[])].concat();
    file.header = Ok(items);
    if rng.one_in(2) {
        (file.data, file.version) = (donor.data, donor.version);
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
    let some = |rng: &mut Rng, from: &[&str]| rng.pick(from).copied().unwrap_or("").to_owned();
    match rng.below(23) {
        20 => {
            // Words of Python that are no dict.
            let other = rng.pick(&["0", "[]", "()", "None", "'a'", "{1, 2}", "{}", "True", "-1", "{**{}}"]).copied();
            file.header = Err(other.unwrap_or("0").as_bytes().to_vec());
            file.padding = b"\n".to_vec();
            false
        }
        21 | 22 => {
            // No bytes, although shape or type say something else to who multiplies carelessly.
            let (descr, shape) = rng.pick(EMPTY).copied().unwrap_or(("'|u1'", "(0, -1)"));
            for (key, text) in [("descr", descr), ("shape", shape)] {
                if let Some(value) = file.value(key) {
                    *value = text.to_owned();
                }
            }
            file.data.clear();
            file.align();
            false
        }
        0 => {
            let told = u64::try_from(file.text().len().saturating_add(file.padding.len())).unwrap_or(0);
            file.length = Some(match rng.below(4) {
                0 => told.wrapping_add(1),
                1 => told.wrapping_sub(1),
                _ => rng
                    .pick(&[0, 1, 2, 0x7f, 0xff, 0xffff, 0x7fff_ffff, 0xffff_ffff, 10_000, 10_001])
                    .copied()
                    .unwrap_or(0),
            });
            false
        }
        1 | 2 => {
            let n = rng.below(9);
            match rng.below(4) {
                0 | 1 => file.data.truncate(file.data.len().saturating_sub(n)),
                2 => file.data.extend(std::iter::repeat_n(b'x', n)),
                _ => file.data.clear(),
            }
            false
        }
        3 => {
            file.padding = match rng.below(5) {
                0 => Vec::new(),
                1 => b" ".to_vec(),
                2 => vec![b' '; rng.below(64)],
                3 => b"\0\n".to_vec(),
                _ => b"#\n".to_vec(),
            };
            false
        }
        4 => {
            file.version = match rng.below(4) {
                0 => (rng.byte(), 0),
                1 => (file.version.0, rng.byte()),
                2 => (2, 0),
                _ => (3, 0),
            };
            true
        }
        5 => {
            let at = rng.below(file.magic.len());
            if let Some(byte) = file.magic.get_mut(at) {
                *byte ^= 1u8.wrapping_shl(u32::from(rng.byte() & 7));
            }
            true
        }
        6 => {
            let mut raw = file.text();
            let at = rng.below(raw.len().saturating_add(1));
            let piece = rng.pick(PIECES).copied().unwrap_or("");
            match rng.below(3) {
                0 => raw.truncate(at),
                1 if at < raw.len() => {
                    raw.remove(at);
                }
                _ => {
                    raw.splice(at..at, piece.bytes());
                }
            }
            file.header = Err(raw);
            false
        }
        7 => {
            if let (Ok(items), Some(File { header: Ok(more), .. })) = (&mut file.header, File::parse(other))
                && let Some(item) = rng.pick(&more)
            {
                items.insert(rng.below(items.len().saturating_add(1)), item.clone());
            }
            true
        }
        8 | 9 => {
            let Ok(items) = &mut file.header else { return true };
            let at = rng.below(items.len());
            let to = rng.below(items.len());
            match rng.below(4) {
                0 if at < items.len() => {
                    items.remove(at);
                }
                1 if at < items.len() => items.swap(at, to),
                2 => {
                    if let Some((key, _)) = items.get_mut(at) {
                        *key = some(rng, &["'shape'", "'descr'", "1", "'Shape'", "''", "b'shape'", "\"shape\""]);
                    }
                }
                _ => {
                    let copy = items.get(at).cloned().filter(|_| rng.one_in(2));
                    items.push(copy.unwrap_or_else(|| ("'extra'".to_owned(), "None".to_owned())));
                }
            }
            true
        }
        10..13 => {
            let value = if rng.one_in(2) {
                rng.pick(DESCRS).map_or("'<f4'", |(descr, _)| *descr).to_owned()
            } else {
                some(rng, ODD_DESCRS)
            };
            if let Some(descr) = file.value("descr") {
                *descr = value;
            }
            true
        }
        13 => {
            let value = some(rng, &["True", "1", "0", "None", "'False'", "[]", "2", "-1"]);
            if let Some(order) = file.value("fortran_order") {
                *order = value;
            }
            true
        }
        _ => {
            let value = shape(file, rng);
            if let Some(shape) = file.value("shape") {
                *shape = value;
            }
            !rng.one_in(3)
        }
    }
}

fn shape(file: &File, rng: &mut Rng) -> String {
    if rng.one_in(4) {
        return rng.pick(ODD_SHAPES).copied().unwrap_or("()").to_owned();
    }
    let dims: Vec<String> = (0..rng.below(4))
        .map(|_| match rng.below(5) {
            0 => rng.pick(ODD_NUMBERS).copied().unwrap_or("-1").to_owned(),
            1 => file.data.len().saturating_add(rng.below(3)).saturating_sub(1).to_string(),
            _ => rng.below(6).to_string(),
        })
        .collect();
    let comma = if dims.len() == 1 && !rng.one_in(8) { "," } else { "" };
    format!("({}{comma})", dims.join(", "))
}

/// Types and shapes of no bytes: with a zero in them, or of more than a word counts.
const EMPTY: &[(&str, &str)] = &[
    ("'|u1'", "(0, -1)"),
    ("'|u1'", "(-1, 0)"),
    ("'|u1'", "(-1,)"),
    ("[('a', '|u1', (-1,))]", "()"),
    ("[('a', '|u1', (0, -1))]", "()"),
    ("[('a', '<f4', (0,))]", "(3,)"),
    ("'<f4'", "(4611686018427387904,)"),
    ("'<f8'", "(4294967296, 4294967296)"),
    ("'|V0'", "(5,)"),
    ("'<U0'", "(5,)"),
    ("'|u1'", "(0, True)"),
    ("'|u1'", "(0, 99999999999999999999)"),
    ("[]", "(4,)"),
];

const PIECES: &[&str] = &["{", "}", "'", "(", "\n", "\0", "#", "1", "\\", "lambda: 0", "\u{e9}", "L", "[", ","];

const ODD_DESCRS: &[&str] = &[
    "'|O'",
    "'O'",
    "object",
    "'<f16'",
    "'<f3'",
    "''",
    "'<U0'",
    "'|S0'",
    "'|V0'",
    "'<U99999999'",
    "[]",
    "[('', '<f4')]",
    "[('a', '|O')]",
    "[('a', '<f4'), ('a', '<f4')]",
    "[('a', [('b', '<i2')])]",
    "('<f4', (2,))",
    "('<f4', (-1,))",
    "None",
    "4",
    "'<M8[7ns]'",
    "'=f4'",
    "{'names': ['a'], 'formats': ['<f4']}",
    "'<f4,<f4'",
    "'<f4\\x00'",
    "b'<f4'",
];

const ODD_SHAPES: &[&str] = &[
    "()",
    "[]",
    "None",
    "2",
    "(True,)",
    "(1.0,)",
    "('2',)",
    "((1,),)",
    "(0, 9223372036854775807)",
    "(1L, 2)",
    "(-1,)",
    "(2, -1)",
    "(4611686018427387904, 4)",
    "(1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1)",
];

const ODD_NUMBERS: &[&str] = &[
    "-1",
    "True",
    "1.5",
    "'1'",
    "None",
    "2147483648",
    "4294967296",
    "9223372036854775808",
    "99999999999999999999",
    "0x2",
    "0o2",
    "1_0",
    "+1",
    "1L",
];
