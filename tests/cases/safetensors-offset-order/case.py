"""A tensor that ends before it starts: its length is negative, or huge when unsigned.

The near miss ends where it starts.
"""

from __future__ import annotations

from tests.build import safetensors, tensor

NAME = "model.safetensors"
OFFSET = 8 + 1
NEAR_MISS_IS_INERT = True


def fires() -> bytes:
    return safetensors({"a": tensor("U8", [4], 4, 0)}, bytes(4))


def near_miss() -> bytes:
    return safetensors({"a": tensor("U8", [0], 0, 0)})
