//! What minimising takes.

use dryload_gen::{Format, minimize};

/// A candidate is made when it is asked for: all of them at once would be as many copies
/// as the file has fields.
#[test]
fn minimizing_holds_a_few_copies() {
    let tensors: Vec<_> =
        (0..2_000).map(|i| format!(r#""{i}":{{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}"#)).collect();
    let header = format!("{{{}}}", tensors.join(","));
    let mut data = u64::try_from(header.len()).unwrap_or(0).to_le_bytes().to_vec();
    data.extend_from_slice(header.as_bytes());
    let mut asked = 0u64;
    let taken = allocation_counter::measure(|| {
        let _ = minimize(Format::Safetensors, &data, 50, &mut |_| {
            asked = asked.saturating_add(1);
            asked.is_multiple_of(5)
        });
    });
    assert_eq!(asked, 50);
    let copies = taken.bytes_max / u64::try_from(data.len()).unwrap_or(1);
    assert!(copies < 64, "{copies} times the file");
}
