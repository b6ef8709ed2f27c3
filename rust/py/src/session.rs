//! The sans-IO session, for sources that Python reads.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use dryload_core::formats::Want;
use dryload_core::scan::Session;
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;
use pyo3::types::PyString;

use crate::convert::{limits as read_limits, text};
use crate::names::PyNames;
use crate::record::PyRecord;

/// A scan that says which bytes it wants and is fed them.
#[pyclass(name = "Session", module = "dryload._core", frozen)]
pub struct PySession {
    /// `None` once it is finished.
    session: Mutex<Option<Session>>,
}

impl PySession {
    fn with<T>(&self, py: Python<'_>, work: impl Send + FnOnce(&mut Session) -> T) -> PyResult<T>
    where
        T: Send,
    {
        py.detach(|| {
            let mut session = self.session.lock().unwrap_or_else(PoisonError::into_inner);
            session.as_mut().map(work).ok_or(())
        })
        .map_err(|()| PyRuntimeError::new_err("the session is finished"))
    }
}

/// Bytes read ahead: a call into Python costs as much as reading them.
const AHEAD: u64 = 64 * 1024;

#[pymethods]
impl PySession {
    #[new]
    fn new(
        size: u64,
        name: Option<Bound<'_, PyString>>,
        names: &PyNames,
        limits: Option<HashMap<String, u64>>,
    ) -> PyResult<Self> {
        let session = Session::new(size, &text(name.as_ref()), names.names.clone(), read_limits(limits)?);
        Ok(Self { session: Mutex::new(Some(session)) })
    }

    /// Byte ranges still wanted, as (start, end); empty when finished. Where
    /// reading ahead makes sense, a range is longer than what is needed at once.
    fn wants(&self, py: Python<'_>) -> PyResult<Vec<(u64, u64)>> {
        let ahead = |w: &Want| w.span.end.max(w.span.start.saturating_add(AHEAD).min(w.until));
        self.with(py, |s| s.wants().iter().map(|w| (w.span.start, ahead(w))).collect())
    }

    /// Takes the bytes from `start` on: all of a wanted range, or fewer where
    /// the source ended.
    fn feed(&self, py: Python<'_>, start: u64, data: PyBackedBytes) -> PyResult<()> {
        self.with(py, |s| {
            s.count_read(u64::try_from(data.len()).unwrap_or(u64::MAX));
            s.feed(start, &data);
        })
    }

    /// Ends the session and gives what it saw.
    fn finish(&self) -> PyResult<PyRecord> {
        let session = self.session.lock().unwrap_or_else(PoisonError::into_inner).take();
        let session = session.ok_or_else(|| PyRuntimeError::new_err("the session is finished"))?;
        Ok(session.finish().into())
    }
}
