//! The members of an archive, as the directory and the local headers name them.

use rawzip::{ZipArchive, ZipArchiveEntryWayfinder, ZipLocator};

use super::defects;
use super::end::End;
use super::sparse::Sparse;
use crate::bytes::{Span, printable, wide};
use crate::error::Error;

/// Flags a model writer sets: deflate's two option bits, a data descriptor
/// (torch), a UTF-8 name.
const COMMON_FLAGS: u16 = 0b1000_0000_1110;
/// Bits 0, 6 and 13: encrypted data, strong encryption, masked headers.
const ENCRYPTED_FLAGS: u16 = 0b0010_0000_0100_0001;
const DATA_DESCRIPTOR: u16 = 0b1000;
/// Bytes of a local header before its name.
pub(super) const LOCAL_BYTES: u64 = 30;

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
    finder: ZipArchiveEntryWayfinder,
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
/// each at most.
const RECORD_BUFFER: usize = 3 * 65_536 + 64;

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
    let mut buffer = vec![0; RECORD_BUFFER];
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
            finder: record.wayfinder(),
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

/// What reading a local header came to.
pub(super) enum Local {
    /// Where its data stands, and how it differs from the directory.
    Read(Span, Vec<Error>),
    /// Bytes that are not here yet.
    Missing(Span),
    /// It is no local header.
    Bad(Error),
}

/// Reads local headers, with one archive and one buffer for all of them.
pub(super) struct Locals<'s> {
    sparse: &'s Sparse,
    end: &'s End,
    archive: ZipArchive<&'s Sparse>,
    buffer: Vec<u8>,
}

impl<'s> Locals<'s> {
    /// Opens the archive again; the directory was read, so nothing is missing.
    pub(super) fn open(sparse: &'s Sparse, end: &'s End) -> Option<Self> {
        let archive = open(sparse, end, &mut vec![0; 4096]).ok()?;
        // Name and extra field are 64 KiB each at most.
        Some(Self { sparse, end, archive, buffer: vec![0; 2 * 65_536] })
    }

    /// Reads a local header and holds it against the directory's record.
    ///
    /// Python's zipfile trusts the directory and checks the local name; miniz,
    /// which torch uses, checks neither name nor sizes (CVE-2025-1944 is a
    /// scanner that trusted the other one).
    pub(super) fn read(&mut self, entry: &Entry) -> Local {
        let fixed = Span::at(entry.local, LOCAL_BYTES);
        if fixed.end > self.end.record {
            let error = Error::new(&defects::BAD_ENTRY, entry.record);
            return Local::Bad(error.with("a local header before the directory", format!("{:#x}", entry.local)));
        }
        match self.attempt(entry, fixed) {
            Ok((data, errors)) => Local::Read(data, errors),
            Err(error) => match self.sparse.take_miss() {
                Some(span) => Local::Missing(span),
                None => Local::Bad(Error::new(&defects::BAD_ENTRY, fixed).with("a local header", error.to_string())),
            },
        }
    }

    fn attempt(&mut self, entry: &Entry, fixed: Span) -> Result<(Span, Vec<Error>), rawzip::Error> {
        let found = self.archive.get_entry(entry.finder)?;
        let (start, stop) = found.compressed_data_range();
        let header = found.local_header(&mut self.buffer)?;
        let mut errors = Vec::new();
        let name = header.file_path().as_bytes();
        if name != entry.name {
            let error = Error::new(&defects::NAME_MISMATCH, fixed);
            errors.push(error.with(printable(&entry.name, 80), printable(name, 80)));
        }
        let mut differs = |what: &str, directory: u64, local: u64| {
            let error = Error::new(&defects::HEADER_MISMATCH, fixed);
            errors.push(error.with(format!("{what} {directory:#x} as in the directory"), format!("{local:#x}")));
        };
        let flags = header.flags().bits();
        if flags != entry.flags {
            differs("flags", u64::from(entry.flags), u64::from(flags));
        }
        let method = header.compression_method().as_u16();
        if method != entry.method {
            differs("method", u64::from(entry.method), u64::from(method));
        }
        // With a data descriptor the local fields may be zero: APPNOTE 4.4.4.
        let deferred = flags & DATA_DESCRIPTOR != 0;
        for (what, directory, local) in [
            ("crc", u64::from(entry.crc), u64::from(header.crc32())),
            ("compressed size", entry.compressed, header.compressed_size_hint()),
            ("size", entry.size, header.uncompressed_size_hint()),
        ] {
            if directory != local && !(deferred && local == 0) {
                differs(what, directory, local);
            }
        }
        Ok((Span { start, end: stop }, errors))
    }
}
