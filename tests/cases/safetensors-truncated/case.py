"""A file that ends before its last tensor does: readers of the header call it complete.

The near miss has the last byte.
"""

from __future__ import annotations

from collections.abc import Mapping

from tests.build import safetensors, tensor

NAME = "model.safetensors"
NEAR_MISS_IS_INERT = True

HEADER = {"a": tensor("F32", [2], 0, 8)}
OFFSET = len(safetensors(HEADER)) + 7


def fires() -> bytes:
    return safetensors(HEADER, bytes(7))


def near_miss() -> bytes:
    return safetensors(HEADER, bytes(8))


def variants() -> Mapping[str, tuple[str, bytes]]:
    return {"inside the header": (NAME, safetensors(HEADER)[:-1])}
