"""One element of four bits: readers round up or down, and the next tensor begins elsewhere.

The near miss has two.
"""

from __future__ import annotations

from collections.abc import Mapping

from tests.build import safetensors, tensor

NAME = "model.safetensors"
OFFSET = 8 + 1
NEAR_MISS_IS_INERT = True


def fires() -> bytes:
    return safetensors({"a": tensor("F4", [1], 0, 1)}, b"x")


def near_miss() -> bytes:
    return safetensors({"a": tensor("F4", [2], 0, 1)}, b"x")


def variants() -> Mapping[str, tuple[str, bytes]]:
    return {"six bits": (NAME, safetensors({"a": tensor("F6_E2M3", [2], 0, 2)}, b"xx"))}
