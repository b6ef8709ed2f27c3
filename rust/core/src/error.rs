//! A defect at a place, with what was expected there and what was found.

use std::fmt;

use crate::bytes::Span;
use crate::defect::Defect;

/// A defect of the file at an offset. The file's fault, never the caller's.
#[derive(Clone, Debug)]
pub struct Error {
    /// Which defect.
    pub defect: &'static Defect,
    /// Where, counted from the start of the region.
    pub span: Span,
    /// What the format asks for there; empty where the summary says it.
    pub expected: String,
    /// What stands there; empty where the summary says it.
    pub found: String,
}

impl Error {
    /// A defect whose summary says it all.
    #[cold]
    #[must_use]
    pub fn new(defect: &'static Defect, span: Span) -> Self {
        Self { defect, span, expected: String::new(), found: String::new() }
    }

    /// Adds what was expected and what was found.
    #[cold]
    #[must_use]
    pub fn with(mut self, expected: impl Into<String>, found: impl Into<String>) -> Self {
        self.expected = expected.into();
        self.found = found.into();
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.defect.slug, self.defect.summary)?;
        if !self.expected.is_empty() {
            write!(f, ", expected {}", self.expected)?;
        }
        if !self.found.is_empty() {
            write!(f, ", found {}", self.found)?;
        }
        write!(f, " (at {:#x})", self.span.start)
    }
}

impl std::error::Error for Error {}
