//! Skippable frames, which zstd and lz4 share: four bytes of a number, four of
//! a length, and that many bytes that are nobody's content.

/// Whether a frame of this number is one.
pub(super) const fn is_skippable(number: u32) -> bool {
    number & 0xffff_fff0 == 0x184d_2a50
}

/// What stands behind the skippable frames that a stream begins with, as far as
/// they lie in its head.
pub(super) fn behind(mut head: &[u8]) -> &[u8] {
    while let Some((&[a, b, c, d, e, f, g, h], rest)) = head.split_first_chunk::<8>() {
        if !is_skippable(u32::from_le_bytes([a, b, c, d])) {
            break;
        }
        let len = usize::try_from(u32::from_le_bytes([e, f, g, h])).unwrap_or(usize::MAX);
        head = rest.get(len..).unwrap_or(&[]);
    }
    head
}
