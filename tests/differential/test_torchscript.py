"""TorchScript as torch writes it: what only computes says nothing else, what acts is told, and the table of
operators is that of the newest torch.

Refuses to load anything: modules are made and saved here, and scanned.
"""

from __future__ import annotations

import io
import sys
from pathlib import Path
from typing import Any

import pytest

from dryload import Verdict, scan

ROOT = Path(__file__).parent.parent.parent
TABLE = ROOT / "rust" / "core" / "src" / "formats" / "torchscript" / "ops.tsv"

WHAT_TO_DO = """torch's operators moved on: run
    python tools/derive_torchscript.py --suspects
read the code of what is new there, enter what acts in ACTING, and make the table anew; names that are gone
stay."""

# torch says that torch.jit is deprecated.
pytestmark = [pytest.mark.torch, pytest.mark.filterwarnings("ignore::Warning")]


def derived() -> Any:
    sys.path.insert(0, str(ROOT))
    try:
        from tools import derive_torchscript
    finally:
        sys.path.remove(str(ROOT))
    return derive_torchscript


def saved(module: Any) -> bytes:
    torch = pytest.importorskip("torch")
    buffer = io.BytesIO()
    torch.jit.save(module, buffer)
    return buffer.getvalue()


def ordinary() -> dict[str, Any]:
    """Makes modules that only compute, by what is special about their code."""
    torch = pytest.importorskip("torch")
    nn = torch.nn
    convolution = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.Softmax(1)).eval()
    return {
        "calls through temporaries": torch.jit.script(nn.Sequential(nn.BatchNorm2d(2), nn.Dropout())),
        "overloads": torch.jit.script(nn.LSTM(4, 4, 2, bidirectional=True)),
        "many branches": torch.jit.script(nn.MultiheadAttention(8, 2)),
        "lists of modules": torch.jit.script(nn.TransformerEncoder(nn.TransformerEncoderLayer(8, 2, 16), 2)),
        "traced": torch.jit.trace(convolution, torch.zeros(1, 1, 8, 8)),
        "frozen": torch.jit.freeze(torch.jit.script(convolution)),
    }


def test_every_operator_of_torch_is_in_the_table() -> None:
    pytest.importorskip("torch")
    tool = derived()
    missing = tool.operators() - set(tool.table(TABLE))
    assert not missing, f"{WHAT_TO_DO}\nmissing: {sorted(missing)}"


def test_what_acts_is_marked_in_the_table() -> None:
    tool = derived()
    assert {name: does for name, does in tool.table(TABLE).items() if does} == tool.ACTING


def test_a_module_that_only_computes_is_a_program_and_nothing_worse() -> None:
    for claim, module in ordinary().items():
        report = scan(saved(module), name="model.pt")
        assert {finding.rule for finding in report.findings} == {"torchscript-program"}, claim
        assert report.coverage.complete, claim


def test_a_module_that_writes_while_it_loads_is_malicious() -> None:
    torch = pytest.importorskip("torch")
    module = torch.jit.script(torch.nn.Linear(1, 1))
    module.define("def __getstate__(self):\n    return 1\n")
    module.define('def __setstate__(self, state: int):\n    torch.save(state, "written")\n')
    report = scan(saved(module), name="model.pt")
    assert report.verdict is Verdict.MALICIOUS
    assert {"torchscript-dangerous-call", "torchscript-setstate"} <= {f.rule for f in report.findings}


def test_an_exported_program_that_only_computes_is_a_program_and_nothing_worse() -> None:
    torch = pytest.importorskip("torch")
    nn = torch.nn
    size = torch.export.Dim("size", min=2, max=99)
    automatic = torch.export.Dim.AUTO
    cases = {
        "fixed sizes": (nn.Linear(3, 3), (torch.zeros(2, 3),), None),
        "sizes that vary": (
            nn.Sequential(nn.Conv2d(1, 2, 3), nn.Flatten()),
            (torch.zeros(4, 1, 8, 8),),
            ({0: size, 2: automatic, 3: automatic},),
        ),
    }
    for claim, (module, inputs, sizes) in cases.items():
        buffer = io.BytesIO()
        torch.export.save(torch.export.export(module, inputs, dynamic_shapes=sizes), buffer)
        report = scan(buffer.getvalue(), name="model.pt2")
        assert {finding.rule for finding in report.findings} == {"torch-export-program"}, claim
        assert report.coverage.complete, claim
