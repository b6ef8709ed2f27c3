//! Compressed bytes to plain ones, window by window and on a budget.
//!
//! Well-kept crates do the inflating; this keeps the books: how much came in,
//! how much may come out, and whether it was what the container declared.

mod decoder;

pub use decoder::{Decoder, Kind, Status, Step, Sureness, detect};

crate::defects! {
    BAD_DEFLATE Invalid "zip-bad-deflate" "a deflated member that does not inflate";
    INFLATED_SIZE Invalid "zip-inflated-size" "a member inflates to another size than declared";
}
