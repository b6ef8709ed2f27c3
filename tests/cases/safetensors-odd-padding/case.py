"""A line break after the header's object: JSON allows it, the format pads with spaces.

The near miss is padded with spaces.
"""

from __future__ import annotations

from tests.build import safetensors

NAME = "model.safetensors"
OFFSET = 8 + 3
NEAR_MISS_IS_INERT = True


def fires() -> bytes:
    return safetensors("{} \n    ")


def near_miss() -> bytes:
    return safetensors("{}      ")
