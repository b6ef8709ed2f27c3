"""A header length of one byte above the format's ceiling: a reader that believes it allocates that much.

The near miss is at the ceiling and cut, which is another defect.
"""

from __future__ import annotations

import struct

NAME = "model.safetensors"
OFFSET = 0
NEAR_MISS_IS_INERT = False


def fires() -> bytes:
    return struct.pack("<Q", 100_000_001) + b"{}"


def near_miss() -> bytes:
    return struct.pack("<Q", 100_000_000) + b"{}"
