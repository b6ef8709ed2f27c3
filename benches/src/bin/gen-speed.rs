//! How fast inputs are made on one core, the best of five runs of each:
//!
//!     cargo run --release -p dryload-benches --bin gen-speed

#![allow(clippy::print_stdout)] // It is a program.

use std::hint::black_box;
use std::time::{Duration, Instant};

use dryload_gen::{Format, Rng, pickle};

/// Inputs of a run.
const COUNT: u32 = 50_000;

fn best(name: &str, mut make: impl FnMut(u64) -> usize) {
    let mut best = Duration::MAX;
    let mut bytes = 0usize;
    for _ in 0..5 {
        let begun = Instant::now();
        bytes = 0;
        for i in 0..COUNT {
            bytes = bytes.saturating_add(black_box(make(u64::from(i))));
        }
        best = best.min(begun.elapsed());
    }
    let each = best.checked_div(COUNT).unwrap_or_default();
    let rate = 1e9 / f64::from(u32::try_from(each.as_nanos()).unwrap_or(u32::MAX).max(1));
    let size = bytes.checked_div(usize::try_from(COUNT).unwrap_or(1)).unwrap_or(0);
    println!("{name:<26} {rate:>10.0}/s {size:>6} bytes each");
}

fn main() {
    best("pickle, valid, protocol 4", |n| pickle::valid(4, &mut Rng::new(n)).len());
    for (name, format) in Format::ALL {
        let seeds: Vec<Vec<u8>> = (0..64).map(|n| dryload_gen::valid(*format, &mut Rng::new(n))).collect();
        best(&format!("{name}, any"), |n| dryload_gen::generate(*format, &mut Rng::new(n)).len());
        best(&format!("{name}, mutated"), |n| {
            let mut rng = Rng::new(n);
            let (Some(data), Some(other)) = (rng.pick(&seeds), rng.pick(&seeds)) else { return 0 };
            dryload_gen::mutate(*format, data, other, &mut rng).len()
        });
    }
}
