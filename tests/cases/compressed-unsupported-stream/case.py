"""A zstd frame that names a dictionary: who has it reads a pickle, everybody else reads nothing.

The near miss is the same frame without the number of a dictionary.
"""

from __future__ import annotations

from tests.build import pkasm

NAME = "model.pkl.zst"
OFFSET = 0
MEMBER = "model.pkl"
NEAR_MISS_IS_INERT = True

PICKLE = pkasm("PROTO 2\nBINUNICODE 'weights'\nSTOP").data


def frame(descriptor: int, fields: bytes) -> bytes:
    """Makes a frame of one block that is not compressed."""
    block = (len(PICKLE) << 3 | 1).to_bytes(3, "little") + PICKLE
    return b"\x28\xb5\x2f\xfd" + bytes([descriptor]) + fields + block


def fires() -> bytes:
    return frame(0x21, bytes([7, len(PICKLE)]))


def near_miss() -> bytes:
    return frame(0x20, bytes([len(PICKLE)]))


def variants() -> dict[str, tuple[str, bytes]]:
    # RFC 8878, 3.1.1.1.2: 2 to the 31st and 7 eighths of it more.
    return {"a window of 3.75 GiB": (NAME, frame(0x00, bytes([0xAF])))}
