//! An npy file as a model: magic, version, a dict in Python's words, data.

use crate::rng::Rng;

/// Type strings, and the bytes of an item.
pub(super) const DESCRS: &[(&str, usize)] = &[
    ("'<f4'", 4),
    ("'<f8'", 8),
    ("'<f2'", 2),
    ("'|u1'", 1),
    ("'|i1'", 1),
    ("'<i2'", 2),
    ("'<i4'", 4),
    ("'<i8'", 8),
    ("'|b1'", 1),
    ("'<c8'", 8),
    ("'>f4'", 4),
    ("'|S3'", 3),
    ("'<U2'", 8),
    ("'<M8[ns]'", 8),
    ("'|V5'", 5),
    ("[('a', '<f4'), ('b', '|u1')]", 5),
    ("[('x', '<i2', (2,))]", 4),
];

/// A file.
#[derive(Clone, Debug)]
pub(super) struct File {
    pub(super) magic: Vec<u8>,
    pub(super) version: (u8, u8),
    /// What the length field says, when it is not the length of the header.
    pub(super) length: Option<u64>,
    /// Keys and values as they are written, or a header that is no dict of them.
    pub(super) header: Result<Vec<(String, String)>, Vec<u8>>,
    /// Between the dict and the data: spaces and a line feed.
    pub(super) padding: Vec<u8>,
    pub(super) data: Vec<u8>,
}

impl File {
    /// A file of that type and shape.
    pub(super) fn of(descr: &str, item: usize, shape: &[usize], fortran: bool) -> Self {
        let mut dims: String = shape.iter().map(|dim| format!("{dim}, ")).collect();
        if shape.len() > 1 {
            dims.truncate(dims.len().saturating_sub(2));
        } else if !shape.is_empty() {
            dims.truncate(dims.len().saturating_sub(1));
        }
        let items = vec![
            ("'descr'".to_owned(), descr.to_owned()),
            ("'fortran_order'".to_owned(), if fortran { "True" } else { "False" }.to_owned()),
            ("'shape'".to_owned(), format!("({dims})")),
        ];
        let size = shape.iter().fold(item, |n, &dim| n.saturating_mul(dim));
        let mut file = Self {
            magic: MAGIC.to_vec(),
            version: (1, 0),
            length: None,
            header: Ok(items),
            padding: Vec::new(),
            data: vec![0; size],
        };
        file.align();
        file
    }

    /// A file that numpy reads without pickles.
    pub(super) fn valid(rng: &mut Rng) -> Self {
        let (descr, item) = rng.pick(DESCRS).copied().unwrap_or(("'<f4'", 4));
        let dims = rng.below(4);
        let shape: Vec<usize> =
            (0..dims).map(|_| [0, 1, 1, 2, 2, 3, 4, 5].get(rng.below(8)).copied().unwrap_or(1)).collect();
        let mut file = Self::of(descr, item, &shape, rng.one_in(4));
        file.version = match rng.below(8) {
            0 => (2, 0),
            1 => (3, 0),
            _ => (1, 0),
        };
        file.align();
        for chunk in file.data.chunks_mut(8) {
            // Texts of numpy are code points: those below 128 are some in every dtype.
            let bits = (rng.bits() & 0x0000_007f_0000_007f).to_le_bytes();
            chunk.iter_mut().zip(bits).for_each(|(byte, bit)| *byte = bit);
        }
        if descr == "'|b1'" {
            file.data.iter_mut().for_each(|byte| *byte &= 1);
        }
        file
    }

    /// Takes a file apart as far as it is one.
    pub(super) fn parse(bytes: &[u8]) -> Option<Self> {
        let (magic, rest) = bytes.split_at_checked(MAGIC.len())?;
        let ([major, minor], rest) = rest.split_first_chunk::<2>()?;
        let (told, rest) = if *major == 1 {
            let (field, rest) = rest.split_first_chunk::<2>()?;
            (u64::from(u16::from_le_bytes(*field)), rest)
        } else {
            let (field, rest) = rest.split_first_chunk::<4>()?;
            (u64::from(u32::from_le_bytes(*field)), rest)
        };
        let (header, data, length) = match usize::try_from(told).ok().and_then(|n| rest.split_at_checked(n)) {
            Some((header, data)) => (header, data, None),
            None => (rest, &[][..], Some(told)),
        };
        let text = header.trim_ascii_end();
        let padding = header.get(text.len()..).unwrap_or(&[]).to_vec();
        Some(Self {
            magic: magic.to_vec(),
            version: (*major, *minor),
            length,
            header: items(text).ok_or_else(|| text.to_vec()),
            padding,
            data: data.to_vec(),
        })
    }

    /// The bytes.
    pub(super) fn write(&self) -> Vec<u8> {
        let mut header = self.text();
        header.extend_from_slice(&self.padding);
        let length = self.length.unwrap_or(u64::try_from(header.len()).unwrap_or(u64::MAX)).to_le_bytes();
        let width = if self.version.0 == 1 { 2 } else { 4 };
        let field = length.get(..width).unwrap_or(&length);
        [&self.magic, &[self.version.0, self.version.1][..], field, &header, &self.data].concat()
    }

    /// The dict.
    pub(super) fn text(&self) -> Vec<u8> {
        match &self.header {
            Ok(items) => {
                let items: String = items.iter().map(|(key, value)| format!("{key}: {value}, ")).collect();
                format!("{{{items}}}").into_bytes()
            }
            Err(raw) => raw.clone(),
        }
    }

    /// Spaces and a line feed behind the dict, so that the data begins at a multiple of 64.
    pub(super) fn align(&mut self) {
        self.padding.clear();
        let before = self.write().len().saturating_sub(self.data.len()).saturating_add(1);
        self.padding = vec![b' '; 64usize.saturating_sub(before & 63) & 63];
        self.padding.push(b'\n');
    }

    /// The value of a key.
    pub(super) fn value(&mut self, key: &str) -> Option<&mut String> {
        let items = self.header.as_mut().ok()?;
        items.iter_mut().find(|(name, _)| name.trim_matches(['\'', '"']) == key).map(|(_, value)| value)
    }

    /// As many bytes as type and shape come to, where they can be read.
    pub(super) fn repair(&mut self) {
        let item =
            self.value("descr").and_then(|descr| DESCRS.iter().find(|(known, _)| known == descr)).map(|(_, n)| *n);
        let shape = self.value("shape").and_then(|text| {
            let inner = text.strip_prefix('(')?.strip_suffix(')')?;
            let dims = inner.split(',').map(str::trim).filter(|dim| !dim.is_empty());
            dims.map(|dim| dim.parse::<usize>().ok()).try_fold(1usize, |n, dim| n.checked_mul(dim?))
        });
        if let Some(size) = item.zip(shape).and_then(|(item, n)| item.checked_mul(n)).filter(|&size| size <= MAX_DATA) {
            self.data.resize(size, 0);
        }
        self.length = None;
        self.align();
    }
}

/// The items of a dict, cut at its commas and colons outside of brackets and quotes.
fn items(text: &[u8]) -> Option<Vec<(String, String)>> {
    let text = std::str::from_utf8(text).ok()?.strip_prefix('{')?.strip_suffix('}')?;
    let mut found = Vec::new();
    let (mut depth, mut quote, mut start, mut colon) = (0usize, None, 0usize, None);
    for (i, c) in text.char_indices() {
        match c {
            _ if quote == Some(c) => quote = None,
            _ if quote.is_some() => {}
            '\'' | '"' => quote = Some(c),
            '(' | '[' | '{' => depth = depth.saturating_add(1),
            ')' | ']' | '}' => depth = depth.checked_sub(1)?,
            ':' if depth == 0 && colon.is_none() => colon = Some(i),
            ',' if depth == 0 => {
                found.push(item(text, start, colon?, i)?);
                (start, colon) = (i.saturating_add(1), None);
            }
            _ => {}
        }
    }
    if !text.get(start..)?.trim().is_empty() {
        found.push(item(text, start, colon?, text.len())?);
    }
    (depth == 0 && quote.is_none()).then_some(found)
}

fn item(text: &str, start: usize, colon: usize, end: usize) -> Option<(String, String)> {
    let key = text.get(start..colon)?.trim();
    let value = text.get(colon.saturating_add(1)..end)?.trim();
    Some((key.to_owned(), value.to_owned()))
}

pub(super) const MAGIC: &[u8] = b"\x93NUMPY";

/// Data that a repaired file has at most.
const MAX_DATA: usize = 1 << 14;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_read_as_it_was_written() {
        for seed in 0..300 {
            let bytes = File::valid(&mut Rng::new(seed)).write();
            let file = File::parse(&bytes);
            let header = file.as_ref().is_some_and(|file| file.header.is_ok());
            assert!(header, "{:?}", String::from_utf8_lossy(&bytes));
            assert_eq!(file.map(|file| file.write()), Some(bytes));
        }
        assert!(items(b"{'a'}").is_none() && items(b"{'a': (}").is_none() && items(b"").is_none());
    }
}
