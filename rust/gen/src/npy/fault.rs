//! Files with one fault each.

use super::file::File;
use crate::catalogue::catalogue;
use crate::rng::Rng;

catalogue! {
    /// What can be wrong with an npy file, by the rule that sees it.
    {
        HeaderSyntax = "npy-header-syntax",
        HeaderTooLong = "npy-header-too-long",
        UnknownDescr = "npy-unknown-descr",
        ShapeOverflow = "npy-shape-overflow",
        TrailingData = "npy-trailing-data",
        UnsupportedVersion = "npy-unsupported-version",
        Truncated = "npy-truncated",
    }
}

impl Fault {
    /// A file with this fault and no other.
    #[must_use]
    pub fn file(self, rng: &mut Rng) -> Vec<u8> {
        let shape = [[2, 1], [3, 2], [1, 4]].get(rng.below(3)).copied().unwrap_or([2, 1]);
        let mut file = File::of("'<f4'", 4, &shape, rng.one_in(3));
        let some = |rng: &mut Rng, from: &[&str]| rng.pick(from).copied().unwrap_or("").to_owned();
        match self {
            Self::HeaderSyntax => {
                match rng.below(5) {
                    0 => {
                        if let Ok(items) = &mut file.header {
                            items.remove(rng.below(items.len()));
                        }
                    }
                    1 => {
                        if let Ok(items) = &mut file.header {
                            items.push(("'extra'".to_owned(), "1".to_owned()));
                        }
                    }
                    2 => {
                        if let Some(value) = file.value("fortran_order") {
                            *value = some(rng, &["1", "'no'", "None", "[]"]);
                        }
                    }
                    3 => {
                        if let Some(value) = file.value("shape") {
                            *value = some(rng, &["[2, 1]", "(2.0, 1)", "('2',)", "2", "None"]);
                        }
                    }
                    _ => {
                        let mut raw = file.text();
                        raw.truncate(raw.len().saturating_sub(1));
                        file.header = Err(raw);
                    }
                }
                file.align();
            }
            Self::HeaderTooLong => {
                let more = 10_000usize.saturating_add(rng.below(1000));
                file.padding = vec![b' '; more];
                file.padding.push(b'\n');
            }
            Self::UnknownDescr => {
                if let Some(value) = file.value("descr") {
                    *value = some(rng, &["'<q7'", "'<f3'", "''", "'<z4'", "'float'"]);
                }
                file.align();
            }
            Self::ShapeOverflow => {
                if let Some(value) = file.value("shape") {
                    *value = some(
                        rng,
                        &["(4611686018427387904, 4)", "(4294967296, 4294967296)", "(0, 9223372036854775807, 2)"],
                    );
                }
                file.align();
            }
            Self::TrailingData => {
                let more = rng.below(16).saturating_add(1);
                file.data.extend(std::iter::repeat_n(b'x', more));
            }
            Self::UnsupportedVersion => {
                file.version = rng.pick(&[(4, 0), (0, 0), (9, 0), (255, 0), (1, 1), (2, 1)]).copied().unwrap_or((4, 0));
            }
            Self::Truncated => match rng.below(3) {
                0 => {
                    let whole = file.write();
                    let keep = [7, 9, 11, 40].get(rng.below(4)).copied().unwrap_or(9);
                    return whole.get(..keep).unwrap_or(&whole).to_vec();
                }
                _ => file.data.truncate(rng.below(file.data.len())),
            },
        }
        file.write()
    }
}
