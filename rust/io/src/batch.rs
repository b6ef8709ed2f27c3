//! Many files at once: one thread walks, others scan, results come in order or
//! as they finish.
//!
//! Memory is flat in the number of files: the walk waits when the results it
//! would run ahead of are too many.

use std::collections::{HashMap, HashSet, VecDeque};
use std::hash::{BuildHasher, RandomState};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use dryload_core::limits::Limits;
use dryload_core::names::Names;
use dryload_core::scan::Record;

use crate::drive::scan_source;
use crate::exclude::Exclude;
use crate::queue::{Gives, Queue, Taken};
use crate::source::{ByteSource, Failure, FileSource, Identity};
use crate::walk::{Found, Walk};

/// Results that may wait for an earlier one.
const MAX_AHEAD: u64 = 4096;
/// Paths and results on their way.
const QUEUE: usize = 256;
/// Paths that a thread takes at a time, at first and at most.
const FIRST_SHARE: usize = 4;
const SHARE: usize = 32;
/// Bytes from which on a file may take long.
const LARGE: u64 = 256 * 1024;
/// How long a result may wait for others before it is handed over.
const HOLD: Duration = Duration::from_millis(5);

/// What was found at a path.
#[derive(Debug)]
pub enum Outcome {
    /// It was scanned.
    Record(Record),
    /// It was not, for this reason.
    Failure(Failure),
    /// It is a file that the caller knows, and was not scanned.
    Known,
}

/// A path and what its scan gave.
#[derive(Debug)]
pub struct Item {
    /// The path.
    pub path: PathBuf,
    /// Whether it was found by walking a folder, not named.
    pub walked: bool,
    /// The file as it was when it was opened.
    pub identity: Option<Identity>,
    /// The record, or why there is none.
    pub outcome: Outcome,
}

/// What a batch does beside scanning everything in order.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Results come as they finish.
    pub unordered: bool,
    /// What the walk leaves out.
    pub exclude: Exclude,
    /// Files that are known, as they were: they are not scanned.
    pub known: HashSet<Identity>,
    /// Paths that are passed over, as often as they stand here.
    pub done: Done,
}

/// Paths that were scanned before, and how often.
///
/// Of each a hash of 128 bits is kept, under a key that nobody knows: names of
/// files are chosen by strangers, and one that is passed over is not scanned.
#[derive(Clone, Debug, Default)]
pub struct Done {
    keys: (RandomState, RandomState),
    left: HashMap<(u64, u64), u32>,
}

impl Done {
    /// Adds a path.
    pub fn add(&mut self, path: &Path) {
        let key = self.key(path);
        let count = self.left.entry(key).or_default();
        *count = count.saturating_add(1);
    }

    /// Takes a path out; false when it is not there.
    fn take(&mut self, path: &Path) -> bool {
        if self.left.is_empty() {
            return false;
        }
        let key = self.key(path);
        let Some(count) = self.left.get_mut(&key) else { return false };
        *count = count.saturating_sub(1);
        if *count == 0 {
            self.left.remove(&key);
        }
        true
    }

    fn key(&self, path: &Path) -> (u64, u64) {
        let bytes = path.as_os_str().as_encoded_bytes();
        (self.keys.0.hash_one(bytes), self.keys.1.hash_one(bytes))
    }
}

/// Work on its way to a worker.
struct Job {
    index: u64,
    path: PathBuf,
    walked: bool,
    listed: bool,
    failed: Option<Failure>,
}

/// How far the consumer has come; the walk waits on it.
#[derive(Default)]
struct Gate {
    state: Mutex<(u64, bool, bool)>,
    moved: Condvar,
}

impl Gate {
    /// Waits until `index` is near enough; false when nobody consumes any more.
    fn wait(&self, index: u64) -> bool {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        while !state.1 && index.saturating_sub(state.0) >= MAX_AHEAD {
            state.2 = true;
            state = self.moved.wait(state).unwrap_or_else(PoisonError::into_inner);
            state.2 = false;
        }
        !state.1
    }

    /// The consumer has come so far.
    fn reach(&self, index: u64) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.0 = index;
        // Half of what it may be ahead: it is not woken for each.
        if state.2 && index.checked_rem(MAX_AHEAD / 2) == Some(0) {
            self.moved.notify_all();
        }
    }

    fn close(&self) {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).1 = true;
        self.moved.notify_all();
    }
}

/// How far a batch has come, for a display.
#[derive(Default)]
struct Counters {
    found: AtomicU64,
    excluded: AtomicU64,
    walk_ended: AtomicBool,
}

struct Shared {
    roots: Queue<PathBuf>,
    jobs: Queue<Job>,
    results: Queue<(u64, Item)>,
    gate: Gate,
    cancelled: Arc<AtomicBool>,
    counters: Counters,
    options: Options,
    names: Arc<Names>,
    limits: Arc<Limits>,
    shares: usize,
}

/// A scan of many paths.
pub struct Batch {
    shared: Arc<Shared>,
    taken: Vec<(u64, Item)>,
    /// Results from `next` on, as far as they are here.
    waiting: VecDeque<Option<Item>>,
    next: u64,
}

/// What a batch has next.
#[derive(Debug)]
pub enum Next {
    /// A result.
    Item(Box<Item>),
    /// None in time.
    Nothing,
    /// None any more.
    End,
}

impl Batch {
    /// Starts scanning the files and folders that are added, with `jobs` threads.
    ///
    /// # Errors
    /// A thread could not be started.
    pub fn start(names: Arc<Names>, limits: Arc<Limits>, jobs: usize, mut options: Options) -> std::io::Result<Self> {
        let workers = jobs.max(1);
        let done = std::mem::take(&mut options.done);
        let shared = Arc::new(Shared {
            roots: Queue::new(usize::MAX, 1),
            jobs: Queue::new(QUEUE, 1),
            results: Queue::new(QUEUE, workers),
            gate: Gate::default(),
            cancelled: Arc::new(AtomicBool::new(false)),
            counters: Counters::default(),
            options,
            names,
            limits,
            shares: workers.saturating_mul(4),
        });
        let batch = Self { shared: shared.clone(), taken: Vec::new(), waiting: VecDeque::new(), next: 0 };
        let walker = shared.clone();
        thread::Builder::new().name("dryload-walk".to_owned()).spawn(move || {
            let _gives = Gives(&walker.jobs);
            walk(&walker, done);
            walker.counters.walk_ended.store(true, Ordering::Relaxed);
        })?;
        for n in 0..workers {
            let worker = shared.clone();
            thread::Builder::new().name(format!("dryload-scan-{n}")).spawn(move || {
                let _gives = Gives(&worker.results);
                work(&worker);
            })?;
        }
        Ok(batch)
    }

    /// Adds files and folders. They wait in memory: `wants_paths` says when there
    /// is need of more.
    pub fn add(&self, paths: Vec<PathBuf>) {
        self.shared.roots.give(paths);
    }

    /// No more is added.
    pub fn end(&self) {
        self.shared.roots.give_up();
    }

    /// Whether few of the paths that were added wait.
    #[must_use]
    pub fn wants_paths(&self) -> bool {
        self.shared.roots.len() < QUEUE
    }

    /// Stops: no further file is begun, and those that are being scanned are
    /// given up.
    pub fn close(&mut self) {
        self.shared.cancelled.store(true, Ordering::Relaxed);
        self.shared.roots.close();
        self.shared.jobs.close();
        self.shared.results.close();
        self.shared.gate.close();
        self.taken.clear();
        self.waiting.clear();
    }

    /// Files found so far, entries left out, and whether the walk has ended.
    #[must_use]
    pub fn progress(&self) -> (u64, u64, bool) {
        let counters = &self.shared.counters;
        let read = |c: &AtomicU64| c.load(Ordering::Relaxed);
        (read(&counters.found), read(&counters.excluded), counters.walk_ended.load(Ordering::Relaxed))
    }

    /// The next result, if there is one within `patience`.
    pub fn next_within(&mut self, patience: Duration) -> Next {
        loop {
            if let Some(item) = self.ready() {
                return Next::Item(Box::new(item));
            }
            match self.shared.results.take(&mut self.taken, 1, QUEUE, Some(patience)) {
                Taken::Some => {}
                Taken::Nothing => return Next::Nothing,
                Taken::End => return Next::End,
            }
        }
    }

    /// Results that are here already, at most `most`.
    pub fn ready_up_to(&mut self, most: usize) -> Vec<Item> {
        std::iter::from_fn(|| self.ready()).take(most).collect()
    }

    /// A result that is here already.
    pub fn ready(&mut self) -> Option<Item> {
        if self.shared.options.unordered {
            let (_, item) = self.taken.pop()?;
            self.passed();
            return Some(item);
        }
        for (index, item) in self.taken.drain(..) {
            let at = usize::try_from(index.saturating_sub(self.next)).unwrap_or(usize::MAX);
            while self.waiting.len() <= at {
                self.waiting.push_back(None);
            }
            if let Some(place) = self.waiting.get_mut(at) {
                *place = Some(item);
            }
        }
        if self.waiting.front()?.is_none() {
            return None;
        }
        let item = self.waiting.pop_front()?;
        self.passed();
        item
    }

    fn passed(&mut self) {
        self.next = self.next.saturating_add(1);
        self.shared.gate.reach(self.next);
    }
}

impl Drop for Batch {
    fn drop(&mut self) {
        self.close();
    }
}

fn walk(shared: &Shared, mut done: Done) {
    let mut index = 0u64;
    let mut send = |path: PathBuf, walked: bool, listed: bool, failed: Option<Failure>| {
        if done.take(&path) {
            return true;
        }
        let sent = shared.gate.wait(index) && shared.jobs.give([Job { index, path, walked, listed, failed }]);
        index = index.saturating_add(1);
        shared.counters.found.store(index, Ordering::Relaxed);
        sent
    };
    let (mut seen, mut roots) = (HashSet::new(), Vec::new());
    while !roots.is_empty() || shared.roots.take(&mut roots, 1, 1, None) == Taken::Some {
        let Some(root) = roots.pop() else { continue };
        if !root.is_dir() {
            if !send(root, false, false, None) {
                return;
            }
            continue;
        }
        let before = shared.counters.excluded.load(Ordering::Relaxed);
        let mut walk = Walk::new(&root, &shared.options.exclude, &mut seen);
        while let Some(found) = walk.next() {
            shared.counters.excluded.store(before.saturating_add(walk.excluded), Ordering::Relaxed);
            let sent = match found {
                Found::File(path, listed) => send(path, true, listed, None),
                Found::Failed(path, failure) => send(path, true, false, Some(failure)),
            };
            if !sent {
                return;
            }
        }
        shared.counters.excluded.store(before.saturating_add(walk.excluded), Ordering::Relaxed);
    }
}

fn work(shared: &Shared) {
    let (mut jobs, mut done) = (Vec::new(), Vec::new());
    // As many at a time as take about as long as a result may wait: few large
    // files are shared out one by one.
    let mut most = FIRST_SHARE;
    while shared.jobs.take(&mut jobs, shared.shares, most, None) == Taken::Some {
        let (began, count) = (Instant::now(), jobs.len());
        for job in jobs.drain(..) {
            let source = opened(&job);
            // What is done does not wait for a file that may take long.
            let is_large = source.as_ref().is_ok_and(|s| s.size() > LARGE) || began.elapsed() >= HOLD;
            if is_large && !done.is_empty() && !shared.results.give(done.drain(..)) {
                return;
            }
            done.push((job.index, scanned(job, source, shared)));
        }
        if !shared.results.give(done.drain(..)) {
            return;
        }
        let each = began.elapsed().checked_div(u32::try_from(count).unwrap_or(1)).unwrap_or_default();
        let fitting = HOLD.as_nanos().checked_div(each.as_nanos().max(1)).unwrap_or(1);
        most = usize::try_from(fitting).unwrap_or(SHARE).clamp(1, SHARE);
    }
}

fn opened(job: &Job) -> Result<FileSource, Failure> {
    match &job.failed {
        Some(failure) => Err(failure.clone()),
        None if job.listed => FileSource::open_listed(&job.path),
        None => FileSource::open(&job.path),
    }
}

fn scanned(job: Job, source: Result<FileSource, Failure>, shared: &Shared) -> Item {
    let Job { path, walked, .. } = job;
    let (identity, outcome) = match source {
        Ok(source) => scan_caught(&path, &source, shared),
        Err(failure) => (None, Outcome::Failure(failure)),
    };
    Item { path, walked, identity, outcome }
}

/// A bug in a scanner costs one file its verdict, never the rest of the run.
fn scan_caught(path: &Path, source: &FileSource, shared: &Shared) -> (Option<Identity>, Outcome) {
    let identity = source.identity();
    if !shared.options.known.is_empty() && shared.options.known.contains(&identity) {
        return (Some(identity), Outcome::Known);
    }
    let scan = || scan_source(source, path, &shared.names, &shared.limits, Some(shared.cancelled.clone()));
    let outcome = catch_unwind(AssertUnwindSafe(scan)).map_or_else(
        |_| {
            let message = "internal error while scanning; please report it".to_owned();
            Outcome::Failure(Failure { slug: "scan-unreadable", message, errno: None })
        },
        Outcome::Record,
    );
    (Some(identity), outcome)
}
