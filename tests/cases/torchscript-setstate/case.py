"""A `__setstate__` runs while torch.jit.load reads the pickle; this one calls another method.

The near miss has the pair's other half, which only saving runs.
"""

from __future__ import annotations

from tests.build import script_zip

NAME = "model.pt"
MEMBER = "m/code/__torch__.py"
# A program is never inert by itself.
NEAR_MISS_IS_INERT = False

HEAD = "class M(Module):\n  def "
OFFSET = len(HEAD)


def code(name: str) -> bytes:
    method = f"{HEAD}{name}(self: __torch__.M, s: Tensor) -> NoneType:\n    _0 = (self).setup(s, )\n"
    return script_zip({"__torch__": method})


def fires() -> bytes:
    return code("__setstate__")


def near_miss() -> bytes:
    return code("__getstate__")
