//! Inputs for the benchmarks of the core, made in memory.

/// A pickle of protocol 4 as dense in opcodes as they come: a list of small
/// tuples of an int, a float and a memoised short text.
#[must_use]
pub fn dense_pickle(rows: u32) -> Vec<u8> {
    let mut out = b"\x80\x04]\x94(".to_vec();
    for row in 0..rows {
        let text = format!("{row:06}");
        out.extend_from_slice(b"K\x07G\x3f\xf8\0\0\0\0\0\0\x8c\x06");
        out.extend_from_slice(text.as_bytes());
        out.extend_from_slice(b"\x94\x87\x94");
    }
    out.extend_from_slice(b"e.");
    out
}

/// A safetensors file of `count` tensors of no bytes each.
#[must_use]
pub fn safetensors(count: u32) -> Vec<u8> {
    let tensors: Vec<String> = (0..count)
        .map(|i| format!("\"model.layers.{i}.weight\":{{\"dtype\":\"F32\",\"shape\":[0,8],\"data_offsets\":[0,0]}}"))
        .collect();
    let header = format!("{{{}}}", tensors.join(","));
    let mut out = u64::try_from(header.len()).unwrap_or(0).to_le_bytes().to_vec();
    out.extend_from_slice(header.as_bytes());
    out
}
