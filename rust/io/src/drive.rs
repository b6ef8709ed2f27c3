//! Feeds a session from memory or from a source that can be read at an offset.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use dryload_core::bytes::{Span, wide};
use dryload_core::formats::Want;
use dryload_core::limits::Limits;
use dryload_core::names::Names;
use dryload_core::scan::{Record, Session, Stop, TraceRequest};

use crate::source::{ByteSource, Failure, FileSource};

/// First window, and the first after a skip: between two arrays of a forest
/// stand about two hundred bytes of opcodes, and there are hundreds of arrays.
const FIRST_WINDOW: u64 = 192;
/// Largest window: past it, larger reads are no faster.
const LAST_WINDOW: u64 = 1024 * 1024;
/// A file up to this size is read at once: one call costs less than three.
const SMALL_FILE: u64 = 64 * 1024;

/// Scans bytes in memory.
#[must_use]
pub fn scan_bytes(data: &[u8], name: &str, names: &Arc<Names>, limits: &Arc<Limits>) -> Record {
    run_bytes(Session::new(wide(data.len()), name, names.clone(), limits.clone()), data)
}

/// As `scan_bytes`, until `cancelled` is set or the limit `max_seconds` is met.
#[must_use]
pub fn scan_bytes_until(
    data: &[u8],
    name: &str,
    names: &Arc<Names>,
    limits: &Arc<Limits>,
    cancelled: Option<Arc<AtomicBool>>,
) -> Record {
    let session = Session::new(wide(data.len()), name, names.clone(), limits.clone());
    run_bytes(session.with_stop(stop(limits, cancelled)), data)
}

/// Scans a file.
///
/// # Errors
/// The file is special, or the system refuses to open it.
pub fn scan_file(
    path: &Path,
    names: &Arc<Names>,
    limits: &Arc<Limits>,
    cancelled: Option<Arc<AtomicBool>>,
) -> Result<Record, Failure> {
    Ok(scan_source(&FileSource::open(path)?, path, names, limits, cancelled))
}

/// Scans an open file, which `path` named. `cancelled` ends the scan early.
pub fn scan_source(
    source: &FileSource,
    path: &Path,
    names: &Arc<Names>,
    limits: &Arc<Limits>,
    cancelled: Option<Arc<AtomicBool>>,
) -> Record {
    let session = Session::new(source.size(), &path.to_string_lossy(), names.clone(), limits.clone());
    run_source(session.with_stop(stop(limits, cancelled)), source)
}

/// Whether the time of a scan that begins now is over.
fn stop(limits: &Limits, cancelled: Option<Arc<AtomicBool>>) -> Stop {
    let deadline = Instant::now().checked_add(Duration::from_secs(limits.max_seconds));
    Arc::new(move || {
        cancelled.as_ref().is_some_and(|c| c.load(Ordering::Relaxed)) || deadline.is_some_and(|d| Instant::now() >= d)
    })
}

/// Scans bytes and keeps opcode rows.
#[must_use]
pub fn trace_bytes(data: &[u8], name: &str, names: &Arc<Names>, limits: &Arc<Limits>, request: TraceRequest) -> Record {
    run_bytes(Session::new(wide(data.len()), name, names.clone(), limits.clone()).with_trace(request), data)
}

/// Scans a file and keeps opcode rows.
///
/// # Errors
/// As `scan_file`.
pub fn trace_file(
    path: &Path,
    names: &Arc<Names>,
    limits: &Arc<Limits>,
    request: TraceRequest,
) -> Result<Record, Failure> {
    let source = FileSource::open(path)?;
    let session =
        Session::new(source.size(), &path.to_string_lossy(), names.clone(), limits.clone()).with_trace(request);
    Ok(run_source(session, &source))
}

/// Feeds a session from a source, in windows beyond what it asks for: of
/// `first` bytes where reading begins anew, then of as many as were read in a
/// row, up to `last`. What cannot be read is told in the record.
pub fn drive(mut session: Session, source: &dyn ByteSource, first: u64, last: u64) -> Record {
    let mut buf = Vec::new();
    // Where the last read began and ended. An opcode that it cut is asked for
    // again, from where it begins.
    let (mut in_a_row, mut begun, mut place) = (0, 0, 0);
    loop {
        let wants: Vec<Want> = session.wants().to_vec();
        if wants.is_empty() {
            return session.finish();
        }
        for want in wants {
            let (start, until) = (want.span.start, want.until);
            in_a_row = if start > begun && start <= place { in_a_row } else { 0 };
            let window = first.max(in_a_row).min(last).min(until.saturating_sub(start));
            let len = want.span.len().max(window);
            buf.resize(usize::try_from(len).unwrap_or(usize::MAX), 0);
            let read = match source.read_at(&mut buf, start) {
                Ok(read) => read,
                Err(e) => {
                    session.unreadable(want.span, &e.to_string());
                    break;
                }
            };
            session.count_read(wide(read));
            in_a_row = in_a_row.saturating_add(wide(read));
            (begun, place) = (start, start.saturating_add(wide(read)));
            session.feed(start, buf.get(..read).unwrap_or(&[]));
        }
    }
}

fn run_source(mut session: Session, source: &FileSource) -> Record {
    let size = source.size();
    let mut record = if size > SMALL_FILE {
        drive(session, source, FIRST_WINDOW, LAST_WINDOW)
    } else {
        let mut data = vec![0; usize::try_from(size).unwrap_or(0)];
        match source.read_at(&mut data, 0) {
            Ok(read) => run_bytes(session, data.get(..read).unwrap_or(&[])),
            Err(e) => {
                session.unreadable(Span { start: 0, end: size }, &e.to_string());
                session.finish()
            }
        }
    };
    if let Some(found) = source.change() {
        record.changed(found);
    }
    record
}

fn run_bytes(mut session: Session, data: &[u8]) -> Record {
    session.count_read(wide(data.len()));
    loop {
        let wants: Vec<Want> = session.wants().to_vec();
        if wants.is_empty() {
            return session.finish();
        }
        for want in wants {
            let from = usize::try_from(want.span.start).unwrap_or(usize::MAX);
            let until = usize::try_from(want.until).unwrap_or(usize::MAX).min(data.len());
            session.feed(want.span.start, data.get(from..until).unwrap_or(&[]));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::io::Write;

    use super::*;

    /// Bytes that can be read up to a place, as from a disk with a bad sector.
    struct Bad(Vec<u8>, u64);

    impl ByteSource for Bad {
        fn size(&self) -> u64 {
            wide(self.0.len())
        }

        fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
            if offset.saturating_add(wide(buf.len())) > self.1 {
                return Err(io::Error::from_raw_os_error(5));
            }
            let from = usize::try_from(offset).unwrap_or(usize::MAX);
            let bytes = self.0.get(from..).unwrap_or(&[]);
            let n = bytes.len().min(buf.len());
            for (to, byte) in buf.iter_mut().zip(bytes) {
                *to = *byte;
            }
            Ok(n)
        }
    }

    fn session(size: u64, limits: &Limits) -> Session {
        Session::new(size, "a.pkl", Arc::new(Names::default()), Arc::new(limits.clone()))
    }

    fn codes(record: &Record) -> Vec<&'static str> {
        record.parts.iter().flat_map(|p| &p.observations).map(|o| o.code()).collect()
    }

    #[test]
    fn what_was_seen_before_a_bad_sector_is_kept() {
        let mut data = b"\x80\x02cmycorp\nrun\n)R0".to_vec();
        data.extend(b"N0".repeat(100_000));
        data.extend(b"N.");
        let limits = Limits::default();
        let size = wide(data.len());
        let record = drive(session(size, &limits), &Bad(data.clone(), size), 4096, 4096);
        assert_eq!(codes(&record), ["import", "call"]);
        // The end of the file is looked at before its middle.
        for readable in [50_000, 150_000] {
            let record = drive(session(size, &limits), &Bad(data.clone(), readable), 4096, 4096);
            assert_eq!(codes(&record), ["import", "call", "scan-unreadable", "scan-unreadable"]);
            assert!(!record.is_complete());
        }
    }

    #[test]
    fn a_file_that_was_written_to_meanwhile_is_told() -> io::Result<()> {
        let mut file = tempfile::NamedTempFile::new()?;
        file.write_all(b"\x80\x02N.")?;
        let (names, limits) = (Arc::new(Names::default()), Arc::new(Limits::default()));
        for change in [&b""[..], b"N."] {
            let Ok(source) = FileSource::open(file.path()) else { return Err(io::ErrorKind::NotFound.into()) };
            assert_eq!(source.change(), None);
            // Another time than that of the file, whose clock is coarse.
            std::thread::sleep(Duration::from_millis(20));
            file.write_all(change)?;
            file.as_file().set_modified(std::time::SystemTime::UNIX_EPOCH)?;
            let record = scan_source(&source, file.path(), &names, &limits, None);
            assert!(codes(&record).contains(&"scan-source-changed"), "{record:#?}");
        }
        Ok(())
    }

    #[test]
    fn a_scan_that_is_cancelled_or_out_of_time_keeps_what_it_saw() {
        let mut data = b"\x80\x02cmycorp\nrun\n)R0".to_vec();
        data.extend(b"N0".repeat(2_000_000));
        data.extend(b"N.");
        let names = Arc::new(Names::default());
        let limits = Arc::new(Limits { max_seconds: 0, ..Limits::default() });
        let late = scan_bytes_until(&data, "a.pkl", &names, &limits, None);
        assert_eq!((codes(&late), late.limits_hit.clone()), (vec!["scan-limit"], vec!["max_seconds"]));
        let cancelled = Some(Arc::new(AtomicBool::new(true)));
        let ended = scan_bytes_until(&data, "a.pkl", &names, &Arc::new(Limits::default()), cancelled);
        assert!(!ended.is_complete() && !ended.is_quiet());
    }
}
