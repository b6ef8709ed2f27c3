"""An archive with TorchScript code is a program: nothing acts in this one, and it is still told.

The near miss has the same members without the code and its pickle of constants.
"""

from __future__ import annotations

from tests.build import pkasm, script_zip, zipped

NAME = "model.pt"
OFFSET = 0
NEAR_MISS_IS_INERT = True

CODE = "class M(Module):\n  def forward(self: __torch__.M, x: Tensor) -> Tensor:\n    return torch.relu(x)\n"


def fires() -> bytes:
    return script_zip({"__torch__": CODE})


def near_miss() -> bytes:
    return zipped({"m/data.pkl": pkasm("PROTO 2\nEMPTY_DICT\nSTOP").data, "m/version": b"3\n"})
