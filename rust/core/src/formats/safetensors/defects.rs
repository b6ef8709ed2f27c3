//! The ways a safetensors file can be wrong. The first ones are the official
//! reader's own rules (`safetensors/src/tensor.rs`); the rest are forms that
//! it accepts and other readers read differently.

crate::defects! {
    HEADER_TOO_SMALL Invalid "safetensors-header-too-small" "fewer than the eight bytes of the header's length";
    HEADER_TOO_LARGE Invalid "safetensors-header-too-large" "a header longer than the format allows";
    TRUNCATED Inconclusive "safetensors-truncated" "the file ends before what its header declares";
    TRAILING_DATA Invalid "safetensors-trailing-data" "bytes after the last tensor";
    HEADER_UTF8 Invalid "safetensors-header-utf8" "the header is not UTF-8";
    HEADER_JSON Invalid "safetensors-header-json" "the header is not the JSON object the format asks for";
    HEADER_START Invalid "safetensors-header-start" "the header does not begin with {";
    DUPLICATE_KEY Invalid "safetensors-duplicate-key" "a key stands twice: readers take the first or the last";
    FIELD_MISSING Invalid "safetensors-field-missing" "a tensor lacks dtype, shape or data_offsets";
    FIELD_TYPE Invalid "safetensors-field-type" "a field is of another JSON type than the format's";
    UNKNOWN_DTYPE Invalid "safetensors-unknown-dtype" "a dtype that no release of the format has";
    METADATA_TYPE Invalid "safetensors-metadata-type" "__metadata__ is not an object of strings";
    SHAPE_OVERFLOW Invalid "safetensors-shape-overflow" "a shape whose size does not fit, in whatever order it is multiplied";
    SUB_BYTE_SIZE Invalid "safetensors-sub-byte-size" "a tensor of a sub-byte dtype does not end at a byte";
    SIZE_MISMATCH Invalid "safetensors-size-mismatch" "data_offsets and shape times dtype differ";
    OFFSET_ORDER Invalid "safetensors-offset-order" "a tensor ends before it starts";
    OFFSET_GAP Invalid "safetensors-offset-gap" "bytes between tensors that no tensor names";
    OFFSET_OVERLAP Invalid "safetensors-offset-overlap" "tensors that share bytes";
    UNKNOWN_FIELD Note "safetensors-unknown-field" "a field of a tensor that readers ignore";
    LARGE_HEADER Note "safetensors-large-header" "a header that readers of the Hub refuse, or much of the file";
    ODD_PADDING Note "safetensors-odd-padding" "the header is padded with more than spaces";
    LARGE_DIMENSION Note "safetensors-large-dimension" "a shape that some readers cannot hold, or wrap";
    MANY_EMPTY Note "safetensors-many-empty" "very many tensors without a byte";
    UNALIGNED_DATA Note "safetensors-unaligned-data" "a tensor that does not stand at a multiple of its element's size";
    FOREIGN_TENSOR Note "safetensors-foreign-tensor" "a tensor of bytes that begins as a file of another kind";
    LARGE_METADATA Note "safetensors-large-metadata" "a very long text in the metadata";
    SUSPICIOUS_NAME Note "safetensors-suspicious-name" "a name that is empty, hides characters or looks like a path";
}
