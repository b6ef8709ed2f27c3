"""A text of more than 64 KiB in the metadata: most readers keep all of it.

The near miss has exactly as many.
"""

from __future__ import annotations

from tests.build import safetensors

NAME = "model.safetensors"
OFFSET = 8 + len('{"__metadata__":{"k":')
NEAR_MISS_IS_INERT = True


def fires() -> bytes:
    return safetensors({"__metadata__": {"k": "x" * (64 * 1024 + 1)}})


def near_miss() -> bytes:
    return safetensors({"__metadata__": {"k": "x" * (64 * 1024)}})
