"""A header with a space before its brace.

The official library accepts it, readers that sniff the first byte do not. The near miss has the space behind
the brace.
"""

from __future__ import annotations

from tests.build import safetensors

NAME = "model.safetensors"
OFFSET = 8
NEAR_MISS_IS_INERT = True


def fires() -> bytes:
    return safetensors(" {}")


def near_miss() -> bytes:
    return safetensors("{ }")
