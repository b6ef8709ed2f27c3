"""A byte behind the last tensor: the official library refuses it, other readers accept.

The near miss ends with its last tensor.
"""

from __future__ import annotations

from collections.abc import Mapping

from tests.build import safetensors, tensor

NAME = "model.safetensors"
NEAR_MISS_IS_INERT = True

HEADER = {"a": tensor("F32", [2], 0, 8)}
OFFSET = len(safetensors(HEADER)) + 8


def fires() -> bytes:
    return safetensors(HEADER, bytes(9))


def near_miss() -> bytes:
    return safetensors(HEADER, bytes(8))


def variants() -> Mapping[str, tuple[str, bytes]]:
    return {"behind a header without tensors": (NAME, safetensors("{}", b"x"))}
