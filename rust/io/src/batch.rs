//! Many files at once: one thread walks, others scan, results come in order.
//!
//! Memory is flat in the number of files: the walk waits when the results it
//! would run ahead of are too many.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;

use dryload_core::limits::Limits;
use dryload_core::names::Names;
use dryload_core::scan::Record;

use crate::drive::scan_file;
use crate::source::Failure;
use crate::walk::{Found, Walk};

/// Results that may wait for an earlier one.
const MAX_AHEAD: u64 = 4096;
/// Paths and results on their way.
const QUEUE: usize = 256;

/// A path and what its scan gave.
#[derive(Debug)]
pub struct Item {
    /// The path.
    pub path: PathBuf,
    /// Whether it was found by walking a folder, not named.
    pub walked: bool,
    /// The record, or why there is none.
    pub outcome: Result<Record, Failure>,
}

/// Work on its way to a worker.
struct Job {
    index: u64,
    path: PathBuf,
    walked: bool,
    failed: Option<Failure>,
}

/// How far the consumer has come; the walk waits on it.
#[derive(Default)]
struct Gate {
    state: Mutex<(u64, bool)>,
    moved: Condvar,
}

impl Gate {
    /// Waits until `index` is near enough; false when nobody consumes any more.
    fn wait(&self, index: u64) -> bool {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let wait = |s: &mut (u64, bool)| !s.1 && index.saturating_sub(s.0) >= MAX_AHEAD;
        let state = self.moved.wait_while(state, wait).unwrap_or_else(PoisonError::into_inner);
        !state.1
    }

    fn update(&self, change: impl FnOnce(&mut (u64, bool))) {
        change(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner));
        self.moved.notify_all();
    }
}

/// An ordered scan of many paths.
pub struct Batch {
    results: Option<Receiver<(u64, Item)>>,
    waiting: BTreeMap<u64, Item>,
    next: u64,
    gate: Arc<Gate>,
}

impl Batch {
    /// Starts scanning files and folders with `jobs` threads.
    ///
    /// # Errors
    /// A thread could not be started.
    pub fn start(roots: Vec<PathBuf>, names: Arc<Names>, limits: Arc<Limits>, jobs: usize) -> std::io::Result<Self> {
        let (job_in, job_out) = sync_channel::<Job>(QUEUE);
        let (result_in, results) = sync_channel(QUEUE);
        let job_out = Arc::new(Mutex::new(job_out));
        let gate = Arc::new(Gate::default());
        let walk_gate = gate.clone();
        thread::Builder::new().name("dryload-walk".to_owned()).spawn(move || walk(roots, &walk_gate, &job_in))?;
        for n in 0..jobs.max(1) {
            let (job_out, result_in) = (job_out.clone(), result_in.clone());
            let (names, limits) = (names.clone(), limits.clone());
            let work = move || work(&job_out, &result_in, &names, &limits);
            thread::Builder::new().name(format!("dryload-scan-{n}")).spawn(work)?;
        }
        Ok(Self { results: Some(results), waiting: BTreeMap::new(), next: 0, gate })
    }

    /// Stops: no further file is begun.
    pub fn close(&mut self) {
        self.results = None;
        self.waiting.clear();
        self.gate.update(|s| s.1 = true);
    }
}

impl Drop for Batch {
    fn drop(&mut self) {
        self.close();
    }
}

impl Iterator for Batch {
    type Item = Item;

    fn next(&mut self) -> Option<Item> {
        loop {
            if let Some(item) = self.waiting.remove(&self.next) {
                self.next = self.next.saturating_add(1);
                let next = self.next;
                self.gate.update(|s| s.0 = next);
                return Some(item);
            }
            // Every worker has ended when this fails.
            let (index, item) = self.results.as_ref()?.recv().ok()?;
            self.waiting.insert(index, item);
        }
    }
}

fn walk(roots: Vec<PathBuf>, gate: &Gate, jobs: &SyncSender<Job>) {
    let mut index = 0u64;
    let mut send = |path: PathBuf, walked: bool, failed: Option<Failure>| {
        let sent = gate.wait(index) && jobs.send(Job { index, path, walked, failed }).is_ok();
        index = index.saturating_add(1);
        sent
    };
    for root in roots {
        if !root.is_dir() {
            if !send(root, false, None) {
                return;
            }
            continue;
        }
        for found in Walk::new(&root) {
            let sent = match found {
                Found::File(path) => send(path, true, None),
                Found::Failed(path, failure) => send(path, true, Some(failure)),
            };
            if !sent {
                return;
            }
        }
    }
}

fn work(jobs: &Mutex<Receiver<Job>>, results: &SyncSender<(u64, Item)>, names: &Arc<Names>, limits: &Arc<Limits>) {
    loop {
        let job = jobs.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(Job { index, path, walked, failed }) = job else { return };
        let outcome = match failed {
            Some(failure) => Err(failure),
            None => scan_caught(&path, names, limits),
        };
        if results.send((index, Item { path, walked, outcome })).is_err() {
            return;
        }
    }
}

/// A bug in a scanner costs one file its verdict, never the rest of the run.
fn scan_caught(path: &Path, names: &Arc<Names>, limits: &Arc<Limits>) -> Result<Record, Failure> {
    catch_unwind(AssertUnwindSafe(|| scan_file(path, names, limits))).unwrap_or_else(|_| {
        let message = "internal error while scanning; please report it".to_owned();
        Err(Failure { slug: "scan-unreadable", message, errno: None })
    })
}
