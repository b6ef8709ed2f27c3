//! How fast inputs are made on one core, the best of five runs of each: `cargo run --release -p dryload-benches
//! --bin gen-speed`.

#![allow(clippy::print_stdout)] // A command: its results are its output.

use std::hint::black_box;
use std::time::Instant;

use dryload_gen::{Rng, pickle};

fn best(name: &str, n: u64, mut make: impl FnMut(u64) -> usize) {
    let mut best = f64::INFINITY;
    let mut bytes = 0usize;
    for _ in 0..5 {
        let begun = Instant::now();
        bytes = 0;
        for i in 0..n {
            bytes = bytes.wrapping_add(black_box(make(i)));
        }
        best = best.min(begun.elapsed().as_secs_f64());
    }
    println!("{name:<28} {:>10.0}/s  {:>8.1} bytes each", n as f64 / best, bytes as f64 / n as f64);
}

fn main() {
    let seeds: Vec<Vec<u8>> = (0..64).map(|n| pickle::generate(&mut Rng::new(n))).collect();
    best("pickle generate", 50_000, |n| pickle::generate(&mut Rng::new(n)).len());
    best("pickle mutate", 50_000, |n| {
        let i = (n % 64) as usize;
        pickle::mutate(&seeds[i], &seeds[63 - i], &mut Rng::new(n)).len()
    });
    best("bytes mutate", 50_000, |n| dryload_gen::bytes::mutate(&seeds[(n % 64) as usize], &mut Rng::new(n)).len());
}
