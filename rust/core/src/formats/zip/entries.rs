//! The members of an archive, as the directory names them.

use rawzip::{ZipArchive, ZipLocator};

use super::defects;
use super::end::End;
use super::sparse::Sparse;
use crate::bytes::{Span, wide};
use crate::error::Error;

/// Flags a model writer sets: deflate's two option bits, a data descriptor
/// (torch), a UTF-8 name.
const COMMON_FLAGS: u16 = 0b1000_0000_1110;
/// Bits 0, 6 and 13: encrypted data, strong encryption, masked headers.
const ENCRYPTED_FLAGS: u16 = 0b0010_0000_0100_0001;
pub(super) const DATA_DESCRIPTOR: u16 = 0b1000;
/// The highest version of the format; zipfile raises on a higher one.
pub(super) const MAX_VERSION: u8 = 63;
/// Stored as it is.
pub(super) const STORED: u16 = 0;
/// Deflated.
pub(super) const DEFLATED: u16 = 8;

/// A member as the directory has it.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) name: Vec<u8>,
    pub(super) flags: u16,
    pub(super) method: u16,
    pub(super) compressed: u64,
    pub(super) size: u64,
    pub(super) crc: u32,
    /// The version that a reader needs, in tenths: APPNOTE 4.4.3.
    pub(super) needs: u8,
    /// Where its local header begins.
    pub(super) local: u64,
    /// Where the directory names it.
    pub(super) record: Span,
}

impl Entry {
    /// Its name for people and for `Role`s.
    pub(super) fn text(&self) -> String {
        String::from_utf8_lossy(&self.name).into_owned()
    }

    /// Whether its data is said to be encrypted.
    pub(super) const fn is_encrypted(&self) -> bool {
        self.flags & ENCRYPTED_FLAGS != 0
    }

    /// A folder: no data.
    pub(super) fn is_folder(&self) -> bool {
        self.name.ends_with(b"/") && self.size == 0 && self.compressed == 0
    }

    /// Bytes that may stand between its data and the next member: none, or a
    /// data descriptor with or without its signature, of 32 or 64 bits.
    pub(super) const fn may_be_followed_by(&self, gap: u64) -> bool {
        gap == 0 || (self.flags & DATA_DESCRIPTOR != 0 && matches!(gap, 12 | 16 | 20 | 24))
    }

    /// Whether its flags are ones that writers of models set.
    pub(super) const fn has_common_flags(&self) -> bool {
        self.flags & !(COMMON_FLAGS | ENCRYPTED_FLAGS) == 0
    }
}

/// What reading the directory came to.
pub(super) enum Directory {
    /// Its entries, and a defect where it breaks off.
    Read(Vec<Entry>, Option<Error>),
    /// Bytes that are not here yet.
    Missing(Span),
    /// rawzip finds no archive.
    None(Error),
}

/// Room for one directory record: name, extra field and comment are 64 KiB
/// each at most, and none is longer than the directory.
const RECORD_BUFFER: u64 = 3 * 65_536 + 64;
/// Less than that is no room for rawzip.
const MIN_BUFFER: u64 = 1024;

/// Opens the archive whose end record was found.
fn open<'s>(sparse: &'s Sparse, end: &End, buffer: &mut [u8]) -> Result<ZipArchive<&'s Sparse>, rawzip::Error> {
    ZipLocator::new()
        .max_search_space(super::TAIL_BYTES)
        .locate_in_reader(sparse, buffer, end.end)
        .map_err(|(_, error)| error)
}

/// Reads the directory through rawzip.
pub(super) fn directory(sparse: &Sparse, end: &End, max: u64) -> Directory {
    let mut search = vec![0; 4096];
    let archive = match open(sparse, end, &mut search) {
        Ok(archive) => archive,
        Err(error) => return missing_or(sparse, end, &error),
    };
    let mut entries = Vec::new();
    let room = RECORD_BUFFER.min(end.size.max(MIN_BUFFER));
    let mut buffer = vec![0; usize::try_from(room).unwrap_or(0)];
    let mut records = archive.entries(&mut buffer);
    loop {
        let record = match records.next_entry() {
            Ok(Some(record)) => record,
            Ok(None) => return Directory::Read(entries, None),
            Err(error) => {
                return match missing_or(sparse, end, &error) {
                    Directory::None(error) => Directory::Read(entries, Some(error)),
                    other => other,
                };
            }
        };
        if wide(entries.len()) >= max {
            return Directory::Read(entries, None);
        }
        let at = Span::at(record.central_directory_offset().saturating_add(6), 1);
        entries.push(Entry {
            needs: sparse.get(at).and_then(<[u8]>::first).copied().unwrap_or(0),
            name: record.file_path().as_bytes().to_vec(),
            flags: record.flags().bits(),
            method: record.compression_method().as_u16(),
            compressed: record.compressed_size_hint(),
            size: record.uncompressed_size_hint(),
            crc: record.crc32(),
            local: record.local_header_offset(),
            record: Span::at(record.central_directory_offset(), 46),
        });
    }
}

fn missing_or(sparse: &Sparse, end: &End, error: &rawzip::Error) -> Directory {
    match sparse.take_miss() {
        Some(span) => Directory::Missing(span),
        None => {
            let span = Span { start: end.record, end: end.end };
            Directory::None(Error::new(&defects::BAD_ENTRY, span).with("a central directory", error.to_string()))
        }
    }
}
