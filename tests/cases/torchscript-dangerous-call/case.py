"""A module that writes a file when it is used.

The near miss only computes, and has a method and an attribute of the operator's name.
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
    return code('torch.save(x, "/tmp/x")')


def near_miss() -> bytes:
    return code("return torch.relu((self.save).torch.save(x, ))")


def variants() -> Mapping[str, tuple[str, bytes]]:
    lines = {
        "by a variable": 'f = torch.save\n    f(x, "p")',
        "by the other namespace": 'ops.aten.from_file("p")',
        "by autograd, which is the same namespace again": 'torch.autograd.save(x, "p")',
        "over two lines": 'return (torch\n  .save)(x, "p")',
        "with a comment between": 'return (torch # a\n  .save)(x, "p")',
        "on another machine": 'ops.prim.rpc_sync("w", __torch__.M, (x,))',
    }
    return {claim: (NAME, code(line)) for claim, line in lines.items()}
