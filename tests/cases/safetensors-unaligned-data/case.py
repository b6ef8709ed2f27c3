"""A tensor of four-byte numbers at an odd place: a reader that maps the file has to copy it.

The near miss stands at a multiple of four.
"""

from __future__ import annotations

from tests.build import safetensors

NAME = "model.safetensors"
OFFSET = 8 + 1
NEAR_MISS_IS_INERT = True
HEADER = '{"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}'


def fires() -> bytes:
    return safetensors(HEADER + " " * (-len(HEADER) % 8 + 1), b"1234")


def near_miss() -> bytes:
    return safetensors(HEADER + " " * (-len(HEADER) % 8), b"1234")
