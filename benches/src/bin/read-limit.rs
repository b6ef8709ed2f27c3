//! How fast the files of a folder can be read: a walk, then `open`, `read` and
//! `close` of each with some threads, in Rust and with nothing in between.
//!
//!     read-limit FOLDER THREADS REPEATS     prints the best time in seconds

#![allow(clippy::print_stdout)] // It is a program.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

fn walk(folder: &Path, files: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            walk(&entry.path(), files)?;
        } else {
            files.push(entry.path());
        }
    }
    Ok(())
}

fn read_all(files: &[PathBuf], next: &AtomicUsize) -> std::io::Result<u64> {
    let (mut data, mut bytes) = (Vec::new(), 0_u64);
    while let Some(path) = files.get(next.fetch_add(1, Ordering::Relaxed)) {
        data.clear();
        let mut file = File::open(path)?;
        let size = file.metadata()?.len();
        data.resize(usize::try_from(size).unwrap_or(0), 0);
        file.read_exact(&mut data)?;
        bytes = bytes.saturating_add(size);
    }
    Ok(bytes)
}

fn once(folder: &Path, threads: usize) -> std::io::Result<(Duration, u64)> {
    let began = Instant::now();
    let mut files = Vec::new();
    walk(folder, &mut files)?;
    let next = AtomicUsize::new(0);
    let bytes = std::thread::scope(|scope| {
        let readers: Vec<_> = (0..threads).map(|_| scope.spawn(|| read_all(&files, &next))).collect();
        readers.into_iter().map(|r| r.join().unwrap_or(Ok(0))).sum::<std::io::Result<u64>>()
    })?;
    Ok((began.elapsed(), bytes))
}

fn main() -> std::io::Result<()> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [folder, threads, repeats] = words.as_slice() else {
        println!("usage: read-limit FOLDER THREADS REPEATS");
        return Ok(());
    };
    let number = |word: &str| word.parse().unwrap_or(1);
    let mut best = Duration::MAX;
    for _ in 0..number(repeats) {
        best = best.min(once(Path::new(folder), number(threads))?.0);
    }
    println!("{:.6}", best.as_secs_f64());
    Ok(())
}
