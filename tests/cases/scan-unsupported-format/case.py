"""A pickle in a 7z archive is recognised and not unpacked, so it is not judged.

The near miss carries the same archive as the bytes of a tensor, where nobody unpacks it.
"""

from __future__ import annotations

from tests.build import safetensors, tensor

NAME = "model.pkl.7z"
OFFSET = 0
NEAR_MISS_IS_INERT = True

# Signature and version; nothing behind them is read.
PACKED = b"7z\xbc\xaf\x27\x1c\x00\x04" + bytes(24) + b"\x80\x02N."


def fires() -> bytes:
    return PACKED


def near_miss() -> bytes:
    return safetensors({"packed": tensor("U8", [len(PACKED)], 0, len(PACKED))}, PACKED)
