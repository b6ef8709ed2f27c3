"""A compressed pickle is recognised and not unpacked, so it is not judged.

The near miss carries the same gzip stream as the bytes of a tensor, where nobody unpacks it.
"""

from __future__ import annotations

import gzip

from tests.build import pkasm, safetensors, tensor

NAME = "model.pkl.gz"
OFFSET = 0
NEAR_MISS_IS_INERT = True

PACKED = gzip.compress(pkasm("PROTO 2\nNONE\nSTOP").data, mtime=0)


def fires() -> bytes:
    return PACKED


def near_miss() -> bytes:
    return safetensors({"packed": tensor("U8", [len(PACKED)], 0, len(PACKED))}, PACKED)
