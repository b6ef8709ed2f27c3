//! What a walk leaves out, by patterns as ripgrep reads them.
//!
//! The patterns come from the person who scans, never from the folder that is
//! scanned: what is in there may be hostile.

use std::path::Path;

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};

/// The patterns.
#[derive(Clone, Debug, Default)]
pub struct Exclude {
    /// Those without a slash, for a name at any depth.
    names: GlobSet,
    /// Those with one, for a path below the folder that was named.
    paths: GlobSet,
    is_empty: bool,
}

impl Exclude {
    /// Reads patterns: `*` and `?` stop at a slash, `**` does not, `[a-z]` and
    /// `{a,b}` are sets. One without a slash is a name at any depth, one with a
    /// slash a path below the folder that is walked. What is below an excluded
    /// folder is excluded.
    ///
    /// # Errors
    /// A pattern that is none, with what is wrong.
    pub fn new(patterns: &[String]) -> Result<Self, String> {
        let (mut names, mut paths) = (GlobSetBuilder::new(), GlobSetBuilder::new());
        for pattern in patterns {
            let inner = pattern.trim_end_matches('/');
            let glob = GlobBuilder::new(inner.trim_start_matches('/'))
                .literal_separator(true)
                .build()
                .map_err(|e| format!("{pattern:?} is no pattern: {}", e.kind()))?;
            if inner.is_empty() {
                return Err(format!("{pattern:?} is no pattern: it would exclude everything"));
            }
            if inner.contains('/') {
                paths.add(glob)
            } else {
                names.add(glob)
            };
        }
        let build = |set: &GlobSetBuilder| set.build().map_err(|e| e.to_string());
        Ok(Self { names: build(&names)?, paths: build(&paths)?, is_empty: patterns.is_empty() })
    }

    /// Whether a path below the folder `root` is left out.
    #[must_use]
    pub fn matches(&self, root: &Path, path: &Path) -> bool {
        if self.is_empty {
            return false;
        }
        path.file_name().is_some_and(|name| self.names.is_match(name))
            || path.strip_prefix(root).is_ok_and(|below| self.paths.is_match(below))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, path: &str) -> bool {
        Exclude::new(&[pattern.to_owned()]).is_ok_and(|e| e.matches(Path::new("/zoo"), Path::new(path)))
    }

    #[test]
    fn a_name_is_met_at_any_depth_and_a_path_below_the_root() {
        for (pattern, path) in [
            ("*.md", "/zoo/a/README.md"),
            ("*.md", "/zoo/README.md"),
            (".git", "/zoo/a/.git"),
            (".git/", "/zoo/.git"),
            ("a/*.bin", "/zoo/a/x.bin"),
            ("/a", "/zoo/a"),
            ("**/old/*", "/zoo/x/y/old/z"),
            ("{a,b}.pt", "/zoo/q/b.pt"),
        ] {
            assert!(matches(pattern, path), "{pattern} {path}");
        }
        for (pattern, path) in [
            ("*.md", "/zoo/README.mdx"),
            ("a/*.bin", "/zoo/b/a/x.bin"),
            ("a/*.bin", "/zoo/a/b/x.bin"),
            ("zoo", "/zoo/a"),
            ("/a", "/zoo/b/a"),
        ] {
            assert!(!matches(pattern, path), "{pattern} {path}");
        }
    }

    #[test]
    fn what_is_no_pattern_is_told() {
        for pattern in ["[a", "", "/", "a{b"] {
            assert!(Exclude::new(&[pattern.to_owned()]).is_err(), "{pattern}");
        }
    }
}
