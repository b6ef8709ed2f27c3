//! Files of a folder, in the order of their names, each once.
//!
//! Hidden files are files; links are followed, and a folder that was walked
//! is not walked again, so a loop ends. Nothing inside the folder configures
//! the walk: what is scanned may be hostile.

use std::collections::HashSet;
use std::fs::Metadata;
use std::path::{Path, PathBuf};

use crate::source::Failure;

/// What a walk comes across.
#[derive(Debug)]
pub enum Found {
    /// Something to scan.
    File(PathBuf),
    /// Something that could not be looked into.
    Failed(PathBuf, Failure),
}

/// The walk: depth first, names in byte order.
pub struct Walk {
    /// Paths still to visit; the next one is the last.
    stack: Vec<PathBuf>,
    seen: HashSet<(u64, u64)>,
}

impl Walk {
    /// A walk below `root`.
    #[must_use]
    pub fn new(root: &Path) -> Self {
        Self { stack: vec![root.to_path_buf()], seen: HashSet::new() }
    }

    /// Puts the entries of a folder on the stack.
    fn enter(&mut self, folder: &Path) -> Result<(), Failure> {
        let mut entries = Vec::new();
        for entry in std::fs::read_dir(folder)? {
            entries.push(entry?.path());
        }
        entries.sort_unstable_by(|a, b| b.as_os_str().as_encoded_bytes().cmp(a.as_os_str().as_encoded_bytes()));
        self.stack.append(&mut entries);
        Ok(())
    }
}

impl Iterator for Walk {
    type Item = Found;

    fn next(&mut self) -> Option<Found> {
        loop {
            let path = self.stack.pop()?;
            match std::fs::metadata(&path) {
                Ok(metadata) if metadata.is_dir() => {
                    if !identity(&metadata).is_none_or(|id| self.seen.insert(id)) {
                        continue;
                    }
                    if let Err(failure) = self.enter(&path) {
                        return Some(Found::Failed(path, failure));
                    }
                }
                // Whether it is a file at all is found out where it is opened.
                Ok(_) => return Some(Found::File(path)),
                Err(e) => return Some(Found::Failed(path, e.into())),
            }
        }
    }
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

    #[cfg(unix)]
    #[test]
    fn a_loop_of_links_ends_and_the_order_is_that_of_names() -> std::io::Result<()> {
        let root = tempfile::tempdir()?;
        for name in ["b/x", "a", "b/.hidden/y", "c"] {
            let path = root.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap_or(root.path()))?;
            std::fs::write(path, b"")?;
        }
        std::os::unix::fs::symlink(root.path(), root.path().join("b/loop"))?;
        let found: Vec<_> = Walk::new(root.path())
            .map(|f| match f {
                Found::File(p) | Found::Failed(p, _) => {
                    p.strip_prefix(root.path()).map(|p| p.display().to_string()).unwrap_or_default()
                }
            })
            .collect();
        assert_eq!(found, ["a", "b/.hidden/y", "b/x", "c"]);
        Ok(())
    }
}
