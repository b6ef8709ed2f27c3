"""A dtype that no release knows: the size of the tensor cannot be checked.

The near miss has the longest name of a dtype that there is.
"""

from __future__ import annotations

from collections.abc import Mapping

from tests.build import safetensors

NAME = "model.safetensors"
NEAR_MISS_IS_INERT = True

HEADER = '{"a":{"dtype":"F33","shape":[1],"data_offsets":[0,1]}}'
OFFSET = 8 + HEADER.index('"F33"')


def fires() -> bytes:
    return safetensors(HEADER, b"x")


def near_miss() -> bytes:
    return safetensors(HEADER.replace("F33", "F8_E4M3FNUZ"), b"x")


def variants() -> Mapping[str, tuple[str, bytes]]:
    return {"in small letters": (NAME, safetensors(HEADER.replace("F33", "u8"), b"x"))}
