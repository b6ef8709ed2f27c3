"""A file too short for the length of a header.

The near miss is the shortest safetensors file, without a tensor.
"""

from __future__ import annotations

from tests.build import safetensors

NAME = "model.safetensors"
OFFSET = 0
NEAR_MISS_IS_INERT = True


def fires() -> bytes:
    return bytes(7)


def near_miss() -> bytes:
    return safetensors("{}")
