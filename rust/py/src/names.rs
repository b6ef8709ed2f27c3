//! A policy, compiled once.

use std::sync::Arc;

use dryload_core::names::Names;
use dryload_core::spec::Spec;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

/// A policy compiled to a native look-up; immutable.
#[pyclass(name = "Names", module = "dryload._core", frozen)]
pub struct PyNames {
    pub(crate) names: Arc<Names>,
}

#[pymethods]
impl PyNames {
    #[new]
    fn new(allow: Vec<(String, String, String)>, deny: Vec<(String, String, String)>) -> PyResult<Self> {
        let mut names = Names::default();
        for (row, (module, qualname, spec)) in allow.iter().enumerate() {
            names
                .allow(module, qualname, spec)
                .map_err(|e| PyValueError::new_err(format!("row {row}: {module}:{qualname}: {e}")))?;
        }
        for (module, qualname, reason) in &deny {
            names.deny(module, qualname, reason);
        }
        Ok(Self { names: Arc::new(names) })
    }

    fn __len__(&self) -> usize {
        self.names.len()
    }
}

/// Raises ValueError, with what is wrong, unless `spec` is of the grammar.
#[pyfunction]
pub fn check_spec(spec: &str) -> PyResult<()> {
    Spec::parse(spec).map(|_| ()).map_err(|e| PyValueError::new_err(e.to_string()))
}
