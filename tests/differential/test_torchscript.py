"""TorchScript as torch writes it: what only computes says nothing else, what acts is told, and the table of
operators is that of the newest torch.

Modules are made and saved here, and scanned; where code is hidden, torch compiles it and never calls it.
"""

from __future__ import annotations

import io
import sys
import zipfile
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
    # A class of its own: torch keeps what it compiled of a class for all its objects.
    module = torch.jit.script(torch.nn.Identity())
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


# Ways to `torch.save` and `torch.from_file` that torch 2.15 compiles.
HIDDEN = {
    "a variable": ["f = torch.save", 'f(weight, "p")'],
    "two lines": ["f = (torch", "  .save)", 'f(weight, "p")'],
    "a line that goes on": ["torch.\\", 'save(weight, "p")'],
    "a tab": ['torch\t.save(weight, "p")'],
    "a form feed": ['torch\x0c.save(weight, "p")'],
    "a number before it": ['x = 1.if True else torch.save(weight, "p")'],
    "getattr": ['getattr(torch, "save")(weight, "p")'],
    "a comment with a quote": ['torch.save( # "', 'weight, "p")'],
    "a text with a comment": ['x = "# " # \\', 'torch.save(weight, "p")'],
    "a text that ends in a backslash": ['x = "\\\\"', "torch.save(weight, x)"],
    "an argument": ['annotate(Tensor, torch.from_file("p"))'],
}


@pytest.mark.parametrize("claim", HIDDEN)
def test_what_torch_compiles_is_told(claim: str) -> None:
    torch = pytest.importorskip("torch")
    written = saved(torch.jit.script(torch.nn.Linear(1, 1)))
    source = zipfile.ZipFile(io.BytesIO(written))
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in source.namelist():
            data = source.read(name)
            if name.endswith(".py"):  # The one class; its module is mangled when another came before.
                head, mark, tail = data.decode().partition("    bias = self.bias\n")
                lines = "".join(f"    {line}\n" for line in HIDDEN[claim])
                data = f"{head}{mark}{lines}{tail}".encode()
            archive.writestr(name, data)
    # Compiled only: nothing of `forward` runs.
    torch.jit.load(io.BytesIO(buffer.getvalue()))
    rules = {finding.rule for finding in scan(buffer.getvalue(), name="model.pt").findings}
    assert rules & {"torchscript-dangerous-call", "torchscript-unknown-name", "torchscript-bad-code"}
