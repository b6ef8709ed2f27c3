"""A tensor of bytes that is a program: valid, and nothing that a reader of the format would run.

The near miss has the same bytes four places later.
"""

from __future__ import annotations

from collections.abc import Mapping

from tests.build import safetensors, tensor

NAME = "model.safetensors"
OFFSET = 8 + 1
NEAR_MISS_IS_INERT = True
PROGRAM = b"\x7fELF\2\1\1\0"


def fires() -> bytes:
    return named(PROGRAM)


def near_miss() -> bytes:
    return named(b"1234" + PROGRAM)


def variants() -> Mapping[str, tuple[str, bytes]]:
    return {"a pickle": (NAME, named(b"\x80\x04\x95\x1d\0\0\0\0\0\0\0"))}


def named(data: bytes) -> bytes:
    """Makes a file of one tensor with this content."""
    return safetensors({"w": tensor("U8", [len(data)], 0, len(data))}, data)
