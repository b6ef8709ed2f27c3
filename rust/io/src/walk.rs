//! Files of a folder, in the order of their names, each once.
//!
//! Hidden files are files; links are followed, and a folder that was walked
//! is not walked again, so a loop ends. Nothing inside the folder configures
//! the walk: what is scanned may be hostile.
//!
//! The names of a folder are held while it is walked, side by side in one
//! buffer: a million take some 25 MB.

use std::collections::HashSet;
use std::ffi::OsString;
use std::fs::{FileType, Metadata};
use std::path::{Path, PathBuf};

use crate::exclude::Exclude;
use crate::source::Failure;

/// What a walk comes across.
#[derive(Debug)]
pub enum Found {
    /// Something to scan, and whether the folder lists it as a regular file.
    File(PathBuf, bool),
    /// Something that could not be looked into.
    Failed(PathBuf, Failure),
}

/// What a folder says about an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Regular,
    Folder,
    /// A link, or something special: it has to be looked at.
    Other,
}

impl From<FileType> for Kind {
    fn from(kind: FileType) -> Self {
        match kind {
            k if k.is_file() => Self::Regular,
            k if k.is_dir() => Self::Folder,
            _ => Self::Other,
        }
    }
}

/// A folder that is being walked.
struct Level {
    path: PathBuf,
    /// The names, one after the other.
    names: Vec<u8>,
    /// Where each ends, begins, and what it is, in the order of the walk.
    entries: std::vec::IntoIter<(u32, u32, Kind)>,
}

/// The walk: depth first, names in byte order.
pub struct Walk<'e> {
    root: PathBuf,
    exclude: &'e Exclude,
    levels: Vec<Level>,
    /// The root, until it was looked at.
    first: bool,
    seen: &'e mut HashSet<(u64, u64)>,
    /// Entries that a pattern left out.
    pub excluded: u64,
}

impl<'e> Walk<'e> {
    /// A walk below `root`. `seen` holds the folders that were walked before.
    pub fn new(root: &Path, exclude: &'e Exclude, seen: &'e mut HashSet<(u64, u64)>) -> Self {
        Self { root: root.to_path_buf(), exclude, levels: Vec::new(), first: true, seen, excluded: 0 }
    }

    /// Goes into a folder, unless it was walked.
    fn enter(&mut self, path: &Path, metadata: &Metadata) -> Result<(), Failure> {
        if !identity(metadata).is_none_or(|id| self.seen.insert(id)) {
            return Ok(());
        }
        let (mut names, mut entries) = (Vec::new(), Vec::new());
        let place = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        for entry in std::fs::read_dir(path)? {
            let entry = entry?;
            let begin = place(names.len());
            names.extend_from_slice(entry.file_name().as_encoded_bytes());
            // Unknown on some file systems.
            let kind = entry.file_type().map_or(Kind::Other, Kind::from);
            entries.push((begin, place(names.len()), kind));
        }
        if u32::try_from(names.len()).is_err() {
            let message = "more than 4 GiB of names in one folder".to_owned();
            return Err(Failure { slug: "scan-unreadable", message, errno: None });
        }
        entries.sort_unstable_by(|a, b| name_of(&names, *a).cmp(name_of(&names, *b)));
        self.levels.push(Level { path: path.to_path_buf(), names, entries: entries.into_iter() });
        Ok(())
    }

    /// The next entry of the innermost folder, left out or not.
    fn entry(&mut self) -> Option<(PathBuf, Kind)> {
        if std::mem::take(&mut self.first) {
            return Some((self.root.clone(), Kind::Other));
        }
        loop {
            let level = self.levels.last_mut()?;
            if let Some(entry) = level.entries.next() {
                return Some((level.path.join(os_string(name_of(&level.names, entry))), entry.2));
            }
            self.levels.pop();
        }
    }
}

impl Iterator for Walk<'_> {
    type Item = Found;

    fn next(&mut self) -> Option<Found> {
        loop {
            let (path, kind) = self.entry()?;
            if !self.levels.is_empty() && self.exclude.matches(&self.root, &path) {
                self.excluded = self.excluded.saturating_add(1);
                continue;
            }
            if kind == Kind::Regular {
                return Some(Found::File(path, true));
            }
            match std::fs::metadata(&path) {
                Ok(metadata) if metadata.is_dir() => {
                    if let Err(failure) = self.enter(&path, &metadata) {
                        return Some(Found::Failed(path, failure));
                    }
                }
                // Whether it is a file at all is found out where it is opened.
                Ok(_) => return Some(Found::File(path, false)),
                Err(e) => return Some(Found::Failed(path, e.into())),
            }
        }
    }
}

fn name_of(names: &[u8], entry: (u32, u32, Kind)) -> &[u8] {
    let at = |n: u32| usize::try_from(n).unwrap_or(usize::MAX);
    names.get(at(entry.0)..at(entry.1)).unwrap_or(&[])
}

#[cfg(unix)]
fn os_string(name: &[u8]) -> OsString {
    use std::os::unix::ffi::OsStringExt;
    OsString::from_vec(name.to_vec())
}

#[cfg(not(unix))]
fn os_string(name: &[u8]) -> OsString {
    // What is no Unicode is not found again, and told as missing.
    OsString::from(String::from_utf8_lossy(name).into_owned())
}

#[cfg(unix)]
fn identity(metadata: &Metadata) -> Option<(u64, u64)> {
    use std::os::unix::fs::MetadataExt;
    Some((metadata.dev(), metadata.ino()))
}

#[cfg(not(unix))]
fn identity(_: &Metadata) -> Option<(u64, u64)> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn walked(root: &Path, exclude: &[&str], seen: &mut HashSet<(u64, u64)>) -> (Vec<String>, u64) {
        let patterns: Vec<_> = exclude.iter().map(|p| (*p).to_owned()).collect();
        let exclude = Exclude::new(&patterns).unwrap_or_default();
        let mut walk = Walk::new(root, &exclude, seen);
        let mut found = Vec::new();
        for each in walk.by_ref() {
            let (Found::File(path, _) | Found::Failed(path, _)) = each;
            found.push(path.strip_prefix(root).map(|p| p.display().to_string()).unwrap_or_default());
        }
        (found, walk.excluded)
    }

    fn made(names: &[&str]) -> std::io::Result<tempfile::TempDir> {
        let root = tempfile::tempdir()?;
        for name in names {
            let path = root.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap_or(root.path()))?;
            std::fs::write(path, b"")?;
        }
        Ok(root)
    }

    #[cfg(unix)]
    #[test]
    fn a_loop_of_links_ends_and_the_order_is_that_of_names() -> std::io::Result<()> {
        let root = made(&["b/x", "a", "b/.hidden/y", "c"])?;
        std::os::unix::fs::symlink(root.path(), root.path().join("b/loop"))?;
        let mut seen = HashSet::new();
        assert_eq!(walked(root.path(), &[], &mut seen).0, ["a", "b/.hidden/y", "b/x", "c"]);
        // Named again, it was walked already.
        assert_eq!(walked(&root.path().join("b"), &[], &mut seen).0, [""; 0]);
        Ok(())
    }

    #[test]
    fn what_is_excluded_is_not_walked_and_is_counted() -> std::io::Result<()> {
        let root = made(&["a/x.bin", "a/y.md", ".git/objects/z", "c.md", "d/e/f"])?;
        let (found, excluded) = walked(root.path(), &["*.md", ".git", "d/e"], &mut HashSet::new());
        assert_eq!((found, excluded), (vec!["a/x.bin".to_owned()], 4));
        Ok(())
    }
}
