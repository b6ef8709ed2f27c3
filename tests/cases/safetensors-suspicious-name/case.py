"""A tensor named like a path out of its folder misleads tools that make files of names.

The verdict stands without it. The near miss has slashes and dots in places where modules have them.
"""

from __future__ import annotations

from collections.abc import Mapping

from tests.build import safetensors, tensor

NAME = "model.safetensors"
OFFSET = 8 + 1
NEAR_MISS_IS_INERT = True


def fires() -> bytes:
    return named("../../weights")


def near_miss() -> bytes:
    return named("layers/0/attn.weight")


def variants() -> Mapping[str, tuple[str, bytes]]:
    return {
        claim: (NAME, named(name))
        for claim, name in {
            "no name": "",
            "a line break": "a\nb",
            "text that runs backwards": "a\u202eb",
            "an absolute path": "/etc/weights",
            "a property of every object in JavaScript": "__proto__",
        }.items()
    }


def named(name: str) -> bytes:
    """Makes a file of one empty tensor of this name."""
    return safetensors({name: tensor("U8", [0], 0, 0)})
