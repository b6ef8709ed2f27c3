//! The `_core` extension module: converts, never decides.
//!
//! The interpreter is detached while anything is scanned. Only `bytes` are
//! borrowed, as nothing can change them; every other buffer is copied by the
//! Python layer first.

mod batch;
mod convert;
mod generator;
mod header;
mod names;
mod path;
mod record;
mod scan;
mod session;

use pyo3::prelude::*;

/// The native half of dryload.
#[pymodule(gil_used = false)]
mod _core {
    #[pymodule_export]
    use super::batch::PyBatch;
    #[pymodule_export]
    use super::generator::{
        crossover, faults, formats, generate, generate_pickle, minimize, mutate, mutate_pickle, valid_pickle,
    };
    #[pymodule_export]
    use super::header::{PyHeader, safetensors_header_bytes, safetensors_header_file, safetensors_layout_bytes};
    #[pymodule_export]
    use super::names::{PyNames, check_spec};
    #[pymodule_export]
    use super::path::{check_name, name_rules};
    #[pymodule_export]
    use super::record::PyRecord;
    #[pymodule_export]
    use super::scan::{
        PyCancel, compat_names, defects, limits, opcodes, scan_bytes, scan_file, trace_bytes, trace_file,
    };
    #[pymodule_export]
    use super::session::PySession;
}
