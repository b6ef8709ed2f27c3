//! A safetensors header, checked, for `validate_safetensors`.
//!
//! The header's text is kept and the tensors' places in it: Python objects are
//! made where they are asked for, so that a check costs one look at the bytes.

use std::collections::HashMap;
use std::sync::OnceLock;

use dryload_core::bytes::wide;
use dryload_core::error::Error;
use dryload_core::formats::safetensors::{Header, Table, check_prefix, header_span};
use dryload_core::limits::Limits;
use dryload_io::{ByteSource, FileSource};
use pyo3::exceptions::PyKeyError;
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;
use pyo3::types::{PyDict, PyTuple};

use crate::convert::{AnyPath, os_error};

mod errors {
    pyo3::import_exception!(dryload.errors, FormatError);
}

/// A checked header: names, dtypes, shapes, offsets, metadata.
#[pyclass(name = "Header", module = "dryload._core", frozen)]
pub struct PyHeader {
    text: String,
    table: Table,
    notes: Vec<Error>,
    /// By name, from the first look-up on.
    places: OnceLock<HashMap<String, usize>>,
}

impl PyHeader {
    fn names(&self) -> impl Iterator<Item = String> + '_ {
        (0..self.table.len()).map(|i| self.table.name_at(&self.text, i).unwrap_or_default().into_owned())
    }
}

#[pymethods]
impl PyHeader {
    const fn __len__(&self) -> usize {
        self.table.len()
    }

    /// Names in the order of the header.
    fn keys(&self) -> Vec<String> {
        self.names().collect()
    }

    /// dtype, shape and data_offsets of a tensor. Raises KeyError.
    fn tensor<'py>(&self, py: Python<'py>, name: &str) -> PyResult<(&'static str, Bound<'py, PyTuple>, (u64, u64))> {
        let places = self.places.get_or_init(|| self.names().enumerate().map(|(i, name)| (name, i)).collect());
        let found = places.get(name).and_then(|index| self.table.tensor_at(&self.text, *index));
        let tensor = found.ok_or_else(|| PyKeyError::new_err(name.to_owned()))?;
        Ok((tensor.dtype.name(), PyTuple::new(py, tensor.shape)?, tensor.data_offsets))
    }

    /// Name, dtype, shape and data_offsets of each tensor, in the order of the
    /// header; a name may stand twice where the header was not refused.
    fn rows(&self) -> Vec<Row> {
        let tensors = (0..self.table.len()).filter_map(|index| self.table.tensor_at(&self.text, index));
        tensors.map(|t| (t.name.into_owned(), t.dtype.name(), t.shape, t.data_offsets)).collect()
    }

    /// The metadata, in the order of the header.
    fn metadata<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let dict = PyDict::new(py);
        for (key, value) in self.table.metadata(&self.text) {
            dict.set_item(key, value)?;
        }
        Ok(dict)
    }

    /// Name and first release of each dtype of its tensors.
    fn dtypes(&self) -> Vec<(&'static str, &'static str)> {
        self.table.dtypes.iter().map(|dtype| (dtype.name(), dtype.since())).collect()
    }

    /// Slug, offset, expected and found of what is out of the common.
    fn notes(&self) -> Vec<(&'static str, u64, String, String)> {
        let row = |e: &Error| (e.defect.slug, e.span.start, e.expected.clone(), e.found.clone());
        self.notes.iter().map(row).collect()
    }

    /// Bytes of the header, without the eight before it.
    #[getter]
    fn header_bytes(&self) -> u64 {
        wide(self.text.len())
    }
}

/// Checks the header of a file of `size` bytes of which `data` holds the first
/// ones, at least to the end of the header. Raises FormatError.
#[pyfunction]
#[pyo3(signature = (data, size = None))]
pub fn safetensors_header_bytes(py: Python<'_>, data: PyBackedBytes, size: Option<u64>) -> PyResult<PyHeader> {
    of_bytes(py, &data, size, check)
}

/// The tensors of a file that could be read, whatever is wrong with it: its
/// notes hold faults as well. Raises as `safetensors_header_bytes` where there
/// is no header at all.
#[pyfunction]
#[pyo3(signature = (data, size = None))]
pub fn safetensors_layout_bytes(py: Python<'_>, data: PyBackedBytes, size: Option<u64>) -> PyResult<PyHeader> {
    of_bytes(py, &data, size, |header, len| Ok(keep(header, len)))
}

fn of_bytes(py: Python<'_>, data: &[u8], size: Option<u64>, check: Check) -> PyResult<PyHeader> {
    let checked = py.detach(|| {
        let size = size.unwrap_or_else(|| wide(data.len())).max(wide(data.len()));
        let length = check_prefix(data, size, Limits::default().max_header_bytes)?;
        let end = usize::try_from(header_span(length).end).unwrap_or(usize::MAX);
        check(data.get(8..end).unwrap_or(&[]).to_vec(), size)
    });
    checked.map_err(|e| format_error(&e))
}

/// First bytes read of a file: most headers of a few tensors end there.
const FIRST: u64 = 4096;

/// Checks the header of a safetensors file, reading only that. Raises
/// FormatError, and OSError when the file cannot be read.
#[pyfunction]
pub fn safetensors_header_file(py: Python<'_>, path: AnyPath) -> PyResult<PyHeader> {
    let path = path.into_path();
    let checked = py.detach(|| -> Result<Result<PyHeader, Error>, dryload_io::Failure> {
        let source = FileSource::open(&path)?;
        let mut bytes = vec![0; usize::try_from(source.size().min(FIRST)).unwrap_or(0)];
        let read = source.read_at(&mut bytes, 0)?;
        bytes.truncate(read);
        let length = match check_prefix(&bytes, source.size(), Limits::default().max_header_bytes) {
            Ok(length) => length,
            Err(error) => return Ok(Err(error)),
        };
        bytes.drain(..8);
        let (here, length) = (bytes.len(), usize::try_from(length).unwrap_or(0));
        bytes.resize(length, 0);
        if here < length {
            let read = source.read_at(bytes.get_mut(here..).unwrap_or(&mut []), wide(here).saturating_add(8))?;
            bytes.truncate(here.saturating_add(read));
        }
        Ok(check(bytes, source.size()))
    });
    checked.map_err(|e| os_error(&e, &path))?.map_err(|e| format_error(&e))
}

/// Name, dtype, shape, data_offsets.
type Row = (String, &'static str, Vec<u64>, (u64, u64));
type Check = fn(Vec<u8>, u64) -> Result<PyHeader, Error>;

fn check(header: Vec<u8>, len: u64) -> Result<PyHeader, Error> {
    let read = Header::read(&header, len);
    if let Some(error) = read.first_fault() {
        return Err(error.clone());
    }
    let (table, notes) = (read.table, read.errors);
    Ok(made(header, table, notes))
}

fn keep(header: Vec<u8>, len: u64) -> PyHeader {
    let read = Header::read(&header, len);
    let (table, notes) = (read.table, read.errors);
    made(header, table, notes)
}

fn made(header: Vec<u8>, table: Table, notes: Vec<Error>) -> PyHeader {
    // Where it is no UTF-8, nothing was read of it.
    let text = String::from_utf8(header).unwrap_or_default();
    PyHeader { text, table, notes, places: OnceLock::new() }
}

fn format_error(error: &Error) -> PyErr {
    Python::attach(|py| {
        let kwargs = PyDict::new(py);
        let fill = || -> PyResult<PyErr> {
            kwargs.set_item("code", error.defect.slug)?;
            kwargs.set_item("offset", error.span.start)?;
            kwargs.set_item("format", "safetensors")?;
            let class = py.get_type::<errors::FormatError>();
            Ok(PyErr::from_value(class.call((error.to_string(),), Some(&kwargs))?))
        };
        fill().unwrap_or_else(|e| e)
    })
}
