//! A scan of one source: every region is probed, every match is followed.

mod children;
mod ending;
mod foreign;
mod measure;
mod mismatch;
mod record;
mod region;
mod session;
mod stream;

pub use record::{PartRecord, Record};
pub use session::{Session, Stop, TraceRequest};

use crate::defect::Defect;

/// Every defect the core can report.
pub fn defects() -> impl Iterator<Item = &'static Defect> {
    let own = [crate::observe::ALL, crate::limits::ALL, crate::decode::ALL];
    let formats = crate::formats::FORMATS.iter().map(|f| f.defects);
    own.into_iter().chain(formats).flatten().copied()
}
