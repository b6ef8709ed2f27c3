"""A text in single quotes: torch reads it, and never writes it.

The near miss is the same text as torch writes it.
"""

from __future__ import annotations

from collections.abc import Mapping

from tests.build import script_zip

NAME = "model.pt"
MEMBER = "m/code/__torch__.py"
# A program is never inert by itself.
NEAR_MISS_IS_INERT = False

HEAD = "class M(Module):\n  def forward(self: __torch__.M, x: Tensor) -> Tensor:\n    "
OFFSET = len(HEAD) + 5


def code(line: str) -> bytes:
    return script_zip({"__torch__": f"{HEAD}{line}\n"})


def fires() -> bytes:
    return code("x = ('a')")


def near_miss() -> bytes:
    return code("""x = (\"a\")""")


def variants() -> Mapping[str, tuple[str, bytes]]:
    lines = {
        "a text that never ends": 'x = "a',
        "triple quotes": 'x = """a"""',
        "a type in a comment": "x = 1 # type: int",
        "no ASCII": "x = \xe9",
        "a dot without a name": "x = torch.",
        "a word that torch does not write": "from torch import save",
    }
    return {claim: (NAME, code(line)) for claim, line in lines.items()}
