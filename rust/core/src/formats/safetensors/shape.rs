//! A shape, multiplied while it is read: a header may spend all its bytes on
//! the dimensions of one tensor.

use crate::json::{Fault, Json};

/// What is kept of a shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Shape {
    /// The product of the dimensions that are not zero; `None` when it does
    /// not fit.
    product: Option<u64>,
    zero: bool,
    largest: u64,
    rank: usize,
    /// The first dimensions, for a message.
    first: [u64; SHOWN],
}

const SHOWN: usize = 8;
/// The largest dimension a signed reader holds; tinygrad, MLX and gguf are signed.
const MAX_DIM: u64 = i64::MAX.unsigned_abs();
/// MLX holds dimensions in 32 bits and wraps them.
const LARGE_DIM: u64 = i32::MAX.unsigned_abs() as u64;
/// Dimensions that numpy and torch hold.
const MAX_RANK: usize = 64;

impl Shape {
    /// Reads an array of unsigned integers.
    pub(super) fn read(json: &mut Json<'_>) -> Result<Self, Fault> {
        let mut shape = Self { product: Some(1), zero: false, largest: 0, rank: 0, first: [0; SHOWN] };
        each(json, |dim| {
            if let Some(slot) = shape.first.get_mut(shape.rank) {
                *slot = dim;
            }
            shape.rank = shape.rank.saturating_add(1);
            shape.largest = shape.largest.max(dim);
            if dim == 0 {
                shape.zero = true;
            } else {
                shape.product = shape.product.and_then(|n| n.checked_mul(dim));
            }
        })?;
        Ok(shape)
    }

    /// Reads all dimensions.
    pub(super) fn dimensions(json: &mut Json<'_>) -> Result<Vec<u64>, Fault> {
        let mut dims = Vec::new();
        each(json, |dim| dims.push(dim))?;
        Ok(dims)
    }

    /// Bits of all elements. Zeros last: a zero must not hide an overflow, in
    /// whatever order the reader multiplies.
    pub(super) fn bits(&self, each: u64) -> Option<u64> {
        let bits = self.product.filter(|_| self.largest <= MAX_DIM)?.checked_mul(each)?;
        Some(if self.zero { 0 } else { bits })
    }

    /// What of it some reader does not hold.
    pub(super) fn is_large(&self) -> Option<String> {
        if self.rank > MAX_RANK {
            return Some(format!("{} dimensions", self.rank));
        }
        (self.largest > LARGE_DIM).then(|| format!("a dimension of {}", self.largest))
    }

    /// Its first dimensions.
    pub(super) fn text(&self) -> String {
        let shown = self.first.get(..self.rank.min(SHOWN)).unwrap_or(&[]);
        format!("{shown:?}{}", if self.rank > SHOWN { "..." } else { "" })
    }
}

fn each(json: &mut Json<'_>, mut take: impl FnMut(u64)) -> Result<(), Fault> {
    json.require(b'[', "an array of unsigned integers")?;
    if json.accept(b']') {
        return Ok(());
    }
    loop {
        take(json.unsigned()?);
        if !json.accept(b',') {
            return json.require(b']', "a comma or ]");
        }
    }
}
