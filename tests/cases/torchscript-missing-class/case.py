"""A pickle that makes an object of a class for which the archive has no code.

The near miss has the code.
"""

from __future__ import annotations

from collections.abc import Mapping

from tests.build import pkasm, script_zip

NAME = "model.pt"
MEMBER = "m/data.pkl"
# A program is never inert by itself.
NEAR_MISS_IS_INERT = False

CODE = "class M(Module):\n  w : Tensor\n"
FIRES = pkasm("""
    PROTO 2
  > GLOBAL __torch__ N
    EMPTY_TUPLE
    NEWOBJ
    STOP
""")
OFFSET = FIRES.mark


def fires() -> bytes:
    return script_zip({"__torch__": CODE}, FIRES.data)


def near_miss() -> bytes:
    return script_zip({"__torch__": CODE + "class N(Module):\n  w : Tensor\n"}, FIRES.data)


def variants() -> Mapping[str, tuple[str, bytes]]:
    return {
        "in the code": (NAME, script_zip({"__torch__.a": "x = __torch__.b.f(x)\n", "__torch__.M": CODE})),
        "in the pickle of the constants": (
            NAME,
            script_zip({"__torch__": CODE}, others={"m/bytecode.pkl": FIRES.data}),
        ),
    }
