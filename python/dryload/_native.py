"""The one door to the compiled extension: only this module imports `dryload._core`.

It adds nothing and decides nothing. Everyone else imports these names from here, so that a test can check
who depends on native code and a tool that cannot see compiled modules still sees this one.
"""

from __future__ import annotations

from dryload import _core
from dryload._core import (
    Batch,
    Cancel,
    Header,
    Names,
    Record,
    Session,
    check_name,
    check_spec,
    crossover,
    defects,
    faults,
    formats,
    generate,
    generate_pickle,
    limits,
    minimize,
    mutate,
    mutate_pickle,
    name_rules,
    opcodes,
    safetensors_header_bytes,
    safetensors_header_file,
    safetensors_layout_bytes,
    scan_bytes,
    scan_file,
    trace_bytes,
    trace_file,
    valid_pickle,
)

__all__ = [
    "LIBRARY",
    "Batch",
    "Cancel",
    "Header",
    "Names",
    "Record",
    "Session",
    "check_name",
    "check_spec",
    "crossover",
    "defects",
    "faults",
    "formats",
    "generate",
    "generate_pickle",
    "limits",
    "minimize",
    "mutate",
    "mutate_pickle",
    "name_rules",
    "opcodes",
    "safetensors_header_bytes",
    "safetensors_header_file",
    "safetensors_layout_bytes",
    "scan_bytes",
    "scan_file",
    "trace_bytes",
    "trace_file",
    "valid_pickle",
]

# The file that the compiled extension was loaded from.
LIBRARY: str = _core.__file__
