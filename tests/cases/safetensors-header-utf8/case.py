"""A name with a byte that is no UTF-8: readers that ignore it show another name.

The near miss has the same letter in UTF-8.
"""

from __future__ import annotations

from tests.build import safetensors

NAME = "model.safetensors"
NEAR_MISS_IS_INERT = True

HEADER = '{"caf\N{LATIN SMALL LETTER E WITH ACUTE}":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}'
OFFSET = 8 + HEADER.index("\N{LATIN SMALL LETTER E WITH ACUTE}")


def fires() -> bytes:
    return safetensors(HEADER.encode("latin-1"))


def near_miss() -> bytes:
    return safetensors(HEADER.encode("utf-8"))
