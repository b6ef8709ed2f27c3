//! dryload-core says what is in a model file: bytes in, observations out.
//!
//! No I/O, no threads, no clock and no Python. A driver asks a `Session` which
//! bytes it wants and feeds them; formats are resumable state machines that
//! never hold a file. Nothing that a file says is executed or resolved.
//!
//! # Untrusted input
//! No function of this crate panics on data, reads past what it was given, or
//! recurses on what a file holds; every loop a file can lengthen counts
//! against a limit, and hitting one is an observation with the limit's name.
//!
//! Layers, each using only those to its right (`tests/test_layers.py`):
//! scan → formats → decode → observe → trace → names → spec → json → limits → path → error → bytes → defect.

pub mod bytes;
pub mod decode;
pub mod defect;
pub mod error;
pub mod formats;
pub mod json;
pub mod limits;
pub mod names;
pub mod observe;
pub mod path;
pub mod scan;
pub mod spec;
pub mod trace;
