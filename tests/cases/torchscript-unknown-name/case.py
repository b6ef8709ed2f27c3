"""An operator that some library registers: what it does is not in the file.

The near miss calls one of torch's own.
"""

from __future__ import annotations

from collections.abc import Mapping

from tests.build import script_zip

NAME = "model.pt"
MEMBER = "m/code/__torch__.py"
# A program is never inert by itself.
NEAR_MISS_IS_INERT = False

HEAD = "class M(Module):\n  def forward(self: __torch__.M, x: Tensor) -> Tensor:\n    "
OFFSET = len(HEAD)


def code(line: str) -> bytes:
    return script_zip({"__torch__": f"{HEAD}{line}\n"})


def fires() -> bytes:
    return code("ops.evil.run(x)")


def near_miss() -> bytes:
    return code("return ops.aten.relu(x)")


def variants() -> Mapping[str, tuple[str, bytes]]:
    lines = {
        "the namespace as a value": "m = torch\n    m.save(x)",
        "by getattr": 'getattr(torch, "save")(x)',
        "by getattr in brackets": '(getattr)((ops.aten), "save")(x)',
        "a class of native code": "w : __torch__.torch.classes.evil.Run",
        "a way to a class of native code": "w = __torch__.torch\n    w.classes.evil.Run(x)",
        "a bare name": 'rpc_sync("w", x)',
        "an operator that torch has not": "torch.evil(x)",
    }
    return {claim: (NAME, code(line)) for claim, line in lines.items()}
