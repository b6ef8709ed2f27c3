"""A shape of 2^64 elements, which a careless product takes for none.

The near miss has a zero among large dimensions, which is none to all readers.
"""

from __future__ import annotations

from collections.abc import Mapping

from tests.build import safetensors, tensor

NAME = "model.safetensors"
OFFSET = 8 + 1
NEAR_MISS_IS_INERT = True


def fires() -> bytes:
    return safetensors({"a": tensor("U8", [2**32, 2**32], 0, 0)})


def near_miss() -> bytes:
    return safetensors({"a": tensor("U8", [2**32, 0], 0, 0)})


def variants() -> Mapping[str, tuple[str, bytes]]:
    return {
        "in bits only": (NAME, safetensors({"a": tensor("F64", [2**58], 0, 0)})),
        "hidden behind a zero": (NAME, safetensors({"a": tensor("U8", [2**32, 2**33, 0], 0, 0)})),
    }
