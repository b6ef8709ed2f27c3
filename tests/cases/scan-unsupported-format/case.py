"""A compressed pickle is recognised and not unpacked, so it is not judged.

The near miss carries the same zstd frame as the bytes of a tensor, where nobody unpacks it.
"""

from __future__ import annotations

from tests.build import safetensors, tensor

NAME = "model.pkl.zst"
OFFSET = 0
NEAR_MISS_IS_INERT = True

# One raw block of four bytes, "\x80\x02N.", in a frame of one segment.
PACKED = b"\x28\xb5\x2f\xfd\x20\x04\x21\x00\x00\x80\x02N."


def fires() -> bytes:
    return PACKED


def near_miss() -> bytes:
    return safetensors({"packed": tensor("U8", [len(PACKED)], 0, len(PACKED))}, PACKED)
