"""Weights of both formats in one folder.

The near miss has those without code alone.
"""

from __future__ import annotations

from collections.abc import Mapping

from tests.build import safetensors, tensor

SHARD = safetensors({"w": tensor("U8", [1], 0, 1)}, b"x")

NAME = "repository"
MEMBER = "pytorch_model.bin"
NEAR_MISS_IS_INERT = True


def repositories() -> tuple[Mapping[str, bytes], Mapping[str, bytes]]:
    return {"pytorch_model.bin": b"N.", "model.safetensors": SHARD}, {"model.safetensors": SHARD}
