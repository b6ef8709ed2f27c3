//! Inputs for fuzzing, by seed.

use dryload_gen::{Rng, pickle};
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;
use pyo3::types::PyBytes;

/// A pickle that most unpicklers read to its end.
#[pyfunction]
pub fn generate_pickle(py: Python<'_>, seed: u64) -> Bound<'_, PyBytes> {
    PyBytes::new(py, &pickle::generate(&mut Rng::new(seed)))
}

/// A mutant of `data`, with parts of `other`.
#[pyfunction]
#[allow(clippy::needless_pass_by_value)] // What PyO3 hands over is owned.
pub fn mutate_pickle(py: Python<'_>, seed: u64, data: PyBackedBytes, other: PyBackedBytes) -> Bound<'_, PyBytes> {
    PyBytes::new(py, &pickle::mutate(&data, &other, &mut Rng::new(seed)))
}
