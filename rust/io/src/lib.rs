//! Drivers: where the bytes that a `Session` wants come from.
//!
//! Memory is fed as it is, files by positioned reads in windows that start
//! small and double, folders by threads with results in the order of the walk.
//! No mmap: a file that shrinks kills a process that maps it, and a private
//! map still sees later writes.

mod batch;
mod drive;
mod exclude;
mod queue;
mod source;
mod walk;

pub use batch::{Batch, Done, Item, Next, Options, Outcome};
pub use drive::{drive, scan_bytes, scan_bytes_until, scan_file, scan_source, trace_bytes, trace_file};
pub use exclude::Exclude;
pub use source::{ByteSource, Failure, FileSource, Identity};
