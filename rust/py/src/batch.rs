//! Many files at once, in order or as they finish.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use dryload_io::{Batch, Done, Exclude, Identity, Item, Next, Options, Outcome as Found};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::convert::{AnyPath, limits as read_limits, path_bytes};
use crate::names::PyNames;
use crate::record::PyRecord;

/// How long a wait may keep a signal, such as Ctrl-C, from being noticed.
const PATIENCE: Duration = Duration::from_millis(25);

/// Iterates over the results of scanning files and folders.
#[pyclass(name = "Batch", module = "dryload._core", frozen)]
pub struct PyBatch {
    batch: Mutex<Batch>,
}

/// A record; the slug and the words of why there is none; nothing for a file
/// that is known.
#[derive(IntoPyObject)]
pub enum Outcome {
    /// It was scanned.
    Record(PyRecord),
    /// It was not.
    Failure((&'static str, String)),
}

/// Device, inode, size, and the times of the last changes in nanoseconds.
type Place = (u64, u64, u64, i128, i128);

/// Path, whether it was walked, identity, outcome.
type Row<'py> = (Bound<'py, PyBytes>, bool, Option<Place>, Option<Outcome>);

#[pymethods]
impl PyBatch {
    #[new]
    #[allow(clippy::too_many_arguments)] // Mirrors the stub; the Python layer names them.
    #[pyo3(signature = (names, limits, jobs, *, unordered=false, exclude=None, known=None, done=None))]
    fn new(
        names: &PyNames,
        limits: Option<HashMap<String, u64>>,
        jobs: usize,
        unordered: bool,
        exclude: Option<Vec<String>>,
        known: Option<Vec<Place>>,
        done: Option<Vec<AnyPath>>,
    ) -> PyResult<Self> {
        let exclude = Exclude::new(&exclude.unwrap_or_default()).map_err(PyValueError::new_err)?;
        let known: HashSet<Identity> = known.unwrap_or_default().into_iter().map(identity).collect();
        let mut before = Done::default();
        for path in done.unwrap_or_default() {
            before.add(&path.into_path());
        }
        let options = Options { unordered, exclude, known, done: before };
        let batch = Batch::start(names.names.clone(), read_limits(limits)?, jobs, options)?;
        Ok(Self { batch: Mutex::new(batch) })
    }

    /// Adds files and folders.
    fn add(&self, paths: Vec<AnyPath>) {
        self.lock().add(paths.into_iter().map(AnyPath::into_path).collect());
    }

    /// No more is added.
    fn end(&self) {
        self.lock().end();
    }

    /// Whether few of the paths that were added wait.
    fn wants_paths(&self) -> bool {
        self.lock().wants_paths()
    }

    /// Files found so far, entries left out, and whether the walk has ended.
    fn progress(&self) -> (u64, u64, bool) {
        self.lock().progress()
    }

    /// What is there of the results, at most `most`, in the order of the paths.
    /// Waits for the first a moment; `None` when all were given. Raises what a
    /// signal handler raises.
    fn take<'py>(&self, py: Python<'py>, most: usize) -> PyResult<Option<Vec<Row<'py>>>> {
        py.check_signals()?;
        // Without detaching: what is here costs no wait.
        let mut items = self.lock().ready_up_to(most);
        if items.is_empty() {
            let (more, ended) = py.detach(|| {
                let mut batch = self.lock();
                match batch.next_within(PATIENCE) {
                    Next::End => (Vec::new(), true),
                    Next::Nothing => (Vec::new(), false),
                    Next::Item(item) => {
                        let mut items = vec![*item];
                        items.extend(batch.ready_up_to(most.saturating_sub(1)));
                        (items, false)
                    }
                }
            });
            if ended {
                return Ok(None);
            }
            items = more;
        }
        // The lock is free: making objects of Python may run Python.
        Ok(Some(items.into_iter().map(|item| row(py, item)).collect()))
    }

    /// Stops: no further file is begun, and those that are being scanned are
    /// given up.
    fn close(&self, py: Python<'_>) {
        py.detach(|| self.lock().close());
    }
}

impl PyBatch {
    fn lock(&self) -> MutexGuard<'_, Batch> {
        self.batch.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn row(py: Python<'_>, item: Item) -> Row<'_> {
    let outcome = match item.outcome {
        Found::Record(record) => Some(Outcome::Record(record.into())),
        Found::Failure(failure) => Some(Outcome::Failure((failure.slug, failure.message))),
        Found::Known => None,
    };
    (path_bytes(py, &item.path), item.walked, item.identity.map(place), outcome)
}

const fn place(identity: Identity) -> Place {
    let Identity { place: (device, inode), size, modified, changed } = identity;
    (device, inode, size, modified, changed)
}

const fn identity((device, inode, size, modified, changed): Place) -> Identity {
    Identity { place: (device, inode), size, modified, changed }
}
