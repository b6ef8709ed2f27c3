//! Inputs for fuzzing, by seed. A format is a name of `formats`.

use dryload_gen::{Format, Rng, pickle};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;
use pyo3::types::PyBytes;

fn named(format: &str) -> PyResult<Format> {
    let names: Vec<&str> = formats();
    Format::named(format)
        .ok_or_else(|| PyValueError::new_err(format!("the format is one of {}, not {format:?}", names.join(", "))))
}

/// The formats that can be generated.
#[pyfunction]
pub fn formats() -> Vec<&'static str> {
    Format::ALL.iter().map(|(name, _)| *name).collect()
}

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

/// A pickle of a protocol that the C unpickler reads to its end.
#[pyfunction]
pub fn valid_pickle(py: Python<'_>, proto: u8, seed: u64) -> Bound<'_, PyBytes> {
    PyBytes::new(py, &pickle::valid(proto, &mut Rng::new(seed)))
}

/// A file of the format; `kind` is "any", "valid", "malicious" or the slug of a fault.
#[pyfunction]
pub fn generate<'py>(py: Python<'py>, format: &str, seed: u64, kind: &str) -> PyResult<Bound<'py, PyBytes>> {
    let format = named(format)?;
    let mut rng = Rng::new(seed);
    let made = match kind {
        "any" => dryload_gen::generate(format, &mut rng),
        "valid" => dryload_gen::valid(format, &mut rng),
        "malicious" => dryload_gen::malicious(format, &mut rng),
        slug => dryload_gen::with_fault(format, slug, &mut rng)
            .ok_or_else(|| PyValueError::new_err(format!("the format has no fault {slug:?}")))?,
    };
    Ok(PyBytes::new(py, &made))
}

/// A mutant of `data`, with parts of `other`.
#[pyfunction]
#[allow(clippy::needless_pass_by_value)] // What PyO3 hands over is owned.
pub fn mutate<'py>(
    py: Python<'py>,
    format: &str,
    seed: u64,
    data: PyBackedBytes,
    other: PyBackedBytes,
) -> PyResult<Bound<'py, PyBytes>> {
    Ok(PyBytes::new(py, &dryload_gen::mutate(named(format)?, &data, &other, &mut Rng::new(seed))))
}

/// The head of `data` and the tail of `other`.
#[pyfunction]
#[allow(clippy::needless_pass_by_value)] // What PyO3 hands over is owned.
pub fn crossover<'py>(
    py: Python<'py>,
    format: &str,
    seed: u64,
    data: PyBackedBytes,
    other: PyBackedBytes,
) -> PyResult<Bound<'py, PyBytes>> {
    Ok(PyBytes::new(py, &dryload_gen::crossover(named(format)?, &data, &other, &mut Rng::new(seed))))
}

/// The slugs of the faults of a format.
#[pyfunction]
pub fn faults(format: &str) -> PyResult<Vec<&'static str>> {
    Ok(dryload_gen::faults(named(format)?).to_vec())
}

/// A smaller input of which `still` is true; what it raises is raised here.
#[pyfunction]
#[allow(clippy::needless_pass_by_value)] // What PyO3 hands over is owned.
pub fn minimize<'py>(
    py: Python<'py>,
    format: &str,
    data: PyBackedBytes,
    still: Bound<'py, PyAny>,
    budget: usize,
) -> PyResult<Bound<'py, PyBytes>> {
    let mut failed = None;
    let small = dryload_gen::minimize(named(format)?, &data, budget, &mut |candidate| {
        if failed.is_some() {
            return false;
        }
        let answer = still.call1((PyBytes::new(py, candidate),)).and_then(|answer| answer.is_truthy());
        answer.unwrap_or_else(|error| {
            failed = Some(error);
            false
        })
    });
    failed.map_or_else(|| Ok(PyBytes::new(py, &small)), Err)
}
