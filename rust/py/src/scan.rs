//! Scanning and tracing one source, and the tables behind them.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use dryload_core::formats::pickle::{compat_rows, opcode::Opcode};
use dryload_core::limits::Limits;
use dryload_core::scan::{self, Record, TraceRequest};
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;
use pyo3::types::{PyDict, PyList, PyString};

use crate::convert::{AnyPath, limits as read_limits, os_error, text};
use crate::names::PyNames;
use crate::record::PyRecord;

/// Ends scans that are under way.
#[pyclass(name = "Cancel", module = "dryload._core", frozen)]
#[derive(Default)]
pub struct PyCancel {
    cancelled: Arc<AtomicBool>,
}

#[pymethods]
impl PyCancel {
    #[new]
    fn new() -> Self {
        Self::default()
    }

    /// Ends them: what they saw so far is told, as inconclusive.
    fn set(&self) {
        self.cancelled.store(true, Ordering::Relaxed);
    }
}

/// Scans bytes. They are borrowed, and the interpreter is detached.
#[pyfunction]
#[pyo3(signature = (data, name, names, limits=None, cancel=None))]
pub fn scan_bytes(
    py: Python<'_>,
    data: PyBackedBytes,
    name: Option<Bound<'_, PyString>>,
    names: &PyNames,
    limits: Option<HashMap<String, u64>>,
    cancel: Option<&PyCancel>,
) -> PyResult<PyRecord> {
    let limits = read_limits(limits)?;
    let (names, name) = (names.names.clone(), text(name.as_ref()));
    // Detaching costs more than a small scan takes, and so does asking for the time.
    if data.len() < DETACH_FROM {
        return Ok(dryload_io::scan_bytes(&data, &name, &names, &limits).into());
    }
    let cancelled = cancel.map(|c| c.cancelled.clone());
    Ok(py.detach(|| dryload_io::scan_bytes_until(&data, &name, &names, &limits, cancelled)).into())
}

/// Bytes from which on a scan lets other threads run: about 20 µs of opcodes.
const DETACH_FROM: usize = 4096;

/// Scans a file. Raises OSError when it is special or cannot be opened.
#[pyfunction]
#[pyo3(signature = (path, names, limits=None, cancel=None))]
pub fn scan_file(
    py: Python<'_>,
    path: AnyPath,
    names: &PyNames,
    limits: Option<HashMap<String, u64>>,
    cancel: Option<&PyCancel>,
) -> PyResult<PyRecord> {
    let limits = read_limits(limits)?;
    let (names, path) = (names.names.clone(), path.into_path());
    let cancelled = cancel.map(|c| c.cancelled.clone());
    let record = py.detach(|| dryload_io::scan_file(&path, &names, &limits, cancelled));
    Ok(record.map_err(|e| os_error(&e, &path))?.into())
}

fn request(around: Option<Vec<(usize, u64)>>, before: usize, after: usize) -> TraceRequest {
    TraceRequest { around, before, after }
}

/// Scans bytes and gives the opcode rows around offsets, or all of them.
#[pyfunction]
#[pyo3(signature = (data, name, names, limits=None, around=None, before=0, after=0))]
#[allow(clippy::too_many_arguments)] // Mirrors the stub; the Python layer names them.
pub fn trace_bytes<'py>(
    py: Python<'py>,
    data: PyBackedBytes,
    name: Option<Bound<'_, PyString>>,
    names: &PyNames,
    limits: Option<HashMap<String, u64>>,
    around: Option<Vec<(usize, u64)>>,
    before: usize,
    after: usize,
) -> PyResult<Bound<'py, PyList>> {
    let limits = read_limits(limits)?;
    let (names, name) = (names.names.clone(), text(name.as_ref()));
    let request = request(around, before, after);
    rows(py, &py.detach(|| dryload_io::trace_bytes(&data, &name, &names, &limits, request)))
}

/// Scans a file and gives the opcode rows around offsets, or all of them.
#[pyfunction]
#[pyo3(signature = (path, names, limits=None, around=None, before=0, after=0))]
pub fn trace_file<'py>(
    py: Python<'py>,
    path: AnyPath,
    names: &PyNames,
    limits: Option<HashMap<String, u64>>,
    around: Option<Vec<(usize, u64)>>,
    before: usize,
    after: usize,
) -> PyResult<Bound<'py, PyList>> {
    let limits = read_limits(limits)?;
    let (names, path) = (names.names.clone(), path.into_path());
    let request = request(around, before, after);
    let record = py.detach(|| dryload_io::trace_file(&path, &names, &limits, request));
    rows(py, &record.map_err(|e| os_error(&e, &path))?)
}

fn rows<'py>(py: Python<'py>, record: &Record) -> PyResult<Bound<'py, PyList>> {
    let list = PyList::empty(py);
    for (part, row) in &record.rows {
        let dict = PyDict::new(py);
        dict.set_item("part", part)?;
        dict.set_item("offset", row.offset)?;
        dict.set_item("size", row.size)?;
        dict.set_item("code", row.code)?;
        dict.set_item("name", row.name)?;
        dict.set_item("arg", &row.arg)?;
        dict.set_item("depth", row.depth)?;
        dict.set_item("memo", row.memo)?;
        list.append(dict)?;
    }
    Ok(list)
}

/// Slug, verdict, severity and summary of every defect the core can report.
#[pyfunction]
pub fn defects() -> Vec<(&'static str, &'static str, &'static str, &'static str)> {
    scan::defects().map(|d| (d.slug, d.class.verdict(), d.class.severity(), d.summary)).collect()
}

/// Byte, name, protocol and argument kind of every opcode.
#[pyfunction]
pub fn opcodes() -> Vec<(u8, &'static str, u8, &'static str)> {
    Opcode::ALL.iter().filter_map(|o| o.info().map(|i| (o.0, i.name, i.proto, i.arg.as_str()))).collect()
}

/// Name, default and meaning of every limit.
#[pyfunction]
pub fn limits() -> Vec<(&'static str, u64, &'static str)> {
    Limits::ALL.iter().map(|(name, value, meaning)| (*name, *value, meaning.trim())).collect()
}

/// The Python-2 names the machine maps: old module, old name, new module, new
/// name; names are empty where a whole module moved.
#[pyfunction]
pub fn compat_names() -> Vec<(&'static str, &'static str, &'static str, &'static str)> {
    compat_rows().collect()
}
