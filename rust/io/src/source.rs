//! Sources that can be read at an offset.

use std::fs::{File, FileType, Metadata, OpenOptions};
use std::io;
use std::path::Path;

/// Something with a length that can be read at an offset, by many at once.
pub trait ByteSource {
    /// Its length in bytes.
    fn size(&self) -> u64;

    /// Reads into `buf` from `offset` on; fewer bytes only at the end.
    ///
    /// # Errors
    /// The source's own.
    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize>;
}

/// Why a path was not scanned: a slug of the catalogue, and words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// `scan-unreadable` or `scan-special-file`.
    pub slug: &'static str,
    /// What the system said.
    pub message: String,
    /// The system's number for it, when it has one.
    pub errno: Option<i32>,
}

impl From<io::Error> for Failure {
    fn from(e: io::Error) -> Self {
        Self { slug: "scan-unreadable", message: e.to_string(), errno: e.raw_os_error() }
    }
}

/// What tells a file from another and from itself at another time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Identity {
    /// Device and inode.
    pub place: (u64, u64),
    /// Bytes.
    pub size: u64,
    /// When its content changed, in nanoseconds since 1970: what the file says.
    pub modified: i128,
    /// When it or what is known of it changed: what the system says.
    pub changed: i128,
}

/// A regular file.
#[derive(Debug)]
pub struct FileSource {
    file: File,
    identity: Identity,
}

impl FileSource {
    /// Opens a regular file, and nothing else: a pipe would block, a device
    /// may act on being opened.
    ///
    /// # Errors
    /// It is special, or the system refuses.
    pub fn open(path: &Path) -> Result<Self, Failure> {
        refuse_special(&std::fs::metadata(path)?)?;
        Self::open_listed(path)
    }

    /// Opens what a folder just listed as a regular file.
    ///
    /// # Errors
    /// As `open`.
    pub fn open_listed(path: &Path) -> Result<Self, Failure> {
        let file = open_nonblocking(path)?;
        // The path may name something else by now.
        let metadata = file.metadata()?;
        refuse_special(&metadata)?;
        Ok(Self { file, identity: identity(&metadata) })
    }

    /// What it was when it was opened.
    #[must_use]
    pub const fn identity(&self) -> Identity {
        self.identity
    }

    /// What changed since it was opened, in words.
    #[must_use]
    pub fn change(&self) -> Option<&'static str> {
        let Ok(now) = self.file.metadata().map(|m| identity(&m)) else { return Some("a file that is not there") };
        match (now.size == self.identity.size, now == self.identity) {
            (false, _) => Some("a file of another size"),
            (true, false) => Some("a file that was written to meanwhile"),
            (true, true) => None,
        }
    }
}

#[cfg(unix)]
fn identity(metadata: &Metadata) -> Identity {
    use std::os::unix::fs::MetadataExt;
    let at = |seconds: i64, nanoseconds: i64| {
        i128::from(seconds).saturating_mul(1_000_000_000).saturating_add(i128::from(nanoseconds))
    };
    Identity {
        place: (metadata.dev(), metadata.ino()),
        size: metadata.len(),
        modified: at(metadata.mtime(), metadata.mtime_nsec()),
        changed: at(metadata.ctime(), metadata.ctime_nsec()),
    }
}

#[cfg(not(unix))]
fn identity(metadata: &Metadata) -> Identity {
    let since = |t: io::Result<std::time::SystemTime>| {
        t.ok().and_then(|t| t.duration_since(std::time::UNIX_EPOCH).ok()).map_or(0, |d| d.as_nanos())
    };
    let modified = i128::try_from(since(metadata.modified())).unwrap_or(0);
    Identity { place: (0, 0), size: metadata.len(), modified, changed: modified }
}

fn refuse_special(metadata: &Metadata) -> Result<(), Failure> {
    let kind = metadata.file_type();
    if kind.is_file() {
        return Ok(());
    }
    Err(Failure { slug: "scan-special-file", message: kind_of(kind).to_owned(), errno: None })
}

#[cfg(unix)]
fn open_nonblocking(path: &Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt;
    OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY).open(path)
}

#[cfg(not(unix))]
fn open_nonblocking(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).open(path)
}

#[cfg(unix)]
fn kind_of(kind: FileType) -> &'static str {
    use std::os::unix::fs::FileTypeExt;
    match kind {
        k if k.is_dir() => "a folder",
        k if k.is_fifo() => "a pipe",
        k if k.is_socket() => "a socket",
        k if k.is_block_device() || k.is_char_device() => "a device",
        _ => "no regular file",
    }
}

#[cfg(not(unix))]
fn kind_of(kind: FileType) -> &'static str {
    if kind.is_dir() { "a folder" } else { "no regular file" }
}

impl ByteSource for FileSource {
    fn size(&self) -> u64 {
        self.identity.size
    }

    #[cfg(unix)]
    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        use std::os::unix::fs::FileExt;
        fill(buf, |rest, done| self.file.read_at(rest, offset.saturating_add(done)))
    }

    #[cfg(windows)]
    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        use std::os::windows::fs::FileExt;
        fill(buf, |rest, done| self.file.seek_read(rest, offset.saturating_add(done)))
    }
}

/// Reads until `buf` is full or the source ends.
fn fill(buf: &mut [u8], mut read: impl FnMut(&mut [u8], u64) -> io::Result<usize>) -> io::Result<usize> {
    let mut done: usize = 0;
    while let Some(rest) = buf.get_mut(done..).filter(|r| !r.is_empty()) {
        match read(rest, u64::try_from(done).unwrap_or(u64::MAX)) {
            Ok(0) => break,
            Ok(n) => done = done.saturating_add(n),
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    Ok(done)
}
