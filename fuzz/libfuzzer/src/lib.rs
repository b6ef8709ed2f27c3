//! What every libFuzzer target does: it checks a property of its input, and lets the
//! core's mutator make the next one.
//!
//!     cargo fuzz run --fuzz-dir fuzz/libfuzzer -s none windows_agree
//!
//! runs on a stable toolchain.

use std::sync::OnceLock;

pub use libfuzzer_sys;

use dryload_core::names::Names;
use dryload_fuzz::{PROPERTIES, name_of, policy};
use dryload_gen::{Format, Rng};

/// Checks the property of that name.
pub fn check(property: &str, data: &[u8]) {
    static NAMES: OnceLock<std::sync::Arc<Names>> = OnceLock::new();
    let names = NAMES.get_or_init(policy);
    let found = PROPERTIES.iter().find(|known| known.name == property);
    match found {
        Some(property) => (property.check)(data, name_of(Format::of(data)), names),
        None => panic!("no property {property}"),
    }
}

/// Mutates the first `size` bytes in place, and gives the new size.
pub fn mutate(data: &mut [u8], size: usize, max_size: usize, seed: u32) -> usize {
    let mut rng = Rng::new(u64::from(seed));
    if rng.one_in(5) {
        // What libFuzzer does by itself: it knows the comparisons that the target made.
        return libfuzzer_sys::fuzzer_mutate(data, size, max_size);
    }
    let old = data.get(..size).unwrap_or(&[]).to_vec();
    let made = if old.len() < 4 {
        let formats = Format::ALL;
        let (_, format) = formats[rng.below(formats.len())];
        dryload_gen::generate(format, &mut rng)
    } else {
        let other = dryload_gen::generate(Format::of(&old), &mut rng);
        dryload_gen::mutate(Format::of(&old), &old, &other, &mut rng)
    };
    let length = made.len().min(max_size).min(data.len());
    data[..length].copy_from_slice(&made[..length]);
    length
}

/// Makes the functions that libFuzzer calls.
#[macro_export]
macro_rules! target {
    ($property:literal) => {
        $crate::libfuzzer_sys::fuzz_target!(|data: &[u8]| $crate::check($property, data));
        $crate::libfuzzer_sys::fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
            $crate::mutate(data, size, max_size, seed)
        });
    };
}
