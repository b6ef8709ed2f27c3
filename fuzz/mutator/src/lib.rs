//! `LLVMFuzzerCustomMutator` and `LLVMFuzzerCustomCrossOver`, for libFuzzer and atheris.
//!
//! Loaded with RTLD_GLOBAL before atheris' core, they take the place of a mutator in
//! Python. The format is that of the environment variable `DRYLOAD_FUZZ_FORMAT`, or
//! what the input looks like.
//!
//! The one place with `unsafe` code of our own: the interface is that of C. Nothing of
//! the product links it.

use std::ffi::c_uint;
use std::sync::OnceLock;

use dryload_gen::{Format, Rng};

/// Mutates the first `size` bytes of a buffer of `max_size` in place, and gives the new
/// size (libFuzzer, FuzzerInterface.h).
///
/// # Safety
/// `data` points to `max_size` bytes that nobody else uses, of which the first `size` are
/// written. libFuzzer promises that.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn LLVMFuzzerCustomMutator(data: *mut u8, size: usize, max_size: usize, seed: c_uint) -> usize {
    if data.is_null() || size > max_size {
        return 0;
    }
    // SAFETY: see above; the bytes behind `size` are only written.
    let old = unsafe { std::slice::from_raw_parts(data.cast_const(), size) }.to_vec();
    let made = mutant(&old, u64::from(seed));
    let length = made.len().min(max_size);
    // SAFETY: `length` is at most `max_size`, and `made` is a vector of our own.
    unsafe { std::ptr::copy_nonoverlapping(made.as_ptr(), data, length) };
    length
}

/// Crosses two inputs into a third buffer of `max_out` bytes, and gives the size of what
/// was made (libFuzzer, FuzzerInterface.h).
///
/// # Safety
/// Each pointer is to as many bytes as the number behind it says, and nobody else uses
/// `out`. libFuzzer promises that.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn LLVMFuzzerCustomCrossOver(
    one: *const u8,
    one_size: usize,
    other: *const u8,
    other_size: usize,
    out: *mut u8,
    max_out: usize,
    seed: c_uint,
) -> usize {
    if one.is_null() || other.is_null() || out.is_null() {
        return 0;
    }
    // SAFETY: see above; both are only read, and not kept.
    let (one, other) =
        unsafe { (std::slice::from_raw_parts(one, one_size), std::slice::from_raw_parts(other, other_size)) };
    let format = format().unwrap_or_else(|| Format::of(one));
    let made = dryload_gen::crossover(format, one, other, &mut Rng::new(u64::from(seed)));
    let length = made.len().min(max_out);
    // SAFETY: `length` is at most `max_out`, and `made` is a vector of our own.
    unsafe { std::ptr::copy_nonoverlapping(made.as_ptr(), out, length) };
    length
}

fn mutant(old: &[u8], seed: u64) -> Vec<u8> {
    let mut rng = Rng::new(seed);
    let format = format().unwrap_or_else(|| Format::of(old));
    if (old.len() < 4 && format != Format::Bytes) || rng.one_in(32) {
        return dryload_gen::generate(format, &mut rng);
    }
    let other = dryload_gen::generate(format, &mut rng);
    dryload_gen::mutate(format, old, &other, &mut rng)
}

fn format() -> Option<Format> {
    static FORMAT: OnceLock<Option<Format>> = OnceLock::new();
    *FORMAT.get_or_init(|| std::env::var("DRYLOAD_FUZZ_FORMAT").ok().and_then(|name| Format::named(&name)))
}
