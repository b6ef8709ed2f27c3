//! `cargo bench -p dryload-benches`: what a scan costs without Python.

use std::sync::Arc;

use divan::Bencher;
use divan::counter::BytesCount;
use dryload_core::limits::Limits;
use dryload_fuzz::{policy, seeds};
use dryload_io::scan_bytes;

fn main() {
    divan::main();
}

fn bench(bencher: Bencher<'_, '_>, data: &[u8], name: &str) {
    let (names, limits) = (policy(), Arc::new(Limits::default()));
    bencher.counter(BytesCount::of_slice(data)).bench(|| scan_bytes(divan::black_box(data), name, &names, &limits));
}

#[divan::bench(args = [1_000, 100_000])]
fn dense_pickle(bencher: Bencher<'_, '_>, rows: u32) {
    bench(bencher, &dryload_benches::dense_pickle(rows), "dense.pkl");
}

#[divan::bench(args = [1, 300, 10_000])]
fn safetensors_header(bencher: Bencher<'_, '_>, tensors: u32) {
    bench(bencher, &dryload_benches::safetensors(tensors), "model.safetensors");
}

#[divan::bench(args = ["p4.pkl", "t.pt", "a.npy", "legacy.pt", "z.zip"])]
fn small_file(bencher: Bencher<'_, '_>, seed: &str) {
    let data = seeds().into_iter().find(|(name, _)| *name == seed).map(|(_, data)| data).unwrap_or_default();
    bench(bencher, &data, seed);
}
