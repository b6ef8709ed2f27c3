"""Times the calls a Python user makes on bytes already in memory: what crossing into the core and back costs.

The answers are asserted, the times are only printed; `compare.py` is for files, folders and peers.

    pytest benches/test_boundary.py
"""

from __future__ import annotations

from typing import Any

import pytest
from inputs import safetensors_bytes, tiny_pickle, torch_zip

pytest.importorskip("pytest_benchmark")
dryload: Any = pytest.importorskip("dryload")


def test_scan_of_a_60_byte_pickle(benchmark: Any) -> None:
    report = benchmark(dryload.scan, tiny_pickle())
    assert report.verdict == "inert"


def test_scan_of_a_state_dict(benchmark: Any) -> None:
    report = benchmark(dryload.scan, torch_zip(tensors=200, elements=256))
    assert report.verdict == "inert"


def test_scan_of_300_safetensors(benchmark: Any) -> None:
    report = benchmark(dryload.scan, safetensors_bytes(300))
    assert report.verdict == "inert"


def test_validation_of_300_safetensors(benchmark: Any) -> None:
    header = benchmark(dryload.validate_safetensors, safetensors_bytes(300))
    assert len(header) == 300
