//! Between Python's values and the core's.

use std::collections::HashMap;
use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;

use dryload_core::limits::Limits;
use dryload_io::Failure;
use pyo3::exceptions::{PyOSError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString};

/// The ceilings a caller set, over the defaults.
pub fn limits(given: Option<HashMap<String, u64>>) -> PyResult<Arc<Limits>> {
    let mut limits = Limits::default();
    for (name, value) in given.unwrap_or_default() {
        if !limits.set(&name, value) {
            return Err(PyValueError::new_err(format!("no limit is named {name}")));
        }
    }
    Ok(Arc::new(limits))
}

/// A path given as `str` or as `bytes`.
#[derive(FromPyObject)]
pub enum AnyPath {
    /// `str`, with surrogates for bytes that are no UTF-8.
    Text(OsString),
    /// `bytes`.
    Raw(Vec<u8>),
}

impl AnyPath {
    /// The path.
    #[cfg(unix)]
    pub fn into_path(self) -> PathBuf {
        use std::os::unix::ffi::OsStringExt;
        match self {
            Self::Text(text) => PathBuf::from(text),
            Self::Raw(bytes) => PathBuf::from(OsString::from_vec(bytes)),
        }
    }

    /// The path.
    #[cfg(not(unix))]
    pub fn into_path(self) -> PathBuf {
        match self {
            Self::Text(text) => PathBuf::from(text),
            Self::Raw(bytes) => PathBuf::from(String::from_utf8_lossy(&bytes).into_owned()),
        }
    }
}

/// A name that hints: what is no UTF-8 in it is replaced.
pub fn text(name: Option<&Bound<'_, PyString>>) -> String {
    name.map(|n| n.to_string_lossy().into_owned()).unwrap_or_default()
}

/// A path as the bytes `os.fsencode` would give.
pub fn path_bytes<'py>(py: Python<'py>, path: &std::path::Path) -> Bound<'py, PyBytes> {
    PyBytes::new(py, path.as_os_str().as_encoded_bytes())
}

/// A failure as the OSError Python would raise.
pub fn os_error(failure: &Failure, path: &std::path::Path) -> PyErr {
    let path = path.to_string_lossy().into_owned();
    match failure.errno {
        Some(errno) => PyOSError::new_err((errno, failure.message.clone(), path)),
        None => PyOSError::new_err(format!("{}: {path}", failure.message)),
    }
}
