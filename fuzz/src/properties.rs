//! The properties, by the names they are run by.

use std::sync::{Arc, OnceLock};

use dryload_core::bytes::wide;
use dryload_core::formats::compressed;
use dryload_core::limits::Limits;
use dryload_core::names::Names;
use dryload_core::scan::{Record, Session, TraceRequest};
use dryload_gen::{Rng, pickle};
use dryload_io::scan_bytes;

use crate::readers;

/// A property: its name, the file names its inputs go by, and the function.
#[derive(Clone, Copy)]
pub struct Property {
    /// Name on the command line.
    pub name: &'static str,
    /// What it claims.
    pub claim: &'static str,
    /// Panics when the claim does not hold for these bytes under this name.
    pub check: fn(&[u8], &str, &Arc<Names>),
}

/// Every property.
pub static PROPERTIES: &[Property] = &[
    Property {
        name: "windows_agree",
        claim: "windows of 1, 2, 7, 64 and 4096 bytes say exactly what the whole file says",
        check: windows_agree,
    },
    Property {
        name: "tracing_changes_nothing",
        claim: "a scan that keeps opcode rows sees what one without sees",
        check: tracing_changes_nothing,
    },
    Property {
        name: "short_way_agrees",
        claim: "runs of plain data followed the short way come to what single instructions come to",
        check: short_way_agrees,
    },
    Property {
        name: "generated_is_read",
        claim: "a generated pickle is scanned without a panic, and with PROTO recognised as one",
        check: generated_is_read,
    },
    Property {
        name: "inert_is_complete",
        claim: "a quiet record is of a recognised format, complete, with every import allowed",
        check: inert_is_complete,
    },
    Property {
        name: "bounded_memory",
        claim: "a scan holds 96 MiB at most, and without streams 256 KiB and 256 bytes for each byte read, twice that in all",
        check: bounded_memory,
    },
    Property {
        name: "streams_are_few",
        claim: "no more decoders are open than regions may stand in each other",
        check: streams_are_few,
    },
    Property {
        name: "offsets_are_inside",
        claim: "every observation lies inside its part, and every part inside the source",
        check: offsets_are_inside,
    },
    Property {
        name: "tensors_tile",
        claim: "tensors of a header without fault lie one after the other over all of the data",
        check: readers::tensors_tile,
    },
    Property {
        name: "json_is_balanced",
        claim: "the events of a JSON text nest, and are fewer than its bytes",
        check: readers::json_is_balanced,
    },
    Property {
        name: "names_are_judged",
        claim: "a name without fault leads below its folder, and faults lie in their name",
        check: readers::names_are_judged,
    },
    Property {
        name: "entries_are_read",
        claim: "what is read as an entry of a policy is read again from its own text",
        check: readers::entries_are_read,
    },
    Property {
        name: "kit_is_total",
        claim: "mutants and smaller inputs are made of any bytes, and are bounded",
        check: readers::kit_is_total,
    },
];

/// Windows with which a file is read again.
const WINDOWS: [u64; 5] = [1, 2, 7, 64, 4096];

/// What must not depend on windows, nor on a trace: all but what was read, and how.
fn essence(record: Record) -> Record {
    Record { bytes_read: 0, rounds: 0, rows: Vec::new(), ..record }
}

fn limits() -> Arc<Limits> {
    // Small ones, so that mutants reach them.
    Arc::new(Limits { max_line_bytes: 4096, max_nodes: 10_000, max_memo: 5_000, max_stack: 2_000, ..Limits::default() })
}

fn windows_agree(data: &[u8], name: &str, names: &Arc<Names>) {
    let limits = limits();
    let whole = essence(scan_bytes(data, name, names, &limits));
    for window in WINDOWS {
        let mut session = Session::new(wide(data.len()), name, names.clone(), limits.clone());
        loop {
            let wants = session.wants().to_vec();
            if wants.is_empty() {
                break;
            }
            for want in wants {
                let end = want.span.end.max(want.span.start.saturating_add(window)).min(want.until);
                let (start, end) = (want.span.start, end);
                let at = |n: u64| usize::try_from(n).unwrap_or(usize::MAX);
                session.feed(start, data.get(at(start)..at(end)).unwrap_or(&[]));
            }
        }
        let cut = essence(session.finish());
        assert!(cut == whole, "windows of {window} bytes disagree:\n--- whole\n{whole:#?}\n--- cut\n{cut:#?}");
    }
}

fn tracing_changes_nothing(data: &[u8], name: &str, names: &Arc<Names>) {
    let limits = limits();
    let plain = scan_bytes(data, name, names, &limits);
    let traced = dryload_io::trace_bytes(data, name, names, &limits, TraceRequest::default());
    assert_eq!(essence(plain), essence(traced));
}

/// `pickle/fast.rs` claims to do what `machine.rs` does; a trace turns it off.
/// With the ordinary limits: the short way keeps so far away from a limit that
/// the small ones of the other properties turn it off, too.
fn short_way_agrees(data: &[u8], name: &str, names: &Arc<Names>) {
    let limits = Arc::new(Limits::default());
    let short = essence(scan_bytes(data, name, names, &limits));
    let long = essence(dryload_io::trace_bytes(data, name, names, &limits, TraceRequest::default()));
    assert!(short == long, "the ways disagree:\n--- short\n{short:#?}\n--- long\n{long:#?}");
}

/// The bytes are the seed of a pickle.
fn generated_is_read(data: &[u8], _name: &str, names: &Arc<Names>) {
    let seed = data.iter().fold(0u64, |seed, &b| seed.wrapping_mul(0x100_0000_01b3) ^ u64::from(b));
    let made = pickle::generate(&mut Rng::new(seed));
    let record = scan_bytes(&made, "generated.pkl", names, &Arc::new(Limits::default()));
    // Without PROTO, one that breaks before it acts is not told from other bytes.
    assert!(record.recognised || !made.starts_with(b"\x80"), "{record:#?}");
}

fn inert_is_complete(data: &[u8], name: &str, names: &Arc<Names>) {
    let record = scan_bytes(data, name, names, &limits());
    if record.is_quiet() {
        assert!(record.is_complete() && !record.parts.is_empty() && !record.format.is_empty());
        for global in record.parts.iter().flat_map(|p| &p.part.imports) {
            assert!(names.side(&global.module, &global.qualname).0 == dryload_core::names::Side::Allow);
        }
    }
    assert!(!record.parts.is_empty(), "a scan always has a part");
}

/// Bytes that a scan may hold at a time, and that scans may take over the process before
/// its first one: the ceilings of `Limits` come to 61 MiB, streams in streams may each
/// have a window, and an allocator keeps some of what it was given back.
const MAX_HELD: u64 = 96 << 20;

/// Of a file without streams, for each of its bytes and those of its parts; beside what
/// the smallest takes.
const MAX_HELD_PER_BYTE: u64 = 256;

/// What is held, and twice of it in all, grows with the bytes that are read and no
/// faster. One input of sixteen is read over and over in one part, too, which makes the
/// longest ones.
fn bounded_memory(data: &[u8], name: &str, names: &Arc<Names>) {
    bounded(data, name, names);
    let body = data.strip_suffix(b".").unwrap_or(data);
    if body.iter().fold(0u8, |sum, &b| sum.wrapping_add(b)).is_multiple_of(16) {
        let times = (1_usize << 16).checked_div(body.len()).unwrap_or(1);
        bounded(&body.repeat(times.clamp(1, 2_000)), name, names);
    }
}

fn bounded(data: &[u8], name: &str, names: &Arc<Names>) {
    static FIRST: OnceLock<Option<u64>> = OnceLock::new();
    let first = *FIRST.get_or_init(peak_bytes);
    let limits = Arc::new(Limits::default());
    let mut scanned = None;
    let taken = allocation_counter::measure(|| scanned = Some(scan_bytes(data, name, names, &limits)));
    let Some(record) = scanned else { return };
    assert!(taken.bytes_max <= MAX_HELD, "{} bytes held", taken.bytes_max);
    if record.parts.iter().any(|part| part.offset.is_none() || part.family == compressed::FORMAT.name) {
        // Decoders in C take memory that is not counted, but by the system.
        if let (Some(first), Some(peak)) = (first, peak_bytes()) {
            let grown = peak.saturating_sub(first);
            assert!(grown <= MAX_HELD, "{grown} bytes more than at the start");
        }
        return;
    }
    let read = record.parts.iter().fold(wide(data.len()), |sum, part| sum.saturating_add(part.size));
    let most = read.saturating_mul(MAX_HELD_PER_BYTE).saturating_add(MAX_HELD_PER_BYTE << 10);
    assert!(taken.bytes_max <= most, "{} bytes held for {read}", taken.bytes_max);
    let in_all = taken.bytes_total;
    assert!(in_all <= most.saturating_mul(2), "{in_all} bytes allocated for {read}");
}

/// The most memory this process had at a time; nothing where the system does not
/// tell.
fn peak_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().trim_end_matches("kB").trim().parse::<u64>().ok()?.checked_mul(1024)
}

fn streams_are_few(data: &[u8], name: &str, names: &Arc<Names>) {
    let limits = limits();
    let mut session = Session::new(wide(data.len()), name, names.clone(), limits.clone());
    loop {
        let wants = session.wants().to_vec();
        let open = wide(session.open_streams());
        assert!(open <= limits.max_depth.saturating_add(1), "{open} streams");
        if wants.is_empty() {
            break;
        }
        for want in wants {
            let at = |n: u64| usize::try_from(n).unwrap_or(usize::MAX);
            session.feed(want.span.start, data.get(at(want.span.start)..at(want.until)).unwrap_or(&[]));
        }
    }
}

fn offsets_are_inside(data: &[u8], name: &str, names: &Arc<Names>) {
    let record = scan_bytes(data, name, names, &limits());
    for part in &record.parts {
        for o in &part.observations {
            assert!(o.span.start <= o.span.end, "{o:?}");
            assert!(o.span.start <= part.size, "{o:?} in a part of {} bytes", part.size);
        }
        if let Some(offset) = part.offset {
            assert!(offset <= record.size, "a part at {offset:#x} of {:#x}", record.size);
        }
    }
}
