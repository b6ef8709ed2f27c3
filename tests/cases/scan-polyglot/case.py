"""A pickle with an archive behind it is a pickle to one program and a zip to the next.

Both are scanned, and both is told. The near miss holds the pickle inside the archive.
"""

from __future__ import annotations

from collections.abc import Mapping

from tests.build import npy, npy_header, pkasm, safetensors, tensor, zipped

NAME = "model.pt"
OFFSET = 0
NEAR_MISS_IS_INERT = True

PICKLE = pkasm("PROTO 2\nNONE\nSTOP").data
ARCHIVE = zipped({"weights.pkl": PICKLE})


def fires() -> bytes:
    return PICKLE + ARCHIVE


def near_miss() -> bytes:
    return ARCHIVE


def variants() -> Mapping[str, tuple[str, bytes]]:
    size = len(ARCHIVE)
    return {
        "an archive as the last tensor of safetensors": (
            "model.safetensors",
            safetensors({"a": tensor("U8", [size], 0, size)}, ARCHIVE),
        ),
        "an archive behind an array": ("a.npy", npy(npy_header(), bytes(8)) + ARCHIVE),
    }
