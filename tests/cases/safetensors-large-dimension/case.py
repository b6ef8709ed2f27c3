"""A dimension of 2**31, which MLX holds in 32 bits and takes for another.

The near miss is one less.
"""

from __future__ import annotations

from collections.abc import Mapping

from tests.build import safetensors, tensor

NAME = "model.safetensors"
OFFSET = 8 + 1
NEAR_MISS_IS_INERT = True


def fires() -> bytes:
    return safetensors({"w": tensor("U8", [0, 2**31], 0, 0)})


def near_miss() -> bytes:
    return safetensors({"w": tensor("U8", [0, 2**31 - 1], 0, 0)})


def variants() -> Mapping[str, tuple[str, bytes]]:
    return {"more dimensions than numpy has": (NAME, safetensors({"w": tensor("U8", [1] * 65, 0, 1)}, b"x"))}
