//! A safetensors header, checked, for `validate_safetensors`.

use std::collections::HashMap;

use dryload_core::bytes::wide;
use dryload_core::error::Error;
use dryload_core::formats::safetensors::{Header, check_prefix, header_span};
use dryload_core::limits::Limits;
use dryload_io::{ByteSource, FileSource};
use pyo3::exceptions::PyKeyError;
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;
use pyo3::types::PyDict;

use crate::convert::{AnyPath, os_error};

mod errors {
    pyo3::import_exception!(dryload.errors, FormatError);
}

type Tensor = (&'static str, Vec<u64>, (u64, u64));

/// A checked header: names, dtypes, shapes, offsets, metadata.
#[pyclass(name = "Header", module = "dryload._core", frozen)]
pub struct PyHeader {
    names: Vec<String>,
    tensors: HashMap<String, Tensor>,
    metadata: Vec<(String, String)>,
    header_bytes: u64,
}

#[pymethods]
impl PyHeader {
    fn __len__(&self) -> usize {
        self.names.len()
    }

    /// Names in the order of the header.
    fn keys(&self) -> Vec<String> {
        self.names.clone()
    }

    /// dtype, shape and data_offsets of a tensor. Raises KeyError.
    fn tensor<'py>(&self, py: Python<'py>, name: &str) -> PyResult<(&'static str, Bound<'py, PyAny>, (u64, u64))> {
        let (dtype, shape, offsets) = self.tensors.get(name).ok_or_else(|| PyKeyError::new_err(name.to_owned()))?;
        Ok((dtype, pyo3::types::PyTuple::new(py, shape)?.into_any(), *offsets))
    }

    /// The metadata, in the order of the header.
    fn metadata<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let dict = PyDict::new(py);
        for (key, value) in &self.metadata {
            dict.set_item(key, value)?;
        }
        Ok(dict)
    }

    /// Bytes of the header, without the eight before it.
    #[getter]
    const fn header_bytes(&self) -> u64 {
        self.header_bytes
    }
}

/// Checks the header of a safetensors file in memory. Raises FormatError.
#[pyfunction]
pub fn safetensors_header_bytes(py: Python<'_>, data: PyBackedBytes) -> PyResult<PyHeader> {
    let checked = py.detach(|| {
        let len = wide(data.len());
        let length = check_prefix(&data, len, Limits::default().max_header_bytes)?;
        let span = header_span(length);
        let end = usize::try_from(span.end).unwrap_or(usize::MAX);
        check(data.get(8..end).unwrap_or(&[]), len)
    });
    checked.map_err(|e| format_error(&e))
}

/// Checks the header of a safetensors file, reading only that. Raises
/// FormatError, and OSError when the file cannot be read.
#[pyfunction]
pub fn safetensors_header_file(py: Python<'_>, path: AnyPath) -> PyResult<PyHeader> {
    let path = path.into_path();
    let source = FileSource::open(&path).map_err(|e| os_error(&e, &path))?;
    let checked = py.detach(|| -> std::io::Result<Result<PyHeader, Error>> {
        let mut prefix = [0; 8];
        let read = source.read_at(&mut prefix, 0)?;
        let length =
            match check_prefix(prefix.get(..read).unwrap_or(&[]), source.size(), Limits::default().max_header_bytes) {
                Ok(length) => length,
                Err(error) => return Ok(Err(error)),
            };
        let mut header = vec![0; usize::try_from(length).unwrap_or(0)];
        let read = source.read_at(&mut header, 8)?;
        Ok(check(header.get(..read).unwrap_or(&[]), source.size()))
    });
    checked?.map_err(|e| format_error(&e))
}

fn check(header: &[u8], len: u64) -> Result<PyHeader, Error> {
    let read = Header::read(header, len);
    if let Some(error) = read.first_fault() {
        return Err(error.clone());
    }
    let names = read.tensors().map(|t| t.name.into_owned()).collect();
    let tensors = read.tensors().map(|t| (t.name.into_owned(), (t.dtype.name(), t.shape, t.data_offsets)));
    Ok(PyHeader {
        names,
        tensors: tensors.collect(),
        metadata: read.metadata().into_iter().map(|(k, v)| (k.into_owned(), v.into_owned())).collect(),
        header_bytes: wide(header.len()),
    })
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
