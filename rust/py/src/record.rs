//! What a scan saw, as Python values, made when they are asked for.

use dryload_core::formats::Array;
use dryload_core::observe::{Global, Observation, What};
use dryload_core::scan::{PartRecord, Record};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};

/// Calls of names that are not allowed, listed per part before they are folded.
const MAX_CALLS: usize = 1000;

/// What the scan of one source saw.
#[pyclass(name = "Record", module = "dryload._core", frozen)]
pub struct PyRecord {
    record: Record,
}

impl From<Record> for PyRecord {
    fn from(record: Record) -> Self {
        Self { record }
    }
}

#[pymethods]
impl PyRecord {
    /// Bytes of the source.
    #[getter]
    const fn size(&self) -> u64 {
        self.record.size
    }

    /// Bytes of it that were read.
    #[getter]
    const fn bytes_read(&self) -> u64 {
        self.record.bytes_read
    }

    /// Batches in which they were asked for.
    #[getter]
    const fn rounds(&self) -> u64 {
        self.record.rounds
    }

    /// Format of the source; empty when none was recognised.
    #[getter]
    const fn format(&self) -> &'static str {
        self.record.format
    }

    /// Whether there is nothing to judge.
    #[getter]
    fn quiet(&self) -> bool {
        self.record.is_quiet()
    }

    /// Whether the source is of a format that holds models.
    #[getter]
    const fn recognised(&self) -> bool {
        self.record.recognised
    }

    /// Whether its name is that of a model file.
    #[getter]
    const fn named_like_model(&self) -> bool {
        self.record.named_like_model
    }

    /// Whether it is no model by content nor by name, such as a README.
    #[getter]
    fn no_model(&self) -> bool {
        self.record.is_no_model()
    }

    /// Whether everything was judged to its end.
    #[getter]
    fn complete(&self) -> bool {
        self.record.is_complete()
    }

    /// The parts, outer before inner.
    fn parts<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let list = PyList::empty(py);
        for part in &self.record.parts {
            list.append(part_dict(py, part)?)?;
        }
        Ok(list)
    }

    /// What was seen, by part and offset.
    fn observations<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let list = PyList::empty(py);
        for (index, part) in self.record.parts.iter().enumerate() {
            for observation in &part.observations {
                list.append(observation_dict(py, index, part, observation)?)?;
            }
        }
        Ok(list)
    }

    /// Bytes that were not read, and why they need not be.
    fn skipped<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let list = PyList::empty(py);
        for (member, skip) in &self.record.skipped {
            let dict = PyDict::new(py);
            dict.set_item("member", member)?;
            dict.set_item("why", skip.why)?;
            dict.set_item("bytes", skip.bytes)?;
            list.append(dict)?;
        }
        Ok(list)
    }

    /// Limits that cut something off.
    fn limits_hit(&self) -> Vec<&'static str> {
        self.record.limits_hit.clone()
    }
}

fn part_dict<'py>(py: Python<'py>, part: &PartRecord) -> PyResult<Bound<'py, PyDict>> {
    let dict = PyDict::new(py);
    dict.set_item("member", &part.member)?;
    dict.set_item("offset", part.offset)?;
    dict.set_item("size", part.size)?;
    dict.set_item("format", part.part.format)?;
    dict.set_item("protocol", part.part.protocol)?;
    dict.set_item("opcodes", part.part.opcodes)?;
    dict.set_item("tensors", part.part.tensors)?;
    let imports = PyList::empty(py);
    for global in &part.part.imports {
        let row = PyDict::new(py);
        row.set_item("name", global.dotted())?;
        row.set_item("module", &global.module)?;
        row.set_item("qualname", &global.qualname)?;
        row.set_item("offset", global.span.start)?;
        row.set_item("class", global.side.as_str())?;
        row.set_item("count", global.count)?;
        imports.append(row)?;
    }
    dict.set_item("imports", imports)?;
    dict.set_item("calls", calls(py, part)?)?;
    dict.set_item("dropped", part.dropped)?;
    if let Some(array) = &part.part.array {
        dict.set_item("array", array_dict(py, array)?)?;
    }
    Ok(dict)
}

fn array_dict<'py>(py: Python<'py>, array: &Array) -> PyResult<Bound<'py, PyDict>> {
    let dict = PyDict::new(py);
    dict.set_item("dtype", &array.dtype)?;
    dict.set_item("shape", &array.shape)?;
    dict.set_item("cut", array.cut)?;
    dict.set_item("fortran", array.fortran)?;
    dict.set_item("start", array.data.start)?;
    dict.set_item("end", array.data.end)?;
    Ok(dict)
}

/// Calls one by one where the policy does not allow them; a row a callee where
/// it does.
fn calls<'py>(py: Python<'py>, part: &PartRecord) -> PyResult<Bound<'py, PyList>> {
    let list = PyList::empty(py);
    for global in part.part.imports.iter().filter(|g| g.calls > 0 && g.side == dryload_core::names::Side::Allow) {
        list.append(call_dict(py, &format!("{}(...)", global.dotted()), global.first_call, "allow", global.calls)?)?;
    }
    let flagged = part.observations.iter().filter_map(|o| match &o.what {
        What::Call { name, text, .. } => Some((text, o.span.start, name.side.as_str())),
        _ => None,
    });
    for (text, offset, side) in flagged.take(MAX_CALLS) {
        list.append(call_dict(py, text, offset, side, 1)?)?;
    }
    Ok(list)
}

fn call_dict<'py>(py: Python<'py>, call: &str, offset: u64, side: &str, count: u64) -> PyResult<Bound<'py, PyDict>> {
    let row = PyDict::new(py);
    row.set_item("call", call)?;
    row.set_item("offset", offset)?;
    row.set_item("class", side)?;
    row.set_item("count", count)?;
    Ok(row)
}

fn observation_dict<'py>(
    py: Python<'py>,
    index: usize,
    part: &PartRecord,
    o: &Observation,
) -> PyResult<Bound<'py, PyDict>> {
    let dict = PyDict::new(py);
    dict.set_item("code", o.code())?;
    dict.set_item("part", index)?;
    dict.set_item("member", &part.member)?;
    dict.set_item("start", o.span.start)?;
    dict.set_item("end", o.span.end)?;
    dict.set_item("file_start", Record::in_source(part, o.span))?;
    dict.set_item("expected", &o.expected)?;
    dict.set_item("found", &o.found)?;
    dict.set_item("place", &o.place)?;
    dict.set_item("import_start", o.imported)?;
    match &o.what {
        What::Defect(_) => {}
        What::Buffer => dict.set_item("opcode", "NEXT_BUFFER")?,
        What::Import(global) => set_global(&dict, global)?,
        What::Call { name, text, opcode } => {
            set_global(&dict, name)?;
            dict.set_item("call", text)?;
            dict.set_item("opcode", opcode)?;
        }
        What::Argument { name, text, spec } => {
            set_global(&dict, name)?;
            dict.set_item("call", text)?;
            dict.set_item("spec", spec)?;
        }
        What::State { name, opcode } => {
            set_global(&dict, name)?;
            dict.set_item("opcode", opcode)?;
        }
        What::ComputedCall { opcode, text } => {
            dict.set_item("opcode", opcode)?;
            dict.set_item("call", text)?;
        }
        What::ForeignWrite { name, opcode }
        | What::DunderState { name, opcode }
        | What::PlantedMethod { name, opcode } => {
            dict.set_item("name", name)?;
            dict.set_item("opcode", opcode)?;
        }
        What::Trait { name, .. } => dict.set_item("name", name)?,
        What::ComputedName(opcode) | What::Extension(opcode) | What::Persistent(opcode) => {
            dict.set_item("opcode", opcode)?;
        }
    }
    Ok(dict)
}

fn set_global(dict: &Bound<'_, PyDict>, global: &Global) -> PyResult<()> {
    dict.set_item("name", global.dotted())?;
    dict.set_item("module", &global.module)?;
    dict.set_item("qualname", &global.qualname)?;
    dict.set_item("raw", &global.raw)?;
    dict.set_item("class", global.side.as_str())?;
    dict.set_item("reason", &global.reason)?;
    dict.set_item("opcode", global.opcode)
}
