"""More than 100,000 tensors without a byte: the header costs memory, and the file holds nothing.

The near miss has 100,000 of them.
"""

from __future__ import annotations

from tests.build import safetensors

NAME = "model.safetensors"
OFFSET = 8
NEAR_MISS_IS_INERT = True


def fires() -> bytes:
    return empty(100_001)


def near_miss() -> bytes:
    return empty(100_000)


def empty(count: int) -> bytes:
    """Makes a file of so many tensors."""
    info = '{"dtype":"U8","shape":[0],"data_offsets":[0,0]}'
    return safetensors("{" + ",".join(f'"{i}":{info}' for i in range(count)) + "}")
