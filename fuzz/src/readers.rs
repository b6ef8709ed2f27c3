//! Properties of the readers that are called by themselves, and of the kit.

use std::sync::Arc;

use dryload_core::bytes::wide;
use dryload_core::formats::safetensors::{Header, check_prefix};
use dryload_core::json::{Event, Events};
use dryload_core::limits::Limits;
use dryload_core::names::Names;
use dryload_core::path::{self, Place};
use dryload_core::spec::Spec;
use dryload_gen::{Format, Rng};

/// What is taken for a file of tensors has them one after the other, from the first
/// byte of the data to the last.
pub(crate) fn tensors_tile(data: &[u8], _name: &str, _names: &Arc<Names>) {
    let Ok(length) = check_prefix(data, wide(data.len()), Limits::default().max_header_bytes) else { return };
    let end = usize::try_from(length).ok().and_then(|n| n.checked_add(8)).unwrap_or(usize::MAX);
    let Some(header) = data.get(8..end) else { return };
    let read = Header::read(header, wide(data.len()));
    if read.first_fault().is_some() {
        return;
    }
    let mut spans: Vec<(u64, u64)> = read.tensors().map(|tensor| tensor.data_offsets).collect();
    spans.sort_unstable();
    let mut at = 0;
    for (start, end) in spans {
        assert!(start == at && end >= start, "{start:#x}..{end:#x} at {at:#x}");
        at = end;
    }
    assert_eq!(at, wide(data.len().saturating_sub(header.len()).saturating_sub(8)));
}

/// Containers that begin end, keys stand in objects alone, and the row is no longer
/// than the text.
pub(crate) fn json_is_balanced(data: &[u8], _name: &str, _names: &Arc<Names>) {
    // Of a file of tensors, the header.
    let data = if Format::of(data) == Format::Safetensors { data.get(8..).unwrap_or(data) } else { data };
    let text = data.utf8_chunks().next().map_or("", |chunk| chunk.valid());
    let mut events = Events::new(text, 64);
    let (mut open, mut steps) = (Vec::new(), 0usize);
    while let Ok(Some((at, event))) = events.step() {
        assert!(at < text.len());
        steps = steps.saturating_add(1);
        assert!(steps <= text.len(), "more events than bytes");
        match event {
            Event::Object | Event::Array => open.push(event == Event::Object),
            Event::Key(_) => assert_eq!(open.last(), Some(&true)),
            Event::End => assert!(open.pop().is_some()),
            Event::Text(_) | Event::Scalar(_) => {}
        }
        assert_eq!(open.len(), events.depth());
    }
}

/// A name breaks a rule exactly when it does not lead below the folder, and each fault
/// lies in it.
pub(crate) fn names_are_judged(data: &[u8], _name: &str, _names: &Arc<Names>) {
    let faults: Vec<_> = path::faults(data).collect();
    assert_eq!(path::check(data).is_err(), !faults.is_empty());
    assert!(faults.iter().all(|fault| fault.at <= data.len()));
    if faults.is_empty() {
        assert!(matches!(path::place(data), Place::Below));
        assert!(!data.split(|&b| b == b'/').any(|step| step == b".."));
        assert!(!data.starts_with(b"/"));
    }
}

/// The text of an entry is read, or refused, and is read from itself again.
pub(crate) fn entries_are_read(data: &[u8], _name: &str, _names: &Arc<Names>) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Ok(spec) = Spec::parse(text) {
        assert!(Spec::parse(&spec.text).is_ok(), "{:?}", spec.text);
    }
}

/// Mutants, crossed and smaller inputs are made of any bytes, are bounded, and the
/// smaller ones are smaller where they are taken.
pub(crate) fn kit_is_total(data: &[u8], _name: &str, _names: &Arc<Names>) {
    let mut rng = Rng::new(data.iter().fold(7, |n: u64, &b| n.wrapping_mul(31).wrapping_add(u64::from(b))));
    let data = data.get(..1024).unwrap_or(data);
    for (_, format) in Format::ALL {
        let mutant = dryload_gen::mutate(*format, data, data, &mut rng);
        assert!(mutant.len() <= 1 << 16);
        assert!(dryload_gen::crossover(*format, data, &mutant, &mut rng).len() <= 1 << 16);
        let mut asked = 0usize;
        let small = dryload_gen::minimize(*format, data, 12, &mut |_| {
            asked = asked.saturating_add(1);
            asked.is_multiple_of(3)
        });
        assert!(asked <= 12);
        assert!(small.len() <= data.len());
    }
}
