"""A header of more than a megabyte that is most of the file; readers of the Hub take 25 MB at most.

The near miss is as long a header before enough data.
"""

from __future__ import annotations

from tests.build import safetensors, tensor

NAME = "model.safetensors"
OFFSET = 0
NEAR_MISS_IS_INERT = True
TEXTS = {f"k{i}": "x" * 60_000 for i in range(17)}


def fires() -> bytes:
    return safetensors({"__metadata__": TEXTS})


def near_miss() -> bytes:
    size = 11_000_000
    return safetensors({"__metadata__": TEXTS, "w": tensor("U8", [size], 0, size)}, bytes(size))
