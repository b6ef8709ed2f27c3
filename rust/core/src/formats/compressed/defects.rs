//! What can be wrong with a compressed stream.

crate::defects! {
    BAD_STREAM Invalid "compressed-bad-stream" "a compressed stream that does not decompress";
    TRUNCATED Inconclusive "compressed-truncated" "a compressed stream that ends before its end";
    UNSUPPORTED Inconclusive "compressed-unsupported-stream" "a compressed stream that needs more than it brings";
    TRAILING_DATA Invalid "compressed-trailing-data" "bytes after the end of a compressed stream";
}
