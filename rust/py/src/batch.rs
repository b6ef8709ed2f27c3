//! Many files at once, in order.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use dryload_io::Batch;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::convert::{AnyPath, limits as read_limits, path_bytes};
use crate::names::PyNames;
use crate::record::PyRecord;

/// Iterates over the results of scanning files and folders, in the order in
/// which they were named and walked.
#[pyclass(name = "Batch", module = "dryload._core", frozen)]
pub struct PyBatch {
    batch: Mutex<Batch>,
}

/// A record, or the slug and the words of why there is none.
#[derive(IntoPyObject)]
pub enum Outcome {
    /// It was scanned.
    Record(PyRecord),
    /// It was not.
    Failure((&'static str, String)),
}

#[pymethods]
impl PyBatch {
    #[new]
    fn new(paths: Vec<AnyPath>, names: &PyNames, limits: Option<HashMap<String, u64>>, jobs: usize) -> PyResult<Self> {
        let limits = read_limits(limits)?;
        let paths = paths.into_iter().map(AnyPath::into_path).collect();
        let batch = Batch::start(paths, names.names.clone(), limits, jobs)?;
        Ok(Self { batch: Mutex::new(batch) })
    }

    const fn __iter__(slf: PyRef<'_, Self>) -> PyRef<'_, Self> {
        slf
    }

    fn __next__<'py>(&self, py: Python<'py>) -> PyResult<Option<(Bound<'py, PyBytes>, bool, Outcome)>> {
        py.check_signals()?;
        let item = py.detach(|| self.batch.lock().unwrap_or_else(PoisonError::into_inner).next());
        Ok(item.map(|item| {
            let outcome = match item.outcome {
                Ok(record) => Outcome::Record(record.into()),
                Err(failure) => Outcome::Failure((failure.slug, failure.message)),
            };
            (path_bytes(py, &item.path), item.walked, outcome)
        }))
    }

    /// Stops: no further file is begun.
    fn close(&self, py: Python<'_>) {
        py.detach(|| self.batch.lock().unwrap_or_else(PoisonError::into_inner).close());
    }
}
