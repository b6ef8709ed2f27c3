"""A stream whose checksum is wrong: zlib.decompress raises, a reader in pieces hands out all of it before.

The near miss is the same stream with its own checksum.
"""

from __future__ import annotations

import zlib

from tests.build import patched, pkasm

NAME = "model.pkl.z"
OFFSET = len(pkasm("PROTO 2\nBINUNICODE 'weights'\nSTOP").data)
MEMBER = "model.pkl"
NEAR_MISS_IS_INERT = True


def fires() -> bytes:
    stream = near_miss()
    return patched(stream, len(stream) - 1, bytes([stream[-1] ^ 1]))


def near_miss() -> bytes:
    return zlib.compress(pkasm("PROTO 2\nBINUNICODE 'weights'\nSTOP").data)
