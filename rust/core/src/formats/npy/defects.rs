//! The ways an npy file can be wrong.

crate::defects! {
    HEADER_SYNTAX Invalid "npy-header-syntax" "the header is not the dict literal that numpy writes";
    HEADER_TOO_LONG Invalid "npy-header-too-long" "a header longer than numpy reads";
    UNKNOWN_DESCR Invalid "npy-unknown-descr" "a dtype that is not read here";
    SHAPE_OVERFLOW Invalid "npy-shape-overflow" "shape times item size does not fit";
    TRAILING_DATA Invalid "npy-trailing-data" "bytes after the array";
    TRUNCATED Inconclusive "npy-truncated" "the file ends before the array";
    UNSUPPORTED_VERSION Inconclusive "npy-unsupported-version" "a version of the format that is not known here";
}
