"""Two tensors that share bytes: one shows the other's data.

The near miss has two empty tensors at one place.
"""

from __future__ import annotations

from collections.abc import Mapping

from tests.build import safetensors, tensor

NAME = "model.safetensors"
NEAR_MISS_IS_INERT = True

SHARED = safetensors({"a": tensor("U8", [4], 0, 4), "b": tensor("U8", [4], 3, 7)}, bytes(7))
OFFSET = SHARED.index(b'"b"')


def fires() -> bytes:
    return SHARED


def near_miss() -> bytes:
    return safetensors(
        {"a": tensor("U8", [0], 0, 0), "b": tensor("U8", [0], 0, 0), "c": tensor("U8", [4], 0, 4)}, bytes(4)
    )


def variants() -> Mapping[str, tuple[str, bytes]]:
    return {
        "tied weights": (
            NAME,
            safetensors({"a": tensor("U8", [4], 0, 4), "b": tensor("U8", [4], 0, 4)}, bytes(4)),
        )
    }
