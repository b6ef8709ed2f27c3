"""A tensor of eight bytes by its shape and of four by its offsets.

A reader that trusts the shape reads beyond it. The near miss has a dtype of half the width.
"""

from __future__ import annotations

from tests.build import safetensors, tensor

NAME = "model.safetensors"
OFFSET = 8 + 1
NEAR_MISS_IS_INERT = True


def fires() -> bytes:
    return safetensors({"a": tensor("F32", [2], 0, 4)}, bytes(4))


def near_miss() -> bytes:
    return safetensors({"a": tensor("F16", [2], 0, 4)}, bytes(4))
