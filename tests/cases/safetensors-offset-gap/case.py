"""Bytes between two tensors that no tensor names can hide anything.

The near miss lists two tensors in another order than their bytes have.
"""

from __future__ import annotations

from collections.abc import Mapping

from tests.build import safetensors, tensor

NAME = "model.safetensors"
NEAR_MISS_IS_INERT = True

GAP = safetensors({"a": tensor("U8", [4], 0, 4), "b": tensor("U8", [4], 5, 9)}, bytes(9))
OFFSET = GAP.index(b'"b"')


def fires() -> bytes:
    return GAP


def near_miss() -> bytes:
    return safetensors({"b": tensor("U8", [4], 4, 8), "a": tensor("U8", [4], 0, 4)}, bytes(8))


def variants() -> Mapping[str, tuple[str, bytes]]:
    return {"before the first tensor": (NAME, safetensors({"a": tensor("U8", [4], 1, 5)}, bytes(5)))}
